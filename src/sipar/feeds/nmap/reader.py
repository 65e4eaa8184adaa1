"""Nmap's XML output (https://nmap.org/book/nmap-dtd.html): one observation for each open port.

The file is read element by element. Its DOCTYPE may name the root and nothing else: a document type with declarations
of its own, entities and anything to be fetched are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser, iterparse

from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Gathered, Row
from sipar.feeds.reading import Chunk, Report
from sipar.formats.limits import MEGABYTE
from sipar.formats.problems import FormatProblem

# All 65,536 ports of a host take about half of this; elements take ten times their text in memory.
_MAX_HOST = 16 * MEGABYTE
_MAX_OUTPUT = 2_000
_PLAN = Plan(
    kind="open-port",
    classification="other",
    severity=0,
    timeless=True,
    fields=(
        Field("time", "observed_at", "time"),
        Field("kind", "kind", "kind"),
        Field("classification", "classification", "rsit"),
        Field("ip", "ip", "address", needed=True),
        Field("hostname", "hostname", "hostname"),
        Field("port", "port", "port"),
        Field("protocol", "protocol", "protocol"),
        Field("product", "product"),
        Field("cves", "cves", "cves"),
    ),
)


class NmapReader:
    """No settings."""

    name = "nmap"
    label = "Nmap output (XML)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """XML whose root is `nmaprun`."""
        if b"<nmaprun" not in head:
            raise FormatProblem("nmap.output", "This is no output of Nmap in XML (nmap -oX).", name[:80])
        return Report("scan")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """Open ports of all hosts; `line` counts the hosts."""
        gathered, number = Gathered(_PLAN), 0
        bounded = _Bounded(stream)
        try:
            for element in _hosts(bounded):
                number += 1
                bounded.since = 0
                gathered.add(number, {"host": element}, _rows)
                if gathered.full:
                    yield gathered.chunk()
                    gathered = Gathered(_PLAN)
        except ParseError as error:
            where = f"line {error.position[0]}"
            raise FormatProblem("nmap.xml", "The XML is damaged or breaks off.", where) from error
        except (DefusedXmlException, ValueError) as error:
            sentence = "The XML declares entities or a document type of its own; such files are not read."
            raise FormatProblem("nmap.entities", sentence, f"host {number + 1}") from error
        yield gathered.chunk()


class _Bounded:
    """The stream, with a limit on what may come before the next host is whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.since = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.since += len(data)
        if self.since > _MAX_HOST:
            raise FormatProblem("nmap.size", f"One host takes more than {_MAX_HOST // MEGABYTE} MB.")
        return data


class _Parser(DefusedXMLParser):
    """Takes a DOCTYPE that only names the root, as Nmap writes it."""

    def __init__(self) -> None:
        super().__init__(target=TreeBuilder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)

    def defused_start_doctype_decl(self, name: str, sysid: str | None, pubid: str | None, internal: int) -> None:
        if sysid or pubid or internal:
            raise DTDForbidden(name, sysid, pubid)


def _hosts(stream: _Bounded) -> Iterator[Element]:
    root: Element | None = None
    for event, element in iterparse(cast("BinaryIO", stream), events=("start", "end"), parser=_Parser()):
        if root is None:
            root = element
        if event == "end" and element.tag == "host":
            yield element
        if event == "end" and root is not None and element in (root[-1:] or []):
            root.clear()


def _rows(found: dict[str, Any]) -> Iterator[Row]:
    host: Element = found["host"]
    status = host.find("status")
    if status is not None and status.get("state") != "up":
        return
    address = next(
        (node.get("addr") for node in host.iter("address") if node.get("addrtype") in ("ipv4", "ipv6")), None
    )
    shared = {
        "time": host.get("endtime") or host.get("starttime"),
        "ip": address,
        "hostname": next((node.get("name") for node in host.iter("hostname")), None),
    }
    for port in host.iter("port"):
        state = port.find("state")
        if state is not None and state.get("state") == "open":
            yield _row(port, shared)


def _row(port: Element, shared: Mapping[str, Any]) -> Row:
    service = port.find("service")
    known = service.attrib if service is not None else {}
    outputs = {str(node.get("id")): str(node.get("output", "")).strip()[:_MAX_OUTPUT] for node in port.iter("script")}
    # Scripts that only look versions up list what might be; these have tried.
    proven = [text for text in outputs.values() if "VULNERABLE" in text and "NOT VULNERABLE" not in text]
    name = known.get("name") or "port"
    values = {
        "kind": f"open-{name}",
        "classification": "vulnerable-system" if proven else None,
        "port": port.get("portid"),
        "protocol": port.get("protocol"),
        "product": " ".join(known[part] for part in ("product", "version") if known.get(part)),
        "cves": " ".join(proven),
    }
    extra = {"service": known.get("name"), "tunnel": known.get("tunnel"), "info": known.get("extrainfo")}
    cpes = [node.text for node in service.iter("cpe")] if service is not None else []
    return Row({**shared, **values}, extra | {"cpe": cpes, "scripts": outputs})


READER = NmapReader()
