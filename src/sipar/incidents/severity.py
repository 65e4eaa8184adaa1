"""How severe an incident is: the shape of NCISS with figures from a file, and a roll-up for a national incident.

    score = clamp(0..100, 100 * (sum(weight * value) - lowest) / (highest - lowest))

where `value` is the value of the chosen option (the highest of them where a category takes several), and lowest and
highest are the same sum over the lowest and the highest option of each category. Source of the formula: CISA, National
Cyber Incident Scoring System, as written out in the seed data of CITE (CMU SEI). A category without a choice counts at
its lowest option, so the score is a lower bound; `highest` is what the score would be at its worst.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.documents import load_yaml
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem
from sipar.nations.documents import build
from sipar.nations.profile import Note, Words

DATA = Path(__file__).parent / "data"
LIMITS = Limits(max_bytes=256 * 1024, max_depth=8, max_nodes=20_000, max_aliases=0)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
type Choices = Mapping[str, str | Sequence[str]]
"""Category code to option code, or to several where the category takes several."""


class Option(Shape):
    """One choice. `sectors`: codes of sectors or subsectors of the register for which it is proposed."""

    code: Code
    value: Annotated[float, Field(ge=0, le=1_000)]
    title: Words
    sectors: tuple[str, ...] = ()


class Category(Shape):
    code: Code
    weight: Annotated[float, Field(gt=0, le=1_000)]
    title: Words
    multiple: bool = False
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=50)]

    @cached_property
    def values(self) -> Mapping[str, float]:
        """Option code to value."""
        return {option.code: option.value for option in self.options}

    @property
    def lowest(self) -> float:
        """The weighted value of the mildest option."""
        return self.weight * min(self.values.values())

    @property
    def highest(self) -> float:
        """The weighted value of the worst option."""
        return self.weight * max(self.values.values())


class Level(Shape):
    """A level begins at `start` (in the file: `from`) and ends where the next one begins."""

    code: Code
    start: Annotated[float, Field(ge=0, le=100, alias="from")]
    title: Words


class CampaignShares(Shape):
    """How much of the way to 100 a further victim (at score 100), sector and province takes."""

    status: Literal["assumption", "agreed"]
    victim: Share
    sector: Share
    province: Share


class Scale(Shape):
    scale: Code
    version: Annotated[int, Field(ge=1)]
    title: Words
    source: Note
    note: Note
    values_status: Literal["notional", "agreed"]
    cutoffs_status: Literal["unverified", "agreed"]
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=30)]
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]
    campaign: CampaignShares

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _refuse_repeats("category", (category.code for category in self.categories))
        _refuse_repeats("level", (level.code for level in self.levels))
        for category in self.categories:
            _refuse_repeats(f"option of {category.code}", (option.code for option in category.options))
        starts = [level.start for level in self.levels]
        if starts[0] != 0 or any(later <= earlier for earlier, later in pairwise(starts)):
            raise ValueError("the levels must begin at 0 and rise")
        if self.highest <= self.lowest:
            raise ValueError("every category has options of one value only, so nothing can be scored")
        return self

    @property
    def lowest(self) -> float:
        """The weighted sum of the mildest options (`minPossible`)."""
        return sum(category.lowest for category in self.categories)

    @property
    def highest(self) -> float:
        """The weighted sum of the worst options (`maxPossible`)."""
        return sum(category.highest for category in self.categories)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in the scale, hexadecimal: which figures a stored score was made with."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def level_of(self, score: float) -> str:
        """The code of the level that a score of 0 to 100 belongs to."""
        return next(level.code for level in reversed(self.levels) if score >= level.start)

    def rank(self, level: str) -> int:
        """The place of a level, 0 for the lowest; KeyError for a level that the scale does not have."""
        return {found.code: place for place, found in enumerate(self.levels)}[level]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one category adds: `points` of the score (they add up to it), for the `options` that were chosen."""

    category: str
    options: tuple[str, ...]
    value: float
    weight: float
    points: float


@dataclass(frozen=True, slots=True)
class Severity:
    """A score with all that is needed to make it again. `score` and `highest` are 0 to 100, two decimals.

    `digest` names the figures (`Scale.digest`); `missing` are categories without a choice.
    """

    score: float
    highest: float
    level: str
    scale: str
    version: int
    digest: str
    inputs: Mapping[str, tuple[str, ...]]
    contributions: tuple[Contribution, ...]
    missing: tuple[str, ...]


def read_scale(data: bytes, name: str = "scale") -> Scale:
    """The scale in a YAML file (an operator's or ours); FormatProblem with the place otherwise."""
    document = load_yaml(data, LIMITS)
    if not isinstance(document, dict):
        raise FormatProblem("not_a_mapping", "the file must hold one mapping at its top", name)
    return build(Scale, document, name)


@cache
def shipped_scale() -> Scale:
    """The scale that Sipar ships: notional values, unverified cut-offs."""
    return read_scale((DATA / "nciss-1.yaml").read_bytes(), "nciss-1.yaml")


def score(scale: Scale, choices: Choices) -> Severity:
    """The severity of one incident; FormatProblem `severity.category` or `severity.option` for what the scale lacks."""
    chosen = _check(scale, choices)
    span = scale.highest - scale.lowest
    contributions = []
    still_possible = 0.0
    for category in scale.categories:
        options = chosen.get(category.code, ())
        weighted = category.weight * max(category.values[code] for code in options) if options else category.lowest
        contributions.append(
            Contribution(
                category=category.code,
                options=options,
                value=weighted / category.weight,
                weight=category.weight,
                points=100.0 * (weighted - category.lowest) / span,
            )
        )
        still_possible += 0.0 if options else 100.0 * (category.highest - category.lowest) / span
    reached = sum(contribution.points for contribution in contributions)
    result = _clamp(reached)
    return Severity(
        score=result,
        highest=_clamp(reached + still_possible),
        level=scale.level_of(result),
        scale=scale.scale,
        version=scale.version,
        digest=scale.digest,
        inputs=chosen,
        contributions=tuple(contributions),
        missing=tuple(found.category for found in contributions if not found.options),
    )


def proposed_choices(scale: Scale, *, sector: str, subsector: str = "") -> dict[str, str]:
    """Choices that follow from the register alone: the option that names the subsector, else the sector."""
    proposed = {}
    for category in scale.categories:
        for code in (subsector, sector):
            found = next((option.code for option in category.options if code and code in option.sectors), None)
            if found is not None:
                proposed[category.code] = found
                break
    return proposed


@dataclass(frozen=True, slots=True)
class NationalSeverity:
    """The severity of a campaign out of its victims. `worst` is the highest score among them."""

    score: float
    level: str
    worst: float
    victims: int
    sectors: int
    provinces: int
    digest: str


def national_severity(scale: Scale, scores: Sequence[float], *, sectors: int, provinces: int = 1) -> NationalSeverity:
    """The severity of a national incident with these victims' scores (0 to 100), in that many sectors and provinces.

        way left = (100 - worst) * product over the other victims (1 - victim * score / 100)
                                 * (1 - sector) ** (sectors - 1) * (1 - province) ** (provinces - 1)
        score = 100 - way left

    Our own formula (NCISS scores one organisation): never below the worst victim, never lower for one victim, sector or
    province more, the same whatever the order. ValueError without victims or for a number out of range.
    """
    if not scores or not all(0 <= one <= 100 for one in scores):
        raise ValueError("a campaign needs at least one victim, each with a score of 0 to 100")
    if sectors < 1 or provinces < 1:
        raise ValueError("a campaign has at least one sector and one province")
    worst, *others = sorted(scores, reverse=True)
    shares = scale.campaign
    left = 100.0 - worst
    for other in others:
        left *= 1.0 - shares.victim * other / 100.0
    left *= (1.0 - shares.sector) ** (sectors - 1) * (1.0 - shares.province) ** (provinces - 1)
    result = max(_clamp(100.0 - left), worst)
    return NationalSeverity(
        score=result,
        level=scale.level_of(result),
        worst=worst,
        victims=len(scores),
        sectors=sectors,
        provinces=provinces,
        digest=scale.digest,
    )


def _check(scale: Scale, choices: Choices) -> dict[str, tuple[str, ...]]:
    categories = {category.code: category for category in scale.categories}
    chosen: dict[str, tuple[str, ...]] = {}
    for code, given in choices.items():
        category = categories.get(code)
        if category is None:
            raise FormatProblem("severity.category", f"the scale has no category {code[:60]}", code[:60])
        options = (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))
        for option in options:
            if option not in category.values:
                raise FormatProblem("severity.option", f"{code} has no option {option[:60]}", code)
        if len(options) > 1 and not category.multiple:
            raise FormatProblem("severity.option", f"{code} takes one option", code)
        if options:
            chosen[code] = options
    return chosen


def _clamp(number: float) -> float:
    return round(min(100.0, max(0.0, number)), 2)


def _refuse_repeats(what: str, codes: Iterable[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise ValueError(f"the {what} {code} appears twice")
        seen.add(code)
