"""Published decision tables say what they say in print, and are honest about what is not known."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.exposure.decisions import Table, deadline, decide, outcomes_of, tables

PRINTED = [
    ("cisa_coordinator", ("none", "no", "total", "high"), "track*"),
    ("cisa_coordinator", ("poc", "no", "partial", "high"), "track*"),
    ("cisa_coordinator", ("poc", "yes", "total", "medium"), "track*"),
    ("cisa_coordinator", ("active", "no", "total", "medium"), "attend"),
    ("cisa_coordinator", ("active", "yes", "total", "medium"), "act"),
    ("deployer", ("none", "small", "no", "high"), "scheduled"),
    ("deployer", ("none", "open", "yes", "very high"), "out-of-cycle"),
    ("deployer", ("poc", "open", "yes", "high"), "out-of-cycle"),
    ("deployer", ("active", "small", "yes", "medium"), "out-of-cycle"),
    ("deployer", ("active", "open", "no", "very high"), "immediate"),
    ("cisa_bod_26_04", ("no", "no", "no", "total"), "upgrade"),
    ("cisa_bod_26_04", ("no", "yes", "no", "partial"), "60_days"),
    ("cisa_bod_26_04", ("no", "yes", "no", "total"), "14_days"),
    ("cisa_bod_26_04", ("no", "yes", "yes", "total"), "3_days"),
    ("cisa_bod_26_04", ("yes", "no", "yes", "total"), "3_days_forensics"),
    ("cisa_bod_26_04", ("yes", "yes", "yes", "partial"), "3_days"),
]


@pytest.mark.parametrize(("name", "values", "outcome"), PRINTED)
def test_a_row_of_the_printed_table_comes_out(name: str, values: tuple[str, ...], outcome: str) -> None:
    table = tables()[name]
    assert decide(table, dict(zip(table.points, values, strict=True))).settled == outcome


@pytest.mark.parametrize("name", sorted(tables()))
def test_a_more_urgent_value_never_makes_the_outcome_less_urgent(name: str) -> None:
    outcomes = tables()[name].outcomes
    for axis in range(outcomes.ndim):
        assert (np.diff(outcomes, axis=axis) >= 0).all()


@st.composite
def partly_known(draw: st.DrawFn) -> tuple[Table, dict[str, str]]:
    table = tables()[draw(st.sampled_from(sorted(tables())))]
    return table, {point: draw(st.sampled_from(("", *allowed))) for point, allowed in table.points.items()}


@given(partly_known())
def test_what_is_not_known_leaves_a_range_that_holds_every_completion(given_: tuple[Table, dict[str, str]]) -> None:
    table, values = given_
    found = decide(table, values)
    for point in found.unsettled:
        for value in table.points[point]:
            settled = decide(table, values | {point: value})
            assert table.order.index(found.least) <= table.order.index(settled.least)
            assert table.order.index(settled.most) <= table.order.index(found.most)
    assert outcomes_of(table, pl.DataFrame([values])).to_list() == [found.most]


def test_a_foreign_value_is_refused_for_one_and_unknown_in_a_column() -> None:
    table = tables()["cisa_coordinator"]
    with pytest.raises(ValueError, match="exploitation of cisa_coordinator"):
        decide(table, {"exploitation": "maybe"})
    frame = pl.DataFrame({"exploitation": ["maybe", None], "automatable": ["no", "no"]})
    assert outcomes_of(table, frame).to_list() == ["act", "act"]


def test_a_directive_counts_calendar_days_and_an_upgrade_has_no_day() -> None:
    table = tables()["cisa_bod_26_04"]
    assert deadline(table, "3_days_forensics", since=date(2026, 11, 20)) == date(2026, 11, 23)
    assert deadline(table, "upgrade", since=date(2026, 11, 20)) is None
