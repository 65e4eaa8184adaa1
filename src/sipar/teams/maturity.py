"""SIM3 self-assessments: 44 levels as bytes in the order of the shipped list, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipar.nations.reference import Sim3

NOT_ANSWERED = 255


@dataclass(frozen=True)
class Quadrant:
    """One category of SIM3: how many parameters are answered, their mean and their lowest level (None without any)."""

    code: str
    name: Mapping[str, str]
    parameters: int
    answered: int
    mean: float | None
    lowest: int | None


def encoded(levels: Mapping[str, int | None], model: Sim3) -> bytes:
    """One byte for each parameter of the model; 255 where there is no level. Raises ValueError for unknown ones."""
    known = {parameter.identifier for parameter in model.parameters}
    highest = max(level.level for level in model.levels)
    for identifier, level in levels.items():
        if identifier not in known:
            raise ValueError(f"SIM3 has no parameter {identifier}")
        if level is not None and not 0 <= level <= highest:
            raise ValueError(f"{identifier}: a level is between 0 and {highest}")
    values = (levels.get(parameter.identifier) for parameter in model.parameters)
    return bytes(NOT_ANSWERED if value is None else value for value in values)


def decoded(levels: bytes, model: Sim3) -> dict[str, int | None]:
    """The level of each parameter by its identifier."""
    return {
        parameter.identifier: None if value == NOT_ANSWERED else value
        for parameter, value in zip(model.parameters, levels, strict=True)
    }


def quadrants(levels: Mapping[str, int | None], model: Sim3) -> list[Quadrant]:
    """Organisation, human, tools, processes: each with its mean and, beside it, its weakest parameter."""
    found = []
    for category in model.categories:
        own = [parameter.identifier for parameter in model.parameters if parameter.category == category.code]
        known = [level for level in (levels.get(identifier) for identifier in own) if level is not None]
        found.append(
            Quadrant(
                code=category.code,
                name=category.name,
                parameters=len(own),
                answered=len(known),
                mean=sum(known) / len(known) if known else None,
                lowest=min(known) if known else None,
            )
        )
    return found


def mean_level(levels: Mapping[str, int | None]) -> float | None:
    """The mean over everything that is answered; None where nothing is."""
    known = [level for level in levels.values() if level is not None]
    return sum(known) / len(known) if known else None
