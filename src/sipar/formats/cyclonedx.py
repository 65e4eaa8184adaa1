"""CycloneDX bills of materials (ECMA-424), JSON and XML: the components, nested ones and the one described included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from sipar.formats.inventory import LIMITS, Component, component, distinct, listing, mapping
from sipar.formats.problems import FormatProblem

_NAMESPACE = "cyclonedx.org/schema/bom/"


def is_cyclonedx(document: Any) -> bool:
    """Whether a JSON value says that it is a CycloneDX document."""
    return isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"


def from_json(document: Any) -> tuple[Component, ...]:
    """The components of a parsed JSON document."""
    waiting = [mapping(mapping(document.get("metadata")).get("component")), *listing(document.get("components"))]
    found: list[Component | None] = []
    while waiting:
        entry = mapping(waiting.pop())
        waiting += listing(entry.get("components"))
        vendor = mapping(entry.get("supplier")).get("name") or entry.get("publisher") or entry.get("group")
        found.append(component(entry.get("name"), entry.get("version"), vendor, entry.get("cpe"), entry.get("purl")))
    return distinct(found, "components")


def from_xml(data: bytes) -> tuple[Component, ...]:
    """The components of an XML document. Entities and document types are refused before anything is expanded.

    Raises FormatProblem `xml.unsafe`, `xml.syntax`, `xml.depth` or `inventory.format`.
    """
    _refuse_depth(data)
    try:
        root = SafeTree.fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as problem:
        raise FormatProblem("xml.unsafe", "document types and entities are not taken") from problem
    except ParseError as problem:
        line, column = problem.position
        raise FormatProblem("xml.syntax", "this is not XML", f"line {line}, column {column + 1}") from problem
    except (ValueError, LookupError) as problem:
        raise FormatProblem("xml.syntax", "this is not XML in an encoding that Sipar knows") from problem
    namespace, _, kind = root.tag[1:].partition("}")
    if kind != "bom" or _NAMESPACE not in namespace:
        raise FormatProblem("inventory.format", "the XML is no CycloneDX document")
    found = [
        component(
            _child(entry, "name"), _child(entry, "version"),
            _child(entry, "publisher") or _child(entry, "group"), _child(entry, "cpe"), _child(entry, "purl"),
        )
        for entry in _components(root, "{" + namespace + "}component")
    ]  # fmt: skip
    return distinct(found, "components")


def _components(root: Element, tag: str) -> Iterator[Element]:
    yield from root.iter(tag)


def _child(entry: Element, name: str) -> str:
    return next((child.text or "" for child in entry if child.tag.rpartition("}")[2] == name), "")


def _refuse_depth(data: bytes) -> None:
    """Refuses nesting beyond the limit by counting tags, before a tree is built."""
    depth = 0
    place = data.find(b"<")
    while place >= 0:
        following = data[place + 1 : place + 2]
        end = data.find(b">", place)
        if following == b"/":
            depth -= 1
        elif following not in (b"?", b"!") and data[end - 1 : end] != b"/":
            depth += 1
            if depth > LIMITS.max_depth:
                raise FormatProblem("xml.depth", f"elements are nested deeper than {LIMITS.max_depth}", f"byte {place}")
        place = data.find(b"<", place + 1)
