"""Clocks as laws word them: earliest of, unless, on request, roll-forward, and anchors missing or out of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.law.evaluate import Submission, assess, evaluate
from sipar.law.tests.small_regimes import compiled, due, duty, table

T0 = datetime(2026, 6, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)

FOUR_HOURS_AND_A_DAY: dict[str, Any] = {
    "case": [
        {
            "when": "classified_at > aware_at + INTERVAL '24 hours'",
            "then": {"after": "classified_at", "hours": 4},
        }
    ],
    "otherwise": {"earliest_of": [{"after": "classified_at", "hours": 4}, {"after": "aware_at", "hours": 24}]},
}


@pytest.mark.parametrize(
    ("classified", "hours"),
    [(None, 24), (3, 7), (20, 24), (23, 24), (25, 29), (240, 244)],
)
def test_four_hours_after_classification_and_a_day_after_awareness_whichever_is_first(
    classified: int | None, hours: int
) -> None:
    act = compiled(duties=[duty(due=FOUR_HOURS_AND_A_DAY)])
    incident = {"aware_at": T0, "classified_at": None if classified is None else T0 + classified * HOUR}
    assert due(act, incident) == T0 + hours * HOUR


@settings(deadline=None)
@given(st.integers(0, 100), st.integers(0, 100))
def test_a_later_classification_never_gives_an_earlier_limit(one: int, other: int) -> None:
    act = compiled(duties=[duty(due=FOUR_HOURS_AND_A_DAY)])
    first, second = (due(act, {"aware_at": T0, "classified_at": T0 + each * HOUR}) for each in sorted([one, other]))
    assert first is not None
    assert second is not None
    assert first <= second


def test_a_clock_whose_anchor_is_unknown_has_not_started() -> None:
    act = compiled(duties=[duty(due={"after": "ransom_paid_at", "hours": 24})])
    [row] = evaluate([act], table({"severe_disruption": True})).iter_rows(named=True)
    assert (row["due_at"], row["clock"], row["anchor"]) == (None, "not_started", None)


def test_what_has_no_period_says_so_and_what_waits_for_a_request_too() -> None:
    unknown = duty(due={"none": "hours not known"})
    asked = duty(stage="intermediate", due={"on_request": True})
    found = evaluate([compiled(duties=[unknown, asked])], table({"severe_disruption": True}))
    assert found["clock"].to_list() == ["unknown_period", "on_request"]
    assert found["due_at"].null_count() == 2
    [first, _] = assess([compiled(duties=[unknown, asked])], {"severe_disruption": True}).duties
    assert first.period == "hours not known"


def test_an_unknown_case_shortens_and_never_lengthens() -> None:
    clock = {
        "case": [{"when": "operational_technology_impact", "then": {"after": "aware_at", "hours": 12}}],
        "otherwise": {"after": "aware_at", "hours": 72},
    }
    act = compiled(duties=[duty(due=clock)])
    assert due(act, {"aware_at": T0}) == T0 + 12 * HOUR
    assert due(act, {"aware_at": T0, "operational_technology_impact": False}) == T0 + 72 * HOUR


def test_the_anchor_that_was_first_is_named() -> None:
    act = compiled(duties=[duty(due=FOUR_HOURS_AND_A_DAY)])
    rows = evaluate([act], table({"aware_at": T0, "classified_at": T0 + HOUR}, {"aware_at": T0, "classified_at": None}))
    assert rows["anchor"].to_list() == ["classified_at", "aware_at"]
    assert rows["anchor_at"].to_list() == [T0 + HOUR, T0]


ORAL_THEN_WRITTEN = [
    duty(due={"after": "aware_at", "hours": 12}),
    duty(stage="written_record", when="oral_report_at IS NOT NULL", due={"after": "oral_report_at", "hours": 84}),
]


def test_a_report_by_telephone_is_followed_in_writing() -> None:
    act = compiled(duties=ORAL_THEN_WRITTEN)
    assert assess([act], {"aware_at": T0}).duty("test-act", "written_record") is None
    told = assess([act], {"aware_at": T0, "oral_report_at": T0 + HOUR}).duty("test-act", "written_record")
    assert told is not None
    assert told.due_at == T0 + 85 * HOUR


STAGES = [
    duty(stage="early_warning"),
    duty(due={"after": "submitted(early_warning)", "hours": 72}),
    duty(stage="final", due={"after": "latest_submitted(early_warning, notification)", "months": 1}),
]


def test_a_stage_runs_from_the_first_submission_of_the_one_before_and_the_last_from_the_latest() -> None:
    sent = [
        Submission("test-act", "notification", T0 + 40 * HOUR),
        Submission("test-act", "early_warning", T0 + 5 * HOUR),
        Submission("test-act", "early_warning", T0 + 2 * HOUR),
        Submission("test-act", "notification", T0 + 30 * HOUR),
    ]
    found = assess([compiled(duties=STAGES)], {"severe_disruption": True, "aware_at": T0}, submissions=sent)
    limits = {each.stage: each.due_at for each in found.duties}
    assert limits["notification"] == T0 + 74 * HOUR
    assert limits["final"] == datetime(2026, 7, 3, 0, tzinfo=UTC)


def test_reports_sent_out_of_order_start_their_clocks_all_the_same() -> None:
    before_anything = [Submission("test-act", "notification", T0 - 5 * HOUR)]
    found = assess([compiled(duties=STAGES)], {"severe_disruption": True, "aware_at": T0}, submissions=before_anything)
    final = found.duty("test-act", "final")
    assert final is not None
    assert final.due_at == datetime(2026, 7, 1, 3, tzinfo=UTC)


def test_an_aggregated_report_of_a_third_party_starts_the_clock_of_every_entity_it_covers() -> None:
    act = compiled(duties=STAGES, aggregated={"when": "third_party_access", "stages": ["early_warning"], "cite": "x"})
    incidents = table(*[{"severe_disruption": True, "aware_at": T0 - each * HOUR} for each in range(3)])
    sent = pl.DataFrame(
        {"incident": [0, 1], "regime": "test-act", "stage": "early_warning", "submitted_at": [T0 + HOUR] * 2}
    )
    found = evaluate([act], incidents, submissions=sent).filter(pl.col("stage") == "notification")
    assert found["due_at"].to_list() == [T0 + 73 * HOUR, T0 + 73 * HOUR, None]
    assert assess([act], {"third_party_access": True}).regimes[0].aggregated is True


def test_stages_that_were_not_filed_may_be_assumed_filed_when_they_were_due() -> None:
    found = evaluate(
        [compiled(duties=STAGES)], table({"severe_disruption": True, "aware_at": T0}), assume_filed_when_due=True
    )
    assert found["due_at"].to_list() == [T0 + 24 * HOUR, T0 + 96 * HOUR, datetime(2026, 7, 5, 8, tzinfo=UTC)]


WHILE_IT_LASTS = [
    duty(),
    duty(
        stage="progress",
        when="severe_disruption AND (ongoing OR handled_at > submitted_notification + INTERVAL '1 month')",
        due={"after": "submitted(notification)", "months": 1},
    ),
    duty(
        stage="final",
        due={
            "case": [
                {"when": "ongoing", "then": {"after": "handled_at", "months": 1}},
                {
                    "when": "handled_at > submitted_notification + INTERVAL '1 month'",
                    "then": {"after": "handled_at", "months": 1},
                },
            ],
            "otherwise": {"after": "submitted(notification)", "months": 1},
        },
    ),
]
JULY, AUGUST = datetime(2026, 7, 2, tzinfo=UTC), datetime(2026, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "progress", "final"),
    [
        ({"ongoing": False, "handled_at": T0 + 50 * HOUR}, None, JULY),
        ({"ongoing": True}, JULY, None),
        ({"ongoing": False, "handled_at": datetime(2026, 7, 20, tzinfo=UTC)}, JULY, AUGUST),
    ],
)
def test_a_progress_report_while_it_lasts_and_the_final_one_a_month_after_it_ended(
    facts: dict[str, object], progress: datetime | None, final: datetime | None
) -> None:
    sent = [Submission("test-act", "notification", datetime(2026, 6, 2, tzinfo=UTC))]
    found = assess(
        [compiled(duties=WHILE_IT_LASTS)], {"severe_disruption": True, "aware_at": T0, **facts}, submissions=sent
    )
    limits = {each.stage: each.due_at for each in found.duties}
    assert limits.get("progress") == progress
    assert limits["final"] == final


ROLLING: dict[str, Any] = {
    "duties": [
        duty(due={"after": "aware_at", "hours": 24}),
        duty(stage="final", due={"after": "aware_at", "hours": 24}),
    ],
    "roll_forward": {
        "stages": ["notification", "final"],
        "exempt": [{"when": "entity_class = 'essential'", "stages": ["notification"], "cite": "x"}],
        "cite": "x",
    },
}
FRIDAY = {
    "severe_disruption": True,
    "aware_at": datetime(2026, 10, 9, 6, tzinfo=UTC),
    "country": "DE",
    "time_zone": "Europe/Berlin",
}
SATURDAY_8, MONDAY_NOON = datetime(2026, 10, 10, 6, tzinfo=UTC), datetime(2026, 10, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entity_class", "notification"), [("none", MONDAY_NOON), ("essential", SATURDAY_8), (None, SATURDAY_8)]
)
def test_only_those_who_are_surely_not_exempt_may_wait_for_noon_of_the_next_working_day(
    entity_class: str | None, notification: datetime
) -> None:
    found = assess([compiled(**ROLLING)], {**FRIDAY, **({"entity_class": entity_class} if entity_class else {})})
    limits = {each.stage: each for each in found.duties}
    assert limits["notification"].due_at == notification
    assert limits["final"].due_at == MONDAY_NOON
    assert limits["final"].planned_at == SATURDAY_8


@settings(deadline=None)
@given(st.integers(0, 2_000), st.integers(-500, 500))
def test_moving_every_anchor_moves_the_limit_with_it(classified: int, shift: int) -> None:
    act = compiled(duties=[duty(due=FOUR_HOURS_AND_A_DAY)])
    start = {"aware_at": T0, "classified_at": T0 + classified * HOUR}
    moved = {name: moment + shift * HOUR for name, moment in start.items()}
    limit, later = due(act, start), due(act, moved)
    assert limit is not None
    assert later == limit + shift * HOUR
