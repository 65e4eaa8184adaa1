"""The Monte Carlo engine: years by number, the same bits however they are split over threads or machines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import Floats, Ints
from sipar.risk.kernels import simulate_years
from sipar.risk.portfolio import Portfolio, kernel_arguments

BLOCK = 500
MOST_YEARS = 1 << 32
NONE = np.zeros(0)
NO_CELLS = (np.zeros(0, np.int64), np.zeros((0, 0)))


def simulate(
    asked: Portfolio,
    *,
    years: int,
    seed: int,
    first: int = 0,
    threads: int = 1,
    say: Callable[[int], object] | None = None,
) -> Floats:
    """The loss of each of the years `first` to `first + years - 1`, with 0 for a year without loss.

    A year's loss hangs on the portfolio, the seed and the year's number only: parts that several machines computed,
    put one after the other, are the whole. `say` hears how many years are done; what it raises ends the run.
    """
    none = np.zeros(0, np.int64)
    return simulate_cells(asked, none, many=0, years=years, seed=seed, first=first, threads=threads, say=say)[0]


def simulate_cells(
    asked: Portfolio,
    cells: Ints,
    *,
    many: int,
    years: int,
    seed: int,
    first: int = 0,
    threads: int = 1,
    say: Callable[[int], object] | None = None,
) -> tuple[Floats, Floats]:
    """The same, and the loss of each year and cell, where `cells` says to which of `many` cells each row belongs."""
    if years < 1 or first < 0 or first + years > MOST_YEARS:
        raise FormatProblem("years_range", f"At least one year, and none above {MOST_YEARS:,}.", "years")
    if not 0 <= seed < 1 << 63:
        raise FormatProblem("seed_range", "A seed is a whole number from 0 to 2^63 - 1.", "seed")
    arguments, order = kernel_arguments(asked)
    run: Callable[..., None] = simulate_years
    totals, by_cell = np.zeros(years), np.zeros((years, many))
    sorted_cells = cells[order] if many else cells

    def part(start: int) -> int:
        end = min(start + BLOCK, years)
        run(
            np.arange(first + start, first + end),
            seed,
            *arguments,
            totals[start:end],
            NONE,
            NONE,
            sorted_cells,
            by_cell[start:end],
        )
        return end - start

    done = 0
    with ThreadPoolExecutor(threads) as pool:
        try:
            for count in pool.map(part, range(0, years, BLOCK)):
                done += count
                if say:
                    say(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return totals, by_cell


def simulate_numbered(asked: Portfolio, numbers: Ints, *, seed: int) -> Floats:
    """The loss of each of the years with these numbers, as `simulate` gives it."""
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < MOST_YEARS:
        raise FormatProblem("years_range", f"A year's number lies from 0 to below {MOST_YEARS:,}.", "years")
    arguments, _ = kernel_arguments(asked)
    run: Callable[..., None] = simulate_years
    totals = np.zeros(len(numbers))
    run(numbers.astype(np.int64), seed, *arguments, totals, NONE, NONE, *NO_CELLS)
    return totals


def losses_in(asked: Portfolio, *, years: Ints, seed: int) -> tuple[Floats, Floats]:
    """What each scenario lost in all of `years` together, computing them again; and of it through each link."""
    arguments, order = kernel_arguments(asked)
    run: Callable[..., None] = simulate_years
    sums, links = np.zeros(max(len(order), 1)), np.zeros(len(asked.link_rows))
    run(years.astype(np.int64), seed, *arguments, np.zeros(len(years)), sums, links, *NO_CELLS)
    made = np.zeros(len(order))
    made[order] = sums[: len(order)]
    return made, links


def loss_by_row(asked: Portfolio, *, years: Ints, seed: int) -> Floats:
    """What each scenario lost in all of `years` together."""
    return losses_in(asked, years=years, seed=seed)[0]


def shortfall_by_row(asked: Portfolio, totals: Floats, *, level: float, seed: int, first: int = 0) -> Floats:
    """Each scenario's part of the expected shortfall: its mean loss in the worst years (Euler). They sum to the whole.

    `totals` are what `simulate` gave for the same portfolio, seed and first year.
    """
    from sipar.risk.results import worst_years

    worst = worst_years(totals, level=level)
    return loss_by_row(asked, years=worst + first, seed=seed) / len(worst)
