from __future__ import annotations

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.assessments.models import Assessment, Campaign, Review
from sipar.assessments.review_actions import (
    Verdict,
    accept_assessment,
    accept_section,
    return_assessment,
    review_answer,
    sample_answers,
    sample_campaign,
)
from sipar.assessments.review_selectors import open_remarks, review_queue, samples_of
from sipar.assessments.tests.review_stage import submitted, with_evidence
from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.frameworks.selectors import loaded
from sipar.people.actions import grant_role
from sipar.people.selectors import actor_of


def verdict(decision: str, *, position: int = 4, reason: str = "", to_level: int | None = None) -> Verdict:
    return Verdict(position=position, decision=decision, seen_level=2, reason=reason, to_level=to_level)


@pytest.fixture
def waiting(cast: Cast, campaign: Campaign) -> Assessment:
    return submitted(cast, campaign, "alpha")


def reread(assessment: Assessment) -> Assessment:
    return Assessment.objects.select_related("campaign", "organisation").get(pk=assessment.pk)


@pytest.mark.parametrize("person", ["parveen", "nadia", "hamid"])
def test_an_adjustment_keeps_both_values_and_changes_what_counts(cast: Cast, waiting: Assessment, person: str) -> None:
    with acting(cast.actors[person], reason="review"):
        review = review_answer(
            cast.actors[person],
            waiting.pk,
            verdict("adjust", reason="Not rolled out.", to_level=0),
            submission=1,
            now=NOW,
        )
        after = reread(waiting)
    assert (review.from_level, review.to_level, review.recommendation) == (2, 0, False)
    assert bytes(after.standing or b"")[4] == 0
    assert bytes(after.levels or b"")[4] == 2
    assert after.mean is not None
    assert waiting.mean is not None
    assert after.mean < waiting.mean
    assert after.answered == waiting.answered


def test_a_consultant_recommends_and_changes_nothing(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.chand, reason="review"):
        review = review_answer(
            cast.chand, waiting.pk, verdict("adjust", reason="Seen otherwise.", to_level=0), submission=1, now=NOW
        )
        with pytest.raises(Forbidden):
            accept_assessment(cast.chand, waiting.pk, submission=1, reason="", now=NOW)
    with acting(cast.nadia, reason="look"):
        assert review.recommendation
        assert reread(waiting).standing == waiting.standing


@pytest.mark.parametrize("person", ["ayesha", "bilal"])
def test_nobody_reviews_their_own_organisation(cast: Cast, waiting: Assessment, person: str) -> None:
    with acting(cast.actors[person], reason="review"), pytest.raises(Forbidden):
        review_answer(cast.actors[person], waiting.pk, verdict("accept"), submission=1, now=NOW)


def test_an_analyst_who_also_works_at_the_organisation_does_not_review_it(cast: Cast, waiting: Assessment) -> None:
    from sipar.core.jobs import system

    with acting(system(), reason="second job"):
        alpha = cast.organisations["alpha"].pk
        grant_role(system(), cast.accounts["nadia"], "reporter", organisation=alpha, now=NOW)
    nadia = actor_of(cast.accounts["nadia"], now=NOW, verified=True)
    with acting(nadia, reason="review"), pytest.raises(Forbidden):
        review_answer(nadia, waiting.pk, verdict("accept"), submission=1, now=NOW)


@pytest.mark.parametrize("person", ["bushra", "kamran"])
def test_strangers_do_not_even_find_the_assessment(cast: Cast, waiting: Assessment, person: str) -> None:
    with acting(cast.actors[person], reason="review"), pytest.raises(NotFound):
        review_answer(cast.actors[person], waiting.pk, verdict("accept"), submission=1, now=NOW)


def test_another_cert_finds_no_assessment_outside_its_constituency(cast: Cast, campaign: Campaign) -> None:
    beta = submitted(cast, campaign, "beta")
    with acting(cast.parveen, reason="review"), pytest.raises(NotFound):
        review_answer(cast.parveen, beta.pk, verdict("accept"), submission=1, now=NOW)


def test_a_consultant_does_not_reach_an_organisation_outside_the_engagement(cast: Cast, campaign: Campaign) -> None:
    beta = submitted(cast, campaign, "beta")
    with acting(cast.chand, reason="review"), pytest.raises(NotFound):
        review_answer(cast.chand, beta.pk, verdict("accept"), submission=1, now=NOW)


def test_the_database_itself_refuses_a_review_by_the_organisation(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.bilal, reason="praise"), pytest.raises(DatabaseError, match="row-level"), transaction.atomic():
        Review.objects.create(
            assessment=waiting,
            organisation=waiting.organisation,
            submission_number=1,
            decision="accept",
            reviewer=cast.accounts["bilal"],
            reviewed_at=NOW,
        )


def test_the_database_refuses_to_rewrite_a_review(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.nadia, reason="review"):
        review = review_answer(cast.nadia, waiting.pk, verdict("accept"), submission=1, now=NOW)
        with pytest.raises(DatabaseError), transaction.atomic():
            Review.objects.filter(pk=review.pk).update(reason="changed")


def test_a_reviewer_of_an_older_submission_is_told(cast: Cast, waiting: Assessment, campaign: Campaign) -> None:
    with acting(cast.nadia, reason="return"):
        return_assessment(cast.nadia, waiting.pk, submission=1, reason="Name the owner.", now=NOW)
    submitted(cast, campaign, "alpha")
    with acting(cast.parveen, reason="review"):
        with pytest.raises(Conflict) as refused:
            review_answer(cast.parveen, waiting.pk, verdict("accept"), submission=1, now=NOW)
        assert refused.value.status == 409
        review_answer(cast.parveen, waiting.pk, verdict("accept"), submission=2, now=NOW)


def test_the_second_of_two_reviewers_who_adjust_the_same_answer_is_told(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.nadia, reason="review"):
        review_answer(cast.nadia, waiting.pk, verdict("adjust", reason="No.", to_level=1), submission=1, now=NOW)
    with acting(cast.parveen, reason="review"), pytest.raises(Conflict):
        review_answer(cast.parveen, waiting.pk, verdict("adjust", reason="No.", to_level=0), submission=1, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (verdict("return"), "reason"),
        (verdict("adjust", to_level=1), "reason"),
        (verdict("adjust", reason="Why"), "to_level"),
        (verdict("adjust", reason="Why", to_level=9), "to_level"),
        (verdict("adjust", reason="Why", to_level=2), "to_level"),
        (verdict("praise"), "decision"),
    ],
)
def test_a_verdict_without_its_parts_is_refused(cast: Cast, waiting: Assessment, wrong: Verdict, where: str) -> None:
    with acting(cast.nadia, reason="review"), pytest.raises(Invalid) as refused:
        review_answer(cast.nadia, waiting.pk, wrong, submission=1, now=NOW)
    assert refused.value.places[0].where == where


def test_accepting_a_section_takes_only_what_needs_no_look(cast: Cast, campaign: Campaign, waiting: Assessment) -> None:
    with_evidence(waiting, 5)
    with acting(cast.nadia, reason="review"):
        sections = loaded(campaign.framework_id).sections
        group = next(group for group, found in sections.items() if 5 in found)
        assert accept_section(cast.nadia, waiting.pk, group, submission=1, now=NOW) == 1
        assert accept_section(cast.nadia, waiting.pk, group, submission=1, now=NOW) == 0
        assert list(Review.objects.filter(assessment=waiting).values_list("position", flat=True)) == [5]


def test_the_organisation_reads_every_reason_after_the_return(
    cast: Cast, waiting: Assessment, campaign: Campaign
) -> None:
    with acting(cast.nadia, reason="review"):
        review_answer(cast.nadia, waiting.pk, verdict("return", reason="Which sites?"), submission=1, now=NOW)
        review_answer(
            cast.nadia,
            waiting.pk,
            verdict("adjust", position=7, reason="Half of it.", to_level=1),
            submission=1,
            now=NOW,
        )
        review_answer(cast.nadia, waiting.pk, verdict("return", position=8, reason="Oh."), submission=1, now=NOW)
        review_answer(cast.nadia, waiting.pk, verdict("accept", position=8), submission=1, now=NOW)
        assert open_remarks(reread(waiting)) == []
        with pytest.raises(Conflict):
            accept_assessment(cast.nadia, waiting.pk, submission=1, reason="", now=NOW)
        return_assessment(cast.nadia, waiting.pk, submission=1, reason="Two questions.", now=NOW)
    with acting(cast.ayesha, reason="read"):
        remarks = open_remarks(reread(waiting))
    assert [(remark.position, remark.reason) for remark in remarks] == [
        (None, "Two questions."),
        (4, "Which sites?"),
        (7, "Half of it."),
    ]
    again = submitted(cast, campaign, "alpha")
    with acting(cast.ayesha, reason="read"):
        assert open_remarks(reread(again)) == []


def test_a_return_needs_a_reason_somewhere(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.nadia, reason="review"):
        with pytest.raises(Invalid):
            return_assessment(cast.nadia, waiting.pk, submission=1, reason=" ", now=NOW)
        assert reread(waiting).state == "submitted"


def test_an_accepted_assessment_takes_no_more_words_but_those_from_the_site(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.parveen, reason="review"):
        accept_assessment(cast.parveen, waiting.pk, submission=1, reason="", now=NOW)
        assert (reread(waiting).state, reread(waiting).accepted_at) == ("accepted", NOW)
        with pytest.raises(Conflict):
            review_answer(cast.parveen, waiting.pk, verdict("accept"), submission=1, now=NOW)
        seen = Verdict(position=4, decision="adjust", seen_level=2, to_level=1, reason="Seen on site.", on_site=True)
        review_answer(cast.parveen, waiting.pk, seen, submission=1, now=NOW)
        assert bytes(reread(waiting).standing or b"")[4] == 1


def test_the_queue_holds_what_i_decide_the_oldest_first(cast: Cast, campaign: Campaign, waiting: Assessment) -> None:
    beta = submitted(cast, campaign, "beta")

    with acting(cast.nadia, reason="queue"):
        assert [row.pk for row in review_queue(cast.nadia, now=NOW)] == [waiting.pk, beta.pk]
        assert [row.pk for row in review_queue(cast.nadia, now=NOW, sector="finance")] == [beta.pk]
        assert [row.pk for row in review_queue(cast.nadia, now=NOW, team=cast.teams["power"].pk)] == [waiting.pk]
    with acting(cast.parveen, reason="queue"):
        assert [row.pk for row in review_queue(cast.parveen, now=NOW)] == [waiting.pk]
    with acting(cast.chand, reason="queue"):
        assert [row.pk for row in review_queue(cast.chand, now=NOW)] == [waiting.pk]
    with acting(cast.bilal, reason="queue"):
        assert not review_queue(cast.bilal, now=NOW)


def test_the_same_seed_draws_the_same_answers_to_verify(cast: Cast, waiting: Assessment) -> None:
    with acting(cast.parveen, reason="draw"):
        first = sample_answers(cast.parveen, waiting.pk, size=10, seed=2026, now=NOW)
        second = sample_answers(cast.parveen, waiting.pk, size=10, seed=2026, now=NOW)
        assert len(samples_of(waiting)) == 2
    assert first.positions == second.positions
    assert len(set(first.positions)) == 10
    assert not {0, 1} & set(first.positions)
    with acting(cast.bilal, reason="draw"), pytest.raises(Forbidden):
        sample_answers(cast.bilal, waiting.pk, size=10, seed=1, now=NOW)


def test_the_leader_of_the_campaign_draws_whom_to_visit(cast: Cast, campaign: Campaign, waiting: Assessment) -> None:
    submitted(cast, campaign, "beta", np.full(campaign.framework.requirement_count, 0, dtype=np.uint8))
    with acting(cast.nadia, reason="draw"):
        assert sample_campaign(cast.nadia, campaign, organisations=5, answers=3, seed=1, now=NOW) == 1
        assert len(samples_of(waiting)[0].positions) == 3
    with acting(cast.parveen, reason="draw"), pytest.raises(Forbidden):
        sample_campaign(cast.parveen, campaign, organisations=1, answers=3, seed=1, now=NOW)
