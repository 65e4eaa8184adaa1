"""Answering: what is kept, what is merged, what is refused, and that nobody's work is lost."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.assessments.actions import confirm_section, delegate_section, finish_section, save_answers
from sipar.assessments.answer_changes import Change
from sipar.assessments.models import AnswerNote, Assessment, Campaign, SectionDelegation
from sipar.assessments.progress import next_open, progress_of
from sipar.assessments.selectors import access_assessment, sections_asked_of, unconfirmed, working_levels
from sipar.assessments.tests.answering import alpha, assessment_of, carry, fill, save
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.models import Event
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.frameworks.selectors import loaded
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED


def levels_now(assessment: Assessment) -> list[int]:
    with acting(system(), reason="look"):
        found = access_assessment(system(), assessment.pk)
        return [int(level) for level in working_levels(found, loaded(found.campaign.framework_id))]


def test_an_answer_is_kept_with_its_comment_and_counted(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    saved = save(cast.ayesha, assessment, Change(3, level=2, comment="Since March."))
    assert levels_now(assessment)[3] == 2
    assert levels_now(assessment).count(UNANSWERED) == 105
    assert saved.assessment.version == 1
    assert saved.assessment.answered == 1
    assert saved.assessment.mean is not None
    with acting(cast.ayesha, reason="look"):
        note = AnswerNote.objects.get(assessment=assessment)
        assert (note.position, note.comment) == (3, "Since March.")
        event = Event.objects.filter(table_name="assessments_assessment", operation="update").latest("id")
    assert (event.action, event.actor_id) == ("assessment.answer", cast.ayesha.account)
    assert event.body["touched"] == "redacted"


def test_saving_the_same_again_changes_nothing(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(3, level=2))
    again = save(cast.ayesha, assessment, Change(3, level=2), version=0)
    assert again.written == ()
    assert again.assessment.version == 1


def test_stale_changes_of_other_requirements_are_merged(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(3, level=2), version=0)
    save(cast.bilal, assessment, Change(4, level=1), version=0)
    assert levels_now(assessment)[3:5] == [2, 1]


def test_a_stale_change_of_the_same_requirement_is_refused_by_name_and_loses_nothing(
    cast: Cast, campaign: Campaign
) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(3, level=2), version=0)
    with pytest.raises(Conflict) as refusal:
        save(cast.bilal, assessment, Change(3, level=1), Change(5, level=1), version=0)
    name = loaded_requirement(cast, campaign, 3)
    assert [place.sentence for place in refusal.value.places] == [f"{name} now stands at level 2."]
    assert levels_now(assessment)[3] == 2
    assert levels_now(assessment)[5] == UNANSWERED


def loaded_requirement(cast: Cast, campaign: Campaign, position: int) -> str:
    with acting(cast.ayesha, reason="look"):
        return loaded(campaign.framework_id).requirements[position].id


def test_whoever_looked_again_may_change_the_answer(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(3, level=2), version=0)
    save(cast.bilal, assessment, Change(3, level=1), version=1)
    assert levels_now(assessment)[3] == 1


def test_a_change_can_say_for_itself_what_its_writer_had_seen(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(3, level=2), version=0)
    with pytest.raises(Conflict):
        save(cast.bilal, assessment, Change(3, level=1, version=0), version=1)


def test_a_version_from_the_future_is_refused(cast: Cast, campaign: Campaign) -> None:
    with pytest.raises(Conflict):
        save(cast.ayesha, alpha(campaign), Change(3, level=2), version=7)


def test_not_applicable_needs_a_reason(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with pytest.raises(Invalid) as refusal:
        save(cast.ayesha, assessment, Change(3, level=NOT_APPLICABLE, where=("level-3",)))
    assert refusal.value.code == "answer.reason"
    save(cast.ayesha, assessment, Change(3, level=NOT_APPLICABLE, reason="No such system."))
    assert levels_now(assessment)[3] == NOT_APPLICABLE
    with pytest.raises(Invalid):
        save(cast.ayesha, assessment, Change(3, reason=""), version=1)


@pytest.mark.parametrize("person", ["bushra", "kamran", "omar", "adil"])
def test_nobody_from_elsewhere_learns_that_the_assessment_exists(cast: Cast, campaign: Campaign, person: str) -> None:
    with pytest.raises(NotFound):
        save(cast.actors[person], alpha(campaign), Change(3, level=2))


@pytest.mark.parametrize("person", ["parveen", "nadia", "hamid", "mina", "chand"])
def test_whoever_may_only_read_cannot_answer(cast: Cast, campaign: Campaign, person: str) -> None:
    assessment = alpha(campaign)
    with pytest.raises(Forbidden):
        save(cast.actors[person], assessment, Change(3, level=2))
    assert levels_now(assessment)[3] == UNANSWERED


def test_a_token_without_the_scope_cannot_answer(cast: Cast, campaign: Campaign) -> None:
    reading = Actor(cast.ayesha.account, "t", cast.ayesha.grants, scopes=frozenset({"read"}), verified=True)
    answering = Actor(cast.ayesha.account, "t", cast.ayesha.grants, scopes=frozenset({"answer"}), verified=True)
    with pytest.raises(Forbidden):
        save(reading, alpha(campaign), Change(3, level=2))
    save(answering, alpha(campaign), Change(3, level=2))


@pytest.mark.parametrize("moment", [NOW - timedelta(days=20), NOW + timedelta(days=60)])
def test_outside_the_window_nothing_is_taken(cast: Cast, campaign: Campaign, moment: object) -> None:
    with acting(cast.ayesha, reason="late"), pytest.raises(Conflict) as refusal:
        save_answers(cast.ayesha, alpha_id(campaign), [Change(3, level=2)], version=0, now=moment)  # type: ignore[arg-type]
    assert refusal.value.code == "assessment.closed"


def alpha_id(campaign: Campaign) -> int:
    return Assessment.objects.values_list("pk", flat=True).get(campaign=campaign, organisation__identifier="PK-T-0001")


def test_a_position_beyond_the_framework_or_named_twice_is_refused(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with pytest.raises(Invalid):
        save(cast.ayesha, assessment, Change(106, level=2))
    with pytest.raises(Invalid):
        save(cast.ayesha, assessment, Change(3, level=2), Change(3, level=1))


def test_the_consultant_of_one_campaign_does_not_see_the_next(cast: Cast, campaign: Campaign) -> None:
    with acting(system(), reason="another campaign"):
        other = Campaign.objects.create(
            code="other", name={"en": "Other"}, framework_id=campaign.framework_id, opens_at=NOW,
            closes_at=NOW + timedelta(days=1), lead_team_id=campaign.lead_team_id, created_by_id=system().account,
        )  # fmt: skip
        unseen = Assessment.objects.create(campaign=other, organisation=cast.organisations["alpha"])
    with acting(cast.chand, reason="look"):
        assert access_assessment(cast.chand, alpha_id(campaign)).campaign_id == campaign.pk
        with pytest.raises(NotFound):
            access_assessment(cast.chand, unseen.pk)


def test_carried_answers_stand_until_they_are_confirmed_or_changed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, {0: 1, 1: 2, 2: 3})
    save(cast.ayesha, assessment, Change(0, confirm=True), Change(1, level=3), Change(50, level=0))
    with acting(cast.ayesha, reason="look"):
        found = access_assessment(cast.ayesha, assessment.pk)
        framework = loaded(found.campaign.framework_id)
        assert working_levels(found, framework)[:3].tolist() == [1, 3, 3]
        assert np.flatnonzero(unconfirmed(found, framework)).tolist() == [2]
        progress = progress_of(found, framework)
        assert (progress.settled, progress.unconfirmed, progress.missing) == (3, 1, 102)
        assert next_open(progress, framework) == (framework.requirements[2].group, 2)
        assert next_open(progress, framework, after=105) == (framework.requirements[2].group, 2)


def test_confirming_a_section_keeps_its_carried_answers_only(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with acting(cast.ayesha, reason="look"):
        (first, positions), (second, others) = list(loaded(campaign.framework_id).sections.items())[:2]
    carry(assessment, {positions[0]: 1, others[0]: 2})
    with acting(cast.ayesha, reason="confirm"):
        saved = confirm_section(cast.ayesha, assessment.pk, first, version=0, now=NOW)
        assert saved.written == (positions[0],)
        with pytest.raises(NotFound):
            confirm_section(cast.ayesha, assessment.pk, "no-such-section", version=1, now=NOW)
    assert second != first


def test_a_carried_not_applicable_keeps_last_years_reason(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, {0: NOT_APPLICABLE})
    with pytest.raises(Invalid):
        save(cast.ayesha, assessment, Change(0, confirm=True))
    with acting(system(), reason="the year before"):
        before = Campaign.objects.create(
            code="nation-2025", name={"en": "Earlier"}, framework_id=campaign.framework_id, opens_at=NOW,
            closes_at=NOW, lead_team_id=campaign.lead_team_id, state="closed", created_by_id=system().account,
        )  # fmt: skip
        earlier = Assessment.objects.create(campaign=before, organisation=cast.organisations["alpha"])
        AnswerNote.objects.create(
            assessment=earlier, organisation=cast.organisations["alpha"], position=0, not_applicable_reason="None here."
        )
        Campaign.objects.filter(pk=campaign.pk).update(previous=before)
    save(cast.ayesha, assessment, Change(0, confirm=True))
    with acting(cast.ayesha, reason="look"):
        assert AnswerNote.objects.get(assessment=assessment).not_applicable_reason == "None here."


def test_a_section_is_delegated_to_a_colleague_who_says_when_it_is_done(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with acting(cast.bilal, reason="delegate"):
        group = next(iter(loaded(campaign.framework_id).sections))
        delegate_section(cast.bilal, assessment.pk, group, account_id=cast.ayesha.account, note="Please", now=NOW)
    with acting(cast.ayesha, reason="finish"):
        assert [row.group for row in sections_asked_of(cast.ayesha)] == [group]
        finish_section(cast.ayesha, assessment.pk, group, now=NOW)
        assert not sections_asked_of(cast.ayesha).exists()
        assert SectionDelegation.objects.get().done_at == NOW


@pytest.mark.parametrize("stranger", ["bushra", "parveen", "chand"])
def test_a_section_is_not_delegated_to_somebody_of_another_organisation(
    cast: Cast, campaign: Campaign, stranger: str
) -> None:
    with acting(cast.bilal, reason="delegate"):
        group, assessment = next(iter(loaded(campaign.framework_id).sections)), alpha_id(campaign)
        with pytest.raises(Invalid):
            delegate_section(cast.bilal, assessment, group, account_id=cast.actors[stranger].account, now=NOW)


def test_a_submitted_assessment_takes_no_answers(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    with acting(system(), reason="as if submitted"):
        Assessment.objects.filter(pk=assessment.pk).update(state="submitted")
    with pytest.raises(Conflict):
        save(cast.ayesha, assessment, Change(3, level=0), version=1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.dictionaries(st.integers(0, 105), st.integers(0, 3), min_size=1, max_size=12),
    shuffle=st.randoms(use_true_random=False),
)
def test_any_order_of_saves_gives_the_same_answers(
    cast: Cast, campaign: Campaign, answers: dict[int, int], shuffle: object
) -> None:
    found = []
    for identifier, person in (("PK-T-0001", cast.ayesha), ("PK-T-0002", cast.bushra)):
        assessment = assessment_of(campaign, identifier)
        with acting(system(), reason="begin again"):
            Assessment.objects.filter(pk=assessment.pk).update(levels=None, touched=None, version=0)
        order = list(answers.items())
        shuffle.shuffle(order)  # type: ignore[attr-defined]
        for position, level in order:
            save(person, assessment, Change(position, level=level), version=0)
        found.append(levels_now(assessment))
    assert found[0] == found[1]
    assert {place: level for place, level in enumerate(found[0]) if level != UNANSWERED} == answers
