"""What controls do: levels of requirements to the share of events and of costs that remain, by an editable table.

The functions of a control follow FAIR-CAM (FAIR Institute 2021): only those on loss events move a scenario by
themselves; variance management and decision support move how reliably these are there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import Floats, Ints
from sipar.risk.scenario import Source


class Function(StrEnum):
    """What a control is for."""

    LOSS_EVENT = "loss event"
    VARIANCE_MANAGEMENT = "variance management"
    DECISION_SUPPORT = "decision support"


class Target(StrEnum):
    """What a control makes smaller."""

    FREQUENCY = "frequency"
    MAGNITUDE = "magnitude"


@dataclass(frozen=True)
class Effect:
    """A requirement that is fully met takes away `reduction` (0 to below 1) of the target, between `low` and `high`.

    `event` limits it to scenarios of this event; empty means all.
    """

    requirement: str
    target: Target
    reduction: float
    low: float
    high: float
    source: Source
    function: Function = Function.LOSS_EVENT
    event: str = ""


@dataclass(frozen=True, eq=False)
class Levels:
    """How far organisations have come with requirements.

    `levels` has a row for each of `organisations` and a column for each of `requirements`, from 0 (not met) to 1 (fully
    met), NaN where it is not known; `targets` what each organisation must reach, NaN where nothing is asked of it.
    """

    requirements: tuple[str, ...]
    organisations: Ints
    levels: Floats
    targets: Floats

    def __post_init__(self) -> None:
        shape = (len(self.organisations), len(self.requirements))
        if self.levels.shape != shape or self.targets.shape != shape:
            raise FormatProblem("columns", "The levels have not a row for each organisation and its columns.", "levels")
        for name, values in (("levels", self.levels), ("targets", self.targets)):
            known = values[~np.isnan(values)]
            if known.size and not 0 <= known.min() <= known.max() <= 1:
                raise FormatProblem("level_range", "A level lies from 0 to 1.", name)
        if len(np.unique(self.organisations)) < len(self.organisations):
            raise FormatProblem("twice", "An organisation stands there twice.", "levels")

    def of(self, organisations: Ints) -> Levels:
        """The same for these organisations in this order; nothing is known of one that is not there."""
        shape = (len(organisations), len(self.requirements))
        if not len(self.organisations):
            return Levels(self.requirements, organisations, np.full(shape, np.nan), np.full(shape, np.nan))
        order = np.argsort(self.organisations, kind="stable")
        found = np.searchsorted(self.organisations[order], organisations).clip(max=len(order) - 1)
        place = order[found]
        there = (self.organisations[place] == organisations)[:, None]
        levels, targets = np.where(there, self.levels[place], np.nan), np.where(there, self.targets[place], np.nan)
        return Levels(self.requirements, organisations, levels, targets)

    @property
    def known(self) -> Floats:
        """The levels with 0 where nothing is known."""
        return np.nan_to_num(self.levels, nan=0.0)

    @property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """Where an organisation has not reached what is asked of it."""
        made: npt.NDArray[np.bool_] = self.known < np.nan_to_num(self.targets, nan=0.0)
        return made


def check_effects(effects: Sequence[Effect]) -> None:
    """Raise the first FormatProblem of the table; `where` is the requirement."""
    for effect in effects:
        numbers = (effect.low, effect.reduction, effect.high)
        if not all(math.isfinite(number) for number in numbers):
            raise FormatProblem("not_finite", "An effect is not a finite number.", effect.requirement)
        if effect.low < 0 or effect.high >= 1:
            raise FormatProblem("effect_range", "An effect lies from 0 to below 1.", effect.requirement)
        if not effect.low <= effect.reduction <= effect.high:
            raise FormatProblem("contradictory", "Low, reduction and high must rise in this order.", effect.requirement)


def remaining(
    effects: Sequence[Effect],
    *,
    requirements: Sequence[str],
    levels: npt.NDArray[np.float64],
    organisation: Ints,
    events: Sequence[str] | npt.NDArray[np.str_],
    use: str = "reduction",
) -> tuple[Floats, Floats]:
    """The share of events and the share of costs that remain, for each scenario.

    `levels` has a row for each organisation and a column for each requirement, from 0 (not met) to 1 (fully met), NaN
    where it is not known: an unknown level takes nothing away. `organisation` and `events` say whose and which event
    each scenario is. `use` is the column of the table: "low", "reduction" or "high". What loss event controls take away
    is weakened by how reliably they are there.
    """
    if use not in ("low", "reduction", "high"):
        raise FormatProblem("unknown_use", "The table is read by low, reduction or high.", "use")
    check_effects(effects)
    column = {requirement: place for place, requirement in enumerate(requirements)}
    known = np.nan_to_num(levels, nan=0.0)
    if known.size and not 0 <= known.min() <= known.max() <= 1:
        raise FormatProblem("level_range", "A level lies from 0 to 1.", "levels")
    for effect in effects:
        if effect.requirement not in column:
            raise FormatProblem("unknown_requirement", "No level is given for it.", effect.requirement)
    there = reliability(effects, requirements, known)
    named = np.array(events, dtype=np.str_)
    left = {Target.FREQUENCY: np.ones(len(organisation)), Target.MAGNITUDE: np.ones(len(organisation))}
    for effect in effects:
        if effect.function != Function.LOSS_EVENT:
            continue
        taken = getattr(effect, use) * known[organisation, column[effect.requirement]] * there[organisation]
        left[effect.target] *= 1 - np.where((named == effect.event) | (not effect.event), taken, 0.0)
    return left[Target.FREQUENCY], left[Target.MAGNITUDE]


def reliability(effects: Sequence[Effect], requirements: Sequence[str], known: Floats) -> Floats:
    """How reliably each organisation's loss event controls are there, from a half to 1.

    By its mean level of variance management and decision support, where the table has any: at level 0 of these, half
    of what the controls take away remains. The half is a convention.
    """
    supporting = {effect.requirement for effect in effects if effect.function != Function.LOSS_EVENT}
    places = [place for place, requirement in enumerate(requirements) if requirement in supporting]
    if not places:
        return np.ones(len(known))
    made: Floats = 0.5 + 0.5 * known[:, places].mean(axis=1)
    return made
