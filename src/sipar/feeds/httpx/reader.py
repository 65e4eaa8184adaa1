"""Output of ProjectDiscovery's httpx (`-json`): which web servers answered, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from sipar.feeds.kernels.careful import address
from sipar.feeds.kernels.fields import Field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Row, read_objects
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

_PLAN = Plan(
    kind="accessible-http",
    classification="other",
    severity=0,
    protocol="tcp",
    timeless=True,
    fields=(
        Field("timestamp", "observed_at", "time"),
        Field("kind", "kind", "kind"),
        Field("ip", "ip", "address"),
        *url_fields("url"),
        Field("port", "port", "port"),
        Field("asn", "asn", "asn"),
        Field("country", "country", "country"),
        Field("webserver", "product", "word"),
    ),
)
# What says nothing of the server, or is here already.
_LEFT_OUT = (
    "timestamp",
    "url",
    "port",
    "webserver",
    "asn",
    "host",
    "host_ip",
    "failed",
    "hash",
    "time",
    "knowledgebase",
)


class HttpxReader:
    """No settings."""

    name = "httpx"
    label = "httpx output (JSON)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """JSON whose beginning has a URL and what was asked for."""
        text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "[") or '"url"' not in text or not ('"input"' in text or '"status_code"' in text):
            raise FormatProblem("httpx.output", "This is no output of httpx in JSON.", name[:80])
        return Report("probe")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation for each server that answered."""
        yield from read_objects(stream, _PLAN, _rows)


def _rows(answer: dict[str, Any]) -> Iterator[Row]:
    if answer.get("failed") is True:
        return
    given = answer.get("asn")
    owner = given if isinstance(given, dict) else {}
    found = [answer.get("host_ip"), answer.get("host"), *(answer.get("a") or []), *(answer.get("aaaa") or [])]
    values = {
        "timestamp": answer.get("timestamp"),
        "kind": f"accessible-{answer.get('scheme') or 'http'}",
        "ip": next((text for text in found if isinstance(text, str) and address(text)), None),
        "url": answer["url"],
        "port": answer.get("port"),
        "asn": owner.get("as_number") or owner.get("as-number"),
        "country": owner.get("as_country") or owner.get("as-country"),
        "webserver": answer.get("webserver"),
    }
    yield Row(values, {key: value for key, value in answer.items() if key not in _LEFT_OUT})


READER = HttpxReader()
