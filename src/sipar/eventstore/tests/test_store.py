"""What the lake promises: whole, once, sorted, found again, and gone when its time is over."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from sipar.eventstore import layout, merging, writing
from sipar.eventstore.layout import Part
from sipar.eventstore.store import Store
from sipar.exposure.observations import SCHEMA
from sipar.exposure.tests.observed import SEEN, observed

A, B, C = "a" * 64, "b" * 64, "c" * 64
FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
DAY = timedelta(days=1)


def rows(raw: str, count: int = 12, *, days: int = 1, source: str = "sensor", start: int = 0) -> pa.Table:
    """`count` observations of seven organisations and nobody, over so many days."""
    return observed(
        [
            {
                "observed_at": SEEN + (number % days) * DAY,
                "port": number + 1,
                "organisation": (number * 5) % 8 or None,
                "tag": f"{number}",
            }
            for number in range(start, start + count)
        ],
        raw=raw,
        source=source,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lake")


def hashes(store: Store, *, first: date = FIRST, last: date = SECOND) -> Counter[bytes]:
    return Counter(store.observations(first, last, columns=["row"])["row"].to_pylist())


def test_what_is_written_is_read_in_the_same_types(store: Store) -> None:
    table = rows(A, days=2)
    store.write("sensor", A, [table])
    found = store.observations(FIRST, SECOND)
    assert found.schema.equals(SCHEMA)
    assert sorted(found.to_pylist(), key=lambda row: row["line"]) == table.to_pylist()


def test_parts_say_what_they_hold(store: Store) -> None:
    parts = store.write("sensor", A, [rows(A, days=2)])
    assert [(part.day, part.source, part.raw, part.rows) for part in parts] == [
        (FIRST, "sensor", A, 6),
        (SECOND, "sensor", A, 6),
    ]
    assert all((store.root / part.path).stat().st_size == part.size for part in parts)
    assert [Part.of(part.document()) for part in parts] == list(parts)
    assert store.observations(FIRST, FIRST, where={"raw": [A]})["observed_at"].to_pylist() == [SEEN] * 6


def test_a_day_ends_at_midnight_utc(store: Store) -> None:
    midnight = SEEN.replace(hour=0)
    store.write(
        "sensor", A, [observed([{"observed_at": midnight}, {"observed_at": midnight - timedelta(microseconds=1)}])]
    )
    assert [day.isoformat() for day in store.days()] == ["2026-09-30", "2026-10-01"]


def test_writing_a_raw_file_again_changes_nothing(store: Store) -> None:
    first = store.write("sensor", A, [rows(A, days=2)])
    names = sorted(path.relative_to(store.root) for path in store.root.rglob("*.parquet"))
    assert store.write("sensor", A, [rows(A, days=2)]) == first
    assert sorted(path.relative_to(store.root) for path in store.root.rglob("*.parquet")) == names


def test_a_raw_file_that_says_less_now_leaves_nothing_behind(store: Store) -> None:
    store.write("sensor", A, [rows(A, days=2)])
    parts = store.write("sensor", A, [rows(A, 3)])
    assert [part.day for part in parts] == [FIRST]
    assert store.observations(FIRST, SECOND).num_rows == 3
    assert store.summary(FIRST, SECOND)["rows"].to_pylist() == [1] * 3


def test_a_file_that_fails_in_the_middle_changes_nothing(store: Store) -> None:
    store.write("sensor", A, [rows(A, 3)])

    def tables() -> Any:
        yield rows(A, 10)
        raise OSError("the disk of the reader")

    with pytest.raises(OSError, match="of the reader"):
        store.write("sensor", A, tables())
    assert store.observations(FIRST, SECOND).num_rows == 3
    assert not list(store.root.rglob(".*"))


def test_removing_a_raw_file_leaves_the_others(store: Store) -> None:
    store.write("sensor", A, [rows(A)])
    store.write("sensor", B, [rows(B, start=50)])
    store.remove(A)
    assert set(store.observations(FIRST, SECOND)["raw"].to_pylist()) == {B}
    store.remove(A)


def test_removing_a_raw_file_from_one_source_keeps_it_in_another(store: Store) -> None:
    store.write("sensor", A, [rows(A)])
    store.write("other", A, [rows(A, source="other")])
    store.remove(A, source="other")
    assert set(store.observations(FIRST, SECOND)["source"].to_pylist()) == {"sensor"}


@pytest.mark.parametrize(
    ("source", "raw"), [("../up", A), ("a/b", A), ("", A), ("sensor", "../" + A), ("sensor", "A" * 64), ("sensor", "")]
)
def test_names_that_are_no_names_are_refused(store: Store, source: str, raw: str) -> None:
    with pytest.raises(ValueError, match="named by"):
        store.write(source, raw, [])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"raw": B}, "cannot be written as raw"), ({"source": "other"}, "as source"), ({"observed_at": None}, "the time")],
)
def test_rows_of_another_file_or_without_a_time_are_refused(
    store: Store, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        store.write("sensor", A, [observed([{"raw": A, **change}])])
    assert store.days() == []


def test_an_unknown_column_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no column colour"):
        store.write("sensor", A, [rows(A).append_column("colour", pa.array(["red"] * 12))])
    with pytest.raises(ValueError, match="no column colour"):
        store.observations(FIRST, SECOND, columns=["colour"])
    with pytest.raises(ValueError, match="no column colour"):
        store.observations(FIRST, SECOND, where={"colour": ["red"]})


def test_conditions_choose_rows_null_included(store: Store) -> None:
    store.write("sensor", A, [rows(A, 16)])
    store.write("other", B, [rows(B, 16, source="other")])
    where: dict[str, list[object]] = {"organisation": [5, None], "source": ["sensor"]}
    found = store.observations(FIRST, SECOND, columns=["organisation", "source"], where=where)
    assert Counter(found["organisation"].to_pylist()) == {5: 2, None: 2}
    assert set(found["source"].to_pylist()) == {"sensor"}
    by_duckdb = store.relation(FIRST, SECOND, columns=["organisation", "source"], where=where).to_arrow_table()
    assert sorted(map(str, by_duckdb.to_pylist())) == sorted(map(str, found.to_pylist()))
    assert store.observations(FIRST, SECOND, where={"organisation": []}).num_rows == 0


def test_an_empty_lake_answers(store: Store) -> None:
    assert store.observations(FIRST, SECOND).schema.equals(SCHEMA)
    assert store.relation(FIRST, SECOND).to_arrow_table().num_rows == 0
    assert store.summary(FIRST, SECOND).num_rows == store.compact(FIRST) == store.retire("sensor", SECOND) == 0
    assert store.days() == []


@pytest.mark.parametrize("slice_rows", [10_000, 120])
def test_a_merged_day_is_sorted_by_organisation_so_that_row_groups_are_passed_by(
    store: Store, monkeypatch: pytest.MonkeyPatch, slice_rows: int
) -> None:
    monkeypatch.setattr(layout, "GROUP_ROWS", 50)
    monkeypatch.setattr(merging, "SLICE_ROWS", slice_rows)
    monkeypatch.setattr(merging, "STRETCH_GROUP_ROWS", 20)
    store.write("sensor", A, [rows(A, 400).slice(at, 50) for at in range(0, 400, 50)])
    written = hashes(store)
    assert store.compact(FIRST) == 1
    (path,) = store.paths(FIRST, FIRST)
    file = parquet.ParquetFile(path)
    owners = file.read(columns=["organisation"])["organisation"]
    known = pc.fill_null(owners, -1).to_pylist()
    assert known == sorted(known)
    assert hashes(store) == written
    column = SCHEMA.get_field_index("organisation")
    groups = [file.metadata.row_group(number).column(column).statistics for number in range(file.num_row_groups)]
    assert 1 <= sum(group.has_min_max and group.min <= 6 <= group.max for group in groups) <= 2
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


def test_rows_of_many_days_wait_in_bounded_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_ROWS", 30)
    with store.writer("sensor", A) as writer:
        for at in range(0, 120, 12):
            writer.add(rows(A, 12, days=6, start=at))
            assert writer.waiting <= 30
        assert [part.rows for part in writer.finish()] == [20] * 6
    assert hashes(store, last=FIRST + 5 * DAY).total() == 120


def test_a_large_file_goes_to_disk_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ENOUGH_ROWS", 40)
    monkeypatch.setattr(writing, "PART_ROWS", 100)
    parts = store.write("sensor", A, (rows(A, 40, start=at) for at in range(0, 400, 40)))
    assert [part.rows for part in parts] == [120, 120, 120, 40]
    assert hashes(store).total() == len(hashes(store)) == 400
    assert sum(store.summary(FIRST, FIRST)["rows"].to_pylist()) == 400


def test_compaction_makes_one_sorted_file_and_keeps_every_row_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipar.eventstore.merging.SLICE_ROWS", 10)
    for raw, start in ((A, 0), (B, 30), (C, 60)):
        store.write("sensor", raw, [rows(raw, 30, start=start)])
    before, summary = hashes(store), store.summary(FIRST, FIRST).to_pylist()
    assert store.compact(FIRST) == 1
    assert len(store.paths(FIRST, FIRST)) == 1
    assert hashes(store) == before
    assert store.observations(FIRST, FIRST).schema.equals(SCHEMA)
    owners = pc.fill_null(store.observations(FIRST, FIRST)["organisation"], -1).to_pylist()
    assert owners == sorted(owners)
    assert Counter((row["organisation"], row["kind"]) for row in summary for _ in range(row["rows"])) == Counter(
        (row["organisation"], row["kind"])
        for row in store.summary(FIRST, FIRST).to_pylist()
        for _ in range(row["rows"])
    )
    assert store.compact(FIRST) == 0


def test_assets_are_counted_exactly_once_compacted(store: Store) -> None:
    store.write("sensor", A, [rows(A, 5)])
    store.write("sensor", B, [observed([{**row, "tag": "again"} for row in rows(B, 5).to_pylist()])])
    assert sum(store.summary(FIRST, FIRST)["assets"].to_pylist()) == 10
    store.compact(FIRST)
    assert sum(store.summary(FIRST, FIRST)["assets"].to_pylist()) == 5
    assert sum(store.summary(FIRST, FIRST)["rows"].to_pylist()) == 10


def test_replaced_files_stay_for_their_readers_and_are_swept_later(store: Store) -> None:
    for raw, start in ((A, 0), (B, 30)):
        store.write("sensor", raw, [rows(raw, 30, start=start)])
    old = store.paths(FIRST, FIRST)
    store.compact(FIRST)
    assert store.sweep() == 0
    assert all(path.exists() for path in old)
    assert store.sweep(older_than=-1) == 4
    assert not any(path.exists() for path in old)
    assert hashes(store).total() == 60


@pytest.mark.parametrize("swept", [False, True])
def test_a_raw_file_is_written_again_after_it_was_merged(store: Store, *, swept: bool) -> None:
    store.write("sensor", A, [rows(A, 10)])
    store.write("sensor", B, [rows(B, 10, start=30)])
    store.compact(FIRST)
    if swept:
        store.sweep(older_than=-1)
    assert store.observations(FIRST, FIRST, where={"raw": [A]}).num_rows == 10
    assert store.write("sensor", A, [rows(A, 4)])
    assert Counter(store.observations(FIRST, FIRST)["raw"].to_pylist()) == {A: 4, B: 10}
    assert sum(store.summary(FIRST, FIRST)["rows"].to_pylist()) == 14
    store.compact(FIRST)
    store.remove(B)
    assert Counter(store.observations(FIRST, FIRST)["raw"].to_pylist()) == {A: 4}


def test_a_month_of_summaries_is_one_file_until_a_day_changes(store: Store) -> None:
    store.write("sensor", A, [rows(A, 20, days=2)])
    store.write("other", C, [rows(C, 20, days=2, source="other")])
    each = sorted(map(str, store.summary(FIRST, SECOND).to_pylist()))
    store.roll(SECOND)
    assert sorted(map(str, store.summary(FIRST, SECOND).to_pylist())) == each
    assert len(store.summary(FIRST, FIRST).to_pylist()) < len(each)
    assert set(store.summary(FIRST, SECOND, where={"source": ["other"]})["source"].to_pylist()) == {"other"}
    store.write("sensor", B, [rows(B, 5, start=40)])
    assert sum(store.summary(FIRST, SECOND)["rows"].to_pylist()) == 45
    store.roll(FIRST)
    assert sum(store.summary(FIRST, SECOND)["rows"].to_pylist()) == 45
    store.remove(A)
    assert sum(store.summary(FIRST, SECOND)["rows"].to_pylist()) == 25


def test_summaries_say_what_the_rows_say(store: Store) -> None:
    store.write("sensor", A, [rows(A, 40, days=2)])
    found = store.summary(FIRST, SECOND, where={"organisation": [5]}).to_pylist()
    assert [(row["day"], row["organisation"], row["rows"], row["assets"]) for row in found] == [(SECOND, 5, 5, 5)]
    assert {row["classification"] for row in found} == {"potentially-unwanted-accessible"}
    with pytest.raises(ValueError, match="no column port"):
        store.summary(FIRST, SECOND, where={"port": [1]})


def test_old_days_of_a_source_are_retired_with_their_summaries(store: Store) -> None:
    store.write("sensor", A, [rows(A, 20, days=2)])
    store.write("other", C, [rows(C, 20, days=2, source="other")])
    store.roll(FIRST)
    assert store.retire("sensor", SECOND) == 1
    assert {(row["day"], row["source"]) for row in store.summary(FIRST, SECOND).to_pylist()} == {
        (FIRST, "other"), (SECOND, "other"), (SECOND, "sensor"),
    }  # fmt: skip
    assert set(store.observations(FIRST, FIRST)["source"].to_pylist()) == {"other"}
    assert store.retire("other", SECOND) == 1
    assert store.days() == [SECOND]


def test_a_reader_whose_file_goes_away_reads_the_new_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for raw, start in ((A, 0), (B, 30)):
        store.write("sensor", raw, [rows(raw, 30, start=start)])
    listed = layout.names

    def compacted_meanwhile(place: Path) -> list[str]:
        found = listed(place)
        monkeypatch.setattr(layout, "names", listed)
        store.compact(FIRST)
        store.sweep(older_than=-1)
        return found

    monkeypatch.setattr(layout, "names", compacted_meanwhile)
    assert store.observations(FIRST, FIRST).num_rows == 60
