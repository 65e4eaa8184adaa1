"""What of a run may be read by those who see aggregates only: no part that stands on a few organisations."""

from __future__ import annotations

import math

from sipar.posture.suppression import SMALLEST_CELL
from sipar.risk.document import Banded, Contribution, Document, ProviderPart, Quantile, ShockPart, Swing

DIGITS = 3
# The dimension of contributions that an assumption's path begins with.
DIMENSIONS = {"scenarios": "scenario", "providers": "provider", "effects": "requirement", "shocks": "sector"}


def published(document: Document, *, k: int = SMALLEST_CELL) -> Document:
    """The document with small cells hidden, losses to three digits and numbers of organisations down to multiples of k.

    A part that 1 to k - 1 organisations stand behind is None. The parts of a dimension sum to the nation, so further
    parts are hidden with it, those of the fewest organisations first, until at least two parts with k organisations
    are hidden together. What else would tell a hidden part (its provider, its shock, its swing) goes with it.
    """
    hidden = {dimension: _hidden(parts, k) for dimension, parts in document["contributions"].items()}
    return {
        **document,
        "organisations": document["organisations"] // k * k,
        "rows": 0,
        "mean": _banded(document["mean"]),
        "quantiles": [_quantile(one) for one in document["quantiles"]],
        "shortfall": _quantile(document["shortfall"]),
        "curve": [[_rounded(loss), chance] for loss, chance in document["curve"]],
        "exact_curve": [[_rounded(loss), chance] for loss, chance in document["exact_curve"]],
        "contributions": {
            dimension: [_part(part, k, hidden=part["key"] in hidden[dimension]) for part in parts]
            for dimension, parts in document["contributions"].items()
        },
        "tornado": [_swing(one) for one in document["tornado"] if _may_swing(one, hidden, k)],
        "providers": [_provider(part, k, hidden.get("provider", set())) for part in document["providers"]],
        "shocks": [_shock(part, hidden.get("sector", set())) for part in document["shocks"]],
        "left_out": {},
    }


def _hidden(parts: list[Contribution], k: int) -> set[str]:
    """The keys of the parts that stay hidden."""
    rising = sorted(
        (part for part in parts if part["organisations"]), key=lambda part: (part["organisations"] or 0, part["key"])
    )
    small = sum((part["organisations"] or 0) < k for part in rising)
    if not small:
        return set()
    behind = sum(part["organisations"] or 0 for part in rising[:small])
    while small < len(rising) and (small < 2 or behind < k):
        behind += rising[small]["organisations"] or 0
        small += 1
    return {part["key"] for part in rising[:small]}


def _part(part: Contribution, k: int, *, hidden: bool) -> Contribution:
    made: Contribution = {
        "key": part["key"],
        "mean": None if hidden else _rounded(part["mean"]),
        "shortfall": None if hidden else _rounded(part["shortfall"]),
        "organisations": None if hidden else (part["organisations"] or 0) // k * k,
    }
    if "bad_year" in part:
        made["bad_year"] = None if hidden else _rounded(part["bad_year"])
    return made


def _provider(part: ProviderPart, k: int, hidden: set[str]) -> ProviderPart:
    many = part["dependents"] or 0
    if 0 < many < k or part["key"] in hidden:
        return {**part, "loss_when_failing": None, "mean": None, "dependents": None}
    return {
        **part,
        "loss_when_failing": _rounded(part["loss_when_failing"]),
        "mean": _rounded(part["mean"]),
        "dependents": many // k * k,
    }


def _shock(part: ShockPart, hidden: set[str]) -> ShockPart:
    if part["sector"] and part["sector"] in hidden:
        return {**part, "mean_with": None, "mean_without": None}
    return {**part, "mean_with": _rounded(part["mean_with"]), "mean_without": _rounded(part["mean_without"])}


def _may_swing(swing: Swing, hidden: dict[str, set[str]], k: int) -> bool:
    beginning, _, rest = swing["path"].partition("/")
    keys = hidden.get(DIMENSIONS.get(beginning, ""), set())
    return swing["organisations"] >= k and not any(rest == key or rest.startswith(f"{key}/") for key in keys if key)


def _swing(swing: Swing) -> Swing:
    return {
        **swing,
        "organisations": 0,
        "low": _rounded(swing["low"]),
        "high": _rounded(swing["high"]),
        "shortfall_low": _rounded(swing["shortfall_low"]),
        "shortfall_high": _rounded(swing["shortfall_high"]),
    }


def _banded(one: Banded) -> Banded:
    return {
        "value": _rounded(one["value"]),
        "low": _rounded(one["low"]),
        "high": _rounded(one["high"]),
        "exact": _rounded(one["exact"]),
    }


def _quantile(one: Quantile) -> Quantile:
    return {"level": one["level"], **_banded(one)}


def _rounded[Number: (float, float | None)](value: Number) -> Number:
    """The number to three digits."""
    if not value:
        return value
    return round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))
