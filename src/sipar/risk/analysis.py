"""One run of the model: from assumptions, register and levels to what the nation, its parts and each gap cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from sipar.risk.assumptions_model import Assumptions
from sipar.risk.columns import Floats
from sipar.risk.contributions import parts_of
from sipar.risk.controls import Levels
from sipar.risk.document import Document
from sipar.risk.exact import exact
from sipar.risk.expanding import Nation, expand
from sipar.risk.national import cells_of, contributions_of, nation_document, provider_parts, shock_parts
from sipar.risk.organisations import years_of_organisations
from sipar.risk.pricing import controls_of, gap_prices
from sipar.risk.publishing import published
from sipar.risk.simulate import simulate_cells
from sipar.risk.tornado import Base, swings

__all__ = ["Analysis", "Document", "Levels", "analyse", "published"]

# The shortfall is the mean of the worst year in twenty.
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Analysis:
    """What `analyse` made.

    - `totals`: the nation's loss of each simulated year.
    - `organisation`: organisation, mean, shortfall (of its own worst years), nation_shortfall (its part of the
      nation's), bad_year (95 %), curve (list of [loss, probability of losing more]), scenarios (list of {scenario,
      mean}, dearest first), gaps (list of what `prices` has of it, dearest first).
    - `document`: the nation, unrounded and with every cell; `publishing.published` hides what is small.
    - `prices`: organisation, requirement, level (null where unknown), target, mean_reduced, shortfall_reduced: what
      closing this gap alone takes off the organisation's mean year, and off the nation's shortfall.
    """

    totals: Floats
    organisation: pl.DataFrame
    document: Document
    prices: pl.DataFrame


def analyse(
    assumptions: Assumptions,
    register: pl.DataFrame,
    levels: Levels,
    *,
    dependencies: pl.DataFrame,
    exposure: pl.DataFrame | None,
    seed: int,
    years: int,
    threads: int = 1,
    say: Callable[[int, int], object],
) -> Analysis:
    """Run both engines and take the result apart.

    `say` hears (done, total) from the calling thread; what it raises ends the run: that is how a run is cancelled.
    Tables as `expanding.REGISTER`, `DEPENDENCIES` and `EXPOSURE` say. Same input and seed, same bits, whatever the
    threads. Raises FormatProblem for what cannot be.
    """
    progress = _Progress(say)
    nation = expand(assumptions, register, dependencies=dependencies, exposure=exposure)
    organisations = nation.register["organisation"].to_numpy()
    controls = controls_of(
        assumptions.effects,
        levels.of(organisations),
        places=nation.places,
        kinds=nation.kinds,
        events=tuple(kind.event for kind in assumptions.kinds),
    )
    asked = nation.portfolio.with_controls(*controls.left())
    cells, (sectors, provinces) = cells_of(nation)
    totals, by_cell = simulate_cells(
        asked,
        cells,
        many=len(sectors) * len(provinces),
        years=years,
        seed=seed,
        threads=threads,
        say=progress.years(years),
    )
    sure = exact(asked)
    progress.done("exact")
    parts = parts_of(asked, totals, level=LEVEL, seed=seed)
    progress.done("parts")
    mean_by_row, worst_by_row = parts.by_row()
    prices = gap_prices(controls, mean=mean_by_row, shortfall=worst_by_row, rarer=parts.rarer)
    progress.done("prices")
    document = nation_document(
        assumptions, nation, totals, sure, seed=seed, level=LEVEL, requirements=set(levels.requirements)
    )
    document["contributions"] = contributions_of(nation, asked, controls, parts, by_cell=by_cell)
    progress.done("contributions")
    document["providers"] = provider_parts(assumptions, nation, asked)
    document["shocks"] = shock_parts(assumptions, nation, parts)
    base = Base(assumptions, nation, controls, asked, parts, exposure)
    shortfall = document["shortfall"]["value"]
    document["tornado"] = swings(
        base, level=LEVEL, shortfall=shortfall, reach=sure.step * len(sure.density), say=progress.part("tornado")
    )
    own = years_of_organisations(
        asked, nation.places, many=len(organisations), level=LEVEL, say=progress.part("organisations")
    )
    return Analysis(totals, _organisations(nation, own, mean_by_row, worst_by_row, prices), document, prices)


class _Progress:
    """How far a run is, in hundredths: each stage has its share of them."""

    SHARES: ClassVar = {
        "simulate": 40,
        "exact": 10,
        "parts": 5,
        "prices": 3,
        "contributions": 2,
        "tornado": 30,
        "organisations": 10,
    }

    def __init__(self, say: Callable[[int, int], object]) -> None:
        self.say = say
        say(0, 100)

    def done(self, stage: str) -> None:
        """Say that this stage is over."""
        self._at(stage, 1.0)

    def part(self, stage: str) -> Callable[[int, int], object]:
        """What a stage calls with (done, all)."""
        return lambda done, every: self._at(stage, done / max(every, 1))

    def years(self, many: int) -> Callable[[int], object]:
        """What the simulation calls with the years done."""
        return lambda done: self._at("simulate", done / many)

    def _at(self, stage: str, share: float) -> None:
        before = sum(list(self.SHARES.values())[: list(self.SHARES).index(stage)])
        self.say(int(before + self.SHARES[stage] * min(share, 1.0)), 100)


def _organisations(
    nation: Nation, own: pl.DataFrame, mean: Floats, worst: Floats, prices: pl.DataFrame
) -> pl.DataFrame:
    """The table of organisations, in the order of the register."""
    many = nation.register.height
    numbered = own.with_columns(
        nation.register["organisation"],
        pl.Series("nation_shortfall", np.bincount(nation.places, weights=worst, minlength=many)),
    )
    scenarios = (
        nation.rows.select("organisation", "scenario")
        .with_columns(pl.Series("mean", mean))
        .sort("organisation", "mean", descending=[False, True], maintain_order=True)
        .group_by("organisation", maintain_order=True)
        .agg(pl.struct("scenario", "mean").alias("scenarios"))
    )
    gaps = prices.group_by("organisation", maintain_order=True).agg(pl.struct(pl.exclude("organisation")).alias("gaps"))
    made = numbered.join(scenarios, on="organisation", how="left", maintain_order="left")
    made = made.join(gaps, on="organisation", how="left", maintain_order="left")
    return made.with_columns(pl.col("scenarios", "gaps").fill_null([])).select(
        "organisation", "mean", "shortfall", "nation_shortfall", "bad_year", "curve", "scenarios", "gaps"
    )
