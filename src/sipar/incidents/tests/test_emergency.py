"""Reports without an account: unverified until the organisation was called at a number of the register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import EmergencyReport, Handover, Incident, Report
from sipar.incidents.tests.test_report_pages import moments_ago
from sipar.obligations.models import Duty, Submission
from sipar.orgs.models import Contact, Organisation


@pytest.fixture(autouse=True)
def nobody_knocked_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def told(**more: str) -> dict[str, str]:
    return {
        "summary": "All screens are locked and we cannot reach anybody.",
        "aware_at": moments_ago(minutes=30),
        "ongoing": "yes",
        "organisation": "Alpha Power",
        "name": "Tariq",
        "role": "Shift engineer",
        "phone": "+92 300 9999999",
        "email": "",
    } | more


def reported(**more: str) -> str:
    client = Client()
    answer = client.post("/emergency/", told(**more))
    assert answer.status_code == 302, answer.content[:3000]
    page = client.get("/emergency/received/").content.decode()
    with acting(system(), reason="look"):
        number = Incident.objects.order_by("-pk").values_list("number", flat=True)[0]
    assert number in page
    return str(number)


def contact_of(organisation: Organisation, *, phone: str = "+92 42 1111111") -> Contact:
    with acting(system(), reason="register a contact"):
        return Contact.objects.create(
            organisation=organisation, kind="point_of_contact", name="Control room", phone=phone
        )


def verify(cast: Cast, number: str, organisation: Organisation, contact: Any, *, person: str = "nadia") -> int:
    body = {"organisation": organisation.identifier, "contact": str(contact)}
    return cast.client(person).post(f"/report/waiting/{number}/verify/", body).status_code


def test_a_visitor_reports_and_only_the_national_cert_sees_it_as_not_verified(cast: Cast) -> None:
    number = reported()
    with acting(cast.nadia, reason="look"):
        incident = Incident.objects.get(number=number)
        assert (incident.verified_at, incident.organisation_id, incident.door) == (None, None, "emergency")
        assert (incident.state, EmergencyReport.objects.get().state) == ("reported", "waiting")
        assert Submission.objects.get().signature == ""
    page = cast.client("nadia").get("/report/").content.decode()
    assert "Alpha Power" in page
    assert "not verified" in page
    for name in ("ayesha", "bilal", "bushra", "parveen", "kamran", "mina", "omar", "chand"):
        with acting(cast.actors[name], reason="look"):
            assert not Incident.objects.exists(), name
            assert not EmergencyReport.objects.exists(), name
            assert not Submission.objects.exists(), name


def test_what_the_caller_claims_gives_no_organisation_and_starts_no_duty(cast: Cast) -> None:
    reported(organisation=cast.organisations["alpha"].identifier)
    with acting(system(), reason="look"):
        assert Incident.objects.get().organisation_id is None
        assert not Duty.objects.filter(kind="statutory").exists()


def test_a_call_to_a_number_of_the_register_makes_it_the_organisations_case(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    number, contact = reported(), contact_of(alpha)
    page = cast.client("nadia").get(f"/report/waiting/{number}/").content.decode()
    assert contact.phone in page
    assert verify(cast, number, alpha, contact.pk) == 302
    with acting(cast.ayesha, reason="look"):
        incident = Incident.objects.get(number=number)
        assert (incident.organisation_id, incident.tier) == (alpha.pk, 1)
        assert incident.verified_at is not None
        assert Report.objects.get().facts["summary"].startswith("All screens")
        assert Duty.objects.filter(kind="statutory").exists()
        assert not EmergencyReport.objects.exists()
        offer = Handover.objects.get(state="offered")
    assert offer.to_team_id == cast.teams["power"].pk
    with acting(cast.nadia, reason="look"):
        call = EmergencyReport.objects.get()
    assert (call.state, call.called_number) == ("verified", contact.phone)


def test_the_callers_own_number_verifies_nothing(cast: Cast) -> None:
    alpha, number = cast.organisations["alpha"], reported()
    without = contact_of(alpha, phone="")
    foreign = contact_of(cast.organisations["beta"])
    assert verify(cast, number, alpha, without.pk) == 422
    assert verify(cast, number, alpha, foreign.pk) == 404
    assert verify(cast, number, alpha, "9" * 30) == 422
    assert verify(cast, number, alpha, "") == 422
    with acting(system(), reason="look"):
        assert EmergencyReport.objects.get().state == "waiting"
        assert Incident.objects.get().verified_at is None


def test_only_the_team_that_was_told_calls_back(cast: Cast) -> None:
    alpha, number = cast.organisations["alpha"], reported()
    contact = contact_of(alpha)
    for name in ("parveen", "ayesha", "bilal", "bushra", "kamran", "omar"):
        assert cast.client(name).get(f"/report/waiting/{number}/").status_code in (403, 404)
        assert verify(cast, number, alpha, contact.pk, person=name) in (403, 404)
        refused = cast.client(name).post(f"/report/waiting/{number}/refuse/", {"reason": "x"})
        assert refused.status_code in (403, 404)


def test_it_is_refused_with_a_reason_and_settled_once(cast: Cast) -> None:
    number, client = reported(), cast.client("nadia")
    assert client.post(f"/report/waiting/{number}/refuse/", {"reason": " "}).status_code == 422
    assert client.post(f"/report/waiting/{number}/refuse/", {"reason": "They know nothing of it."}).status_code == 302
    again = client.post(f"/report/waiting/{number}/refuse/", {"reason": "Again."})
    assert again.status_code == 409
    with acting(cast.nadia, reason="look"):
        assert Incident.objects.get().state == "rejected"
        call = EmergencyReport.objects.get()
        assert (call.state, call.outcome) == ("refused", "They know nothing of it.")


def test_one_address_cannot_flood_the_page(cast: Cast) -> None:
    for _ in range(5):
        reported()
    answer = Client().post("/emergency/", told())
    assert answer.status_code == 429
    assert "Please call." in answer.content.decode()
    assert Client().post("/emergency/", told(), REMOTE_ADDR="192.0.2.9").status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": ""},
        {"summary": "x" * 601},
        {"phone": ""},
        {"aware_at": "2999-01-01T00:00"},
        {"aware_at": "not a time"},
        {"email": "not an address"},
        {"ongoing": "perhaps"},
        {"organisation": "x" * 251},
        {"name": "\x00"},
    ],
)
def test_hostile_or_missing_input_is_refused_and_keeps_nothing(cast: Cast, wrong: dict[str, str]) -> None:
    answer = Client().post("/emergency/", told(**wrong))
    assert answer.status_code == 422
    with acting(system(), reason="look"):
        assert not Incident.objects.exists()


def test_markup_in_a_report_is_shown_as_text(cast: Cast) -> None:
    number = reported(summary="<img src=x onerror=alert(1)>", name="<b>Tariq</b>")
    page = cast.client("nadia").get(f"/report/waiting/{number}/").content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<b>Tariq" not in page
    assert "<img src=x" not in page


def test_somebody_signed_in_may_use_the_page_too_and_acts_as_nobody(cast: Cast) -> None:
    assert cast.client("kamran").post("/emergency/", told()).status_code == 302
    with acting(system(), reason="look"):
        assert Incident.objects.get().opened_by_id == system().account
