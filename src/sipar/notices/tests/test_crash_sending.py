"""A worker that is killed at any step of sending: nothing is sent twice, nothing is lost, and doubt is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from tests.cast import NOW, Cast, find_cast
from tests.database import own_database

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.models import Notice
from sipar.notices.sending import INTERRUPTED_AFTER, send_due, settle_doubt
from sipar.notices.tests.exposed import finding
from sipar.notices.tests.telling import Server, mail_server, mailer, notices, register_address, use_rules

PATIENCE_S = 90
KINDS = 12
LATER = NOW + INTERRUPTED_AFTER + timedelta(minutes=1)
# A worker of its own: it sends everything that is due, and says how many mails the server took.
WORKER = """
import sys, django
django.setup()
from datetime import datetime
from django.conf import settings
from tests.database import use_database
from sipar.notices.tests.telling import mailer
use_database(sys.argv[1])
settings.MAILERS = mailer(int(sys.argv[2]))
from sipar.notices.sending import send_due
print(send_due(now=datetime.fromisoformat(sys.argv[3])), flush=True)
"""


def furnish() -> Cast:
    """Twelve notices that wait: Alpha has findings of twelve kinds, and each goes in a bundle of its own."""
    cast = find_cast()
    with acting(system(), reason="expose"):
        for number in range(KINDS):
            finding(cast.organisations["alpha"], kind=f"open-service{number}", asset=f"192.0.2.{number}:80/tcp")
    use_rules(cast, {"name": "by-kind", "bundle": ["kind"]})
    register_address(cast, "alpha", "oncall@alpha.example")
    assert make_bundles(now=NOW) == KINDS
    return cast


def worker(name: str, server: Server) -> subprocess.Popen[bytes]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sipar.config.settings"}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", WORKER, name, str(server.port), NOW.isoformat()],
        env=environment,
        stdout=subprocess.PIPE,
    )


def killing(server: Server, victim: list[subprocess.Popen[bytes]], *, after: int) -> Callable[[Any], None]:
    """Kill the worker when it is at this step for the nth time."""
    calls = iter(range(10_000))

    def strike(_content: Any) -> None:
        if next(calls) == after:
            victim[0].send_signal(signal.SIGKILL)

    return strike


@pytest.mark.parametrize("step", ["after the server took the mail", "before the mail was given"])
def test_a_killed_worker_sends_nothing_twice_and_loses_nothing(
    step: str, django_db_setup: None, django_db_blocker: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_db_blocker.unblock(), own_database() as name, mail_server() as server:  # type: ignore[attr-defined]
        cast = furnish()
        connections.close_all()
        victim: list[subprocess.Popen[bytes]] = []
        strike = killing(server, victim, after=4)
        if step.startswith("after"):
            server.at_data = strike
        else:
            server.at_mail = strike
        victim.append(worker(name, server))
        victim[0].communicate(timeout=PATIENCE_S)
        assert victim[0].returncode == -signal.SIGKILL
        took = 5 if step.startswith("after") else 4
        assert len(server.got) == took
        states = Counter(notice.state for notice in notices())
        assert states == {"sent": 4, "sending": 1, "pending": KINDS - 5}

        server.at_data = lambda _content: None
        server.at_mail = lambda _sender: None
        monkeypatch.setattr(settings, "MAILERS", mailer(server.port))
        # Another worker goes on at once: it leaves alone what is in doubt, however often it looks.
        assert send_due(now=NOW) == KINDS - 5
        assert send_due(now=LATER) == 0
        assert send_due(now=LATER + timedelta(days=2)) == 0
        [doubtful] = [notice for notice in notices() if notice.state == "in_doubt"]
        assert Counter(notice.state for notice in notices()) == {"sent": KINDS - 1, "in_doubt": 1}
        assert max(Counter(server.numbers).values()) == 1

        # A person looks into the mail server's log: the Message-ID stands there, or not.
        arrived = doubtful.number in server.numbers
        assert arrived is step.startswith("after")
        with acting(cast.parveen, reason="settle") as parveen:
            settle_doubt(parveen, Notice.objects.get(pk=doubtful.pk), arrived=arrived, now=LATER)
        send_due(now=LATER)
        assert Counter(server.numbers) == dict.fromkeys((notice.number for notice in notices()), 1)
        assert {notice.state for notice in notices()} == {"sent"}
        connections.close_all()


def test_two_workers_at_once_send_each_notice_once(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> None:
    with django_db_blocker.unblock(), own_database() as name, mail_server() as server:  # type: ignore[attr-defined]
        furnish()
        connections.close_all()
        both = [worker(name, server) for _ in range(2)]
        sent = [int(process.communicate(timeout=PATIENCE_S)[0]) for process in both]
        assert sum(sent) == KINDS
        assert Counter(server.numbers) == dict.fromkeys((notice.number for notice in notices()), 1)
        connections.close_all()
