"""What a run says of the nation: the year's loss with its bands, its curve, and the parts that sum to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions_model import NATION, Assumptions
from sipar.risk.backtest import back_test
from sipar.risk.columns import Floats, Ints
from sipar.risk.contributions import Parts
from sipar.risk.document import Banded, Contribution, Document, ProviderPart, ShockPart
from sipar.risk.exact import ExactLoss
from sipar.risk.expanding import Nation
from sipar.risk.portfolio import Portfolio
from sipar.risk.pricing import Controls, by_requirement
from sipar.risk.results import Estimate, exceedance, expected_shortfall, mean, quantile

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
BAD_YEAR = 0.95
# The engines agree where their bands of this confidence meet.
AGREEMENT, AGREED_AT = 0.999, (0.95, 0.99)
CURVE_POINTS, RAREST = 64, 0.001


def nation_document(
    assumptions: Assumptions,
    nation: Nation,
    totals: Floats,
    sure: ExactLoss,
    *,
    seed: int,
    level: float,
    requirements: set[str],
) -> Document:
    """The nation's numbers; contributions, providers, shocks and tornado are empty until they are filled."""
    curve = _curve(totals)
    reached = sure.step * len(sure.density)
    losses = np.array([loss for loss, _ in curve if loss < reached])
    chances = sure.exceedance(losses)
    recorded = [{"year": one.year, "loss": one.loss} for one in assumptions.recorded_years]
    unknown = sorted({effect.requirement for effect in assumptions.effects} - requirements)
    return {
        "currency": assumptions.currency,
        "year": assumptions.year,
        "years": len(totals),
        "seed": seed,
        "organisations": nation.register.height,
        "rows": nation.rows.height,
        "mean": _banded(mean(totals), sure.mean),
        "quantiles": [{"level": one, **_banded(quantile(totals, one), _exactly(sure.quantile, one))} for one in LEVELS],
        "shortfall": {
            "level": level,
            **_banded(expected_shortfall(totals, level), _exactly(sure.expected_shortfall, level)),
        },
        "zero_years": float((totals == 0).mean()),
        "engines_agree": _agree(totals, sure),
        "curve": curve,
        "exact_curve": np.column_stack([losses, chances]).tolist(),
        "contributions": {},
        "scenarios": {kind.key: dict(kind.title) for kind in assumptions.kinds},
        "tornado": [],
        "providers": [],
        "shocks": [],
        "backtest": back_test(totals, recorded),
        "left_out": {"dependencies": nation.left_out, "requirements": unknown},
    }


def cells_of(nation: Nation) -> tuple[Ints, tuple[list[str], list[str]]]:
    """The cell of each row in the table of sectors by provinces, and the names of both."""
    names = (list(nation.sectors), sorted(nation.register["province"].unique()))
    sector, province = (
        nation.rows[column]
        .replace_strict({name: place for place, name in enumerate(every)}, return_dtype=pl.Int64)
        .to_numpy()
        for column, every in zip(("sector", "province"), names, strict=True)
    )
    return sector * len(names[1]) + province, names


def contributions_of(
    nation: Nation, asked: Portfolio, controls: Controls, parts: Parts, *, by_cell: Floats
) -> dict[str, list[Contribution]]:
    """How mean and shortfall divide by sector, province, tier, scenario, provider and requirement, dearest first.

    `by_cell` has the loss of each year in each cell of `cells_of`.
    """
    by_row = parts.by_row()
    sectors = _by_column(nation, "sector", by_row)
    provinces = _by_column(nation, "province", by_row)
    names = cells_of(nation)[1]
    table = by_cell.reshape(len(by_cell), len(names[0]), len(names[1]))
    for found, every, other in ((sectors, names[0], 2), (provinces, names[1], 1)):
        years = table.sum(axis=other)
        for part in found:
            part["bad_year"] = quantile(years[:, every.index(part["key"])], BAD_YEAR).value
    return {
        "sector": sectors,
        "province": provinces,
        "tier": _by_column(nation, "tier", by_row),
        "scenario": _by_scenario(nation, by_row),
        "provider": _by_provider(nation, asked, parts),
        "requirement": _sorted(
            [_contribution(key, sums[0], sums[1], many) for key, many, sums in by_requirement(controls, *by_row)]
        ),
    }


def provider_parts(assumptions: Assumptions, nation: Nation, asked: Portfolio) -> list[ProviderPart]:
    """The shared providers in the order of the document."""
    once = asked.link_chance * asked.cost_by_row()[asked.link_rows]
    costs = np.bincount(asked.link_provider, weights=once, minlength=len(asked.failures))
    return [
        {
            "key": provider.key,
            "title": dict(provider.title),
            "kind": provider.kind,
            "failures": provider.failures,
            "rests_on": list(provider.rests_on),
            "loss_when_failing": cost,
            "mean": cost * provider.failures,
            "dependents": len(dependents),
        }
        for provider, dependents, cost in zip(assumptions.providers, nation.dependents, costs.tolist(), strict=True)
    ]


def shock_parts(assumptions: Assumptions, nation: Nation, parts: Parts) -> list[ShockPart]:
    """The shocks in the order of the document: the nation's mean year with each and without."""
    whole = float(parts.own_mean.sum() + parts.link_mean.sum())
    sectors = nation.rows["sector"]
    made: list[ShockPart] = []
    for named in assumptions.shocks:
        mine = np.ones(len(sectors), np.bool_) if named.sector == NATION else (sectors == named.sector).to_numpy()
        own = float(parts.own_mean[mine].sum())
        made.append(
            {
                "sector": named.sector,
                "title": dict(named.title),
                "probability": named.shock.probability,
                "factor": named.shock.factor,
                "mean_with": whole + own * (named.shock.factor - 1),
                "mean_without": whole + own * (named.shock.otherwise - 1),
            }
        )
    return made


def _by_column(nation: Nation, column: str, by_row: Sequence[Floats]) -> list[Contribution]:
    organisations = dict(nation.register.group_by(column).len().iter_rows())
    table = nation.rows.select(column).with_columns(pl.Series("mean", by_row[0]), pl.Series("shortfall", by_row[1]))
    sums = {key: (one, worst) for key, one, worst in table.group_by(column).sum().iter_rows()}
    return _sorted(
        [_contribution(str(key), *sums.get(key, (0.0, 0.0)), many) for key, many in sorted(organisations.items())]
    )


def _by_scenario(nation: Nation, by_row: Sequence[Floats]) -> list[Contribution]:
    many = np.bincount(nation.kinds, minlength=len(nation.scenarios)).tolist()
    sums = [np.bincount(nation.kinds, weights=part, minlength=len(many)).tolist() for part in by_row]
    return _sorted(
        _contribution(key, one, worst, count)
        for key, one, worst, count in zip(nation.scenarios, *sums, many, strict=True)
        if count
    )


def _by_provider(nation: Nation, asked: Portfolio, parts: Parts) -> list[Contribution]:
    made = []
    for number, key in enumerate(nation.providers):
        links = slice(int(asked.link_starts[number]), int(asked.link_starts[number + 1]))
        many = len(np.unique(nation.places[asked.link_rows[links]]))
        made.append(
            _contribution(key, float(parts.link_mean[links].sum()), float(parts.link_shortfall[links].sum()), many)
        )
    own = _contribution("", float(parts.own_mean.sum()), float(parts.own_shortfall.sum()), nation.register.height)
    return [*_sorted(made), own]


def _contribution(key: str, mean_loss: float, shortfall: float, organisations: int) -> Contribution:
    return {"key": key, "mean": mean_loss, "shortfall": shortfall, "organisations": organisations}


def _sorted(parts: Iterable[Contribution]) -> list[Contribution]:
    """The dearest first, what stays ("") last."""
    return sorted(parts, key=lambda part: (part["key"] == "", -(part["mean"] or 0.0), part["key"]))


def _banded(found: Estimate, sure: float | None) -> Banded:
    high = found.high if math.isfinite(found.high) else None
    return {"value": found.value, "low": max(found.low, 0.0), "high": high, "exact": sure}


def _exactly(ask: Callable[[float], Estimate], level: float) -> float | None:
    """What the exact engine says, where its grid reaches."""
    try:
        return ask(level).value
    except FormatProblem:
        return None


def _agree(totals: Floats, sure: ExactLoss) -> bool:
    average = mean(totals, confidence=AGREEMENT)
    agree = average.low <= sure.mean <= average.high or sure.mean == average.value
    for level in AGREED_AT:
        band = quantile(totals, level, confidence=AGREEMENT)
        found = sure.quantile(level)
        agree = agree and found.low <= band.high and band.low <= found.high
    return agree


def _curve(totals: Floats) -> list[list[float]]:
    """Losses and the share of years that lose more, from the years without loss to the rarest told."""
    rarest = max(RAREST, min(10 / len(totals), 0.5))
    levels = 1 - np.geomspace(0.99, rarest, CURVE_POINTS)
    losses = np.unique(np.concatenate([[0.0], np.quantile(totals, levels, method="inverted_cdf")]))
    chances = exceedance(totals, losses.tolist())
    return [[loss, chance] for loss, chance in zip(losses.tolist(), chances.tolist(), strict=True)]
