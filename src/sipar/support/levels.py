"""How fast help is accepted and arrives: a table by urgency and criticality tier, replaceable by the operator."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE = Path(__file__).parent / "data" / "service-levels-1.yaml"
Urgency = Literal["now", "hours", "days", "planned"]
Tier = Literal[1, 2, 3, 4]
Minutes = Annotated[int, Field(ge=1, le=100_000)]


class ServiceLevels(BaseModel):
    """`minutes` by stage ("accept", "arrive"), urgency and tier; what is missing has no clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    status: Literal["operator_policy"]
    source: str
    minutes: dict[Literal["accept", "arrive"], dict[Urgency, dict[Tier, Minutes]]]

    def time_for(self, stage: str, *, urgency: str, tier: int) -> timedelta | None:
        """How long this stage may take; None where no level is set."""
        minutes = self.minutes.get(stage, {}).get(urgency, {}).get(tier)  # type: ignore[call-overload]
        return timedelta(minutes=minutes) if minutes is not None else None


@cache
def service_levels() -> ServiceLevels:
    """The table that holds now."""
    return ServiceLevels.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))
