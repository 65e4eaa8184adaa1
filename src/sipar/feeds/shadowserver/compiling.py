"""One report type and the columns of one file, compiled to the plan by which its rows are read."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from sipar.feeds.intelmq.fields import LEFT_OUT, ORDER, PARTS, TARGETS
from sipar.feeds.kernels.fields import Field, mail_field, name_field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.rsit import rsit_type
from sipar.feeds.reading import DriftSeen
from sipar.feeds.shadowserver.fields import CONVERSIONS, MAIL_COLUMNS, NAME_COLUMNS
from sipar.feeds.shadowserver.schema import ReportType, SchemaField

_TLS_PORTS = ("443", "8443")
_WEBSHELL = "exchange;webshell"


def compile_plan(report: ReportType, columns: Collection[str]) -> tuple[Plan, list[DriftSeen]]:
    """The plan for a file with these columns, and a drift for each conversion function that is not known.

    Columns that the schema does not know go into `extra` as text.
    """
    drifts: list[DriftSeen] = []
    fields: list[Field] = []
    for found in sorted(report.fields, key=_place):
        if found.column not in columns or found.name in LEFT_OUT:
            continue
        if found.conversion not in CONVERSIONS:
            drifts.append(DriftSeen("type", found.column, f"conversion: {found.conversion}"[:200]))
        fields += _fields(found, columns)
    names = {found.name: found.column for found in report.fields if found.column in columns}
    if {"source.fqdn", "source.reverse_dns"} <= names.keys():
        fields.append(Field(names["source.reverse_dns"], "extra.source.reverse_dns"))
    if not any(found.target in {"ip", "hostname", "url"} for found in fields):
        fields += [mail_field(name) for name in MAIL_COLUMNS if name in columns]
        fields += [name_field(name) for name in NAME_COLUMNS if name in columns]
    known = {found.column for found in report.fields}
    fields += [Field(name, f"extra.{name}") for name in columns if name not in known]
    constants = dict(report.constants)
    identifier = constants.pop("classification.identifier", "")
    classification = constants.pop("classification.type", "")
    constants = {name: value for name, value in constants.items() if name not in TARGETS and name not in LEFT_OUT}
    if classification and classification != rsit_type(classification):
        constants["classification.type"] = classification
    plan = Plan(
        fields=tuple(fields),
        kind=_slug(identifier) or _slug(report.file_name),
        classification=classification,
        protocol=report.constants.get("protocol.transport"),
        constants=constants,
        timeless="timestamp" not in columns,
    )
    return plan, drifts


def _place(found: SchemaField) -> int:
    return ORDER.index(found.name) if found.name in ORDER else -1


def _fields(found: SchemaField, columns: Collection[str]) -> list[Field]:
    name = f"extra.{found.column}" if found.name == "extra." else found.name
    text = _text(found, columns)
    if name == "source.url":
        return list(url_fields(found.column, text))
    if name not in TARGETS:
        key = name if name.startswith("extra.") else f"extra.{name}"
        return [Field(found.column, key, CONVERSIONS.get(found.conversion, "text"), text=text)]
    target, cast = TARGETS[name]
    fields = [Field(found.column, target, cast, needed=found.required, text=text)]
    if name in PARTS:
        fields.append(Field(found.column, f"extra.{name}", "word"))
    return fields


def _text(found: SchemaField, columns: Collection[str]) -> pl.Expr | None:
    """What stands for the column where a conversion makes the value out of several, or of what a tag says."""
    if found.conversion == "convert_http_host_and_url":
        return _whole_url(pl.col(found.column), columns)
    if found.conversion == "category_or_detail" and "detail" in columns:
        return pl.coalesce(pl.col(found.column), pl.col("detail"))
    words = {
        "scan_exchange_identifier": ("exchange-server-webshell", "vulnerable-exchange-server"),
        "scan_exchange_type": ("system-compromise", "vulnerable-system"),
    }.get(found.conversion)
    if words is None:
        return None
    has_shell = pl.col(found.column).str.contains(_WEBSHELL, literal=True).fill_null(value=False)
    return pl.when(has_shell).then(pl.lit(words[0])).otherwise(pl.lit(words[1]))


def _whole_url(path: pl.Expr, columns: Collection[str]) -> pl.Expr:
    """The URL itself, or one made of the host's column and the path; the path alone where no host is known."""
    if "http_host" not in columns:
        return path
    secure = pl.lit(value=False)
    for name in ("port", "dst_port"):
        if name in columns:
            secure = secure | pl.col(name).is_in(_TLS_PORTS).fill_null(value=False)
    if "application" in columns:
        secure = secure | (pl.col("application").str.to_lowercase() == "https").fill_null(value=False)
    scheme = pl.when(secure).then(pl.lit("https://")).otherwise(pl.lit("http://"))
    slash = pl.when(path.str.starts_with("/")).then(pl.lit("")).otherwise(pl.lit("/"))
    made = pl.concat_str([scheme, pl.col("http_host"), slash, path])
    return pl.when(path.str.contains("://", literal=True)).then(path).otherwise(pl.coalesce(made, path))


def _slug(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())[:80]
