"""IntelMQ events as JSON, flat or hierarchical, one a line or in a list (https://docs.intelmq.org/latest/user/event/)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from sipar.exposure.severity import SEVERITIES
from sipar.feeds.intelmq.fields import DROPPED, NAMES, PARTS, TARGETS
from sipar.feeds.kernels.careful import hostname
from sipar.feeds.kernels.fields import Field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Row, read_objects
from sipar.feeds.kernels.rsit import CLASS_OF
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

_ROWS_AT_ONCE = 10_000
# What an observation's own columns hold; a product is joined before it is cast.
_PLAIN = {name: target for name, target in TARGETS.items() if name not in PARTS and name != "source.url"}
_PLAN = Plan(
    kind="event",
    fields=(
        *(Field(name, target, cast, needed=name == "source.ip") for name, (target, cast) in _PLAIN.items()),
        Field("product", "product"),
        *url_fields("source.url"),
    ),
)
# Kept in `extra` as well: they say how a joined or chosen value came about.
_KEPT = ("source.reverse_dns", *PARTS, "product.full_name")


class IntelmqReader:
    """No settings."""

    name = "intelmq"
    label = "IntelMQ events (JSON)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """Any JSON whose beginning names an IntelMQ field."""
        text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "[") or not ('"classification' in text or '"source' in text or '"time' in text):
            raise FormatProblem("intelmq.events", "These are no IntelMQ events in JSON.", name[:80])
        return Report("events")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation an event."""
        yield from read_objects(stream, _PLAN, _rows)


def _rows(event: dict[str, Any]) -> Iterator[Row]:
    flat = _flat(event)
    values = {name: flat[name] for name in (*_PLAIN, "source.url") if name in flat}
    parts = [str(flat[name]) for name in PARTS if flat.get(name)]
    values["product"] = " ".join(parts) or flat.get("product.full_name")
    extra = {
        name.removeprefix("extra."): value
        for name, value in flat.items()
        if name not in DROPPED and (name not in values or name in _KEPT)
    }
    kind = str(flat.get("classification.type", ""))
    if kind and kind not in CLASS_OF:
        extra["classification.type"] = kind
    yield Row(values, extra)


def _flat(event: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The event with its names in full. `extra` may be an object, or JSON in a text."""
    flat: dict[str, Any] = {}
    for key, value in event.items():
        name = before + key
        if name == "extra" and isinstance(value, str):
            given = json.loads(value)
            flat |= {f"extra.{inner}": found for inner, found in given.items()}
        elif name == "extra" and isinstance(value, dict):
            flat |= {f"extra.{inner}": found for inner, found in value.items()}
        elif isinstance(value, dict) and not name.startswith("extra.") and name not in NAMES:
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def write(table: pa.Table) -> Iterator[bytes]:
    """The observations as IntelMQ events, one a line of JSON, in pieces; what IntelMQ has no name for is in `extra`."""
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        lines = [json.dumps(_event(row), ensure_ascii=False) for row in batch.to_pylist()]
        yield "".join(f"{line}\n" for line in lines).encode()


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = json.loads(row["extra"]) if row["extra"] else {}
    event = {name if name in NAMES else f"extra.{name}": value for name, value in extra.items()}
    seen = row["observed_at"]
    whole = not any(name in event for name in (*PARTS, "product.full_name"))
    own = {
        "time.source": seen.isoformat() if seen else None,
        "classification.identifier": row["kind"],
        "classification.taxonomy": CLASS_OF.get(row["classification"] or ""),
        "severity": SEVERITIES[row["severity"]] if row["severity"] is not None else None,
        "source.ip": row["ip"],
        "source.port": row["port"],
        "protocol.transport": row["protocol"],
        "source.url": row["url"],
        "source.asn": row["asn"],
        "source.geolocation.cc": row["country"],
        "product.full_name": row["product"] if whole else None,
        "product.vulnerabilities": row["cves"].replace(" ", ";") if row["cves"] else None,
        "malware.name": row["malware"],
        "extra.tag": row["tag"],
    }
    if row["hostname"] and hostname(str(event.get("source.reverse_dns", ""))) != row["hostname"]:
        own["source.fqdn"] = row["hostname"]
    event.setdefault("classification.type", row["classification"])
    return event | {name: value for name, value in own.items() if value is not None}


READER = IntelmqReader()
