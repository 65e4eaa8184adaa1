"""Tables of incidents for a replay: read from Parquet or CSV, typed, and with the reports that were observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from sipar.formats.problems import FormatProblem
from sipar.law.facts import Fact, shipped_facts
from sipar.law.grammar import Regime
from sipar.law.table import INSTANT

MAX_BYTES = 4 * 1024**3
MAX_INCIDENTS = 20_000_000
OBSERVED = ("first", "second", "third", "final")
# Which of the reports that came counts as this sort of act; people report when they do, whatever the law calls it.
_REPORT_OF: Mapping[str, str] = {
    "early_warning": "first",
    "supplement": "second",
    "intermediate": "third",
    "progress": "third",
    "final": "final",
}
_OFFSET = r"( *Z|([+-]\d\d:?\d\d))$"
_WORDS = ("incident", "organisation", "team", "generated")
_TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_incidents(path: Path) -> pl.DataFrame:
    """The table in a Parquet or CSV file: the facts of the vocabulary, who and which team, and what was submitted.

    Columns: any fact; `incident`, `organisation`, `team`; `submitted_first_at` to `submitted_final_at` or
    `submitted_<stage>`. Other columns are left out. Raises FormatProblem for what cannot be read as that.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
    except OSError as error:
        raise FormatProblem("table.file", f"the file cannot be read: {error.strerror}", path.name) from error
    if size > MAX_BYTES:
        raise FormatProblem("table.size", f"the file is larger than {MAX_BYTES // 1024**3} GB", path.name)
    try:
        table = _parquet(path) if is_parquet else _csv(path)
    except PolarsError as error:
        sentence = f"this is neither Parquet nor CSV: {_first_line(error)}"
        raise FormatProblem("table.format", sentence, path.name) from None
    if "incident" not in table.columns:
        table = table.with_row_index("incident")
    return table


def typed_texts(texts: pl.DataFrame, *, strict: bool = True) -> pl.DataFrame:
    """Columns of text as the facts they are named after, UTC where no offset stands; empty is unknown.

    What does not fit is refused with its column and row (FormatProblem `table.value`), or unknown where not `strict`.
    """
    facts = shipped_facts()
    columns = []
    for column in texts.iter_columns():
        cleaned = column.str.strip_chars()
        cleaned = cleaned.set(cleaned == "", None)
        fact = facts.get(column.name)
        if column.name in _WORDS:
            is_truth = column.name == "generated"
            columns.append(_truths(cleaned) if is_truth else cleaned)
            continue
        found = _from_text(cleaned, fact)
        wrong = (found.is_null() & cleaned.is_not_null()).arg_true()
        if strict and wrong.len():
            kind = fact.type if fact is not None else "instant"
            raise FormatProblem(
                "table.value",
                f'"{str(cleaned[wrong[0]])[:60]}" is no {kind}',
                f"column {column.name}, row {wrong[0] + 1}",
            )
        columns.append(found)
    return pl.DataFrame(columns)


def observed(table: pl.DataFrame, regime: Regime) -> pl.DataFrame:
    """The table with `submitted_<stage>` for each stage of the regime whose report can be told from what came.

    The first report counts as the early warning, or as the notification where the regime has no early warning.
    """
    early = any(duty.sort == "early_warning" for duty in regime.duties)
    reports = dict(_REPORT_OF) | {"notification": "second" if early else "first"}
    columns = {
        f"submitted_{duty.stage}": f"submitted_{reports[duty.sort]}_at"
        for duty in regime.duties
        if duty.sort in reports
    }
    return table.with_columns(
        pl.col(column).alias(name)
        for name, column in columns.items()
        if column in table.columns and name not in table.columns
    )


def fold_small(table: pl.DataFrame, names: Sequence[str], *, least: int) -> pl.DataFrame:
    """The table with the words of these columns unknown where fewer than `least` organisations are behind a word."""
    for name in names:
        if name not in table.columns:
            continue
        counted = pl.col("organisation").n_unique() - pl.col("organisation").has_nulls().cast(pl.UInt32)
        behind = counted.over(name) if "organisation" in table.columns else pl.lit(0)
        table = table.with_columns(pl.when(behind >= least).then(pl.col(name).cast(pl.String)).alias(name))
    return table


def _parquet(path: Path) -> pl.DataFrame:
    lazy = pl.scan_parquet(path, glob=False)
    table = lazy.select(_wanted(lazy.collect_schema().names())).head(MAX_INCIDENTS + 1).collect()
    return _not_too_long(table)


def _csv(path: Path) -> pl.DataFrame:
    lazy = pl.scan_csv(path, infer_schema=False, glob=False, encoding="utf8", raise_if_empty=True)
    table = lazy.select(_wanted(lazy.collect_schema().names())).head(MAX_INCIDENTS + 1).collect()
    return typed_texts(_not_too_long(table))


def _wanted(names: Sequence[str]) -> list[str]:
    known = shipped_facts()
    wanted = [name for name in names if name in known or name in _WORDS or name.startswith("submitted_")]
    if not wanted:
        raise FormatProblem("table.columns", "no column is named after a fact", "the first line")
    return wanted


def _not_too_long(table: pl.DataFrame) -> pl.DataFrame:
    if table.height > MAX_INCIDENTS:
        raise FormatProblem("table.length", f"more than {MAX_INCIDENTS:,} incidents")
    if not table.height:
        raise FormatProblem("table.length", "there is no incident in it")
    return table


def _from_text(texts: pl.Series, fact: Fact | None) -> pl.Series:
    if fact is None or fact.type == "instant":
        return _instants(texts)
    if fact.type == "boolean":
        return _truths(texts)
    if fact.type == "integer":
        numbers = texts.cast(pl.Float64, strict=False)
        return numbers.set((numbers != numbers.round()).fill_null(value=True), None).cast(pl.Int64, strict=False)
    if fact.type == "number":
        numbers = texts.cast(pl.Float64, strict=False)
        return numbers.set(~numbers.is_finite().fill_null(value=True), None)
    if fact.type == "choice":
        return texts.set(~texts.is_in([option.value for option in fact.options]).fill_null(value=True), None)
    return texts


def _truths(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)


def _instants(texts: pl.Series) -> pl.Series:
    parts = texts.to_frame("all").select(
        pl.col("all").str.replace(_OFFSET, "").str.replace("T", " ", literal=True).alias("wall"),
        pl.col("all").str.extract(_OFFSET, 2).alias("offset"),
    )
    wall = pl.col("wall")
    read = pl.coalesce(
        wall.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False),
        wall.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False),
        wall.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
    )
    hours, minutes = (pl.col("offset").str.slice(place, 2).cast(pl.Int64, strict=False) for place in (1, -2))
    sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1).otherwise(1)
    shift = pl.duration(minutes=(sign * (60 * hours + minutes)).fill_null(0))
    return parts.select((read - shift).dt.replace_time_zone("UTC").cast(INSTANT).alias(texts.name)).to_series()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no reason was given"])[0][:200]
