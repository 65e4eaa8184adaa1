"""What the demonstration nation is made of, as data beside the nation profile (`pk.yaml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sipar.formats.catalogue import Shape
from sipar.nations.documents import build, read_yaml

FOLDER = Path(__file__).parent
Pair = tuple[str, str]
Share = Annotated[float, Field(ge=0, le=1)]


class ProvinceRecipe(Shape):
    share: Share
    effect: float


class SectorRecipe(Shape):
    """`critical` multiplies the odds of tiers 1 and 2; `trend` is the gain in maturity from one year to the next."""

    share: Share
    public: Share
    critical: float
    effect: float
    trend: float
    ot: Share


class Featured(Shape):
    """An organisation that demonstration accounts work at. `maturity` is 0..1."""

    name: str
    name_ur: str
    sector: str
    subsector: str
    province: str
    ministry: str | None
    tier: int
    size: str
    ownership: str
    maturity: Share


class Recipe(Shape):
    """Words and shares. Pairs are (English, Urdu); proper names are a first syllable of the province and a second."""

    firsts: dict[str, tuple[Pair, ...]]
    seconds: tuple[Pair, ...]
    first_names: tuple[Pair, ...]
    last_names: tuple[str, ...]
    provinces: dict[str, ProvinceRecipe]
    sectors: dict[str, SectorRecipe]
    groups: dict[str, dict[str, float]]
    regulators: dict[str, str]
    ministries: dict[str, str]
    kinds: dict[str, tuple[Pair, ...]]
    featured: tuple[Featured, ...]


@cache
def recipe(nation: str) -> Recipe:
    """The recipe for a nation profile; raises `FormatProblem` where none is shipped."""
    return build(Recipe, read_yaml(FOLDER / f"{nation}.yaml"), f"{nation}.yaml")
