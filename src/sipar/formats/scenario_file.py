"""What every reader of risk scenarios gives: the scenarios that a file states, and what it states that cannot be taken.

A file that only rates risks by levels (MONARC, a risk matrix) gives `RatedRisk`s: a level is no number before a
person says what it means, in a `LevelScale`.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

LIMITS: Final = Limits(max_bytes=16 * MEGABYTE, max_nodes=2_000_000, max_depth=60, max_rows=5_000, max_columns=80)
LONGEST_KEY: Final = 60
MOST_VALUES: Final = 20_000
# A hundred times the largest cost that the model takes. What is far beyond has squares that no number holds.
LARGEST: Final = 1e15
LEVEL_KINDS: Final = ("likelihood", "threat", "vulnerability", "impact")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})

type Scenario = dict[str, Any]
"""One entry of `scenarios` in the assumptions; holds only what its file says."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in a file that is not taken: where it stands, why, and what was written there."""

    where: str
    code: str
    sentence: str
    written: str = ""

    @classmethod
    def of(cls, problem: FormatProblem, *, written: str = "") -> Refusal:
        return cls(problem.where, problem.code, problem.sentence, written[:80])


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario as a file states it. `places` says for a path in it (loss/primary/low) where that stands."""

    where: str
    scenario: Scenario
    currency: str = ""
    year: int | None = None
    places: Mapping[str, str] = _NONE


@dataclass(frozen=True, slots=True)
class RatedRisk:
    """A risk by levels: `levels` maps likelihood, or threat and vulnerability, and impact to the level in the file."""

    where: str
    scenario: Scenario
    levels: Mapping[str, str]


@dataclass(frozen=True)
class ScenarioFile:
    """What a file holds. `left_out` is what a reader passes over on purpose; `sections` other parts of assumptions."""

    form: str
    rows: tuple[ScenarioRow, ...] = ()
    rated: tuple[RatedRisk, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: tuple[Refusal, ...] = ()
    sections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels that occur, by kind, in the order of their number or of their first appearance."""
        found: dict[str, dict[str, None]] = {}
        for risk in self.rated:
            for kind, level in risk.levels.items():
                found.setdefault(kind, {})[level] = None
        return {kind: tuple(sorted(found[kind], key=_level_order)) for kind in LEVEL_KINDS if kind in found}


@dataclass(frozen=True, slots=True)
class LevelScale:
    """What levels mean: events or attempts a year, the chance that an attempt succeeds, and an event's cost.

    `impacts` gives low and high, between which nine events in ten cost.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)
    impacts: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def priced(risk: RatedRisk, scale: LevelScale, *, source: str) -> ScenarioRow:
    """The scenario of a rated risk by this scale. Raises FormatProblem `level.unknown` for a level not in it."""
    rate = 1.0
    for kind, meanings in (("likelihood", scale.rates), ("threat", scale.rates), ("vulnerability", scale.chances)):
        if kind in risk.levels:
            rate *= _meaning(meanings, kind, risk)
    low, high = _meaning(scale.impacts, "impact", risk)
    named = ", ".join(f"{kind} {level}" for kind, level in risk.levels.items())
    origin = {"text": f"{source}: {named}, by the scale stated when it was read", "quality": "expert"}
    scenario = risk.scenario | {
        "frequency": {"mean": rate, "per": "year", "variation": 0.0, "overdispersion": 0.0, "source": origin},
        "loss": {
            "primary": {"shape": "lognormal", "low": low, "high": high, "confidence": 0.9},
            "secondary_probability": 0.0,
            "secondary": None,
            "source": origin,
        },
    }
    return ScenarioRow(risk.where, scenario)


def check_scale(scale: LevelScale) -> None:
    """Raise the first FormatProblem of the scale; `where` is the kind and the level, such as `impact 3`."""
    for level, rate in scale.rates.items():
        real(rate, f"likelihood {level}")
    for level, chance in scale.chances.items():
        if real(chance, f"vulnerability {level}") > 1:
            raise FormatProblem("probability_range", "A chance lies from 0 to 1.", f"vulnerability {level}")
    for level, (low, high) in scale.impacts.items():
        where = f"impact {level}"
        if not 0 < real(low, where) < real(high, where):
            raise FormatProblem("impossible_quantiles", "The low cost is above zero and below the high one.", where)


def real(value: object, where: str, *, negative: bool = False) -> float:
    """The finite number. Raises FormatProblem `not_a_number`, `not_finite`, `too_large` or `negative`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatProblem("not_a_number", "A number belongs here.", where)
    if not math.isfinite(value):
        raise FormatProblem("not_finite", "This is not a finite number.", where)
    if abs(value) > LARGEST:
        raise FormatProblem("too_large", f"No rate and no cost is above {LARGEST:,.0f}.", where)
    if value < 0 and not negative:
        raise FormatProblem("negative", "A negative number cannot be here.", where)
    return float(value)


def key_of(name: str, *, origin: str = "") -> str:
    """A key for a scenario that has only a name: letters a to z, digits, hyphens; `origin` tells like names apart."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    ending = hashlib.sha256((origin or name).encode()).hexdigest()[:8]
    if not slug or origin or len(slug) > LONGEST_KEY:
        slug = f"{slug[: LONGEST_KEY - 9].strip('-') or 'scenario'}-{ending}"
    return slug


def is_key(text: str) -> bool:
    return len(text) <= LONGEST_KEY and _KEY.match(text) is not None


def once_each(rows: Iterable[ScenarioRow]) -> tuple[tuple[ScenarioRow, ...], tuple[Refusal, ...]]:
    """The first row of each key, and a refusal for every further one."""
    kept: dict[str, ScenarioRow] = {}
    refused: list[Refusal] = []
    for row in rows:
        key = str(row.scenario["key"])
        first = kept.setdefault(key, row)
        if first is not row:
            refused.append(Refusal(row.where, "twice", f"The key stands at {first.where} already.", key))
    return tuple(kept.values()), tuple(refused)


def _meaning[Value](meanings: Mapping[str, Value], kind: str, risk: RatedRisk) -> Value:
    level = risk.levels[kind]
    if level not in meanings:
        raise FormatProblem("level.unknown", f"The scale does not say what {kind} {level} means.", risk.where)
    return meanings[level]


def _level_order(level: str) -> tuple[float, str]:
    return (float(level), "") if re.fullmatch(r"\d{1,9}", level) else (math.inf, "")
