"""Taking a number into a document of assumptions: the same document with one scenario's frequency or loss changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sipar.core.problems import Conflict

DIGITS = 4
LARGEST_DOUBT = 1_000.0
# The numbers of each shape that are amounts, and grow when everything costs more.
AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "lognormal": ("low", "high"),
    "pert": ("low", "mode", "high"),
    "pareto": ("threshold", "scale"),
    "empirical": ("costs",),
}

type Document = Mapping[str, Any]


def scenario_in(document: Document, key: str) -> Mapping[str, Any]:
    """The scenario of this key. Raises Conflict where the document no longer has it."""
    found = next((one for one in document.get("scenarios", []) if one.get("key") == key), None)
    if found is None:
        raise Conflict("These assumptions have no such scenario any more.", code="estimate.scenario")
    scenario: Mapping[str, Any] = found
    return scenario


def with_frequency(
    document: Document, key: str, *, mean: float, variation: float, doubt: float, source: str, quality: str
) -> dict[str, Any]:
    """The document with this yearly rate; how events clump stays as it was stated."""
    made = deepcopy(dict(document))
    frequency = scenario_in(made, key)["frequency"]
    frequency |= {
        "mean": rounded(mean),
        "per": "year",
        "variation": rounded(variation),
        "source": _sourced(source, quality, doubt),
    }
    return made


def with_lognormal(
    document: Document, key: str, *, mu: float, sigma: float, doubt: float | None, source: str, quality: str
) -> dict[str, Any]:
    """The document with this lognormal primary loss; the most that one event can cost stays as it was stated."""
    made = deepcopy(dict(document))
    loss = scenario_in(made, key)["loss"]
    limit = {"limit": loss["primary"]["limit"]} if loss["primary"].get("limit") is not None else {}
    loss["primary"] = {"shape": "lognormal", "mu": rounded(mu), "sigma": rounded(sigma), **limit}
    loss["source"] = _sourced(source, quality, doubt)
    return made


def with_scaled_loss(
    document: Document, key: str, *, factor: float, doubt: float, source: str, quality: str
) -> dict[str, Any]:
    """The document with a primary loss of the same shape whose amounts are so many times larger; its limit stays."""
    made = deepcopy(dict(document))
    loss = scenario_in(made, key)["loss"]
    primary = loss["primary"]
    tail = primary.get("tail")
    for part, names in ((primary, AMOUNTS[primary["shape"]]), (tail, AMOUNTS["pareto"] if tail else ())):
        for name in names:
            if part.get(name) is not None:
                part[name] = _grown(part[name], factor)
    if primary.get("mu") is not None:
        primary["mu"] = rounded(primary["mu"] + math.log(factor))
    loss["source"] = _sourced(source, quality, doubt)
    return made


def rounded(number: float) -> float:
    """To four digits: more would say that more is known."""
    return float(f"{number:.{DIGITS}g}")


def _grown(value: Any, factor: float) -> Any:
    return [rounded(one * factor) for one in value] if isinstance(value, list) else rounded(value * factor)


def _sourced(text: str, quality: str, doubt: float | None) -> dict[str, Any]:
    made: dict[str, Any] = {"text": text, "quality": quality}
    return made if doubt is None else made | {"doubt": min(max(rounded(doubt), 1.0), LARGEST_DOUBT)}
