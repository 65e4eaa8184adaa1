"""Which AS announces which prefix: dumps of BGP tables.

Three forms are told apart by content: lines of `bgpdump -m` (fields divided by bars, prefix in the sixth and AS path in
the seventh), the screen of `show ip bgp` (columns under a head with Network and Path), and a plain `prefix,asn` list.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl

from sipar.formats.address_ranges import spell_prefixes
from sipar.formats.claim_table import LIMITS, ClaimFile, finished, lines_of, problem_rows
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem

DUMP: Final = re.compile(r"^(?:TABLE_DUMP2?|BGP4MP(?:_ET)?)\|")
SCREEN: Final = re.compile(r"^\s+Network\s+Next Hop\b.*\bPath\b")
_PLAIN: Final = (
    r"^\s*\"?([0-9A-Fa-f:.]+(?:/\d{1,3})?)\"?\s*(?:[,;|\t]|\s)\s*"
    r"\"?(?:[Aa][Ss])?(\d{1,10})\"?\s*(?:[,;|\t].*)?$"
)
_LAST_AS: Final = r"(?:^|\s)(\d{1,10})\s*$"


def read_bgp_table(data: bytes, *, asns: AbstractSet[int], limits: Limits = LIMITS) -> ClaimFile:
    """The prefixes that the AS numbers in `asns` announce; a world table is mostly about others, which are left out.

    Where several announce one prefix, the origin seen most often counts. An AS set at the end of a path names no
    origin (RFC 9774) and is a problem. Raises FormatProblem `claims.bgp` for another kind of file.
    """
    lines = lines_of(data, limits)
    routes, unread = _routes(lines)
    if routes.is_empty():
        raise FormatProblem("claims.bgp", "no line here tells a prefix and the AS that announces it", "line 1")
    national = routes.filter(pl.col("origin").is_in(sorted(asns)))
    chosen = (
        national.group_by("written", "origin", maintain_order=True)
        .agg(pl.col("line").first(), pl.len().alias("seen"))
        .sort("seen", descending=True, maintain_order=True)
        .unique("written", keep="first", maintain_order=True)
        .sort("line")
    )
    name = pl.format("AS{}", "origin")
    rows = chosen.with_columns(kind=pl.lit("prefix"), holder=name, key=name).drop("seen")
    spellings = spell_prefixes(rows["written"]).with_columns(kind=pl.lit("prefix"))
    return finished("bgp", "", rows, [unread], spellings, left_out=routes.height - national.height)


def _routes(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`line`, `written` and `origin` of every route, and the lines that could not be read."""
    filled = lines.filter((pl.col("text").str.strip_chars() != "") & ~pl.col("text").str.contains(r"^\s*[#%!]"))
    head = filled["text"].head(200).to_list()
    if any(DUMP.match(text) for text in head):
        return _dumped(filled)
    for place, text in enumerate(head):
        if SCREEN.match(text):
            return _screened(filled.slice(place + 1), text)
    return _listed(filled)


def _dumped(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    parts = pl.col("text").str.split("|")
    read = lines.filter(pl.col("text").str.contains(DUMP.pattern)).with_columns(
        parts.list.get(2, null_on_oob=True).alias("type"),
        parts.list.get(5, null_on_oob=True).str.strip_chars().alias("written"),
        parts.list.get(6, null_on_oob=True).str.strip_chars().alias("path"),
    )
    # Withdrawals name no path; they are no claims.
    return _with_origin(read.filter(pl.col("type") != "W"))


def _screened(lines: pl.DataFrame, head: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A long network stands alone on its line and its route on the next; further routes leave the network out."""
    network, path = head.index("Network"), head.index("Path")
    text = pl.col("text")
    shown = lines.filter(text.str.contains(r"^[ *>=sdhrRSxiIfFmbaVNLNc|]{1,8}"))
    named = text.str.slice(network).str.extract(r"^([0-9A-Fa-f:.]+(?:/\d{1,3})?)(?:\s|$)")
    read = shown.with_columns(
        named.forward_fill().alias("network"),
        pl.when(named.is_not_null() | text.str.slice(0, network).str.contains(r"[*>]"))
        .then(text.str.slice(0, network)).forward_fill().alias("flags"),
        text.str.slice(path).str.replace(r"\s*[ie?]\s*$", "").str.strip_chars().alias("path"),
        (text.str.len_chars() > path).alias("has_path"),
    )  # fmt: skip
    routes = read.filter(pl.col("has_path") & pl.col("network").is_not_null() & pl.col("flags").str.contains(r"\*"))
    best = routes.filter(pl.col("flags").str.contains(">", literal=True))
    used = (best if best.height else routes).filter(pl.col("path") != "")
    return _with_origin(used.with_columns(_classful(pl.col("network")).alias("written")))


def _classful(network: pl.Expr) -> pl.Expr:
    """The prefix that the screen means: without a length it is the class of the address (RFC 791)."""
    first = network.str.extract(r"^(\d{1,3})\.").cast(pl.Int64, strict=False)
    length = pl.when(first < 128).then(8).when(first < 192).then(16).otherwise(24)
    bare = ~network.str.contains("/", literal=True) & first.is_not_null()
    return pl.when(bare).then(pl.format("{}/{}", network, length)).otherwise(network)


def _with_origin(read: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    origin = pl.col("path").str.extract(_LAST_AS).cast(pl.Int64, strict=False)
    found = read.with_columns(origin.alias("origin"))
    is_set = pl.col("path").str.contains(r"[{\[(][^}\])]*[}\])]\s*$")
    unread = pl.concat([
        problem_rows(found, is_set, "path", "as_set", "an AS set names no origin"),
        problem_rows(found, pl.col("origin").is_null() & ~is_set.fill_null(value=False), "text", "line",
                     "no origin AS stands here"),
    ])  # fmt: skip
    return found.filter(pl.col("origin").is_not_null()).select("line", "written", "origin"), unread


def _listed(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    read = lines.with_columns(
        pl.col("text").str.extract(_PLAIN, 1).alias("written"),
        pl.col("text").str.extract(_PLAIN, 2).cast(pl.Int64, strict=False).alias("origin"),
    )
    known = pl.col("written").is_not_null() & pl.col("origin").is_not_null()
    # The first line may be a head.
    body = read.slice(1) if read.height and not read.head(1).select(known).item() else read
    unread = problem_rows(body, ~known, "text", "line", "this is no prefix with an AS number")
    return body.filter(known).select("line", "written", "origin"), unread
