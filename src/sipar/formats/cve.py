"""CVE records: JSON 5.0 to 5.2 as the CVE Program publishes them, with the containers that others add (CISA's
Vulnrichment). Field names: CVE Record Format, https://github.com/CVEProject/cve-schema.

Also read: one record a line in a compact form (`id`, `state`, `affected`, `cvss_adp`, `ssvc`, ...) as extracts use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sipar.formats.problems import FormatProblem
from sipar.formats.ssvc import Ssvc, read_ssvc

CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,12}\Z")
MOST_AFFECTED = 2_000
MOST_VERSIONS = 5_000
MOST_CPES = 5_000
_SCORES = ("cvssV3_1", "cvssV3_0", "cvssV4_0", "cvssV2_0")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_STATUSES = frozenset({"affected", "unaffected", "unknown"})


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of `versions`: a single version, or a range that begins at `version`."""

    version: str
    status: str
    less_than: str = ""
    less_than_or_equal: str = ""
    order: str = ""
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Affected:
    """One product of one container; `source` is who wrote it, `package` is namespace and name within `collection`."""

    source: str
    vendor: str = ""
    product: str = ""
    collection: str = ""
    package: str = ""
    purl: str = ""
    cpes: tuple[str, ...] = ()
    default_status: str = "unknown"
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CpeMatch:
    """One vulnerable match of `cpeApplicability`, with bounds as text, empty where there is none."""

    source: str
    criteria: str
    start: str = ""
    start_inclusive: bool = True
    end: str = ""
    end_inclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CveRecord:
    """What Sipar takes from a CVE record. `updated` is the latest date of the record and of all its containers."""

    cve: str
    rejected: bool
    updated: datetime
    published: date | None = None
    title: str = ""
    description: str = ""
    assigner: str = ""
    cwes: tuple[str, ...] = ()
    cvss: float | None = None
    cvss_vector: str = ""
    cvss_version: str = ""
    ssvc: Ssvc = field(default_factory=Ssvc)
    kev_added: date | None = None
    affected: tuple[Affected, ...] = ()
    matches: tuple[CpeMatch, ...] = ()


def read_record(value: Any, where: str = "") -> CveRecord:
    """The record in a parsed JSON value. Raises FormatProblem `cve.shape`, `cve.id`, `cve.state` or `cve.date`."""
    if not isinstance(value, dict):
        raise FormatProblem("cve.shape", "a CVE record is a JSON object", where)
    if "cveMetadata" not in value and "id" in value and "affected" in value:
        return _compact(value, where)
    about = value.get("cveMetadata")
    if value.get("dataType") != "CVE_RECORD" or not isinstance(about, dict):
        raise FormatProblem("cve.shape", "this is no CVE record of format 5", where)
    containers = value.get("containers")
    if not isinstance(containers, dict):
        raise FormatProblem("cve.shape", "the record has no containers", where)
    name = _identifier(about.get("cveId"), where)
    state = about.get("state")
    if state not in ("PUBLISHED", "REJECTED"):
        raise FormatProblem("cve.state", "the state is neither PUBLISHED nor REJECTED", where or name)
    cna = _mapping(containers.get("cna"))
    parts = [cna, *(part for part in _list(containers.get("adp")) if isinstance(part, dict))]
    dates = [_moment(about.get("dateUpdated"))]
    dates += [_moment(_mapping(part.get("providerMetadata")).get("dateUpdated")) for part in parts]
    updated = max((moment for moment in dates if moment), default=None) or _moment(about.get("datePublished"))
    if updated is None:
        raise FormatProblem("cve.date", "the record does not say when it was updated", where or name)
    published = _moment(about.get("datePublished"))
    if state == "REJECTED":
        return CveRecord(
            cve=name, rejected=True, updated=updated, published=published and published.date(),
            description=_english(cna.get("rejectedReasons"), 4_000),
        )  # fmt: skip
    cvss, vector, version = _score(parts)
    ssvc, kev = _enrichment(parts)
    return CveRecord(
        cve=name,
        rejected=False,
        updated=updated,
        published=published and published.date(),
        title=_text(cna.get("title"), 300)
        or _text(next((p.get("title") for p in parts if p.get("descriptions")), ""), 300),
        description=_english(cna.get("descriptions"), 4_000),
        assigner=_text(about.get("assignerShortName"), 60),
        cwes=_weaknesses(parts),
        cvss=cvss,
        cvss_vector=vector,
        cvss_version=version,
        ssvc=ssvc,
        kev_added=kev,
        affected=tuple(block for part in parts for block in _blocks(part)),
        matches=tuple(match for part in parts for match in _applicability(part)),
    )


def _blocks(part: dict[str, Any]) -> Iterator[Affected]:
    source = _text(_mapping(part.get("providerMetadata")).get("shortName"), 60) or "cna"
    for block in _list(part.get("affected"))[:MOST_AFFECTED]:
        if isinstance(block, dict):
            yield _block(block, source)


def _block(block: dict[str, Any], source: str) -> Affected:
    return Affected(
        source=source,
        vendor=_text(block.get("vendor"), 200),
        product=_text(block.get("product"), 400),
        collection=_text(block.get("collectionURL"), 300),
        package=_text(block.get("packageName"), 400),
        purl=_text(block.get("packageURL"), 400),
        cpes=tuple(_text(cpe, 400) for cpe in _list(block.get("cpes"))[:MOST_CPES] if isinstance(cpe, str)),
        default_status=_status(block.get("defaultStatus")),
        versions=tuple(
            _version(entry) for entry in _list(block.get("versions"))[:MOST_VERSIONS] if isinstance(entry, dict)
        ),
    )


def _version(entry: dict[str, Any]) -> Version:
    changes = [
        (_text(change.get("at"), 100), _status(change.get("status")))
        for change in _list(entry.get("changes"))[:100]
        if isinstance(change, dict)
    ]
    return Version(
        version=_text(entry.get("version"), 200),
        status=_status(entry.get("status")),
        less_than=_text(entry.get("lessThan"), 100),
        less_than_or_equal=_text(entry.get("lessThanOrEqual"), 100),
        order=_text(entry.get("versionType"), 40).casefold(),
        changes=tuple(changes),
    )


def _applicability(part: dict[str, Any]) -> Iterator[CpeMatch]:
    source = _text(_mapping(part.get("providerMetadata")).get("shortName"), 60) or "cna"
    nodes = [
        node
        for element in _list(part.get("cpeApplicability"))[:MOST_AFFECTED]
        for node in _list(_mapping(element).get("nodes"))[:MOST_AFFECTED]
        if isinstance(node, dict) and node.get("negate") is not True
    ]
    matches = [match for node in nodes for match in _list(node.get("cpeMatch")) if isinstance(match, dict)]
    for match in matches[:MOST_VERSIONS]:
        if match.get("vulnerable") is not True:
            continue
        yield CpeMatch(
            source=source,
            criteria=_text(match.get("criteria"), 400),
            start=_text(match.get("versionStartIncluding") or match.get("versionStartExcluding"), 100),
            start_inclusive="versionStartExcluding" not in match,
            end=_text(match.get("versionEndIncluding") or match.get("versionEndExcluding"), 100),
            end_inclusive="versionEndIncluding" in match,
        )


def _score(parts: list[dict[str, Any]]) -> tuple[float | None, str, str]:
    """Base score, vector and version: the version that most records have first, the record's own before others'."""
    for kind in _SCORES:
        for part in parts:
            for metric in _list(part.get("metrics")):
                found = _mapping(_mapping(metric).get(kind))
                score = found.get("baseScore")
                if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 10:
                    return float(score), _text(found.get("vectorString"), 200), kind[5:].replace("_", ".")
    return None, "", ""


def _enrichment(parts: list[dict[str, Any]]) -> tuple[Ssvc, date | None]:
    """The latest SSVC values and the day of a KEV mark."""
    ssvc, kev = Ssvc(), None
    for part in parts:
        for metric in _list(part.get("metrics")):
            other = _mapping(_mapping(metric).get("other"))
            kind = _text(other.get("type"), 20).casefold()
            if kind == "ssvc":
                found = read_ssvc(other.get("content"))
                ssvc = found if found and found.at >= ssvc.at else ssvc
            elif kind == "kev":
                added = _moment(_mapping(other.get("content")).get("dateAdded"))
                kev = added.date() if added else kev
    return ssvc, kev


def _weaknesses(parts: list[dict[str, Any]]) -> tuple[str, ...]:
    found = {
        str(entry.get("cweId"))
        for part in parts
        for problem in _list(part.get("problemTypes"))[:100]
        for entry in _list(_mapping(problem).get("descriptions"))[:100]
        if isinstance(entry, dict) and re.fullmatch(r"CWE-[0-9]{1,6}", str(entry.get("cweId")))
    }
    return tuple(sorted(found))


def _compact(value: dict[str, Any], where: str) -> CveRecord:
    name = _identifier(value.get("id"), where)
    updated = _moment(value.get("updated")) or _moment(value.get("published"))
    if updated is None:
        raise FormatProblem("cve.date", "the record does not say when it was updated", where or name)
    published = _moment(value.get("published"))
    score = value.get("cvss_adp") or value.get("cvss_cna") or value.get("cvss")
    kind, number, vector = score if isinstance(score, list) and len(score) == 3 else ("", None, "")
    known = float(number) if isinstance(number, (int, float)) and 0 <= number <= 10 else None
    kev = value.get("kev")
    kev_added = _moment(kev if isinstance(kev, str) else _mapping(kev).get("dateAdded"))
    return CveRecord(
        cve=name,
        rejected=str(value.get("state")) == "REJECTED",
        updated=updated,
        published=published and published.date(),
        title=_text(value.get("title"), 300),
        description=_text(value.get("desc"), 4_000),
        assigner=_text(value.get("assigner"), 60),
        cwes=tuple(sorted({cwe for cwe in _list(value.get("cwe")) if re.fullmatch(r"CWE-[0-9]{1,6}", str(cwe))})),
        cvss=known,
        cvss_vector=_text(vector, 200) if known is not None else "",
        cvss_version=_text(kind, 20).removeprefix("cvssV").replace("_", ".") if known is not None else "",
        ssvc=read_ssvc(value.get("ssvc")),
        kev_added=kev_added.date() if kev_added else None,
        affected=tuple(
            _block(block, _text(block.get("src"), 60) or "cna")
            for block in _list(value.get("affected"))[:MOST_AFFECTED]
            if isinstance(block, dict)
        ),
    )


def _identifier(value: Any, where: str) -> str:
    if not isinstance(value, str) or not CVE.match(value):
        raise FormatProblem("cve.id", "the record has no CVE identifier", where)
    return value


def _moment(value: Any) -> datetime | None:
    """An aware time from ISO 8601 text; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _english(value: Any, limit: int) -> str:
    texts = [entry for entry in _list(value) if isinstance(entry, dict)]
    english = [entry for entry in texts if str(entry.get("lang", "")).casefold().startswith("en")]
    return _text((english or texts or [{}])[0].get("value"), limit)


def _status(value: Any) -> str:
    found = _text(value, 20).casefold()
    return found if found in _STATUSES else "unknown"


def _text(value: Any, limit: int) -> str:
    return _CONTROL.sub("", value[: limit * 2]).strip()[:limit] if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
