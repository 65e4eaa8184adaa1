"""What a recomputation changed: which duties appeared, went away or moved, and by which facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sipar.law.assessing import Assessment, DutyFinding

type Movement = Literal["appeared", "withdrawn", "settled", "unsettled", "moved", "started", "stopped"]
"""appeared: applies or may apply and did not; withdrawn: no longer; settled: may apply became applies; unsettled: the
reverse; moved: another limit; started: a limit where there was none; stopped: none where there was one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One duty's change, with the limits before and after, and the facts (or submissions) whose change explains it.

    `reasons` has `regime` when the regime itself changed; it is empty only when the calendar, or another incident of
    the organisation, made the difference.
    """

    regime: str
    stage: str
    movement: Movement
    applies_before: bool | None
    applies_after: bool | None
    due_before: datetime | None
    due_after: datetime | None
    reasons: tuple[str, ...]


def changes(before: Assessment, after: Assessment) -> tuple[Change, ...]:
    """What changed between two assessments of the same incident: in the order of the later one, then the withdrawn.

    A duty that both settles and moves is given once, as settled.
    """
    earlier = {(duty.regime, duty.stage): duty for duty in before.duties}
    later = {(duty.regime, duty.stage): duty for duty in after.duties}
    found = [_change(earlier.get(key), later.get(key), before, after) for key in dict.fromkeys([*later, *earlier])]
    return tuple(change for change in found if change is not None)


def _change(one: DutyFinding | None, other: DutyFinding | None, before: Assessment, after: Assessment) -> Change | None:
    movement = _movement(one, other)
    known = other or one
    if movement is None or known is None:
        return None
    return Change(
        regime=known.regime,
        stage=known.stage,
        movement=movement,
        applies_before=one.applies if one else False,
        applies_after=other.applies if other else False,
        due_before=one.due_at if one else None,
        due_after=other.due_at if other else None,
        reasons=_reasons(known, before, after),
    )


def _movement(one: DutyFinding | None, other: DutyFinding | None) -> Movement | None:
    if one is None or other is None:
        return "withdrawn" if other is None else "appeared"
    if one.applies != other.applies:
        return "settled" if other.applies else "unsettled"
    if one.due_at == other.due_at:
        return None
    if one.due_at is None:
        return "started"
    return "stopped" if other.due_at is None else "moved"


def _reasons(duty: DutyFinding, before: Assessment, after: Assessment) -> tuple[str, ...]:
    changed = tuple(name for name in duty.rests_on if before.known.get(name) != after.known.get(name))
    earlier, later = ({each.regime: each.digest for each in found.regimes} for found in (before, after))
    return ("regime", *changed) if earlier.get(duty.regime) != later.get(duty.regime) else changed
