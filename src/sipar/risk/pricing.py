"""What gaps cost: closing each of them alone, and how the nation's loss divides among them.

Controls multiply what is left of events and of costs, and the mean of a year is linear in both: what closing a gap
takes off the mean is exact. What it takes off the shortfall is worked out from the same years and events, so that
there is no noise between before and after: smaller costs take away their share of the row's part of the worst years,
rarer events what they add to the losses above the edge of the worst years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sipar.risk.columns import Floats, Ints
from sipar.risk.controls import Effect, Function, Levels, Target, check_effects, reliability

PRICES: dict[str, pl.DataType] = {
    "organisation": pl.Int64(),
    "requirement": pl.String(),
    "level": pl.Float64(),
    "target": pl.Float64(),
    "mean_reduced": pl.Float64(),
    "shortfall_reduced": pl.Float64(),
}


@dataclass(frozen=True, eq=False)
class Controls:
    """Effects on requirements that have levels, and whose each row is: `places` in the levels, `kinds` in `events`.

    Controls are worked with by the logarithm of what they leave of a row, since they multiply.
    """

    effects: tuple[Effect, ...]
    levels: Levels
    places: Ints
    kinds: Ints
    events: tuple[str, ...]

    @property
    def on_events(self) -> tuple[Effect, ...]:
        """The effects that move a scenario by themselves."""
        return tuple(effect for effect in self.effects if effect.function == Function.LOSS_EVENT)

    def requirements(self, *, supporting: bool) -> list[str]:
        """The requirements that move scenarios, or those that support what does, in the order of the table."""
        return list(
            dict.fromkeys(
                effect.requirement for effect in self.effects if (effect.function != Function.LOSS_EVENT) == supporting
            )
        )

    def column(self, requirement: str) -> int:
        return self.levels.requirements.index(requirement)

    def reliability(self, known: Floats) -> Floats:
        return reliability(self.effects, self.levels.requirements, known)

    def logarithm(self, effect: Effect, known: Floats, there: Floats, *, use: str = "reduction") -> Floats:
        """The logarithm of what one effect leaves of each row, at these levels and reliabilities of organisations."""
        taken = getattr(effect, use) * known[:, self.column(effect.requirement)] * there
        hit = np.array([not effect.event or effect.event == event for event in self.events])
        made: Floats = np.log1p(-taken[self.places] * hit[self.kinds])
        return made

    def left(self) -> tuple[Floats, Floats]:
        """The share of events and the share of costs that remain of each row, as `controls.remaining` gives it."""
        known = self.levels.known
        there = self.reliability(known)
        sums = {Target.FREQUENCY: np.zeros(len(self.places)), Target.MAGNITUDE: np.zeros(len(self.places))}
        for effect in self.on_events:
            sums[effect.target] += self.logarithm(effect, known, there)
        return np.exp(sums[Target.FREQUENCY]), np.exp(sums[Target.MAGNITUDE])

    def change(self, before: Floats, after: Floats, effects: Sequence[Effect]) -> tuple[Floats, Floats]:
        """The logarithm of what remains of each row at the levels `after` over that at `before`, by these effects.

        Of events, and of costs.
        """
        reliable = self.reliability(before), self.reliability(after)
        made = {Target.FREQUENCY: np.zeros(len(self.places)), Target.MAGNITUDE: np.zeros(len(self.places))}
        for effect in effects:
            made[effect.target] += self.logarithm(effect, after, reliable[1])
            made[effect.target] -= self.logarithm(effect, before, reliable[0])
        return made[Target.FREQUENCY], made[Target.MAGNITUDE]


def controls_of(
    effects: Sequence[Effect], levels: Levels, *, places: Ints, kinds: Ints, events: tuple[str, ...]
) -> Controls:
    """The effects that have levels, on these rows; the levels stand in the order of the places."""
    check_effects(effects)
    known = set(levels.requirements)
    used = tuple(effect for effect in effects if effect.requirement in known)
    return Controls(used, levels, places, kinds, events)


def gap_prices(now: Controls, *, mean: Floats, shortfall: Floats, rarer: Floats) -> pl.DataFrame:
    """Each gap that has an effect, as PRICES says; `mean` and `shortfall` are the rows' parts at the present levels.

    `rarer` is what the shortfall falls by for each share of a row's events that no longer happens.

    `mean_reduced` is of the organisation's mean year, `shortfall_reduced` of the nation's shortfall. Closing several
    gaps of an organisation takes away less than the sum, for what one keeps away another cannot.
    """
    made = [pl.DataFrame(schema=PRICES)]
    known = now.levels.known
    supporting = now.requirements(supporting=True)
    for requirement in dict.fromkeys(effect.requirement for effect in now.effects):
        column = now.column(requirement)
        gap = now.levels.gaps[:, column]
        many = int(gap.sum())
        if not many:
            continue
        closed = _closed(now.levels, [column])
        own = [effect for effect in now.on_events if effect.requirement == requirement]
        # What supports other controls changes all of them.
        events, costs = now.change(known, closed, now.on_events if requirement in supporting else own)
        less = mean * -np.expm1(events + costs)
        worst = rarer * -np.expm1(events) + shortfall * np.exp(events) * -np.expm1(costs)
        made.append(
            pl.DataFrame(
                {
                    "organisation": now.levels.organisations[gap],
                    "requirement": [requirement] * many,
                    "level": pl.Series(now.levels.levels[gap, column]).fill_nan(None),
                    "target": now.levels.targets[gap, column],
                    "mean_reduced": np.bincount(now.places, weights=less, minlength=len(gap))[gap],
                    "shortfall_reduced": np.bincount(now.places, weights=worst, minlength=len(gap))[gap],
                },
                schema=PRICES,
            )
        )
    return pl.concat(made).sort("organisation", "mean_reduced", "requirement", descending=[False, True, False])


def by_requirement(now: Controls, *parts: Floats) -> list[tuple[str, int, list[float]]]:
    """How sums over the rows divide among the gaps: requirement, organisations with the gap, one number for each sum.

    The last, "", is what stays when every gap is closed, so that all together are the whole. What the gaps of a row
    cost together is divided in proportion to the logarithms of what each leaves; what supporting requirements do, to
    all others, is divided among them by how much is missing of each.
    """
    known = now.levels.known
    places = [now.column(requirement) for requirement in now.requirements(supporting=False)]
    supporting = [now.column(requirement) for requirement in now.requirements(supporting=True)]
    closed = _closed(now.levels, [*places, *supporting])
    whole = -sum(now.change(known, closed, now.on_events))
    cost = -np.expm1(-whole)
    share = np.divide(cost, whole, out=np.zeros(len(cost)), where=whole > 0)
    weights: dict[int, Floats] = {}
    today = now.reliability(known)
    direct = np.zeros(len(cost))
    for effect in now.on_events:
        weight = now.logarithm(effect, known, today) - now.logarithm(effect, closed, today)
        direct += weight
        column = now.column(effect.requirement)
        weights[column] = weights.get(column, 0.0) + weight
    missing = (closed - known)[:, supporting]
    divided = np.divide(missing, missing.sum(axis=1, keepdims=True), out=np.zeros_like(missing), where=missing > 0)
    for place, column in enumerate(supporting):
        weights[column] = weights.get(column, 0.0) + (whole - direct) * divided[now.places, place]
    gaps = now.levels.gaps.sum(axis=0)
    made = [
        (now.levels.requirements[column], int(gaps[column]), [float((part * share) @ weight) for part in parts])
        for column, weight in weights.items()
    ]
    return [*made, ("", len(now.levels.organisations), [float(part @ (1 - cost)) for part in parts])]


def _closed(levels: Levels, columns: Sequence[int]) -> Floats:
    """The levels with every gap of these columns closed."""
    made = levels.known.copy()
    gaps = levels.gaps
    for column in columns:
        made[gaps[:, column], column] = levels.targets[gaps[:, column], column]
    return made
