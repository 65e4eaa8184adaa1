"""Scales that a nation and its teams are measured by: SIM3, the FIRST service catalogue, GCI and NCAF indicators."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sipar.formats.catalogue import Shape
from sipar.nations.documents import build, read_yaml
from sipar.nations.profile import Note, Words

FOLDER = Path(__file__).parent
Category = Literal["O", "H", "T", "P"]


class Sim3Category(Shape):
    code: Category
    name: Words


class Sim3Level(Shape):
    level: Annotated[int, Field(ge=0, le=4)]
    title: Words
    criterion: Words


class Sim3Parameter(Shape):
    """`identifier` and `title` are SIM3's; `question` is Sipar's own sentence."""

    identifier: Annotated[str, StringConstraints(pattern=r"^[OHTP]-[1-9][0-9]?$")]
    title: Words
    question: Words

    @property
    def category(self) -> str:
        """O, H, T or P."""
        return self.identifier[0]


class Sim3(Shape):
    """SIM3 v1, the Security Incident Management Maturity Model of the Open CSIRT Foundation: 44 parameters."""

    model: Note
    version: Note
    source: Note
    note: Note
    categories: tuple[Sim3Category, ...]
    levels: tuple[Sim3Level, ...]
    parameters: tuple[Sim3Parameter, ...]

    @model_validator(mode="after")
    def _identifiers_are_unique(self) -> Self:
        _refuse_repeats(parameter.identifier for parameter in self.parameters)
        return self


class Service(Shape):
    identifier: Annotated[str, StringConstraints(pattern=r"^[5-9]\.[1-9]$")]
    name: Words


class ServiceArea(Shape):
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
    identifier: Annotated[str, StringConstraints(pattern=r"^[5-9]$")]
    name: Words
    services: Annotated[tuple[Service, ...], Field(min_length=1)]


class ServiceCatalogue(Shape):
    """FIRST CSIRT Services Framework v2.1; identifiers are the section numbers of that document."""

    model: Note
    version: Note
    source: Note
    areas: tuple[ServiceArea, ...]

    @model_validator(mode="after")
    def _identifiers_are_unique(self) -> Self:
        _refuse_repeats(service.identifier for area in self.areas for service in area.services)
        return self

    @property
    def services(self) -> dict[str, Service]:
        """Every service by its identifier, in the order of the document."""
        return {service.identifier: service for area in self.areas for service in area.services}


class Pillar(Shape):
    """A GCI pillar or an NCAF cluster."""

    code: Note
    name: Words


class Scheme(Shape):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    name: Words
    version: Note
    source: Note
    pillars: tuple[Pillar, ...]


class Indicator(Shape):
    """A figure that supports one pillar. `query` names the computation; `objective` the scheme's own heading.

    `objective_status` unverified: we have not seen the heading in the primary text, so it must not be printed as a
    quotation.
    """

    identifier: Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[0-9]{2}$")]
    scheme: str
    pillar: str
    objective: Words
    objective_status: Literal["verified", "unverified"]
    sentence: Words
    unit: Literal["count", "share", "table"]
    query: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]


class Indicators(Shape):
    note: Note
    schemes: tuple[Scheme, ...]
    indicators: tuple[Indicator, ...]

    @model_validator(mode="after")
    def _pillars_exist(self) -> Self:
        _refuse_repeats(indicator.identifier for indicator in self.indicators)
        known = {(scheme.code, pillar.code) for scheme in self.schemes for pillar in scheme.pillars}
        for indicator in self.indicators:
            if (indicator.scheme, indicator.pillar) not in known:
                raise ValueError(f"{indicator.identifier} names an unknown pillar {indicator.pillar}")
        return self


def _refuse_repeats(identifiers: Iterable[str]) -> None:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            raise ValueError(f"the identifier {identifier} appears twice")
        seen.add(identifier)


@cache
def sim3() -> Sim3:
    """The 44 parameters, their categories and the five levels, in the model's order."""
    return build(Sim3, read_yaml(FOLDER / "sim3.yaml"), "sim3.yaml")


@cache
def first_services() -> ServiceCatalogue:
    """The 5 service areas with their 21 services."""
    return build(ServiceCatalogue, read_yaml(FOLDER / "first_services.yaml"), "first_services.yaml")


@cache
def indicators() -> Indicators:
    """The GCI and NCAF indicators that the register and the campaigns can compute."""
    return build(Indicators, read_yaml(FOLDER / "indicators.yaml"), "indicators.yaml")
