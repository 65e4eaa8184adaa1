"""Version ranges of vulnerability records as rows: which versions of which product are affected, and which are not.

The meaning of `versions`, `changes` and `defaultStatus` is that of the CVE Record Format. A block whose products are
affected by default gives a row for all versions, and rows of the versions that are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import polars as pl

from sipar.formats.cpe import NOT_APPLICABLE
from sipar.formats.cve import Affected, CpeMatch, CveRecord, Version
from sipar.routing.products.names import COMMITS, VERSION_TYPES, Name, of_cpe, of_package, of_purl, of_words
from sipar.routing.products.versions import GENERIC

AFFECTED, UNAFFECTED, FIXED, NOT_AFFECTED, INVESTIGATED = (
    "affected", "unaffected", "fixed", "not_affected", "under_investigation",
)  # fmt: skip
# `origin` is what replaces the row when it comes anew (a CVE record, an advisory); `block` tells apart the products of
# one origin; a bound that is null does not bind. `name` is the product as its source writes it.
SCHEMA = pl.Schema({
    "cve": pl.String, "origin": pl.String, "source": pl.String, "block": pl.Int32, "key": pl.String,
    "part": pl.String, "order": pl.String, "lower": pl.String, "lower_inclusive": pl.Boolean, "upper": pl.String,
    "upper_inclusive": pl.Boolean, "status": pl.String, "name": pl.String, "note": pl.String,
})  # fmt: skip

type Row = tuple[object, ...]
type Bounds = tuple[str | None, bool, str | None, bool]
ALL: Bounds = (None, True, None, True)
_NO_BEGINNING = frozenset({"", "0", "*", "-", "n/a", "unspecified", "unknown", "all", "any"})
_NO_VERSION = frozenset({"", "n/a", "unspecified", "unknown", "see references", NOT_APPLICABLE})
_COMPARED = re.compile(r"(<=|>=|<|>|=)\s*([^\s,<>=]+)\Z")
_AND_OLDER = re.compile(
    r"(?:versions? )?(\S+)(?: and|,)? (?:all )?(?:older|earlier|prior|below|lower|previous)(?: versions?)?\Z",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:all )?(?:versions? )?(?:before|prior to|earlier than)(?: versions?)? (\S+)\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[^\s<>=,;]{1,100}\Z")


def ranges_of(record: CveRecord) -> tuple[list[Row], int]:
    """The rows of a record (columns of `SCHEMA`), and how many of its versions could not be read."""
    if record.rejected:
        return [], 0
    rows: dict[Row, None] = {}
    unread = 0
    for block, affected in enumerate(record.affected):
        names = _names(affected)
        bounds, missed = _bounds_of(affected)
        unread += missed if names else 0
        for name, status, (lower, lower_in, upper, upper_in) in _rows(names, bounds, affected):
            order = _order(name, affected)
            written = f"{affected.vendor} {affected.product}".strip()[:200] or affected.package[:200]
            row = (
                record.cve, record.cve, affected.source, block, name.key, name.part, order, lower, lower_in, upper,
                upper_in, status, written, name.narrowed[:200],
            )  # fmt: skip
            rows[row] = None
    for block, match in enumerate(record.matches, start=len(record.affected)):
        found = _of_match(match)
        if found is not None:
            name, (lower, lower_in, upper, upper_in) = found
            row = (
                record.cve, record.cve, match.source, block, name.key, name.part, GENERIC, lower, lower_in, upper,
                upper_in, AFFECTED, name.key, name.narrowed[:200],
            )  # fmt: skip
            rows[row] = None
    return list(rows), unread


def as_frame(rows: Iterable[Row]) -> pl.DataFrame:
    """Rows as a table of `SCHEMA`."""
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def _names(affected: Affected) -> list[Name]:
    names = [name for cpe in affected.cpes if (name := of_cpe(cpe)) is not None]
    if affected.purl and (found := of_purl(affected.purl)) is not None:
        names.append(found)
    if affected.package and (found := of_package(affected.collection, affected.package)) is not None:
        names.append(found)
    if not affected.cpes and (found := of_words(affected.vendor, affected.product)) is not None:
        names.append(found)
    return names


def _rows(
    names: list[Name], bounds: list[tuple[str, Bounds]], affected: Affected
) -> Iterator[tuple[Name, str, Bounds]]:
    for name in names:
        if affected.versions:
            for status, found in bounds:
                yield name, status, found
        elif name.version and name.version != NOT_APPLICABLE:
            yield name, AFFECTED, (name.version, True, name.version, True)
        elif affected.default_status == AFFECTED:
            yield name, AFFECTED, ALL


def _order(name: Name, affected: Affected) -> str:
    if name.order != GENERIC:
        return name.order
    return next(
        (VERSION_TYPES[version.order] for version in affected.versions if version.order in VERSION_TYPES), GENERIC
    )


def _bounds_of(affected: Affected) -> tuple[list[tuple[str, Bounds]], int]:
    """Status and bounds of every version entry, and how many could not be read."""
    if not affected.versions:
        return [], 0
    found: dict[tuple[str, Bounds], None] = {}
    unread = 0
    if affected.default_status == AFFECTED and all(entry.order != COMMITS for entry in affected.versions):
        found[AFFECTED, ALL] = None
    for entry in affected.versions:
        pieces = list(_pieces(entry))
        unread += not pieces and entry.status == AFFECTED
        found |= dict.fromkeys((status, bounds) for status, bounds in pieces if status in (AFFECTED, UNAFFECTED))
    if not any(status == AFFECTED for status, _ in found):
        return [], unread
    return list(found), unread


def _pieces(entry: Version) -> Iterator[tuple[str, Bounds]]:
    """An entry as ranges, each of one status: a range changes its status where `changes` says so."""
    if entry.order == COMMITS:
        return
    ends = entry.less_than or entry.less_than_or_equal
    if not ends:
        bounds = _single(entry.version)
        if bounds is not None:
            yield entry.status, bounds
        return
    lower = None if entry.version.casefold() in _NO_BEGINNING else entry.version
    upper, inclusive = _upper(ends, inclusive=not entry.less_than)
    if not all(bound is None or _PLAIN.match(bound) for bound in (lower, upper)):
        return
    status, begins = entry.status, lower
    for at, following in entry.changes:
        if _PLAIN.match(at) and at != begins:
            yield status, (begins, True, at, False)
            begins = at
        status = following
    yield status, (begins, True, upper, inclusive)


def _upper(text: str, *, inclusive: bool) -> tuple[str | None, bool]:
    """An upper bound: `*` does not bind, and all of `5.4.*` ends where 5.5 begins."""
    if text in ("*", "unspecified", "n/a", "-"):
        return None, True
    if text.endswith(".*"):
        return _following(text.removesuffix(".*")), False
    return text, inclusive


def _following(prefix: str) -> str | None:
    head, dot, last = prefix.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdecimal() and len(last) < 18 else None


def _single(text: str) -> Bounds | None:
    """What one version text means: a version, all of them, comparisons as some authorities write, or nothing."""
    text = text.strip()
    lowered = text.casefold()
    if lowered in _NO_VERSION:
        return None
    if lowered in ("*", "all", "all versions", "any"):
        return ALL
    if text.endswith((".*", ".x")) and _PLAIN.match(text):
        prefix = text[:-2]
        return (prefix, True, following, False) if (following := _following(prefix)) else None
    if _PLAIN.match(text):
        return text, True, text, True
    if text[0] in "<>=":
        return _compared(text)
    if found := _AND_OLDER.match(text):
        return (None, True, found[1], True) if _PLAIN.match(found[1]) else None
    if found := _BEFORE.match(text):
        return (None, True, found[1], False) if _PLAIN.match(found[1]) else None
    return None


def _compared(text: str) -> Bounds | None:
    lower, lower_in, upper, upper_in = ALL
    for piece in text.split(","):
        found = _COMPARED.match(piece.strip())
        if found is None:
            return None
        sign, version = found.groups()
        if sign == "=":
            return version, True, version, True
        if sign[0] == "<":
            upper, upper_in = version, sign == "<="
        else:
            lower, lower_in = version, sign == ">="
    return lower, lower_in, upper, upper_in


def _of_match(match: CpeMatch) -> tuple[Name, Bounds] | None:
    name = of_cpe(match.criteria)
    if name is None or name.version == NOT_APPLICABLE:
        return None
    if name.version:
        return name, (name.version, True, name.version, True)
    return name, (
        match.start or None,
        match.start_inclusive,
        match.end or None,
        match.end_inclusive if match.end else True,
    )
