"""What the law makes of a report while it is written: questions, clocks, lateness, and the decision not to report."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Incident
from sipar.incidents.tests.test_report_pages import answers, begun, moments_ago
from sipar.obligations.models import Breach, Decision, Duty, Submission
from sipar.orgs.models import Organisation


@pytest.fixture
def essential(cast: Cast) -> Cast:
    """The cast, with Alpha Power an essential entity under NIS2: a law with hours."""
    with acting(system(), reason="say what the law calls it"):
        facts = {"entity_class": "essential", "entity_type": "other"}
        Organisation.objects.filter(pk=cast.organisations["alpha"].pk).update(law_facts=facts)
    return cast


def told(client: Client, cast: Cast, **facts: str) -> str:
    number = begun(client, cast)
    answer = client.post(f"/report/{number}/", answers(**facts))
    assert answer.status_code == 302, answer.content[:2000]
    return number


def test_what_would_settle_a_duty_is_asked_and_what_no_law_needs_is_not(essential: Cast) -> None:
    client = essential.client("ayesha")
    page = client.get(f"/report/{told(client, essential)}/?step=more").content.decode()
    assert 'name="severe_disruption"' in page
    assert 'name="certin_type"' not in page
    other = essential.client("bushra")
    answer = other.post("/report/new/", {"organisation": essential.organisations["beta"].identifier})
    assert 'name="severe_disruption"' not in other.get(f"{answer['Location']}?step=more").content.decode()


def test_the_clocks_run_on_the_page_before_anything_was_sent(essential: Cast) -> None:
    client = essential.client("ayesha")
    number = told(client, essential, severe_disruption="yes")
    page = client.get(f"/report/{number}/check/").content.decode()
    assert "Art. 23" in page
    assert "in 23 h" in page


def test_a_report_past_its_deadline_is_not_sent_without_the_reason(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential, severe_disruption="yes", aware_at=moments_ago(hours=30))
    assert "Why is it late?" in client.get(f"/report/{number}/check/").content.decode()
    refused = client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    assert refused.status_code == 422
    with acting(essential.bilal, reason="look"):
        assert not Submission.objects.exists()
    sent = client.post(f"/report/{number}/send/", {"stage": "early_warning", "late_reason": "Mail was down."})
    assert sent.status_code == 302
    with acting(essential.bilal, reason="look"):
        assert Submission.objects.get().late_reason == "Mail was down."
        assert Duty.objects.get(code="eu-nis2", stage="early_warning").state == "met_late"
        assert Breach.objects.filter(duty__stage="early_warning").count() == 1
    with acting(essential.parveen, reason="look"):
        assert Submission.objects.get().late_reason == "Mail was down."


def test_the_reason_is_asked_before_the_limit_passes_and_may_be_left_out_then(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential, severe_disruption="yes", aware_at=moments_ago(hours=22))
    assert "Little time is left." in client.get(f"/report/{number}/check/").content.decode()
    assert client.post(f"/report/{number}/send/", {"stage": "early_warning"}).status_code == 302


def test_a_decision_not_to_report_is_kept_with_its_reason_and_only_the_ciso_takes_it(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential, severe_disruption="yes")
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    page = client.get(f"/report/{number}/check/").content.decode()
    assert "eu-nis2/notification" in page
    body = {"duty": "eu-nis2/notification", "reason": "It turned out to be a test of ours."}
    assert essential.client("ayesha").post(f"/report/{number}/not-reporting/", body).status_code == 403
    assert essential.client("parveen").post(f"/report/{number}/not-reporting/", body).status_code == 403
    assert client.post(f"/report/{number}/not-reporting/", body | {"reason": " "}).status_code == 422
    assert client.post(f"/report/{number}/not-reporting/", body).status_code == 302
    with acting(essential.bilal, reason="look"):
        assert Decision.objects.get().reason == "It turned out to be a test of ours."
        assert Duty.objects.get(code="eu-nis2", stage="notification").state == "waived"
    assert "decided not to report" in client.get(f"/report/{number}/check/").content.decode()


def test_the_next_stage_follows_from_what_is_open(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential, severe_disruption="yes")
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    page = client.get(f"/report/{number}/").content.decode()
    assert "<title>Notification" in page
    before, _mark, _told = page.partition("<summary>What you told before")
    assert 'name="impact_description"' in before
    assert 'name="severe_disruption"' not in before


def test_facts_of_the_register_are_never_asked(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential)
    for step in ("", "?step=more", "?stage=final"):
        page = client.get(f"/report/{number}/{step}").content.decode()
        assert not any(f'name="{name}"' in page for name in ("entity_class", "sector", "country", "size", "staff"))


def test_the_case_holds_what_the_clock_needs_when_it_is_told_only_later(essential: Cast) -> None:
    client = essential.client("bilal")
    number = told(client, essential)
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    with acting(essential.bilal, reason="look"):
        assert not Duty.objects.filter(code="eu-nis2").exists()
    client.post(f"/report/{number}/", {"version": "1", "stage": "notification", "severe_disruption": "yes"})
    client.post(f"/report/{number}/send/", {"stage": "notification"})
    with acting(essential.bilal, reason="look"):
        assert Duty.objects.filter(code="eu-nis2", stage="notification").exists()
        assert Incident.objects.get(number=number).facts["severe_disruption"] is True
