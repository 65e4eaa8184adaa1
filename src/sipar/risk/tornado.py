"""What the answer hangs on: each assumption from its low to its high, all others as they are.

The mean of a year is known in closed form, so that its swing is exact. The swing of the shortfall is the difference of
two runs of the exact engine on one coarse grid, and is worked out for shocks (which leave the mean as it is) and for
what moves the mean the most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sipar.risk.assumptions_model import NATION, Assumptions, Exposure, Kind, NamedShock
from sipar.risk.columns import Floats
from sipar.risk.contributions import Parts
from sipar.risk.controls import Effect, Target
from sipar.risk.document import Swing
from sipar.risk.exact import Grid
from sipar.risk.expanding import Nation, exposed
from sipar.risk.portfolio import Portfolio
from sipar.risk.pricing import Controls
from sipar.risk.scenario import Shock

POINTS = 1 << 12
# What makes a year worse must stay on the grid.
WIDER = 2.0
# Of so many assumptions, the heaviest for the mean, the swing of the shortfall is worked out.
HEAVIEST = 10
# An uncertain rate lies with 90 % between its quantiles of a lognormal distribution of the same mean and variation.
NORMAL_95 = 1.6448536269514722


@dataclass(frozen=True, eq=False)
class _Case:
    """An assumption with its low and high: the change of the mean, and the portfolio that it leads to."""

    path: str
    title: Mapping[str, str]
    part: str
    organisations: int
    assumed: tuple[float, float, float]
    means: tuple[float, float]
    changed: Callable[[int], Portfolio]


@dataclass(frozen=True, eq=False)
class Base:
    """What assumptions are varied on: the nation with its controls, the parts of its mean, and open findings."""

    assumptions: Assumptions
    nation: Nation
    controls: Controls
    portfolio: Portfolio
    parts: Parts
    findings: pl.DataFrame | None

    @property
    def mean(self) -> Floats:
        """The mean of a year by row."""
        return self.parts.by_row()[0]


def swings(
    base: Base, *, level: float, shortfall: float, reach: float, say: Callable[[int, int], object]
) -> list[Swing]:
    """Each assumption with a range, the largest swing of the mean first, then shocks by the swing of the shortfall.

    `shortfall` is the nation's at `level` as the run says it, to which what changes is added; `reach` how far its
    distribution goes. `say` hears (done, all).
    """
    total = float(base.mean.sum())
    cases = sorted(_cases(base), key=lambda case: -abs(case.means[1] - case.means[0]))
    asked = [
        number for number, case in enumerate(cases) if case.part == "shock" or (number < HEAVIEST and any(case.means))
    ]
    worse: dict[int, tuple[float, float]] = {}
    if total > 0:
        grid = Grid(base.portfolio, points=POINTS, reach=WIDER * reach)
        before = grid.of(base.portfolio).expected_shortfall(level).value
        for done, number in enumerate(asked):
            say(done, len(asked))
            low, high = (grid.of(cases[number].changed(end)).expected_shortfall(level).value for end in (0, 1))
            worse[number] = shortfall + low - before, shortfall + high - before
    made = [_swing(case, total, worse.get(number)) for number, case in enumerate(cases)]
    return sorted(made, key=lambda swing: (-abs(swing["high"] - swing["low"]), -_width(swing)))


def _width(swing: Swing) -> float:
    return abs((swing["shortfall_high"] or 0.0) - (swing["shortfall_low"] or 0.0))


def _swing(case: _Case, total: float, worse: tuple[float, float] | None) -> Swing:
    low, assumed, high = case.assumed
    return {
        "path": case.path,
        "organisations": case.organisations,
        "title": dict(case.title),
        "part": case.part,
        "assumed": assumed,
        "assumed_low": low,
        "assumed_high": high,
        "low": total + case.means[0],
        "high": total + case.means[1],
        "shortfall_low": worse and worse[0],
        "shortfall_high": worse and worse[1],
    }


def _cases(base: Base) -> Iterator[_Case]:
    for number, kind in enumerate(base.assumptions.kinds):
        yield from _kind(base, number, kind)
    for number in range(len(base.assumptions.providers)):
        yield _provider(base, number)
    for effect in base.controls.on_events:
        if effect.low < effect.high:
            yield _effect(base, effect)
    for shock in base.assumptions.shocks:
        if shock.shock.probability > 0 and (shock.sector == NATION or shock.sector in base.nation.sectors):
            yield _shock(base, shock)
    if base.findings is not None and base.findings.height and base.assumptions.exposure.factors:
        yield _exposure(base, base.findings)


def _kind(base: Base, number: int, kind: Kind) -> Iterator[_Case]:
    mine = base.nation.kinds == number
    organisations = int(mine.sum())
    if not organisations:
        return
    rate, often = kind.frequency.mean, _often(kind)
    own = float(base.parts.own_mean[mine].sum())
    yield _Case(
        f"scenarios/{kind.key}/frequency",
        kind.title,
        "frequency",
        organisations,
        (rate * often[0], rate, rate * often[1]),
        (own * (often[0] - 1), own * (often[1] - 1)),
        lambda end: replace(base.portfolio, rate=np.where(mine, base.portfolio.rate * often[end], base.portfolio.rate)),
    )
    doubt = kind.loss_source.doubt
    cost = (1 / doubt, doubt)
    mean, event = float(base.mean[mine].sum()), kind.loss.mean
    yield _Case(
        f"scenarios/{kind.key}/loss",
        kind.title,
        "cost",
        organisations,
        (event * cost[0], event, event * cost[1]),
        (mean * (cost[0] - 1), mean * (cost[1] - 1)),
        lambda end: replace(
            base.portfolio, scale=np.where(mine, base.portfolio.scale * cost[end], base.portfolio.scale)
        ),
    )


def _often(kind: Kind) -> tuple[float, float]:
    """The low and the high of a rate over its mean: by its variation where it has one, else by its source."""
    if not kind.variation:
        return 1 / kind.frequency_source.doubt, kind.frequency_source.doubt
    sigma = math.sqrt(math.log1p(kind.variation**2))
    middle = -(sigma**2) / 2
    return math.exp(middle - NORMAL_95 * sigma), math.exp(middle + NORMAL_95 * sigma)


def _provider(base: Base, number: int) -> _Case:
    provider = base.assumptions.providers[number]
    links = slice(int(base.portfolio.link_starts[number]), int(base.portfolio.link_starts[number + 1]))
    mean = float(base.parts.link_mean[links].sum())
    doubt = provider.source.doubt
    often = (1 / doubt, doubt)

    def changed(end: int) -> Portfolio:
        failures = base.portfolio.failures.copy()
        failures[number] *= often[end]
        return replace(base.portfolio, failures=failures)

    return _Case(
        f"providers/{provider.key}/failures",
        provider.title,
        "failures",
        len(np.unique(base.nation.places[base.portfolio.link_rows[links]])),
        (provider.failures * often[0], provider.failures, provider.failures * often[1]),
        (mean * (often[0] - 1), mean * (often[1] - 1)),
        changed,
    )


def _effect(base: Base, effect: Effect) -> _Case:
    known = base.controls.levels.known
    there = base.controls.reliability(known)
    usual = base.controls.logarithm(effect, known, there)
    left = [np.exp(base.controls.logarithm(effect, known, there, use=use) - usual) for use in ("low", "high")]
    column = base.controls.column(effect.requirement)

    def changed(end: int) -> Portfolio:
        if effect.target == Target.FREQUENCY:
            # Rounding alone could take a share above 1.
            return replace(base.portfolio, keep=np.minimum(base.portfolio.keep * left[end], 1.0))
        return replace(base.portfolio, scale=base.portfolio.scale * left[end])

    return _Case(
        f"effects/{effect.requirement}/{effect.target}/{effect.event}".rstrip("/"),
        {"en": effect.requirement, "ur": effect.requirement},
        "effect",
        int((known[:, column] > 0).sum()),
        (effect.low, effect.reduction, effect.high),
        (float(base.mean @ (left[0] - 1)), float(base.mean @ (left[1] - 1))),
        changed,
    )


def _shock(base: Base, named: NamedShock) -> _Case:
    shock, doubt = named.shock, named.source.doubt
    most = 1 / shock.probability
    # A factor is as far from 1, where it does nothing, as the source may be off.
    low, high = sorted(
        (min(max(1 + (shock.factor - 1) / doubt, 0.0), most), min(max(1 + (shock.factor - 1) * doubt, 0.0), most))
    )
    ends = (Shock(shock.probability, low), Shock(shock.probability, high))
    number = base.nation.sectors.index(named.sector) if named.sector != NATION else -1

    def changed(end: int) -> Portfolio:
        if number < 0:
            return replace(base.portfolio, nation_shock=ends[end])
        shocks = list(base.portfolio.sector_shocks)
        shocks[number] = ends[end]
        return replace(base.portfolio, sector_shocks=tuple(shocks))

    touched = base.nation.register.height
    if number >= 0:
        touched = base.nation.register.filter(pl.col("sector") == named.sector).height
    return _Case(
        f"shocks/{named.sector or 'nation'}",
        named.title,
        "shock",
        touched,
        (low, shock.factor, high),
        (0.0, 0.0),
        changed,
    )


def _exposure(base: Base, findings: pl.DataFrame) -> _Case:
    exposure = base.assumptions.exposure
    doubt = exposure.source.doubt
    usual = exposed(exposure, base.nation.register, findings)

    def at(times: float) -> Floats:
        factors = {severity: 1 + (factor - 1) * times for severity, factor in exposure.factors.items()}
        changed = Exposure(factors, 1 + (exposure.most - 1) * times, exposure.source)
        return (exposed(changed, base.nation.register, findings) / usual)[base.nation.places]

    ends = (at(1 / doubt), at(doubt))
    own = base.parts.own_mean
    return _Case(
        "exposure",
        {"en": "Open findings", "ur": "کھلی کمزوریاں"},
        "exposure",
        int((usual > 1).sum()),
        (1 / doubt, 1.0, doubt),
        (float(own @ (ends[0] - 1)), float(own @ (ends[1] - 1))),
        lambda end: replace(base.portfolio, rate=base.portfolio.rate * ends[end]),
    )
