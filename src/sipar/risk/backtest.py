"""Whether years that were lived look like years that the model draws.

A recorded year's place is its probability integral transform; places of a model that fits lie evenly from 0 to 1
(Diebold, Gunther, Tay, International Economic Review 39, 1998). How many years a band holds is binomial (Kupiec,
Journal of Derivatives 3, 1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem

BAND = 0.9
# Fewer recorded years than this prove nothing, and a verdict needs a chance below this of being wrong by bad luck.
FEWEST_YEARS, MISTAKE = 5, 0.05
MOST_YEARS = 500
MOST_LOSS = 1e16


def back_test(totals: npt.NDArray[np.float64], recorded: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each recorded year's place among the simulated years, how many the 90 % band holds, and a verdict; plain JSON.

    `recorded` has the keys `year` and `loss`, the loss in the currency and the prices of the simulated years. The
    answer: `years` (year, loss, place from 0 to 1, inside), `band` (level, low, high), `inside`, `of`, `coverage` (None
    without years), `mean_place` (the same), and `verdict`: "no_records", "too_few", "model_too_low" (lived years are
    worse), "model_too_high", "band_too_narrow" or "fits". Raises FormatProblem by the place of what cannot be.
    """
    if not len(totals):
        raise FormatProblem("no_years", "There is no simulated year to compare with.", "totals")
    years = _checked(recorded)
    ordered = np.sort(totals)
    tail = (1 - BAND) / 2
    low, high = (float(_quantile(ordered, level)) for level in (tail, 1 - tail))
    losses = np.array([loss for _, loss in years])
    # Half of the simulated years of the same loss count as below: many years lose exactly nothing.
    places = (np.searchsorted(ordered, losses, side="left") + np.searchsorted(ordered, losses, side="right")) / (
        2 * len(ordered)
    )
    inside = (losses >= low) & (losses <= high)
    return {
        "years": [
            {"year": year, "loss": loss, "place": float(place), "inside": bool(within)}
            for (year, loss), place, within in zip(years, places, inside, strict=True)
        ],
        "band": {"level": BAND, "low": low, "high": high},
        "inside": int(inside.sum()),
        "of": len(years),
        "coverage": float(inside.mean()) if years else None,
        "mean_place": float(places.mean()) if years else None,
        "verdict": _verdict(places, int(inside.sum())),
    }


def _verdict(places: npt.NDArray[np.float64], inside: int) -> str:
    many = len(places)
    if not many:
        return "no_records"
    if many < FEWEST_YEARS:
        return "too_few"
    # The mean of even places is as good as normal from five years on; its variance is 1 / (12 n).
    off = (float(places.mean()) - 0.5) * math.sqrt(12 * many)
    if math.erfc(abs(off) / math.sqrt(2)) < MISTAKE:
        return "model_too_low" if off > 0 else "model_too_high"
    so_few = sum(math.comb(many, count) * BAND**count * (1 - BAND) ** (many - count) for count in range(inside + 1))
    return "band_too_narrow" if so_few < MISTAKE else "fits"


def _quantile(ordered: npt.NDArray[np.float64], level: float) -> np.float64:
    """As `sipar.risk.results.quantile` takes it, without loading the engine."""
    place: np.float64 = ordered[max(math.ceil(len(ordered) * level - 1e-9), 1) - 1]
    return place


def _checked(recorded: Sequence[Mapping[str, Any]]) -> list[tuple[int, float]]:
    """Years and losses in the order of years."""
    if len(recorded) > MOST_YEARS:
        raise FormatProblem("too_many", f"At most {MOST_YEARS} recorded years.", "recorded_years")
    found: dict[int, float] = {}
    for place, entry in enumerate(recorded):
        where = f"recorded_years/{place}"
        if not isinstance(entry, Mapping):
            raise FormatProblem("wrong_type", "A recorded year has the keys year and loss.", where)
        year, loss = entry.get("year"), entry.get("loss")
        if isinstance(year, bool) or not isinstance(year, int) or not 1900 <= year <= 2200:
            raise FormatProblem("year_range", "A year is a whole number from 1900 to 2200.", f"{where}/year")
        if isinstance(loss, bool) or not isinstance(loss, int | float):
            raise FormatProblem("wrong_type", "A recorded loss is a number.", f"{where}/loss")
        # A whole number may be too large for a float, and is then refused below.
        if isinstance(loss, float) and not math.isfinite(loss):
            raise FormatProblem("not_finite", "A recorded loss is a finite number.", f"{where}/loss")
        if loss < 0:
            raise FormatProblem("negative", "A recorded loss is not below zero.", f"{where}/loss")
        if loss > MOST_LOSS:
            raise FormatProblem("unit_mistake", "Such a loss in one year cannot be: check the unit.", where)
        if year in found:
            raise FormatProblem("twice", f"The year {year} is recorded twice.", where)
        found[year] = float(loss)
    return sorted(found.items())
