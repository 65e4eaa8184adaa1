"""The search for a plan and the proof of how far from the best it can be.

The bound is Lagrange's: at any prices of the limits that are not negative, no plan is worth more than the limits at
those prices plus, of each measure, what its best start is worth after paying them. It is computed here from the
prices, so that it holds whatever the solver's tolerances are. The prices come from linear programmes of HiGHS over a
core: the measures for which it matters (Balas and Zemel, "An algorithm for large zero-one knapsack problems", 1980);
all others stand as the prices of the round before decide. Integer programmes are solved only where walking through
the measures in the order of the prices does not already prove the gap.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import highspy
import numpy as np

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_prices import lowered
from sipar.risk.plan_rows import ROUNDING, Bools, Floats, Ints, Problem, entries_of
from sipar.risk.plan_simple import in_order

CORE = 4_000
# More open measures than these take longer than they are worth.
LARGEST_CORE = 36_000
ROUNDS = 12
STEEPEST = 1e6
# A solver's answer counts as whole above this.
HALF = 0.5


@dataclass
class Found:
    """The best columns so far and their value, the lowest proven bound, and the prices it was proven with."""

    prices: Floats
    bound: float
    columns: Ints | None = None
    value: float = -np.inf
    seconds: float = 0.0
    short: list[int] = field(default_factory=list)

    def gap(self) -> float:
        """How much more the best plan can be worth, as a share of the bound."""
        return max(0.0, self.bound - self.value) / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True)
class _Answer:
    solved: bool
    seconds: float
    columns: Floats
    prices: Floats
    value: float
    bound: float
    short: list[int]


def search(problem: Problem, *, gap: float, seconds: float, prices: Floats | None, offers: list[Ints]) -> Found:
    """The best plan found, once its gap is proven or the solver's `seconds` are used; never worse than a good offer.

    `prices` is where to start, one a row. FormatProblem where no plan keeps the limits, or none was found in time.
    """
    size, found = len(problem.places), Found(np.zeros(len(problem.bound)), np.inf)
    for columns in offers:
        _offer(problem, found, columns)
    _prove(problem, found, np.zeros(len(problem.bound)))
    if prices is None and size > CORE:
        prices = _sampled(problem, found, seconds)
    if prices is not None:
        _prove(problem, found, prices)
        _walk_by_prices(problem, found)
    if size > CORE and found.gap() > gap:
        before = found.bound
        _lower(problem, found, gap)
        if found.bound < before:
            _walk_by_prices(problem, found)
    core = min(size, CORE)
    while found.gap() > gap and found.seconds < seconds and problem.columns:
        core = _price(problem, found, core, gap, seconds)
        if found.gap() > gap:
            _walk_by_prices(problem, found)
        if found.gap() <= gap or found.seconds >= seconds:
            break
        _branch(problem, found, core, gap, seconds)
        if core >= min(size, LARGEST_CORE):
            break
        core = min(size, LARGEST_CORE, core * 3)
    if found.columns is None:
        _refuse(problem, found, seconds)
    return found


def _offer(problem: Problem, found: Found, columns: Ints) -> None:
    value = float(problem.value[columns].sum())
    if value > found.value and problem.keeps(columns):
        found.columns, found.value = columns, value


def _prove(problem: Problem, found: Found, prices: Floats) -> float:
    best, _, _ = _choices(problem, prices)
    bound = float(prices @ problem.bound + best.sum())
    if bound < found.bound:
        found.bound, found.prices = bound, prices
    return bound


def _choices(problem: Problem, prices: Floats) -> tuple[Floats, Ints, Floats]:
    """By measure: what it is worth at these prices, its column (-1 for none), and how clear that choice is."""
    if not problem.columns:
        return np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0)
    reduced, starts = problem.reduced(prices), problem.first[:-1]
    top = np.maximum.reduceat(reduced, starts)
    tops = np.flatnonzero(reduced == top[problem.measure])
    column = np.zeros(len(top), dtype=np.int64)
    column[problem.measure[tops[::-1]]] = tops[::-1]
    others = reduced.copy()
    others[column] = -np.inf
    second = np.maximum(0.0, np.maximum.reduceat(others, starts))
    chosen = top > 0
    return np.maximum(top, 0.0), np.where(chosen, column, -1), np.where(chosen, top - second, -top)


def _sampled(problem: Problem, found: Found, seconds: float) -> Floats:
    """Prices of a problem made small: some of the measures and the same share of each limit."""
    size = len(problem.places)
    part = np.zeros(size, dtype=bool)
    part[np.random.default_rng(0).choice(size, CORE, replace=False)] = True
    loose = ~problem.links
    bound = np.where(loose, problem.bound * (CORE / size), problem.bound)
    answer = _solve(problem, part, bound, seconds=seconds, whole=None, begin=None)
    found.seconds += answer.seconds
    return np.where(loose, answer.prices, 0.0)


def _lower(problem: Problem, found: Found, gap: float) -> None:
    """Prices that all measures were asked for; those of links stay."""
    began, free = time.perf_counter(), np.flatnonzero(~problem.links)

    def evaluate(some: Floats) -> tuple[float, Floats]:
        prices = found.prices.copy()
        prices[free] = some
        best, column, _ = _choices(problem, prices)
        slope = (problem.bound - problem.sums(column[column >= 0]))[free]
        return float(prices @ problem.bound + best.sum()), slope

    best = found.prices.copy()
    best[free] = lowered(evaluate, found.prices[free], enough=found.value / (1 - gap / 4))
    _prove(problem, found, best)
    found.seconds += time.perf_counter() - began


def _walk_by_prices(problem: Problem, found: Found) -> None:
    reduced = problem.reduced(found.prices)
    order = np.argsort(-reduced, kind="stable")
    _offer(problem, found, in_order(problem, order, head=int((reduced > 0).sum())))


def _core(problem: Problem, prices: Floats, size: int) -> tuple[Bools, Ints]:
    """Which measures are open, and the columns the others stand at. Open are the least clear ones for what they use of
    the limits (else only small ones were open, which make no room), and all whose clear choices break a link between
    them.
    """
    _, column, margin = _choices(problem, prices)
    if len(margin):
        used = np.maximum.reduceat(np.abs(problem.value - problem.reduced(prices)), problem.first[:-1])
        margin = margin / np.maximum(used, 1e-9 * (float(used.max()) or 1.0))
    part = np.ones(len(margin), dtype=bool)
    if size < len(margin):
        part[np.argpartition(margin, size)[size:]] = False
        standing = column[~part & (column >= 0)]
        broken = problem.links & (problem.sums(standing) > problem.bound + ROUNDING)
        owner = np.repeat(problem.measure, np.diff(problem.start))
        part[owner[broken[problem.row]]] = True
    return part, column[~part & (column >= 0)]


def _price(problem: Problem, found: Found, core: int, gap: float, seconds: float) -> int:
    """Solve the relaxation until a round no longer lowers the bound by much; the core that took."""
    size = len(problem.places)
    for _ in range(ROUNDS):
        before = found.bound
        part, fixed = _core(problem, found.prices, core)
        bound = problem.bound - problem.sums(fixed)
        answer = _solve(problem, part, bound, seconds=seconds - found.seconds, whole=None, begin=None)
        found.seconds += answer.seconds
        found.short = answer.short
        if answer.columns.size:
            _round(problem, found, fixed, answer.columns)
        if not answer.solved or found.seconds >= seconds or found.gap() <= gap:
            return core
        # A link between measures that all stand keeps the price they stand at.
        asked = np.zeros(len(bound), dtype=bool)
        asked[problem.row[np.repeat(part[problem.measure], np.diff(problem.start))]] = True
        _prove(problem, found, np.where(asked | ~problem.links, answer.prices, found.prices))
        if part.all():
            return size
        if answer.short:
            core = min(size, LARGEST_CORE, core * 2)
        elif before - found.bound <= 0.1 * gap * before:
            return core
    return core


def _round(problem: Problem, found: Found, fixed: Ints, parts: Floats) -> None:
    """Offer what the relaxation takes whole or in part, the largest parts first, then what pays its price."""
    parts = parts.copy()
    parts[fixed] = 1.0
    reduced = problem.reduced(found.prices)
    order = np.lexsort((-reduced, -parts))
    _offer(problem, found, in_order(problem, order, head=int((parts > HALF).sum())))


def _branch(problem: Problem, found: Found, core: int, gap: float, seconds: float) -> None:
    part, fixed = _core(problem, found.prices, core)
    bound = problem.bound - problem.sums(fixed)
    held = float(problem.value[fixed].sum())
    left = seconds - found.seconds
    # A core may be hard and yet not hold the answer: most of the time is kept for larger ones.
    allowed = left if part.all() else left / 4
    answer = _solve(problem, part, bound, seconds=allowed, whole=0.7 * gap * found.bound, begin=found.columns)
    found.seconds += answer.seconds
    if answer.columns.size:
        _offer(problem, found, np.sort(np.concatenate([fixed, np.flatnonzero(answer.columns > HALF)])))
    if part.all():
        found.bound = max(found.value, min(found.bound, answer.bound + held))


def _solve(
    problem: Problem, part: Bools, bound: Floats, *, seconds: float, whole: float | None, begin: Ints | None
) -> _Answer:
    """The programme over the columns of the open measures: relaxed with limits that give way at a high price where
    `whole` is None, else in whole columns to that absolute gap.
    """
    columns = np.flatnonzero(part[problem.measure])
    entries = entries_of(problem.start, columns)
    counts = problem.start[columns + 1] - problem.start[columns]
    largest = float(problem.value[columns].max(initial=0.0)) or 1.0
    rows = len(problem.bound)
    several, group = np.unique(problem.measure[columns], return_inverse=True)
    many = np.bincount(group, minlength=len(several)) > 1
    single = rows + np.cumsum(many) - 1
    owner = np.repeat(np.arange(len(columns)), counts)
    extra = np.flatnonzero(many[group])
    give = np.flatnonzero(~problem.links) if whole is None else np.zeros(0, np.int64)
    at = np.concatenate([owner, extra, len(columns) + np.arange(len(give))])
    row = np.concatenate([problem.row[entries], single[group[extra]], give])
    entry = np.concatenate([problem.entry[entries], np.ones(len(extra)), -np.ones(len(give))])
    order = np.argsort(at, kind="stable")
    width = len(columns) + len(give)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = width, rows + int(many.sum())
    program.col_cost_ = np.concatenate(
        [-problem.value[columns] / largest, _steepest(problem, entries, owner, columns)[give] / largest]
    )
    program.col_lower_ = np.zeros(width)
    program.col_upper_ = np.concatenate([np.ones(len(columns)), np.full(len(give), highspy.kHighsInf)])
    program.row_lower_ = np.full(program.num_row_, -highspy.kHighsInf)
    program.row_upper_ = np.concatenate([bound, np.ones(int(many.sum()))])
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=width))]).astype(np.int32)
    program.a_matrix_.index_ = row[order].astype(np.int32)
    program.a_matrix_.value_ = entry[order]
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False), ("threads", 1), ("time_limit", max(0.1, seconds)),
        ("primal_feasibility_tolerance", 1e-9), ("mip_feasibility_tolerance", 1e-9), ("mip_rel_gap", 0.0),
        ("mip_abs_gap", max(1e-9, (whole or 0.0) / largest)),
    ):  # fmt: skip
        solver.setOptionValue(option, value)
    if whole is not None:
        program.integrality_ = [highspy.HighsVarType.kInteger] * width
    solver.passModel(program)
    if whole is not None and begin is not None:
        chosen = np.isin(columns, begin).astype(np.float64)
        solver.setSolution(width, np.arange(width, dtype=np.int32), chosen)
    solver.run()
    return _read(problem, solver, columns, give, largest, whole=whole is not None)


def _steepest(problem: Problem, entries: Ints, owner: Ints, columns: Ints) -> Floats:
    """By row, a price above what a limit can be worth: more than any column gains by a unit of it."""
    steep = np.zeros(len(problem.bound))
    size = np.maximum(np.abs(problem.entry[entries]), 1 / STEEPEST)
    np.maximum.at(steep, problem.row[entries], problem.value[columns][owner] / size)
    largest = float(problem.value[columns].max(initial=0.0)) or 1.0
    return 10 * np.maximum(steep, largest)


def _read(
    problem: Problem, solver: highspy.Highs, columns: Ints, give: Ints, largest: float, *, whole: bool
) -> _Answer:
    solution, info = solver.getSolution(), solver.getInfo()
    has = bool(solution.value_valid)
    values = np.zeros(problem.columns)
    answer = np.array(solution.col_value) if has else np.zeros(len(columns) + len(give))
    values[columns] = answer[: len(columns)]
    prices = np.zeros(len(problem.bound))
    if not whole and solution.dual_valid:
        prices = np.maximum(0.0, -np.array(solution.row_dual)[: len(problem.bound)]) * largest
    short = give[answer[len(columns) :] > 1e-7].tolist() if not whole else []
    bound = -float(info.mip_dual_bound) * largest if whole else np.inf
    return _Answer(
        solved=solver.getModelStatus() == highspy.HighsModelStatus.kOptimal,
        seconds=float(solver.getRunTime()),
        columns=values if has else np.zeros(0),
        prices=prices,
        value=float(problem.value @ values),
        bound=bound + 1e-9 * abs(bound) if np.isfinite(bound) else np.inf,
        short=short,
    )


def _refuse(problem: Problem, found: Found, seconds: float) -> None:
    if found.seconds >= seconds:
        raise FormatProblem("no-plan-in-time", "no plan that keeps the limits was found in the time given", "limits")
    which = problem.rows[found.short] if found.short else problem.rows[:0]
    named = [" ".join(str(part) for part in row[:3] if part) for row in which.iter_rows()]
    hint = f"; these cannot be kept: {', '.join(named[:5])}" if named else ""
    raise FormatProblem("impossible-limits", f"no plan keeps all limits at once{hint}", "limits")
