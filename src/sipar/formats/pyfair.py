"""Models of pyfair (JSON of FairModel and FairMetaModel): an Open FAIR tree in, a loss scenario out, and back.

The fields are those of pyfair 0.1-alpha (https://pyfair.readthedocs.io): a node takes low, mode, high and gamma
(BetaPERT), mean and stdev (normal, cut at zero), a constant, or raw values. A pyfair model multiplies a frequency by a
magnitude; here the frequency becomes the mean number of events in a year, its spread the rate's variation, so that
mean annual loss stays and years without loss appear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sipar.formats.documents import load_json
from sipar.formats.inventory import text
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import (
    LIMITS,
    MOST_VALUES,
    Refusal,
    Scenario,
    ScenarioFile,
    ScenarioRow,
    key_of,
    once_each,
    real,
)
from sipar.formats.scenario_numbers import (
    cost_quantiles,
    middle_shares,
    normal_quantiles,
    pert_quantiles,
    yearly_rate,
)

QUANTILES: Final = 2_000
# Longer lists of raw values are kept as quantiles: the assumptions are a document that people read.
MOST_KEPT: Final = 5_000
_META: Final = frozenset({
    "name", "n_simulations", "random_seed", "creation_date", "version", "model_uuid", "type", "mode", "baseline_model",
})  # fmt: skip
LEF, TEF, VULNERABILITY = "Loss Event Frequency", "Threat Event Frequency", "Vulnerability"
CONTACT, ACTION = "Contact Frequency", "Probability of Action"
CAPABILITY, STRENGTH = "Threat Capability", "Control Strength"
MAGNITUDE, PRIMARY, SECONDARY = "Loss Magnitude", "Primary Loss", "Secondary Loss"
SLEF, SLEM, MULTI = "Secondary Loss Event Frequency", "Secondary Loss Event Magnitude", "multi_Secondary Loss"
_SHORT: Final = {
    "lef": LEF, "tef": TEF, "v": VULNERABILITY, "c": CONTACT, "a": ACTION, "tc": CAPABILITY, "cs": STRENGTH,
    "lm": MAGNITUDE, "pl": PRIMARY, "sl": SECONDARY, "slef": SLEF, "slem": SLEM,
    "contact": CONTACT, "action": ACTION,
}  # fmt: skip
# A node and those it is made of: pyfair takes the node or its parts, never both.
_PARTS: Final = {
    LEF: (TEF, VULNERABILITY, CONTACT, ACTION, CAPABILITY, STRENGTH),
    TEF: (CONTACT, ACTION),
    VULNERABILITY: (CAPABILITY, STRENGTH),
    MAGNITUDE: (PRIMARY, SECONDARY, SLEF, SLEM, MULTI),
    SECONDARY: (SLEF, SLEM, MULTI),
    MULTI: (SLEF, SLEM),
}
_SHARES: Final = frozenset({VULNERABILITY, ACTION, CAPABILITY, STRENGTH, SLEF})
_NODES: Final = frozenset({*_SHORT.values(), MULTI})
_SPELLINGS: Final = {"most_likely": "mode", "loc": "mean", "scale": "stdev"}


@dataclass(frozen=True, slots=True)
class _Node:
    """One node's distribution: how it is written, its mean and its standard deviation."""

    kind: str
    numbers: Mapping[str, float]
    values: tuple[float, ...]
    mean: float
    deviation: float


def read_pyfair(data: bytes) -> ScenarioFile:
    """The scenarios of a model or of the models in a meta-model; a model that cannot be taken is refused by name.

    Raises FormatProblem for bytes that are no pyfair JSON.
    """
    document = load_json(data, LIMITS)
    if not is_pyfair(document):
        raise FormatProblem("pyfair.type", "this is neither a FairModel nor a FairMetaModel", "type")
    if document["type"] == "FairModel":
        models = {text(document.get("name"), 200) or "model": document}
    else:
        models = {name: value for name, value in document.items() if name not in _META}
        if not models:
            raise FormatProblem("pyfair.empty", "the meta-model holds no model", "name")
    rows: list[ScenarioRow] = []
    refusals: list[Refusal] = []
    for name, model in models.items():
        try:
            rows.append(_scenario_of(model, name))
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=name))
    kept, twice = once_each(rows)
    return ScenarioFile("pyfair", rows=kept, refusals=(*refusals, *twice))


def is_pyfair(document: object) -> bool:
    return isinstance(document, dict) and document.get("type") in ("FairModel", "FairMetaModel")


def write_pyfair(scenarios: Sequence[Scenario], *, title: str, simulations: int = 10_000) -> bytes:
    """A meta-model with one model for each scenario, that pyfair reads. Magnitudes other than PERT go as raw values.

    The values of two scenarios stand in different orders: sorted alike, pyfair would add them as if they always came
    together. Each scenario is complete; needs `frequency` and `loss` as the assumptions state them.
    """
    document: dict[str, Any] = {}
    for place, scenario in enumerate(scenarios):
        order = np.random.default_rng(place).permutation(simulations)
        name = str(scenario["key"])
        document[name] = {
            LEF: _written_frequency(scenario["frequency"]),
            **_written_loss(scenario["loss"], order, name),
            "name": name,
            "n_simulations": simulations,
            "random_seed": 42 + place,
            "model_uuid": name,
            "creation_date": "2000-01-01 00:00:00",
            "type": "FairModel",
        }
    document |= {
        "name": title,
        "model_uuid": "sipar",
        "creation_date": "2000-01-01 00:00:00",
        "type": "FairMetaModel",
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _scenario_of(model: object, named: str) -> ScenarioRow:
    if not isinstance(model, dict):
        raise FormatProblem("pyfair.model", "a model is an object", named)
    name = text(model.get("name"), 200) or named[:200]
    nodes = {_node_name(key, named): value for key, value in model.items() if key not in _META}
    for node, parts in _PARTS.items():
        both = [part for part in parts if part in nodes]
        if node in nodes and both:
            raise FormatProblem("contradictory", f"{node} is given, and {both[0]} of which it is made.", named)
    rate, deviation = _frequency(nodes, named)
    uuid = text(model.get("model_uuid"), 80)
    origin = {"text": f"pyfair model “{name}”" + (f", {uuid}" if uuid else ""), "quality": "assumed"}
    scenario = {
        "key": key_of(name),
        "title": {"en": name},
        "frequency": {
            "mean": rate,
            "per": "year",
            "variation": deviation / rate if rate else 0.0,
            "overdispersion": 0.0,
            "source": origin,
        },
        "loss": _loss(nodes, named) | {"source": origin},
    }
    return ScenarioRow(named, scenario, places={"frequency": f"{named}/{LEF}", "loss": f"{named}/{MAGNITUDE}"})


def _node_name(key: str, named: str) -> str:
    node = key if key in _NODES else _SHORT.get(key.lower(), "")
    if not node:
        raise FormatProblem("pyfair.node", f"{key[:80]} is no node of a FAIR model.", named)
    return node


def _frequency(nodes: Mapping[str, Any], named: str) -> tuple[float, float]:
    """Mean and standard deviation of the loss events in a year."""
    if LEF in nodes:
        node = _node(nodes[LEF], LEF, named)
        return node.mean, node.deviation
    if TEF in nodes:
        node = _node(nodes[TEF], TEF, named)
        threats = (node.mean, node.deviation)
    elif CONTACT in nodes and ACTION in nodes:
        threats = _product(_node(nodes[CONTACT], CONTACT, named), _node(nodes[ACTION], ACTION, named))
    else:
        raise FormatProblem("pyfair.incomplete", "Neither a loss event frequency nor what it is made of.", named)
    if VULNERABILITY in nodes:
        weak = _node(nodes[VULNERABILITY], VULNERABILITY, named)
        return _product_of(threats, (weak.mean, weak.deviation))
    if CAPABILITY not in nodes or STRENGTH not in nodes:
        raise FormatProblem("pyfair.incomplete", "Neither a vulnerability nor what it is made of.", named)
    share = _stronger(_node(nodes[CAPABILITY], CAPABILITY, named), _node(nodes[STRENGTH], STRENGTH, named))
    return threats[0] * share, threats[1] * share


def _loss(nodes: Mapping[str, Any], named: str) -> dict[str, Any]:
    if MAGNITUDE in nodes:
        return {"primary": _magnitude(nodes[MAGNITUDE], MAGNITUDE, named), "secondary_probability": 0.0,
                "secondary": None}  # fmt: skip
    if PRIMARY not in nodes:
        raise FormatProblem("pyfair.incomplete", "Neither a loss magnitude nor a primary loss.", named)
    loss = {"primary": _magnitude(nodes[PRIMARY], PRIMARY, named)}
    if SECONDARY in nodes:
        return loss | {"secondary_probability": 1.0, "secondary": _magnitude(nodes[SECONDARY], SECONDARY, named)}
    parts = nodes
    if MULTI in nodes:
        groups = nodes[MULTI]
        if not isinstance(groups, dict) or not groups or not all(isinstance(each, dict) for each in groups.values()):
            raise FormatProblem("pyfair.model", f"{MULTI} holds named losses.", named)
        if len(groups) > 1:
            sentence = f"{len(groups)} kinds of secondary loss; make one scenario of each, or one loss of all."
            raise FormatProblem("pyfair.several", sentence, f"{named}/{MULTI}")
        parts = {_node_name(key, named): value for key, value in next(iter(groups.values())).items()}
    if SLEF in parts and SLEM in parts:
        chance = _node(parts[SLEF], SLEF, named).mean
        return loss | {"secondary_probability": chance, "secondary": _magnitude(parts[SLEM], SLEM, named)}
    if SLEF in parts or SLEM in parts:
        raise FormatProblem("pyfair.incomplete", f"{SLEF} and {SLEM} come together.", named)
    return loss | {"secondary_probability": 0.0, "secondary": None}


def _magnitude(written: object, name: str, named: str) -> dict[str, Any]:
    node = _node(written, name, named)
    if node.kind == "pert" and node.numbers["gamma"] == 4:
        return {"shape": "pert", **{part: node.numbers[part] for part in ("low", "mode", "high")}}
    if node.kind == "raw" and len(node.values) <= MOST_KEPT:
        return {"shape": "empirical", "costs": list(node.values)}
    if node.kind == "constant" or node.deviation == 0:
        return {"shape": "empirical", "costs": [node.mean]}
    shares = middle_shares(QUANTILES)
    if node.kind == "pert":
        low, mode, high, gamma = (node.numbers[part] for part in ("low", "mode", "high", "gamma"))
        quantiles = pert_quantiles(low, mode, high, gamma, shares)
    elif node.kind == "raw":
        quantiles = _node_quantiles(node, shares)
    else:
        quantiles = np.maximum(node.numbers["mean"] + node.numbers["stdev"] * normal_quantiles(shares), 0.0)
    return {"shape": "empirical", "costs": quantiles.tolist()}


def _node(written: object, name: str, named: str) -> _Node:
    where = f"{named}/{name}"
    if not isinstance(written, dict) or not written:
        raise FormatProblem("pyfair.node", "A node is an object with its numbers.", where)
    if "raw" in written:
        return _raw_node(written, name, where)
    numbers = {
        str(_SPELLINGS.get(key, key)): real(value, f"{where}/{key}")
        for key, value in written.items()
        if value is not None
    }
    if name in _SHARES:
        _refuse_above_one(numbers, where)
    if set(numbers) == {"constant"}:
        return _Node("constant", numbers, (), numbers["constant"], 0.0)
    if set(numbers) == {"mean", "stdev"}:
        mean, deviation = _cut_normal(numbers["mean"], numbers["stdev"], top=1.0 if name in _SHARES else np.inf)
        return _Node("normal", numbers, (), mean, deviation)
    if {"low", "mode", "high"} <= set(numbers) <= {"low", "mode", "high", "gamma"}:
        return _pert_node(numbers | {"gamma": numbers.get("gamma", 4.0)}, where)
    raise FormatProblem(
        "pyfair.numbers",
        "A node has low, mode and high (and gamma), or mean and stdev, or a constant, or raw values.",
        where,
    )


def _pert_node(numbers: Mapping[str, float], where: str) -> _Node:
    low, mode, high, gamma = (numbers[part] for part in ("low", "mode", "high", "gamma"))
    if not low <= mode <= high:
        raise FormatProblem("impossible_quantiles", "Low, mode and high must rise in this order.", where)
    if not 0 < gamma <= 1_000:
        raise FormatProblem("pyfair.gamma", "Gamma is above 0 and at most 1,000.", where)
    if low == high:
        return _Node("constant", {"constant": low}, (), low, 0.0)
    mean = (low + gamma * mode + high) / (gamma + 2)
    return _Node("pert", numbers, (), mean, ((mean - low) * (high - mean) / (gamma + 3)) ** 0.5)


def _raw_node(written: Mapping[str, Any], name: str, where: str) -> _Node:
    values = written["raw"]
    if set(written) != {"raw"} or not isinstance(values, list) or not 0 < len(values) <= MOST_VALUES:
        raise FormatProblem("pyfair.raw", f"Raw data is a list of 1 to {MOST_VALUES:,} numbers.", where)
    numbers = tuple(real(value, f"{where}/raw/{place}") for place, value in enumerate(values))
    if name in _SHARES:
        _refuse_above_one({"raw": max(numbers)}, where)
    return _Node("raw", {}, numbers, float(np.mean(numbers)), float(np.std(numbers)))


def _refuse_above_one(numbers: Mapping[str, float], where: str) -> None:
    for key in ("constant", "low", "mode", "high", "mean", "raw"):
        if numbers.get(key, 0.0) > 1:
            raise FormatProblem("probability_range", "A share lies from 0 to 1.", f"{where}/{key}")


def _cut_normal(mean: float, deviation: float, *, top: float) -> tuple[float, float]:
    """Mean and standard deviation of a normal whose values below 0 count as 0, and above `top` as `top`."""
    if deviation == 0:
        return min(mean, top), 0.0
    shares = middle_shares(20_000)
    values = np.clip(mean + deviation * normal_quantiles(shares), 0.0, top)
    return float(values.mean()), float(values.std())


def _product(one: _Node, other: _Node) -> tuple[float, float]:
    return _product_of((one.mean, one.deviation), (other.mean, other.deviation))


def _product_of(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Mean and standard deviation of the product of two that are independent."""
    mean = one[0] * other[0]
    square = (one[0] ** 2 + one[1] ** 2) * (other[0] ** 2 + other[1] ** 2)
    return mean, max(square - mean**2, 0.0) ** 0.5


def _stronger(capability: _Node, strength: _Node) -> float:
    """The chance that a threat's capability is above the strength of the control, the two independent."""
    shares = middle_shares(4_000)
    capable, strong = _node_quantiles(capability, shares), np.sort(_node_quantiles(strength, shares))
    return float(np.searchsorted(strong, capable, side="left").mean() / len(strong))


def _node_quantiles(node: _Node, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if node.kind == "pert":
        low, mode, high, gamma = (node.numbers[part] for part in ("low", "mode", "high", "gamma"))
        return pert_quantiles(low, mode, high, gamma, shares)
    if node.kind == "normal":
        made: npt.NDArray[np.float64] = np.clip(
            node.numbers["mean"] + node.numbers["stdev"] * normal_quantiles(shares), 0.0, 1.0
        )
        return made
    if node.kind == "raw":
        values = np.sort(np.array(node.values))
        return values[(shares * len(values)).astype(np.int64)]
    return np.full(len(shares), node.mean)


def _written_frequency(frequency: Mapping[str, Any]) -> dict[str, float]:
    mean, variation = yearly_rate(frequency), frequency.get("variation") or 0.0
    return {"mean": mean, "stdev": mean * variation} if variation else {"constant": mean}


def _written_loss(loss: Mapping[str, Any], order: npt.NDArray[np.int64], name: str) -> dict[str, Any]:
    primary = _written_magnitude(loss["primary"], order, name)
    chance = loss.get("secondary_probability") or 0.0
    if not chance or not loss.get("secondary"):
        return {MAGNITUDE: primary}
    return {
        PRIMARY: primary,
        SLEF: {"constant": chance},
        SLEM: _written_magnitude(loss["secondary"], order[::-1], name),
    }


def _written_magnitude(magnitude: Mapping[str, Any], order: npt.NDArray[np.int64], name: str) -> dict[str, Any]:
    if magnitude["shape"] == "pert" and not magnitude.get("tail") and magnitude.get("limit") is None:
        return {"low": magnitude["low"], "mode": magnitude["mode"], "high": magnitude["high"], "gamma": 4}
    return {"raw": cost_quantiles(magnitude, middle_shares(len(order)), where=name)[order].tolist()}
