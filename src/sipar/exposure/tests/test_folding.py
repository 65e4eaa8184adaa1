"""Folding observations: what a finding says of all of them, in whatever order they come."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.exposure import folding
from sipar.exposure.folding import Tallying, fold, merge, named
from sipar.exposure.tests.observed import SEEN, observed

DAY = timedelta(days=1)


def told(*rows: dict[str, Any]) -> dict[str, Any]:
    """The one finding that these observations are."""
    tally = fold(observed([{"organisation": 1, **row} for row in rows]))
    assert tally.height == 1
    return tally.to_dicts()[0]


def test_a_finding_has_the_first_and_the_last_sight_the_count_and_the_days() -> None:
    found = told({"observed_at": SEEN + DAY}, {}, {"observed_at": SEEN + timedelta(hours=1), "tag": "x"})
    assert (found["first_seen"], found["last_seen"], found["count"]) == (SEEN, SEEN + DAY, 3)
    assert found["days"] == [(SEEN - SEEN.replace(year=1970, month=1, day=1)).days + n for n in (0, 1)]


def test_it_is_as_severe_as_its_worst_observation_and_has_all_cves() -> None:
    found = told(
        {"severity": 3, "cves": "CVE-2020-1111 CVE-2014-3566"},
        {"severity": 1, "cves": "CVE-2019-0708 CVE-2014-3566", "tag": "x"},
        {"severity": None, "cves": "not-a-cve", "tag": "y"},
    )
    assert (found["severity"], found["cves"]) == (3, ["CVE-2014-3566", "CVE-2019-0708", "CVE-2020-1111"])


def test_its_evidence_is_the_latest_observation() -> None:
    found = told({"tag": "late", "observed_at": SEEN + DAY, "line": 7}, {"tag": "early"})
    assert '"tag":"late"' in found["evidence"]
    assert '"line":7' in found["evidence"]


def test_evidence_leaves_out_what_was_not_said_and_keeps_what_looks_like_it() -> None:
    found = json.loads(told({"tag": 'x,"url":null', "malware": None, "hostname": None, "line": 3})["evidence"])
    assert found["tag"] == 'x,"url":null'
    assert set(found) == {"raw", "line", "tag"}


def test_owners_are_told_apart_and_so_is_nobody() -> None:
    tally = fold(observed([{"organisation": 1}, {"organisation": 2}, {"organisation": None}, {"organisation": 1}]))
    assert dict(tally.select("organisation", "count").iter_rows()) == {1: 2, 2: 1, None: 1}


@pytest.mark.parametrize(
    ("row", "asset"),
    [
        ({}, "192.0.2.7:3389/tcp"),
        ({"port": None, "protocol": None}, "192.0.2.7"),
        ({"ip": "2001:db8::1", "port": 443}, "[2001:db8::1]:443/tcp"),
        ({"ip": "2001:db8::1", "port": None, "protocol": None}, "2001:db8::1"),
        ({"ip": None, "hostname": "a.example", "port": 443}, "a.example:443/tcp"),
        ({"ip": None, "url": "http://a.example/x"}, "http://a.example/x"),
        ({"ip": None, "asn": 64496}, "AS64496"),
        ({"ip": None}, "-"),
        ({"classification": "scanner"}, "192.0.2.7"),
        ({"shared": "nat", "claim": 5}, ""),
    ],
)
def test_the_asset_is_written_as_people_write_it(row: dict[str, Any], asset: str) -> None:
    assert told(row)["asset"] == asset


def test_shared_ranges_are_named_by_their_claims() -> None:
    tally = fold(observed([{"shared": "nat", "claim": 5}, {"shared": "nat", "claim": -6}, {}], organisation=1))
    assert sorted(named(tally, {5: "192.0.2.0/24"})["asset"]) == ["192.0.2.0/24", "192.0.2.7:3389/tcp", "claim -6"]


def test_nul_bytes_and_long_texts_are_made_fit_to_keep() -> None:
    found = told({"tag": "a\x00b" + "x" * 5000, "ip": None, "hostname": "h" * 500, "kind": "k" * 100})
    assert "\\u0000" not in found["evidence"]
    assert "ab" in found["evidence"]
    assert len(found["evidence"]) < 1_500
    assert (len(found["asset"]), len(found["kind"])) == (400, 80)


def test_findings_that_share_half_of_their_hash_are_told_apart() -> None:
    table = observed([{"port": port, "organisation": 1} for port in (1, 2, 1, 2, 1)])
    keys = [bytes(8) + key.as_py()[8:] for key in table["key"]]
    table = table.set_column(table.column_names.index("key"), "key", pa.array(keys, pa.binary(16)))
    assert sorted(fold(table)["count"]) == [2, 3]


SIGHTS = st.lists(
    st.fixed_dictionaries({
        "observed_at": st.integers(0, 200).map(lambda hours: SEEN + timedelta(hours=hours)),
        "port": st.integers(1, 3),
        "organisation": st.sampled_from([None, 1, 2]),
        "severity": st.integers(0, 4),
        "cves": st.sampled_from([None, "", "CVE-2014-3566", "CVE-2014-3566 CVE-2019-0708"]),
        "tag": st.sampled_from(["a", "b", None]),
    }),
    min_size=1,
    max_size=25,
)  # fmt: skip


def ordered(tally: pl.DataFrame) -> list[dict[str, Any]]:
    return tally.sort("organisation", "key", nulls_last=True).to_dicts()


@settings(max_examples=40, deadline=None)
@given(SIGHTS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_neither_the_order_of_rows_nor_how_they_are_cut_matters(rows: list[Any], random: Any, cut: int) -> None:
    rows = [row | {"line": line} for line, row in enumerate(rows)]
    whole = ordered(fold(observed(rows)))
    shuffled = random.sample(rows, len(rows))
    parts = [fold(observed(shuffled[at : at + cut])) for at in range(0, len(rows), cut)]
    assert ordered(merge(parts)) == whole
    with patch.object(folding, "FOLD_ROWS", cut):
        tallying = Tallying()
        for row in shuffled:
            tallying.add(observed([row]))
        assert ordered(tallying.whole()) == whole


@settings(max_examples=40, deadline=None)
@given(SIGHTS)
def test_a_fold_says_what_plain_python_says(rows: list[Any]) -> None:
    table = observed(rows)
    plain: dict[tuple[int | None, bytes], list[Any]] = {}
    for row in table.to_pylist():
        plain.setdefault((row["organisation"], row["key"]), []).append(row)
    for found in fold(table).to_dicts():
        sights = plain.pop((found["organisation"], found["key"]))
        times = [row["observed_at"] for row in sights]
        assert (found["first_seen"], found["last_seen"], found["count"]) == (min(times), max(times), len(sights))
        assert found["severity"] == max(row["severity"] for row in sights)
        assert found["cves"] == sorted({cve for row in sights for cve in (row["cves"] or "").split()})
        assert len(found["days"]) == len({moment.date() for moment in times})
    assert not plain


def test_nothing_folds_to_nothing() -> None:
    assert fold(observed([{}]).slice(0, 0)).height == merge([]).height == 0
    assert fold(observed([{}])).schema == folding.TALLY
