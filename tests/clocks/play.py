"""What the processes of these tests do on the cluster of SIPAR_VAR: `python -m tests.clocks.play DEED …`.

`prepare` brings the tables up and a small nation in, lays duties that are due, and prints a token of a reporter; `add`
lays duties that fall due from some seconds hence; `scan` looks at the clocks once; `work` looks at them and mails
until it is killed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

PAUSE_SECONDS = 0.1


def prepare() -> dict[str, Any]:
    from django.utils import timezone

    from sipar.config import installation
    from sipar.core.acting import acting
    from sipar.people.tokens import create_token
    from tests.cast import build_cast, find_cast

    installation.bring_up_to_date(say=lambda _sentence: None)
    build_cast()
    cast = find_cast()
    now = timezone.now()
    with acting(cast.ayesha, reason="a program of the reporter"):
        _, token = create_token(
            cast.ayesha, name="load", scopes=("read", "report"), lifetime=timedelta(days=1), now=now
        )
    return {"token": token} | add("backup", "50", "-1", "1")


def add(code: str, count: str, first_due: str, spread: str) -> dict[str, Any]:
    """`count` duties of Alpha, the first due in `first_due` seconds, the last `spread` seconds later."""
    from django.db import connection

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.incidents.models import Incident
    from sipar.incidents.report_actions import open_case
    from sipar.obligations.models import Duty
    from sipar.orgs.models import Organisation

    sipar, number = system(), int(count)
    with acting(sipar, reason="lay duties"), connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (now,) = cursor.fetchone()
        alpha = Organisation.objects.get(identifier="PK-T-0001")
        incident: Incident = open_case(sipar, organisation=alpha, door="web", now=now)
        Duty.objects.bulk_create(
            Duty(
                kind="statutory", incident=incident, organisation=alpha, code=code, stage=f"stage-{each}",
                state="running", clock="running", anchor_at=now - timedelta(hours=6), opened_at=now,
                due_at=now + timedelta(seconds=float(first_due) + float(spread) * each / number),
                next_at=now + timedelta(seconds=float(first_due) + float(spread) * each / number),
            )
            for each in range(number)
        )  # fmt: skip
    return {"incident": incident.pk}


def scan(batch: str, start_file: str) -> dict[str, Any]:
    """One look, begun by all at the same moment: when the file is there."""
    from sipar.obligations.scan import scan as look

    if start_file:
        Path(f"{start_file}.{os.getpid()}").touch()
    while start_file and not Path(start_file).exists():
        time.sleep(0.005)
    done = look(batch=int(batch))
    return {"duties": done.duties, "breaches": done.breaches, "reminders": done.reminders}


def work() -> dict[str, Any]:
    from django.db import DatabaseError, connections
    from django.utils import timezone

    from sipar.obligations.reminders import deliver_reminders
    from sipar.obligations.scan import scan as look

    while True:
        try:
            look(batch=20)
            deliver_reminders(now=timezone.now())
        except DatabaseError:
            # The server was killed; a worker's next look finds it started again.
            connections.close_all()
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "sipar.config.settings"
    django.setup()
    deed, *words = sys.argv[1:]
    deeds: dict[str, Callable[..., dict[str, Any]]] = {"prepare": prepare, "add": add, "scan": scan, "work": work}
    sys.stdout.write(json.dumps(deeds[deed](*words)) + "\n")
