"""From levels to scores, by rules that are data (`sipar.formats.catalogue.Scoring`).

Notation: w is a requirement's weight, l its level. A requirement *counts* when it is applicable and, if unanswered,
when the rules say that an unanswered one is level 0 (`unanswered = "zero"`). One that does not count is as if it
did not exist, in every formula.

Let A be the sum of w over a group's requirements that count, and R(s) the sum of w over those with l >= s.

    group mean    sum(w * l) / A, which equals (R(1) + R(2) + ... + R(top)) / A
    group level   the highest s with R(1) >= gate * A, ..., R(s) >= gate * A; so 0 <= gate * level <= mean

Weights are taken in whole ten-thousandths and the gate in whole millionths. All sums are then whole numbers below
2**53, which float64 adds without rounding: the result does not depend on the order of requirements or on the
library that multiplies the matrices, and a gate of 1.0 never fails by a rounding error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sipar.formats.catalogue import Catalogue
from sipar.posture.levels import MAX_LEVEL, NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem, refuse_unknown_levels

WEIGHT_UNIT = 10_000
GATE_UNIT = 1_000_000
ROWS_AT_ONCE = 4_096

type Floats = NDArray[np.float64]
type Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ScoringRules:
    """How levels of one framework version become scores; R requirements in its order.

    `top_group[R]` and `leaf_group[R]` are indices into `top_groups` and `leaf_groups` (identifiers): the group
    without a parent that a requirement descends from, and the group it stands in.
    """

    weights: Floats
    top_group: Indices
    leaf_group: Indices
    top_groups: tuple[str, ...]
    leaf_groups: tuple[str, ...]
    top_level: int
    method: Literal["gated", "mean"] = "gated"
    gate: float = 1.0
    unanswered: Literal["zero", "exclude"] = "zero"
    rollup: Literal["requirements", "groups"] = "requirements"

    def __post_init__(self) -> None:
        if not 1 <= self.top_level <= MAX_LEVEL:
            raise PostureProblem(f"the top level {self.top_level} is not between 1 and {MAX_LEVEL}")
        if not 0.0 < self.gate <= 1.0:
            raise PostureProblem(f"the gate {self.gate} is not above 0 and at most 1")
        if not (len(self.weights) == len(self.top_group) == len(self.leaf_group)):
            raise PostureProblem("weights and group indices have different lengths")
        if not bool(np.all((self.weights > 0.0) & (self.weights <= 100.0))):
            raise PostureProblem("a weight is not above 0 and at most 100")

    @property
    def requirements(self) -> int:
        return len(self.weights)

    @cached_property
    def weight_units(self) -> Floats:
        """Weights in whole ten-thousandths, at least one, as float64[R]."""
        return np.maximum(np.rint(self.weights * WEIGHT_UNIT), 1.0)

    @cached_property
    def gate_units(self) -> float:
        return max(1.0, float(round(self.gate * GATE_UNIT)))


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of n assessments over G top-level groups, on the scale 0..top_level; NaN where nothing counts.

    mean         float64[n]     by `rollup`: the weighted mean level of all requirements that count ("requirements"),
                                or the plain mean of the group scores ("groups"), so that a pillar with few
                                requirements weighs as much as one with many
    floor        float64[n]     the lowest group score: a mean hides a missing pillar, the floor does not
    group_mean   float64[n, G]  weighted mean level
    group_level  float64[n, G]  gated level, a whole number
    coverage     float64[n]     share of requirements answered or marked not applicable, 0..1
    answered     int64[n]       number of requirements with a level

    A group's score is its level when `method` is "gated", else its mean.
    """

    mean: Floats
    floor: Floats
    group_mean: Floats
    group_level: Floats
    coverage: Floats
    answered: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GroupScores:
    """`mean` and `level` as float64[n, G], NaN where nothing counts; `weighted_sum` and `weight` in weight units."""

    mean: Floats
    level: Floats
    weighted_sum: Floats
    weight: Floats


def rules_from(catalogue: Catalogue) -> ScoringRules:
    """Return the scoring rules of a catalogue, its requirements and groups in the catalogue's order."""
    parents = {group.id: group.parent for group in catalogue.groups}
    occupied = {requirement.group for requirement in catalogue.requirements}
    top_groups = tuple(group.id for group in catalogue.groups if group.parent is None)
    leaf_groups = tuple(group.id for group in catalogue.groups if group.id in occupied)
    top_index = {group: index for index, group in enumerate(top_groups)}
    leaf_index = {group: index for index, group in enumerate(leaf_groups)}
    roots = {group: _root(group, parents) for group in leaf_groups}
    of_requirement = [requirement.group for requirement in catalogue.requirements]
    return ScoringRules(
        weights=np.array([requirement.weight for requirement in catalogue.requirements], dtype=np.float64),
        top_group=np.array([top_index[roots[group]] for group in of_requirement], dtype=np.intp),
        leaf_group=np.array([leaf_index[group] for group in of_requirement], dtype=np.intp),
        top_groups=top_groups,
        leaf_groups=leaf_groups,
        top_level=catalogue.top_level,
        method=catalogue.scoring.method,
        gate=catalogue.scoring.gate,
        unanswered=catalogue.scoring.unanswered,
        rollup=catalogue.scoring.rollup,
    )


def score(levels: Levels, rules: ScoringRules) -> Scores:
    """Score uint8[n, R] levels; see `Scores`. Raises PostureProblem for a wrong width or a level off the scale."""
    groups = group_scores(levels, rules, group_of=rules.top_group, groups=len(rules.top_groups))
    group_score = groups.level if rules.method == "gated" else groups.mean
    if rules.rollup == "groups":
        present = ~np.isnan(group_score)
        mean = ratio(np.where(present, group_score, 0.0).sum(axis=1), present.sum(axis=1))
    else:
        mean = ratio(groups.weighted_sum.sum(axis=1), groups.weight.sum(axis=1))
    unanswered = np.count_nonzero(levels == UNANSWERED, axis=1)
    not_applicable = np.count_nonzero(levels == NOT_APPLICABLE, axis=1)
    return Scores(
        mean=mean,
        floor=_lowest(group_score),
        group_mean=groups.mean,
        group_level=groups.level,
        coverage=1.0 - unanswered / max(rules.requirements, 1),
        answered=(rules.requirements - unanswered - not_applicable).astype(np.int64),
    )


def group_scores(levels: Levels, rules: ScoringRules, *, group_of: Indices, groups: int) -> GroupScores:
    """Mean and gated level per group, for any grouping `group_of[R]` of the requirements into `groups` groups.

    Raises PostureProblem for a wrong width or a level off the scale.
    """
    if levels.ndim != 2 or levels.shape[1] != rules.requirements:
        raise PostureProblem(f"levels of shape {levels.shape} do not fit {rules.requirements} requirements")
    membership = np.zeros((rules.requirements, groups))
    membership[np.arange(rules.requirements), group_of] = rules.weight_units
    shape = (len(levels), groups)
    weighted_sum, weight, level = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for start in range(0, len(levels), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        block = levels[rows]
        refuse_unknown_levels(block, rules.top_level)
        weight[rows] = counting(block, rules).astype(np.float64) @ membership
        for step in range(1, rules.top_level + 1):
            reached = ((block >= step) & (block <= rules.top_level)).astype(np.float64) @ membership
            weighted_sum[rows] += reached
            # R(s) falls as s rises, so the steps that hold are the lowest ones and counting them is enough.
            level[rows] += reached * GATE_UNIT >= rules.gate_units * weight[rows]
    level[weight == 0.0] = np.nan
    return GroupScores(mean=ratio(weighted_sum, weight), level=level, weighted_sum=weighted_sum, weight=weight)


def counting(levels: Levels, rules: ScoringRules) -> NDArray[np.bool_]:
    """Which answers count: the applicable ones, and of the unanswered only where the rules take them as level 0."""
    return np.not_equal(levels, NOT_APPLICABLE) if rules.unanswered == "zero" else np.less(levels, NOT_APPLICABLE)


def ratio(numerator: NDArray[np.number], denominator: NDArray[np.number]) -> Floats:
    """Divide, elementwise; NaN where there is nothing to divide by."""
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def _root(group: str, parents: dict[str, str | None]) -> str:
    while (parent := parents[group]) is not None:
        group = parent
    return group


def _lowest(group_score: Floats) -> Floats:
    lowest = np.where(np.isnan(group_score), np.inf, group_score).min(axis=1, initial=np.inf)
    lowest[np.isinf(lowest)] = np.nan
    return lowest
