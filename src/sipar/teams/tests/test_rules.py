"""Rules in words, changed by one organisation, compared before they are applied; duty gaps; SIM3; RFC 2350."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.nations.constituency import ConstituencyRule, members
from sipar.nations.profile import shipped
from sipar.nations.reference import sim3
from sipar.teams.maturity import decoded, encoded, mean_level, quadrants
from sipar.teams.rfc2350 import SECTIONS, WRITTEN, as_text
from sipar.teams.roster import Span, gaps
from sipar.teams.rules import covers_everyone, excluding, in_words, including, names_of, preview, reasons_in_words

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
REGISTER = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "identifier": ["PK-1", "PK-2", "PK-3"],
        "sector": ["energy", "finance", "health"],
        "subsector": [None, None, None],
        "province": ["PK-PB", "PK-SD", "PK-PB"],
        "ministry": [None, "sbp", None],
        "tier": [1, 1, 2],
        "ownership": ["private", "private", "public"],
    },
    schema_overrides={"subsector": pl.String},
)
ENERGY = ConstituencyRule.model_validate({"lead": True, "include": [{"sectors": ["energy"]}]})
FINANCE = ConstituencyRule.model_validate({"lead": True, "include": [{"sectors": ["finance"]}]})


def hours(first: float, last: float) -> Span:
    return Span(NOON + timedelta(hours=first), NOON + timedelta(hours=last))


def gaps_of_a_day(*shifts: Span) -> list[Span]:
    return gaps(shifts, starts_at=NOON, ends_at=NOON + timedelta(hours=24))


def test_a_day_without_a_shift_is_one_gap() -> None:
    assert gaps_of_a_day() == [hours(0, 24)]


def test_shifts_that_touch_or_overlap_leave_no_gap() -> None:
    assert gaps_of_a_day(hours(8, 30), hours(-2, 5), hours(4, 8)) == []


def test_a_gap_stands_between_shifts_and_after_the_last() -> None:
    assert gaps_of_a_day(hours(0, 8), hours(9, 20)) == [hours(8, 9), hours(20, 24)]


@given(st.lists(st.tuples(st.integers(-10, 40), st.integers(1, 20)), max_size=12))
def test_every_hour_is_either_covered_or_in_a_gap(spans: list[tuple[int, int]]) -> None:
    shifts = [hours(start, start + length) for start, length in spans]
    uncovered = gaps_of_a_day(*shifts)
    for hour in range(24):
        moment = NOON + timedelta(hours=hour, minutes=30)
        covered = any(span.starts_at <= moment < span.ends_at for span in shifts)
        assert covered != any(span.starts_at <= moment < span.ends_at for span in uncovered)


def test_a_rule_is_said_in_the_names_of_the_nation() -> None:
    names = names_of(shipped("pk"))
    ((criterion,),) = in_words(ENERGY.include, names)
    assert criterion.values[0] == names[("sector", "energy")]
    assert in_words(ConstituencyRule.model_validate({"lead": False, "include": [{}]}).include, names) == [[]]


def test_reasons_are_said_in_words_and_no_match_gives_none() -> None:
    names = names_of(shipped("pk"))
    found = reasons_in_words(["exclude.1.sector=energy", "include.2.everyone", "include.1.tier=1"], names)
    assert [(reason.excluded, str(reason.label)) for reason in found] == [
        (True, "Sector"), (False, ""), (False, "Criticality tier"),
    ]  # fmt: skip
    assert reasons_in_words(["include.none"], names) == []


def test_including_and_excluding_one_organisation_changes_it_alone() -> None:
    with_finance = including(ENERGY, "PK-2")
    assert members(with_finance, REGISTER).to_list() == [True, True, False]
    assert including(with_finance, "PK-2") == with_finance
    without = excluding(with_finance, "PK-1")
    assert members(without, REGISTER).to_list() == [False, True, False]
    assert members(including(without, "PK-1"), REGISTER).to_list() == [True, True, False]


def test_only_a_rule_without_exception_covers_everyone() -> None:
    everyone = ConstituencyRule.model_validate({"lead": False, "include": [{}]})
    assert covers_everyone(everyone)
    assert not covers_everyone(excluding(everyone, "PK-1"))
    assert not covers_everyone(ENERGY)


def test_a_preview_names_who_joins_who_leaves_and_what_is_torn() -> None:
    wider = ConstituencyRule.model_validate({"lead": True, "include": [{"sectors": ["finance", "health"]}]})
    seen = preview({"a": ENERGY, "b": FINANCE}, "a", wider, REGISTER)
    assert (seen.joins, seen.leaves) == ([2, 3], [1])
    assert (seen.members_before, seen.members_after) == (1, 2)
    assert seen.conflicts_added == [1, 2]
    assert seen.conflicts_ended == [3]


def test_levels_survive_being_written_and_read() -> None:
    levels: dict[str, int | None] = {parameter.identifier: None for parameter in sim3().parameters}
    levels |= {"O-1": 4, "T-1": 0, "P-1": 2}
    assert decoded(encoded(levels, sim3()), sim3()) == levels
    assert mean_level(levels) == 2.0
    assert mean_level({"O-1": None}) is None


@pytest.mark.parametrize("levels", [{"O-1": 5}, {"O-1": -1}, {"X-1": 1}])
def test_a_level_or_parameter_that_does_not_exist_is_refused(levels: dict[str, int | None]) -> None:
    with pytest.raises(ValueError, match=next(iter(levels))):
        encoded(levels, sim3())


def test_the_weakest_parameter_stands_beside_the_mean_of_its_quadrant() -> None:
    organisation = next(row for row in quadrants({"O-1": 4, "O-2": 0}, sim3()) if row.code == "O")
    assert (organisation.mean, organisation.lowest, organisation.answered) == (2.0, 0, 2)
    assert sum(row.parameters for row in quadrants({}, sim3())) == 44


def test_a_description_says_what_is_not_stated() -> None:
    text = as_text("Power CERT", {"3.1": "We keep the lights on."})
    assert "3.1 Mission Statement\n\nWe keep the lights on.\n" in text
    assert text.count("Not stated.") == len(WRITTEN) - 1
    assert [section.number for section in SECTIONS] == sorted(
        (section.number for section in SECTIONS), key=lambda number: [int(part) for part in number.split(".")]
    )
