"""Writing one raw file into the lake: rows as they come, in bounded memory, then all of them put in place."""

from __future__ import annotations

import contextlib
import json
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sipar.eventstore import layout, merging, summaries
from sipar.eventstore.layout import Part
from sipar.exposure.observations import SCHEMA

# Rows stand as they came until the night's merge sorts them: sorted within parts of this size, half of each would
# still be read for any organisation, and every row would be copied for it while a report waits.
PART_ROWS = 131_072
# What waits for a row group: rows and bytes of one day, and rows of all days of a file.
ENOUGH_ROWS, ENOUGH_BYTES, MOST_ROWS = 32_768, 64 * 1024 * 1024, 262_144
_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)


def conform(table: pa.Table) -> pa.Table:
    """The table in the columns, order and types of SCHEMA; a missing column is null. Raises on other columns."""
    unknown = sorted(set(table.column_names) - set(SCHEMA.names))
    if unknown:
        raise ValueError(f"an observation has no column {', '.join(unknown)}")
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in SCHEMA
    ]
    return pa.table(columns, schema=SCHEMA)


class _OneDay:
    """The parts of one day, which nobody sees yet, and the rows that wait to be enough for a row group."""

    def __init__(self, place: Path, raw: str) -> None:
        self.rows = 0
        self.parts: list[tuple[Path, int]] = []
        self.counted = summaries.Tally()
        self._place, self._raw = place, raw
        self._waiting: list[pa.Table] = []
        self._size = 0
        self._file: parquet.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self.rows += table.num_rows
        self._size += int(table.nbytes)
        if self.rows >= ENOUGH_ROWS or self._size >= ENOUGH_BYTES:
            self.write()

    def write(self) -> None:
        """Put what waits into the part that is open; `rows` is none then."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).unify_dictionaries()
        self._waiting, self.rows, self._size = [], 0, 0
        if self._file is None:
            self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
            half = layout.half_of(self._place / layout.part_name(self._raw, len(self.parts)))
            self.parts.append((half, 0))
            self._file = parquet.ParquetWriter(half, SCHEMA, **layout.QUICK_OPTIONS)
        self._file.write_table(table, row_group_size=layout.GROUP_ROWS)
        self.counted.add(table)
        half, before = self.parts[-1]
        self.parts[-1] = half, before + table.num_rows
        if before + table.num_rows >= PART_ROWS:
            self._end_part()

    def close(self) -> None:
        """Write what still waits, and make the last part whole."""
        self.write()
        self._end_part()

    def remove(self) -> None:
        """Remove the parts that were not put in place."""
        for half, _ in self.parts:
            half.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()

    def _end_part(self) -> None:
        """Make the open part whole and durable."""
        if self._file is not None:
            self._file.close()
            self._file = None
            layout.sync_file(self.parts[-1][0])


class Writer:
    """Takes tables in any order and puts parts in place at `finish`; leaves nothing where it fails before."""

    def __init__(self, root: Path, source: str, raw: str) -> None:
        self.root, self.source, self.raw = root, source, raw
        self._days: dict[date, _OneDay] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for day in self._days.values():
            day.remove()

    def add(self, table: pa.Table) -> None:
        """Take rows of any days; they go to disk as soon as they are enough for a row group."""
        if not table.num_rows:
            return
        rows = conform(table)
        self._require_own(rows)
        numbers = pc.cast(rows["observed_at"], pa.int64()).to_numpy() // _DAY
        for number in np.unique(numbers):
            same = numbers == number
            self._day(int(number)).add(rows if same.all() else rows.filter(same))
        while self.waiting > MOST_ROWS:
            max(self._days.values(), key=lambda day: day.rows).write()

    @property
    def waiting(self) -> int:
        """How many rows are in memory."""
        return sum(day.rows for day in self._days.values())

    def finish(self) -> tuple[Part, ...]:
        """Put everything in place and return the parts, oldest day first."""
        for day in self._days.values():
            day.close()
        known = written_days(self.root, self.source, self.raw)
        remember(self.root, self.source, self.raw, known | set(self._days))
        parts = [part for day in sorted(known | set(self._days)) for part in self._put(day)]
        remember(self.root, self.source, self.raw, set(self._days))
        return tuple(parts)

    def _day(self, number: int) -> _OneDay:
        day = _EPOCH + timedelta(days=number)
        if day not in self._days:
            place = layout.folder(self.root, layout.OBSERVATIONS, day, self.source)
            self._days[day] = _OneDay(place, self.raw)
        return self._days[day]

    def _require_own(self, rows: pa.Table) -> None:
        for column, own in (("source", self.source), ("raw", self.raw)):
            said = pc.unique(rows[column].cast(pa.string())).to_pylist()
            if said != [own]:
                raise ValueError(f"rows of {said} cannot be written as {column} {own}")
        if rows["observed_at"].null_count:
            raise ValueError("an observation needs the time when it was seen")

    def _put(self, day: date) -> list[Part]:
        """Replace what the raw file had on this day by what it has now."""
        place = layout.folder(self.root, layout.OBSERVATIONS, day, self.source)
        written = self._days.get(day)
        parts = []
        with layout.locked(self.root, day, self.source):
            merging.cut(self.root, day, self.source, self.raw)
            if written is not None:
                counted = written.counted.table(day, self.source)
                summaries.write(self.root, day, self.source, f"raw-{self.raw}", counted)
            for number, (half, rows) in enumerate(written.parts if written else ()):
                path = place / layout.part_name(self.raw, number)
                half.replace(path)
                parts.append(
                    Part(day, self.source, self.raw, str(path.relative_to(self.root)), rows, path.stat().st_size)
                )
            for stale in place.glob(f"raw-{self.raw}-*.parquet"):
                if stale.name not in {Path(part.path).name for part in parts}:
                    stale.unlink()
            if place.exists():
                layout.sync_folder(place)
            if not written:
                with contextlib.suppress(OSError):
                    place.rmdir()
        return parts


def take_out(root: Path, raw: str, *, source: str | None = None) -> None:
    """Remove every row of a raw file, from parts and merged files; of one source where one is named."""
    for place in list((root / "raws" / raw[:2]).glob(f"{raw}.{source or '*'}.json")):
        Writer(root, place.name.split(".")[1], raw).finish()
        place.unlink()


def written_days(root: Path, source: str, raw: str) -> set[date]:
    """The days of a source that a raw file may stand in; never too few, also after a crash."""
    with contextlib.suppress(FileNotFoundError):
        return {date.fromisoformat(day) for day in json.loads(_memory(root, source, raw).read_text())}
    return set()


def remember(root: Path, source: str, raw: str, days: set[date]) -> None:
    """Note the days before parts are put in place, so that a rewrite finds all of them."""
    with layout.placed(_memory(root, source, raw)) as half:
        half.write_text(json.dumps(sorted(day.isoformat() for day in days)))


def _memory(root: Path, source: str, raw: str) -> Path:
    return root / "raws" / raw[:2] / f"{raw}.{source}.json"
