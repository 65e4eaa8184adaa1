"""The dry run: what rules would have sent over past days, and how two of them differ."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sipar.exposure.dry_running import HISTORY, ORGANISATIONS, compare, dry_run, episodes, joined
from sipar.exposure.planning import CHANNELS, INHIBITIONS
from sipar.exposure.rules import Rules, parse

START = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)
ZONE = "Asia/Karachi"
ROW: dict[str, Any] = {
    "organisation": 7, "key": 1, "kind": "accessible-rdp", "classification": "vulnerable-system", "severity": 3,
    "source": "shadowserver", "shared": "", "tlp": 2, "asset": "", "first_seen": START,
    "last_seen": START + timedelta(days=20),
}  # fmt: skip
KNOWN = pl.DataFrame([(7, "energy", "PK-PB", 1), (8, "finance", "PK-SD", 2)], schema=ORGANISATIONS, orient="row")


def history(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([ROW | row for row in rows], schema=HISTORY)


def rules_of(*rules: dict[str, Any]) -> Rules:
    return parse({"sipar-rules": 1, "rules": [{"name": f"r{place}"} | rule for place, rule in enumerate(rules)]})


def run(rows: pl.DataFrame, rules: Rules, **frames: pl.DataFrame) -> Any:
    return dry_run(
        rows,
        rules,
        organisations=KNOWN,
        channels=frames.get("channels", pl.DataFrame(schema=CHANNELS)),
        inhibitions=frames.get("inhibitions", pl.DataFrame(schema=INHIBITIONS)),
        zone=ZONE,
    )


def test_an_episode_is_told_at_the_end_of_its_interval_and_reminded_while_it_is_seen() -> None:
    found = run(history({}), rules_of({"remind": {"high": [3, 7, 30]}})).bundles
    assert found.select("day", "reminder").rows() == [
        (date(2026, 10, 2), 0), (date(2026, 10, 5), 1), (date(2026, 10, 9), 2),
    ]  # fmt: skip


def test_conditions_on_the_register_hold_for_history_too() -> None:
    rows = history({}, {"key": 2, "organisation": 8})
    found = run(rows, rules_of({"when": {"sector": ["finance"]}}))
    assert found.bundles["organisation"].to_list() == [8]
    assert found.untold == {"inhibited": 0, "no_rule": 1}


def test_what_is_inhibited_is_counted_and_not_told() -> None:
    held = pl.DataFrame([(7, "", "", date(2026, 12, 1))], schema=INHIBITIONS, orient="row")
    found = run(history({}, {"key": 2, "organisation": 8}), rules_of({}), inhibitions=held)
    assert (found.untold["inhibited"], found.bundles["organisation"].to_list()) == (1, [8])


def test_two_rule_sets_are_compared_by_what_reaches_whom_and_when_whatever_the_rules_are_called() -> None:
    rows = history({}, {"key": 2, "organisation": 8}, {"key": 3, "kind": "open-ldap", "severity": 1})
    today = rules_of({"name": "everything"})
    tomorrow = rules_of({"name": "serious", "when": {"severity": {"from": "high"}}, "bundle": ["kind"]})
    found = compare(run(rows, tomorrow), run(rows, today))
    assert found.sums == {
        "new": {"bundles": 1, "findings": 1}, "old": {"bundles": 1, "findings": 2},
        "same": {"bundles": 1, "findings": 1},
    }  # fmt: skip
    assert found.by("organisation") == [
        {"organisation": 7, "new": 1, "old": 1, "same": 0}, {"organisation": 8, "new": 0, "old": 0, "same": 1},
    ]  # fmt: skip
    assert compare(run(rows, today), run(rows, today)).sums["same"]["bundles"] == 2


def test_no_history_and_no_rule_that_applies_send_nothing() -> None:
    assert run(pl.DataFrame(schema=HISTORY), rules_of({})).bundles.height == 0
    assert run(history({}), rules_of({"when": {"kind": ["other"]}})).bundles.height == 0
    assert episodes(observed([])).height == 0


def observed(rows: list[tuple[int | None, int, int]]) -> pl.DataFrame:
    """Observations of (organisation, key, day)."""
    return pl.DataFrame(
        {
            "organisation": [row[0] for row in rows],
            "key": [row[1].to_bytes(16) for row in rows],
            "kind": ["accessible-rdp"] * len(rows),
            "classification": ["vulnerable-system"] * len(rows),
            "severity": [3] * len(rows),
            "source": ["shadowserver"] * len(rows),
            "observed_at": [START + timedelta(days=row[2]) for row in rows],
        },
        schema_overrides={
            "organisation": pl.Int64, "key": pl.Binary, "severity": pl.Int8,
            "observed_at": pl.Datetime("us", "UTC"), "kind": pl.Categorical, "source": pl.Categorical,
            "classification": pl.Categorical,
        },
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([None, 7, 8]), st.integers(0, 3), st.integers(0, 60)), max_size=60))
def test_episodes_are_those_of_a_loop_over_sorted_rows(rows: list[tuple[int | None, int, int]]) -> None:
    expected = []
    for owner, key in sorted({(row[0], row[1]) for row in rows if row[0] is not None}):
        days = sorted({row[2] for row in rows if (row[0], row[1]) == (owner, key)})
        first = days[0]
        for earlier, later in zip(days, [*days[1:], None], strict=True):
            if later is None or later - earlier > 14:
                expected.append((owner, START + timedelta(days=first), START + timedelta(days=earlier)))
                first = later if later is not None else first
    found = episodes(observed(rows), tlp={"shadowserver": 1})
    assert sorted(found.select("organisation", "first_seen", "last_seen").rows()) == sorted(expected)
    assert found["tlp"].to_list() == [1] * len(expected)


@given(
    st.lists(st.tuples(st.sampled_from([7, 8]), st.integers(0, 3), st.integers(0, 60)), max_size=60),
    st.integers(1, 59),
)
def test_episodes_of_two_halves_join_to_those_of_the_whole(rows: list[tuple[int | None, int, int]], cut: int) -> None:
    halves = [[row for row in rows if row[2] < cut], [row for row in rows if row[2] >= cut]]
    whole = episodes(observed(rows)).sort("organisation", "key", "first_seen")
    assert joined([episodes(observed(half)) for half in halves]).equals(whole)


def test_a_source_that_gives_no_severity_counts_as_information_as_in_findings() -> None:
    rows = [
        {"organisation": 7, "key": bytes(15) + bytes([1]), "kind": "open-proxy", "classification": "other",
         "severity": severity, "source": "sensor", "observed_at": START}
        for severity in (None, 3)
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"severity": pl.Int8})
    assert episodes(frame)["severity"].to_list() == [3]
    assert episodes(frame.head(1))["severity"].to_list() == [0]
