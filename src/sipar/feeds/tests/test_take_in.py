"""From hostile bytes to observations in the lake, without a database."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from sipar.eventstore.store import Store
from sipar.feeds.pipeline import Taken, Work, take_in
from sipar.feeds.tests.plain import PlainReader, report_of
from sipar.formats.problems import FormatProblem
from sipar.routing.claims import CLAIM_SCHEMA
from sipar.routing.lookup import Lookup, compile_lookup

RECEIVED = datetime(2026, 11, 1, 6, tzinfo=UTC)
DAY = date(2026, 10, 31)


@pytest.fixture(scope="module")
def lookup() -> Lookup:
    claim = dict.fromkeys(CLAIM_SCHEMA) | {"kind": "prefix", "source": "manual", "mark": ""}
    rows = [
        claim | {"id": 1, "organisation": 7, "value": "198.51.0.0/24"},
        claim | {"id": 2, "organisation": 8, "value": "198.51.1.0/24", "mark": "nat"},
    ]
    return compile_lookup(pl.DataFrame(rows, schema=CLAIM_SCHEMA))


def taken_in(
    store: Store, lookup: Lookup, data: bytes, *, name: str = "2026-10-31-plain.csv", source: str = "plain-feed",
    settings: Mapping[str, Any] | None = None, raw: str = "", tell: Callable[[Taken], object] = lambda _taken: None,
) -> Taken:  # fmt: skip
    work = Work(
        source=source, raw=raw or sha256(data).hexdigest(), name=name, size=len(data), received_at=RECEIVED,
        keep_days=400, reader=PlainReader(), settings=settings or {},
    )  # fmt: skip
    return take_in(io.BufferedReader(io.BytesIO(data)), work, lookup=lookup, store=store, tell=tell)


def rows_in(store: Store) -> pa.Table:
    return store.observations(DAY, DAY).sort_by("line")


def test_rows_are_routed_hashed_and_kept_with_where_they_came_from(tmp_path: Path, lookup: Lookup) -> None:
    store, data = Store(tmp_path), report_of(600)
    taken = taken_in(store, lookup, data)
    found = rows_in(store).to_pylist()
    assert (taken.rows, taken.kept, taken.routed, taken.unclaimed, taken.duplicates) == (600, 600, 512, 88, 0)
    assert (taken.first_day, taken.last_day, taken.report_type) == (DAY, DAY, "plain")
    assert [row["organisation"] for row in (found[0], found[300], found[599])] == [7, 8, None]
    assert [row["line"] for row in found] == list(range(2, 602))
    assert {row["raw"] for row in found} == {sha256(data).hexdigest()}
    assert {row["source"] for row in found} == {"plain-feed"}
    assert len({row["row"] for row in found}) == 600
    assert found[0]["lookup"] == lookup.digest
    # Addresses behind NAT are one finding of the claim.
    assert len({row["key"] for row in found if row["organisation"] == 8}) == 1
    assert len({row["key"] for row in found if row["organisation"] == 7}) == 256


def test_progress_is_told_in_the_thread_of_whoever_asked(tmp_path: Path, lookup: Lookup) -> None:
    told: list[tuple[str, int]] = []
    taken_in(
        Store(tmp_path), lookup, report_of(600), settings={"block": 1 << 14},
        tell=lambda taken: told.append((threading.current_thread().name, taken.kept)),
    )  # fmt: skip
    assert {thread for thread, _ in told} == {threading.current_thread().name}
    assert told[-1][1] == 600


def test_the_same_row_twice_counts_once_within_a_file_and_against_the_lake(tmp_path: Path, lookup: Lookup) -> None:
    store = Store(tmp_path)
    twice = report_of(50) + report_of(50).partition(b"\n")[2]
    first = taken_in(store, lookup, twice)
    overlapping = taken_in(store, lookup, report_of(80, first=20))
    assert (first.rows, first.kept, first.duplicates) == (100, 50, 50)
    assert (overlapping.rows, overlapping.kept, overlapping.duplicates) == (80, 50, 30)
    assert rows_in(store).num_rows == 100
    # Another source saw them too: that is its own observation.
    assert taken_in(store, lookup, report_of(50), source="other").kept == 50


def test_the_same_file_again_gives_the_same_parts(tmp_path: Path, lookup: Lookup) -> None:
    store, data = Store(tmp_path), report_of(300)
    first = taken_in(store, lookup, data)
    before = rows_in(store)
    again = taken_in(store, lookup, data)
    assert first.parts == again.parts
    assert rows_in(store).equals(before)


def test_blocks_of_any_size_give_the_same_rows(tmp_path: Path, lookup: Lookup) -> None:
    data = report_of(5_000) + report_of(100).partition(b"\n")[2]
    kept = []
    for name, block in (("small", 1 << 15), ("large", 1 << 22)):
        store = Store(tmp_path / name)
        taken = taken_in(store, lookup, data, settings={"block": block})
        kept.append(rows_in(store))
        assert (taken.kept, taken.duplicates) == (5_000, 100)
    assert kept[0].equals(kept[1])


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("ending", PACKED)
def test_packed_reports_are_unpacked(tmp_path: Path, lookup: Lookup, ending: str) -> None:
    packed = PACKED[ending](report_of(40))
    assert taken_in(Store(tmp_path), lookup, packed, name=f"2026-10-31-plain.csv.{ending}").kept == 40


def test_every_member_of_an_archive_is_read_and_what_is_no_report_is_refused_as_a_row(
    tmp_path: Path, lookup: Lookup
) -> None:
    store = Store(tmp_path)
    taken = taken_in(
        store, lookup, zipped({"a.csv": report_of(10), "readme.txt": b"Hello", "b.csv": report_of(5, first=10)})
    )
    assert (taken.kept, taken.quarantined) == (15, 1)
    assert [(row.code, row.excerpt[:10]) for row in taken.bad] == [("member", "readme.txt")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(bytes(400 * 1024 * 1024), 1, mtime=0), "bomb"),
        (gzip.compress(report_of(2_000), mtime=0)[:-40], "packing"),
        (b"PK\x03\x04 this is no archive", "packing"),
        (b"\xfd7zXZ\x00 this is not xz", "packing"),
        (b"", "plain.head"),
        (b"\x00" * 1000, "plain.head"),
        (b"nonsense;with;another;delimiter\n1;2;3;4\n", "plain.head"),
    ],
    ids=["bomb", "cut", "zip", "xz", "empty", "nul", "delimiter"],
)
def test_a_file_that_cannot_be_read_leaves_the_lake_as_it_was(
    tmp_path: Path, lookup: Lookup, data: bytes, code: str
) -> None:
    store = Store(tmp_path)
    taken_in(store, lookup, report_of(30))
    before = rows_in(store)
    if code == "bomb":
        data = gzip.compress(report_of(10)) + data
    with pytest.raises(FormatProblem) as problem:
        taken_in(store, lookup, data)
    assert problem.value.code == code
    assert rows_in(store).equals(before)


def test_bad_rows_are_set_aside_with_their_line_and_the_rest_goes_on(tmp_path: Path, lookup: Lookup) -> None:
    lines = report_of(6).splitlines()
    lines[2] = b"2026-10-31 01:00:00,198.51.0.1,with\x00nul"
    lines[4] = b"not a time,198.51.0.3,open-0"
    lines[5] = b"2026-10-31 01:00:00,198.51.0.4," + b"x" * 2_000_000
    lines.insert(3, b"")
    lines[-1] = "2026-10-31 01:00:00,198.51.0.5,caf\xe9".encode("cp1252")
    taken = taken_in(Store(tmp_path), lookup, b"\r\n".join(lines))
    assert sorted((row.line, row.code) for row in taken.bad) == [(3, "nul"), (6, "time"), (7, "line_too_long")]
    assert (taken.rows, taken.kept, taken.quarantined, taken.recoded) == (6, 3, 3, 1)
    found = rows_in(Store(tmp_path)).to_pylist()
    assert [(row["line"], row["kind"]) for row in found] == [(2, "open-0"), (5, "open-0"), (8, "café")]


def test_refused_rows_are_all_counted_and_the_first_thousand_are_kept(tmp_path: Path, lookup: Lookup) -> None:
    data = b"time,ip,kind\n" + b"broken\n" * 5_000 + report_of(3).partition(b"\n")[2]
    taken = taken_in(Store(tmp_path), lookup, data)
    assert (taken.quarantined, len(taken.bad), taken.kept) == (5_000, 1_000, 3)


def test_times_outside_what_is_kept_are_refused(tmp_path: Path, lookup: Lookup) -> None:
    data = (
        b"time,ip,kind\n2016-01-01 00:00:00,198.51.0.1,a\n2026-10-31 00:00:00,198.51.0.2,a\n2031-01-01 00:00:00,::1,a\n"
    )
    taken = taken_in(Store(tmp_path), lookup, data)
    assert [(row.line, row.code) for row in taken.bad] == [(2, "time_range"), (4, "time_range")]
    assert taken.kept == 1


def test_a_row_without_a_time_was_seen_on_the_day_of_its_report_or_when_it_came(tmp_path: Path, lookup: Lookup) -> None:
    store, data = Store(tmp_path), b"time,ip,kind\n,198.51.0.1,a\n"
    taken_in(store, lookup, data)
    taken_in(store, lookup, data + b",198.51.0.2,a\n", name="plain.csv")
    found = store.observations(DAY, date(2026, 11, 1)).sort_by("observed_at").to_pylist()
    assert found[0]["observed_at"] == datetime(2026, 10, 31, tzinfo=UTC)
    assert {row["observed_at"] for row in found[1:]} == {RECEIVED}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_reports_in_other_encodings_are_read(tmp_path: Path, lookup: Lookup, encoding: str) -> None:
    assert taken_in(Store(tmp_path), lookup, report_of(20).decode().encode(encoding)).kept == 20


def test_a_column_that_is_new_is_told_once(tmp_path: Path, lookup: Lookup) -> None:
    data = report_of(9_000).replace(b"time,ip,kind\n", b"time,ip,kind,colour\n")
    taken = taken_in(Store(tmp_path), lookup, data, settings={"block": 1 << 16})
    assert list(taken.drifts) == [("new", "colour")]
    assert taken.kept == 9_000


def test_a_line_without_end_takes_no_more_memory_than_a_block(tmp_path: Path, lookup: Lookup) -> None:
    endless = gzip.compress(b"time,ip,kind\n" + b"x" * 200_000_000 + b"\n" + report_of(2).partition(b"\n")[2], 1)
    tracemalloc.start()
    try:
        taken = taken_in(Store(tmp_path), lookup, endless, settings={"block": 1 << 20})
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (taken.kept, taken.quarantined) == (2, 1)
    assert peak < 64 * 1024 * 1024


def zipped(members: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return whole.getvalue()
