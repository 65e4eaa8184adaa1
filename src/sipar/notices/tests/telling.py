"""What the tests of telling share: rules in use, a mail server on the loopback address, and what it got."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.exposure.rules import digest_of
from sipar.notices.models import Delivery, Notice, RuleSet
from sipar.orgs.models import Contact
from sipar.teams.models import Team

EVERYTHING: dict[str, Any] = {"name": "everything"}


def use_rules(cast: Cast, *rules: dict[str, Any], team: str = "power", now: datetime = NOW) -> RuleSet:
    """Put rules to use at a CERT."""
    return rules_in_use(cast.teams[team], *rules, now=now)


def rules_in_use(team: Team, *rules: dict[str, Any], now: datetime = NOW) -> RuleSet:
    document = {"sipar-rules": 1, "rules": list(rules) or [EVERYTHING]}
    sipar = system()
    with acting(sipar, reason="use rules"):
        RuleSet.objects.filter(team=team, state="active").update(state="retired")
        return RuleSet.objects.create(
            team=team, version=RuleSet.objects.filter(team=team).count() + 1, state="active", document=document,
            digest=digest_of(document), made_by_id=sipar.account, made_at=now, activated_at=now,
        )  # fmt: skip


def register_address(cast: Cast, key: str, address: str) -> None:
    with acting(system(), reason="register an address"):
        Contact.objects.create(
            organisation=cast.organisations[key], kind="technical", name="On call", email=address, phone="+92 51 1"
        )


def notices() -> list[Notice]:
    with acting(system(), reason="look"):
        return list(Notice.objects.order_by("pk"))


def deliveries() -> list[Delivery]:
    with acting(system(), reason="look"):
        return list(Delivery.objects.order_by("pk"))


@dataclass
class Server:
    """A mail server. `at_mail`, `at_recipient` and `at_data` may answer for it, or do worse; None: it takes it."""

    port: int
    got: list[bytes] = field(default_factory=list)
    at_mail: Callable[[str], str | None] = lambda _sender: None
    at_recipient: Callable[[str], str | None] = lambda _address: None
    at_data: Callable[[bytes], str | None] = lambda _content: None

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answer = self.at_mail(address)
        envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answer = self.at_recipient(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - names of aiosmtpd
        content = bytes(envelope.content)
        answer = self.at_data(content)
        if answer is None or answer.startswith("250"):
            self.got.append(content)
        return answer or "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        return [
            message
            for message in (email.message_from_bytes(content, policy=email.policy.default) for content in self.got)
            if isinstance(message, EmailMessage)
        ]

    @property
    def numbers(self) -> list[str]:
        return [str(mail["X-Sipar-Notice"]) for mail in self.mails]


def mailer(port: int) -> dict[str, Any]:
    return {
        "default": {
            "BACKEND": "sipar.core.relay.Backend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 20},
        }
    }


@contextmanager
def mail_server(monkeypatch: Any = None) -> Iterator[Server]:
    """A server that Sipar sends through, until the body is done."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(int(probe.getsockname()[1]))
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    if monkeypatch is not None:
        monkeypatch.setattr(settings, "MAILERS", mailer(server.port))
    try:
        yield server
    finally:
        controller.stop()
