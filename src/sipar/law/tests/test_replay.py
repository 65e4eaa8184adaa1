"""What an act would have asked of a table of incidents, counted by hand on a few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.law.evaluate import evaluate
from sipar.law.replay import difference, replay
from sipar.law.tests.small_regimes import compiled, duty, table

MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINE: dict[str, Any] = {
    "penalties": [
        {
            "who": {"en": "x"},
            "when": "entity_class = 'essential'",
            "amount_low": 1_000,
            "amount_high": 10_000,
            "currency": "EUR",
            "percent": 2,
            "turnover": "turnover_eur",
            "cite": "x",
            "display_only": True,
        }
    ]
}


def incident(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "severe_disruption": True,
        "aware_at": MONDAY,
        "organisation": "one",
        "sector": "energy",
        "size": "large",
        "team": "power",
        "entity_class": "essential",
        "turnover_eur": 2_000_000.0,
        "submitted_notification": MONDAY + HOUR,
    }
    return {**found, **changes}


TABLE = table(
    incident(),
    incident(submitted_notification=MONDAY + 25 * HOUR),
    incident(submitted_notification=None, organisation="two", turnover_eur=100_000.0, sector="health"),
    incident(severe_disruption=None, organisation="three"),
    incident(severe_disruption=False),
)


def test_reports_are_counted_by_stage_with_the_late_and_the_missing() -> None:
    [row] = replay([compiled()], TABLE).stages.iter_rows(named=True)
    assert row == {
        "regime": "test-act",
        "stage": "notification",
        "kind": "notification",
        "reports": 3,
        "undetermined": 1,
        "timed": 3,
        "in_time": 1,
        "late": 1,
        "missing": 1,
    }


def test_counts_by_sector_and_size_add_up_to_the_whole() -> None:
    found = replay([compiled()], TABLE)
    by_sector = dict(found.groups.group_by("sector").agg(pl.col("reports").sum()).iter_rows())
    assert by_sector == {"energy": 2, "health": 1}


def test_the_load_falls_in_the_hour_of_the_week_in_which_reports_come_in() -> None:
    load = replay([compiled()], TABLE, time_zone="Asia/Karachi").load
    busy = {row["hour_of_week"]: row["reports"] for row in load.filter(pl.col("reports") > 0).iter_rows(named=True)}
    # Filed Monday 15:00 and Tuesday 15:00 in Karachi; the one never filed counts when it was due, Tuesday 14:00.
    assert busy == {15: 1, 24 + 14: 1, 24 + 15: 1}
    assert load.height == 168


def test_penalties_are_a_range_and_each_organisation_counts_once() -> None:
    [row] = replay([compiled(**FINE)], TABLE).penalties.iter_rows(named=True)
    assert (row["currency"], row["organisations"], row["low"], row["high"]) == ("EUR", 2, 2_000.0, 50_000.0)


def test_those_who_would_have_been_late_are_named() -> None:
    found = replay([compiled()], TABLE).organisations_late
    assert set(found.iter_rows()) == {("test-act", "one", 1, 0), ("test-act", "two", 0, 1)}


def test_nothing_is_said_about_lateness_where_nobody_observed_it() -> None:
    [row] = replay([compiled(**FINE)], TABLE.drop("submitted_notification")).stages.iter_rows(named=True)
    assert (row["reports"], row["in_time"], row["late"], row["missing"]) == (3, 0, 0, 0)


def test_only_incidents_of_the_period_are_counted_but_earlier_ones_are_recalled() -> None:
    rule = {"window_months": 6, "same": "root_cause", "cite": "x"}
    act = compiled(recurring=rule, duties=[duty(when="recurring_count >= 2")])
    earlier = incident(aware_at=MONDAY - timedelta(days=30), root_cause="backup")
    found = replay([act], table(earlier, incident(root_cause="backup")), since=MONDAY, until=MONDAY + HOUR)
    assert (found.incidents, found.organisations, found.stages["reports"].item()) == (1, 1, 1)


def test_the_difference_between_two_drafts_is_by_stage_hour_and_currency() -> None:
    shorter = compiled(version=2, duties=[duty(due={"after": "aware_at", "hours": 1}), duty(stage="final")])
    found = difference(replay([compiled()], TABLE), replay([shorter], TABLE))
    rows = {row["stage"]: row for row in found.stages.iter_rows(named=True)}
    assert (rows["final"]["reports_before"], rows["final"]["reports_after"], rows["final"]["reports_change"]) == (
        0,
        3,
        3,
    )
    assert rows["notification"]["reports_change"] == 0
    assert found.load["reports_change"].sum() == 3


def test_a_draft_compared_with_itself_differs_in_nothing() -> None:
    one = replay([compiled(**FINE)], TABLE)
    found = difference(one, one)
    for each in (found.stages, found.groups, found.load, found.penalties):
        assert each.select(pl.selectors.ends_with("_change").abs().sum()).sum_horizontal().sum() == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.builds(incident, severe_disruption=st.sampled_from([True, False, None])), min_size=1, max_size=9))
def test_a_replay_counts_what_an_evaluation_lists(incidents: list[dict[str, Any]]) -> None:
    counted = replay([compiled()], table(*incidents)).stages
    listed = evaluate([compiled()], table(*incidents))
    assert counted["reports"].sum() == listed["applies"].sum()
    assert counted["undetermined"].sum() == listed["applies"].null_count()


def test_a_table_without_groups_is_one_unknown_group() -> None:
    found = replay([compiled()], TABLE.select("incident", "severe_disruption", "aware_at"))
    assert found.groups.select("sector", "size").rows() == [("", "")]
    assert found.load.height == 168
    assert found.penalties.height == 0
