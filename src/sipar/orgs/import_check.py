"""Checking a register file as a whole: columns against rules and codes, never row by row. No database.

What is wrong comes out as a table of line, column, value, code and detail; a file with a problem is not loaded at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from sipar.formats.asset_values import normalise_asset, public_suffixes, wildcard_suffixes
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Table
from sipar.orgs.import_columns import ASSET_COLUMNS, BY_NAME, COLUMNS, CONTACT_COLUMNS, NAMES, REQUIRED
from sipar.orgs.models import Asset

MOST_VALUES = 500
SHOWN_VALUE = 80
_PROBLEM = {"line": pl.UInt32, "column": pl.String, "value": pl.String, "code": pl.String, "detail": pl.String}
_CONTROL = "[\\x00-\\x1f\\x7f\u200b-\u200d\u202a-\u202e\u2066-\u2069]"
_SEPARATOR = {"product": "[;\\n]+", "cryptography": "[;,\\n]+"}
_ANY_SEPARATOR = "[;,\\s]+"
_PLAIN_DOMAIN = "^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$"
_PLAIN_PREFIX = "^(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})$"
# First octets with a special range somewhere inside: those prefixes take the slow way.
_SPECIAL_OCTETS = (0, 10, 100, 127, 169, 172, 192, *range(224, 256))


@dataclass(frozen=True)
class RegisterCodes:
    """The codes that a file may speak of. `subsectors` maps each one to the code of its sector."""

    sectors: frozenset[str]
    subsectors: Mapping[str, str]
    provinces: frozenset[str]
    ministries: frozenset[str]


@dataclass(frozen=True)
class CheckedRegister:
    """`organisations`: one row for each line, every column a text ("" where absent), `tier` as text too. `assets`:
    identifier, kind, value in canonical spelling, mark (null where the file has no marks), each once. `columns`: those
    that the file has."""

    organisations: pl.DataFrame
    assets: pl.DataFrame
    problems: pl.DataFrame
    columns: frozenset[str]

    @property
    def asset_kinds(self) -> list[str]:
        return sorted(kind for column, kind in ASSET_COLUMNS.items() if column in self.columns)


def check_register(table: Table, codes: RegisterCodes) -> CheckedRegister:
    """The file's rows, cleaned, with everything that is wrong with them. Raises FormatProblem `register.columns`."""
    names = _column_names(table)
    frame = (
        table.rows.rename(names)
        .with_columns(pl.all().str.strip_chars())
        .with_columns(
            pl.col(name).str.to_lowercase()
            for name in ("ownership", "size", "fictional", "active", "contact_email")
            if name in names.values()
        )
        .with_columns(table.lines.alias("line"))
    )
    present = frozenset(names.values())
    assets, asset_problems = _assets(frame, present)
    marked, mark_problems = _marked(frame, assets, present)
    problems = pl.concat([*_cell_problems(frame, present, codes), asset_problems, mark_problems]).sort("line", "column")
    absent = [pl.lit("").alias(name) for name in NAMES if name not in present]
    return CheckedRegister(
        organisations=frame.with_columns(absent).select("line", *NAMES),
        assets=marked,
        problems=problems,
        columns=present,
    )


def _column_names(table: Table) -> dict[str, str]:
    """The file's own column heads, each with the name it stands for."""
    names = {head: head.strip().lower().replace(" ", "_").replace("-", "_") for head in table.header}
    unknown = [head for head, name in names.items() if name not in BY_NAME]
    if unknown:
        shown = ", ".join(head[:40] for head in unknown[:10])
        raise FormatProblem("register.columns", f"the register has no such column: {shown}", "header")
    if len(set(names.values())) != len(names):
        raise FormatProblem("register.columns", "two columns have the same name", "header")
    missing = [name for name in REQUIRED if name not in names.values()]
    if missing:
        raise FormatProblem("register.columns", f"these columns are missing: {', '.join(missing)}", "header")
    return names


def _found(frame: pl.DataFrame, wrong: pl.Expr, column: str, code: str, detail: str = "") -> pl.DataFrame:
    return frame.filter(wrong).select(
        pl.col("line").cast(pl.UInt32),
        pl.lit(column).alias("column"),
        pl.col(column).str.slice(0, SHOWN_VALUE).alias("value"),
        pl.lit(code).alias("code"),
        pl.lit(detail).alias("detail"),
    )


def _cell_problems(frame: pl.DataFrame, present: frozenset[str], codes: RegisterCodes) -> list[pl.DataFrame]:
    found = [pl.DataFrame(schema=_PROBLEM)]
    for column in COLUMNS:
        if column.name not in present:
            continue
        cell = pl.col(column.name)
        filled = cell != ""
        if column.required:
            found.append(_found(frame, ~filled, column.name, "required"))
        if column.longest:
            found.append(_found(frame, cell.str.len_chars() > column.longest, column.name, "length"))
        if not column.asset:
            found.append(_found(frame, cell.str.contains(_CONTROL), column.name, "control"))
        if column.choices:
            wrong = filled & ~cell.is_in(list(column.choices))
            found.append(_found(frame, wrong, column.name, "choice", ", ".join(column.choices)))
    found += _identifier_problems(frame)
    found += _code_problems(frame, present, codes)
    found += _shape_problems(frame, present)
    return found


def _identifier_problems(frame: pl.DataFrame) -> list[pl.DataFrame]:
    cell = pl.col("identifier")
    shaped = cell.str.contains("^[A-Za-z0-9][A-Za-z0-9._:-]*$") & cell.str.contains("[0-9]")
    return [
        _found(frame, (cell != "") & ~shaped, "identifier", "identifier"),
        _found(frame, (cell != "") & ~cell.is_first_distinct(), "identifier", "repeated"),
    ]


def _code_problems(frame: pl.DataFrame, present: frozenset[str], codes: RegisterCodes) -> list[pl.DataFrame]:
    known = {
        "sector": codes.sectors,
        "subsector": frozenset(codes.subsectors),
        "province": codes.provinces,
        "ministry": codes.ministries,
    }
    found = [
        _found(frame, (pl.col(name) != "") & ~pl.col(name).is_in(sorted(accepted)), name, "unknown")
        for name, accepted in known.items()
        if name in present
    ]
    if "subsector" in present:
        parent = pl.col("subsector").replace_strict(dict(codes.subsectors), default=None, return_dtype=pl.String)
        elsewhere = (parent != pl.col("sector")).fill_null(value=False) & pl.col("sector").is_in(sorted(codes.sectors))
        found.append(_found(frame, elsewhere, "subsector", "subsector"))
    return found


def _shape_problems(frame: pl.DataFrame, present: frozenset[str]) -> list[pl.DataFrame]:
    patterns = {
        "website": ("^https?://[^\\s<>\"'\\\\/?#]+\\.[^\\s<>\"'\\\\]+$", "website"),
        "contact_email": ('^[^\\s@<>"(),:;]+@(?:[^\\s@<>"(),:;.]+\\.)+[^\\s@<>"(),:;.]{2,}$', "email"),
        "contact_phone": ("^\\+?[0-9][0-9 ()./-]{3,38}$", "phone"),
    }
    found = [
        _found(frame, (pl.col(name) != "") & ~pl.col(name).str.contains(pattern), name, code)
        for name, (pattern, code) in patterns.items()
        if name in present
    ]
    reachable = [pl.col(name) != "" for name in CONTACT_COLUMNS[1:] if name in present]
    if reachable:
        name = pl.col("contact_name") if "contact_name" in present else pl.lit("")
        named = frame if "contact_name" in present else frame.with_columns(name.alias("contact_name"))
        found.append(_found(named, pl.any_horizontal(reachable) & (name == ""), "contact_name", "contact_name"))
    return found


def _assets(frame: pl.DataFrame, present: frozenset[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    taken = [pl.DataFrame(schema={"identifier": pl.String, "kind": pl.String, "value": pl.String})]
    found = [pl.DataFrame(schema=_PROBLEM)]
    for column, kind in ASSET_COLUMNS.items():
        if column not in present:
            continue
        separator = _SEPARATOR.get(kind, _ANY_SEPARATOR)
        lists = frame.filter(pl.col(column) != "").with_columns(
            pl.col(column).str.replace_all(separator, "\x1f").str.split("\x1f").alias("written")
        )
        crowded = pl.col("written").list.len() > MOST_VALUES
        found.append(_found(lists, crowded, column, "too_many"))
        written = (
            lists.filter(~crowded)
            .select("line", "identifier", "written")
            .explode("written", empty_as_null=True)
            .with_columns(pl.col("written").str.strip_chars())
            .filter(pl.col("written") != "")
        )
        spelled = written.join(_spellings(kind, written["written"].unique()), on="written", how="left")
        taken.append(
            spelled.filter(pl.col("detail").is_null())
            .select("identifier", pl.lit(kind).alias("kind"), "value")
            .unique(maintain_order=True)
        )
        found.append(
            spelled.filter(pl.col("detail").is_not_null()).select(
                pl.col("line").cast(pl.UInt32),
                pl.lit(column).alias("column"),
                pl.col("written").str.slice(0, SHOWN_VALUE).alias("value"),
                pl.lit("asset").alias("code"),
                "detail",
            )
        )
    return pl.concat(taken), pl.concat(found)


def _marked(frame: pl.DataFrame, assets: pl.DataFrame, present: frozenset[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The assets with their `mark` out of the column `marks`, whose cells hold `value=mark` as often as needed; an
    asset that the cell does not name has none."""
    if "marks" not in present:
        return assets.with_columns(mark=pl.lit(None, dtype=pl.String)), pl.DataFrame(schema=_PROBLEM)
    entries = (
        frame.filter(pl.col("marks") != "")
        .select("line", "identifier", pl.col("marks").str.replace_all(_ANY_SEPARATOR, "\x1f").str.split("\x1f"))
        .explode("marks", empty_as_null=True)
        .filter(pl.col("marks") != "")
        .with_columns(
            value=pl.col("marks").str.extract("^(.+)=([^=]*)$", 1), mark=pl.col("marks").str.extract("=([^=]*)$", 1)
        )
    )
    known = entries.filter(pl.col("mark").is_in(Asset.Mark.values)).unique(["identifier", "value"], keep="first")
    marked = assets.join(known.select("identifier", "value", "mark"), on=["identifier", "value"], how="left")
    nowhere = entries.join(assets, on=["identifier", "value"], how="anti")
    is_known = pl.col("mark").is_in(Asset.Mark.values).fill_null(value=False) & pl.col("value").is_not_null()
    wrong = entries.filter(~is_known)
    problems = [
        _found(wrong, pl.lit(value=True), "marks", "mark", ", ".join(Asset.Mark.values)),
        _found(nowhere, pl.col("value").is_not_null(), "marks", "marked"),
    ]
    return marked.with_columns(pl.col("mark").fill_null("")), pl.concat(problems)


def _spellings(kind: str, values: pl.Series) -> pl.DataFrame:
    """Each distinct text with its canonical spelling, or in `detail` why it has none."""
    frame = pl.DataFrame({"written": values}, schema={"written": pl.String})
    plain = is_plainly_canonical(kind)
    split = frame.with_columns(plain.fill_null(value=False).alias("plain"))
    rows = [_spelling(kind, value) for value in split.filter(~pl.col("plain"))["written"]]
    slow = pl.DataFrame(rows, schema={"written": pl.String, "value": pl.String, "detail": pl.String}, orient="row")
    quick = split.filter("plain").select(
        "written", pl.col("written").alias("value"), pl.lit(None, dtype=pl.String).alias("detail")
    )
    return pl.concat([quick, slow])


def _spelling(kind: str, value: str) -> tuple[str, str | None, str | None]:
    try:
        return value, normalise_asset(kind, value), None
    except FormatProblem as problem:
        return value, None, problem.sentence


def is_plainly_canonical(kind: str) -> pl.Expr:
    """Whether the column `written` holds a text that `normalise_asset` would return unchanged, told without calling it.

    Cautious: false or null sends a text the slow way, true must never be wrong.
    """
    written = pl.col("written")
    if kind == "domain":
        is_shaped = written.str.contains(_PLAIN_DOMAIN) & (written.str.len_bytes() <= 253)
        is_ascii = ~written.str.contains("--", literal=True)
        parent = written.str.extract("^[^.]+\\.(.*)$")
        is_suffix = written.is_in(sorted(public_suffixes())) | parent.is_in(sorted(wildcard_suffixes()))
        return is_shaped & is_ascii & ~is_suffix
    if kind == "asn":
        number = written.str.extract("^AS([1-9][0-9]{0,9})$").cast(pl.Int64, strict=False)
        return (number.is_between(1, 64_511) & (number != 23_456)) | number.is_between(65_536, 4_199_999_999)
    if kind == "prefix":
        return _plain_prefix(written)
    return pl.lit(value=False)


def _plain_prefix(written: pl.Expr) -> pl.Expr:
    parts = [written.str.extract(_PLAIN_PREFIX, group).cast(pl.Int64, strict=False) for group in range(1, 6)]
    *octets, length = parts
    number = octets[0] * 2**24 + octets[1] * 2**16 + octets[2] * 2**8 + octets[3]
    # 2 to the power of the host bits, out of a list: no shift operator works on expressions here.
    hosts = length.replace_strict({bits: 2 ** (32 - bits) for bits in range(8, 33)}, default=None)
    return (
        pl.all_horizontal(octet <= 255 for octet in octets)
        & (number % hosts == 0)
        & ~octets[0].is_in(list(_SPECIAL_OCTETS))
        & ~written.str.contains("(?:^|[./])0[0-9]")
    )
