"""Text to values, a column at a time. Each cast is written once; every reader names the one it wants.

A cast is a fast expression, then a careful function for the few values that it leaves null, then what counts as empty.
A value that is still null is a bad cell: a `hard` cast refuses its row, a soft one keeps the text in `extra`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from sipar.exposure.severity import SEVERITIES
from sipar.feeds.kernels import careful
from sipar.feeds.kernels.rsit import rsit_type

type Json = Literal["text", "number", "word"]

_TIME = "%Y-%m-%d %H:%M:%S"
_HTTP_TIME = "%a, %d %b %Y %H:%M:%S GMT"
_ISO = "%Y-%m-%dT%H:%M:%S+00:00"
# Names as they mostly come; `careful.hostname` sees to the others.
_HOST = r"^(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*$"
_URL = r"^[a-z][a-z0-9+.-]{1,20}://[^\s\x00-\x1f\x7f]+$"
_TRUE = ("true", "t", "yes", "y", "1", "enabled", "on")
_FALSE = ("false", "f", "no", "n", "0", "disabled", "off")
_BOOLEANS = {**dict.fromkeys(_TRUE, "true"), **dict.fromkeys(_FALSE, "false")}
_TRANSPORTS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "132": "sctp"}
_NOWHERE = ("", "-", "--", "??", "unknown")
_NOTHING = ("", "0", "unknown")
_MAX_NUMBER = 2.0**53
_CVE = r"(?i)cve-[0-9]{4}-[0-9]{4,19}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """How the text of a column becomes a value. `code` names the fault of a bad cell."""

    fast: Callable[[pl.Expr], pl.Expr]
    dtype: pl.DataType
    code: str = ""
    slow: Callable[[str], object] | None = None
    finish: Callable[[pl.Expr], pl.Expr] | None = None
    empty: tuple[str, ...] = ()
    hard: bool = True
    fails: bool = True
    by_value: bool = False  # few different values, a costly expression: each value once
    json: Json = "text"
    free: bool = False  # the text may hold anything, so that JSON has to escape it


def _address(text: pl.Expr) -> pl.Expr:
    from polars_iptools import ipv4_to_numeric  # type: ignore[import-untyped]

    numbers: pl.Expr = ipv4_to_numeric(text)
    return pl.when(numbers.is_not_null()).then(text)


def _time(text: pl.Expr) -> pl.Expr:
    times = text.str.to_datetime(_TIME, time_unit="us", time_zone="UTC", strict=False)
    return _bounded(times)


def _bounded(times: pl.Expr) -> pl.Expr:
    return pl.when(times.is_between(careful.EARLIEST, careful.LATEST, closed="left")).then(times)


def _iso_text(text: str) -> str | None:
    found = careful.time(text)
    return None if found is None else found.isoformat(timespec="seconds")


def _within(text: pl.Expr, highest: int) -> pl.Expr:
    numbers = text.cast(pl.Int64, strict=False)
    return pl.when(numbers.is_between(0, highest)).then(numbers)


def _port(text: str) -> int | None:
    number = careful.integer(text)
    return number if number is not None and 0 <= number <= 65_535 else None


def _no_zero(numbers: pl.Expr) -> pl.Expr:
    return pl.when(numbers != 0).then(numbers)


def _host(text: pl.Expr) -> pl.Expr:
    return pl.when((text.str.len_bytes() < 64) & text.str.contains(_HOST)).then(text)


def _url(text: pl.Expr) -> pl.Expr:
    plain = text.str.strip_chars()
    scheme = plain.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]{1,20})://", 1)
    lowered = scheme.str.to_lowercase() + plain.str.slice(scheme.str.len_chars())
    return pl.when((plain.str.len_bytes() <= 8_192) & lowered.str.contains(_URL)).then(lowered)


def _country(text: pl.Expr) -> pl.Expr:
    code = text.str.strip_chars().str.to_uppercase()
    return pl.when(code.str.contains("^[A-Z]{2}$")).then(code)


def _severity(text: pl.Expr) -> pl.Expr:
    numbers = {word: number for number, word in enumerate(SEVERITIES)}
    return text.str.to_lowercase().replace_strict(numbers, default=None, return_dtype=pl.Int8)


def _protocol(text: pl.Expr) -> pl.Expr:
    name = text.str.strip_chars().str.to_lowercase().replace(_TRANSPORTS)
    return pl.when(name.str.contains(r"^[a-z][a-z0-9._/+-]{0,29}$")).then(name)


def _boolean(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.String)


def _decimal(text: pl.Expr) -> pl.Expr:
    numbers = text.cast(pl.Float64, strict=False)
    return pl.when(numbers.abs() < 1e300).then(numbers)


def _slug(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-").str.slice(0, 80)


def _base64(text: pl.Expr) -> pl.Expr:
    coded = text.str.contains(r"^[A-Za-z0-9+/]+={0,2}$") & (text.str.len_bytes() % 4 == 0)
    return pl.when(coded).then(text).otherwise(text.str.encode("base64"))


def cves_in(text: pl.Expr) -> pl.Expr:
    """The CVE identifiers named in the text, upper case, each once, sorted, divided by one space; null for none."""
    found = text.str.extract_all(_CVE).list.eval(pl.element().str.to_uppercase()).list.unique().list.sort()
    joined = found.list.join(" ")
    return pl.when(joined != "").then(joined)


def _something(text: pl.Expr) -> pl.Expr:
    return pl.when(~text.str.to_lowercase().is_in(_NOTHING)).then(text)


def _keep(text: pl.Expr) -> pl.Expr:
    return text


_TEXT = pl.String()

CASTS: dict[str, Cast] = {
    "text": Cast(fast=_keep, dtype=_TEXT, free=True, fails=False),
    "word": Cast(fast=_keep, dtype=_TEXT, free=True, fails=False, finish=_something),
    "address": Cast(fast=_address, dtype=_TEXT, code="address", slow=careful.address),
    "network": Cast(fast=lambda text: pl.when(False).then(text), dtype=_TEXT, code="network", slow=careful.network),
    "time": Cast(fast=_time, dtype=pl.Datetime("us", "UTC"), code="time", slow=careful.time),
    "date": Cast(
        fast=lambda text: _bounded(
            text.str.to_datetime(_HTTP_TIME, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        ).dt.strftime(_ISO),
        dtype=_TEXT,
        slow=_iso_text,
        hard=False,
        by_value=True,
    ),
    "port": Cast(
        fast=lambda text: _within(text, 65_535),
        dtype=pl.Int64(),
        code="port",
        slow=_port,
        finish=_no_zero,
        json="number",
    ),
    "asn": Cast(
        fast=lambda text: _within(text, 2**32 - 1),
        dtype=pl.Int64(),
        code="asn",
        slow=careful.autonomous_system,
        finish=_no_zero,
        json="number",
    ),
    "integer": Cast(
        fast=lambda text: text.cast(pl.Int64, strict=False),
        dtype=pl.Int64(),
        code="number",
        slow=careful.integer,
        json="number",
    ),
    "nonzero": Cast(
        fast=lambda text: text.cast(pl.Int64, strict=False),
        dtype=pl.Int64(),
        slow=careful.integer,
        finish=_no_zero,
        hard=False,
        json="number",
    ),
    "decimal": Cast(fast=_decimal, dtype=pl.Float64(), code="number", json="number"),
    "boolean": Cast(fast=_boolean, dtype=_TEXT, code="boolean", json="word", by_value=True),
    "hostname": Cast(fast=_host, dtype=_TEXT, slow=careful.hostname, hard=False),
    "url": Cast(fast=_url, dtype=_TEXT, hard=False, free=True),
    "country": Cast(fast=_country, dtype=_TEXT, code="country", empty=_NOWHERE, by_value=True),
    "severity": Cast(fast=_severity, dtype=pl.Int8(), empty=("unknown",), hard=False, by_value=True),
    "protocol": Cast(fast=_protocol, dtype=_TEXT, empty=("unknown",), hard=False, by_value=True),
    "rsit": Cast(
        fast=lambda text: pl.when(False).then(text),
        dtype=_TEXT,
        slow=rsit_type,
        by_value=True,
    ),
    "kind": Cast(fast=_slug, dtype=_TEXT, fails=False, finish=_something, by_value=True),
    "cves": Cast(fast=cves_in, dtype=_TEXT, fails=False, by_value=True),
    "base64": Cast(fast=_base64, dtype=_TEXT, fails=False),
}
