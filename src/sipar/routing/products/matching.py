"""Components against ranges, in columns: every affected version, and why; a national table at once.

Versions become ranks in the order of the range (`versions`). The components of a product stand sorted by rank, so
that those in a range are one run between two binary searches: the work grows with the matches, not with products
times versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sipar.routing.products.ranges import AFFECTED, FIXED, INVESTIGATED, NOT_AFFECTED, UNAFFECTED
from sipar.routing.products.versions import NOT_A_VERSION, ranks

# `key` and `part` as in `names`; `version` empty or `*` where nobody said, `-` where the product has none.
COMPONENTS = pl.Schema({"component": pl.Int64, "key": pl.String, "part": pl.String, "version": pl.String})
MATCHES = pl.Schema({
    "component": pl.Int64, "cve": pl.String, "range": pl.UInt32, "verdict": pl.String, "verdict_range": pl.UInt32,
})  # fmt: skip
UNSURE = pl.Schema({"component": pl.Int64, "reason": pl.String, "cves": pl.UInt32})
MISSING, UNREADABLE = "missing", "unreadable"
# How many runs are looked at together: what bounds the memory.
AT_ONCE = 4_000_000
_VERDICTS = (NOT_AFFECTED, FIXED, INVESTIGATED)
_STATUSES = (AFFECTED, UNAFFECTED, *_VERDICTS)
_PARTS = ("", "a", "o", "h")
_SPAN = np.int64(2**33)
type Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Matched:
    """`matches` (`MATCHES`): `range` is the row of the ranges that holds the component; `verdict` what a vendor's
    statement says of it (`not_affected`, `fixed`, `under_investigation`, else empty), with the row that says so.

    `unsure` (`UNSURE`): components that cannot be compared because the version is missing or unreadable, and for how
    many CVEs. Components whose name nobody lists are in neither.
    """

    matches: pl.DataFrame
    unsure: pl.DataFrame


@dataclass(frozen=True)
class _Pairs:
    """Each name with each of its versions once: number of the name, code of the version, code of the part.

    `members` are the components sorted by pair; those of pair n stand from `starts[n]` to `starts[n + 1]`.
    """

    name: Numbers
    version: Numbers
    part: Numbers
    members: Numbers
    starts: Numbers


def match(components: pl.DataFrame, ranges: pl.DataFrame, *, aliases: Mapping[str, str] | None = None) -> Matched:
    """Match components (`COMPONENTS`) with ranges (`ranges.SCHEMA`), each CVE at most once for a component.

    `aliases` says by which name a key goes (`key -> key`); both sides are looked at under it. A component whose
    version nobody said matches only what holds every version; for the rest Sipar asks for it.
    """
    aliases = aliases or {}
    mine = _renamed(components.select("component", "key", "part", "version"), aliases)
    listed = _renamed(ranges, aliases).with_row_index("range")
    names = mine.select("key").unique().join(listed.select("key").unique(), on="key").with_row_index("name")
    mine = mine.join(names, on="key").with_columns(
        version=pl.when(pl.col("version").is_in(["*", "n/a", "unknown"])).then(pl.lit("")).otherwise(pl.col("version"))
    )
    listed = listed.rename({"name": "written"}).join(names, on="key").sort("name", "range")
    if mine.is_empty():
        return Matched(pl.DataFrame(schema=MATCHES), pl.DataFrame(schema=UNSURE))
    words = pl.concat([mine["version"], listed["lower"], listed["upper"]]).drop_nulls().unique().rename("word")
    codes = words.to_frame().with_row_index("code")
    pairs = _pairs(mine, codes)
    groups = listed.group_by("name", "order", maintain_order=True).agg(
        cves=pl.col("cve").filter(pl.col("status") == AFFECTED).n_unique()
    )
    matches, unsure = [], []
    for order in groups["order"].unique(maintain_order=True):
        theirs = listed.filter(pl.col("order") == order)
        of_names = groups.filter(pl.col("order") == order)
        found, lost = _match_order(pairs, theirs, of_names, words, codes, str(order))
        matches += found
        unsure.append(lost)
    return Matched(_told(matches, pairs, ranges), _unsure(unsure, pairs, words))


def _renamed(table: pl.DataFrame, aliases: Mapping[str, str]) -> pl.DataFrame:
    if not aliases:
        return table
    names = pl.DataFrame({"key": list(aliases), "means": list(aliases.values())})
    joined = table.join(names, on="key", how="left", maintain_order="left")
    return joined.with_columns(key=pl.coalesce("means", "key")).drop("means")


def _pairs(mine: pl.DataFrame, codes: pl.DataFrame) -> _Pairs:
    coded = mine.join(codes, left_on="version", right_on="word").select(
        "component",
        "name",
        "code",
        part=pl.col("part").replace_strict(_PARTS, range(4), default=0, return_dtype=pl.Int64),
    )
    whole = coded["name"].to_numpy().astype(np.int64) * codes.height + coded["code"].to_numpy()
    whole = whole * 4 + coded["part"].to_numpy()
    order = np.argsort(whole, kind="stable")
    distinct, starts = np.unique(whole[order], return_index=True)
    rest, part = np.divmod(distinct, 4)
    name, version = np.divmod(rest, codes.height)
    members = coded["component"].to_numpy()[order]
    return _Pairs(name, version, part, members, np.append(starts, len(members)).astype(np.int64))


def _match_order(
    pairs: _Pairs, listed: pl.DataFrame, groups: pl.DataFrame, words: pl.Series, codes: pl.DataFrame, order: str
) -> tuple[list[pl.DataFrame], tuple[Numbers, Numbers]]:
    """Matches (pair, cve, range, verdict, verdict_range) in one version order; pairs without a place, CVE counts."""
    cves = np.full(int(pairs.name.max()) + 1, -1, dtype=np.int64)
    cves[groups["name"].to_numpy()] = groups["cves"].to_numpy()
    entries = np.flatnonzero(cves[pairs.name] >= 0)
    bounds = [
        listed.select(word=name).join(codes, on="word", how="left", maintain_order="left")["code"]
        for name in ("lower", "upper")
    ]
    used = np.unique(
        np.concatenate([pairs.version[entries], *(bound.drop_nulls().to_numpy().astype(np.int64) for bound in bounds)])
    )
    places = np.full(len(words), NOT_A_VERSION, dtype=np.int64)
    places[used] = ranks(words.gather(used), order)
    low, high = (_gathered(places, bound) for bound in bounds)
    readable = ((low != NOT_A_VERSION) | bounds[0].is_null().to_numpy()) & (
        (high != NOT_A_VERSION) | bounds[1].is_null().to_numpy()
    )
    listed, low, high = listed.filter(readable), low[readable], high[readable]
    where = pairs.name[entries] * _SPAN + places[pairs.version[entries]] * 2 + 2
    by_place = np.argsort(where, kind="stable")
    entries, where = entries[by_place], where[by_place]
    begins, ends = _run_bounds(where, listed, low, high)
    lengths = np.maximum(ends - begins, 0)
    facts = _facts(listed)
    found = [_decided(pair, row, pairs, facts) for pair, row in _runs(entries, begins, lengths, facts["name"])]
    lost = entries[places[pairs.version[entries]] == NOT_A_VERSION]
    return found, (lost, cves[pairs.name[lost]])


def _facts(listed: pl.DataFrame) -> dict[str, Numbers]:
    """What is asked of each range, as numbers."""
    coded = listed.select(
        pl.col("name", "range").cast(pl.Int64),
        cve=pl.col("cve").rank("dense").cast(pl.Int64),
        block=pl.struct("origin", "block").rank("dense").cast(pl.Int64),
        takes=(pl.col("status") == UNAFFECTED).any().over("origin", "block"),
        part=pl.col("part").replace_strict(_PARTS, range(4), default=0, return_dtype=pl.Int64),
        status=pl.col("status").replace_strict(_STATUSES, range(5), return_dtype=pl.Int64),
    )
    return {name: coded[name].to_numpy() for name in coded.columns}


def _gathered(places: Numbers, codes: pl.Series) -> Numbers:
    found: Numbers = places[codes.fill_null(0).to_numpy()].copy()
    found[codes.is_null().to_numpy()] = NOT_A_VERSION
    return found


def _run_bounds(where: Numbers, listed: pl.DataFrame, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """Where the run of each range begins and ends.

    Places are doubled, so that a bound can stand between two versions. What has no place stands below every version
    of its product: only a range without any bound begins there.
    """
    base = listed["name"].to_numpy().astype(np.int64) * _SPAN
    no_low, no_high = listed["lower"].is_null().to_numpy(), listed["upper"].is_null().to_numpy()
    first = np.where(no_low, np.where(no_high, -1, 1), low * 2 + 2 + ~listed["lower_inclusive"].to_numpy())
    after = np.where(no_high, 2**32, high * 2 + 2 + listed["upper_inclusive"].to_numpy())
    return np.searchsorted(where, base + first, side="left"), np.searchsorted(where, base + after, side="left")


def _runs(entries: Numbers, begins: Numbers, lengths: Numbers, names: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs and ranges, run by run, about `AT_ONCE` together and all ranges of a name together: what one says another
    of the same record may take back. `names` is sorted."""
    cuts = np.append(np.flatnonzero(np.diff(names, prepend=-1)), len(names))
    total = np.append(0, np.cumsum(lengths))
    at = 0
    while at < len(cuts) - 1:
        start = cuts[at]
        after = int(np.searchsorted(total[cuts], total[start] + AT_ONCE, side="right")) - 1
        at = max(after, at + 1)
        size = lengths[start : cuts[at]]
        rows = np.repeat(np.arange(start, cuts[at]), size)
        offsets = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        yield entries[np.repeat(begins[start : cuts[at]], size) + offsets], rows


def _decided(pair: Numbers, row: Numbers, pairs: _Pairs, facts: dict[str, Numbers]) -> pl.DataFrame:
    """Of every pair in every range (numbers of both), what counts: pair, range, verdict, verdict_range."""
    mine, theirs = pairs.part[pair], facts["part"][row]
    # Application, system and hardware of one name are different products; who does not say which means any.
    same = (mine == 0) | (theirs == 0) | (mine == theirs)
    pair, row = pair[same], row[same]
    status = facts["status"][row]
    affected = status == 0
    taking = facts["takes"][row]
    if taking.any():
        # A range of a record says nothing where the same entry of the record takes the version out again.
        spot = pair[taking] * _SPAN + facts["block"][row[taking]]
        affected[taking] &= ~np.isin(spot, spot[status[taking] == 1])
    pair_affected, row_affected = pair[affected], row[affected]
    once = pl.Series(pair_affected * _SPAN + facts["cve"][row_affected]).is_first_distinct().to_numpy()
    first = pl.DataFrame(
        {
            "pair": pair_affected[once],
            "cve": facts["cve"][row_affected[once]],
            "range": facts["range"][row_affected[once]],
        }
    )
    said = status >= 2
    if not said.any():
        return first.with_columns(verdict=pl.lit(0, dtype=pl.Int64), verdict_range=pl.lit(None, dtype=pl.Int64))
    pair, row, status = pair[said], row[said], status[said]
    verdicts = (
        pl.DataFrame({
            "pair": pair, "cve": facts["cve"][row], "verdict": status, "verdict_range": facts["range"][row],
        })
        .sort("verdict", "verdict_range")
        .unique(["pair", "cve"], keep="first")
    )  # fmt: skip
    return first.join(verdicts, on=["pair", "cve"], how="left").with_columns(pl.col("verdict").fill_null(0))


def _told(found: list[pl.DataFrame], pairs: _Pairs, ranges: pl.DataFrame) -> pl.DataFrame:
    """The matches of pairs as matches of components."""
    if not found:
        return pl.DataFrame(schema=MATCHES)
    whole = pl.concat(found)
    # A name can have ranges in two orders: the first one that holds a component for a CVE tells.
    if ranges["order"].n_unique() > 1:
        whole = whole.sort("range").unique(["pair", "cve"], keep="first")
    pair = whole["pair"].to_numpy()
    size = pairs.starts[pair + 1] - pairs.starts[pair]
    rows = np.repeat(np.arange(whole.height), size)
    offsets = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    components = pairs.members[np.repeat(pairs.starts[pair], size) + offsets]
    told = whole.select("range", "verdict", "verdict_range")[rows].with_columns(component=pl.Series(components))
    return told.select(
        "component",
        ranges["cve"].gather(told["range"]).alias("cve"),
        pl.col("range").cast(pl.UInt32),
        pl.col("verdict").replace_strict((0, 2, 3, 4), ("", *_VERDICTS), return_dtype=pl.String),
        pl.col("verdict_range").cast(pl.UInt32),
    )


def _unsure(lost: list[tuple[Numbers, Numbers]], pairs: _Pairs, words: pl.Series) -> pl.DataFrame:
    """Components that cannot be compared, with the most CVEs that any order has for their product."""
    found = pl.DataFrame(
        {"pair": np.concatenate([pair for pair, _ in lost]), "cves": np.concatenate([n for _, n in lost])}
    )
    found = found.group_by("pair").agg(pl.col("cves").max())
    version = words.gather(pairs.version[found["pair"].to_numpy()])
    found = found.with_columns(version=version).filter(pl.col("version") != "-", pl.col("cves") > 0)
    members = pl.DataFrame({
        "pair": np.repeat(np.arange(len(pairs.name)), np.diff(pairs.starts)), "component": pairs.members,
    })  # fmt: skip
    return found.join(members, on="pair").select(
        "component",
        reason=pl.when(pl.col("version") == "").then(pl.lit(MISSING)).otherwise(pl.lit(UNREADABLE)),
        cves=pl.col("cves").cast(pl.UInt32),
    )
