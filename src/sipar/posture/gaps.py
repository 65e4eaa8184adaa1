"""Gaps: where an assessment falls short of its target, ranked, with the parts from which the reason is said.

priority = criticality of the organisation x weight of the requirement x distance (levels missing to the target)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem
from sipar.posture.scoring import GATE_UNIT, WEIGHT_UNIT, Floats, Indices, ScoringRules, counting, ratio, score
from sipar.posture.targets import shortfall

ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class Gaps:
    """Ranked gaps, one entry per array position, the most pressing first.

    `organisation` and `requirement` are positions in the input. `level` is the level given, 0 where `unanswered`.
    Gaps of equal priority stand in the order of organisations, then requirements.
    """

    organisation: Indices
    requirement: Indices
    level: Levels
    target: Levels
    distance: NDArray[np.int8]
    unanswered: NDArray[np.bool_]
    weight: Floats
    criticality: Floats
    priority: Floats

    def __len__(self) -> int:
        return len(self.priority)


@dataclass(frozen=True, eq=False)
class RequirementGaps:
    """Per requirement over all organisations: who falls short, by how much, and the order of urgency.

    short       int64[R]    organisations that fall short
    unanswered  int64[R]    those of them that did not answer
    distance    float64[R]  mean number of levels missing among the organisations that fall short, NaN where none does
    priority    float64[R]  sum of the gaps' priorities
    order       intp[k]     requirements with a gap, the most pressing first
    """

    short: NDArray[np.int64]
    unanswered: NDArray[np.int64]
    distance: Floats
    priority: Floats
    order: Indices


@dataclass(frozen=True)
class Ask:
    """What one requirement must come to; `level` is what it has, 0 where unanswered."""

    requirement: int
    level: int
    needed: int
    unanswered: bool


@dataclass(frozen=True)
class NextStage:
    """What holds one group below its next level.

    `missing_weight` is how much weight has to rise to `next_level` before the gate opens. With a gate of 1 that is
    every requirement in `asks`; with a lower gate some of them are enough.
    """

    group: int
    level: int
    next_level: int
    missing_weight: float
    asks: tuple[Ask, ...]


def rank_gaps(
    levels: Levels, target: Levels, weights: Floats, criticality_weight: Floats, *, top: int | None = None
) -> Gaps:
    """Rank the gaps of n organisations; all of them, or the `top` most pressing.

    `levels` uint8[n, R], `target` uint8[R] or uint8[n, R], `weights` float64[R], `criticality_weight` float64[n].
    With `top`, memory stays bounded whatever n is. Raises PostureProblem where the shapes do not fit.
    """
    _refuse_misfits(levels, target, weights, criticality_weight)
    if top is not None and top < 1:
        raise PostureProblem(f"the number of gaps to rank is {top}")
    each_target = np.broadcast_to(target, levels.shape)
    cells, priority = np.zeros(0, dtype=np.intp), np.zeros(0)
    for start in range(0, len(levels), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        found = _priorities(levels[rows], each_target[rows], weights, criticality_weight[rows]).ravel()
        places = np.flatnonzero(found)
        cells = np.concatenate([cells, places + start * levels.shape[1]])
        priority = np.concatenate([priority, found[places]])
        cells, priority = _most_pressing(cells, priority, top)
    order = np.argsort(-priority, kind="stable")
    organisation, requirement = np.divmod(cells[order], max(levels.shape[1], 1))
    given = levels[organisation, requirement]
    unanswered = given == UNANSWERED
    level = np.where(unanswered, 0, given).astype(np.uint8)
    asked = each_target[organisation, requirement]
    return Gaps(
        organisation=organisation,
        requirement=requirement,
        level=level,
        target=asked,
        distance=(asked - level).astype(np.int8),
        unanswered=unanswered,
        weight=weights[requirement],
        criticality=criticality_weight[organisation],
        priority=priority[order],
    )


def rank_requirements(
    levels: Levels, target: Levels, weights: Floats, criticality_weight: Floats, *, top: int | None = None
) -> RequirementGaps:
    """Rank the requirements by the gaps of all n organisations together; shapes as in `rank_gaps`."""
    _refuse_misfits(levels, target, weights, criticality_weight)
    requirements = levels.shape[1]
    each_target = np.broadcast_to(target, levels.shape)
    short, unanswered = np.zeros(requirements, dtype=np.int64), np.zeros(requirements, dtype=np.int64)
    total, priority = np.zeros(requirements), np.zeros(requirements)
    for start in range(0, len(levels), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        missing = shortfall(levels[rows], each_target[rows])
        short += np.count_nonzero(missing, axis=0)
        unanswered += np.count_nonzero((missing > 0) & (levels[rows] == UNANSWERED), axis=0)
        total += missing.sum(axis=0, dtype=np.float64)
        priority += criticality_weight[rows] @ missing.astype(np.float64) * weights
    order = np.argsort(-priority, kind="stable")
    return RequirementGaps(short, unanswered, ratio(total, short), priority, order[priority[order] > 0][:top])


def next_stage(levels: Levels, rules: ScoringRules) -> tuple[NextStage, ...]:
    """Return what holds each top-level group of one assessment, uint8[R], below its next level.

    A group at the top of the scale, or in which nothing counts, has no next stage and is left out.
    """
    if levels.shape != (rules.requirements,):
        raise PostureProblem(f"levels of shape {levels.shape} do not fit {rules.requirements} requirements")
    held = score(levels[None, :], rules).group_level[0]
    reached = np.where(levels >= NOT_APPLICABLE, 0, levels)
    counted = counting(levels, rules)
    stages = []
    for group in np.flatnonzero(held < rules.top_level):
        stage = int(held[group]) + 1
        members = counted & (rules.top_group == group)
        below = np.flatnonzero(members & (reached < stage))
        needed = np.ceil(rules.gate_units * rules.weight_units[members].sum() / GATE_UNIT)
        standing = rules.weight_units[members & (reached >= stage)].sum()
        asks = tuple(
            Ask(int(index), int(reached[index]), stage, unanswered=bool(levels[index] == UNANSWERED)) for index in below
        )
        stages.append(NextStage(int(group), stage - 1, stage, float(needed - standing) / WEIGHT_UNIT, asks))
    return tuple(stages)


def _priorities(levels: Levels, target: Levels, weights: Floats, criticality_weight: Floats) -> Floats:
    return shortfall(levels, target) * (criticality_weight[:, None] * weights)


def _most_pressing(cells: Indices, priority: Floats, top: int | None) -> tuple[Indices, Floats]:
    """Keep the `top` highest priorities; of those that tie at the edge, the ones that come first in the input."""
    if top is None or len(cells) <= top:
        return cells, priority
    edge = np.partition(priority, -top)[-top]
    kept = priority > edge
    ties = np.flatnonzero(priority == edge)
    kept[ties[: top - np.count_nonzero(kept)]] = True
    return cells[kept], priority[kept]


def _refuse_misfits(levels: Levels, target: Levels, weights: Floats, criticality_weight: Floats) -> None:
    if levels.ndim != 2 or target.shape not in (levels.shape, levels.shape[1:]):
        raise PostureProblem(f"a target of shape {target.shape} does not fit levels of shape {levels.shape}")
    if weights.shape != levels.shape[1:] or criticality_weight.shape != levels.shape[:1]:
        raise PostureProblem("weights are one per requirement and criticality weights one per organisation")
    if not (np.all(weights > 0) and np.all(criticality_weight > 0)):
        raise PostureProblem("a weight is not above 0")
