"""Delegated statistics files of the Internet registries, extended or not: who was given which addresses and AS numbers.

Format: "RIR statistics exchange format", version 2 and 2.x: a version line, summary lines, then records
`registry|cc|type|start|value|date|status[|opaque-id[|…]]`, divided by bars. APNIC, RIPE NCC, ARIN, LACNIC and AFRINIC
publish it. IPv4 records count addresses, IPv6 records give a prefix length, AS records count numbers.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from sipar.formats.address_ranges import counted, spell_counted, spell_prefixes
from sipar.formats.claim_table import LIMITS, ClaimFile, finished, lines_of, problem_rows
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem

HEAD: Final = re.compile(r"^2(?:\.\d+)?\|([a-z]{2,20})\|")
MOST_NUMBERS: Final = 1_024
_FIELDS: Final = ("registry", "country", "type", "start", "value", "date", "status", "holder")
_GIVEN: Final = ("allocated", "assigned")
_LARGEST_ASN: Final = 4_294_967_295


def read_delegated(data: bytes, *, country: str, limits: Limits = LIMITS) -> ClaimFile:
    """The claims that a delegated file holds for one nation (`country`, ISO 3166-1 alpha-2); records of others, and
    what is free or reserved, are left out. Raises FormatProblem `claims.delegated` for another kind of file."""
    lines = lines_of(data, limits)
    registry = _registry(lines)
    records = _records(lines)
    national = records.filter(pl.col("country").str.to_uppercase() == country.upper())
    mine = national.filter(pl.col("status").str.to_lowercase().is_in(_GIVEN))
    short = problem_rows(records, pl.col("status").is_null(), "text", "line", "the record has fewer than seven fields")
    dated = mine.with_columns(
        pl.col("date").str.to_date("%Y%m%d", strict=False).alias("valid_from"),
        pl.col("value").cast(pl.Int64, strict=False).alias("count"),
        pl.col("holder").fill_null("").alias("key"),
        pl.col("holder").fill_null(""),
    )
    problems = [
        short,
        problem_rows(
            dated, ~pl.col("type").is_in(["ipv4", "ipv6", "asn"]), "type", "type", "the types are ipv4, ipv6 and asn"
        ),
        problem_rows(
            dated, pl.col("count").is_null() | (pl.col("count") < 1), "value", "count", "this is no count or length"
        ),
    ]
    v4 = dated.filter(type="ipv4").with_columns(
        counted(pl.col("start"), pl.col("count")).alias("written"), kind=pl.lit("prefix")
    )
    v6 = dated.filter(type="ipv6").with_columns(
        pl.format("{}/{}", "start", "value").alias("written"), kind=pl.lit("prefix")
    )
    numbers, wrong_numbers = _numbers(dated.filter(type="asn"))
    columns = ["line", "kind", "written", "holder", "key", "valid_from"]
    spellings = pl.concat([
        spell_counted(v4["start"], v4["count"]).with_columns(kind=pl.lit("prefix")),
        spell_prefixes(v6["written"]).with_columns(kind=pl.lit("prefix")),
        numbers.select("written", pl.col("written").alias("value"), pl.lit(None, dtype=pl.String).alias("detail"),
                       pl.lit("asn").alias("kind")).unique("written"),
    ])  # fmt: skip
    rows = pl.concat([v4.select(columns), v6.select(columns), numbers.select(columns)])
    left_out = records.height - mine.height - short.height
    return finished("delegated", registry, rows, [*problems, wrong_numbers], spellings, left_out=left_out)


def _registry(lines: pl.DataFrame) -> str:
    first = lines.filter((pl.col("text").str.strip_chars() != "") & ~pl.col("text").str.starts_with("#"))
    found = HEAD.match(first["text"][0]) if first.height else None
    if found is None:
        sentence = "a delegated file begins with a line such as 2|apnic|20260101|…"
        raise FormatProblem("claims.delegated", sentence, "line 1")
    return found[1]


def _records(lines: pl.DataFrame) -> pl.DataFrame:
    """Every record as text columns; `status` is null where a record is too short."""
    text = pl.col("text")
    body = lines.filter(
        (text.str.strip_chars() != "")
        & ~text.str.starts_with("#")
        & ~text.str.contains(HEAD.pattern)
        & ~text.str.ends_with("|summary")
    )
    parts = text.str.split("|")
    return body.with_columns(
        parts.list.get(place, null_on_oob=True).str.strip_chars().alias(name) for place, name in enumerate(_FIELDS)
    )


def _numbers(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for each AS number of each record, spelled; and records that no registry would write."""
    first = pl.col("start").cast(pl.Int64, strict=False)
    read = records.with_columns(first.alias("first"))
    beyond = pl.col("first") + pl.col("count") - 1 > _LARGEST_ASN
    wrong = pl.col("first").is_null() | (pl.col("first") < 1) | beyond | (pl.col("count") > MOST_NUMBERS)
    problems = problem_rows(read, wrong, "start", "asn", f"this is no block of at most {MOST_NUMBERS} AS numbers")
    good = read.filter(~wrong.fill_null(value=True)).with_columns(
        pl.int_ranges("first", pl.col("first") + pl.col("count")).alias("number")
    )
    rows = good.explode("number", empty_as_null=True).filter(pl.col("number").is_not_null())
    return rows.with_columns(pl.format("AS{}", "number").alias("written"), kind=pl.lit("asn")), problems
