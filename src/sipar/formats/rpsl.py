"""Objects of the Internet registries in RPSL (RFC 2622, 4012): inetnum, inet6num, route, route6, aut-num.

A file is split into objects in columns; only the attributes that claims need are looked at. `org` ties addresses and
AS numbers of one holder together; a route is tied to its origin.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl

from sipar.formats.address_ranges import spell_prefixes
from sipar.formats.asset_values import normalise_asn
from sipar.formats.claim_table import LIMITS, ClaimFile, finished, lines_of, problem_rows
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem

CLASSES: Final = ("inetnum", "inet6num", "route", "route6", "aut-num")
_WANTED: Final = (*CLASSES, "organisation", "org-name", "country", "origin", "org", "netname", "as-name", "descr",
                  "source")  # fmt: skip
_ATTRIBUTE: Final = r"^([A-Za-z][A-Za-z0-9_-]{1,40}):[ \t]*(.*)$"


def read_rpsl(data: bytes, *, country: str, asns: AbstractSet[int] = frozenset(), limits: Limits = LIMITS) -> ClaimFile:
    """The claims of one nation in a file of RPSL objects. Address blocks and AS numbers are the nation's by `country`,
    routes by an origin that is in `asns` or an AS number of the file; all others are left out.

    Raises FormatProblem `claims.rpsl` for a file without any such object.
    """
    objects = _objects(lines_of(data, limits))
    if objects.is_empty():
        sentence = f"no object begins with {', '.join(CLASSES)}"
        raise FormatProblem("claims.rpsl", sentence, "line 1")
    here = pl.col("country").str.to_uppercase() == country.upper()
    number = _asn(pl.col("aut-num"))
    known = sorted({*asns, *objects.filter(here)["aut-num"].drop_nulls().map_elements(_number, pl.Int64).drop_nulls()})
    is_route = pl.col("class").is_in(["route", "route6"])
    mine = objects.filter(
        (here & ~is_route).fill_null(value=False)
        | _asn(pl.col("origin")).is_in(known) & is_route
        | number.is_in(known) & (pl.col("class") == "aut-num")
    )
    route_key = pl.format("AS{}", _asn(pl.col("origin")))
    rows = mine.with_columns(
        pl.when(pl.col("class") == "aut-num").then(pl.lit("asn")).otherwise(pl.lit("prefix")).alias("kind"),
        pl.col("claimed").str.replace_all(r"\s+", " ").alias("written"),
        pl.coalesce("org-name", "descr", "netname", "as-name").alias("holder"),
        pl.when(is_route).then(route_key).otherwise(pl.col("org")).fill_null("").alias("key"),
        _asn(pl.col("origin")).alias("origin"),
    )
    missing = problem_rows(rows, pl.col("written") == "", "class", "line", "the object names nothing")
    prefixes = rows.filter(kind="prefix")["written"]
    spellings = pl.concat([
        spell_prefixes(prefixes).with_columns(kind=pl.lit("prefix")),
        _spell_numbers(rows.filter(kind="asn")["written"]),
    ])  # fmt: skip
    found = rows.select("line", "kind", "written", "holder", "key", "origin")
    registry = (objects["source"].drop_nulls().str.to_lowercase().mode().sort().head(1).to_list() or [""])[0]
    return finished(
        "rpsl", registry[:20], found, [missing], spellings, left_out=objects.height - mine.height
    )  # fmt: skip


def _objects(lines: pl.DataFrame) -> pl.DataFrame:
    """One row for each object of `CLASSES`: `line`, `class`, `claimed` (its key) and each attribute's first value."""
    text = pl.col("text")
    numbered = lines.with_columns((text.str.strip_chars() == "").cum_sum().alias("object"))
    attributes = (
        numbered.filter(~text.str.contains(r"^[%#]"))
        .with_columns(
            text.str.extract(_ATTRIBUTE, 1).str.to_lowercase().alias("name"),
            text.str.extract(_ATTRIBUTE, 2).str.replace(r"#.*$", "").str.strip_chars().alias("said"),
        )
        .filter(pl.col("name").is_not_null())
    )
    heads = attributes.group_by("object", maintain_order=True).agg(
        pl.col("line").first(), pl.col("name").first().alias("class"), pl.col("said").first().alias("claimed")
    )
    first = pl.col("said").filter(pl.col("said") != "")
    values = (
        attributes.filter(pl.col("name").is_in(_WANTED))
        .group_by("object")
        .agg(first.filter(pl.col("name").filter(pl.col("said") != "") == name).first().alias(name) for name in _WANTED)
    )
    objects = heads.join(values, on="object", how="left", maintain_order="left")
    names = (
        objects.filter(class_is("organisation"))
        .select(pl.col("claimed").alias("org"), pl.col("org-name").alias("named"))
        .unique("org")
    )
    return (
        objects.filter(pl.col("class").is_in(CLASSES))
        .join(names, on="org", how="left", maintain_order="left")
        .with_columns(pl.coalesce("named", "org-name").alias("org-name"))
    )


def class_is(name: str) -> pl.Expr:
    return pl.col("class") == name


def _asn(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"^(?:[Aa][Ss])(\d{1,10})$").cast(pl.Int64, strict=False)


def _number(text: str) -> int | None:
    digits = text.upper().removeprefix("AS")
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= 10 else None


def _spell_numbers(written: pl.Series) -> pl.DataFrame:
    rows: list[tuple[str, str | None, str | None, str]] = []
    for text in written.unique(maintain_order=True):
        try:
            rows.append((text, normalise_asn(text), None, "asn"))
        except FormatProblem as problem:
            rows.append((text, None, problem.sentence, "asn"))
    schema = {"written": pl.String, "value": pl.String, "detail": pl.String, "kind": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
