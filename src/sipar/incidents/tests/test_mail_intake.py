"""Reports by mail, through a real SMTP server into a real IMAP mailbox, and what comes of hostile ones."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.mailbox import mailbox_from
from sipar.incidents import mail_tasks
from sipar.incidents.mail_actions import receive_mail
from sipar.incidents.mail_tasks import answer_mail, fetch
from sipar.incidents.mailboxes import unread_mailboxes
from sipar.incidents.models import Artefact, EmergencyReport, InboundMail, Incident, MailboxTrouble
from sipar.incidents.tests.mail_servers import Servers, mail_servers
from sipar.orgs.models import Contact

pytestmark = pytest.mark.django_db(transaction=False)

BODY = """Dear colleagues,

sipar-report: 1
organisation: PK-T-0001
name: Bilal
phone: +92 300 1234567
aware_at: 2026-11-02 12:00
severity: critical
ongoing: yes
users_affected: 1,200
summary: Screens in the dispatch centre are locked.
  A note asks for money.
--
Bilal
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with mail_servers() as servers:
        yield servers


@pytest.fixture
def servers(running: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """The servers, with Sipar's own mail going to them, and the jobs that were asked for run at once."""
    running.sent.clear()
    mailer = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {"host": "127.0.0.1", "port": running.smtp_port},
    }
    monkeypatch.setattr(settings, "MAILERS", {"default": mailer})
    return running


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mails that Sipar wants to answer."""
    wanted: list[int] = []
    monkeypatch.setattr(mail_tasks.answer_mail, "defer", lambda *, mail: wanted.append(mail))
    return wanted


def message(
    body: str = BODY, *, sender: str = "Bilal <bilal@alpha.example>", name: str = "<1@alpha.example>"
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "reports@cert.example", "Locked"
    if name:
        made["Message-ID"] = name
    made.set_content(body)
    return made


def mail(servers: Servers, made: EmailMessage | bytes) -> None:
    """Send a message to the CERT, through SMTP."""
    content = made if isinstance(made, bytes) else made.as_bytes(policy=SMTP)
    with smtplib.SMTP("127.0.0.1", servers.smtp_port) as client:
        client.sendmail("anyone@example.org", ["reports@cert.example"], content)


def take(servers: Servers) -> int:
    return fetch(mailbox_from(servers.url))


def register(cast: Cast, address: str) -> None:
    with acting(system(), reason="register a contact"):
        Contact.objects.create(organisation=cast.organisations["alpha"], kind="ciso", name="Bilal", email=address)


def kept() -> list[InboundMail]:
    with acting(system(), reason="look"):
        return list(InboundMail.objects.order_by("pk"))


def test_a_report_by_mail_becomes_a_case_that_nobody_has_verified(
    cast: Cast, servers: Servers, asked: list[int]
) -> None:
    made = message()
    made.add_attachment(b"10:00 locked", maintype="text", subtype="plain", filename="log.txt")
    mail(servers, made)
    assert take(servers) == 1
    with acting(cast.nadia, reason="look"):
        incident = Incident.objects.get()
        call = EmergencyReport.objects.get()
        facts = incident.facts
        assert Artefact.objects.get().name == "log.txt"
    assert (incident.door, incident.state, incident.organisation_id, incident.verified_at) == (
        "mail", "reported", None, None,
    )  # fmt: skip
    assert facts["summary"] == "Screens in the dispatch centre are locked.\nA note asks for money."
    assert facts["aware_at"] == "2026-11-02T07:00:00+00:00"
    assert (facts["severity"], facts["ongoing"], facts["users_affected"]) == ("critical", True, 1200)
    assert (call.state, call.organisation_said, call.caller_name, call.phone) == (
        "waiting", "PK-T-0001", "Bilal", "+92 300 1234567",
    )  # fmt: skip
    for name in ("ayesha", "bilal", "parveen", "bushra", "kamran"):
        with acting(cast.actors[name], reason="look"):
            assert not Incident.objects.exists()
            assert not InboundMail.objects.exists()


def test_the_same_mail_is_taken_once_however_often_it_comes(cast: Cast, servers: Servers, asked: list[int]) -> None:
    mail(servers, message())
    mail(servers, message())
    assert take(servers) == 2
    mail(servers, message())
    assert take(servers) == 1
    assert take(servers) == 0
    assert len(kept()) == 1
    with acting(system(), reason="look"):
        assert Incident.objects.count() == 1
    assert len(asked) == 1


def test_a_mail_stays_unseen_until_it_is_kept(
    cast: Cast, servers: Servers, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_words: Any, **_more: Any) -> None:
        raise OSError("the power went")

    mail(servers, message(name="<2@alpha.example>"))
    with monkeypatch.context() as broken:
        broken.setattr(mail_tasks, "receive_mail", breaks)
        assert take(servers) == 0
    assert kept() == []
    assert take(servers) == 1
    assert len(kept()) == 1


def test_the_answer_goes_to_the_register_and_to_nobody_else(cast: Cast, servers: Servers, asked: list[int]) -> None:
    register(cast, "bilal@alpha.example")
    mail(servers, message(sender="Bilal <BILAL@alpha.example>"))
    mail(servers, message(sender="Mallory <mallory@evil.example>", name="<3@evil.example>"))
    take(servers)
    assert len(asked) == 2
    for wanted in asked:
        answer_mail(mail=wanted)
    [(recipients, content)] = servers.sent
    assert recipients == ["bilal@alpha.example"]
    with acting(system(), reason="look"):
        number = Incident.objects.order_by("pk")[0].number
    assert number.encode() in content
    assert b"dispatch" not in content


def test_a_mail_that_is_no_report_makes_no_case_and_says_why(cast: Cast, servers: Servers, asked: list[int]) -> None:
    mail(servers, message("Hello, can you help me?", name="<4@x.example>"))
    automatic = message(name="<5@x.example>")
    automatic["Auto-Submitted"] = "auto-replied"
    mail(servers, automatic)
    mail(servers, message("sipar-report: 1\norganisation: Alpha\n", name="<6@x.example>"))
    assert take(servers) == 3
    assert [row.problem for row in kept()][:2] == ["not in the format of a report", "an automatic answer"]
    assert len(asked) == 2
    with acting(system(), reason="look"):
        # The subject stands for a summary that is not there.
        assert [incident.title for incident in Incident.objects.all()] == ["Locked"]


def test_values_that_cannot_be_read_are_named_and_the_report_is_kept(
    cast: Cast, servers: Servers, asked: list[int]
) -> None:
    body = BODY.replace("severity: critical", "severity: terrible\nsector: finance\nclassified_at: 2026-11-02 12:00")
    mail(servers, message(body, name="<7@x.example>"))
    take(servers)
    [row] = kept()
    assert row.problem == "not read: classified_at, sector, severity"
    with acting(system(), reason="look"):
        assert "severity" not in Incident.objects.get().facts


def hostile() -> dict[str, bytes]:
    """Messages that were made to break something."""
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(200)
    )
    inner = b"Content-Type: message/rfc822\r\n\r\n" * 500
    many = (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 500
    )
    report = b"\r\n".join(BODY.encode().splitlines())
    return {
        "nested": b"Message-ID: <n@x>\r\n" + nested + b"x",
        "messages in messages": b"Message-ID: <m@x>\r\n" + inner + b"x",
        "many parts": b"Message-ID: <p@x>\r\n" + many + b"--b--\r\n",
        "punycode": b"Message-ID: <c@x>\r\nContent-Type: text/plain; charset=punycode\r\n\r\n" + report,
        "no such charset": b"Message-ID: <d@x>\r\nContent-Type: text/plain; charset=x-nothing\r\n\r\n" + report,
        "bytes that are no text": b"Message-ID: <e@x>\r\n\r\n" + bytes(range(128, 256)) * 50,
        "headers of rubbish": b"From: =?x?b?@@@?= <\r\nSubject: =?utf-8?q?=FF=FE?=\r\nMessage-ID: " + b"a" * 5_000
        + b"\r\nContent-Type: ;;;=\r\nContent-Disposition: attachment; filename*=x'y'%FF%00\r\n\r\nx",
        "wrong base64": b"Message-ID: <f@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!====AAA",
        "nothing at all": b"\r\n\r\n",
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(hostile()))
def test_a_hostile_mail_is_kept_once_and_makes_no_harm(cast: Cast, kind: str) -> None:
    for _ in range(2):
        with acting(system(), reason="take"):
            row = receive_mail(system(), hostile()[kind], now=NOW)
    assert [found.pk for found in kept()] == [row.pk]
    with acting(system(), reason="look"):
        assert Incident.objects.exists() == (kind in ("punycode", "no such charset"))


def test_a_hostile_mail_does_not_stop_those_behind_it(cast: Cast, servers: Servers, asked: list[int]) -> None:
    for kind in ("headers of rubbish", "wrong base64", "bytes that are no text", "punycode"):
        servers.deliver(hostile()[kind])
    mail(servers, message(name="<after@x.example>"))
    assert take(servers) == 5
    assert (len(kept()), servers.unseen()) == (5, 0)


def test_a_mail_that_cannot_be_kept_waits_and_does_not_stop_those_behind_it(
    cast: Cast, servers: Servers, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mail(servers, message(name="<poison@x.example>"))
    mail(servers, message(name="<behind@x.example>"))
    real = receive_mail

    def breaks_on_poison(actor: Actor, data: bytes, *, now: datetime) -> InboundMail:
        if b"<poison@" in data:
            raise RuntimeError("a fault of ours")
        return real(actor, data, now=now)

    with monkeypatch.context() as broken:
        broken.setattr(mail_tasks, "receive_mail", breaks_on_poison)
        assert take(servers) == 1
    assert servers.unseen() == 1
    assert take(servers) == 1
    assert len(kept()) == 2


def test_a_mail_that_is_too_large_is_not_even_fetched(
    cast: Cast, servers: Servers, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipar.core.mailbox.MAX_BYTES", 5_000)
    made = message(name="<big@x.example>")
    made.add_attachment(b"0" * 10_000, maintype="application", subtype="zip", filename="bomb.zip")
    mail(servers, made)
    assert take(servers) == 1
    assert "too large" in kept()[0].problem
    with acting(system(), reason="look"):
        assert not Incident.objects.exists()


def test_an_archive_is_kept_as_it_is_and_quarantined(cast: Cast, servers: Servers, asked: list[int]) -> None:
    made = message(name="<zip@x.example>")
    made.add_attachment(b"PK\x03\x04" + b"\x00" * 400, maintype="application", subtype="zip", filename="../../x.zip")
    mail(servers, made)
    take(servers)
    with acting(cast.nadia, reason="look"):
        artefact = Artefact.objects.get()
    assert (artefact.name, artefact.quarantined, artefact.size) == ("x.zip", True, 404)


def test_a_mailbox_that_does_not_answer_is_said_in_the_log_without_its_password(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetch(mailbox_from("imap://cert:secret@127.0.0.1:1/INBOX")) == 0
    assert "the mailbox could not be read" in caplog.text
    assert "secret" not in caplog.text


def test_a_mailbox_that_stays_unread_is_told_to_the_national_cert_until_it_can_be_read(
    cast: Cast, servers: Servers
) -> None:
    fetch(mailbox_from("imap://cert:secret@127.0.0.1:1/INBOX"))
    with acting(system(), reason="look"):
        trouble = MailboxTrouble.objects.get()
    assert "127.0.0.1" in trouble.problem
    assert "secret" not in trouble.problem

    def told(name: str, later: timedelta) -> list[MailboxTrouble]:
        with acting(cast.actors[name], reason="look"):
            return list(unread_mailboxes(cast.actors[name], now=trouble.since + later))

    assert told("nadia", timedelta(minutes=1)) == []
    assert told("nadia", timedelta(minutes=6)) == [trouble]
    for name in ("parveen", "ayesha", "omar"):
        assert told(name, timedelta(minutes=6)) == [], name
    assert told("nadia", timedelta(hours=2)) == []
    fetch(mailbox_from(servers.url))
    assert told("nadia", timedelta(minutes=6)) == []


@pytest.mark.parametrize(
    "url", ["", "smtp://a:b@c", "imap://user:pw@mail.example/INBOX", "imaps://mail.example/INBOX", "imaps://"]
)
def test_an_address_of_a_mailbox_that_is_not_right_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SIPAR_INTAKE_MAIL"):
        mailbox_from(url)
