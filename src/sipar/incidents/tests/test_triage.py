from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents.classification import rsit
from sipar.incidents.custody_actions import hand_over
from sipar.incidents.models import Entry, Incident, SeverityScore
from sipar.incidents.severity import shipped_scale
from sipar.incidents.sharing_actions import share_with_team
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.incidents.triage_actions import assign, classify, correct_facts, score_severity, set_state
from sipar.obligations.models import Duty

WORST = {
    "functional_impact": "denial_critical",
    "observed_activity": "effect",
    "location": "safety_systems",
    "actor": "apt_targeted",
}


def test_a_case_is_assigned_to_a_person_of_the_team_and_to_nobody_else(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="assign"):
        case = case_of(cast.parveen, number)
        assign(cast.parveen, case, account=cast.danish.account, now=NOW)
        assert case.assigned_to_id == cast.danish.account
        with pytest.raises(Invalid):
            assign(cast.parveen, case, account=cast.farah.account, now=NOW)
        assign(cast.parveen, case, account=None, now=NOW)
        assert Incident.objects.get(number=number).assigned_to_id is None


def test_a_case_goes_through_its_states_and_back(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="work"):
        case = case_of(cast.parveen, number)
        set_state(cast.parveen, case, state="contained", now=NOW)
        set_state(cast.parveen, case, state="resolved", now=NOW)
        with pytest.raises(Invalid):
            set_state(cast.parveen, case, state="closed", now=NOW)
        set_state(cast.parveen, case, state="closed", words="Restored from backups.", now=NOW)
        assert (case.closing_summary, case.closed_at, case.contained_at) == ("Restored from backups.", NOW, NOW)
        with pytest.raises(Conflict):
            set_state(cast.parveen, case, state="contained", now=NOW)
        set_state(cast.parveen, case, state="open", words="It came back.", now=NOW)
        assert (case.state, case.closed_at) == ("open", None)


def test_a_case_that_is_offered_is_not_closed_behind_the_back_of_the_other_cert(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="offer, then close"):
        case = case_of(cast.parveen, number)
        hand_over(cast.parveen, case, to=cast.teams["bank"], reason="Payments", now=NOW)
        with pytest.raises(Conflict):
            set_state(cast.parveen, case, state="closed", words="Done", now=NOW)


def test_the_database_refuses_a_state_that_cannot_follow(cast: Cast) -> None:
    number = accepted(cast)
    with (
        acting(cast.parveen, reason="jump"),
        pytest.raises(DatabaseError, match="cannot go from"),
        transaction.atomic(),
    ):
        Incident.objects.filter(number=number).update(state="draft")


def test_what_is_not_an_incident_is_rejected_with_a_reason_and_owes_nothing_more(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="reject"):
        case = case_of(cast.parveen, number)
        set_state(cast.parveen, case, state="rejected", words="A planned test.", now=NOW)
        assert not Duty.objects.filter(incident=case, state__in=("running", "waiting")).exists()
        assert Entry.objects.get(incident=case, code="rejected").facts == {"reason": "A planned test."}


def test_a_case_is_accepted_before_it_is_worked_on(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="hurry"):
        case = case_of(cast.parveen, number)
        with pytest.raises(Conflict):
            score_severity(cast.parveen, case, choices=WORST, now=NOW)


def test_severity_is_kept_with_its_inputs_and_the_scale_that_made_it(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="score"):
        case = case_of(cast.parveen, number)
        result = score_severity(cast.parveen, case, choices=WORST, outlook="worsening", now=NOW)
        row = SeverityScore.objects.get(incident=case)
        assert (row.score, row.level) == (result.score, result.level) == (case.severity_score, case.severity_level)
        assert row.inputs == {category: [option] for category, option in WORST.items()}
        assert (row.scale, row.scale_digest) == ("nciss/1", shipped_scale().digest)
        assert case.eu_scale
        assert case.outlook == "worsening"
        assert Duty.objects.get(incident=case, stage="assess").state == "met"
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            SeverityScore.objects.filter(pk=row.pk).update(score=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"choices": {"weather": "rain"}},
        {"choices": {"actor": "everyone"}},
        {"choices": {"actor": ["criminal", "apt"]}},
        {"choices": {}, "eu": "purple"},
        {"choices": {}, "outlook": "sunny"},
    ],
)
def test_an_answer_that_is_not_on_the_scale_changes_nothing(cast: Cast, wrong: dict[str, Any]) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="score"):
        case = case_of(cast.parveen, number)
        with pytest.raises(Invalid):
            score_severity(cast.parveen, case, **wrong, now=NOW)
        assert not SeverityScore.objects.exists()


def test_a_case_is_classified_by_rsit_with_its_labels(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="classify"):
        case = case_of(cast.parveen, number)
        classify(cast.parveen, case, rsit_type="fraud/phishing", tlp="TLP:GREEN", pap="green", now=NOW)
        assert (case.rsit_class, case.rsit_type, case.tlp, case.pap) == ("fraud", "fraud/phishing", "green", "green")
        for wrong in ({"rsit_type": "fraud/theatre"}, {"tlp": "pink"}, {"pap": "amber+strict"}):
            with pytest.raises(Invalid):
                classify(cast.parveen, case, **{"rsit_type": "", "tlp": "green", "pap": "green", **wrong}, now=NOW)


def test_a_stricter_label_ends_what_was_shared_more_widely(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="share, then restrict"):
        case = case_of(cast.parveen, number)
        share_with_team(cast.parveen, case, team=cast.teams["bank"], projection="summary", reason="Same mails", now=NOW)
        classify(cast.parveen, case, rsit_type="", tlp="red", pap="red", now=NOW)
        assert cast.teams["bank"].pk not in case.viewers


def test_the_cert_corrects_facts_with_a_reason_and_the_duties_follow(cast: Cast) -> None:
    number = accepted(cast, estimates=["aware_at"])
    with acting(cast.parveen, reason="correct"):
        case = case_of(cast.parveen, number)
        earlier = (NOW - timedelta(hours=6)).isoformat()
        changed = correct_facts(
            cast.parveen,
            case,
            facts={"aware_at": earlier, "suspected_malicious": True},
            reason="The log says so",
            now=NOW,
        )
        assert changed == ["aware_at"]
        assert case.facts["aware_at"] == earlier
        assert case.estimates == []
        entry = Entry.objects.get(incident=case, code="corrected")
        assert earlier not in str(entry.facts)
        for facts in ({"aware_at": "yesterday"}, {"organisation": 7}, {"suspected_malicious": True}):
            with pytest.raises(Invalid):
                correct_facts(cast.parveen, case, facts=facts, reason="Try", now=NOW)
        with pytest.raises(Invalid):
            correct_facts(cast.parveen, case, facts={"suspected_malicious": False}, reason="", now=NOW)


@pytest.mark.parametrize("person", ["ayesha", "nadia", "hamid"])
def test_who_sees_the_case_without_having_it_does_not_triage_it(cast: Cast, person: str) -> None:
    number = accepted(cast)
    actor = cast.actors[person]
    with acting(actor, reason="meddle"):
        case = case_of(actor, number)
        with pytest.raises(Forbidden):
            assign(actor, case, account=actor.account, now=NOW)
        with pytest.raises(Forbidden):
            set_state(actor, case, state="contained", now=NOW)
        with pytest.raises(Forbidden):
            classify(actor, case, rsit_type="", tlp="clear", pap="clear", now=NOW)
        with pytest.raises(Forbidden):
            score_severity(actor, case, choices=WORST, now=NOW)
        with pytest.raises(Forbidden):
            correct_facts(actor, case, facts={"suspected_malicious": False}, reason="No", now=NOW)


def test_every_kind_of_the_taxonomy_fits_into_a_case() -> None:
    longest = max(len(path) for path in rsit().types)
    assert longest <= (Incident._meta.get_field("rsit_type").max_length or 0)
