"""The pages and operations of duties: to those who may, in words, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.obligations.actions import recompute
from sipar.obligations.models import Decision, Duty, Reminder
from sipar.obligations.scan import scan
from sipar.obligations.tests.cases import BOUND, SERIOUS, draft_of, tell

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def duty(cast: Cast) -> Duty:
    """India's six hours on Alpha, of which five have passed."""
    now = timezone.now()
    incident = tell(draft_of(cast, now=now - 5 * HOUR), aware_at=now - 5 * HOUR, **BOUND, **SERIOUS)
    with acting(cast.bilal, reason="compute"):
        recompute(cast.bilal, incident, reason="told", now=now - 5 * HOUR, facts=["aware_at"])
        return Duty.objects.get(incident=incident, code="in-certin-2022")


def test_the_page_of_deadlines_says_what_is_due_where_and_why(cast: Cast, duty: Duty) -> None:
    scan()
    page = cast.client("bilal").get("/duties/")
    assert page.status_code == 200
    assert b"CERT-In" in page.content
    assert b"The last quarter of the time has begun." in page.content


def test_reminders_can_be_put_aside(cast: Cast, duty: Duty) -> None:
    scan()
    client = cast.client("bilal")
    assert client.post("/duties/reminders/read/").status_code == 302
    assert b"The last quarter of the time has begun." not in client.get("/duties/").content


def test_a_mail_that_was_begun_and_never_confirmed_is_told_on_the_page(cast: Cast, duty: Duty) -> None:
    scan(now=timezone.now() - HOUR / 2)
    words = b"The mail about this was perhaps not sent"
    assert words not in cast.client("bilal").get("/duties/").content
    with acting(cast.bilal, reason="as a crash leaves it"):
        Reminder.objects.filter(account_id=cast.bilal.account).update(mail_token="0" * 32)
    assert words in cast.client("bilal").get("/duties/").content


def test_a_deadline_shows_its_history_and_a_breach_for_ever(cast: Cast, duty: Duty) -> None:
    scan(now=timezone.now() + 2 * HOUR)
    page = cast.client("bilal").get(f"/duties/{duty.pk}/")
    assert b"This deadline was missed" in page.content
    assert b"The duty appeared" in page.content
    assert b"Noticed at" in page.content


@pytest.mark.parametrize("who", ["bushra", "parveen", "nadia", "hamid"])
def test_a_draft_and_its_deadlines_do_not_exist_for_others(cast: Cast, duty: Duty, who: str) -> None:
    client = cast.client(who)
    assert client.get(f"/duties/{duty.pk}/").status_code == 404
    assert client.get(f"/api/duties/{duty.pk}").status_code == 404
    assert client.get("/api/duties").json()["total"] == 0


def test_the_ciso_decides_not_to_report_and_a_reporter_cannot(cast: Cast, duty: Duty) -> None:
    body = {"reason": "No computer in India is concerned.", "whole": "on"}
    assert cast.client("ayesha").post(f"/duties/{duty.pk}/decision/", body).status_code == 403
    assert cast.client("bilal").post(f"/duties/{duty.pk}/decision/", {"reason": " "}).status_code == 422
    assert cast.client("bilal").post(f"/duties/{duty.pk}/decision/", body).status_code == 302
    page = cast.client("ayesha").get(f"/duties/{duty.pk}/")
    assert b"No computer in India is concerned." in page.content
    with acting(cast.bilal, reason="read"):
        assert Decision.objects.get().decided_by_id == cast.bilal.account


def test_the_api_lists_own_duties_with_their_history_and_takes_a_decision(cast: Cast, duty: Duty) -> None:
    client = cast.client("bilal")
    listed = client.get("/api/duties?state=running").json()
    assert {item["code"] for item in listed["items"]} == {"in-certin-2022", "eu-nis2"}
    history = client.get(f"/api/duties/{duty.pk}").json()
    assert [(change["what"], change["facts"]) for change in history["changes"]] == [("appeared", ["aware_at"])]
    made = client.post(
        f"/api/duties/{duty.pk}/decision", {"reason": "Nothing in India."}, content_type="application/json"
    )
    assert (made.status_code, made.json()["code"]) == (201, "in-certin-2022")
    assert client.get(f"/api/duties/{duty.pk}").json()["duty"]["state"] == "waived"


def test_a_calendar_address_is_shown_once_and_read_without_signing_in(cast: Cast, duty: Duty) -> None:
    client = cast.client("bilal")
    page = client.post("/duties/calendar/renew/")
    address = page.content.decode().split("/duties/feed/")[1].split(".ics")[0]
    assert address.encode() not in client.get("/duties/calendar/").content
    for reader in (cast.client("bushra"), client):
        feed = reader.get(f"/duties/feed/{address}.ics")
        assert (feed.status_code, feed["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        assert feed.content.count(b"BEGIN:VEVENT") == 3
    assert client.post("/duties/calendar/revoke/").status_code == 302
    assert client.get(f"/duties/feed/{address}.ics").status_code == 404


def test_a_guessed_calendar_address_opens_nothing(client: Client, duty: Duty) -> None:
    for guess in ("x", "0" * 43, "%00", "a" * 3000):
        assert client.get(f"/duties/feed/{guess}.ics").status_code in (400, 404)
