"""What a run of the model says, as JSON: the shapes of its parts."""

from __future__ import annotations

from typing import NotRequired, TypedDict

type Title = dict[str, str]


class Banded(TypedDict):
    """A number by the simulation, its band with 95 % confidence, and the same by the exact engine.

    `high` is None where there are too few years to say; `exact` where the grid does not reach.
    """

    value: float
    low: float
    high: float | None
    exact: float | None


class Quantile(Banded):
    level: float


class Contribution(TypedDict):
    """One part of a sum: its mean loss a year and its share of the shortfall; None where a small cell is hidden.

    The parts of one dimension sum to the nation. `bad_year` (sectors and provinces) is the loss that this part by
    itself stays within in 95 of 100 years. Keys that stand for the rest: "" among providers (what no provider sets
    off), among requirements (what stays when every gap is closed).
    """

    key: str
    mean: float | None
    shortfall: float | None
    organisations: int | None
    bad_year: NotRequired[float | None]


class Swing(TypedDict):
    """One assumption from its low to its high: the nation's mean year and shortfall at both.

    `part` is "frequency", "cost", "failures", "shock", "effect" or "exposure"; `assumed` the number in the document
    (1 where it is a factor on several numbers). The largest swing of the mean first. The shortfall is None where it was
    not worked out. `organisations` is how many it touches.
    """

    path: str
    organisations: int
    title: Title
    part: str
    assumed: float
    assumed_low: float
    assumed_high: float
    low: float
    high: float
    shortfall_low: float | None
    shortfall_high: float | None


class ProviderPart(TypedDict):
    """A shared provider: what one failure costs on average, with all that fails with it; who rests on it directly."""

    key: str
    title: Title
    kind: str
    failures: float
    rests_on: list[str]
    loss_when_failing: float | None
    mean: float | None
    dependents: int | None


class ShockPart(TypedDict):
    """A shock: the mean loss of a year with it and of a year without; `sector` is "" for the nation."""

    sector: str
    title: Title
    probability: float
    factor: float
    mean_with: float | None
    mean_without: float | None


class Document(TypedDict):
    """What a run says, as JSON. `curve` and `exact_curve` are [loss, probability of losing more in a year]."""

    currency: str
    year: int
    years: int
    seed: int
    organisations: int
    rows: int
    mean: Banded
    quantiles: list[Quantile]
    shortfall: Quantile
    zero_years: float
    engines_agree: bool
    curve: list[list[float]]
    exact_curve: list[list[float]]
    contributions: dict[str, list[Contribution]]
    scenarios: dict[str, Title]
    tornado: list[Swing]
    providers: list[ProviderPart]
    shocks: list[ShockPart]
    backtest: dict[str, object]
    left_out: dict[str, list[str] | int]
