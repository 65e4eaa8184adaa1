"""Grading candidates of critical infrastructure against criteria that are data. Pure, apart from reading its file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sipar.core.problems import Invalid, Place
from sipar.formats.catalogue import Shape
from sipar.nations.documents import build, read_yaml
from sipar.nations.profile import Note, Words

FILE = Path(__file__).parent / "criteria" / "preset.yaml"
TOP = 4


class Criterion(Shape):
    """`levels`: five sentences to choose from, level 0 first."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$")]
    weight: Annotated[int, Field(ge=1, le=10)]
    title: Words
    question: Words
    levels: Annotated[tuple[Words, ...], Field(min_length=TOP + 1, max_length=TOP + 1)]


class GradeStep(Shape):
    """A grade holds from a weighted mean of `from` on (0 to 4)."""

    grade: Literal["A", "B", "C", "D"]
    at_least: Annotated[float, Field(ge=0, le=TOP, alias="from")]
    name: Words


class GradingCriteria(Shape):
    """`status` preset: Sipar's own, not published by an authority; it must be shown beside every grade."""

    version: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,40}$")]
    status: Literal["preset", "published"]
    note: Words
    source: Note | None = None
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=20)]
    grades: Annotated[tuple[GradeStep, ...], Field(min_length=2, max_length=4)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len({criterion.key for criterion in self.criteria}) != len(self.criteria):
            raise ValueError("two criteria have the same key")
        limits = [step.at_least for step in self.grades]
        if limits != sorted(limits, reverse=True) or limits[-1] != 0:
            raise ValueError("the grades go down, and the last one begins at 0")
        return self


@cache
def grading_criteria() -> GradingCriteria:
    """The criteria that this installation grades by."""
    return build(GradingCriteria, read_yaml(FILE), FILE.name)


def weighted_mean(criteria: GradingCriteria, levels: Mapping[str, int]) -> float:
    """The weighted mean of the levels, 0 to 4. Raises Invalid, naming each criterion without a level from 0 to 4."""
    places = [
        Place(criterion.key, "Choose one of the five levels.")
        for criterion in criteria.criteria
        if levels.get(criterion.key) not in range(TOP + 1)
    ]
    places += [Place(key, "There is no such criterion.") for key in levels.keys() - {c.key for c in criteria.criteria}]
    if places:
        raise Invalid("Every criterion needs a level.", code="designation.criteria", places=places)
    total = sum(criterion.weight for criterion in criteria.criteria)
    return sum(criterion.weight * levels[criterion.key] for criterion in criteria.criteria) / total


def grade_of(criteria: GradingCriteria, levels: Mapping[str, int]) -> str:
    """The grade that the levels give; raises Invalid as `weighted_mean` does."""
    mean = weighted_mean(criteria, levels)
    return next(step.grade for step in criteria.grades if mean >= step.at_least)
