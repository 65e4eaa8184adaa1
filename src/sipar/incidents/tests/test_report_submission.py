"""Writing and sending a report: what is kept, who may, and what nobody changes afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents.models import Entry, Incident, Report
from sipar.incidents.report_actions import discard_case, open_case, save_report
from sipar.incidents.tests.reports import AWARE, FACTS, FRESH, drafted, saved, sent
from sipar.obligations.models import Duty, Submission
from sipar.obligations.submit_actions import signed_document


def test_a_draft_is_its_organisations_alone(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    for name in ("bushra", "parveen", "nadia", "hamid", "kamran", "mina", "omar", "adil", "chand"):
        with acting(cast.actors[name], reason="look"):
            assert not Incident.objects.filter(number=number).exists(), name
            assert not Report.objects.exists(), name
    with acting(cast.bilal, reason="look"):
        assert Report.objects.get().facts["summary"] == FACTS["summary"]


def test_the_first_submission_reports_the_case_and_gives_it_to_its_cert(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    submission = sent(cast.ayesha, number)
    with acting(cast.parveen, reason="look"):
        incident = Incident.objects.get(number=number)
        assert (incident.state, incident.lead_team_id) == ("reported", cast.teams["power"].pk)
        assert incident.facts["aware_at"] == AWARE.isoformat()
        assert incident.title == "Screens in the dispatch centre are locked. A note asks for money."
        assert Submission.objects.get().facts == incident.facts
        assert not Report.objects.exists()
        codes = set(Entry.objects.filter(incident=incident).values_list("code", flat=True))
    assert {"submitted_early_warning", "routed"} <= codes
    assert (submission.number, submission.signature, submission.signed_by_id) == (1, "", None)


def test_the_duties_of_the_law_are_computed_with_the_submission(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    sent(cast.ayesha, number)
    with acting(cast.bilal, reason="look"):
        duties = {(duty.code, duty.stage): duty.state for duty in Duty.objects.filter(kind="statutory")}
    assert duties[("pk-cert-rules-2023", "notification")] == "met" or duties


def test_another_organisation_and_the_certs_neither_open_nor_write_nor_send(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    with acting(system(), reason="look"):
        incident = Incident.objects.get(number=number)
    for name in ("bushra", "parveen", "hamid", "kamran", "mina", "omar", "adil", "chand"):
        actor = cast.actors[name]
        with acting(actor, reason="try"), pytest.raises(Forbidden):
            open_case(actor, organisation=cast.organisations["alpha"], door="web", now=NOW)
        with acting(actor, reason="try"), pytest.raises((Forbidden, Incident.DoesNotExist)):
            save_report(actor, incident, facts={"summary": "x"}, estimates=None, version=1, now=NOW)
        with pytest.raises((Forbidden, Incident.DoesNotExist)):
            sent(actor, number)


def test_what_was_submitted_is_append_only(cast: Cast) -> None:
    number = drafted(cast.bilal, cast)
    submission = sent(cast.bilal, number, signature=FRESH)
    for change in (
        lambda: Submission.objects.filter(pk=submission.pk).update(late_reason="x"),
        lambda: Submission.objects.filter(pk=submission.pk).delete(),
    ):
        with acting(cast.bilal, reason="try"), pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_digest_covers_the_document_and_the_signature_is_kept(cast: Cast) -> None:
    number = drafted(cast.bilal, cast)
    submission = sent(cast.bilal, number, signature=FRESH)
    with acting(cast.bilal, reason="look"):
        kept = Submission.objects.select_related("incident__organisation").get(pk=submission.pk)
        document = signed_document(kept)
    assert sha256(document).hexdigest() == kept.digest
    assert json.loads(document)["case"] == number
    assert (kept.signed_by_id, kept.signature) == (cast.bilal.account, "totp")


def test_later_stages_are_signed_by_the_ciso_with_a_fresh_second_factor(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    sent(cast.ayesha, number)
    for name, factor in (
        ("ayesha", FRESH), ("ayesha", None), ("bilal", None),
        ("bilal", SecondFactor("totp", NOW - timedelta(minutes=6))),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            sent(cast.actors[name], number, stage="notification", signature=factor)
    assert sent(cast.bilal, number, stage="notification", signature=FRESH).number == 2


def test_facts_stay_and_the_cert_sees_what_changed(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    sent(cast.ayesha, number)
    saved(cast.bilal, number, {"severity": "high", "detected_at": AWARE.isoformat()}, version=1)
    submission = sent(cast.bilal, number, stage="notification", signature=FRESH)
    assert submission.changed == {"severity": ["critical", "high"], "detected_at": [None, AWARE.isoformat()]}
    assert submission.facts["summary"] == FACTS["summary"]


def test_what_the_cert_corrected_stays_unless_the_organisation_says_otherwise(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    sent(cast.ayesha, number)
    with acting(cast.parveen, reason="correct"):
        incident = Incident.objects.get(number=number)
        Incident.objects.filter(pk=incident.pk).update(facts=incident.facts | {"severity": "medium", "contact": "Duty"})
    saved(cast.bilal, number, {"contact": "Bilal, 0300 1111111"}, version=1)
    sent(cast.bilal, number, stage="notification", signature=FRESH)
    with acting(cast.bilal, reason="look"):
        facts = Incident.objects.get(number=number).facts
    assert (facts["severity"], facts["contact"]) == ("medium", "Bilal, 0300 1111111")


def test_the_same_key_sends_once_and_belongs_to_one_account(cast: Cast) -> None:
    number = drafted(cast.bilal, cast)
    first = sent(cast.bilal, number, idempotency_key="k1")
    assert sent(cast.bilal, number, idempotency_key="k1").pk == first.pk
    with pytest.raises(Conflict):
        sent(cast.bilal, number, stage="notification", signature=FRESH, idempotency_key="k1")
    other = drafted(cast.bushra, cast, organisation="beta")
    assert sent(cast.bushra, other, idempotency_key="k1").incident_id != first.incident_id


def test_a_report_without_what_the_cert_needs_is_not_sent(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast, facts={"severity": "low"})
    with pytest.raises(Invalid) as refusal:
        sent(cast.ayesha, number)
    assert {place.where for place in refusal.value.places} == {"summary", "aware_at", "contact"}
    with acting(cast.ayesha, reason="look"):
        assert not Submission.objects.exists()


def test_an_earlier_stage_does_not_follow_a_later_one_and_a_stage_must_exist(cast: Cast) -> None:
    number = drafted(cast.bilal, cast)
    sent(cast.bilal, number, stage="notification")
    with pytest.raises(Conflict):
        sent(cast.bilal, number, stage="early_warning", signature=FRESH)
    with pytest.raises(Invalid):
        sent(cast.bilal, number, stage="anything", signature=FRESH)


def test_a_stale_save_is_refused_and_changes_nothing(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    with pytest.raises(Conflict) as refusal:
        saved(cast.ayesha, number, {"summary": "Other"}, version=0)
    assert refusal.value.code == "report.version"
    with acting(cast.ayesha, reason="look"):
        assert Report.objects.get().facts["summary"] == FACTS["summary"]


def test_one_person_holds_the_pen_until_it_expires(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    with pytest.raises(Conflict) as refusal:
        saved(cast.bilal, number, {"severity": "high"}, version=1)
    assert (refusal.value.code, "Ayesha" in refusal.value.sentence) == ("report.pen", True)
    assert saved(cast.bilal, number, {"severity": "high"}, version=1, now=NOW + timedelta(minutes=4)) == 2


@pytest.mark.parametrize(
    ("facts", "where"),
    [
        ({"aware_at": "yesterday"}, "aware_at"),
        ({"aware_at": "2026-11-02T09:00:00"}, "aware_at"),
        ({"aware_at": (NOW + timedelta(hours=1)).isoformat()}, "aware_at"),
        ({"aware_at": "0001-01-01T00:00:00+14:00"}, "aware_at"),
        ({"severity": "terrible"}, "severity"),
        ({"severity": ["high"]}, "severity"),
        ({"ransomware": "yes"}, "ransomware"),
        ({"users_affected": 1.5}, "users_affected"),
        ({"users_affected": True}, "users_affected"),
        ({"users_affected": float("nan")}, "users_affected"),
        ({"users_affected_percent": 101}, "users_affected_percent"),
        ({"summary": "x" * 601}, "summary"),
        ({"summary": 5}, "summary"),
        ({"sector": "energy"}, "sector"),
        ({"classified_at": NOW.isoformat()}, "classified_at"),
        ({"no_such_fact": 1}, "no_such_fact"),
    ],
)
def test_a_value_that_is_not_right_is_refused_with_its_place(cast: Cast, facts: dict[str, object], where: str) -> None:
    number = drafted(cast.ayesha, cast)
    with pytest.raises(Invalid) as refusal:
        saved(cast.ayesha, number, facts, version=1)
    assert [place.where for place in refusal.value.places] == [where]


def test_estimates_are_marked_only_where_there_is_a_value(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    saved(cast.ayesha, number, {"users_affected": 40}, estimates=["users_affected", "duration_hours", "x"], version=1)
    with acting(cast.ayesha, reason="look"):
        assert Report.objects.get().estimates == ["users_affected"]


def test_a_draft_can_be_given_up_and_a_sent_report_cannot(cast: Cast) -> None:
    number, other = drafted(cast.ayesha, cast), drafted(cast.ayesha, cast)
    sent(cast.ayesha, other)
    with acting(cast.ayesha, reason="discard"):
        discard_case(cast.ayesha, Incident.objects.get(number=number), now=NOW)
        with pytest.raises(Conflict):
            discard_case(cast.ayesha, Incident.objects.get(number=other), now=NOW)
        assert Incident.objects.get(number=number).state == "discarded"


def test_the_ledger_tells_that_a_report_was_written_and_not_what(cast: Cast) -> None:
    number = drafted(cast.ayesha, cast)
    sent(cast.ayesha, number)
    with acting(cast.omar, reason="look"):
        from sipar.core.models import Event

        bodies = json.dumps(list(Event.objects.values_list("body", flat=True)), default=str)
    assert "dispatch centre" not in bodies.lower()
