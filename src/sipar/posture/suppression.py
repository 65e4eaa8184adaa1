"""Small-cell suppression: publish a table of counts without giving away a count of fewer than k organisations.

A table stands with its margins: row totals in the last column, column totals in the last row, the grand total in
the corner. Margins are counts too and obey the same rule.

Primary suppression hides every count n with 0 < n < k. What is left could still be subtracted, so complementary
suppression hides more, as little as it can, until no hidden count can be worked out. The reasoning (as in
M. Fischetti and J. J. Salazar, "Models and algorithms for the 2-dimensional cell suppression problem in statistical
disclosure control", 1999): a table with margins is a circulation in a network whose nodes are its lines and whose
edges are its counts, margins running backwards. A hidden count can have another value exactly if it lies on a cycle
of hidden edges around which one organisation more or fewer can flow.

The reader is taken to know this method, so also that a zero is never hidden: a hidden 1 can grow but not shrink. A
cycle always exists, since every positive edge of a circulation lies on a directed cycle of positive edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf

import numpy as np
from numpy.typing import NDArray

from sipar.posture.levels import PostureProblem
from sipar.posture.scoring import Floats

HIDDEN = -1
SMALLEST_CELL = 5

type Counts = NDArray[np.int64]
type Position = tuple[int, int]
type Cycle = frozenset[Position]


@dataclass(frozen=True, eq=False)
class Suppressed:
    """A table that may be published: `shown` int64[rows + 1, columns + 1] with margins, HIDDEN where hidden."""

    shown: Counts

    @property
    def hidden(self) -> NDArray[np.bool_]:
        return np.equal(self.shown, HIDDEN)


@dataclass(frozen=True, eq=False)
class _Network:
    """A table as a circulation. Nodes 0..rows are its rows and the row of totals; the columns follow.

    `arcs[node]` are the nodes that one organisation more or fewer in one count leads to, with that count's position,
    as far as a reader who knows that no zero of the whole is hidden must allow for it.
    """

    shape: tuple[int, int]
    arcs: tuple[tuple[tuple[int, Position], ...], ...]


@dataclass(frozen=True)
class Benchmark:
    """One organisation against its sector.

    `organisations` is rounded down to a multiple of k, the quartiles to the nearest `step`. `quarter` is where the
    organisation itself stands: 1 at or below the lower quartile, 4 above the upper one.
    """

    organisations: int
    lower_quartile: float
    median: float
    upper_quartile: float
    quarter: int


def suppress(table: NDArray[np.integer], *, k: int = SMALLEST_CELL) -> Suppressed:
    """Return the publishable form of a table of counts, int[rows, columns], without margins.

    Raises PostureProblem for anything but whole numbers from 0 in two dimensions, and for k below 2.
    """
    return suppress_parts(np.asarray(table)[None], k=k)[0]


def suppress_parts(parts: NDArray[np.integer], *, k: int = SMALLEST_CELL) -> tuple[Suppressed, ...]:
    """Return the publishable forms of p tables, int[p, rows, columns], and last of the whole they add up to.

    For tables of disjoint organisations that are shown beside their sum, such as one per tier beside the nation.
    All hide the same positions, so that a difference between two of them has nothing small in it.
    """
    parts = np.asarray(parts)
    if parts.ndim != 3 or not np.issubdtype(parts.dtype, np.integer) or (parts < 0).any():
        raise PostureProblem("a table of counts is whole numbers from 0 in rows and columns")
    if k < 2:
        raise PostureProblem(f"k is {k}; hiding counts below it needs at least 2")
    tables = [with_margins(part) for part in parts]
    whole = with_margins(parts.sum(axis=0))
    hidden = _hide(tables, whole, k)
    return tuple(Suppressed(np.where(hidden, HIDDEN, table)) for table in (*tables, whole))


def with_margins(table: NDArray[np.integer]) -> Counts:
    """Return int64[rows + 1, columns + 1]: the table with its column totals, row totals and grand total."""
    rows, columns = table.shape
    full = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    full[:rows, :columns] = table
    full[:rows, columns] = table.sum(axis=1)
    full[rows] = full[:rows].sum(axis=0)
    return full


def suppress_means(means: Floats, hidden: NDArray[np.bool_]) -> Floats:
    """Return the means with NaN where the count behind them is hidden: a mean of a few tells about each of them."""
    if means.shape != hidden.shape:
        raise PostureProblem(f"means of shape {means.shape} do not fit counts of shape {hidden.shape}")
    return np.where(hidden, np.nan, means)


def benchmark(values: Floats, own_index: int, *, k: int = SMALLEST_CELL, step: float = 0.25) -> Benchmark | None:
    """Return where one organisation stands in its sector, or None with fewer than k others or no own value.

    `values` float64[n] are the sector's scores, NaN where there is none. Every member is shown the same quartiles,
    its own score included, so that members who compare what they see learn nothing; they never show the lowest or
    the highest score, and rounding to `step` keeps them from being anybody's exact score.
    Raises PostureProblem for an index outside the sector, k below 3 and a step that is not above 0.
    """
    if not 0 <= own_index < len(values):
        raise PostureProblem(f"organisation {own_index} is not among the {len(values)} of the sector")
    if k < 3 or not step > 0:
        raise PostureProblem("a benchmark needs k of at least 3 and a step above 0")
    own = values[own_index]
    present = values[np.isfinite(values)]
    if not np.isfinite(own) or len(present) - 1 < k:
        return None
    quartiles = np.quantile(present, [0.25, 0.5, 0.75])
    lower, median, upper = (float(value) for value in np.round(quartiles / step) * step)
    quarter = 1 + int(np.count_nonzero(own > quartiles))
    return Benchmark(len(present) // k * k, lower, median, upper, quarter)


def _hide(tables: list[Counts], whole: Counts, k: int) -> NDArray[np.bool_]:
    """Choose what to hide in all tables alike: every small count, and what keeps each from being worked out."""
    sensitive = [(index, position) for index, table in enumerate(tables) for position in _small(table, k)]
    networks = [_network(table, whole) for table in tables]
    hidden = np.zeros(whole.shape, dtype=np.bool_)
    for _, position in sensitive:
        hidden[position] = True
    cost = _costs(whole)
    primary = hidden.copy()
    witness: dict[tuple[int, Position], Cycle] = {}
    for index, position in sensitive:
        if (index, position) in witness:
            continue
        cycle = _cycle(networks[index], np.where(hidden, 0.0, cost), position)
        assert cycle is not None, "a positive count of a circulation lies on a cycle"
        for member in cycle:
            hidden[member] = True
            witness[index, member] = cycle
    _show_what_protects_nothing(networks, cost, hidden, primary, sensitive, witness)
    return hidden


def _show_what_protects_nothing(
    networks: list[_Network],
    cost: Floats,
    hidden: NDArray[np.bool_],
    primary: NDArray[np.bool_],
    sensitive: list[tuple[int, Position]],
    witness: dict[tuple[int, Position], Cycle],
) -> None:
    """Show again, the dearest first, each complementary count without which the small ones stay hidden."""
    for candidate in sorted(_positions(hidden & ~primary), key=lambda position: -cost[position]):
        hidden[candidate] = False
        closed = np.where(hidden, 0.0, np.inf)
        renewed: dict[tuple[int, Position], Cycle] = {}
        for index, position in sensitive:
            if candidate not in witness[index, position]:
                continue
            cycle = _cycle(networks[index], closed, position)
            if cycle is None:
                hidden[candidate] = True
                break
            renewed[index, position] = cycle
        if not hidden[candidate]:
            witness.update(renewed)
    for position in _positions(hidden & ~primary):
        closed = np.where(hidden, 0.0, np.inf)
        if all(_cycle(network, closed, position) is None for network in networks):
            hidden[position] = False


def _small(table: Counts, k: int) -> Iterator[Position]:
    return _positions((table > 0) & (table < k))


def _positions(mask: NDArray[np.bool_]) -> Iterator[Position]:
    return ((int(row), int(column)) for row, column in np.argwhere(mask))


def _costs(whole: Counts) -> Floats:
    """What hiding a count loses: few cells before many, small before large, cells before margins before the total."""
    rows, columns = whole.shape
    cost: Floats = 1.0 + whole / (1.0 + whole[-1, -1])
    cost[-1, :] += rows + columns
    cost[:, -1] += rows + columns
    cost[-1, -1] += 10.0 * (rows + columns) ** 2
    return cost


def _network(table: Counts, whole: Counts) -> _Network:
    rows, columns = table.shape
    arcs: list[list[tuple[int, Position]]] = [[] for _ in range(rows + columns)]
    for position in _positions(whole >= 1):
        beginning, end = _ends(position, (rows, columns))
        arcs[beginning].append((end, position))
        if table[position] >= 1 and whole[position] >= 2:
            arcs[end].append((beginning, position))
    return _Network((rows, columns), tuple(tuple(line) for line in arcs))


def _ends(position: Position, shape: tuple[int, int]) -> tuple[int, int]:
    """Beginning and end of an edge: cells and the grand total run from row to column, margins from column to row."""
    rows, columns = shape
    row, column = position
    is_margin = (row == rows - 1) != (column == columns - 1)
    return (rows + column, row) if is_margin else (row, rows + column)


def _cycle(network: _Network, cost: Floats, start: Position) -> Cycle | None:
    """The cheapest cycle through `start` around which one more or one fewer can flow, as the positions on it.

    `cost` is what each position costs to hide, infinite where it must stay shown. None where there is no cycle.
    """
    beginning, end = _ends(start, network.shape)
    prices = cost.tolist()
    more = _way(network, prices, start, end, beginning)
    if more is not None and more[0] == 0.0:
        return more[1]
    may_shrink = any(position == start for _, position in network.arcs[end])
    fewer = _way(network, prices, start, beginning, end) if may_shrink else None
    ways = [way for way in (more, fewer) if way is not None]
    return min(ways, key=lambda way: way[0])[1] if ways else None


def _way(
    network: _Network, prices: list[list[float]], start: Position, origin: int, goal: int
) -> tuple[float, Cycle] | None:
    """Dijkstra from `origin` to `goal` without the edge `start`; its price, and the cycle that it closes."""
    best = {origin: 0.0}
    came: dict[int, tuple[int, Position]] = {}
    queue = [(0.0, origin)]
    while queue:
        distance, node = heappop(queue)
        if node == goal:
            return distance, _trace(came, origin, goal, start)
        if distance > best[node]:
            continue
        for other, position in network.arcs[node]:
            reached = distance + prices[position[0]][position[1]]
            if reached >= best.get(other, inf) or position == start:
                continue
            best[other] = reached
            came[other] = (node, position)
            if other == goal and reached == distance:
                return distance, _trace(came, origin, goal, start)
            heappush(queue, (reached, other))
    return None


def _trace(came: dict[int, tuple[int, Position]], origin: int, goal: int, start: Position) -> Cycle:
    cycle = {start}
    node = goal
    while node != origin:
        node, position = came[node]
        cycle.add(position)
    return frozenset(cycle)
