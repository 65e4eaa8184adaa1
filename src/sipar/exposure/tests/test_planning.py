"""Planning: which rule counts, what is bundled, when it goes, and that a rerun makes nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.exposure.planning import (
    CHANNELS,
    FINDINGS,
    INHIBITIONS,
    PLANNED,
    SENT,
    matched,
    next_allowed,
    plan,
    why,
    without_inhibited,
)
from sipar.exposure.rules import Quiet, parse

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ZONE = "Asia/Karachi"
ROW: dict[str, Any] = {
    "finding": 1, "organisation": 7, "sector": "energy", "province": "PK-PB", "tier": 1, "kind": "accessible-rdp",
    "classification": "vulnerable-system", "severity": 3, "source": "shadowserver", "shared": "", "tlp": 2,
    "asset": "192.0.2.7:3389/tcp", "known_at": NOW - timedelta(days=2), "episode": 0,
}  # fmt: skip


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([ROW | row for row in rows], schema=FINDINGS)


def rules_of(*rules: dict[str, Any]) -> Any:
    return parse({"sipar-rules": 1, "rules": [{"name": f"r{place}"} | rule for place, rule in enumerate(rules)]})


def planned(rows: pl.DataFrame, rules: Any, *, now: datetime = NOW, **frames: pl.DataFrame) -> list[dict[str, Any]]:
    made = plan(
        rows,
        rules,
        frames.get("channels", pl.DataFrame(schema=CHANNELS)),
        frames.get("inhibitions", pl.DataFrame(schema=INHIBITIONS)),
        frames.get("sent", pl.DataFrame(schema=SENT)),
        now=now,
        zone=ZONE,
    )
    assert dict(made.schema) == PLANNED or not made.height
    return made.to_dicts()


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"kind": ["accessible-*"]}, True),
        ({"kind": ["accessible-rdp"], "sector": ["energy", "finance"]}, True),
        ({"kind": ["accessible-rd"]}, False),
        ({"sector": ["finance"]}, False),
        ({"province": ["PK-PB"], "tier": {"from": 1, "to": 2}}, True),
        ({"tier": [2]}, False),
        ({"severity": {"from": "high"}}, True),
        ({"severity": ["critical"]}, False),
        ({"classification": ["infected-system"]}, False),
        ({"source": ["shadowserver"]}, True),
        ({"shared": ["own"]}, True),
        ({"shared": ["nat", "cloud"]}, False),
    ],
)
def test_a_rule_applies_where_all_its_conditions_hold(when: dict[str, Any], holds: bool) -> None:
    assert (matched(findings({}), rules_of({"when": when}))["rule"].item() == 0) is holds


def test_the_first_rule_that_applies_counts_and_says_why() -> None:
    rules = rules_of({"when": {"severity": ["critical"]}}, {"when": {"kind": ["accessible-*"]}}, {})
    assert matched(findings({}, {"severity": 4}, {"kind": "ddos-participant"}), rules)["rule"].to_list() == [1, 0, 2]
    assert why(ROW, rules) == [("r0", "severity"), ("r1", "")]


def test_a_finding_above_the_cap_of_a_rule_goes_on_to_the_next_one() -> None:
    rules = rules_of({"tlp": "green"}, {"tlp": "red", "tell": "portal"})
    assert [row["rule"] for row in planned(findings({"tlp": 2}), rules)] == ["r1"]
    assert planned(findings({"tlp": 2}), rules_of({"tlp": "green"})) == []


def test_a_rule_that_tells_nobody_tells_nobody_and_no_later_rule_does() -> None:
    assert planned(findings({}), rules_of({"tell": "nobody", "reason": "known"}, {})) == []


def test_what_no_value_is_known_of_fulfils_no_condition() -> None:
    rows = findings({"sector": None, "tier": None, "severity": 3})
    assert matched(rows, rules_of({"when": {"sector": ["energy"]}}, {"when": {"tier": [1]}}))["rule"].to_list() == [-1]


def test_findings_are_bundled_by_organisation_rule_and_key() -> None:
    rows = findings(
        {"finding": 1}, {"finding": 2}, {"finding": 3, "kind": "open-ldap", "severity": 4},
        {"finding": 4, "organisation": 8},
    )  # fmt: skip
    whole = planned(rows, rules_of({}))
    assert [(row["organisation"], row["findings"], row["severity"]) for row in whole] == [
        (7, [1, 2, 3], 4),
        (8, [4], 3),
    ]
    by_kind = planned(rows, rules_of({"bundle": ["kind"]}))
    assert [row["findings"] for row in by_kind] == [[1, 2], [3], [4]]
    assert len({row["aggregation"] for row in by_kind if row["organisation"] == 7}) == 2


def test_a_rule_tells_at_the_end_of_its_interval_in_the_nations_zone() -> None:
    # 19:30 UTC is half past midnight in Karachi: the next day there, although not here.
    known = {"known_at": datetime(2026, 11, 1, 19, 30, tzinfo=UTC)}
    assert planned(findings(known), rules_of({}), now=datetime(2026, 11, 2, 18, 59, tzinfo=UTC)) == []
    [row] = planned(findings(known), rules_of({}), now=datetime(2026, 11, 2, 19, 1, tzinfo=UTC))
    assert row["count"] == 1
    assert planned(findings({"known_at": NOW - timedelta(minutes=61)}), rules_of({"interval": "1h"}))


def test_a_rerun_in_the_same_interval_has_the_same_aggregation() -> None:
    first = planned(findings({}), rules_of({"bundle": ["kind"]}))
    again = planned(findings({}), rules_of({"bundle": ["kind"]}), now=NOW + timedelta(hours=3))
    next_day = planned(findings({}), rules_of({"bundle": ["kind"]}), now=NOW + timedelta(days=1))
    assert first[0]["aggregation"] == again[0]["aggregation"] != next_day[0]["aggregation"]


def told(days: float, *, reminders: int = 0, episode: int = 0) -> pl.DataFrame:
    row = {"finding": 1, "episode": episode, "first_told": NOW - timedelta(days=days), "reminders": reminders}
    return pl.DataFrame([row], schema=SENT)


def test_what_was_told_is_told_again_only_as_a_reminder_on_its_day() -> None:
    rules = rules_of({"remind": {"high": [3, 7]}})
    assert planned(findings({}), rules, sent=told(2)) == []
    [first] = planned(findings({}), rules, sent=told(3))
    assert (first["reminder"], first["findings"]) == (1, [1])
    assert planned(findings({}), rules, sent=told(6.9, reminders=1)) == []
    assert [row["reminder"] for row in planned(findings({}), rules, sent=told(7, reminders=1))] == [2]
    assert planned(findings({}), rules, sent=told(90, reminders=2)) == []
    assert planned(findings({"severity": 2}), rules, sent=told(90)) == []


def test_a_finding_that_was_reopened_is_told_anew() -> None:
    [row] = planned(findings({"episode": 1}), rules_of({}), sent=told(30))
    assert row["reminder"] == 0


def test_inhibitions_hold_for_what_they_name_to_the_end_of_their_day() -> None:
    rows = findings({"finding": 1}, {"finding": 2, "organisation": 8}, {"finding": 3, "kind": "open-ldap"})
    today = date(2026, 11, 2)

    def left(*inhibitions: tuple[int | None, str, str, date]) -> list[int]:
        frame = pl.DataFrame(inhibitions, schema=INHIBITIONS, orient="row")
        return without_inhibited(rows, frame, day=today)["finding"].to_list()

    assert left((7, "", "", today)) == [2]
    assert left((7, "", "", today - timedelta(days=1))) == [1, 2, 3]
    assert left((None, "open-ldap", "", today)) == [1, 2]
    assert left((7, "accessible-rdp", "192.0.2.7:3389/tcp", today), (8, "", "", today)) == [3]
    assert left((None, "", "", today)) == []


def channel(**values: Any) -> pl.DataFrame:
    row = {"organisation": 7, "channel": "mail", "language": "ur", "quiet_from": None, "quiet_until": None,
           "encrypted": False}  # fmt: skip
    return pl.DataFrame([row | values], schema=CHANNELS)


def test_the_organisation_chooses_its_channel_and_a_rule_may_choose_another() -> None:
    [row] = planned(findings({}), rules_of({}), channels=channel(channel="api"))
    assert (row["channel"], row["language"]) == ("api", "ur")
    [row] = planned(findings({}), rules_of({"tell": "portal"}), channels=channel(channel="api"))
    assert row["channel"] == "portal"
    [row] = planned(findings({}), rules_of({}))
    assert (row["channel"], row["language"]) == ("mail", "en")


def test_what_is_strictly_for_the_recipient_is_mailed_only_encrypted() -> None:
    rules = rules_of({"tlp": "red"})
    assert planned(findings({"tlp": 3}), rules, channels=channel())[0]["channel"] == "portal"
    assert planned(findings({"tlp": 3}), rules, channels=channel(encrypted=True))[0]["channel"] == "mail"
    assert planned(findings({"tlp": 2}), rules, channels=channel())[0]["channel"] == "mail"


def test_quiet_hours_of_rule_and_organisation_both_hold_and_urgent_ones_break_them() -> None:
    late = datetime(2026, 11, 2, 16, 30, tzinfo=UTC)  # 21:30 in Karachi
    rule = {"quiet": {"from": "20:00", "until": "06:00"}, "urgent": "critical", "interval": "1h"}
    quiet = channel(quiet_from=0, quiet_until=9 * 60)
    [row] = planned(findings({}), rules_of(rule), channels=quiet, now=late)
    assert row["not_before"] == datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
    [row] = planned(findings({"severity": 4}), rules_of(rule), channels=quiet, now=late)
    assert row["not_before"] == late


@given(
    moment=st.integers(0, 365 * 24 * 60),
    hours=st.lists(st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]), max_size=2),
)
def test_nobody_is_told_before_now_and_hours_that_leave_no_time_hold_nothing_back(
    moment: int, hours: list[tuple[Any, Any]]
) -> None:
    now = NOW + timedelta(minutes=moment)
    quiet = tuple(Quiet(start, end) for start, end in hours)
    allowed = next_allowed(now, quiet, zone=ZONE)
    assert now <= allowed <= now + timedelta(days=2)


def test_nothing_open_plans_nothing() -> None:
    assert planned(pl.DataFrame(schema=FINDINGS), rules_of({}, {"remind": {"high": [1]}})) == []
