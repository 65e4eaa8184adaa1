"""Scenarios as columns, ready for both engines; conditional on shocks and failures they are independent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem
from sipar.risk import kernels
from sipar.risk.columns import Floats, Ints
from sipar.risk.magnitudes import packed
from sipar.risk.scenario import CALM, Loss, Provider, Scenario, Shock, check_scenarios, check_shock, failing_with


@dataclass(frozen=True)
class Portfolio:
    """Columns, one row for each scenario. Rows keep their order; `sector` is a number below `len(sector_shocks)`.

    `keep` is the share of the events that controls leave (0 to 1) and `scale` what they leave of each cost. A provider
    p has the links link_starts[p] to link_starts[p + 1], each a row and the chance that a failure sets it off.
    """

    rate: Floats
    spread: Floats
    loss: Ints
    scale: Floats
    keep: Floats
    sector: Ints
    losses: tuple[Loss, ...]
    sector_shocks: tuple[Shock, ...]
    nation_shock: Shock = CALM
    failures: Floats = field(default_factory=lambda: np.zeros(0))
    link_starts: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    link_rows: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    link_chance: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name, most in (
            ("rate", np.inf),
            ("spread", np.inf),
            ("scale", np.inf),
            ("keep", 1.0),
            ("failures", np.inf),
        ):
            _check_column(name, getattr(self, name), most)
        _check_column("link_chance", self.link_chance, 1.0)
        rows = len(self.rate)
        if any(len(column) != rows for column in (self.spread, self.loss, self.scale, self.keep, self.sector)):
            raise FormatProblem("columns", "The columns have different lengths.", "portfolio")
        for name, column, many in (
            ("loss", self.loss, len(self.losses)),
            ("sector", self.sector, len(self.sector_shocks)),
            ("link_rows", self.link_rows, rows),
        ):
            if len(column) and not 0 <= column.min() <= column.max() < many:
                raise FormatProblem("columns", "A number names a row that is not there.", name)
        for shock in (self.nation_shock, *self.sector_shocks):
            check_shock(shock)

    def with_controls(self, keep: Floats, scale: Floats) -> Portfolio:
        """The same portfolio where controls leave this share of events and of costs (one number for each row).

        Both engines and every random number stay the same, so that a difference of two results is not noise.
        """
        return replace(self, keep=self.keep * keep, scale=self.scale * scale)

    def of_rows(self, rows: Ints) -> Portfolio:
        """The part with these rows alone, in rising order; providers and sectors stay."""
        place = np.full(len(self.rate), -1, np.int64)
        place[rows] = np.arange(len(rows))
        links = place[self.link_rows] >= 0
        starts = np.concatenate([[0], np.cumsum(np.bincount(self.link_provider[links], minlength=len(self.failures)))])
        return replace(
            self,
            rate=self.rate[rows],
            spread=self.spread[rows],
            loss=self.loss[rows],
            scale=self.scale[rows],
            keep=self.keep[rows],
            sector=self.sector[rows],
            link_starts=starts.astype(np.int64),
            link_rows=place[self.link_rows[links]],
            link_chance=self.link_chance[links],
        )

    @property
    def link_provider(self) -> Ints:
        """The provider of each link."""
        return np.repeat(np.arange(len(self.failures)), np.diff(self.link_starts))

    def cost_by_row(self) -> Floats:
        """What an event of each scenario costs on average, where controls leave it to happen or not."""
        means = np.array([loss.mean for loss in self.losses])
        made: Floats = self.keep * self.scale * means[self.loss]
        return made

    def mean_by_link(self) -> Floats:
        """The expected loss of a year through each link; it is a part of its row's."""
        made: Floats = self.failures[self.link_provider] * self.link_chance * self.cost_by_row()[self.link_rows]
        return made

    def mean_by_row(self) -> Floats:
        """The expected loss of a year from each scenario; the sum is the portfolio's."""
        through = np.bincount(self.link_rows, weights=self.mean_by_link(), minlength=len(self.rate))
        made: Floats = self.rate * self.cost_by_row() + through
        return made


def portfolio(
    scenarios: Sequence[Scenario],
    *,
    shocks: Mapping[str, Shock] | None = None,
    nation: Shock = CALM,
    providers: Sequence[Provider] = (),
) -> Portfolio:
    """The scenarios in their order; `shocks` by sector. Raises FormatProblem for whatever cannot be, by its name."""
    check_scenarios(scenarios)
    row = {scenario.key: place for place, scenario in enumerate(scenarios)}
    sectors = {name: place for place, name in enumerate(dict.fromkeys(scenario.sector for scenario in scenarios))}
    for name, shock in (shocks or {}).items():
        check_shock(shock, where=name)
        if name not in sectors:
            raise FormatProblem("unknown_sector", "A shock names a sector without scenarios.", name)
    failing = failing_with(providers)
    by_key = {provider.key: provider for provider in providers}
    starts = [0]
    rows: list[int] = []
    chances: list[float] = []
    for provider in providers:
        _check_provider(provider, row)
    for provider in providers:
        spared: dict[str, float] = {}
        for other in failing[provider.key]:
            for key, chance in by_key[other].dependents.items():
                spared[key] = spared.get(key, 1.0) * (1 - chance)
        rows.extend(row[key] for key in spared)
        chances.extend(1 - share for share in spared.values())
        starts.append(len(rows))
    losses: dict[int, tuple[int, Loss]] = {}
    for scenario in scenarios:
        losses.setdefault(id(scenario.loss), (len(losses), scenario.loss))
    count = len(scenarios)
    return Portfolio(
        rate=np.array([scenario.frequency.mean for scenario in scenarios], np.float64),
        spread=np.array([scenario.frequency.spread for scenario in scenarios], np.float64),
        loss=np.array([losses[id(scenario.loss)][0] for scenario in scenarios], np.int64),
        scale=np.ones(count),
        keep=np.ones(count),
        sector=np.array([sectors[scenario.sector] for scenario in scenarios], np.int64),
        losses=tuple(loss for _, loss in losses.values()),
        sector_shocks=tuple((shocks or {}).get(name, CALM) for name in sectors),
        nation_shock=nation,
        failures=np.array([provider.failures for provider in providers], np.float64),
        link_starts=np.array(starts, np.int64),
        link_rows=np.array(rows, np.int64),
        link_chance=np.array(chances, np.float64),
    )


def kernel_arguments(asked: Portfolio) -> tuple[tuple[Any, ...], npt.NDArray[np.int64]]:
    """What `kernels.simulate_years` takes between seed and totals, with the rows sorted by sector, and that order."""
    order = np.argsort(asked.sector, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    groups = np.searchsorted(asked.sector[order], np.arange(len(asked.sector_shocks) + 1)).astype(np.int64)
    rate, spread = asked.rate[order], asked.spread[order]
    # A negative binomial count is a Poisson number of clusters of logarithmic size (Quenouille 1949).
    positive = spread > 0
    divisor = np.where(positive, spread, 1.0)
    clusters = np.where(positive, np.log1p(spread * rate) / divisor, rate)
    logarithmic = spread * rate / (1 + spread * rate)
    cut, alias = np.ones(len(order)), np.arange(len(order), dtype=np.int64)
    sums = np.zeros(len(groups) - 1)
    for group in range(len(sums)):
        part = clusters[groups[group] : groups[group + 1]]
        sums[group] = part.sum()
        if sums[group] > 0:
            kernels.alias_table(part, int(groups[group]), cut, alias)
    picks, facts = np.zeros((len(order), kernels.PICKS), np.uint32), np.zeros((len(order), kernels.FACTS))
    picks[:, kernels.CUT], picks[:, kernels.ALIAS] = np.minimum(cut * 2.0**32, 2.0**32 - 1), alias
    facts[:, kernels.SPREAD], facts[:, kernels.KEEP] = logarithmic, asked.keep[order]
    facts[:, kernels.SCALE], facts[:, kernels.LOSS] = asked.scale[order], asked.loss[order]
    struck = place[asked.link_rows].astype(np.int64)
    links = np.zeros((len(struck), kernels.LINKS))
    links[:, kernels.STRIKES] = asked.link_chance * facts[struck, kernels.KEEP]
    links[:, kernels.LINK_SCALE], links[:, kernels.LINK_LOSS] = (
        facts[struck, kernels.SCALE],
        facts[struck, kernels.LOSS],
    )
    values: list[float] = []
    shapes = [packed(magnitude, values) for loss in asked.losses for magnitude in (loss.primary, loss.secondary)]
    second = [loss.secondary_probability if loss.secondary else 0.0 for loss in asked.losses]
    arguments = (
        groups,
        sums,
        np.array([_row(shock) for shock in asked.sector_shocks], np.float64).reshape(-1, 3),
        np.array(_row(asked.nation_shock), np.float64),
        picks,
        facts,
        np.array(shapes, np.float64).reshape(-1, 8),
        np.array(second, np.float64),
        np.array([*values, 0.0], np.float64),
        asked.failures,
        asked.link_starts,
        struck,
        links,
    )
    return arguments, order


def _row(shock: Shock) -> list[float]:
    return [shock.probability, shock.factor, shock.otherwise]


def _check_provider(provider: Provider, rows: Mapping[str, int]) -> None:
    if not 0 <= provider.failures < np.inf:
        raise FormatProblem(
            "negative", "A provider's failures a year are a finite number, not below zero.", provider.key
        )
    for key, chance in provider.dependents.items():
        if key not in rows:
            raise FormatProblem("unknown_scenario", f"There is no scenario {key}.", provider.key)
        if not 0 <= chance <= 1:
            raise FormatProblem("probability_range", f"The chance for {key} lies from 0 to 1.", provider.key)


def _check_column(name: str, column: Floats, most: float) -> None:
    if len(column) and not (np.isfinite(column).all() and column.min() >= 0 and column.max() <= most):
        raise FormatProblem("column_range", f"A number is negative, infinite or above {most:g}.", name)
