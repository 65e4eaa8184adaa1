"""Critical infrastructure is listed, graded, designated and reviewed by different people, whoever sends the SQL."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.orgs import designation_actions as steps
from sipar.orgs import selectors
from sipar.orgs.designation_actions import a_year_after
from sipar.orgs.grading import grade_of, grading_criteria, weighted_mean
from sipar.orgs.models import Designation

CRITERIA = grading_criteria()
LEVELS = {criterion.key: 3 for criterion in CRITERIA.criteria}
REASON = "The plant was shut down for good."


def listed(cast: Cast, name: str = "Load dispatch (fictional)") -> Designation:
    with acting(cast.bilal, reason="list"):
        return steps.list_candidate(
            cast.bilal, cast.organisations["alpha"], asset_name=name, function="Balances the grid.", now=NOW
        )


def graded(cast: Cast) -> Designation:
    found = listed(cast)
    with acting(cast.nadia, reason="grade"):
        return steps.grade_candidate(cast.nadia, found, LEVELS, now=NOW)


def designated(cast: Cast) -> Designation:
    found = graded(cast)
    with acting(cast.mina, reason="designate"):
        return steps.designate(cast.mina, found, gazette_reference="S.R.O. 1(I)/2026 (fictional)", now=NOW)


def test_a_candidate_goes_from_its_organisation_through_the_national_cert_to_its_ministry(cast: Cast) -> None:
    found = designated(cast)
    assert (found.state, found.grade, found.criteria_version) == ("designated", "A", "sipar-preset-1")
    assert found.review_due_on == date(2027, 11, 2)
    assert len({found.listed_by_id, found.graded_by_id, found.designated_by_id}) == 3


@pytest.mark.parametrize("person", ["ayesha", "nadia", "mina", "chand"])
def test_only_the_ciso_or_head_lists_a_candidate(cast: Cast, person: str) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="try"), pytest.raises(Forbidden):
        steps.list_candidate(actor, cast.organisations["alpha"], asset_name="x", function="y", now=NOW)


@pytest.mark.parametrize("person", ["bilal", "parveen", "mina", "kamran"])
def test_only_the_national_cert_grades(cast: Cast, person: str) -> None:
    found = listed(cast)
    with acting(cast.actors[person], reason="try"), pytest.raises(Forbidden):
        steps.grade_candidate(cast.actors[person], found, LEVELS, now=NOW)


@pytest.mark.parametrize("person", ["bilal", "parveen", "nadia", "hamid"])
def test_only_the_ministry_designates(cast: Cast, person: str) -> None:
    found = graded(cast)
    with acting(cast.actors[person], reason="try"), pytest.raises(Forbidden):
        steps.designate(cast.actors[person], found, gazette_reference="S.R.O. 1", now=NOW)


def test_a_ministry_designates_in_its_own_domain_only(cast: Cast) -> None:
    with acting(cast.bushra, reason="list"):
        found = steps.list_candidate(
            cast.bushra, cast.organisations["beta"], asset_name="Switch", function="Clears payments.", now=NOW
        )
    with acting(cast.mina, reason="pry"), pytest.raises(NotFound):
        selectors.access_designation(cast.mina, found.pk)


def test_designating_needs_a_grade_first_and_a_gazette_reference(cast: Cast) -> None:
    found = listed(cast)
    with acting(cast.mina, reason="too early"), pytest.raises(Conflict):
        steps.designate(cast.mina, found, gazette_reference="S.R.O. 1", now=NOW)
    with acting(cast.nadia, reason="grade"):
        steps.grade_candidate(cast.nadia, found, LEVELS, now=NOW)
    with acting(cast.mina, reason="without reference"), pytest.raises(Invalid):
        steps.designate(cast.mina, found, gazette_reference="  ", now=NOW)


def test_a_yearly_review_is_graded_anew_and_then_confirmed_by_the_ministry(cast: Cast) -> None:
    found = designated(cast)
    later = NOW + timedelta(days=330)
    with acting(cast.mina, reason="too early"), pytest.raises(Conflict, match="grade it first"):
        steps.confirm_review(cast.mina, found, now=later)
    with acting(cast.nadia, reason="look"):
        due = selectors.designations(queue="reviews_to_grade", soon=(later + timedelta(days=60)).date())
        assert list(due) == [found]
        steps.grade_candidate(cast.nadia, found, dict.fromkeys(LEVELS, 1), now=later)
        assert list(due.all()) == []
    with acting(cast.mina, reason="confirm"):
        assert list(selectors.designations(queue="reviews_to_confirm")) == [found]
        found = steps.confirm_review(cast.mina, found, now=later + timedelta(days=1))
        assert list(selectors.designations(queue="reviews_to_confirm")) == []
    assert (found.state, found.grade, found.review_due_on) == ("designated", "C", date(2028, 9, 29))


def test_ending_a_designation_takes_two_people_and_a_reason(cast: Cast) -> None:
    found = designated(cast)
    with acting(cast.mina, reason="alone"), pytest.raises(Conflict, match="asked"):
        steps.withdraw(cast.mina, found, now=NOW)
    with acting(cast.bilal, reason="ask"):
        with pytest.raises(Invalid):
            steps.ask_withdrawal(cast.bilal, found, reason="gone", now=NOW)
        found = steps.ask_withdrawal(cast.bilal, found, reason=REASON, now=NOW)
        assert found.state == "designated"
    with acting(cast.mina, reason="agree"):
        found = steps.withdraw(cast.mina, found, now=NOW)
    assert (found.state, found.withdrawn_reason) == ("withdrawn", REASON)
    with acting(cast.nadia, reason="too late"), pytest.raises(Conflict):
        steps.grade_candidate(cast.nadia, found, LEVELS, now=NOW)


def test_a_ministry_may_keep_what_it_was_asked_to_withdraw(cast: Cast) -> None:
    found = designated(cast)
    with acting(cast.nadia, reason="ask"):
        steps.ask_withdrawal(cast.nadia, found, reason=REASON, now=NOW)
    with acting(cast.mina, reason="keep"):
        found = steps.keep_designation(cast.mina, found)
    assert (found.state, found.withdrawal_asked_by_id) == ("designated", None)


def test_a_candidate_that_nobody_signed_is_withdrawn_at_once(cast: Cast) -> None:
    found = listed(cast)
    with acting(cast.bilal, reason="mistake"):
        assert steps.ask_withdrawal(cast.bilal, found, reason=REASON, now=NOW).state == "withdrawn"


def test_the_same_thing_is_not_listed_twice(cast: Cast) -> None:
    listed(cast)
    with pytest.raises(Conflict):
        listed(cast, "LOAD dispatch (fictional)")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "designated"},
        {"state": "designated", "gazette_reference": "S.R.O. 1"},
        {"graded_by_id": "lister"},
        {"designated_by_id": "grader"},
        {"designated_by_id": "lister"},
        {"state": "listed"},
        {"state": "withdrawn"},
        {"state": "withdrawn", "withdrawn_reason": "because"},
    ],
)
def test_the_database_refuses_a_step_that_skips_a_person(cast: Cast, changes: dict[str, object]) -> None:
    found = graded(cast)
    people = {"lister": cast.bilal.account, "grader": cast.nadia.account}
    values = {column: people.get(str(value), value) for column, value in changes.items()}
    with acting(system(), reason="force"), pytest.raises(DatabaseError), transaction.atomic():
        Designation.objects.filter(pk=found.pk).update(**values)


@pytest.mark.parametrize(("person", "sees"), [("ayesha", 1), ("parveen", 1), ("mina", 1), ("bushra", 0), ("chand", 0)])
def test_the_list_is_closed_to_who_has_no_part_in_it(cast: Cast, campaign: object, person: str, sees: int) -> None:
    listed(cast)
    with acting(cast.actors[person], reason="look"):
        assert selectors.designations().count() == sees


def test_an_engaged_consultant_cannot_write_designations_even_in_sql(cast: Cast, campaign: object) -> None:
    found = listed(cast)
    with acting(cast.chand, reason="try"):
        assert Designation.objects.filter(pk=found.pk).update(function="mine") == 0


@given(st.fixed_dictionaries({criterion.key: st.integers(0, 4) for criterion in CRITERIA.criteria}))
def test_a_higher_level_never_lowers_the_grade(levels: dict[str, int]) -> None:
    grade = grade_of(CRITERIA, levels)
    for key, level in levels.items():
        if level < 4:
            assert grade_of(CRITERIA, levels | {key: level + 1}) <= grade
    assert 0 <= weighted_mean(CRITERIA, levels) <= 4


@pytest.mark.parametrize("levels", [{}, LEVELS | {"people": 5}, LEVELS | {"people": -1}, LEVELS | {"other": 1}])
def test_a_grade_needs_a_level_for_every_criterion_and_none_besides(levels: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        grade_of(CRITERIA, levels)


def test_a_year_after_a_leap_day_is_the_first_of_march() -> None:
    assert a_year_after(date(2028, 2, 29)) == date(2029, 3, 1)
