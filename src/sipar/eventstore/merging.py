"""Making one sorted file of the many parts of a day and source, in bounded memory and safe against a crash."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import parquet

from sipar.eventstore import layout, summaries
from sipar.exposure.observations import SCHEMA

SLICE_ROWS = 400_000
STRETCH_GROUP_ROWS = 16_384


def merge(root: Path, day: date, source: str) -> bool:
    """Merge a partition unless it is one sorted file already; whether it did. Call inside `layout.locked`."""
    place = layout.folder(root, layout.OBSERVATIONS, day, source)
    names = layout.names(place)
    if not names or (len(names) == 1 and layout.raw_of(names[0]) is None):
        return False
    _replace(root, day, source, names, without=None)
    return True


def cut(root: Path, day: date, source: str, raw: str) -> None:
    """Take the rows of a raw file out of the merged file that holds them. Call inside `layout.locked`."""
    place = layout.folder(root, layout.OBSERVATIONS, day, source)
    for name in layout.names(place):
        if layout.raw_of(name) is None and raw in layout.raws_of(place / name):
            # What the merged file replaced may still lie there, and would count again.
            for stale in place.glob(f"raw-{raw}-*.parquet"):
                stale.unlink()
            _replace(root, day, source, [name], without=raw)


def sweep(root: Path, *, older_than: float) -> int:
    """Remove replaced files, and halves that dead writers left, that are older than so many seconds."""
    gone = 0
    # A file is replaced since the merged one beside it came, so the age that counts is that of the merged file.
    limit = time.time() - older_than
    for place in (root / layout.OBSERVATIONS).glob("day=*/source=*"):
        counting = set(layout.names(place))
        merged = [place / name for name in counting if name.startswith("merged-")]
        settled = all(path.stat().st_mtime < limit for path in merged)
        for path in list(place.iterdir()):
            half = path.name.startswith(".") and path.stat().st_mtime < limit
            if half or (settled and not path.name.startswith(".") and path.name not in counting):
                path.unlink(missing_ok=True)
                gone += 1
    for hidden in (root / layout.OBSERVATIONS).glob("day=*/.source=*"):
        shutil.rmtree(hidden, ignore_errors=True)
    return gone + summaries.sweep(root, limit=limit)


def _replace(root: Path, day: date, source: str, names: Sequence[str], *, without: str | None) -> None:
    """Put one file in the place of `names`, all rows kept but those of the raw file `without`."""
    place = layout.folder(root, layout.OBSERVATIONS, day, source)
    paths = [place / name for name in names]
    lying = {path.name for path in place.glob("*.parquet")}
    replaced = sorted({*names, *(old for path in paths for old in layout.replaced_by(path) if old in lying)})
    raws = {raw for path in paths for raw in layout.raws_of(path)} - {without}
    stem = "merged-" + sha256(json.dumps([replaced, without]).encode()).hexdigest()[:32]
    said = {layout.REPLACES: json.dumps(replaced).encode(), layout.RAWS: json.dumps(sorted(raws)).encode()}
    tally, rows = summaries.Tally(), 0
    with layout.placed(place / f"{stem}.parquet") as half, _passable(place, paths) as sources:
        with parquet.ParquetWriter(half, SCHEMA.with_metadata(said), **layout.OPTIONS) as writer:
            for table in _slices(sources, without):
                writer.write_table(table, row_group_size=layout.GROUP_ROWS)
                tally.add(table)
                rows += table.num_rows
        _require_all(paths, rows, without)
        summaries.write(root, day, source, stem, tally.table(day, source))


@contextlib.contextmanager
def _passable(place: Path, paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same rows in files of which little is read for a few organisations; call it for the time of the merge.

    Parts hold rows as they came. Where those are more than one slice, they are put into one file of sorted stretches,
    in small row groups, so that a slice reads its own of them and not every part again.
    """
    parts = [path for path in paths if layout.raw_of(path.name)]
    if sum(parquet.read_metadata(path).num_rows for path in parts) <= SLICE_ROWS:
        yield list(paths)
        return
    stretches = layout.half_of(place / "stretches.parquet")
    try:
        with parquet.ParquetWriter(stretches, SCHEMA, **layout.QUICK_OPTIONS) as writer:
            for table in _gathered(_dataset(parts).to_batches(batch_size=layout.GROUP_ROWS), SLICE_ROWS):
                writer.write_table(by_organisation(table), row_group_size=STRETCH_GROUP_ROWS)
        yield [*(path for path in paths if path not in parts), stretches]
    finally:
        stretches.unlink(missing_ok=True)


def _gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The batches in tables of at least so many rows each, but for the last."""
    from sipar.eventstore.reading import as_schema

    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(as_schema(pa.Table.from_batches([batch])))
        if sum(table.num_rows for table in waiting) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def by_organisation(table: pa.Table) -> pa.Table:
    """The rows sorted by organisation, nobody's first; rows of one organisation keep their order."""
    owners = pc.fill_null(table["organisation"], -1).to_numpy()
    if np.all(owners[:-1] <= owners[1:]):
        return table
    return table.unify_dictionaries().take(pa.array(np.argsort(owners, kind="stable")))


def _require_all(paths: Sequence[Path], rows: int, without: str | None) -> None:
    """The last look before the old files stop counting."""
    expected = sum(parquet.read_metadata(path).num_rows for path in paths)
    if without is not None:
        expected -= sum(_dataset([path]).count_rows(filter=ds.field("raw") == without) for path in paths)
    if rows != expected:
        raise RuntimeError(f"merging {paths[0].parent} kept {rows} of {expected} rows; nothing was replaced")


def _slices(paths: Sequence[Path], without: str | None) -> Iterator[pa.Table]:
    """All rows sorted by organisation, nobody's first, about `SLICE_ROWS` at a time."""
    from sipar.eventstore.reading import as_schema

    data = _dataset(paths)
    kept = None if without is None else ds.field("raw") != without
    owner = ds.field("organisation")
    for low, high in _ranges(data):
        chosen = owner.is_null() if low is None else (owner >= low) & (owner <= high)
        chosen = chosen if kept is None else chosen & kept
        if low == high:
            # One owner's rows need no sorting, and may be many.
            batches = data.to_batches(filter=chosen, batch_size=layout.GROUP_ROWS)
            yield from _gathered(batches, layout.GROUP_ROWS)
            continue
        table = data.to_table(filter=chosen)
        if table.num_rows:
            yield by_organisation(as_schema(table))


def _ranges(data: ds.Dataset) -> Iterator[tuple[int | None, int | None]]:
    """Ranges of organisations with about `SLICE_ROWS` rows each; (None, None) for the rows that nobody owns."""
    column = data.to_table(columns=["organisation"])["organisation"]
    if column.null_count:
        yield None, None
    owners, counts = np.unique(pc.drop_null(column).to_numpy(), return_counts=True)
    if not len(owners):
        return
    slices = np.cumsum(counts) // SLICE_ROWS
    firsts = np.flatnonzero(np.diff(slices, prepend=-1))
    for begin, end in zip(firsts, [*firsts[1:], len(owners)], strict=True):
        yield int(owners[begin]), int(owners[end - 1])


def _dataset(paths: Sequence[Path]) -> ds.Dataset:
    return ds.dataset([str(path) for path in paths], format="parquet")
