"""One incident under the law: every duty with its limit, what is still undetermined, and the question that settles it.

The incident is a table of one row under the same expressions as a nation's. To find out what an unknown fact could
decide, further rows of the same table try values for it, so that asking costs one evaluation too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.formats.problems import FormatProblem
from sipar.law.calendars import Groups, LocalDays, is_country, is_time_zone
from sipar.law.clocks import STATUSES, ClockStatus
from sipar.law.compiling import CompiledDuty, CompiledRegime, submitted_column
from sipar.law.facts import Fact, Text, shipped_facts
from sipar.law.grammar import NoPeriod
from sipar.law.probing import MANY, probes_of, questions, settling
from sipar.law.recurring import facts_needed, recurring_facts
from sipar.law.running import (
    NO_LOCAL_DAYS,
    DutyResult,
    Places,
    anchor_numbers,
    clock_columns,
    refuse_twins,
    regime_results,
    submitted_in_conditions,
)
from sipar.law.table import EARLIEST, INSTANT, LATEST, answer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Submission:
    """A report that was handed in: for an aggregated report of a third party, one for each incident it covers."""

    regime: str
    stage: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFinding:
    """One duty that applies (`applies` true) or may apply (None), with its clock.

    `due_at` is None unless the clock runs; `planned_at` is the limit before it moved from a day without work. `period`
    is the text that stands where the law, or our knowledge of it, has no number. `unsettled` are the unknown facts that
    would settle whether it applies, the most decisive first. `rests_on` names every fact and submission that could
    change the finding, known or not; a submission is `regime/submitted(stage)` or `regime/latest_submitted(stage)`.
    """

    regime: str
    version: int
    digest: str
    stage: str
    kind: str
    title: Text
    to: tuple[str, ...]
    content: tuple[str, ...]
    cite: str
    applies: bool | None
    due_at: datetime | None
    planned_at: datetime | None
    anchor: str | None
    anchor_at: datetime | None
    clock: ClockStatus
    period: str | None
    unsettled: tuple[str, ...]
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassifierFinding:
    """Whether a classifier of a regime holds, with its citation."""

    name: str
    title: Text
    cite: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class RegimeFinding:
    """What a regime makes of the incident, apart from its duties. `aggregated`: may a third party's report serve?"""

    regime: str
    version: int
    digest: str
    binds: bool | None
    classifiers: tuple[ClassifierFinding, ...]
    aggregated: bool | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One incident under several regimes.

    `questions` are the unknown facts that would settle most, in that order; `known` what was known of the incident:
    facts, and submissions as `DutyFinding.rests_on` names them.
    """

    duties: tuple[DutyFinding, ...]
    regimes: tuple[RegimeFinding, ...]
    questions: tuple[str, ...]
    known: Mapping[str, object]

    def duty(self, regime: str, stage: str) -> DutyFinding | None:
        """The finding for one duty, None when it does not apply."""
        return next((each for each in self.duties if (each.regime, each.stage) == (regime, stage)), None)


def assess(
    compiled: Sequence[CompiledRegime],
    incident: Mapping[str, object],
    *,
    submissions: Sequence[Submission] = (),
    related: Sequence[Mapping[str, object]] = (),
    local_days: LocalDays = NO_LOCAL_DAYS,
) -> Assessment:
    """What the regimes ask of one incident, given its facts by name (missing or None: unknown).

    `related` are the facts of the organisation's other incidents, for regimes that look back. Raises FormatProblem
    `fact.type`, `fact.answer` or `fact.range` for a value that a fact cannot have; names that are no facts are passed
    over.
    """
    refuse_twins(compiled)
    facts = shipped_facts()
    known = _known(incident, facts)
    submitted = _submitted(compiled, submissions)
    probes = probes_of(tuple(compiled))
    table = probes.table.with_columns(
        *(_literal(value, facts[name].dtype).alias(name) for name, value in known.items() if name in probes.read),
        *(_literal(moment, INSTANT).alias(name) for name, moment in submitted.items()),
        *_recalled(compiled, known, [_known(each, facts) for each in related]),
    )
    answered = answer(table, compiled)
    columns = clock_columns(compiled, answered.head(1), probes.tests)
    places = Places(_group(known.get("time_zone"), is_time_zone), _group(known.get("country"), is_country))
    found = [
        result
        for each in compiled
        for result in regime_results(each, columns, places, local_days=local_days, assume=False)[0]
        if result.rows.size
    ]
    open_facts = settling(compiled, [result.duty.applies for result in found], answered, probes, known)
    return Assessment(
        duties=tuple(_duty(result, open_) for result, open_ in zip(found, open_facts, strict=True)),
        regimes=tuple(_regime(each, columns) for each in compiled),
        questions=questions(open_facts),
        known=MappingProxyType(known | _named(compiled, submitted)),
    )


def _literal(value: object, dtype: pl.DataType) -> pl.Expr:
    # Polars makes a column of every instant it is given as a literal, which costs more than all else here.
    if isinstance(value, datetime):
        return pl.lit((value - EPOCH) // timedelta(microseconds=1), dtype=pl.Int64).cast(dtype)
    return pl.lit(value, dtype=dtype)


def _known(incident: Mapping[str, object], facts: Mapping[str, Fact]) -> dict[str, object]:
    checked = {name: _checked(facts[name], value) for name, value in incident.items() if name in facts}
    return {name: value for name, value in checked.items() if value is not None}


def _group(name: object, known: Callable[[str], bool]) -> Groups:
    return Groups.constant(name, 1) if isinstance(name, str) and known(name) else Groups(np.array([-1]), ())


def _checked(fact: Fact, value: object) -> object:
    """The value as the fact's column takes it."""
    if value is None:
        return None
    fits: dict[str, tuple[type, ...]] = {
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
        "instant": (datetime,),
        "choice": (str,),
        "text": (str,),
    }
    if not isinstance(value, fits[fact.type]) or (fact.type != "boolean" and isinstance(value, bool)):
        raise FormatProblem("fact.type", f"{fact.type} is needed, not {type(value).__name__}", fact.name)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise FormatProblem("fact.type", "an instant needs a time zone", fact.name)
        if not EARLIEST <= value < LATEST:
            raise FormatProblem("fact.range", "an instant lies before 1990 or after 2099", fact.name)
        return value.astimezone(UTC)
    if fact.type == "choice" and value not in {option.value for option in fact.options}:
        raise FormatProblem("fact.answer", "this is not one of the answers", fact.name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not abs(value) <= MANY:
            raise FormatProblem("fact.range", "the number is too large or not a number", fact.name)
        return float(value) if fact.type == "number" else value
    return value


def _recalled(
    compiled: Sequence[CompiledRegime], known: Mapping[str, object], related: Sequence[Mapping[str, object]]
) -> list[pl.Expr]:
    """The facts that rest on the organisation's other incidents, for the incident itself."""
    rules = [each.regime.recurring for each in compiled if each.regime.recurring is not None]
    if not rules:
        return []
    facts = shipped_facts()
    columns = {
        name: pl.Series(name, [each.get(name) for each in (known, *related)], dtype=facts[name].dtype)
        for name in facts_needed(rules)
    }
    own = pl.Series("organisation", ["own"] * (1 + len(related)))
    derived = recurring_facts(pl.DataFrame([own, *columns.values()]), rules)
    return [pl.lit(column[0], dtype=column.dtype).alias(column.name) for column in derived.iter_columns()]


def _submitted(compiled: Sequence[CompiledRegime], submissions: Sequence[Submission]) -> dict[str, datetime | None]:
    """When each stage was first and last submitted, for those that were or that a condition looks at."""
    columns: dict[str, datetime | None] = {
        submitted_column(each.identifier, stage, latest=latest): None
        for each in compiled
        for stage, latest in submitted_in_conditions(each)
    }
    for submission in sorted(submissions, key=lambda each: each.submitted_at):
        moment = submission.submitted_at.astimezone(UTC)
        first = submitted_column(submission.regime, submission.stage, latest=False)
        columns[first] = columns.get(first) or moment
        columns[submitted_column(submission.regime, submission.stage, latest=True)] = moment
    return columns


def _duty(result: DutyResult, shares: Mapping[str, float]) -> DutyFinding:
    duty, regime = result.duty.duty, result.compiled.regime
    number = int(result.due.anchor[0])
    anchors = list(anchor_numbers(result.compiled))
    return DutyFinding(
        regime=regime.regime,
        version=regime.version,
        digest=result.compiled.digest,
        stage=duty.stage,
        kind=duty.sort,
        title=duty.title,
        to=duty.to,
        content=duty.content,
        cite=duty.cite,
        applies=_yes(result.applies[0]),
        due_at=_moment(result.due.at),
        planned_at=_moment(result.planned),
        anchor=anchors[number].words if number >= 0 else None,
        anchor_at=_moment(result.due.anchor_at),
        clock=STATUSES[int(result.due.status[0])],
        period=duty.due.none if isinstance(duty.due, NoPeriod) else None,
        unsettled=tuple(sorted(shares, key=lambda name: -shares[name])),
        rests_on=_rests_on(result.compiled, result.duty),
    )


@lru_cache(maxsize=1_000)
def _rests_on(each: CompiledRegime, duty: CompiledDuty) -> tuple[str, ...]:
    names = dict.fromkeys(duty.applies.facts)
    tests = {test.column: test for test in each.tests}
    for column in (*duty.clock.conditions(), *duty.exempt):
        names.update(dict.fromkeys(tests[column].facts))
    for anchor in duty.clock.anchors():
        names.update(dict.fromkeys(anchor.names if anchor.kind == "fact" else _spelled(each.identifier, *anchor)))
    if duty.rolls_forward or duty.clock.is_local():
        names.update({"country": None, "time_zone": None})
    for stage, latest in submitted_in_conditions(each):
        names.update(dict.fromkeys(_spelled(each.identifier, "latest" if latest else "first", (stage,))))
    return tuple(names)


def _spelled(regime: str, which: str, stages: Iterable[str]) -> list[str]:
    return [f"{regime}/{'latest_submitted' if which == 'latest' else 'submitted'}({stage})" for stage in stages]


def _named(compiled: Sequence[CompiledRegime], submitted: Mapping[str, datetime | None]) -> dict[str, object]:
    """When each stage was submitted, by the names that findings use."""
    found: dict[str, object] = {}
    for each in compiled:
        for duty in each.duties:
            for which in ("first", "latest"):
                moment = submitted.get(submitted_column(each.identifier, duty.duty.stage, latest=which == "latest"))
                if moment is not None:
                    found[_spelled(each.identifier, which, (duty.duty.stage,))[0]] = moment
    return found


def _yes(code: np.int8) -> bool | None:
    return None if code == -1 else bool(code)


def _moment(values: NDArray[np.datetime64]) -> datetime | None:
    value: Any = values[0].item()
    return None if value is None else value.replace(tzinfo=UTC)


def _regime(each: CompiledRegime, columns: Mapping[str, NDArray[Any]]) -> RegimeFinding:
    return RegimeFinding(
        regime=each.identifier,
        version=each.regime.version,
        digest=each.digest,
        binds=_yes(columns[each.binds.column][0]),
        classifiers=tuple(
            ClassifierFinding(
                name=classifier.name,
                title=classifier.title,
                cite=classifier.cite,
                holds=_yes(columns[each.classifiers[classifier.name].column][0]),
            )
            for classifier in each.regime.classifiers
        ),
        aggregated=_yes(columns[each.aggregated.column][0]) if each.aggregated is not None else None,
    )
