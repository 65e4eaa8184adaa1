"""One run of the model: from assumptions, register and levels to what the nation, its parts and each gap cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from sipar.risk.assumptions_model import Assumptions
from sipar.risk.columns import Floats
from sipar.risk.controls import Levels
from sipar.risk.document import Document
from sipar.risk.publishing import published

__all__ = ["Analysis", "Document", "Levels", "analyse", "published"]


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
    threads.
    """
    raise NotImplementedError
