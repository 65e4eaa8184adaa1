"""From the bytes of a raw file to routed observations in the lake: pure work on chunks, without the database.

Every step sees one chunk at a time, so that a file of any size takes the same memory, and gives the same rows whenever
it is run again: times come from the file, or from when it was received, never from the clock.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sipar.eventstore.layout import Part
from sipar.eventstore.store import Store
from sipar.executors.ahead import ahead
from sipar.exposure.folding import FOLDED
from sipar.exposure.hashing import finding_keys, row_hashes
from sipar.exposure.observations import ADDED, SCHEMA
from sipar.feeds.lines import as_utf8
from sipar.feeds.reading import BadRow, Chunk, DriftSeen, Reader, Report
from sipar.feeds.seen import SeenRows
from sipar.feeds.unpacking import HEAD, unpacked
from sipar.formats.problems import FormatProblem
from sipar.routing.columns import whole
from sipar.routing.lookup import Lookup
from sipar.routing.route import route

# Rows that a batch keeps for people to look at; all are counted.
MAX_KEPT_BAD = 1_000
MAX_DRIFTS = 200
# Clocks of sensors run ahead; nothing is seen the day after tomorrow.
AHEAD = timedelta(days=2)
# Tables that wait to be folded, so that reading goes on meanwhile: about 10 MB each.
_BEHIND = 8


@dataclass(frozen=True, kw_only=True)
class Work:
    """What to read and how. `received_at` is when the file came; rows older than `keep_days` before it are refused."""

    source: str
    raw: str
    name: str
    size: int
    received_at: datetime
    keep_days: int
    reader: Reader
    settings: Mapping[str, Any]


@dataclass
class Taken:
    """What came of it. `kept` went into the lake, of which `routed` have an organisation and `unclaimed` have none.

    `day` and `complete` are what the report says of itself, the first and last day those of its rows.
    """

    report_type: str = ""
    complete: bool | None = None
    day: date | None = None
    rows: int = 0
    kept: int = 0
    duplicates: int = 0
    quarantined: int = 0
    routed: int = 0
    recoded: int = 0
    first_day: date | None = None
    last_day: date | None = None
    bad: list[BadRow] = field(default_factory=list)
    drifts: dict[tuple[str, str], DriftSeen] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    @property
    def unclaimed(self) -> int:
        return self.kept - self.routed

    def note(self, chunk: Chunk) -> None:
        """Count a chunk as its reader gave it."""
        self.rows += chunk.table.num_rows + chunk.refused
        self.recoded += chunk.recoded
        self.refuse(chunk.bad, chunk.more_bad)
        for drift in chunk.drifts:
            if len(self.drifts) < MAX_DRIFTS:
                self.drifts.setdefault((drift.kind, drift.column), drift)

    def refuse(self, bad: Sequence[BadRow], more: int = 0) -> None:
        self.quarantined += len(bad) + more
        self.bad.extend(bad[: max(MAX_KEPT_BAD - len(self.bad), 0)])


def take_in(
    file: BinaryIO,
    work: Work,
    *,
    lookup: Lookup,
    store: Store,
    fold: Callable[[pa.Table], object] = lambda _table: None,
    tell: Callable[[Taken], object] = lambda _taken: None,
) -> Taken:
    """Read, deduplicate, route and store a raw file. `tell` hears how far it is, in the caller's thread.

    So does `fold`, which is given the columns `exposure.folding.FOLDED` of every row that is kept, a table at a time.
    The file begins where it stands and can seek. Running it again writes the same parts over the old ones. Raises
    FormatProblem where the file cannot be read at all: nothing of it counts then, and the caller removes the parts.
    """
    taken = Taken()
    seen = _SeenBefore(store, work)

    def routed() -> Iterator[pa.Table]:
        for chunk in ahead(_chunks(file, work, taken)):
            taken.note(chunk)
            table = _within_time(chunk.table, work, taken)
            rows = row_hashes(table)
            first = seen.add(table, rows)
            taken.duplicates += len(first) - int(first.sum())
            if not first.all():
                mask = pa.array(first)
                table, rows = table.filter(mask), rows.filter(mask)
            if table.num_rows:
                yield _routed(table, rows, work, lookup, taken)

    def written() -> Iterator[pa.Table]:
        for table in ahead(routed()):
            writer.add(table)
            yield table.select(FOLDED)

    # Reading, routing and writing are threads of their own: each works on its own chunk. Only the last one, the
    # caller's, may ask the database: a connection that another thread opens is closed by nobody. It folds many tables
    # at a time, and is behind meanwhile.
    with store.writer(work.source, work.raw) as writer, closing(ahead(written(), depth=_BEHIND)) as tables:
        for table in tables:
            fold(table)
            tell(taken)
        taken.parts = writer.finish()
    return taken


def _chunks(file: BinaryIO, work: Work, taken: Taken) -> Iterator[Chunk]:
    """The chunks of every plain file inside the raw one; a member that is no report is refused as one row."""
    refused: FormatProblem | None = None
    recognised = 0
    for name, plain in unpacked(work.name, file, size=work.size):
        stream = _peekable(plain)
        stream = _peekable(as_utf8(stream, stream.peek(HEAD)[:HEAD]))
        head = stream.peek(HEAD)[:HEAD]
        try:
            report = work.reader.recognise(name, head, work.settings)
        except FormatProblem as problem:
            refused = refused or problem
            taken.rows += 1
            taken.refuse([BadRow(1, "", "member", f"{name}: {problem.sentence}"[:300])])
            continue
        recognised += 1
        taken.report_type = taken.report_type or report.type[:80]
        taken.day = taken.day or report.day
        if report.complete is not None:
            taken.complete = report.complete if taken.complete is None else taken.complete and report.complete
        for chunk in work.reader.read(cast("BinaryIO", stream), report, work.settings):
            yield _dated(chunk, report, work)
    if refused is not None and not recognised:
        raise refused


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast("io.RawIOBase", stream), buffer_size=1024 * 1024)


def _dated(chunk: Chunk, report: Report, work: Work) -> Chunk:
    """Rows without a time were seen on the day of the report, or when it came where it names none."""
    times = chunk.table["observed_at"]
    if not times.null_count:
        return chunk
    moment = work.received_at if report.day is None else datetime.combine(report.day, time(), UTC)
    place = chunk.table.schema.get_field_index("observed_at")
    filled = pc.fill_null(times, pa.scalar(moment, times.type))
    table = chunk.table.set_column(place, chunk.table.schema.field(place), filled)
    return Chunk(table, chunk.bad, chunk.drifts, chunk.more_bad, chunk.recoded)


def _within_time(table: pa.Table, work: Work, taken: Taken) -> pa.Table:
    """The rows that were seen between what the lake keeps and tomorrow; the others go to quarantine."""
    times = table["observed_at"]
    if not table.num_rows:
        return table
    oldest = datetime.combine(work.received_at.date() - timedelta(days=work.keep_days), time(), UTC)
    newest = work.received_at + AHEAD
    span = pc.min_max(times)
    if oldest <= span["min"].as_py() and span["max"].as_py() <= newest:
        return table
    good = pc.and_(
        pc.greater_equal(times, pa.scalar(oldest, times.type)), pc.less_equal(times, pa.scalar(newest, times.type))
    )
    wrong = table.filter(pc.invert(good))
    shown = wrong.slice(0, MAX_KEPT_BAD)
    bad = [
        BadRow(line or 0, "observed_at", "time_range", moment.isoformat())
        for line, moment in zip(shown["line"].to_pylist(), shown["observed_at"].to_pylist(), strict=True)
    ]
    taken.refuse(bad, wrong.num_rows - len(bad))
    return table.filter(good)


def _routed(table: pa.Table, rows: pa.Array, work: Work, lookup: Lookup, taken: Taken) -> pa.Table:
    """The rows with everything that `ADDED` says of them."""
    days = table["observed_at"].cast(pa.date32())
    found = route(
        lookup,
        ip=whole(table["ip"]),
        hostname=whole(table["hostname"]),
        asn=whole(table["asn"]),
        country=whole(table["country"]),
        day=whole(days),
    )
    count = table.num_rows
    added = {"source": _same(work.source, count), "raw": _same(work.raw, count), "row": rows} | found.columns()
    for name, array in added.items():
        wanted = ADDED.field(name)
        table = table.append_column(wanted, array if array.type == wanted.type else array.cast(wanted.type))
    table = table.append_column(ADDED.field("key"), finding_keys(table)).select(SCHEMA.names)
    taken.kept += count
    taken.routed += count - table["organisation"].null_count
    span = pc.min_max(days)
    first, last = span["min"].as_py(), span["max"].as_py()
    taken.first_day = first if taken.first_day is None else min(first, taken.first_day)
    taken.last_day = last if taken.last_day is None else max(last, taken.last_day)
    return table


def _same(word: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word]))


class _SeenBefore:
    """The rows that count already: earlier in this file, or in the lake from the same source on the same day."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        self._rows = SeenRows()
        self._days: set[date] = set()

    def add(self, table: pa.Table, rows: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of these are there for the first time."""
        days = pc.unique(table["observed_at"].cast(pa.date32())).to_pylist()
        for day in sorted(set(days) - self._days):
            self._days.add(day)
            for kept in self._kept(day):
                self._rows.add(kept)
        return self._rows.add(rows)

    def _kept(self, day: date) -> Iterator[pa.Array]:
        kept = self._store.observations(day, day, columns=["row", "raw"], where={"source": [self._work.source]})
        others = kept.filter(pc.not_equal(kept["raw"].cast(pa.string()), self._work.raw))
        yield from others["row"].chunks
