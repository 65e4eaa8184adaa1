"""n6 events as JSON (https://n6.readthedocs.io): one observation for each address of an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from sipar.feeds.kernels.fields import Field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Row, read_objects
from sipar.feeds.n6.fields import CATEGORIES, LISTENING
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

_PLAN = Plan(
    kind="event",
    fields=(
        Field("time", "observed_at", "time", needed=True),
        Field("kind", "kind", "kind"),
        Field("classification", "classification", "rsit"),
        Field("ip", "ip", "address", needed=True),
        Field("port", "port", "port"),
        Field("proto", "protocol", "protocol"),
        Field("fqdn", "hostname", "hostname"),
        *url_fields("url"),
        Field("asn", "asn", "asn"),
        Field("cc", "country", "country"),
        Field("product", "product"),
        Field("name", "malware", "word"),
        Field("cves", "cves", "cves"),
    ),
)
_USED = ("time", "address", "proto", "fqdn", "url", "product", "ip", "asn", "cc")


class N6Reader:
    """No settings."""

    name = "n6"
    label = "n6 events (JSON)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """JSON whose beginning has a category and a time."""
        text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "[") or '"category"' not in text:
            raise FormatProblem("n6.events", "These are no n6 events in JSON: none has a category.", name[:80])
        return Report("events", complete=False)

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation an address; one for the name or URL where an event has no address."""
        yield from read_objects(stream, _PLAN, _rows)


def _rows(event: dict[str, Any]) -> Iterator[Row]:
    category = str(event.get("category", ""))
    ports = ("dport", "sport") if category in LISTENING else ("sport", "dport")
    shared = {
        "time": event.get("time"),
        "kind": f"{category} {event.get('name') or ''}",
        "classification": CATEGORIES.get(category, "undetermined"),
        "port": event.get(ports[0]),
        "proto": event.get("proto"),
        "fqdn": event.get("fqdn"),
        "url": event.get("url"),
        "product": event.get("product"),
        "name": event.get("name"),
        "cves": event.get("name"),
    }
    extra = {key: value for key, value in event.items() if key not in _USED and key != ports[0]}
    addresses = event.get("address") or [{key: event.get(key) for key in ("ip", "asn", "cc")}]
    for address in addresses:
        own = {"ip": address.get("ip") or address.get("ipv6"), "asn": address.get("asn"), "cc": address.get("cc")}
        more = {f"address.{key}": value for key, value in address.items() if key not in ("ip", "ipv6", "asn", "cc")}
        yield Row(shared | own, extra | more)


READER = N6Reader()
