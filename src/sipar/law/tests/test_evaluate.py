"""One incident and a million by the same expressions: recurrence, slices, questions and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sipar.formats.problems import FormatProblem
from sipar.law import evaluate as module
from sipar.law.compiling import compile_regime
from sipar.law.evaluate import assess, evaluate
from sipar.law.facts import shipped_facts
from sipar.law.regimes import shipped
from sipar.law.tests.small_regimes import compiled, duty, table

T0 = datetime(2026, 1, 15, 8, tzinfo=UTC)

TWICE: dict[str, Any] = {
    "recurring": {
        "window_months": 6,
        "same": "root_cause",
        "minimum": 2,
        "together": ["financial_loss_eur", "severe_disruption"],
        "largest": ["member_states_affected"],
        "cite": "Art. 4",
    },
    "duties": [
        duty(when="recurring_count >= 2 AND recurring_financial_loss_eur > 500000"),
        duty(stage="final", when="recurring_member_states_affected >= 2 AND recurring_severe_disruption"),
    ],
}


def loss(
    day: int, euros: float | None, cause: str | None = "backup", organisation: str | None = "one"
) -> dict[str, Any]:
    return {
        "aware_at": T0 + timedelta(days=day),
        "financial_loss_eur": euros,
        "root_cause": cause,
        "organisation": organisation,
    }


def notified(*incidents: dict[str, Any]) -> list[bool | None]:
    found = evaluate([compiled(**TWICE)], table(*incidents)).filter(pl.col("stage") == "notification")
    answers = dict(zip(found["incident"].to_list(), found["applies"].to_list(), strict=True))
    return [answers.get(number, False) for number in range(len(incidents))]


def test_two_in_six_months_with_one_cause_count_together_once_the_second_happens() -> None:
    assert notified(loss(0, 300_000), loss(150, 300_000)) == [False, True]


@pytest.mark.parametrize(
    "other",
    [
        loss(150, 300_000, cause="phishing"),
        loss(150, 300_000, organisation="two"),
        loss(200, 300_000),
        loss(150, 100_000),
    ],
)
def test_another_cause_another_organisation_seven_months_or_a_small_sum_do_not(other: dict[str, Any]) -> None:
    assert notified(loss(0, 300_000), other) == [False, False]


def test_the_window_is_six_calendar_months_to_the_instant() -> None:
    first = {**loss(0, 300_000), "aware_at": datetime(2026, 1, 15, 8, tzinfo=UTC)}
    on_the_day = {**loss(0, 300_000), "aware_at": datetime(2026, 7, 15, 8, tzinfo=UTC)}
    assert notified(first, on_the_day) == [False, True]
    assert notified(first, {**on_the_day, "aware_at": datetime(2026, 7, 15, 8, 0, 1, tzinfo=UTC)}) == [False, False]


def test_an_unknown_cause_is_undetermined_only_where_another_incident_could_be_its_twin() -> None:
    assert notified(loss(0, 600_000, cause=None)) == [False]
    assert notified(loss(0, 600_000), loss(10, 600_000, cause=None)) == [False, None]


def test_a_sum_with_an_unknown_part_is_unknown_and_the_order_of_rows_does_not_matter() -> None:
    assert notified(loss(0, None), loss(10, 400_000)) == [False, None]
    assert notified(loss(10, 300_000), loss(0, 300_000)) == [True, False]


INCIDENTS = st.lists(
    st.builds(
        loss,
        st.integers(0, 400),
        st.sampled_from([None, 100_000.1, 250_000.0, 400_000.2]),
        st.sampled_from([None, "backup", "phishing"]),
        st.sampled_from([None, "one", "two"]),
    ),
    min_size=1,
    max_size=12,
)


def months_before(moment: datetime) -> datetime:
    month = moment.month - 6
    year, month = (moment.year, month) if month > 0 else (moment.year - 1, month + 12)
    for day in (moment.day, 30, 29, 28):
        try:
            found = moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
        return found if day == moment.day else found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    raise AssertionError


def expected(incident: dict[str, Any], incidents: list[dict[str, Any]]) -> bool | None:
    """Two incidents and more than 500,000 together, counted with plain Python."""
    if incident["organisation"] is None:
        return None
    end = incident["aware_at"]
    recent = [
        each
        for each in incidents
        if each["organisation"] == incident["organisation"] and months_before(end) <= each["aware_at"] <= end
    ]
    if incident["root_cause"] is None:
        return None if len(recent) >= 2 else False
    alike = [each["financial_loss_eur"] for each in recent if each["root_cause"] == incident["root_cause"]]
    if len(alike) < 2:
        return False
    return None if None in alike else sum(alike) > 500_000


@settings(max_examples=60, deadline=None)
@given(INCIDENTS)
def test_recurrence_equals_a_plain_count_and_each_incident_by_itself(incidents: list[dict[str, Any]]) -> None:
    found = notified(*incidents)
    # An unknown cause or organisation leaves the sum unknown as well as the count, so "no" needs no sum.
    assert found == [expected(each, incidents) for each in incidents]


ACTS = tuple(compile_regime(each) for each in shipped())


@st.composite
def facts_of_an_incident(draw: st.DrawFn) -> dict[str, object]:
    found: dict[str, object] = {"aware_at": T0 + timedelta(minutes=draw(st.integers(0, 500_000)))}
    for fact in shipped_facts().values():
        if draw(st.integers(0, 2)) == 0:
            continue
        if fact.type == "boolean":
            found[fact.name] = draw(st.booleans())
        elif fact.type == "choice":
            found[fact.name] = draw(st.sampled_from([option.value for option in fact.options]))
        elif fact.type == "integer":
            found[fact.name] = draw(st.integers(0, 2_000_000))
        elif fact.type == "number":
            found[fact.name] = draw(st.floats(0, 2_000_000))
        elif fact.type == "instant":
            found[fact.name] = T0 + timedelta(minutes=draw(st.integers(0, 500_000)))
    found["country"] = draw(st.sampled_from(["PK", "DE", "SA"]))
    found["time_zone"] = draw(st.sampled_from(["Asia/Karachi", "Europe/Berlin", "Asia/Riyadh"]))
    return found


def as_table(incidents: list[dict[str, object]]) -> pl.DataFrame:
    facts = shipped_facts()
    columns = [
        pl.Series(name, [each.get(name) for each in incidents], dtype=facts[name].dtype)
        for name in dict.fromkeys(name for each in incidents for name in each)
    ]
    keys = pl.Series("incident", range(len(incidents)))
    return pl.DataFrame([keys, pl.Series("organisation", [str(each) for each in range(len(incidents))]), *columns])


@settings(max_examples=25, deadline=None)
@given(st.lists(facts_of_an_incident(), min_size=1, max_size=4))
def test_a_table_and_its_incidents_one_by_one_give_the_same(incidents: list[dict[str, object]]) -> None:
    found = evaluate(ACTS, as_table(incidents))
    for number, incident in enumerate(incidents):
        alone = assess(ACTS, incident)
        assert {
            (each.regime, each.stage, each.applies, each.due_at, each.anchor, each.anchor_at, each.clock)
            for each in alone.duties
        } == set(
            found.filter(pl.col("incident") == number)
            .select("regime", "stage", "applies", "due_at", "anchor", "anchor_at", "clock")
            .cast({"regime": pl.String, "stage": pl.String, "anchor": pl.String, "clock": pl.String})
            .iter_rows()
        )


@settings(max_examples=15, deadline=None)
@given(st.lists(facts_of_an_incident(), min_size=2, max_size=6))
def test_neither_slices_nor_repetition_change_the_result(incidents: list[dict[str, object]]) -> None:
    whole = evaluate(ACTS, as_table(incidents)).sort("incident", "regime", "stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SLICE", 1)
        sliced = evaluate(ACTS, as_table(incidents)).sort("incident", "regime", "stage")
    assert_frame_equal(whole, sliced)
    assert_frame_equal(whole, evaluate(ACTS, as_table(incidents)).sort("incident", "regime", "stage"))


def test_the_question_that_would_settle_it_comes_first() -> None:
    act = compiled(binds={"when": "cii_designated", "cite": "x"}, duties=[duty(when="severe_disruption AND ongoing")])
    found = assess([act], {"severe_disruption": True, "cii_designated": True})
    assert found.questions == ("ongoing",)
    both = assess([act], {"ongoing": True})
    assert set(both.questions) == {"severe_disruption", "cii_designated"}


def test_a_fact_that_can_no_longer_matter_is_not_asked() -> None:
    act = compiled(duties=[duty(when="severe_disruption OR (ongoing AND ransomware)")])
    assert assess([act], {"ongoing": False}).questions == ("severe_disruption",)
    assert assess([act], {"severe_disruption": True}).questions == ()


def test_facts_that_settle_only_together_are_asked_too() -> None:
    rule = {"count": 2, "of": ["severe_disruption", "ongoing", "ransomware"]}
    two = {"name": "two_of_three", "title": {"en": "x"}, "at_least": rule, "cite": "x"}
    act = compiled(classifiers=[two], duties=[duty(when="two_of_three")])
    assert set(assess([act], {}).questions) == {"severe_disruption", "ongoing", "ransomware"}
    assert assess([act], {"ransomware": True, "ongoing": False}).questions == ("severe_disruption",)


def test_who_is_not_bound_has_no_duty_whatever_else_is_unknown() -> None:
    act = compiled(binds={"when": "cii_designated", "cite": "x"})
    assert assess([act], {"cii_designated": False}).duties == ()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"severe_disruption": "yes"}, "fact.type"),
        ({"severe_disruption": 1}, "fact.type"),
        ({"users_affected": True}, "fact.type"),
        ({"users_affected": 10**30}, "fact.range"),
        ({"financial_loss_eur": float("nan")}, "fact.range"),
        ({"aware_at": "2026-01-01"}, "fact.type"),
        ({"aware_at": datetime(2026, 1, 1)}, "fact.type"),  # noqa: DTZ001
        ({"aware_at": datetime(1900, 1, 1, tzinfo=UTC)}, "fact.range"),
        ({"entity_class": "unheard_of"}, "fact.answer"),
    ],
)
def test_a_value_that_a_fact_cannot_have_is_refused_by_its_name(facts: dict[str, object], code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        assess(ACTS, facts)
    assert (refused.value.code, refused.value.where) == (code, next(iter(facts)))


@pytest.mark.parametrize("values", [["yes"], [1], [datetime(1900, 1, 1, tzinfo=UTC)]])
def test_a_column_of_the_wrong_type_or_out_of_range_is_refused_by_its_name(values: list[object]) -> None:
    act = compiled()
    with pytest.raises(FormatProblem) as refused:
        evaluate([act], pl.DataFrame({"incident": [1], "aware_at": values}))
    assert refused.value.where == "aware_at"


def test_two_drafts_of_one_regime_cannot_be_mixed_in_one_evaluation() -> None:
    with pytest.raises(ValueError, match="same identifier"):
        evaluate([compiled(), compiled(version=2)], table({"severe_disruption": True}))


def test_an_empty_table_gives_an_empty_table() -> None:
    found = evaluate(ACTS, pl.DataFrame(schema={"incident": pl.Int64}))
    assert found.height == 0
    assert found.schema["due_at"] == pl.Datetime("us", "UTC")
