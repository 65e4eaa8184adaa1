"""Invented answers that hang together: a strong organisation is strong nearly everywhere, some things are hard for all.

An organisation's maturity, the ease of a requirement, the story of a sector and group, and a little chance add up to
a level. The same chance serves both years, so that a year later an organisation is itself, somewhat better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sipar.demonstration.recipe import Recipe
from sipar.demonstration.register import Register
from sipar.formats.catalogue import Catalogue
from sipar.posture.levels import NOT_APPLICABLE, Levels
from sipar.posture.scoring import rules_from
from sipar.posture.targets import NOTHING_ASKED, target_vector

CHANCE = 0.10
YEAR_CHANCE = 0.04
EASE = 0.05
# Above which maturity an organisation of tiers 1 to 4 rather meets its target than not.
COMPLIANT_FROM = np.array([0.84, 0.78, 0.70, 0.62])
STEEPNESS = 16.0
# What does not apply to an organisation that neither writes software nor runs a plant of its own.
WITHOUT_SOFTWARE = ("PR.PS-06",)
WITHOUT_PLANT = ("PR.IR-02",)

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """levels uint8[n, R] as submitted; targets uint8[n, R] of each organisation's profile."""

    levels: Levels
    targets: Levels


def draw_answers(register: Register, recipe: Recipe, catalogue: Catalogue, *, years_later: float, seed: int) -> Answers:
    """Draw complete answers of every organisation; `years_later` counts from the first campaign."""
    n, requirements = register.size, len(catalogue.requirements)
    random = np.random.default_rng([seed, 2, requirements])
    later = np.random.default_rng([seed, 3, requirements, round(years_later * 100)])
    ease = random.normal(0.0, EASE, requirements) + _story(register, recipe, catalogue)
    chance = random.normal(0.0, CHANCE, (n, requirements))
    trend = np.array([recipe.sectors[code].trend for code in register.table["sector"]]) * years_later
    maturity = register.maturity + trend
    value = maturity[:, None] + ease + chance + later.normal(0.0, YEAR_CHANCE, (n, requirements))
    levels = np.clip(np.rint(value * catalogue.top_level), 0, catalogue.top_level).astype(np.uint8)
    targets = _targets(register, catalogue)
    wills = random.random(n)
    tier = register.table["tier"].to_numpy() - 1
    compliant = wills < 1.0 / (1.0 + np.exp(-STEEPNESS * (maturity - COMPLIANT_FROM[tier])))
    asked = np.where(targets == NOTHING_ASKED, 0, targets)
    levels = np.where(compliant[:, None], np.maximum(levels, asked), levels)
    levels[_not_applicable(register, catalogue, random)] = NOT_APPLICABLE
    return Answers(levels=levels, targets=targets)


def _story(register: Register, recipe: Recipe, catalogue: Catalogue) -> Floats:
    """float64[n, R]: what the recipe says of each sector and top-level group."""
    rules = rules_from(catalogue)
    everywhere = recipe.groups.get("any", {})
    by_sector = {
        code: np.array([everywhere.get(g, 0.0) + recipe.groups.get(code, {}).get(g, 0.0) for g in rules.top_groups])
        for code in recipe.sectors
    }
    effects: Floats = np.array([by_sector[code] for code in register.table["sector"]])[:, rules.top_group]
    return effects


def _targets(register: Register, catalogue: Catalogue) -> Levels:
    profiles = {profile.id: target_vector(profile, catalogue) for profile in catalogue.profiles}
    found: Levels = np.array([profiles[f"tier-{tier}"] for tier in register.table["tier"]], dtype=np.uint8)
    return found


def _not_applicable(register: Register, catalogue: Catalogue, random: np.random.Generator) -> NDArray[np.bool_]:
    """bool[n, R]: requirements of plants for who has none, and of software for who writes none."""
    only_plants = np.array([item.applies_to == ["ot"] or item.id in WITHOUT_PLANT for item in catalogue.requirements])
    software = np.array([item.id in WITHOUT_SOFTWARE for item in catalogue.requirements])
    small = register.table["size"].is_in(["micro", "small"]).to_numpy()
    writes_none = small & (register.table["sector"] != "it").to_numpy() & (random.random(register.size) < 0.5)
    without_plant = ~register.ot & small & (random.random(register.size) < 0.3)
    found: NDArray[np.bool_] = np.outer(without_plant, only_plants) | np.outer(writes_none, software)
    return found
