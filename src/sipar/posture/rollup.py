"""National roll-up: how many organisations stand at which level of which requirement, per group of organisations.

The answers of a group come as one blob of concatenated vectors. The states counted are 0..top_level, then not
applicable, then unanswered: `not_applicable_state(top_level)` and `unanswered_state(top_level)` are their positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sipar.posture.levels import (
    MAX_LEVEL,
    NOT_APPLICABLE,
    UNANSWERED,
    Levels,
    PostureProblem,
    matrix,
    refuse_unknown_levels,
)
from sipar.posture.scoring import Floats, Indices, ScoringRules, ratio
from sipar.posture.targets import NOTHING_ASKED

# A byte counts to 255, so 255 answers are added up as bytes before they are widened: that keeps the whole sum in
# the processor's vector unit.
FOLD = 255
# What one step compares at a time, in bytes: the comparison's result stays in the second-level cache.
STEP_BYTES = 800_000

type Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cube:
    """`counts` int64[groups, R, top_level + 3]: organisations per group, requirement and state."""

    counts: Counts
    top_level: int

    @property
    def organisations(self) -> Counts:
        """int64[groups]: assessments in each group."""
        if self.counts.shape[1] == 0:
            return np.zeros(self.counts.shape[0], dtype=np.int64)
        return np.asarray(self.counts[:, 0, :].sum(axis=1), dtype=np.int64)

    @property
    def not_applicable(self) -> Counts:
        """int64[groups, R]."""
        return self.counts[:, :, not_applicable_state(self.top_level)]

    @property
    def unanswered(self) -> Counts:
        """int64[groups, R]."""
        return self.counts[:, :, unanswered_state(self.top_level)]


def not_applicable_state(top_level: int) -> int:
    return top_level + 1


def unanswered_state(top_level: int) -> int:
    return top_level + 2


def tally(blob: bytes, requirements: int, top_level: int) -> Counts:
    """Count one blob: int64[R, top_level + 3].

    Needs under 3 MB beside the blob for frameworks of up to 3,000 requirements, whatever the number of assessments.
    Raises PostureProblem for a length that does not fit and for a level off the scale.
    """
    if not 1 <= top_level <= MAX_LEVEL:
        raise PostureProblem(f"the top level {top_level} is not between 1 and {MAX_LEVEL}")
    levels = matrix(blob, requirements)
    states = (*range(top_level + 1), NOT_APPLICABLE, UNANSWERED)
    counts = np.zeros((len(states), requirements), dtype=np.int64)
    side_by_side = max(1, STEP_BYTES // (FOLD * requirements))
    rows = FOLD * side_by_side
    whole = len(levels) // rows * rows
    for start in range(0, whole, rows):
        _add(levels[start : start + rows].reshape(FOLD, -1), states, counts)
    for start in range(whole, len(levels), FOLD):
        _add(levels[start : start + FOLD], states, counts)
    if counts.sum() != levels.size:
        _refuse_unknown_states(levels, top_level)
    return counts.T.copy()


def _refuse_unknown_states(levels: Levels, top_level: int) -> None:
    for start in range(0, len(levels), FOLD):
        try:
            refuse_unknown_levels(levels[start : start + FOLD], top_level)
        except PostureProblem as problem:
            raise PostureProblem(f"counted from assessment {start}: {problem}") from None


def _add(block: Levels, states: tuple[int, ...], counts: Counts) -> None:
    """Add to counts[states, R] a block of at most FOLD rows, each a whole number of assessments wide."""
    requirements = counts.shape[1]
    for position, state in enumerate(states):
        folded = np.add.reduce((block == state).view(np.uint8), axis=0, dtype=np.uint8)
        counts[position] += folded.reshape(-1, requirements).sum(axis=0, dtype=np.int64)


def cube_of(blobs: Sequence[bytes], requirements: int, top_level: int) -> Cube:
    """Count one blob per group of organisations, in the order given."""
    counts = np.zeros((len(blobs), requirements, top_level + 3), dtype=np.int64)
    for group, blob in enumerate(blobs):
        counts[group] = tally(blob, requirements, top_level)
    return Cube(counts, top_level)


def merge(left: Cube, right: Cube) -> Cube:
    """Add two cubes over the same groups: the parts of a nation counted apart equal the whole."""
    if left.counts.shape != right.counts.shape or left.top_level != right.top_level:
        raise PostureProblem(f"cubes of shapes {left.counts.shape} and {right.counts.shape} do not add up")
    return Cube(left.counts + right.counts, left.top_level)


def marginal(cube: Cube, into: Indices, groups: int) -> Cube:
    """Add the cube's groups up into `groups` larger ones; `into[old group]` is the new group.

    A cube over sector x province becomes one over sectors with `into = pair // provinces`.
    """
    if into.shape != cube.counts.shape[:1] or (into.size and not set(into.tolist()) <= set(range(groups))):
        raise PostureProblem(f"the new groups do not fit a cube of {cube.counts.shape[0]} groups")
    counts = np.zeros((groups, *cube.counts.shape[1:]), dtype=np.int64)
    np.add.at(counts, into, cube.counts)
    return Cube(counts, cube.top_level)


def means(cube: Cube, *, unanswered: Literal["zero", "exclude"]) -> Floats:
    """Mean level per group and requirement, float64[groups, R]; NaN where no answer counts.

    sum(level * organisations at it) / organisations that count: those not marked not applicable, and of the
    unanswered only where they are taken as level 0.
    """
    total, counted = _sums(cube, unanswered)
    return ratio(total, counted)


def heat(cube: Cube, rules: ScoringRules, *, group_of: Indices, groups: int) -> Floats:
    """Weighted mean level per group of organisations and group of requirements, float64[cube groups, groups].

    sum(w * level) / sum(w) over every answer that counts, so each answer weighs the same whoever gave it.
    `group_of[R]` is `rules.leaf_group` or `rules.top_group`. NaN where no answer counts.
    """
    if group_of.shape != cube.counts.shape[1:2] or rules.requirements != cube.counts.shape[1]:
        raise PostureProblem(f"the rules do not fit a cube of {cube.counts.shape[1]} requirements")
    total, counted = _sums(cube, rules.unanswered)
    membership = np.zeros((rules.requirements, groups))
    membership[np.arange(rules.requirements), group_of] = rules.weight_units
    return ratio(total @ membership, counted @ membership)


def coverage(cube: Cube) -> Floats:
    """Share of organisations that answered or marked not applicable, float64[groups, R]; NaN for an empty group."""
    everyone = np.broadcast_to(cube.organisations[:, None], cube.counts.shape[:2])
    return ratio(everyone - cube.unanswered, everyone)


def share_meeting(cube: Cube, target: Levels) -> Floats:
    """Share of organisations at or above `target` uint8[R], float64[groups, R].

    Of those to whom the requirement applies; an unanswered one counts as level 0. NaN where nothing is asked or
    it applies to nobody.
    """
    if target.shape != cube.counts.shape[1:2]:
        raise PostureProblem(f"a target of {len(target)} requirements does not fit the cube")
    steps = np.arange(cube.top_level + 1)
    at_or_above = steps[None, :] >= target[:, None]
    meeting = (cube.counts[:, :, : cube.top_level + 1] * at_or_above).sum(axis=2)
    meeting += cube.unanswered * (target == 0)
    applies = (cube.organisations[:, None] - cube.not_applicable) * (target != NOTHING_ASKED)
    return ratio(meeting, applies)


def _sums(cube: Cube, unanswered: Literal["zero", "exclude"]) -> tuple[Floats, Floats]:
    """Sum of levels and number of answers that count, float64[groups, R] each; both are whole numbers."""
    given = cube.counts[:, :, : cube.top_level + 1]
    total = (given @ np.arange(cube.top_level + 1)).astype(np.float64)
    counted = given.sum(axis=2)
    if unanswered == "zero":
        counted = counted + cube.unanswered
    return total, counted.astype(np.float64)
