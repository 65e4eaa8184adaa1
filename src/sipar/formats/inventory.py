"""What an organisation runs, from a bill of materials in any of the formats that Sipar reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

LIMITS = Limits(max_bytes=64 * MEGABYTE, max_nodes=4_000_000, max_depth=200)
MOST_COMPONENTS = 100_000
_CONTROL = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Component:
    """One product as the bill names it; at least a name, and of CPE and purl what there is."""

    name: str
    version: str = ""
    vendor: str = ""
    cpe: str = ""
    purl: str = ""


def read_inventory(data: bytes, name: str) -> tuple[str, tuple[Component, ...]]:
    """The format of a bill of materials (`cyclonedx` or `spdx`) and its distinct components, sorted.

    Raises FormatProblem `inventory.format` for what is neither, and what the reader of the format raises.
    """
    from sipar.formats import cyclonedx, spdx
    from sipar.formats.documents import load_json
    from sipar.formats.limits import decode_utf8, inflate

    content = inflate(data, LIMITS)
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{"):
        document = load_json(content, LIMITS)
        if cyclonedx.is_cyclonedx(document):
            return "cyclonedx", cyclonedx.from_json(document)
        if spdx.is_spdx(document):
            return "spdx", spdx.from_json(document)
    elif head.startswith(b"<"):
        return "cyclonedx", cyclonedx.from_xml(content)
    elif b"SPDXVersion:" in head:
        return "spdx", spdx.from_tags(decode_utf8(content))
    raise FormatProblem(
        "inventory.format", "this is neither CycloneDX (JSON, XML) nor SPDX 2 (JSON, tag-value)", name[:200]
    )


def component(
    name: object, version: object = "", vendor: object = "", cpe: object = "", purl: object = ""
) -> Component | None:
    """A component from values of a file; None without a name."""
    found = Component(text(name, 300), text(version, 200), text(vendor, 200), text(cpe, 400), text(purl, 400))
    return found if found.name else None


def text(value: object, limit: int) -> str:
    """Text of a file on one line, without control characters and characters that turn the direction of writing."""
    return _CONTROL.sub("", value[: limit * 2]).strip()[:limit] if isinstance(value, str) else ""


def distinct(found: list[Component | None], where: str) -> tuple[Component, ...]:
    """Each component once, sorted. Raises FormatProblem `inventory.empty` or `inventory.size`."""
    kept = {entry for entry in found if entry is not None}
    if not kept:
        raise FormatProblem("inventory.empty", "the bill names no component", where)
    if len(kept) > MOST_COMPONENTS:
        raise FormatProblem("inventory.size", f"more than {MOST_COMPONENTS:,} components", where)
    return tuple(
        sorted(kept, key=lambda entry: (entry.name.casefold(), entry.version, entry.cpe, entry.purl, entry.vendor))
    )


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
