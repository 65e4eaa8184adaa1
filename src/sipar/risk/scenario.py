"""A loss scenario as people state it: who, what happens, how often, how much, and where each number comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sipar.formats.problems import FormatProblem
from sipar.risk.magnitudes import Magnitude

# More events in one year than this of one scenario is a unit mistake, and so is a mean cost above this of one event.
MOST_EVENTS = 1_000.0
MOST_COST = 1e13
UNITS = {"year": 1.0, "month": 12.0, "quarter": 4.0, "decade": 0.1}


class Quality(StrEnum):
    """How well a number is founded, best first."""

    MEASURED = "measured"
    PUBLISHED = "published"
    EXPERT = "expert"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Source:
    """Where a number comes from."""

    text: str
    quality: Quality


@dataclass(frozen=True)
class Frequency:
    """Loss events in a year: Poisson with this mean, or negative binomial where the rate itself varies.

    `spread` is the variance of the rate over its mean squared: 0 is Poisson; with it the number of events has the
    variance mean + spread * mean squared.
    """

    mean: float
    spread: float = 0.0


@dataclass(frozen=True)
class Loss:
    """What one event costs: the primary loss, and with a probability a secondary one on top (fines, suits, customers).

    All of one currency and of the prices of one year.
    """

    primary: Magnitude
    secondary_probability: float = 0.0
    secondary: Magnitude | None = None

    @property
    def mean(self) -> float:
        return self.primary.mean + (self.secondary_probability * self.secondary.mean if self.secondary else 0.0)


@dataclass(frozen=True)
class Scenario:
    """One way in which one organisation, or a class of them, loses money.

    `event` is a VERIS action and pattern or an ATT&CK tactic; `sources` names the source of "frequency" and "loss".
    """

    key: str
    organisation: str
    sector: str
    event: str
    asset: str
    frequency: Frequency
    loss: Loss
    currency: str
    year: int
    sources: Mapping[str, Source] = field(default_factory=dict)
    province: str = ""
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shock:
    """A year in which everything that shares this factor happens `factor` times as often, with this probability.

    In other years it happens as much less often, so that the mean over all years stays.
    """

    probability: float
    factor: float

    @property
    def otherwise(self) -> float:
        return (1 - self.probability * self.factor) / (1 - self.probability)


CALM = Shock(0.0, 1.0)


@dataclass(frozen=True)
class Provider:
    """Something that many rest on: its failures in a year (Poisson), and the providers that it rests on itself.

    A provider fails whenever one that it rests on fails. `dependents` says for a scenario's key how likely a failure
    of this provider sets it off.
    """

    key: str
    failures: float
    dependents: Mapping[str, float]
    rests_on: tuple[str, ...] = ()


def poisson(rate: float, *, per: str = "year", where: str = "frequency") -> Frequency:
    """So many events in a year; a rate given per month is brought to a year."""
    return uncertain(rate, 0.0, per=per, where=where)


def uncertain(
    rate: float, variation: float, *, overdispersion: float = 0.0, per: str = "year", where: str = "frequency"
) -> Frequency:
    """A rate whose standard deviation is `variation` times its mean, of events that themselves come in clumps.

    Both are taken as one gamma factor with the same mean and variance, so that the count is negative binomial.
    """
    if per not in UNITS:
        raise FormatProblem("unknown_unit", f"A rate is per {', '.join(UNITS)}.", where)
    for name, number in (("rate", rate), ("variation", variation), ("overdispersion", overdispersion)):
        if not math.isfinite(number):
            raise FormatProblem("not_finite", f"The {name} is not a finite number.", where)
        if number < 0:
            raise FormatProblem("negative", f"The {name} is negative.", where)
    return Frequency(rate * UNITS[per], (1 + variation**2) * (1 + overdispersion) - 1)


def negative_binomial(mean: float, variance: float, *, where: str = "frequency") -> Frequency:
    """The negative binomial count of this mean and variance."""
    if not math.isfinite(mean) or not math.isfinite(variance):
        raise FormatProblem("not_finite", "Mean and variance must be finite numbers.", where)
    if mean <= 0:
        raise FormatProblem("not_positive", "The mean must be above zero.", where)
    if variance < mean:
        raise FormatProblem("contradictory", "A negative binomial's variance is not below its mean.", where)
    return Frequency(mean, (variance - mean) / mean**2)


def check_scenarios(scenarios: Sequence[Scenario]) -> None:
    """Raise the first FormatProblem of the scenarios; `where` is the scenario's key."""
    seen: set[str] = set()
    for scenario in scenarios:
        if scenario.key in seen:
            raise FormatProblem("twice", "Two scenarios have this key.", scenario.key)
        seen.add(scenario.key)
        _check(scenario, scenarios[0])


def check_shock(shock: Shock, *, where: str = "shock") -> None:
    """Raise FormatProblem where the shock cannot leave the mean as it is."""
    if not (math.isfinite(shock.probability) and math.isfinite(shock.factor)):
        raise FormatProblem("not_finite", "A shock's numbers must be finite.", where)
    if not 0 <= shock.probability < 1 or shock.factor < 0:
        raise FormatProblem("shock_range", "A probability from 0 to below 1, and a factor not below 0.", where)
    if shock.probability * shock.factor > 1:
        raise FormatProblem(
            "contradictory", "So strong a shock this often leaves less than nothing to calm years.", where
        )


def failing_with(providers: Sequence[Provider]) -> dict[str, tuple[str, ...]]:
    """For each provider all that fail when it does, itself first. Raises FormatProblem for a cycle or unknown names."""
    by_key = {provider.key: provider for provider in providers}
    if len(by_key) < len(providers):
        raise FormatProblem("twice", "Two providers have the same key.", "providers")
    above: dict[str, list[str]] = {key: [] for key in by_key}
    for provider in providers:
        for other in provider.rests_on:
            if other not in by_key:
                raise FormatProblem("unknown_provider", f"There is no provider {other}.", provider.key)
            above[other].append(provider.key)
    waiting = {key: len(set(provider.rests_on)) for key, provider in by_key.items()}
    free = [key for key, count in waiting.items() if not count]
    order: list[str] = []
    while free:
        key = free.pop()
        order.append(key)
        for other in dict.fromkeys(above[key]):
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    if len(order) < len(by_key):
        cyclic = sorted(key for key, count in waiting.items() if count)
        raise FormatProblem("cycle", f"These providers rest on each other in a circle: {', '.join(cyclic)}.", cyclic[0])
    failing: dict[str, tuple[str, ...]] = {}
    for key in reversed(order):
        failing[key] = tuple(dict.fromkeys([key, *(name for other in above[key] for name in failing[other])]))
    return failing


def _check(scenario: Scenario, first: Scenario) -> None:
    where = scenario.key
    mean, spread = scenario.frequency.mean, scenario.frequency.spread
    if not (math.isfinite(mean) and math.isfinite(spread)):
        raise FormatProblem("not_finite", "The frequency is not a finite number.", where)
    if mean < 0 or spread < 0:
        raise FormatProblem("negative", "A frequency cannot be negative.", where)
    if mean > MOST_EVENTS:
        raise FormatProblem("unit_mistake", f"{mean:g} loss events a year: is this rate really per year?", where)
    if (scenario.currency, scenario.year) != (first.currency, first.year):
        raise FormatProblem(
            "mixed_money",
            f"{scenario.currency} of {scenario.year} stands beside {first.currency} of {first.year}: convert first.",
            where,
        )
    if not 0 <= scenario.loss.secondary_probability <= 1:
        raise FormatProblem("probability_range", "The probability of a secondary loss lies from 0 to 1.", where)
    if scenario.loss.secondary_probability > 0 and scenario.loss.secondary is None:
        raise FormatProblem("contradictory", "A secondary loss has a probability but no magnitude.", where)
    if not scenario.loss.mean < MOST_COST:
        raise FormatProblem(
            "unit_mistake",
            f"The mean loss of {scenario.loss.mean:g} {scenario.currency} for one event cannot be.",
            where,
        )


def check_expected(scenario: Scenario, *, low: float, high: float) -> None:
    """Raise FormatProblem `unit_mistake` where the mean loss of an event is out of the range that its kind knows.

    The range comes from the scenario library in the scenario's currency: rupees entered as dollars are off by hundreds.
    """
    if low <= scenario.loss.mean <= high:
        return
    raise FormatProblem(
        "unit_mistake",
        f"A mean loss of {scenario.loss.mean:,.0f} {scenario.currency} for one event; such events cost {low:,.0f} to"
        f" {high:,.0f}. Check the currency and the unit.",
        scenario.key,
    )
