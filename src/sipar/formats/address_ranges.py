"""Prefixes and ranges as files write them, into the prefixes that cover them, whole columns at a time.

IPv4 is computed in columns. IPv6 and everything unusual takes the slow way once for each distinct text.
"""

from __future__ import annotations

import ipaddress
from typing import Final

import numpy as np
import polars as pl

from sipar.formats.asset_values import WIDEST_PREFIX, normalise_prefix
from sipar.formats.problems import FormatProblem

SPELLED: Final = {"written": pl.String, "value": pl.String, "detail": pl.String}
MOST_OF_A_RANGE: Final = 128
_OCTETS: Final = r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})"
_CIDR: Final = rf"^{_OCTETS}/(\d{{1,2}})$"
_RANGE: Final = rf"^{_OCTETS}\s*-\s*{_OCTETS}$"
_AMBIGUOUS: Final = r"(?:^|[./\s-])0[0-9]"
# Ranges that nobody answers for (asset_values says which and why), as first and last number.
_SPECIAL: Final = tuple(
    (int(network.network_address), int(network.broadcast_address))
    for network in (
        ipaddress.IPv4Network(text)
        for text in (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.168.0.0/16", "224.0.0.0/3",
        )
    )
)  # fmt: skip
_WIDEST: Final = 2 ** (32 - WIDEST_PREFIX[4])
SPECIAL_SENTENCE: Final = "this range is private or special; nobody answers for it publicly"
WIDE_SENTENCE: Final = f"a prefix wider than /{WIDEST_PREFIX[4]} belongs to nobody alone"


def spell_prefixes(written: pl.Series) -> pl.DataFrame:
    """The prefixes of each distinct text in `written`, as `SPELLED`: one row for each prefix with its canonical
    `value`, or one row whose `detail` says what is wrong.

    A text is a prefix, a single address, or two addresses with a dash; a range becomes the fewest prefixes that cover
    exactly it.
    """
    frame = pl.DataFrame({"written": written.unique(maintain_order=True)}, schema={"written": pl.String})
    text = pl.col("written")
    is_cidr, is_range = text.str.contains(_CIDR), text.str.contains(_RANGE)
    plain = frame.filter((is_cidr | is_range) & ~text.str.contains(_AMBIGUOUS)).with_columns(
        _number(_CIDR, 1).fill_null(_number(_RANGE, 1)).alias("first"),
        pl.when(text.str.contains("/", literal=True))
        .then(_number(_CIDR, 1) + _hosts() - 1)
        .otherwise(_number(_RANGE, 5))
        .alias("last"),
        pl.when(text.str.contains("/", literal=True)).then(_number(_CIDR, 1) % _hosts() != 0).alias("has_host"),
    )
    quick = _judged(plain.filter(pl.col("first").is_not_null() & pl.col("last").is_not_null()))
    rest = frame.join(quick.select("written").unique(), on="written", how="anti", maintain_order="left")
    slow = [row for value in rest["written"] for row in _slowly(value)]
    return pl.concat([quick, pl.DataFrame(slow, schema=SPELLED, orient="row")])


def spell_counted(first: pl.Series, count: pl.Series) -> pl.DataFrame:
    """As `spell_prefixes` for IPv4 ranges that begin at a text address and hold `count` addresses; `written` is the
    text that `counted` makes of both."""
    pairs = pl.DataFrame({"start": first, "count": count}).unique(maintain_order=True)
    frame = pairs.with_columns(counted(pl.col("start"), pl.col("count")).alias("written"))
    octets = rf"^{_OCTETS}\+"
    frame = frame.with_columns(_number(octets, 1).alias("first"))
    frame = frame.with_columns((pl.col("first") + pl.col("count") - 1).alias("last"), has_host=pl.lit(value=False))
    known = frame.filter(
        pl.col("first").is_not_null() & (pl.col("count") > 0) & ~pl.col("written").str.contains(_AMBIGUOUS)
    )
    strange = frame.join(known.select("written"), on="written", how="anti").select(
        "written",
        pl.lit(None, dtype=pl.String).alias("value"),
        pl.lit("this is no IPv4 address with a number of addresses").alias("detail"),
    )
    return pl.concat([_judged(known), strange])


def counted(first: pl.Expr, count: pl.Expr) -> pl.Expr:
    return pl.format("{}+{}", first, count)


def cover_ipv4(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The fewest prefixes that cover each range: row of the range, first address and prefix length, by row and address.

    `first` and `last` are int64 with 0 <= first <= last < 2**32. At most 62 rounds, whatever the input.
    """
    rows: list[np.ndarray] = []
    starts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    row, start, end = np.arange(first.size), first.astype(np.int64), last.astype(np.int64)
    while row.size:
        aligned = np.where(start == 0, np.int64(2**32), start & -start)
        room = 2 ** np.floor(np.log2((end - start + 1).astype(np.float64))).astype(np.int64)
        size = np.minimum(aligned, room)
        rows.append(row)
        starts.append(start)
        lengths.append(32 - np.log2(size.astype(np.float64)).astype(np.int64))
        start = start + size
        left = start <= end
        row, start, end = row[left], start[left], end[left]
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    every, every_start, every_length = (np.concatenate(parts) for parts in (rows, starts, lengths))
    order = np.lexsort((every_start, every))
    return every[order], every_start[order], every_length[order]


def _number(pattern: str, group: int) -> pl.Expr:
    """The address whose octets stand in four groups from `group` on; null where one is above 255."""
    octets = [pl.col("written").str.extract(pattern, group + place).cast(pl.Int64, strict=False) for place in range(4)]
    number = octets[0] * 2**24 + octets[1] * 2**16 + octets[2] * 2**8 + octets[3]
    return pl.when(pl.all_horizontal(octet <= 255 for octet in octets)).then(number)


def _hosts() -> pl.Expr:
    length = pl.col("written").str.extract(_CIDR, 5).cast(pl.Int64, strict=False)
    return length.replace_strict({bits: 2 ** (32 - bits) for bits in range(33)}, default=None, return_dtype=pl.Int64)


def _judged(frame: pl.DataFrame) -> pl.DataFrame:
    """`SPELLED` of rows with `first`, `last` and `has_host`."""
    first, last = pl.col("first"), pl.col("last")
    special = pl.any_horizontal((first <= high) & (last >= low) for low, high in _SPECIAL)
    judged = frame.with_columns(
        pl.when(last < first)
        .then(pl.lit("the range ends before it begins"))
        .when(last >= 2**32)
        .then(pl.lit("the range ends beyond the last IPv4 address"))
        .when(pl.col("has_host").fill_null(value=False))
        .then(pl.lit("the address stands inside the prefix"))
        .when(last - first + 1 > _WIDEST)
        .then(pl.lit(WIDE_SENTENCE))
        .when(special)
        .then(pl.lit(SPECIAL_SENTENCE))
        .alias("detail")
    )
    wrong = judged.filter(pl.col("detail").is_not_null())
    good = judged.filter(pl.col("detail").is_null())
    row, start, length = cover_ipv4(good["first"].to_numpy(), good["last"].to_numpy())
    pieces = pl.DataFrame({"start": start, "length": length}).select(_text().alias("value"))
    covered = good.select("written")[row].with_columns(pieces["value"], pl.lit(None, dtype=pl.String).alias("detail"))
    return pl.concat([
        covered.select(list(SPELLED)),
        wrong.select("written", pl.lit(None, dtype=pl.String).alias("value"), "detail"),
    ])  # fmt: skip


def _text() -> pl.Expr:
    octets = [(pl.col("start") // 2**bits) % 256 for bits in (24, 16, 8, 0)]
    return pl.format("{}.{}.{}.{}/{}", *octets, pl.col("length"))


def _slowly(written: str) -> list[tuple[str, str | None, str | None]]:
    low, dash, high = written.partition("-")
    try:
        if not dash:
            return [(written, normalise_prefix(written.strip()), None)]
        return [(written, normalise_prefix(str(network)), None) for network in _summarised(low, high)]
    except FormatProblem as problem:
        return [(written, None, problem.sentence)]


def _summarised(low: str, high: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address(high.strip())
        networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        found = ipaddress.summarize_address_range(first, last)
        for network in found:
            if len(networks) == MOST_OF_A_RANGE:
                raise FormatProblem("asset.prefix", f"the range needs more than {MOST_OF_A_RANGE} prefixes", low)
            networks.append(network)
    except (ValueError, TypeError) as problem:
        raise FormatProblem("asset.prefix", "this is no range of IPv4 or IPv6 addresses", low) from problem
    return networks
