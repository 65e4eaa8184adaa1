"""How much more or less often a scenario strikes each organisation than stated, and how much dearer it is there.

What is stated is before controls; what is reported happened behind them. Reports are compared with the statement
through these factors, or else controls would count twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions_model import Assumptions
from sipar.risk.columns import Floats, Ints
from sipar.risk.controls import Levels
from sipar.risk.expanding import DEPENDENCIES, expand
from sipar.risk.pricing import controls_of


@dataclass(frozen=True, eq=False)
class Struck:
    """The organisations that a scenario can hit, with the factor on its rate and on its costs at each of them."""

    organisations: Ints
    rate: Floats
    cost: Floats


def struck_by(
    assumptions: Assumptions, scenario: str, register: pl.DataFrame, levels: Levels, *, exposure: pl.DataFrame | None
) -> Struck:
    """Whom this scenario can hit, by their controls, open findings, size and tier. Tables as `expanding` takes them.

    Raises FormatProblem `unknown_scenario`; `no_organisations` where the register has nobody whom it can hit.
    """
    number = next((place for place, kind in enumerate(assumptions.kinds) if kind.key == scenario), None)
    if number is None:
        raise FormatProblem("unknown_scenario", "These assumptions have no such scenario.", scenario)
    nation = expand(assumptions, register, dependencies=pl.DataFrame(schema=DEPENDENCIES), exposure=exposure)
    found = nation.kinds == number
    if not found.any():
        raise FormatProblem(
            "no_organisations", "The register has no organisation that this scenario can hit.", scenario
        )
    controls = controls_of(
        assumptions.effects,
        levels.of(nation.register["organisation"].to_numpy()),
        places=nation.places,
        kinds=nation.kinds,
        events=tuple(kind.event for kind in assumptions.kinds),
    )
    events, costs = controls.left()
    stated = assumptions.kinds[number].frequency.mean
    return Struck(
        nation.rows["organisation"].to_numpy()[found],
        nation.portfolio.rate[found] / stated * events[found] if stated > 0 else events[found],
        nation.portfolio.scale[found] * costs[found],
    )
