"""How soon a CERT owes what in a case: the operator's table, by criticality and by tier of the CERT."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.documents import load_yaml
from sipar.formats.problems import FormatProblem
from sipar.incidents.severity import DATA, LIMITS
from sipar.nations.documents import build

type Service = Literal["accept", "contact", "assess"]
type Criticality = Literal["1", "2", "3", "4", "unknown"]

CODE = "case"
SERVICES: tuple[Service, ...] = ("accept", "contact", "assess")
_CRITICALITIES: frozenset[Criticality] = frozenset({"1", "2", "3", "4", "unknown"})
Hours = Annotated[float, Field(gt=0, le=24 * 365)]


class ServiceHours(Shape):
    """`services`: service to tier of a CERT (or "default") to criticality to hours."""

    status: Literal["operator policy"]
    version: Annotated[int, Field(ge=1)]
    services: dict[Service, dict[str, dict[Criticality, Hours]]]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for service in SERVICES:
            tables = self.services.get(service, {})
            if "default" not in tables:
                raise ValueError(f"the service {service} has no default")
            for tier, hours in tables.items():
                if set(hours) != _CRITICALITIES:
                    raise ValueError(f"{service}/{tier} must say hours for 1, 2, 3, 4 and unknown")
        return self

    def due(self, service: Service, *, criticality: int | None, team_tier: str, start: datetime) -> datetime:
        """When the service is due that a CERT of this tier owes an organisation of this criticality from `start` on."""
        tables = self.services[service]
        hours = tables.get(team_tier, tables["default"])
        known = {str(tier): number for tier, number in hours.items()}
        return start + timedelta(hours=known.get(str(criticality), hours["unknown"]))


def read_service_hours(data: bytes, name: str = "service-levels") -> ServiceHours:
    """The table in a YAML file; FormatProblem with the place where it is not one."""
    document = load_yaml(data, LIMITS)
    if not isinstance(document, dict):
        raise FormatProblem("not_a_mapping", "the file must hold one mapping at its top", name)
    return build(ServiceHours, document, name)


@cache
def service_hours() -> ServiceHours:
    """The table that Sipar ships."""
    return read_service_hours((DATA / "service-levels.yaml").read_bytes(), "service-levels.yaml")
