"""What the model rests on, read and checked: scenarios, shocks, providers, effects, exposure and recorded years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sipar.risk.assumptions_source import UNSOURCED, Sourced
from sipar.risk.controls import Effect
from sipar.risk.scenario import CALM, Frequency, Loss, Shock

NATION = ""


@dataclass(frozen=True)
class Applies:
    """Which organisations a scenario can hit; an empty tuple means all."""

    sectors: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    sizes: tuple[str, ...] = ()
    ownership: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One scenario of the library, for every organisation that it applies to.

    `variation` is how uncertain the rate is (standard deviation over mean). `size` and `tier` multiply the costs.
    """

    key: str
    title: Mapping[str, str]
    event: str
    asset: str
    forms: tuple[str, ...]
    applies: Applies
    frequency: Frequency
    variation: float
    frequency_source: Sourced
    loss: Loss
    loss_source: Sourced
    size: Mapping[str, float]
    tier: Mapping[int, float]


@dataclass(frozen=True)
class NamedShock:
    """A shock of one sector, or of the nation where `sector` is empty."""

    sector: str
    title: Mapping[str, str]
    shock: Shock
    source: Sourced


@dataclass(frozen=True)
class SharedProvider:
    """Something that many rest on; `sets_off` says for a scenario's key how likely a failure sets it off."""

    key: str
    title: Mapping[str, str]
    kind: str
    failures: float
    rests_on: tuple[str, ...]
    sets_off: Mapping[str, float]
    source: Sourced


@dataclass(frozen=True)
class Exposure:
    """The factor on frequency for each open finding of a severity, and the most that all of them make."""

    factors: Mapping[str, float]
    most: float
    source: Sourced


@dataclass(frozen=True)
class RecordedYear:
    """What a year did cost, for the back-test; in the document's currency and prices."""

    year: int
    loss: float
    source: Sourced


@dataclass(frozen=True)
class Assumptions:
    """One document, read and checked."""

    currency: str
    year: int
    kinds: tuple[Kind, ...]
    shocks: tuple[NamedShock, ...] = ()
    providers: tuple[SharedProvider, ...] = ()
    effects: tuple[Effect, ...] = ()
    exposure: Exposure = field(default_factory=lambda: Exposure({}, 1.0, UNSOURCED))
    measures: Mapping[str, object] = field(default_factory=dict)
    recorded_years: tuple[RecordedYear, ...] = ()

    @property
    def nation_shock(self) -> Shock:
        return next((named.shock for named in self.shocks if named.sector == NATION), CALM)

    @property
    def sector_shocks(self) -> dict[str, Shock]:
        return {named.sector: named.shock for named in self.shocks if named.sector != NATION}
