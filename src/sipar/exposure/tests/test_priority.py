"""What to fix first adds up from declared points, each with its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sipar.exposure.decisions import tables
from sipar.exposure.priority import FINDINGS, KNOWN, REASONS, due_days, overdue, rank

DAY = date(2026, 11, 1)


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    usual: dict[str, Any] = {"severity": 2, "tier": None, "reopened": 0, "first_seen": DAY, "cves": []}
    return pl.DataFrame([{"id": number, **usual, **row} for number, row in enumerate(rows)], schema=dict(FINDINGS))


def known(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(KNOWN) | row for row in rows], schema=dict(KNOWN))


LISTED = {"cve": "CVE-2024-0001", "kev_added": date(2026, 10, 1), "ransomware": True, "exploitation": "active"}
SHOWN = {"cve": "CVE-2024-0002", "exploitation": "poc", "epss": 0.2, "likelihood": 0.02}
QUIET = {"cve": "CVE-2024-0003", "exploitation": "none", "likelihood": 0.06}


def test_what_is_exploited_stands_above_what_may_be_and_that_above_what_is_only_there() -> None:
    cases = findings({}, {"cves": ["CVE-2024-0003"]}, {"cves": ["CVE-2024-0002"]}, {"cves": ["CVE-2024-0001"]})
    ranked = rank(cases, known(LISTED, SHOWN, QUIET))
    assert ranked["priority"].to_list() == [15, 35, 40, 60]
    assert ranked["reasons"].to_list() == [
        ["severity"],
        ["likelihood", "severity"],
        ["epss", "severity", "poc"],
        ["kev", "severity", "ransomware"],
    ]


def test_of_several_vulnerabilities_each_kind_of_evidence_counts_once() -> None:
    one = rank(findings({"cves": ["CVE-2024-0001"]}), known(LISTED))
    many = rank(findings({"cves": ["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"]}), known(LISTED, SHOWN, QUIET))
    assert one["priority"].to_list() == many["priority"].to_list()


def test_a_critical_organisation_and_a_return_raise_a_finding() -> None:
    ranked = rank(findings({"tier": 1, "reopened": 2, "severity": 4}, {"tier": 3, "severity": 4}), known())
    assert ranked["priority"].to_list() == [50, 35]
    assert ranked["reasons"][0].to_list() == ["severity", "tier", "reopened"]


@st.composite
def nation(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = [f"CVE-2025-{number:04}" for number in range(6)]
    facts = [
        {
            "cve": name,
            "kev_added": draw(st.none() | st.just(DAY)),
            "ransomware": draw(st.none() | st.booleans()),
            "exploitation": draw(st.sampled_from(["", "none", "poc", "active"])),
            "automatable": draw(st.sampled_from(["", "no", "yes"])),
            "technical_impact": draw(st.sampled_from(["", "partial", "total"])),
            "epss": draw(st.none() | st.floats(0, 1)),
            "likelihood": draw(st.none() | st.floats(0, 1)),
        }
        for name in names[:4]
    ]
    rows = [
        {
            "severity": draw(st.integers(0, 4)),
            "tier": draw(st.none() | st.integers(1, 4)),
            "reopened": draw(st.integers(0, 3)),
            "cves": draw(st.lists(st.sampled_from(names), max_size=3, unique=True)),
        }
        for _ in range(draw(st.integers(1, 5)))
    ]
    return findings(*rows), known(*facts)


@given(nation())
def test_every_finding_gets_one_priority_within_bounds_and_only_reasons_with_points(
    drawn: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    cases, facts = drawn
    ranked = rank(cases, facts)
    assert ranked["id"].to_list() == cases["id"].to_list()
    assert ranked["priority"].is_between(0, 100).all()
    assert set(ranked["reasons"].explode().drop_nulls()) <= set(REASONS)
    worse = rank(cases.with_columns(pl.lit(4, dtype=pl.Int64).alias("severity")), facts)
    assert (worse["priority"] >= ranked["priority"]).all()


def test_a_directive_gives_the_earliest_day_and_none_where_it_waits_for_the_next_upgrade() -> None:
    facts = known(
        LISTED | {"automatable": "yes", "technical_impact": "partial"},
        {"cve": "CVE-2024-0009", "automatable": "no", "technical_impact": "partial"},
    )
    cases = findings({"cves": ["CVE-2024-0001", "CVE-2024-0009"]}, {"cves": ["CVE-2024-0009"]}, {})
    due = due_days(cases, facts, tables()["cisa_bod_26_04"]).sort("id")
    assert due.rows() == [(0, date(2026, 11, 4)), (1, date(2026, 12, 31))]
    assert overdue(date(2026, 11, 4), today=date(2026, 11, 5))
    assert not overdue(date(2026, 11, 4), today=date(2026, 11, 4))
    assert not overdue(None, today=date(2026, 11, 4))
