"""The declaration of a table by a feed's settings, checked: which column fills what, and what holds for every row."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from sipar.exposure.severity import SEVERITIES
from sipar.feeds.kernels.fields import Field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.rsit import TYPES
from sipar.formats.problems import FormatProblem

ASSETS = ("ip", "hostname", "url", "asn")
FORMATS = ("csv", "json")
# The cast of each column of READ that a table may fill; `extra.KEY` may name its own.
TARGETS = {
    "observed_at": "time", "kind": "kind", "classification": "rsit", "severity": "severity", "ip": "address",
    "port": "port", "protocol": "protocol", "hostname": "hostname", "url": "url", "asn": "asn", "country": "country",
    "product": "word", "cves": "cves", "malware": "word", "tag": "word",
}  # fmt: skip
_EXTRA_CASTS = ("text", "integer", "decimal", "boolean", "date", "address", "network")
_MAX = 500
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the settings say. `columns` are those that the file should have, `others` known ones besides, if told."""

    plan: Plan
    columns: tuple[str, ...]
    others: tuple[str, ...] | None
    format: str
    delimiter: str

    @property
    def assets(self) -> set[str]:
        """The columns that say whose a row is."""
        return {found.column for found in self.plan.fields if found.target in ASSETS}


def declared(settings: Mapping[str, Any]) -> Declaration:
    """The declaration in a feed's settings. Raises FormatProblem `table.settings` with the place, `columns/addr`."""
    columns = settings.get("columns")
    if not isinstance(columns, Mapping) or not 0 < len(columns) <= _MAX:
        raise _problem(f"Declare which column fills what: an object of 1 to {_MAX} columns.", "columns")
    form = settings.get("format", "")
    if form and form not in FORMATS:
        raise _problem("A table is `csv` or `json`.", "format")
    delimiter = settings.get("delimiter", "")
    if delimiter and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\n\r'):
        raise _problem("A delimiter is one character, such as a comma or a tab.", "delimiter")
    time = _time_text(settings)
    fields: list[Field] = []
    for column, given in columns.items():
        fields += _fields(str(column), given, time, lower=form != "json")
    filled = {found.target for found in fields}
    if not filled & set(ASSETS):
        raise _problem("No column fills `ip`, `hostname`, `url` or `asn`: nothing could be anybody's.", "columns")
    others = settings.get("others")
    if others is not None and not (isinstance(others, list) and all(isinstance(name, str) for name in others)):
        raise _problem("Other columns are a list of names.", "others")
    plan = _with_constants(settings.get("constants", {}), tuple(fields), timeless="observed_at" not in filled)
    names = tuple(dict.fromkeys(found.column for found in fields))
    return Declaration(plan, names, None if others is None else tuple(others), form, delimiter)


def _fields(column: str, given: Any, time: Callable[[pl.Expr], pl.Expr] | None, *, lower: bool) -> list[Field]:
    where = f"columns/{column}"
    target = given.get("to") if isinstance(given, Mapping) else given
    name = column.strip().lower() if lower else column
    if not isinstance(target, str):
        raise _problem("A column fills a column of observations or `extra.NAME`.", where)
    cast = given.get("as", "text") if isinstance(given, Mapping) else "text"
    if target.startswith("extra.") and len(target) > len("extra."):
        if cast not in _EXTRA_CASTS:
            raise _problem(f"A value in extra is one of: {', '.join(_EXTRA_CASTS)}.", f"{where}/as")
        return [Field(name, target, cast)]
    if target not in TARGETS:
        raise _problem(f"There is no column {target[:40]}; there are {', '.join(TARGETS)}, and extra.NAME.", where)
    if isinstance(given, Mapping) and "as" in given:
        raise _problem("Only values in extra say what they are; the others have their type.", f"{where}/as")
    if target == "url":
        return list(url_fields(name))
    if target == "observed_at" and time is not None:
        return [Field(name, target, "time", needed=True, text=time(pl.col(name)))]
    return [Field(name, target, TARGETS[target], needed=target in ("ip", "observed_at"))]


def _time_text(settings: Mapping[str, Any]) -> Callable[[pl.Expr], pl.Expr] | None:
    """What turns the table's times to UTC text, where the settings give a format or a zone."""
    pattern, zone = settings.get("time_format"), settings.get("time_zone", "UTC")
    try:
        zoneinfo.ZoneInfo(zone)
    except (ValueError, TypeError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise _problem("There is no such time zone; zones are called Region/City.", "time_zone") from error
    if pattern is None:
        if zone != "UTC":
            raise _problem("A time zone needs a `time_format` without one.", "time_zone")
        return None
    if not isinstance(pattern, str) or "%" not in pattern or len(pattern) > 100:
        raise _problem("A time format is written with % signs, such as %d/%m/%Y %H:%M.", "time_format")

    def as_utc(text: pl.Expr) -> pl.Expr:
        parsed = text.str.strip_chars().str.to_datetime(pattern, time_unit="us", strict=False, time_zone=None)
        local = parsed.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        utc = local.dt.convert_time_zone("UTC").dt.strftime(_TIME)
        # What does not fit stays as it is, and is refused by the cast.
        return pl.coalesce(utc, pl.concat_str([pl.lit("?"), text]))

    if _lost(pattern, as_utc):
        raise _problem("This time format cannot be read by; it needs day, month and year.", "time_format")
    return as_utc


def _lost(pattern: str, as_utc: Callable[[pl.Expr], pl.Expr]) -> bool:
    """Whether a time written in the format does not come back from it."""
    sample = pl.DataFrame({"time": [dt.datetime(2026, 3, 21, 12, 30, tzinfo=dt.UTC)]})
    try:
        found = sample.select(as_utc(pl.col("time").dt.strftime(pattern))).item()
    except pl.exceptions.PolarsError:
        return True
    return str(found)[:4] != "2026"


def _with_constants(constants: Any, fields: tuple[Field, ...], *, timeless: bool) -> Plan:
    if not isinstance(constants, Mapping):
        raise _problem("Constants are an object.", "constants")
    for key, value in constants.items():
        if not isinstance(value, str) or len(value) > _MAX:
            raise _problem("A constant is a text.", f"constants/{key}")
        if key in TARGETS and key not in ("kind", "classification", "severity", "protocol"):
            raise _problem(
                "Constants are kind, classification, severity, protocol, or go into extra.", f"constants/{key}"
            )
    filled = {found.target for found in fields}
    if "kind" not in filled and not constants.get("kind"):
        raise _problem("Say what kind of thing the table tells of: a constant or a column.", "constants/kind")
    classification = constants.get("classification", "undetermined")
    if classification not in TYPES:
        raise _problem("This is no type of RSIT.", "constants/classification")
    severity = constants.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise _problem(f"A severity is one of: {', '.join(SEVERITIES)}.", "constants/severity")
    own = ("kind", "classification", "severity", "protocol")
    return Plan(
        fields=fields,
        kind=constants.get("kind", "event"),
        classification=classification,
        severity=None if severity is None else SEVERITIES.index(severity),
        protocol=constants.get("protocol"),
        constants={key.removeprefix("extra."): value for key, value in constants.items() if key not in own},
        timeless=timeless,
    )


def _problem(sentence: str, where: str) -> FormatProblem:
    return FormatProblem("table.settings", sentence, where[:120])
