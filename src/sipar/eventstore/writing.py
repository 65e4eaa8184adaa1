"""Writing one raw file into the lake: sorted parts in bounded memory, then all of them put in place."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
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

# Large enough to compress well, small enough that sorting one stays cheap: the night's compaction makes one of them.
PART_ROWS = 131_072
PART_BYTES = 256 * 1024 * 1024
GROUP_ROWS = 65_536
_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)


def write_file(path: Path, table: pa.Table, *, metadata: dict[bytes, bytes] | None = None) -> None:
    """One Parquet file of sorted row groups; the lake's compression and statistics."""
    schema = table.schema.with_metadata(metadata) if metadata else table.schema
    with parquet.ParquetWriter(path, schema, **OPTIONS) as writer:
        writer.write_table(table, row_group_size=GROUP_ROWS)


# Statistics serve the columns that queries prune by; hashes and texts would only swell the footer.
OPTIONS = {
    "compression": "zstd",
    "compression_level": 1,
    "write_statistics": ["organisation", "team", "observed_at", "severity", "kind"],
    "use_dictionary": [
        "kind", "classification", "protocol", "country", "source", "raw", "shared", "lookup", "product", "tag",
        "malware", "cves", "asn", "organisation", "team", "claim", "port", "severity", "rank",
    ],
}  # fmt: skip


def by_organisation(table: pa.Table) -> pa.Table:
    """The rows sorted by organisation, nobody's first; rows of one organisation keep their order."""
    owners = pc.fill_null(table["organisation"], -1).to_numpy()
    if np.all(owners[:-1] <= owners[1:]):
        return table
    return table.take(pa.array(np.argsort(owners, kind="stable")))


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


class Writer:
    """Takes tables in any order and puts sorted parts in place at `finish`; leaves nothing where it fails before."""

    def __init__(self, root: Path, source: str, raw: str) -> None:
        self.root, self.source, self.raw = root, source, raw
        self._waiting: dict[date, list[pa.Table]] = defaultdict(list)
        self._written: dict[date, list[tuple[Path, int]]] = defaultdict(list)
        self._counted: dict[date, summaries.Tally] = defaultdict(summaries.Tally)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for halves in self._written.values():
            for half, _ in halves:
                half.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take rows of any days; parts that grow large go to disk at once."""
        if not table.num_rows:
            return
        rows = conform(table)
        self._require_own(rows)
        numbers = pc.cast(rows["observed_at"], pa.int64()).to_numpy() // _DAY
        for number in np.unique(numbers):
            day = _EPOCH + timedelta(days=int(number))
            chosen = rows if numbers[0] == numbers[-1] and np.all(numbers == number) else rows.filter(numbers == number)
            self._waiting[day].append(chosen)
            if _is_large(self._waiting[day]):
                self._flush(day)

    def finish(self) -> tuple[Part, ...]:
        """Put everything in place and return the parts, oldest day first."""
        for day in list(self._waiting):
            self._flush(day)
        known = written_days(self.root, self.source, self.raw)
        remember(self.root, self.source, self.raw, known | set(self._written))
        parts = [part for day in sorted(known | set(self._written)) for part in self._put(day)]
        remember(self.root, self.source, self.raw, set(self._written))
        return tuple(parts)

    def _require_own(self, rows: pa.Table) -> None:
        for column, own in (("source", self.source), ("raw", self.raw)):
            said = pc.unique(rows[column].cast(pa.string())).to_pylist()
            if said != [own]:
                raise ValueError(f"rows of {said} cannot be written as {column} {own}")
        if rows["observed_at"].null_count:
            raise ValueError("an observation needs the time when it was seen")

    def _flush(self, day: date) -> None:
        tables = self._waiting.pop(day)
        table = by_organisation(pa.concat_tables(tables).unify_dictionaries())
        place = layout.folder(self.root, layout.OBSERVATIONS, day, self.source)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = len(self._written[day])
        half = layout.half_of(place / layout.part_name(self.raw, number))
        self._written[day].append((half, table.num_rows))
        write_file(half, table)
        layout.sync_file(half)
        self._counted[day].add(table)

    def _put(self, day: date) -> list[Part]:
        """Replace what the raw file had on this day by what it has now."""
        place = layout.folder(self.root, layout.OBSERVATIONS, day, self.source)
        halves = self._written.get(day, [])
        parts = []
        with layout.locked(self.root, day, self.source):
            merging.cut(self.root, day, self.source, self.raw)
            if halves:
                summaries.write(
                    self.root, day, self.source, f"raw-{self.raw}", self._counted[day].table(day, self.source)
                )
            for number, (half, rows) in enumerate(halves):
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
            if not halves:
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


def _is_large(tables: list[pa.Table]) -> bool:
    rows, size = sum(table.num_rows for table in tables), sum(int(table.nbytes) for table in tables)
    return rows >= PART_ROWS or size >= PART_BYTES
