"""What every stage of loading stands on: the invented register and the numbers that the database gave to things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from sipar.demonstration.people import BACKGROUND, background_email, ids_by_email
from sipar.demonstration.recipe import Recipe
from sipar.demonstration.register import Register
from sipar.nations.profile import Nation
from sipar.orgs.models import Ministry, Organisation, Province, Sector
from sipar.teams.models import Team


@dataclass(frozen=True, eq=False)
class Ground:
    """Made once a stage, inside `acting`; the numbers are read when first asked for."""

    nation: Nation
    recipe: Recipe
    register: Register
    seed: int
    now: datetime

    @cached_property
    def organisations(self) -> pl.Series:
        """The id of each organisation of the register, in its order."""
        found = pl.DataFrame(
            list(Organisation.objects.filter(is_fictional=True).values_list("identifier", "pk")),
            schema={"identifier": pl.String, "id": pl.Int64},
            orient="row",
        )
        return self.register.table.select("identifier").join(found, on="identifier", how="left", maintain_order="left")[
            "id"
        ]

    @cached_property
    def people(self) -> dict[str, int]:
        return ids_by_email()

    @cached_property
    def background(self) -> list[int]:
        """People who sign, list and review where no demonstration account does."""
        return [self.people[background_email(number)] for number in range(BACKGROUND)]

    @cached_property
    def teams(self) -> dict[str, int]:
        return dict(Team.objects.values_list("code", "pk"))

    @cached_property
    def sectors(self) -> dict[str, int]:
        return dict(Sector.objects.values_list("code", "pk"))

    @cached_property
    def provinces(self) -> dict[str, int]:
        return dict(Province.objects.values_list("code", "pk"))

    @cached_property
    def ministries(self) -> dict[str, int]:
        return dict(Ministry.objects.values_list("code", "pk"))

    def random(self, stage: int) -> np.random.Generator:
        """The chance of one stage: stages do not disturb each other."""
        return np.random.default_rng([self.seed, 100, stage])

    def person(self, key: str) -> int:
        return self.people[f"{key}@demo.example"]
