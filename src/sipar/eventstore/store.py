"""The lake as code sees it: write what a raw file said, read days of it, compact, retire."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sipar.eventstore import layout, merging, reading, summaries
from sipar.eventstore.layout import Part
from sipar.eventstore.writing import Writer, take_out

if TYPE_CHECKING:
    import duckdb


def lake() -> Store:
    """The store of this installation, in `SIPAR_VAR/lake`."""
    from django.conf import settings

    return Store(settings.VAR / "lake")


type Where = Mapping[str, Sequence[object]]
"""Column -> the values that it may have; None stands for null. Columns are joined by and."""

GRACE_SECONDS = 3600.0
_TRIES = 5


class Store:
    """Observations as Parquet partitioned by UTC day and source under `root`; safe for many processes.

    A raw file is written as a whole and again without harm. Files are never changed once they are in place.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def write(self, source: str, raw: str, tables: Iterable[pa.Table]) -> tuple[Part, ...]:
        """Keep the observations of one raw file and return its parts, durable, in the order of days.

        `tables` are in the columns of `observations.SCHEMA`, in any order; few of them stand in memory (`writing`).
        What was written from the same raw file before is replaced. Where the tables raise, nothing is changed. Raises
        ValueError where a row says another source or raw file, or has no time.
        """
        with self.writer(source, raw) as writer:
            for table in tables:
                writer.add(table)
            return writer.finish()

    def writer(self, source: str, raw: str) -> Writer:
        """What takes such tables one by one, as a context: nothing is changed before its `finish`."""
        layout.check_source(source), layout.check_raw(raw)
        return Writer(self.root, source, raw)

    def remove(self, raw: str, *, source: str | None = None) -> None:
        """Take everything out that was written from this raw file, of one source or of all that had it."""
        take_out(self.root, layout.check_raw(raw), source=source)

    def observations(
        self, first_day: date, last_day: date, *, columns: Sequence[str] | None = None, where: Where | None = None
    ) -> pa.Table:
        """The observations of these days, both included, in the types of `observations.SCHEMA`."""
        return self._again(lambda: reading.read(self.paths(first_day, last_day, where=where), columns, where or {}))

    def relation(
        self, first_day: date, last_day: date, *, columns: Sequence[str] | None = None, where: Where | None = None
    ) -> duckdb.DuckDBPyRelation:
        """The same rows as a DuckDB relation, read only when it is asked: within `GRACE_SECONDS`.

        Take times out as Arrow (`to_arrow_table`): DuckDB makes Python objects of them only with pytz.
        """
        return reading.relation(self.paths(first_day, last_day, where=where), columns, where or {})

    def paths(self, first_day: date, last_day: date, *, where: Where | None = None) -> list[Path]:
        """The files that hold these days, for engines that read Parquet themselves."""
        sources = [str(source) for source in (where or {}).get("source", ())] or None
        return [
            place / name
            for _, _, place in layout.partitions(self.root, first_day, last_day, sources=sources)
            for name in layout.names(place)
        ]

    def summary(self, first_day: date, last_day: date, *, where: Where | None = None) -> pa.Table:
        """Rows and distinct assets by day, source, kind, classification, severity, organisation and team.

        Until the night's compaction, an asset that two raw files of one source saw on the same day counts twice.
        """
        return self._again(lambda: summaries.read(self.root, first_day, last_day, where or {}))

    def days(self) -> list[date]:
        """The days that the lake has, oldest first."""
        return layout.days(self.root)

    def compact(self, day: date) -> int:
        """Make one file of every partition of a day; returns how many partitions were merged.

        A crash at any moment leaves the old files or the new one in force. Rows are kept exactly once.
        """
        merged = 0
        for _, source, _ in list(layout.partitions(self.root, day, day)):
            with layout.locked(self.root, day, source):
                merged += merging.merge(self.root, day, source)
        return merged

    def roll(self, month: date) -> None:
        """Put the summaries of a month into one file, so that a year of pages opens twelve files."""
        summaries.roll(self.root, month)

    def sweep(self, *, older_than: float = GRACE_SECONDS) -> int:
        """Remove replaced files and halves of dead writers that are older than so many seconds; returns how many."""
        return merging.sweep(self.root, older_than=older_than)

    def retire(self, source: str, before: date) -> int:
        """Remove the days of a source before `before`, and their summaries; returns how many days went."""
        gone = 0
        layout.check_source(source)
        for day, _, place in list(layout.partitions(self.root, date.min, before, sources=[source])):
            if day >= before:
                continue
            with layout.locked(self.root, day, source):
                # One rename takes the whole day out of sight; a crash after it leaves only rubbish to sweep.
                hidden = layout.half_of(place)
                place.rename(hidden)
                shutil.rmtree(hidden, ignore_errors=True)
                gone += 1
            with suppress(OSError):
                place.parent.rmdir()
        return gone

    def _again[Found](self, read: Callable[[], Found]) -> Found:
        """Read again where a file was removed between listing and opening: its rows stand in another one by now."""
        for _ in range(_TRIES - 1):
            with suppress(FileNotFoundError):
                return read()
            time.sleep(0.05)
        return read()
