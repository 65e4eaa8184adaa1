"""EPSS scores as FIRST publishes them, CSV: a comment line with model and day, then `cve,epss,percentile`.

Extracts call the columns differently from year to year, and leave some out: names are compared without case, spaces
and underscores, and a column that is not needed is not looked at.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from sipar.formats.limits import MEGABYTE, Limits, decode_utf8, inflate
from sipar.formats.problems import FormatProblem

LIMITS = Limits(max_bytes=256 * MEGABYTE)
_NAMES = {
    "cve": "cve", "cveid": "cve", "epss": "epss", "epssscore": "epss", "percentile": "percentile",
    "epsspercentile": "percentile",
}  # fmt: skip
_DAY = re.compile(r"score_date:\s*([0-9]{4}-[0-9]{2}-[0-9]{2})")
_MODEL = re.compile(r"model_version:\s*([\w.+-]{1,40})")
_IN_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True)
class Scores:
    """`table` has cve, epss and percentile (null where the file has none); `bad` rows were left out, with lines."""

    table: pl.DataFrame
    day: date | None
    model: str
    bad: tuple[str, ...] = ()


def read_epss(data: bytes, name: str = "") -> Scores:
    """The scores of one day. Without a comment line, the day is the one in the file's name, if any.

    Raises FormatProblem `epss.columns` or `epss.empty`. A row with a strange identifier or a score outside 0..1 is
    left out and named.
    """
    text = decode_utf8(inflate(data, LIMITS))
    comments = []
    while text.startswith("#"):
        line, _, text = text.partition("\n")
        comments.append(line)
    about = " ".join(comments)
    found = pl.read_csv(io.StringIO(text), infer_schema=False, truncate_ragged_lines=True, quote_char='"')
    names = {column: _NAMES.get(re.sub(r"[\s_]", "", column.casefold()), "") for column in found.columns}
    kept = {new: old for old, new in reversed(names.items()) if new}
    if "cve" not in kept or "epss" not in kept:
        raise FormatProblem("epss.columns", "the file needs the columns cve and epss", "line 1")
    table = found.with_row_index("line", offset=2 + len(comments)).select(
        "line",
        cve=pl.col(kept["cve"]).str.strip_chars().str.to_uppercase(),
        epss=pl.col(kept["epss"]).str.strip_chars().cast(pl.Float64, strict=False),
        percentile=(
            pl.col(kept["percentile"]).str.strip_chars().cast(pl.Float64, strict=False)
            if "percentile" in kept
            else pl.lit(None, dtype=pl.Float64)
        ),
    )
    # A score that is left out is not wrong: extracts leave it empty for what had none on that day.
    good = pl.col("cve").str.contains(r"^CVE-[0-9]{4}-[0-9]{4,12}$") & pl.col("epss").is_between(0, 1).fill_null(
        value=False
    )
    bad = table.filter(~good & (pl.col("epss").is_not_null() | pl.col("cve").is_null()))
    table = table.filter(good).with_columns(
        percentile=pl.when(pl.col("percentile").is_between(0, 1)).then(pl.col("percentile"))
    )
    if table.is_empty():
        raise FormatProblem("epss.empty", "no row of the file holds a score")
    return Scores(
        table=table.drop("line").unique("cve", keep="last").sort("cve"),
        day=_date(_DAY.search(about)) or _date(_IN_NAME.search(name)),
        model=found_model[1] if (found_model := _MODEL.search(about)) else "",
        bad=tuple(f"line {line}" for line in bad["line"].head(100)),
    )


def _date(found: re.Match[str] | None) -> date | None:
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
