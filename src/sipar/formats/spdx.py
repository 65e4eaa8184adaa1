"""SPDX 2 documents (ISO/IEC 5962), JSON and tag-value: the packages."""

from __future__ import annotations

from typing import Any

from sipar.formats.inventory import Component, component, distinct, listing, mapping
from sipar.formats.problems import FormatProblem

_CPE_TYPES = ("cpe23type", "cpe22type")
_NO_VALUE = ("NOASSERTION", "NONE")
_MOST_LINE = 100_000


def is_spdx(document: Any) -> bool:
    """Whether a JSON value says that it is an SPDX 2 document."""
    return isinstance(document, dict) and str(document.get("spdxVersion", "")).startswith("SPDX-2")


def from_json(document: Any) -> tuple[Component, ...]:
    """The packages of a parsed JSON document."""
    found = []
    for entry in map(mapping, listing(document.get("packages"))):
        references = [mapping(reference) for reference in listing(entry.get("externalRefs"))]
        named = [(str(one.get("referenceType", "")), str(one.get("referenceLocator", ""))) for one in references]
        found.append(_package(entry.get("name"), entry.get("versionInfo"), entry.get("supplier"), named))
    return distinct(found, "packages")


def from_tags(text: str) -> tuple[Component, ...]:
    """The packages of a tag-value document. Raises FormatProblem `spdx.line` for a line that is no tag with a value."""
    found: list[Component | None] = []
    now: dict[str, str] = {}
    references: list[tuple[str, str]] = []
    inside_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _MOST_LINE:
            raise FormatProblem("spdx.line", f"the line is longer than {_MOST_LINE:,} characters", f"line {number}")
        if inside_text or "<text>" in line:
            inside_text = "</text>" not in line
            continue
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        tag, colon, value = stripped.partition(":")
        if not colon:
            raise FormatProblem("spdx.line", "the line is no tag with a value", f"line {number}")
        value = value.strip()
        if tag == "PackageName":
            if now:
                found.append(_package(now.get("name"), now.get("version"), now.get("supplier"), references))
            now, references = {"name": value}, []
        elif tag in ("FileName", "SnippetSPDXID") and now:
            found.append(_package(now.get("name"), now.get("version"), now.get("supplier"), references))
            now, references = {}, []
        elif tag == "PackageVersion":
            now["version"] = value
        elif tag == "PackageSupplier":
            now["supplier"] = value
        elif tag == "ExternalRef":
            parts = value.split(None, 2)
            if len(parts) == 3:
                references.append((parts[1], parts[2]))
    if now:
        found.append(_package(now.get("name"), now.get("version"), now.get("supplier"), references))
    return distinct(found, "packages")


def _package(name: object, version: object, supplier: object, references: list[tuple[str, str]]) -> Component | None:
    kinds = [(kind.casefold(), locator) for kind, locator in references]
    cpe = next((locator for kind, locator in kinds if kind in _CPE_TYPES), "")
    purl = next((locator for kind, locator in kinds if kind == "purl"), "")
    maker = str(supplier).partition(":")[2] if isinstance(supplier, str) and ":" in supplier else supplier
    return component(name, "" if version in _NO_VALUE else version, "" if supplier in _NO_VALUE else maker, cpe, purl)
