"""How organisations moved between two campaigns: only those that answered both are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sipar.posture.levels import PostureProblem
from sipar.posture.scoring import Floats, Indices, Scores, ratio

# Scores are quotients of whole numbers; anything smaller than this is the rounding of a division.
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Movement:
    """How paired scores moved, one entry per column; shares are of `paired` and NaN where it is 0."""

    paired: NDArray[np.int64]
    improved: Floats
    same: Floats
    worse: Floats
    mean_change: Floats


@dataclass(frozen=True, eq=False)
class Trend:
    """Two campaigns compared.

    `before_index` and `after_index` are the positions of the paired organisations in the two inputs, `change`
    float64[paired] their change of mean score. `overall` has one entry, `groups` one per top-level group.
    `left` and `joined` count the organisations that answered only the earlier or only the later campaign.
    """

    before_index: Indices
    after_index: Indices
    change: Floats
    overall: Movement
    groups: Movement
    left: int
    joined: int


def compare(before_ids: NDArray[np.generic], before: Scores, after_ids: NDArray[np.generic], after: Scores) -> Trend:
    """Compare two campaigns of one framework version; `ids[n]` name the organisation of each row of the scores.

    An organisation that gave no answer at all has not answered, even if its assessment exists.
    Raises PostureProblem for an organisation named twice, and for scores that do not fit the ids or each other.
    """
    _refuse_misfits(before_ids, before)
    _refuse_misfits(after_ids, after)
    if before.group_mean.shape[1] != after.group_mean.shape[1]:
        raise PostureProblem("the two campaigns do not have the same groups")
    before_rows, after_rows = np.flatnonzero(before.answered), np.flatnonzero(after.answered)
    _, in_before, in_after = np.intersect1d(
        before_ids[before_rows], after_ids[after_rows], assume_unique=True, return_indices=True
    )
    left, joined = len(before_rows) - len(in_before), len(after_rows) - len(in_after)
    before_index, after_index = before_rows[in_before], after_rows[in_after]
    change = after.mean[after_index] - before.mean[before_index]
    group_change = after.group_mean[after_index] - before.group_mean[before_index]
    return Trend(before_index, after_index, change, _movement(change[:, None]), _movement(group_change), left, joined)


def _movement(change: Floats) -> Movement:
    present = ~np.isnan(change)
    moved = np.where(present, change, 0.0)
    paired = present.sum(axis=0)
    return Movement(
        paired=paired.astype(np.int64),
        improved=ratio((moved > SAME).sum(axis=0), paired),
        same=ratio((present & (np.abs(moved) <= SAME)).sum(axis=0), paired),
        worse=ratio((moved < -SAME).sum(axis=0), paired),
        mean_change=ratio(moved.sum(axis=0), paired),
    )


def _refuse_misfits(ids: NDArray[np.generic], scores: Scores) -> None:
    if ids.shape != scores.mean.shape:
        raise PostureProblem(f"{len(ids)} organisations do not fit {len(scores.mean)} scores")
    if len(np.unique(ids)) != len(ids):
        raise PostureProblem("an organisation is named twice in one campaign")
