"""The invented organisations behind a generated history, as arrays: one place per organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.incidents.history_assumptions import ABROAD, SIZES, Amount, Assumptions

type Floats = NDArray[np.float64]
type Places = NDArray[np.int64]
type Truths = NDArray[np.bool_]

CUT = 7.0


class Dice:
    """Draws by number of a stream, so that one more draw in one stream changes no other."""

    def __init__(self, seed: int, stream: int, count: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64([seed, stream]))
        self.count = count

    def even(self) -> Floats:
        """Uniform above 0 and below 1."""
        return self._generator.random(self.count) * (1 - 2e-12) + 1e-12

    def chance(self, probability: float | Floats) -> Truths:
        """True with this probability, one for all or one for each."""
        return self._generator.random(self.count) < probability

    def pick(self, shares: Sequence[float]) -> Places:
        """Places drawn by shares that add up to 1."""
        return np.minimum(np.searchsorted(np.cumsum(shares), self.even()), len(shares) - 1)

    def pick_by_row(self, shares: NDArray[np.float64], rows: Places) -> Places:
        """Places drawn by the row of `shares` that `rows` names for each."""
        edges = np.cumsum(shares, axis=1)[:, :-1]
        drawn = self.even()
        places = np.zeros(self.count, dtype=np.int64)
        for column in range(edges.shape[1]):
            places += drawn > edges[rows, column]
        return places

    def amount(self, amount: Amount) -> Floats:
        """Log-logistic draws."""
        return amount.median * np.exp(amount.spread * self.surprise())

    def surprise(self) -> Floats:
        """Draws of the standard logistic distribution."""
        return logit(self.even())


def logit(even: Floats) -> Floats:
    """The log of the odds, cut off at one in 1,100 on both sides: nobody waits ten years by accident."""
    result: Floats = np.clip(np.log(even / (1.0 - even)), -CUT, CUT)
    return result


def words(values: Sequence[str], places: Places) -> pl.Series:
    """A column of one of `values` each, without a Python object per row; place -1 is null."""
    kinds = list(dict.fromkeys(values))
    column = pl.Series(values, dtype=pl.Enum(kinds)).gather(np.maximum(places, 0))
    return column if places.min(initial=0) >= 0 else column.set(pl.Series(places < 0), None)


@dataclass(frozen=True, slots=True)
class Register:
    """`columns` are the register facts by name; the arrays are what the drawing of incidents needs."""

    columns: Mapping[str, pl.Series]
    sector: Places
    staff: Floats
    turnover: Floats
    customers: Floats
    operational: Truths
    financial: Truths
    manufacturer: Truths
    weight: Floats


def draw_register(assumptions: Assumptions, *, organisations: int, seed: int) -> Register:
    """So many invented organisations; `weight` is each one's share of all incidents."""
    dice = Dice(seed, 1, organisations)
    sectors = list(assumptions.sectors.values())
    sector = dice.pick([one.organisations for one in sectors])
    # Every sector has somebody to whom its incidents happen, whatever the dice say.
    sector[: len(sectors)] = np.arange(len(sectors))[:organisations]
    subsectors = [code for one in sectors for code in one.subsectors]
    table = np.zeros((len(sectors), len(subsectors)))
    place = 0
    for row, one in enumerate(sectors):
        table[row, place : place + len(one.subsectors)] = list(one.subsectors.values())
        place += len(one.subsectors)
    subsector = dice.pick_by_row(table, sector)
    size = dice.pick([one.share for one in assumptions.sizes.values()])
    bounds = np.array([[one.staff_from, one.staff_to] for one in assumptions.sizes.values()], dtype=np.float64)
    low, high = bounds[size, 0], bounds[size, 1]
    staff = np.floor(low * (high / low) ** dice.even())
    turnover = np.round(staff * dice.amount(assumptions.turnover_eur_per_head), -2)
    tier = dice.pick_by_row(np.array([one.tiers for one in sectors]), sector)
    public = dice.chance(np.array([one.public for one in sectors])[sector])
    abroad = {name: dice.chance(assumptions.abroad[name]) for name in ABROAD}
    essential = (size == SIZES.index("large")) & (tier <= 1)
    classes = np.where(essential, 0, np.where(size >= SIZES.index("medium"), 1, 2))
    financial = _by_subsector(assumptions.financial_entities, subsectors, subsector, "none")
    columns = {
        "country": words([assumptions.country], np.zeros(organisations, dtype=np.int64)),
        "time_zone": words([assumptions.time_zone], np.zeros(organisations, dtype=np.int64)),
        "sector": words(list(assumptions.sectors), sector),
        "subsector": words(subsectors, subsector),
        "province": words(list(assumptions.provinces), dice.pick(list(assumptions.provinces.values()))),
        "ownership": words(["private", "public"], public.astype(np.int64)),
        "size": words(SIZES, size),
        "staff": pl.Series(staff.astype(np.int64)),
        "turnover_eur": pl.Series(turnover),
        "criticality_tier": pl.Series(tier + 1),
        "cii_designated": pl.Series(tier == 0),
        "entity_class": words(["essential", "important", "none"], classes),
        "entity_type": _by_subsector(assumptions.entity_types, subsectors, subsector, "other"),
        "financial_entity": financial,
        "microenterprise": pl.Series(size == SIZES.index("micro")),
        "licensee": _by_subsector(assumptions.licensees, subsectors, subsector, "none"),
        **{name: pl.Series(values) for name, values in abroad.items()},
    }
    return Register(
        columns=columns,
        sector=sector,
        staff=staff,
        turnover=turnover,
        customers=np.floor(staff * dice.amount(assumptions.customers_per_head)) + 1.0,
        operational=dice.chance(np.array([one.ot for one in sectors])[sector]),
        financial=(financial != "none").to_numpy(),
        manufacturer=abroad["eu_product_manufacturer"],
        weight=_weights(assumptions, sector, staff, dice),
    )


def _weights(assumptions: Assumptions, sector: Places, staff: Floats, dice: Dice) -> Floats:
    """Larger organisations have more incidents (with the fourth root of staff); each sector keeps its share."""
    own = staff**0.25 * np.exp(assumptions.concentration * dice.surprise())
    totals = np.bincount(sector, weights=own, minlength=len(assumptions.sectors))
    shares = np.array([one.incidents for one in assumptions.sectors.values()])
    weights: Floats = own / totals[sector] * shares[sector]
    return weights / weights.sum()


def _by_subsector(named: Mapping[str, str], subsectors: Sequence[str], places: Places, otherwise: str) -> pl.Series:
    kinds = list(dict.fromkeys([*named.values(), otherwise]))
    table = np.array([kinds.index(named.get(code, otherwise)) for code in subsectors])
    return words(kinds, table[places])
