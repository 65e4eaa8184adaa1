"""What one organisation's assessment in one campaign is, apart from any database: the input of the OSCAL writers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from string import ascii_letters, digits
from typing import Literal

from sipar.formats.problems import FormatProblem

# The bytes of a level or target, as in `sipar.posture.levels`; for a target 255 means that nothing is asked.
UNANSWERED = 255
NOT_APPLICABLE = 254
NO_TARGET = 255
MAX_LEVEL = 9

type RoadmapState = Literal["planned", "doing", "done", "dropped"]
ROADMAP_STATES: tuple[RoadmapState, ...] = ("planned", "doing", "done", "dropped")

_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_HREF = re.compile(r"[^\s#]\S*").fullmatch
_LETTERS = frozenset(ascii_letters)
_DIGITS = frozenset(digits)
_ESCAPED = re.compile(r"_x([0-9a-f]{1,6})_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation, a team or a person; `identifier` is unique among its kind."""

    identifier: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    identifier: str
    title: str
    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueIdentity:
    identifier: str
    version: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    identifier: str
    title: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file or link: `sha256` in lower-case hexadecimal and `media_type` are empty where unknown."""

    title: str
    href: str
    sha256: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A reviewer's change of a level: both values (none where there was no level), the reason, on site or not."""

    from_level: int | None
    to_level: int | None
    reason: str
    reviewer: str = ""
    on_site: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What stands beside the level of one requirement. `verified` says that somebody looked on site."""

    requirement: str
    comment: str = ""
    not_applicable_reason: str = ""
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A requirement below its target; `rank` counts from 1, the gap to close first."""

    requirement: str
    rank: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapItem:
    """A measure that closes a gap; `depends_on` is the identifier of the item it waits for."""

    identifier: str
    requirement: str
    target_level: int
    title: str
    due_on: date
    owner: str = ""
    starts_on: date | None = None
    cost: Decimal | None = None
    depends_on: str = ""
    state: RoadmapState = "planned"
    closing_note: str = ""
    closing_evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRecord:
    """One assessment. `levels` and `targets` have one byte for each of `requirements`, in their order.

    Notes, gaps and roadmap are put in one order (catalogue, rank, due date) and notes that say nothing are left out, so
    that equal assessments are equal records. Raises FormatProblem for what OSCAL could not carry or contradicts itself.
    """

    title: str
    version: str
    language: str
    now: datetime
    organisation: Party
    team: Party
    campaign: Campaign
    catalogue: CatalogueIdentity
    requirements: tuple[Requirement, ...]
    levels: bytes
    targets: bytes
    reviewers: tuple[Party, ...] = ()
    notes: tuple[Note, ...] = ()
    gaps: tuple[Gap, ...] = ()
    roadmap: tuple[RoadmapItem, ...] = ()
    positions: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positions = {requirement.identifier: place for place, requirement in enumerate(self.requirements)}
        object.__setattr__(self, "positions", positions)
        _refuse_bad_identity(self)
        _refuse_bad_levels(self)
        _refuse_bad_notes(self)
        _refuse_bad_roadmap(self)
        said = [note for note in self.notes if note != Note(requirement=note.requirement)]
        said.sort(key=lambda note: positions[note.requirement])
        object.__setattr__(self, "notes", tuple(said))
        object.__setattr__(self, "gaps", tuple(sorted(self.gaps, key=lambda gap: (gap.rank, gap.requirement))))
        roadmap = sorted(self.roadmap, key=lambda item: (item.due_on, item.identifier))
        object.__setattr__(self, "roadmap", tuple(roadmap))


def control_id(requirement: str) -> str:
    """Return the requirement identifier as an OSCAL token; `requirement_id` leads back.

    Letters, digits, dot and hyphen stay; a leading digit gets `_` in front (`1.A` is `_1.A`); everything else becomes
    its code point (`(` is `_x28_`).
    """
    token = _escaped(requirement[:1], _LETTERS | _DIGITS) + _escaped(requirement[1:], _LETTERS | _DIGITS | {".", "-"})
    return f"_{token}" if token[:1] in _DIGITS else token


def _escaped(text: str, plain: AbstractSet[str]) -> str:
    return "".join(letter if letter in plain else f"_x{ord(letter):x}_" for letter in text)


def requirement_id(token: str) -> str:
    """Return the requirement identifier that `control_id` made this token of."""
    plain = token[1:] if token[:1] == "_" and token[1:2] in _DIGITS else token
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), plain)


def _refuse_bad_identity(record: AssessmentRecord) -> None:
    named = [("title", record.title), ("version", record.version), ("language", record.language)]
    named += [("catalogue", record.catalogue.identifier), ("catalogue", record.catalogue.version)]
    named += [("catalogue", record.catalogue.title)]
    named += [("campaign", record.campaign.identifier), ("campaign", record.campaign.title)]
    for party in (record.organisation, record.team, *record.reviewers):
        named += [("party", party.identifier), ("party", party.name)]
    for requirement in record.requirements:
        named += [("requirement", requirement.identifier), (requirement.identifier, requirement.title)]
        if not (math.isfinite(requirement.weight) and requirement.weight > 0):
            raise FormatProblem("oscal.weight", "has a weight that is no positive number", requirement.identifier)
    for where, value in named:
        _refuse_bad_line(value, where)
    for moment in (record.now, record.campaign.opens, record.campaign.closes):
        if moment.utcoffset() is None:
            raise FormatProblem("oscal.time", "is a time without a zone", moment.isoformat())
    _refuse_duplicates("requirement", [requirement.identifier for requirement in record.requirements])
    _refuse_duplicates("reviewer", [reviewer.identifier for reviewer in record.reviewers])


def _refuse_bad_levels(record: AssessmentRecord) -> None:
    count = len(record.requirements)
    if count == 0:
        raise FormatProblem("oscal.empty", "has no requirement to assess", record.catalogue.identifier)
    if len(record.levels) != count or len(record.targets) != count:
        raise FormatProblem("oscal.levels", f"has other numbers of levels or targets than its {count} requirements")
    allowed = set(range(MAX_LEVEL + 1))
    if set(record.levels) - allowed - {NOT_APPLICABLE, UNANSWERED} or set(record.targets) - allowed - {NO_TARGET}:
        raise FormatProblem("oscal.levels", f"has a level or target that is none of 0 to {MAX_LEVEL}")


def _refuse_bad_notes(record: AssessmentRecord) -> None:
    _refuse_duplicates("note", [note.requirement for note in record.notes])
    _refuse_strangers(record, [note.requirement for note in record.notes])
    for note in record.notes:
        level = record.levels[record.positions[note.requirement]]
        if note.not_applicable_reason and level != NOT_APPLICABLE:
            raise FormatProblem("oscal.reason", "says why it is not applicable but has a level", note.requirement)
        for evidence in note.evidence:
            _refuse_bad_evidence(evidence, note.requirement)
        for adjustment in note.adjustments:
            if adjustment.reviewer:
                _refuse_bad_line(adjustment.reviewer, note.requirement)
            for value in (adjustment.from_level, adjustment.to_level):
                if value is not None and value not in {*range(MAX_LEVEL + 1), NOT_APPLICABLE}:
                    raise FormatProblem(
                        "oscal.levels", f"is adjusted with {value}, which is no level", note.requirement
                    )


def _refuse_bad_roadmap(record: AssessmentRecord) -> None:
    _refuse_duplicates("gap", [gap.requirement for gap in record.gaps])
    _refuse_duplicates("roadmap item", [item.identifier for item in record.roadmap])
    _refuse_strangers(record, [gap.requirement for gap in record.gaps])
    _refuse_strangers(record, [item.requirement for item in record.roadmap])
    for item in record.roadmap:
        for value in (item.identifier, item.title, *filter(None, (item.owner, item.depends_on))):
            _refuse_bad_line(value, item.identifier)
        if item.cost is not None and not item.cost.is_finite():
            raise FormatProblem("oscal.cost", "has a cost that is no number", item.identifier)
        if item.closing_evidence is not None:
            _refuse_bad_evidence(item.closing_evidence, item.identifier)


def _refuse_bad_evidence(evidence: Evidence, where: str) -> None:
    _refuse_bad_line(evidence.title, where)
    if not _HREF(evidence.href):
        raise FormatProblem("oscal.href", "has evidence at an address with space in it, empty or a bare #", where)
    if evidence.sha256 and not _SHA256(evidence.sha256):
        raise FormatProblem("oscal.hash", "has evidence with a hash that is no SHA-256", where)
    if evidence.media_type:
        _refuse_bad_line(evidence.media_type, where)


def _refuse_bad_line(value: str, where: str) -> None:
    if value.splitlines() != [value] or value.strip() != value:
        raise FormatProblem("oscal.line", "must be one line of text without space around it", where)


def _refuse_strangers(record: AssessmentRecord, requirements: Iterable[str]) -> None:
    for requirement in requirements:
        if requirement not in record.positions:
            raise FormatProblem("oscal.requirement", "is no requirement of this catalogue", requirement)


def _refuse_duplicates(kind: str, identifiers: list[str]) -> None:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            raise FormatProblem("oscal.duplicate", f"two {kind}s carry this identifier", identifier)
        seen.add(identifier)
