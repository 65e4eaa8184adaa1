"""What the tests of the regimes share: an incident in, the duties of one shipped regime out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from sipar.law.assessing import Submission, assess
from sipar.law.compiling import CompiledRegime, compile_regime
from sipar.law.evaluate import evaluate
from sipar.law.facts import shipped_facts
from sipar.law.regimes import shipped

type Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Duty:
    """What a regime asks at one stage; a duty that does not apply has no limit and no clock."""

    applies: bool | None
    due_at: datetime | None
    clock: str | None


def at(words: str, zone: str) -> datetime:
    """The instant of a local time such as `2026-03-02 10:00`."""
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def with_facts(facts: Mapping[str, object], changed: Mapping[str, object]) -> Facts:
    """The facts with some changed; None makes one unknown."""
    return {**facts, **changed}


def regime(name: str) -> CompiledRegime:
    """A shipped regime, compiled."""
    [found] = [each for each in shipped() if each.regime == name]
    return compile_regime(found)


def duties(
    name: str,
    facts: Mapping[str, object],
    *,
    sent: Sequence[tuple[str, datetime]] = (),
    related: Sequence[Mapping[str, object]] = (),
) -> dict[str, Duty]:
    """Every stage of a regime for one incident, given what was sent and the organisation's other incidents.

    Read twice, as one incident and as a row of a table; a difference between the two fails the test.
    """
    compiled = regime(name)
    nothing = Duty(applies=False, due_at=None, clock=None)
    alone, in_table = _alone(compiled, facts, sent, related), _in_table(compiled, facts, sent, related)
    assert alone == in_table
    return {duty.stage: alone.get(duty.stage, nothing) for duty in compiled.regime.duties}


def settling(name: str, stage: str, facts: Mapping[str, object]) -> list[str]:
    """The facts that would settle whether a stage applies, the most telling first."""
    found = assess([regime(name)], facts).duty(name, stage)
    return list(found.unsettled) if found is not None else []


def _alone(
    compiled: CompiledRegime,
    facts: Mapping[str, object],
    sent: Sequence[tuple[str, datetime]],
    related: Sequence[Mapping[str, object]],
) -> dict[str, Duty]:
    submissions = [Submission(compiled.identifier, stage, when) for stage, when in sent]
    found = assess([compiled], facts, submissions=submissions, related=related)
    return {each.stage: Duty(each.applies, each.due_at, each.clock) for each in found.duties}


def _in_table(
    compiled: CompiledRegime,
    facts: Mapping[str, object],
    sent: Sequence[tuple[str, datetime]],
    related: Sequence[Mapping[str, object]],
) -> dict[str, Duty]:
    table = pl.DataFrame(
        [{**each, "incident": number, "organisation": "one"} for number, each in enumerate([facts, *related])],
        schema={
            "incident": pl.Int64,
            "organisation": pl.String,
            **{known: fact.dtype for known, fact in shipped_facts().items()},
        },
    )
    submissions = pl.DataFrame(
        [{"incident": 0, "regime": compiled.identifier, "stage": stage, "submitted_at": when} for stage, when in sent],
        schema={
            "incident": pl.Int64,
            "regime": pl.String,
            "stage": pl.String,
            "submitted_at": pl.Datetime("us", "UTC"),
        },
    )
    found = evaluate([compiled], table, submissions=submissions).filter(pl.col("incident") == 0)
    return {row["stage"]: Duty(row["applies"], row["due_at"], row["clock"]) for row in found.iter_rows(named=True)}
