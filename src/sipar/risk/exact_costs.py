"""What the exact engine makes of costs: their transforms on a grid, and classes of rows that are nearly alike."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sipar.risk.columns import Floats, Waves
from sipar.risk.magnitudes import Magnitude
from sipar.risk.portfolio import Portfolio
from sipar.risk.scenario import Loss

# More different values than this are brought to classes; a value between two is shared so that means stay.
FEW = 64
# Up to here every point of the grid is used for costs; above it only points this much (relatively) apart.
DENSE, APART = 2048, 1 / 512


class Costs:
    """Transforms of costs by kind of loss and scale, each made once."""

    def __init__(self, asked: Portfolio, points: int, step: float, tilt: Floats, *, keep: bool = False) -> None:
        self.asked, self.points, self.step, self.tilt, self.keep = asked, points, step, tilt, keep
        dense = np.arange(min(DENSE, points), dtype=np.float64)
        wide = max(math.ceil(math.log(points / len(dense)) / math.log1p(APART)), 0)
        above = np.floor(len(dense) * (1 + APART) ** np.arange(wide))
        self.knots = np.unique(np.concatenate([dense, above[above < points], [points]])).astype(np.int64)
        self.masses: dict[tuple[int, float], Floats] = {}
        self.made: dict[tuple[int, float], Waves] = {}
        self.parts: dict[tuple[int, bytes], Waves] = {}

    def mass(self, magnitude: Magnitude, scale: float) -> Floats:
        """The probability of each knot but the last, keeping the mean; what lies beyond the grid is left out."""
        found = self.masses.get((id(magnitude), scale))
        if found is None:
            mean = magnitude.mean_up_to(self.knots.astype(np.float64) * (self.step / scale)) * (scale / self.step)
            slopes = np.diff(mean) / np.diff(self.knots)
            found = np.maximum(-np.diff(slopes, prepend=1.0), 0.0)
            self.masses[id(magnitude), scale] = found
        return found

    def transform(self, mass: Floats) -> Waves:
        """The transform of probabilities at the knots."""
        spread = np.zeros(self.points)
        spread[self.knots[:-1]] = mass
        return np.fft.rfft(spread * self.tilt)

    def of(self, entry: int, scale: float) -> Waves:
        """The transform of one event's cost, with its secondary loss."""
        found = self.made.get((entry, scale))
        if found is None:
            found = self.made[entry, scale] = self._whole(self.asked.losses[entry], scale)
        return found

    def each(self, entry: int, scale: float) -> Waves:
        """The same, kept only on a grid for several portfolios: all of a nation's would not fit a large grid."""
        return self.of(entry, scale) if self.keep else self._whole(self.asked.losses[entry], scale)

    def kept(self, what: int, columns: Sequence[npt.NDArray[Any]], make: Callable[[], Waves]) -> Waves:
        """What is made from these columns, made once: of several portfolios most have the same rows of a loss."""
        key = (what, hashlib.sha256(b"".join(column.tobytes() for column in columns)).digest())
        if key not in self.parts:
            self.parts[key] = make()
        return self.parts[key]

    def _whole(self, loss: Loss, scale: float) -> Waves:
        first = self.transform(self.mass(loss.primary, scale))
        if loss.secondary is None or not loss.secondary_probability:
            return first
        again = self.transform(self.mass(loss.secondary, scale))
        return first * (1 + loss.secondary_probability * (again - 1))


def by_class(
    losses: npt.NDArray[np.int64], weights: Floats, *columns: Floats, each: int
) -> list[tuple[int, float, tuple[float, ...]]]:
    """Rows of the same loss and the same columns as one: the loss, the sum of the weights, the values.

    `each` is the number of classes for each doubling where there are more than a FEW values.
    """
    if not len(losses):
        return []
    keys, values = [losses.astype(np.int64)], []
    for column in columns:
        classes, low, upper = brought(column, each)
        values.append(classes)
        split = np.flatnonzero(upper > 0)
        keys = [np.concatenate([key, key[split]]) for key in keys]
        # A row between two classes stands twice from here on; the columns that follow are lengthened with it.
        keys.append(np.concatenate([low, low[split] + 1]))
        weights = np.concatenate([weights * (1 - upper), weights[split] * upper[split]])
        columns = tuple(np.concatenate([other, other[split]]) for other in columns)
    unique, inverse = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    sums = np.bincount(inverse.ravel(), weights=weights, minlength=len(unique))
    return [
        (key[0], weight, tuple(float(classes[place]) for classes, place in zip(values, key[1:], strict=True)))
        for key, weight in zip(unique.tolist(), sums.tolist(), strict=True)
    ]


def brought(column: Floats, each: int) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """The classes of a column above zero, each row's lower class, and how much of it belongs to the next one."""
    classes, low = np.unique(column, return_inverse=True)
    if len(classes) <= FEW:
        return classes, low.ravel().astype(np.int64), np.zeros(len(column))
    # Powers of two and what lies between them, so that all sectors have the same classes.
    first, last = math.floor(math.log2(classes[0]) * each), math.ceil(math.log2(classes[-1]) * each)
    classes = 2.0 ** (np.arange(first, max(last, first + 1) + 1) / each)
    low = np.clip(np.searchsorted(classes, column, side="right") - 1, 0, len(classes) - 2).astype(np.int64)
    upper = np.clip((column - classes[low]) / (classes[low + 1] - classes[low]), 0.0, 1.0)
    return classes, low, upper
