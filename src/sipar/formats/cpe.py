"""CPE names (NISTIR 7695): the 2.3 formatted string and the 2.2 URI, as part, vendor, product and version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

ANY, NOT_APPLICABLE = "*", "-"
MOST = 400
_FIELD = re.compile(r"(?:[^:\\]|\\.)*+")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Cpe:
    """`part` is a, o, h or `*`; names are lower case without escapes. `version` may be `*` (any) or `-` (has none).

    `rest` holds update, edition, language, software edition, target software, target hardware and other.
    """

    part: str
    vendor: str
    product: str
    version: str
    rest: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.vendor}:{self.product}"

    @property
    def narrowed(self) -> str:
        """What besides product and version the name asks for, such as a target platform; empty for any."""
        return " ".join(value for value in self.rest if value not in (ANY, NOT_APPLICABLE, ""))


def read_cpe(text: str) -> Cpe | None:
    """The CPE that a text is; None where it is none."""
    if len(text) > MOST or not text.isprintable():
        return None
    lowered = text.strip().casefold()
    if lowered.startswith("cpe:2.3:"):
        fields = _split(lowered[8:])
    elif lowered.startswith("cpe:/"):
        fields = [unquote(field) or ANY for field in lowered[5:].split(":")]
    else:
        return None
    fields += [ANY] * (11 - len(fields))
    part, vendor, product, version, *rest = (_ESCAPED.sub(r"\1", field) for field in fields[:11])
    if part not in ("a", "o", "h", ANY) or not vendor or not product:
        return None
    if version not in (ANY, NOT_APPLICABLE) and rest[0] not in (ANY, NOT_APPLICABLE, ""):
        # The update belongs to the version: 6.4:r2 is written 6.4-r2 by the people who compare them.
        version, rest[0] = f"{version}-{rest[0]}", ANY
    return Cpe(part, vendor, product, version, tuple(rest))


def slug(text: str) -> str:
    """A vendor's or product's name as CPE would spell it: lower case, words joined by `_`; empty for no name."""
    plain = "_".join(text[:200].casefold().split())
    return "" if plain in ("", "n/a", "na", "unknown", "unspecified", "-", "*") else plain.replace(":", "_")


def _split(text: str) -> list[str]:
    fields, place = [], 0
    while place <= len(text):
        found = _FIELD.match(text, place)
        if found is None:
            break
        fields.append(found[0])
        place = found.end() + 1
    return fields
