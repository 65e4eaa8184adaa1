"""Daily counts beside the observations, so that a page over a hundred million of them reads thousands of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sipar.eventstore import layout

SUMMARY = pa.schema([
    ("day", pa.date32()),
    ("source", pa.string()),
    ("kind", pa.string()),
    ("classification", pa.string()),
    ("severity", pa.int8()),
    ("organisation", pa.int64()),
    ("team", pa.int64()),
    ("rows", pa.int64()),
    ("assets", pa.int64()),
])  # fmt: skip
BY = ("kind", "classification", "severity", "organisation", "team")
_COVERS = b"sipar.covers"


class Tally:
    """Counts observations table by table; distinct assets are exact over all that was added."""

    def __init__(self) -> None:
        self._seen: list[pl.DataFrame] = []

    def add(self, table: pa.Table) -> None:
        words = table.select(BY)
        frame = pl.from_arrow(words)
        assert isinstance(frame, pl.DataFrame)
        # Half of the 128-bit key tells the assets of one day apart.
        keys = pl.Series("asset", _first_words(table["key"]))
        frame = frame.with_columns(pl.col("kind", "classification").cast(pl.String), keys)
        self._seen.append(frame.group_by(*BY, "asset").len("rows"))

    def table(self, day: date, source: str) -> pa.Table:
        """The summary of what was added, sorted by organisation."""
        if not self._seen:
            return SUMMARY.empty_table()
        counted = (
            pl.concat(self._seen)
            .group_by(*BY)
            .agg(pl.col("rows").sum().cast(pl.Int64), pl.col("asset").n_unique().cast(pl.Int64).alias("assets"))
            .with_columns(pl.lit(day).alias("day"), pl.lit(source).alias("source"))
            .sort("organisation", "kind", "severity", "team", "classification")
        )
        return counted.select(SUMMARY.names).to_arrow().cast(SUMMARY)


def write(root: Path, day: date, source: str, stem: str, table: pa.Table) -> None:
    """Put the summary of a part in place, before the part itself counts."""
    with layout.placed(_place(root, day, source) / f"{stem}.parquet") as half:
        parquet.write_table(table, half, compression="zstd", row_group_size=65_536)


def read(root: Path, first: date, last: date, where: Mapping[str, Sequence[object]]) -> pa.Table:
    """The summaries of these days, from the months' files where those are still right."""
    from sipar.eventstore.reading import _condition

    unknown = sorted(set(where) - set(SUMMARY.names))
    if unknown:
        raise ValueError(f"a summary has no column {', '.join(unknown)}")
    chosen = _condition(where)
    sources = [str(source) for source in where.get("source", ())] or None
    wanted = {(day, source): tuple(stems) for day, source, stems in _standing(root, first, last, sources)}
    found: list[pa.Table] = []
    for month in sorted({day.replace(day=1) for day, _ in wanted}):
        path = _rolled(root, month)
        covers = _covers(path)
        right = {pair for pair, stems in wanted.items() if covers.get(pair) == stems}
        if not right:
            continue
        rows = parquet.read_table(path, filters=chosen, partitioning=None).cast(SUMMARY)
        found.append(_only(rows, right, covered=len(covers)))
        wanted = {pair: stems for pair, stems in wanted.items() if pair not in right}
    for (day, source), stems in wanted.items():
        found.extend(
            parquet.read_table(_place(root, day, source) / f"{stem}.parquet", filters=chosen, partitioning=None).cast(
                SUMMARY
            )
            for stem in stems
        )
    return pa.concat_tables(found) if found else SUMMARY.empty_table()


def roll(root: Path, month: date) -> None:
    """Put all summaries of a month into one file, sorted by organisation, that says what it was made of."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    covers = {(day, source): tuple(stems) for day, source, stems in _standing(root, first, last, None)}
    if not covers or covers == _covers(_rolled(root, first)):
        return
    tables = [
        parquet.read_table(_place(root, day, source) / f"{stem}.parquet", partitioning=None).cast(SUMMARY)
        for (day, source), stems in covers.items()
        for stem in stems
    ]
    table = pa.concat_tables(tables)
    owners = pc.fill_null(table["organisation"], -1).to_numpy()
    table = table.take(pa.array(np.argsort(owners, kind="stable")))
    said = json.dumps([[day.isoformat(), source, list(stems)] for (day, source), stems in covers.items()])
    with layout.placed(_rolled(root, first)) as half:
        parquet.write_table(
            table.replace_schema_metadata({_COVERS: said.encode()}), half, compression="zstd", row_group_size=16_384
        )


def sweep(root: Path, *, limit: float) -> int:
    """Remove the summaries of parts that no longer count, and halves, where they are older than `limit`."""
    gone = 0
    for place in (root / layout.SUMMARIES).glob("day=*/source=*"):
        day, source = date.fromisoformat(place.parent.name[4:]), place.name[7:]
        counting = set(_stems(layout.folder(root, layout.OBSERVATIONS, day, source)))
        for path in list(place.iterdir()):
            if (path.name.startswith(".") or path.stem not in counting) and path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _standing(
    root: Path, first: date, last: date, sources: Sequence[str] | None
) -> Iterator[tuple[date, str, list[str]]]:
    """Day, source and the names of the summaries that count."""
    for day, source, place in layout.partitions(root, first, last, sources=sources):
        stems = _stems(place)
        if stems:
            yield day, source, stems


def _stems(place: Path) -> list[str]:
    """The parts of one raw file have one summary; a merged file has its own."""
    found = {f"raw-{raw}" if (raw := layout.raw_of(name)) else Path(name).stem for name in layout.names(place)}
    return sorted(found)


def _only(rows: pa.Table, right: set[tuple[date, str]], *, covered: int) -> pa.Table:
    if len(right) == covered:
        return rows
    pairs = pl.DataFrame(sorted(right), schema={"day": pl.Date, "source": pl.String}, orient="row")
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame.join(pairs, on=["day", "source"], how="semi").to_arrow().cast(SUMMARY)


def _covers(path: Path) -> dict[tuple[date, str], tuple[str, ...]]:
    try:
        metadata = parquet.read_metadata(path).metadata or {}
    except FileNotFoundError:
        return {}
    return {(date.fromisoformat(day), source): tuple(stems) for day, source, stems in json.loads(metadata[_COVERS])}


def _rolled(root: Path, month: date) -> Path:
    return root / layout.ROLLED / f"{month:%Y-%m}.parquet"


def _place(root: Path, day: date, source: str) -> Path:
    return layout.folder(root, layout.SUMMARIES, day, source)


def _first_words(keys: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    chunks = [chunk for chunk in keys.chunks if len(chunk)]
    words = [np.frombuffer(chunk.buffers()[1], "<u8", 2 * len(chunk), chunk.offset * 16)[::2] for chunk in chunks]
    return np.concatenate(words) if words else np.zeros(0, np.uint64)
