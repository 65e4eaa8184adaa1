"""What vendors say in advisories (CSAF, VEX) as rows of the same table as the ranges of CVE records."""

from __future__ import annotations

import re

from sipar.formats.cpe import NOT_APPLICABLE
from sipar.formats.csaf import Advisory, Product
from sipar.routing.products.names import Name, of_cpe, of_purl, of_words
from sipar.routing.products.ranges import ALL, Bounds, Row

_PART = re.compile(r"(<=|>=|<|>|=)?\s*([^\s,|<>=]{1,100})\Z")


def origin_of(advisory: Advisory) -> str:
    """What names the document, so that its next version replaces its rows."""
    return f"csaf:{advisory.namespace}|{advisory.identifier}"


def ranges_of_advisory(advisory: Advisory) -> tuple[list[Row], int]:
    """The rows of an advisory (columns of `ranges.SCHEMA`), and how many statements name no product or version that
    can be compared."""
    rows: dict[Row, None] = {}
    unread = 0
    origin = origin_of(advisory)
    for block, said in enumerate(advisory.statements):
        name = _name(said.product)
        bounds = _bounds(said.product, name) if name else None
        if name is None or bounds is None:
            unread += 1
            continue
        row = (
            said.cve, origin, advisory.publisher[:60], block, name.key, name.part, name.order, *bounds, said.status,
            said.product.name[:200], said.why,
        )  # fmt: skip
        rows[row] = None
    return list(rows), unread


def _name(product: Product) -> Name | None:
    if product.purl and (found := of_purl(product.purl)) is not None:
        return found
    if product.cpe and (found := of_cpe(product.cpe)) is not None:
        return found
    return of_words(product.vendor, product.product)


def _bounds(product: Product, name: Name) -> Bounds | None:
    """The versions that a statement holds for: the range, the version, or all of them."""
    if product.range:
        return _range(product.range)
    version = product.version or name.version
    if version == NOT_APPLICABLE:
        return None
    return (version, True, version, True) if version else ALL


def _range(text: str) -> Bounds | None:
    """A range such as `vers:generic/>=1.0|<2.0` or `<2.0`; None for words."""
    plain = text.rpartition("/")[2] if text.startswith("vers:") else text
    if plain.strip() == "*":
        return ALL
    lower, lower_in, upper, upper_in = ALL
    pieces = re.split(r"[|,]", plain)
    for piece in pieces:
        found = _PART.match(piece.strip())
        if found is None:
            return None
        sign, version = found.groups()
        if sign in (None, "="):
            return (version, True, version, True) if len(pieces) == 1 else None
        if sign[0] == "<":
            upper, upper_in = version, sign == "<="
        else:
            lower, lower_in = version, sign == ">="
    return lower, lower_in, upper, upper_in
