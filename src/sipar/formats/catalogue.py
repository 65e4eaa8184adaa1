"""A requirement catalogue: the one shape that every framework has once it is inside Sipar.

Shipped catalogues are YAML files of this shape; the OSCAL and CISO Assistant readers translate into it.
Text is a mapping from language tag to sentence, English (`en`) always present.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from sipar.formats.problems import FormatProblem

FORMAT: Final = "sipar-framework/1"
MAX_LEVEL = 9
MAX_REQUIREMENTS = 5_000
MAX_GROUPS = 2_000

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,119}$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Text = dict[LanguageTag, Sentence]
Level = Annotated[int, Field(ge=0, le=MAX_LEVEL)]
Environment = Literal["it", "ot", "cloud"]
ENVIRONMENTS: tuple[Environment, ...] = ("it", "ot", "cloud")


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Shape):
    """Where the official text stands. Sipar ships its own sentences and links to it."""

    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)] | None = None
    published: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = None
    licence: Annotated[str, StringConstraints(max_length=500)] = ""
    note: Annotated[str, StringConstraints(max_length=5_000)] = ""


class ScaleLevel(Shape):
    """One step of the answer scale. `criterion` is the generic sentence that a person chooses by."""

    level: Level
    title: Text
    criterion: Text


class Scoring(Shape):
    """How levels become a score: data, versioned with the framework; `sipar.posture.scoring` computes it.

    `gate` is the share of applicable weight in a group that must reach a level before the group holds it:
    1.0 is the weakest link. `unanswered` says whether a missing answer counts as level 0 or is left out.
    """

    method: Literal["gated", "mean"] = "gated"
    gate: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    unanswered: Literal["zero", "exclude"] = "zero"
    rollup: Literal["requirements", "groups"] = "requirements"


class Group(Shape):
    id: Identifier
    title: Text
    parent: Identifier | None = None
    description: Text | None = None


class Criterion(Shape):
    level: Level
    criterion: Text


class Requirement(Shape):
    id: Identifier
    group: Identifier
    title: Text
    statement: Text
    guidance: Text | None = None
    evidence: list[Text] = Field(default_factory=list, max_length=50)
    weight: Annotated[float, Field(gt=0.0, le=100.0)] = 1.0
    applies_to: list[Environment] = Field(default_factory=lambda: list(ENVIRONMENTS), min_length=1)
    levels: list[Criterion] = Field(default_factory=list, max_length=MAX_LEVEL + 1)
    link: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)] | None = None


class Profile(Shape):
    """Target levels for one class of organisation: requirement beats group beats default; `None` asks nothing."""

    id: Identifier
    title: Text
    default: Level | None = None
    groups: dict[Identifier, Level | None] = Field(default_factory=dict)
    requirements: dict[Identifier, Level | None] = Field(default_factory=dict)


class Mapping(Shape):
    """One relation between a requirement here (source) and one of another framework (target), as in NIST IR 8477."""

    source: Identifier
    target: Identifier
    relation: Literal["equal", "subset", "superset", "intersects"]


class MappingSet(Shape):
    source_framework: Identifier
    target_framework: Identifier
    mappings: list[Mapping] = Field(max_length=100_000)


class Catalogue(Shape):
    format: Literal["sipar-framework/1"] = FORMAT
    identifier: Identifier
    version: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    title: Text
    publisher: Annotated[str, StringConstraints(max_length=200)] = ""
    description: Text | None = None
    source: Source = Source()
    status: Literal["complete", "incomplete"] = "complete"
    scale: list[ScaleLevel] = Field(min_length=2, max_length=MAX_LEVEL + 1)
    scoring: Scoring = Scoring()
    groups: list[Group] = Field(max_length=MAX_GROUPS)
    requirements: list[Requirement] = Field(max_length=MAX_REQUIREMENTS)
    profiles: list[Profile] = Field(default_factory=list, max_length=200)
    mappings: list[MappingSet] = Field(default_factory=list, max_length=100)

    @property
    def top_level(self) -> int:
        return self.scale[-1].level

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        _refuse_duplicates("group", [group.id for group in self.groups])
        _refuse_duplicates("requirement", [requirement.id for requirement in self.requirements])
        _refuse_duplicates("profile", [profile.id for profile in self.profiles])
        if [step.level for step in self.scale] != list(range(len(self.scale))):
            raise FormatProblem("catalogue.scale", "the scale must count its levels 0, 1, 2 ... without a gap")
        _refuse_text_without_english(self)
        _refuse_cycles({group.id: group.parent for group in self.groups})
        known = {group.id for group in self.groups}
        for requirement in self.requirements:
            if requirement.group not in known:
                raise FormatProblem(
                    "catalogue.group", f"stands in group {requirement.group}, which does not exist", requirement.id
                )
            if any(step.level > self.top_level for step in requirement.levels):
                raise FormatProblem("catalogue.level", "has a level above the scale", requirement.id)
            if len({step.level for step in requirement.levels}) < len(requirement.levels):
                raise FormatProblem("catalogue.level", "has two criteria for one level", requirement.id)
        _refuse_foreign_targets(self)
        return self


def _refuse_duplicates(kind: str, identifiers: list[str]) -> None:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            raise FormatProblem("catalogue.duplicate", f"two {kind}s carry this identifier", identifier)
        seen.add(identifier)


def _refuse_foreign_targets(catalogue: Catalogue) -> None:
    groups = {group.id for group in catalogue.groups}
    requirements = {requirement.id for requirement in catalogue.requirements}
    for profile in catalogue.profiles:
        for kind, known, targets in (
            ("group", groups, profile.groups),
            ("requirement", requirements, profile.requirements),
        ):
            for identifier, level in targets.items():
                if identifier not in known:
                    sentence = f"asks a level of {kind} {identifier}, which does not exist"
                    raise FormatProblem("catalogue.profile", sentence, profile.id)
                if level is not None and level > catalogue.top_level:
                    sentence = f"asks level {level} of {identifier}, above the scale"
                    raise FormatProblem("catalogue.profile", sentence, profile.id)
        if profile.default is not None and profile.default > catalogue.top_level:
            raise FormatProblem("catalogue.profile", f"asks level {profile.default}, above the scale", profile.id)


def _refuse_text_without_english(catalogue: Catalogue) -> None:
    texts: list[tuple[str, Text | None]] = [("title", catalogue.title), ("description", catalogue.description)]
    texts += [(f"level {step.level}", text) for step in catalogue.scale for text in (step.title, step.criterion)]
    texts += [(group.id, text) for group in catalogue.groups for text in (group.title, group.description)]
    texts += [(profile.id, profile.title) for profile in catalogue.profiles]
    for requirement in catalogue.requirements:
        texts += [
            (requirement.id, text)
            for text in (
                requirement.title,
                requirement.statement,
                requirement.guidance,
                *requirement.evidence,
                *(step.criterion for step in requirement.levels),
            )
        ]
    for place, text in texts:
        if text is not None and "en" not in text:
            raise FormatProblem("catalogue.language", "has no English text (en)", place)


def _refuse_cycles(parents: dict[str, str | None]) -> None:
    settled: set[str] = set()
    for start in parents:
        path: set[str] = set()
        current: str | None = start
        while current is not None and current not in settled:
            if current in path:
                raise FormatProblem("catalogue.cycle", "is its own ancestor", current)
            if current not in parents:
                raise FormatProblem("catalogue.group", "is named as a parent but does not exist", current)
            path.add(current)
            current = parents[current]
        settled |= path
