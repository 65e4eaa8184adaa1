"""What one event costs, as the document states it."""

from __future__ import annotations

from collections.abc import Mapping

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions_reading import choice, entries, fields, number
from sipar.risk.magnitudes import (
    Magnitude,
    empirical,
    generalised_pareto,
    limited,
    lognormal,
    lognormal_between,
    pert,
    with_tail,
)
from sipar.risk.scenario import Loss

TAIL = ("threshold", "scale", "tail_shape")
NAMES: Mapping[str, tuple[str, ...]] = {
    "lognormal": ("mu", "sigma", "low", "high", "confidence"),
    "pert": ("low", "mode", "high"),
    "pareto": TAIL,
    "empirical": ("costs",),
}


def loss_of(entry: Mapping[str, object], where: str) -> Loss:
    """The primary loss and the secondary one with its probability.

    `plausible` ({"low", "high"}) is the range in which the mean cost of such an event lies in this currency; outside
    of it, rupees were taken for dollars or the other way, and FormatProblem `unit_mistake` says so.
    """
    secondary = entry.get("secondary")
    probability = number(entry.get("secondary_probability"), f"{where}/secondary_probability", default=0.0, high=1.0)
    loss = Loss(
        magnitude_of(entry.get("primary"), f"{where}/primary"),
        probability,
        None if secondary is None else magnitude_of(secondary, f"{where}/secondary"),
    )
    if entry.get("plausible") is not None:
        _check_plausible(loss, entry["plausible"], where)
    return loss


def magnitude_of(value: object, where: str) -> Magnitude:
    """A magnitude by its `shape`, with a `tail` and a `limit` where stated.

    - lognormal: low, high, confidence (0.9 where missing), or mu, sigma of its logarithm;
    - pert: low, mode, high;
    - pareto: threshold, scale, tail_shape (xi of the generalised Pareto distribution);
    - empirical: costs, a list.
    """
    shape = choice(_shape(value, where), {name: name for name in NAMES}, f"{where}/shape")
    entry = fields(value, ("shape", "tail", "limit", *NAMES[shape]), where)
    made = _body(shape, entry, where)
    if entry.get("tail") is not None:
        tail = fields(entry["tail"], TAIL, f"{where}/tail", needed=TAIL)
        made = with_tail(made, *_tail(tail, f"{where}/tail"), where=f"{where}/tail")
    if entry.get("limit") is not None:
        made = limited(made, number(entry["limit"], f"{where}/limit"), where=f"{where}/limit")
    return made


def _shape(value: object, where: str) -> object:
    if not isinstance(value, Mapping):
        raise FormatProblem("not_an_object", "An object with named values stands here.", where)
    return value.get("shape")


def _body(shape: str, entry: Mapping[str, object], where: str) -> Magnitude:
    if shape == "lognormal" and entry.get("mu") is not None:
        mu = number(entry["mu"], f"{where}/mu", low=-50.0, high=50.0)
        return lognormal(mu, number(entry.get("sigma"), f"{where}/sigma"), where=where)
    if shape == "empirical":
        return empirical([number(one, f"{where}/costs") for one in entries(entry.get("costs"), where)], where=where)
    if shape == "pareto":
        return generalised_pareto(*_tail(entry, where), where=where)
    low, high = number(entry.get("low"), f"{where}/low"), number(entry.get("high"), f"{where}/high")
    if shape == "pert":
        return pert(low, number(entry.get("mode"), f"{where}/mode"), high, where=where)
    confidence = number(entry.get("confidence"), f"{where}/confidence", default=0.9)
    return lognormal_between(low, high, confidence=confidence, where=where)


def _tail(entry: Mapping[str, object], where: str) -> tuple[float, float, float]:
    return (
        number(entry.get("threshold"), f"{where}/threshold"),
        number(entry.get("scale"), f"{where}/scale"),
        number(entry.get("tail_shape"), f"{where}/tail_shape", low=-1.0),
    )


def _check_plausible(loss: Loss, value: object, where: str) -> None:
    spot = f"{where}/plausible"
    entry = fields(value, ("low", "high"), spot, needed=("low", "high"))
    low, high = number(entry["low"], f"{spot}/low"), number(entry["high"], f"{spot}/high")
    if low >= high:
        raise FormatProblem("contradictory", "The low value must be below the high value.", spot)
    if not low <= loss.mean <= high:
        raise FormatProblem(
            "unit_mistake",
            f"A mean loss of {loss.mean:,.0f} for one event, where such events cost {low:,.0f} to {high:,.0f}: check"
            " the currency and the unit.",
            where,
        )
