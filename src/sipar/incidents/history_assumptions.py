"""What a generated history rests on: shares, lags and amounts, read from a file that anybody can replace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.documents import load_yaml
from sipar.formats.problems import FormatProblem
from sipar.incidents.severity import DATA, LIMITS, Code
from sipar.nations.documents import build
from sipar.nations.profile import Note

SEVERITIES = ("low", "medium", "high", "critical")
SIZES = ("micro", "small", "medium", "large")
ABROAD = (
    "eu_data_controller",
    "eu_product_manufacturer",
    "operates_in_india",
    "singapore_cii_owner",
    "us_covered_entity",
    "australia_responsible_entity",
    "uk_regulated_entity",
    "saudi_nca_bound",
    "saudi_sama_supervised",
)

Probability = Annotated[float, Field(ge=0, le=1)]
Four = Annotated[tuple[Probability, ...], Field(min_length=4, max_length=4)]
Shares = Annotated[dict[str, Probability], Field(min_length=1, max_length=100)]


class Amount(Shape):
    """A log-logistic distribution: `median * (u / (1 - u)) ** spread` for u uniform between 0 and 1."""

    median: Annotated[float, Field(gt=0, le=1e9)]
    spread: Annotated[float, Field(gt=0, le=2)]


class Week(Shape):
    weekend: tuple[Annotated[int, Field(ge=0, le=6)], ...]
    working_from: Annotated[int, Field(ge=0, le=23)]
    working_until: Annotated[int, Field(ge=1, le=24)]
    working: Annotated[float, Field(gt=0, le=100)]
    otherwise: Annotated[float, Field(gt=0, le=100)]
    at_weekend: Annotated[float, Field(gt=0, le=100)]


class Size(Shape):
    share: Probability
    staff_from: Annotated[int, Field(ge=1)]
    staff_to: Annotated[int, Field(ge=1, le=10_000_000)]


class SectorAssumptions(Shape):
    incidents: Probability
    organisations: Annotated[float, Field(gt=0, le=1)]
    public: Probability
    tiers: Four
    ot: Probability
    subsectors: Shares
    patterns: Shares

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        _add_up("tiers", self.tiers)
        _add_up("subsectors", self.subsectors.values())
        _add_up("patterns", self.patterns.values())
        return self


class PatternAssumptions(Shape):
    incident_class: Code
    certin_type: Code
    root_cause_class: Code
    root_causes: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    malicious: Probability
    access: Probability
    data: Probability
    personal: Probability
    ransomware: Probability
    outage: Probability
    supplier: Probability
    severity: Four
    loss_eur: Amount
    outage_hours: Amount
    detection_hours: Amount

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        _add_up("severity", self.severity)
        return self


class Lags(Shape):
    awareness_hours: Amount
    belief_hours: Amount
    classification_hours: Amount
    ransom_days: Amount
    fix_days: Amount
    handling_days: Annotated[tuple[Amount, ...], Field(min_length=4, max_length=4)]


class GoesOn(Shape):
    second: Probability
    third: Probability
    final: Probability


class Reporting(Shape):
    reports: Four
    goes_on: GoesOn
    first_hours: Amount
    second_hours: Amount
    third_hours: Amount
    final_hours: Amount


class Ransom(Shape):
    paid: Probability
    amount_usd: Amount


class Assumptions(Shape):
    history: Code
    version: Annotated[int, Field(ge=1)]
    status: Literal["assumption", "measured"]
    source: Note
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    time_zone: Annotated[str, Field(min_length=1, max_length=50)]
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)]
    week: Week
    growth_per_year: Annotated[float, Field(gt=-1, le=10)]
    concentration: Annotated[float, Field(gt=0, le=2)]
    provinces: Shares
    sizes: dict[Literal["micro", "small", "medium", "large"], Size]
    turnover_eur_per_head: Amount
    abroad: dict[str, Probability]
    entity_types: dict[Code, Code]
    financial_entities: dict[Code, Code]
    licensees: dict[Code, Code]
    customers_per_head: Amount
    sectors: Annotated[dict[Code, SectorAssumptions], Field(min_length=1, max_length=60)]
    patterns: Annotated[dict[Code, PatternAssumptions], Field(min_length=1, max_length=60)]
    lags: Lags
    reporting: Reporting
    unknown: Annotated[float, Field(ge=0, lt=1)]
    ransom: Ransom
    major_from: Literal["low", "medium", "high", "critical"]
    cross_border: Probability

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        _add_up("provinces", self.provinces.values())
        _add_up("sizes", (size.share for size in self.sizes.values()))
        _add_up("incidents of the sectors", (sector.incidents for sector in self.sectors.values()))
        _add_up("organisations of the sectors", (sector.organisations for sector in self.sectors.values()))
        if tuple(self.sizes) != SIZES:
            raise ValueError(f"sizes are {', '.join(SIZES)}, in this order")
        if tuple(self.abroad) != ABROAD:
            raise ValueError(f"abroad says a share for {', '.join(ABROAD)}, in this order")
        for code, sector in self.sectors.items():
            if tuple(sector.patterns) != tuple(self.patterns):
                raise ValueError(f"{code} says a share for every pattern, in the order of the patterns")
        return self


def read_assumptions(data: bytes, name: str = "assumptions") -> Assumptions:
    """The assumptions in a YAML file; FormatProblem with the place otherwise."""
    document = load_yaml(data, LIMITS)
    if not isinstance(document, dict):
        raise FormatProblem("not_a_mapping", "the file must hold one mapping at its top", name)
    return build(Assumptions, document, name)


@cache
def shipped_assumptions() -> Assumptions:
    """The assumptions that Sipar ships."""
    return read_assumptions((DATA / "history-assumptions.yaml").read_bytes(), "history-assumptions.yaml")


def _add_up(what: str, shares: Iterable[float]) -> None:
    total = sum(shares)
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"the shares of {what} add up to {total:.3f}, not to 1")
