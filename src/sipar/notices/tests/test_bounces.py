"""A notice that comes back is not taken for one that arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.addresses import reply_address
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.models import Notice, Reply
from sipar.notices.replies import note_bounce
from sipar.notices.sending import send_due, settle_doubt
from sipar.notices.tests.exposed import expose
from sipar.notices.tests.telling import Server, deliveries, mail_server, notices, register_address, use_rules

pytestmark = pytest.mark.django_db(transaction=False)

REPORT = """From: Mail Delivery System <MAILER-DAEMON@mx.cert.example>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <b1@mx.cert.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry to have to inform you that your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.cert.example
Arrival-Date: Mon, 2 Nov 2026 14:00:00 +0500

{recipients}
--b--
"""
RECIPIENT = """Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user here

"""


def bounce(to: str, *addresses: str, action: str = "failed") -> bytes:
    recipients = "".join(RECIPIENT.format(address=address, action=action) for address in addresses)
    return REPORT.format(to=to, recipients=recipients).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with mail_server(monkeypatch) as running:
        yield running


@pytest.fixture
def envelopes(server: Server) -> list[str]:
    """The senders of the envelopes that the server was given."""
    given: list[str] = []
    server.at_mail = given.append
    return given


@pytest.fixture
def notice(cast: Cast, envelopes: list[str], monkeypatch: pytest.MonkeyPatch) -> Notice:
    """A notice that the mail server took for two addresses of Alpha."""
    monkeypatch.setattr(settings, "NOTICE_ADDRESS", "reports@cert.example")
    expose(cast)
    use_rules(cast)
    register_address(cast, "alpha", "oncall@alpha.example")
    register_address(cast, "alpha", "soc@alpha.example")
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 1
    return notices()[0]


def noted(data: bytes) -> bool:
    with acting(system(), reason="take") as sipar:
        return note_bounce(sipar, data, now=NOW)


def test_what_cannot_be_delivered_comes_back_to_the_address_of_its_notice(notice: Notice, envelopes: list[str]) -> None:
    assert envelopes == [reply_address(notice.number)]
    assert notice.state == "sent"


def test_a_notice_that_came_back_from_every_address_waits_for_a_person_who_sends_it_again(
    cast: Cast, notice: Notice, server: Server
) -> None:
    to = reply_address(notice.number)
    assert noted(bounce(to, "oncall@alpha.example"))
    assert notices()[0].state == "sent"
    page = cast.client("parveen").get(f"/notices/{notice.number}/").content.decode()
    assert "Came back from:" in page

    assert noted(bounce(to, "soc@alpha.example"))
    [delivery] = deliveries()
    assert (delivery.outcome, delivery.bounced) == ("bounced", ["oncall@alpha.example", "soc@alpha.example"])
    assert "550 5.1.1 no such user here" in delivery.answer
    assert notices()[0].state == "failed"
    assert "This mail came back from every address." in (
        cast.client("parveen").get(f"/notices/{notice.number}/").content.decode()
    )
    [failed] = notices()
    with acting(cast.parveen, reason="the address is right now"):
        settle_doubt(cast.parveen, failed, arrived=False, now=NOW + timedelta(hours=1))
    assert send_due(now=NOW + timedelta(hours=1)) == 1
    assert (notices()[0].state, len(server.got)) == ("sent", 2)


def test_the_same_bounce_twice_says_it_once(notice: Notice) -> None:
    data = bounce(reply_address(notice.number), "oncall@alpha.example", "soc@alpha.example")
    assert noted(data)
    before = deliveries()[0].bounced
    assert noted(data)
    assert (deliveries()[0].bounced, notices()[0].state) == (before, "failed")


def test_a_delay_a_stranger_and_a_report_to_another_address_change_nothing(notice: Notice) -> None:
    to = reply_address(notice.number)
    assert not noted(bounce(to, "oncall@alpha.example", "soc@alpha.example", action="delayed"))
    assert noted(bounce(to, "somebody@else.example"))
    for other in ("cert@cert.example", to.replace("@", "0@")):
        assert not noted(bounce(other, "oncall@alpha.example", "soc@alpha.example"))
    hostile = bounce(to, "oncall@alpha.example").replace(b"Final-Recipient: rfc822", b"\xff\x00;" + b";" * 9_000)
    noted(hostile)
    assert not noted(b"")
    assert (notices()[0].state, deliveries()[0].outcome) == ("sent", "sent")
    with acting(system(), reason="look"):
        assert not Reply.objects.exists()
