"""Output of ZGrab 2 (https://github.com/zmap/zgrab2): one object a target, with a result for each module."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Row, read_objects
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

# Port and transport of a module where its result names no port (IANA service names and port numbers).
_PORTS = {
    "amqp091": 5672, "bacnet": 47808, "dnp3": 20000, "fox": 1911, "ftp": 21, "http": 80, "imap": 143, "ipp": 631,
    "jarm": 443, "modbus": 502, "mongodb": 27017, "mqtt": 1883, "mssql": 1433, "mysql": 3306, "ntp": 123,
    "oracle": 1521, "pop3": 110, "postgres": 5432, "pptp": 1723, "redis": 6379, "siemens": 102, "smb": 445,
    "smtp": 25, "socks5": 1080, "ssh": 22, "telnet": 23, "tls": 443,
}  # fmt: skip
_DATAGRAM = ("bacnet", "ntp")
_MAX_RESULT = 8_192
_PLAN = Plan(
    kind="accessible-service",
    classification="other",
    severity=0,
    timeless=True,
    fields=(
        Field("timestamp", "observed_at", "time"),
        Field("kind", "kind", "kind"),
        Field("ip", "ip", "address"),
        Field("domain", "hostname", "hostname"),
        Field("port", "port", "port"),
        Field("protocol", "protocol", "protocol"),
        Field("product", "product"),
    ),
)


class ZgrabReader:
    """Settings: `port`, where all modules were aimed at one port that the output does not name."""

    name = "zgrab"
    label = "ZGrab output (JSON)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """JSON whose beginning has results of modules."""
        text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "[") or '"data"' not in text or not ('"ip"' in text or '"domain"' in text):
            raise FormatProblem("zgrab.output", "This is no output of ZGrab in JSON.", name[:80])
        return Report("scan")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation for each module that found its service."""
        yield from read_objects(stream, _PLAN, lambda target: _rows(target, settings.get("port")))


def _rows(target: dict[str, Any], port: object) -> Iterator[Row]:
    for module, grab in target["data"].items():
        if grab.get("status") != "success":
            continue
        protocol = str(grab.get("protocol") or module)
        result = grab.get("result") or {}
        values = {
            "timestamp": grab.get("timestamp"),
            "kind": f"accessible-{protocol}",
            "ip": target.get("ip"),
            "domain": target.get("domain"),
            "port": grab.get("port") or port or _PORTS.get(protocol),
            "protocol": "udp" if protocol in _DATAGRAM else "tcp",
            "product": _product(result),
        }
        # Pages and certificates can be long; the raw file keeps them.
        short = len(json.dumps(result)) <= _MAX_RESULT
        yield Row(values, {"module": module, "result": result if short else None})


def _product(result: Mapping[str, Any]) -> str | None:
    """What the service calls itself: a web server's `Server`, SSH's software, or the banner's first line."""
    response = result.get("response") or {}
    server = (response.get("headers") or {}).get("server")
    if server:
        return str(server[0] if isinstance(server, list) else server)[:200]
    software = (result.get("server_id") or {}).get("software")
    found = software or result.get("banner")
    return str(found).strip().splitlines()[0][:200] if found and str(found).strip() else None


READER = ZgrabReader()
