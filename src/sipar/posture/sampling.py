"""Which answers, or which organisations, to verify on site: drawn by chance, the risky ones more often.

Unequal probability sampling without replacement by systematic selection from a shuffled list (W. G. Madow, "On the
theory of systematic sampling, II", 1949): each unit is drawn with a probability that is exactly proportional to its
risk, and a unit whose risk is more than its share is certain. An estimate for all answers therefore divides each
finding by its probability (D. G. Horvitz and D. J. Thompson, 1952). The same seed draws the same sample everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem
from sipar.posture.scoring import Floats, Indices

# The upper 53 bits of a raw 64-bit word make a float64 in [0, 1) without rounding.
_SHIFT, _UNIT = np.uint64(11), 2.0**-53


@dataclass(frozen=True, eq=False)
class Sample:
    """`chosen`: the units drawn, ascending. `probability` float64[n]: the chance that each unit had, 0..1."""

    chosen: Indices
    probability: Floats


def claim_risk(levels: Levels, weights: Floats, criticality_weight: Floats, *, top_level: int) -> Floats:
    """Return float64[n, R]: criticality x weight x level claimed, what a wrong claim would hide.

    `levels` uint8[n, R], `weights` float64[R], `criticality_weight` float64[n]. To claim that a requirement does not
    apply is to claim all of it, so it counts as the top level; level 0 and no answer claim nothing.
    Raises PostureProblem where the shapes do not fit.
    """
    if levels.ndim != 2 or weights.shape != levels.shape[1:] or criticality_weight.shape != levels.shape[:1]:
        raise PostureProblem("weights are one per requirement and criticality weights one per organisation")
    claimed = np.where(levels == UNANSWERED, 0, np.where(levels == NOT_APPLICABLE, top_level, levels))
    return claimed * (criticality_weight[:, None] * weights)


def draw(risk: Floats, size: int, seed: int | Sequence[int]) -> Sample:
    """Draw `size` of the n units with the risks float64[n]; fewer where fewer have a risk above 0.

    Raises PostureProblem for a negative size, seed or risk, or a risk that is not a number.
    """
    if risk.ndim != 1 or not bool(np.all(np.isfinite(risk) & (risk >= 0))):
        raise PostureProblem("a risk is a number of at least 0, one per unit")
    if size < 0 or min([seed] if isinstance(seed, int) else seed, default=0) < 0:
        raise PostureProblem("the size of a sample and its seed are at least 0")
    probability = inclusion_probability(risk, size)
    words = np.random.PCG64(np.random.SeedSequence(seed)).random_raw(len(risk) + 1)
    chance = (words >> _SHIFT).astype(np.float64) * _UNIT
    order = np.argsort(chance[1:], kind="stable")
    ends = np.cumsum(probability[order])
    # The sum is a whole number but for rounding; made whole, exactly that many points fall inside.
    ends = np.round(ends, 9)
    starts = np.concatenate([np.zeros(1), ends[:-1]])
    hit = np.ceil(ends - chance[0]) > np.ceil(starts - chance[0])
    return Sample(chosen=np.sort(order[hit]), probability=probability)


def inclusion_probability(risk: Floats, size: int) -> Floats:
    """Return float64[n]: proportional to risk, at most 1, and `size` in sum where so many units have a risk."""
    probability = np.zeros(len(risk))
    certain = np.zeros(len(risk), dtype=np.bool_)
    open_units = risk > 0
    while open_units.any():
        left = size - int(certain.sum())
        if left <= 0:
            break
        probability[open_units] = risk[open_units] / risk[open_units].sum() * left
        more = open_units & (probability >= 1.0)
        if not more.any():
            break
        certain |= more
        open_units &= ~more
    probability[certain] = 1.0
    if int(certain.sum()) >= size:
        probability[~certain] = 0.0
    return probability
