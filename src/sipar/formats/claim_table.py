"""Files of claims in one shape: who is said to hold which prefix, AS number or name; and the plain CSV form of them.

Readers of other forms (`delegated`, `rpsl`, `bgp_table`) give the same `ClaimFile`. A line that cannot be read becomes
a problem with its number and never stops the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from sipar.formats.address_ranges import spell_prefixes
from sipar.formats.asset_values import normalise_asn, normalise_domain_name
from sipar.formats.limits import MEGABYTE, Limits, inflate
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Table, read_table

# `holder` is a name for people; `key` is how the file itself tells holders apart (an opaque or organisation handle, or
# the origin AS); `origin` the AS that announces a prefix; `organisation` an identifier of the register.
ROWS: Final[dict[str, pl.DataType]] = {
    "line": pl.UInt32(), "kind": pl.String(), "value": pl.String(), "holder": pl.String(), "key": pl.String(),
    "origin": pl.Int64(), "organisation": pl.String(), "mark": pl.String(), "valid_from": pl.Date(),
    "valid_until": pl.Date(),
}  # fmt: skip
PROBLEMS: Final = {"line": pl.UInt32, "value": pl.String, "code": pl.String, "detail": pl.String}
MARKS: Final = ("nat", "shared", "cloud", "dynamic")
LIMITS: Final = Limits(max_bytes=256 * MEGABYTE, max_rows=2_000_000)
LONGEST_HOLDER: Final = 200
SHOWN: Final = 80
_UNSEEN = "[\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+"
_COLUMNS: Final = {
    "kind", "value", "prefix", "asn", "domain", "country", "range_start", "range_end", "holder", "as_org", "key",
    "organisation", "mark", "valid_from", "valid_until",
}  # fmt: skip


@dataclass(frozen=True)
class ClaimFile:
    """What a file says. `rows` as `ROWS`, each claim once; `problems` as `PROBLEMS`; `left_out`: lines about others."""

    format: str
    registry: str
    rows: pl.DataFrame
    problems: pl.DataFrame
    left_out: int = 0


def read_claim_table(data: bytes, name: str, limits: Limits = LIMITS) -> ClaimFile:
    """Claims from CSV or XLSX. Raises FormatProblem for a file that is no such table.

    Columns: `kind` and `value`, or any of `prefix`, `asn`, `domain`, `country`, or `range_start` with `range_end`;
    besides, as wanted: `holder`, `key`, `organisation`, `mark`, `valid_from`, `valid_until` (the first day on which it
    no longer holds). An `asn` beside a prefix is the AS that announces it.
    """
    table = read_table(inflate(data, limits), name, limits)
    frame, names = _named(table)
    claimed = _claimed(frame, names)
    dates, wrong_dates = _dates(claimed)
    return finished("csv", "", dates, [wrong_dates, *_wrong_cells(claimed)], spell(claimed))


def spell(rows: pl.DataFrame) -> pl.DataFrame:
    """The canonical spellings of the distinct `kind` and `written` of these rows, as kind, written, value, detail."""
    parts = []
    for kind in ("prefix", "asn", "domain", "country"):
        written = rows.filter(pl.col("kind") == kind)["written"]
        found = spell_prefixes(written) if kind == "prefix" else _spell_each(kind, written)
        parts.append(found.with_columns(pl.lit(kind).alias("kind")))
    return pl.concat(parts)


def finished(
    form: str,
    registry: str,
    rows: pl.DataFrame,
    problems: list[pl.DataFrame],
    spellings: pl.DataFrame,
    *,
    left_out: int = 0,
) -> ClaimFile:
    """A ClaimFile from rows with `line`, `kind`, `written` and any further columns of `ROWS`, and their spellings.

    Rows whose line has a problem already are left out; the first line of a repeated claim counts.
    """
    wrong_lines = pl.concat([pl.Series("line", [], dtype=pl.UInt32), *(frame["line"] for frame in problems)])
    spelled = rows.filter(~pl.col("line").is_in(wrong_lines.unique().implode())).join(
        spellings, on=["kind", "written"], how="left", maintain_order="left_right"
    )
    misspelled = spelled.filter(pl.col("value").is_null()).select(
        "line",
        pl.col("written").str.slice(0, SHOWN).alias("value"),
        pl.lit("value").alias("code"),
        pl.col("detail").fill_null("this kind of claim does not exist"),
    )
    absent = [
        pl.lit(None if kind in (pl.Int64(), pl.Date()) else "", dtype=kind).alias(name)
        for name, kind in ROWS.items()
        if name not in spelled.columns
    ]
    good = (
        spelled.filter(pl.col("value").is_not_null())
        .with_columns(absent)
        .with_columns(clean(pl.col("holder")), pl.col("key").str.slice(0, SHOWN))
        .unique(["kind", "value", "organisation"], keep="first", maintain_order=True)
        .select(pl.col(name).cast(kind) for name, kind in ROWS.items())
    )
    every = pl.concat([frame.select(pl.col(name).cast(kind) for name, kind in PROBLEMS.items())
                       for frame in (*problems, misspelled)])  # fmt: skip
    return ClaimFile(form, registry, good, every.sort("line", maintain_order=True), left_out)


def clean(text: pl.Expr) -> pl.Expr:
    """A name from a stranger's file: no invisible or turning characters, at most `LONGEST_HOLDER` long, never null."""
    return text.fill_null("").str.replace_all(_UNSEEN, " ").str.strip_chars().str.slice(0, LONGEST_HOLDER)


def problem_rows(frame: pl.DataFrame, wrong: pl.Expr, value: str, code: str, detail: str) -> pl.DataFrame:
    """`PROBLEMS` of the rows where `wrong` holds."""
    return frame.filter(wrong.fill_null(value=False)).select(
        pl.col("line").cast(pl.UInt32),
        clean(pl.col(value)).str.slice(0, SHOWN).alias("value"),
        pl.lit(code).alias("code"),
        pl.lit(detail).alias("detail"),
    )


def lines_of(data: bytes, limits: Limits = LIMITS) -> pl.DataFrame:
    """`line` (from 1) and `text` of a file in lines, gzip opened. Bytes that are no UTF-8 are read as Latin-1, as the
    registries still write them. Raises FormatProblem `file.*` or `table.*`."""
    content = inflate(data, limits)
    nul = content.find(b"\x00")
    if nul >= 0:
        raise FormatProblem("file.control", "a NUL character stands here", f"line {content.count(b'\n', 0, nul) + 1}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = pl.Series("text", [text]).str.replace_all("\r\n?", "\n").str.split("\n").explode(empty_as_null=True)
    if lines.len() > 20 * limits.max_rows:
        raise FormatProblem("table.rows", f"the file has more than {20 * limits.max_rows} lines")
    too_long = (lines.str.len_bytes() > limits.max_cell).arg_true()
    if too_long.len():
        where = f"line {too_long[0] + 1}"
        raise FormatProblem("table.line", f"a line is longer than {limits.max_cell} bytes", where)
    return pl.DataFrame({"text": lines.fill_null("")}).with_row_index("line", offset=1)


def _named(table: Table) -> tuple[pl.DataFrame, set[str]]:
    heads = {head: head.strip().lower().replace(" ", "_").replace("-", "_") for head in table.header}
    if len(set(heads.values())) != len(heads):
        raise FormatProblem("claims.columns", "two columns have the same name", "header")
    names = set(heads.values())
    ranges = {"range_start", "range_end"}
    if not ({"kind", "value"} <= names or names & {"prefix", "asn", "domain", "country"} or ranges <= names):
        sentence = "claims need the columns kind and value, or prefix, asn, domain, or range_start and range_end"
        raise FormatProblem("claims.columns", sentence, "header")
    frame = table.rows.rename(heads).select(pl.col(sorted(names & _COLUMNS)).str.strip_chars())
    return frame.with_columns(table.lines.cast(pl.UInt32).alias("line")), names & _COLUMNS


def _claimed(frame: pl.DataFrame, names: set[str]) -> pl.DataFrame:
    """One row for each line with `kind` and `written`: what stands most to the left of prefix, domain, asn, country."""

    def cell(name: str) -> pl.Expr:
        return pl.col(name) if name in names else pl.lit("")

    if {"kind", "value"} <= names:
        kind, written = cell("kind").str.to_lowercase(), cell("value")
    else:
        both = pl.format("{} - {}", cell("range_start"), cell("range_end"))
        prefix = pl.when(cell("prefix") != "").then(cell("prefix")).when(cell("range_start") != "").then(both)
        chosen = {"prefix": prefix.otherwise(pl.lit("")), "domain": cell("domain"), "asn": cell("asn"),
                  "country": cell("country")}  # fmt: skip
        written = pl.coalesce(pl.when(text != "").then(text) for text in chosen.values()).fill_null("")
        kind = pl.coalesce(
            pl.when(text != "").then(pl.lit(name)) for name, text in chosen.items()
        ).fill_null("prefix")  # fmt: skip
    origin = cell("asn").str.extract(r"^(?:[Aa][Ss])?(\d{1,10})$").cast(pl.Int64, strict=False)
    holder = pl.when(cell("holder") != "").then(cell("holder")).otherwise(cell("as_org"))
    as_key = pl.when(origin.is_not_null()).then(pl.format("AS{}", origin)).otherwise(pl.lit(""))
    return frame.select(
        "line",
        kind.alias("kind"),
        written.alias("written"),
        holder.alias("holder"),
        pl.when(cell("key") != "").then(cell("key")).otherwise(as_key).alias("key"),
        origin.alias("origin"),
        cell("organisation").alias("organisation"),
        cell("mark").str.to_lowercase().alias("mark"),
        cell("valid_from").alias("valid_from"),
        cell("valid_until").alias("valid_until"),
    )


def _dates(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with their days read, and the problems of days that are none, or that end before they begin."""
    days = ("valid_from", "valid_until")
    read = frame.with_columns(pl.col(name).str.to_date("%Y-%m-%d", strict=False).alias(f"{name}_read") for name in days)
    wrong = [
        problem_rows(
            read, (pl.col(name) != "") & pl.col(f"{name}_read").is_null(), name, "day", "a day is written 2026-01-31"
        )
        for name in days
    ]
    turned = pl.col("valid_until_read") <= pl.col("valid_from_read")
    wrong.append(problem_rows(read, turned, "valid_until", "day", "it must end after it begins"))
    rows = read.with_columns(pl.col(f"{name}_read").alias(name) for name in days)
    return rows.drop("valid_from_read", "valid_until_read"), pl.concat(wrong).unique("line", maintain_order=True)


def _wrong_cells(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        problem_rows(
            frame, (pl.col("mark") != "") & ~pl.col("mark").is_in(list(MARKS)), "mark", "mark",
            f"the marks are {', '.join(MARKS)}",
        ),
        problem_rows(
            frame, ~pl.col("kind").is_in(["prefix", "asn", "domain", "country"]), "kind", "kind",
            "the kinds are prefix, asn, domain, country",
        ),
    ]  # fmt: skip


def _spell_each(kind: str, written: pl.Series) -> pl.DataFrame:
    rows = [_spelling(kind, text) for text in written.unique(maintain_order=True)]
    schema = {"written": pl.String, "value": pl.String, "detail": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _spelling(kind: str, text: str) -> tuple[str, str | None, str | None]:
    try:
        if kind == "asn":
            return text, normalise_asn(text), None
        if kind == "domain":
            return text, normalise_domain_name(text), None
    except FormatProblem as problem:
        return text, None, problem.sentence
    if len(text) == 2 and text.isascii() and text.isalpha():
        return text, text.upper(), None
    return text, None, "a country is two letters, such as PK"
