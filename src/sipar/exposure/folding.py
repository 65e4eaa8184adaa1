"""Observations folded into findings: one row for each organisation and key. Pure, and the order of rows never matters.

Folds of different observations can be merged: first, last, count, days, severity and CVEs come out as if all had been
folded at once, and so does the evidence: of two at the same time, the one counts whose raw file and line come later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipar.exposure.grouping import Groups, grouped

# What a fold reads of each observation.
FOLDED: Final = (
    "line", "observed_at", "kind", "classification", "severity", "ip", "port", "protocol", "hostname", "url", "asn",
    "product", "cves", "malware", "tag", "source", "raw", "key", "organisation", "team", "claim", "shared",
)  # fmt: skip
EVIDENCE: Final = ("raw", "line", "hostname", "url", "product", "malware", "tag")
MOST_CVES, MOST_TEXT = 100, 300
FOLD_ROWS = 250_000
# What an observation does not say. The first two of EVIDENCE are never null, and a quote inside a text has a backslash.
_UNSAID: Final = ',"(?:' + "|".join(EVIDENCE[2:]) + ')":null'
_MOMENT: Final = pl.Datetime("us", "UTC")
# `days` holds the days on which it was seen as numbers since 1970, sorted. `asset` is empty where the finding is of a
# claim whose addresses are shared: the claim's own value is its name, and the register has it.
TALLY: Final = pl.Schema({
    "organisation": pl.Int64(), "key": pl.Binary(), "team": pl.Int64(), "kind": pl.String(),
    "classification": pl.String(), "severity": pl.Int8(), "asset": pl.String(), "shared": pl.String(),
    "claim": pl.Int64(), "source": pl.String(), "cves": pl.List(pl.String()), "first_seen": _MOMENT,
    "last_seen": _MOMENT, "count": pl.Int64(), "days": pl.List(pl.Int32()), "evidence": pl.String(),
    "raw": pl.String(), "line": pl.Int64(),
})  # fmt: skip
_DAY = 86_400_000_000


def fold(table: pa.Table) -> pl.DataFrame:
    """TALLY of observations with the columns FOLDED, in no particular order of rows."""
    if not table.num_rows:
        return pl.DataFrame(schema=TALLY)
    seen = _numbers(table["observed_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()))
    groups = grouped(
        _words(table["key"]), _numbers(table["organisation"]),
        seen=seen, ties=_ties(table), severity=_numbers(table["severity"]).astype(np.int64),
    )  # fmt: skip
    return (
        _described(table.take(pa.array(groups.latest)))
        .with_columns(
            pl.Series("severity", groups.severity, pl.Int8),
            pl.Series("first_seen", groups.first).cast(_MOMENT),
            pl.Series("last_seen", groups.last).cast(_MOMENT),
            pl.Series("count", groups.count, pl.Int64),
            _days(seen // _DAY, groups),
            _cves(table["cves"], groups),
        )
        .select(TALLY.names())
    )


class Tallying:
    """The tally of observations that come a table at a time. Memory is that of `FOLD_ROWS` of them and the tallies."""

    def __init__(self) -> None:
        self._waiting: list[pa.Table] = []
        self._tallies: list[pl.DataFrame] = []

    def add(self, table: pa.Table) -> None:
        """Take observations with the columns FOLDED, each once."""
        self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= FOLD_ROWS:
            self._fold()

    def whole(self) -> pl.DataFrame:
        """TALLY of all that was added."""
        self._fold()
        return merge(self._tallies)

    def _fold(self) -> None:
        if self._waiting:
            self._tallies.append(fold(pa.concat_tables(self._waiting)))
        self._waiting = []


def merge(tallies: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One TALLY of several that were folded from different observations. Days that stand in two count once."""
    filled = [tally for tally in tallies if tally.height]
    if not filled:
        return pl.DataFrame(schema=TALLY)
    if len(filled) == 1:
        return filled[0]
    whole = pl.concat(filled)
    # Most stand in one tally only.
    twice = whole.select("organisation", "key").is_duplicated()
    return pl.concat([whole.filter(~twice), _merged(whole.filter(twice))])


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """One row of TALLY for each organisation and key."""
    latest = ("team", "kind", "classification", "asset", "shared", "claim", "source", "evidence", "raw", "line")
    return (
        rows.sort("last_seen", "raw", "line")
        .group_by("organisation", "key", maintain_order=True)
        .agg(
            *(pl.col(name).last() for name in latest),
            pl.col("severity").max(),
            pl.col("cves").list.explode(keep_nulls=False, empty_as_null=False),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
            pl.col("count").sum(),
            pl.col("days").list.explode(keep_nulls=False, empty_as_null=False),
        )
        .with_columns(
            pl.col("cves").list.drop_nulls().list.unique().list.sort().list.head(MOST_CVES),
            pl.col("days").list.unique().list.sort(),
        )
        .select([pl.col(name).cast(kind) for name, kind in TALLY.items()])
    )


def named(tally: pl.DataFrame, claims: Mapping[int, str]) -> pl.DataFrame:
    """The tally with the assets of shared ranges named by their claims; a claim that is gone is named by its number."""
    unnamed = pl.col("asset") == ""
    texts = pl.col("claim").replace_strict(claims, default=None, return_dtype=pl.String)
    number = pl.format("claim {}", pl.col("claim"))
    name = pl.when(unnamed).then(pl.coalesce(texts, number, pl.lit("-"))).otherwise("asset")
    return tally.with_columns(name.alias("asset"))


def _ties(table: pa.Table) -> NDArray[np.int64]:
    """Where each row stands among all rows: by raw file, then by line."""
    codes, words = _coded(table["raw"])
    places = np.argsort(np.argsort(words.to_numpy(zero_copy_only=False)))
    found: NDArray[np.int64] = (places[codes] << 40) | _numbers(table["line"])
    return found


def _days(days: NDArray[np.int64], groups: Groups) -> pl.Series:
    first = groups.first // _DAY
    # Most rows are of the day on which their finding was first seen.
    others = np.flatnonzero(days != first[groups.of_row])
    rows = np.concatenate([(np.arange(len(groups)) << 20) | first, (groups.of_row[others] << 20) | days[others]])
    packed = np.unique(rows)
    sizes = np.bincount(packed >> 20, minlength=len(groups))
    return _lists((packed & 0xFFFFF).astype(np.int32), sizes, "days", pl.Int32())


def _cves(column: pa.ChunkedArray, groups: Groups) -> pl.Series:
    """The CVEs of every group, sorted, each once; what does not look like one is left out."""
    codes, words = _coded(column)
    named_by = pl.Series("cves", words, dtype=pl.String).str.extract_all(r"CVE-\d{4}-\d{4,19}")
    telling = np.append(named_by.list.len().to_numpy() > 0, False)
    rows = np.flatnonzero(telling[codes])
    pairs = np.unique((groups.of_row[rows] << 32) | codes[rows])
    listed = (
        pl.DataFrame({"group": pairs >> 32, "cves": named_by.gather(pairs & 0xFFFFFFFF)})
        .explode("cves")
        .unique()
        .sort("group", "cves")
        .group_by("group", maintain_order=True)
        .head(MOST_CVES)
    )
    sizes = np.bincount(listed["group"].to_numpy(), minlength=len(groups))
    return _lists(listed["cves"].to_arrow(compat_level=pl.CompatLevel.oldest()), sizes, "cves", pl.String())


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """The place of each row's word among the words, which are given with it; of a null, the place behind the last."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    codes = pc.fill_null(array.indices, len(array.dictionary)).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), array.dictionary


def _lists(values: pa.Array | NDArray[np.int32], sizes: NDArray[np.int64], name: str, kind: pl.DataType) -> pl.Series:
    offsets = pa.array(np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))
    inner = pa.array(values) if isinstance(values, np.ndarray) else values
    return pl.Series(name, pa.LargeListArray.from_arrays(offsets, inner), dtype=pl.List(kind))


def _described(rows: pa.Table) -> pl.DataFrame:
    """Everything of TALLY that the latest observation says, its texts fit to be kept in PostgreSQL."""
    from sipar.exposure.hashing import asset_kinds, listens

    words = [name for name in FOLDED if name not in ("key", "observed_at", "cves", "severity")]
    frame = pl.from_arrow(rows.select(words))
    assert isinstance(frame, pl.DataFrame)
    text = [pl.col(pl.String, pl.Categorical).cast(pl.String).str.replace_all("\x00", "", literal=True)]
    # fixed_size_binary comes as Binary.
    frame = frame.with_columns(
        *text,
        pl.Series("key", rows["key"].cast(pa.binary()), dtype=pl.Binary),
        pl.Series("about", asset_kinds(rows)),
        pl.Series("listens", listens(rows)),
    )
    port = (
        pl.when(pl.col("listens") & pl.col("port").is_not_null()).then(pl.format(":{}", "port")).otherwise(pl.lit(""))
    )
    protocol = (
        pl.when(pl.col("listens") & (pl.col("protocol").fill_null("") != ""))
        .then(pl.format("/{}", "protocol"))
        .otherwise(pl.lit(""))
    )
    bracketed = pl.col("ip").str.contains(":", literal=True) & (port != "")
    address = pl.when(bracketed).then(pl.format("[{}]", "ip")).otherwise("ip")
    asset = (
        pl.when(pl.col("about") == 1).then(pl.lit(""))
        .when(pl.col("about") == 2).then(address + port + protocol)
        .when(pl.col("about") == 3).then(pl.col("hostname") + port + protocol)
        .when(pl.col("about") == 4).then(pl.col("url"))
        .when(pl.col("about") == 5).then(pl.format("AS{}", "asn"))
        .otherwise(pl.lit("-"))
    )  # fmt: skip
    said = [pl.col(name).str.slice(0, MOST_TEXT) if name != "line" else pl.col(name) for name in EVIDENCE]
    return frame.select(
        "organisation",
        "key",
        "team",
        pl.col("kind").fill_null("").str.slice(0, 80),
        pl.col("classification").fill_null("").str.slice(0, 60),
        asset.str.slice(0, 400).alias("asset"),
        pl.col("shared").fill_null("").str.slice(0, 10),
        "claim",
        pl.col("source").str.slice(0, 60),
        pl.struct(said).struct.json_encode().str.replace_all(_UNSAID, "").alias("evidence"),
        "raw",
        "line",
    )


def _words(column: pa.ChunkedArray) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The two halves of 128-bit hashes."""
    pieces = [
        np.frombuffer(chunk.buffers()[1], "<u8", 2 * len(chunk), chunk.offset * 16).reshape(-1, 2)
        for chunk in column.chunks
        if len(chunk)
    ]
    both = np.concatenate(pieces)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    found: NDArray[np.int64] = pc.fill_null(column, 0).to_numpy()
    return found
