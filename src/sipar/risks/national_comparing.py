"""Two runs beside each other: how their losses differ, and how much of that is chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sipar.risks.models import Run
from sipar.risks.national_labels import path_in_words
from sipar.risks.national_reading import DIMENSIONS, Picture

# Two-sided 95 % of the normal distribution.
WIDE = 1.959964
LEVELS = (0.5, 0.9, 0.95, 0.99)
MOST_PARTS = 12


@dataclass(frozen=True)
class Row:
    """One number in both runs."""

    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def share(self) -> float | None:
        return self.change / self.before if self.change is not None and self.before else None


@dataclass(frozen=True)
class Change:
    """One assumption that differs, in words."""

    place: str
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """`paired`: same seed and as many years, so that both runs met the same chance, and the band is of the difference.

    `same_inputs`: both were made from the same register and answers.
    """

    before: Picture
    after: Picture
    paired: bool
    same_inputs: bool
    low: float | None
    high: float | None

    @property
    def mean(self) -> Row:
        return Row(_("Average year"), self.before.mean, self.after.mean)

    @property
    def is_noise(self) -> bool:
        """Whether the difference of the means may be chance alone."""
        return self.low is not None and self.high is not None and self.low < 0 < self.high

    @property
    def sentence(self) -> str:
        """What the change does to an average year."""
        change = self.mean.change
        if change is None:
            return _("The two runs cannot be compared.")
        if not change:
            return _("An average year costs the same: %(loss)s.") % {"loss": self.before.money(self.before.mean)}
        words = {
            "change": self.before.money(abs(change)),
            "before": self.before.money(self.before.mean),
            "after": self.after.money(self.after.mean),
        }
        if change > 0:
            return _("An average year costs %(change)s more: %(after)s instead of %(before)s.") % words
        return _("An average year costs %(change)s less: %(after)s instead of %(before)s.") % words

    def quantiles(self) -> list[Row]:
        """The average year, and years that are worse."""
        rows = [self.mean]
        for level in LEVELS:
            name = _("One year in %(years)s is worse than") % {"years": f"{1 / (1 - level):.0f}"}
            rows.append(Row(name, self.before.quantile(level), self.after.quantile(level)))
        rows.append(Row(_("Mean of the worst years"), self.before.shortfall, self.after.shortfall))
        return rows

    def parts(self, dimension: str) -> list[Row]:
        """The parts of an average year by what changed most; hidden ones are left out."""
        before = {line.key: line for line in self.before.lines(dimension)}
        after = {line.key: line for line in self.after.lines(dimension)}
        rows = []
        for key in dict.fromkeys([*after, *before]):
            lines = [found for found in (after.get(key), before.get(key)) if found is not None]
            row = Row(
                lines[0].name, before[key].mean if key in before else 0.0, after[key].mean if key in after else 0.0
            )
            if row.change:
                rows.append(row)
        return sorted(rows, key=lambda row: -abs(row.change or 0.0))[:MOST_PARTS]

    def all_parts(self) -> list[tuple[str, list[Row]]]:
        return [(dimension, rows) for dimension in DIMENSIONS if (rows := self.parts(dimension))]


def compare(before: Picture, after: Picture) -> Comparison:
    """Two runs in one money beside each other."""
    paired = before.run.seed == after.run.seed and before.run.years == after.run.years
    low = high = None
    if paired:
        low, high = _band(before.run, after.run)
    return Comparison(
        before, after, paired, before.run.inputs == after.run.inputs, low, high
    )  # fmt: skip


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]
) -> list[Change]:
    """What differs between two documents of assumptions, in words."""
    from sipar.risk.assumptions_difference import difference

    return [
        Change(path_in_words(one.path, names), value_in_words(one.before), value_in_words(one.after))
        for one in difference(before, after)
    ]


def value_in_words(value: object) -> str:
    """A number, text or list of the assumptions; a dash where nothing stands."""
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, Sequence):
        return ", ".join(value_in_words(one) for one in value) or "–"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {value_in_words(one)}" for name, one in value.items())
    return str(value)


def _band(before: Run, after: Run) -> tuple[float, float]:
    """Between what the difference of the means lies, as far as chance in the simulation goes: year by year."""
    from sipar.risks.working import years_of

    differences = years_of(after) - years_of(before)
    middle = float(differences.mean())
    wide = WIDE * float(differences.std(ddof=1)) / math.sqrt(len(differences)) if len(differences) > 1 else math.inf
    return middle - wide, middle + wide


def curve_of(picture: Picture) -> list[list[float]]:
    return [[float(loss), float(chance)] for loss, chance in picture.result["curve"] if math.isfinite(loss)]
