"""What a reader can work out from published tables: the attack against which `suppression` defends.

Works from the published tables alone. Used to check what is published, by the tests and wherever two tables that
were suppressed apart are about to stand side by side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sipar.posture.levels import PostureProblem
from sipar.posture.scoring import Floats
from sipar.posture.suppression import SMALLEST_CELL, Suppressed

type Equations = Floats


def revealed(published: Suppressed, *, k: int = SMALLEST_CELL) -> NDArray[np.bool_]:
    """Positions, margins included, at which a count n with 0 < n < k can be worked out from one table."""
    return np.asarray(_known_small(published.shown[None], _line_equations(published.shown.shape, 1), k)[0])


def differences_reveal(whole: Suppressed, part: Suppressed, *, k: int = SMALLEST_CELL) -> NDArray[np.bool_]:
    """Positions at which a count n with 0 < n < k can be worked out from a table and the table of a part of it.

    In the whole, in the part, or in the rest that is left when one is subtracted from the other: a nation before
    and after one organisation joined gives that organisation away.
    Raises PostureProblem where the tables have different shapes.
    """
    if whole.shown.shape != part.shown.shape:
        raise PostureProblem(f"tables of shapes {whole.shown.shape} and {part.shown.shape} cannot be subtracted")
    shape = whole.shown.shape
    size = whole.shown.size
    rest = np.full(shape, -1, dtype=np.int64)
    one = np.eye(size)
    subtraction = np.hstack([one, -one, -one])
    equations = np.vstack([_line_equations(shape, 3), subtraction])
    return np.asarray(_known_small(np.stack([whole.shown, part.shown, rest]), equations, k).any(axis=0))


def _line_equations(shape: tuple[int, ...], tables: int) -> Equations:
    """One equation per row and column of every table, margins included: cells - total = 0."""
    rows, columns = shape
    lines = np.zeros((rows + columns, rows, columns))
    for row in range(rows):
        lines[row, row, :-1], lines[row, row, -1] = 1.0, -1.0
    for column in range(columns):
        lines[rows + column, :-1, column], lines[rows + column, -1, column] = 1.0, -1.0
    return np.asarray(np.kron(np.eye(tables), lines.reshape(rows + columns, -1)), dtype=np.float64)


def _known_small(shown: NDArray[np.int64], equations: Equations, k: int) -> NDArray[np.bool_]:
    """Where a hidden count between 0 and k is fixed, by equations or by bounds from 0."""
    values = shown.ravel().astype(np.float64)
    unknown = values < 0
    low, high = np.where(unknown, 0.0, values), np.where(unknown, np.inf, values)
    while True:
        before = (low.copy(), high.copy())
        _solve(equations, low, high)
        _tighten(equations, low, high)
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break
    known = (low == high) & (low > 0) & (low < k)
    return np.asarray(known.reshape(shown.shape))


def _solve(equations: Equations, low: Floats, high: Floats) -> None:
    """Fix the unknowns that the equations leave no freedom: those that are zero throughout the null space."""
    unknown = np.flatnonzero(low != high)
    if not unknown.size:
        return
    known = low == high
    coefficients = equations[:, unknown]
    constant = -equations[:, known] @ low[known]
    _, singular, directions = np.linalg.svd(coefficients)
    rank = int(np.count_nonzero(singular > 1e-9))
    fixed = np.abs(directions[rank:]).max(axis=0, initial=0.0) < 1e-9
    solution = np.linalg.lstsq(coefficients, constant, rcond=None)[0]
    low[unknown[fixed]] = high[unknown[fixed]] = np.rint(solution[fixed])


def _tighten(equations: Equations, low: Floats, high: Floats) -> None:
    """Bound each unknown by what the others of its equation can add up to."""
    for equation in equations:
        members = np.flatnonzero(equation)
        sign = equation[members]
        least = np.where(sign > 0, low[members], -high[members])
        most = np.where(sign > 0, high[members], -low[members])
        for place, member in enumerate(members):
            others = np.arange(len(members)) != place
            bounds = sorted((-sign[place] * least[others].sum(), -sign[place] * most[others].sum()))
            low[member], high[member] = max(low[member], bounds[0]), min(high[member], bounds[1])
