"""REST operations of duties: one's own deadlines, the history of each, the decision not to report."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from sipar.core.api import PROBLEMS, Entry, Window
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.incidents.report_policy import SCOPE
from sipar.obligations.actions import LONGEST_REASON, decide_not_to_report
from sipar.obligations.models import Duty
from sipar.obligations.policy import DECIDING_ROLES
from sipar.obligations.selectors import access_duty, duties_of_person, history_of, shown_parts
from sipar.obligations.words import law_words, stage_words, subject_number
from sipar.people.gates import ORGANISATION_OR_TEAM

router = Router(tags=["duties"])
DECIDERS = Gate("duty_deciders", frozenset(DECIDING_ROLES), scope=SCOPE)

Standing = Literal["waiting", "running", "late", "done", "ended"]


class DutyWindow(Window):
    state: Standing | None = None


class DutyOut(Schema):
    """Something that must be done by a time. `due_at` is null while no clock runs; `missed` stays true for ever."""

    id: int
    number: str
    kind: str
    law: str
    code: str
    stage: str
    title: str
    citation: str
    state: str
    clock: str
    anchor: str
    anchor_at: datetime | None
    due_at: datetime | None
    met_at: datetime | None
    missed: bool


class DutyPage(Schema):
    total: int
    items: list[DutyOut]


class ChangeOut(Schema):
    """That a deadline appeared, moved, started, stopped, was withdrawn or returned; `facts` are those that did it."""

    what: str
    before: datetime | None
    after: datetime | None
    facts: list[str]
    at: datetime


class BreachOut(Schema):
    """That the duty was not met when it fell due, and when that was recorded."""

    due_at: datetime
    recorded_at: datetime


class DutyHistory(Schema):
    duty: DutyOut
    changes: list[ChangeOut]
    breaches: list[BreachOut]


class DecisionIn(Schema):
    """Why the law of this duty does not ask to report; `whole`: for all of its stages."""

    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    whole: bool = True


class DecisionOut(Schema):
    id: int
    code: str
    stage: str
    decided_at: datetime


@router.get("/duties", auth=Entry(ORGANISATION_OR_TEAM), response={200: DutyPage, **PROBLEMS}, summary="My deadlines")
def own_duties(request: ActorRequest, window: Query[DutyWindow]) -> DutyPage:
    """What the law asks of the caller's organisations and what their CERTs owe, the nearest deadline first."""
    rows = duties_of_person(request.actor, states=(window.state,) if window.state else ())
    return DutyPage(total=rows.count(), items=[_out(duty) for duty in window.of(rows)])


@router.get(
    "/duties/{int:duty_id}",
    auth=Entry(ORGANISATION_OR_TEAM),
    response={200: DutyHistory, **PROBLEMS},
    summary="One deadline and everything that moved it",
)
def duty_history(request: ActorRequest, duty_id: int) -> DutyHistory:
    now = timezone.now()
    found = access_duty(request.actor, duty_id, now=now)
    parts = shown_parts(request.actor, found, now=now)
    return DutyHistory(
        duty=_out(found),
        changes=[
            ChangeOut(
                what=line.what,
                before=line.before,
                after=line.after,
                facts=[name for name in line.facts if parts.shows_fact(name)],
                at=line.at,
            )
            for line in history_of(found)
        ],
        breaches=[BreachOut(due_at=each.due_at, recorded_at=each.recorded_at) for each in found.breaches.all()],
    )


@router.post(
    "/duties/{int:duty_id}/decision",
    auth=Entry(DECIDERS),
    response={201: DecisionOut, **PROBLEMS},
    summary="Decide not to report",
)
def decide(request: ActorRequest, duty_id: int, body: DecisionIn) -> Status[DecisionOut]:
    """Record the decision not to report under the law of this duty, with its reason, for ever."""
    now = timezone.now()
    found = access_duty(request.actor, duty_id, now=now)
    if found.incident is None or found.kind != Duty.Kind.STATUTORY:
        raise not_open("duty")
    stage = "" if body.whole else found.stage
    decision = decide_not_to_report(
        request.actor, found.incident, code=found.code, stage=stage, reason=body.reason, now=now
    )
    return Status(
        201,
        DecisionOut(id=decision.pk, code=decision.code, stage=decision.stage, decided_at=decision.decided_at),
    )


def _out(duty: Duty) -> DutyOut:
    return DutyOut(
        id=duty.pk,
        number=subject_number(duty),
        kind=duty.kind,
        law=law_words(duty),
        code=duty.code,
        stage=duty.stage,
        title=stage_words(duty),
        citation=duty.cite,
        state=duty.state,
        clock=duty.clock,
        anchor=duty.anchor,
        anchor_at=duty.anchor_at,
        due_at=duty.due_at,
        met_at=duty.met_at,
        missed=bool(getattr(duty, "was_missed", False)),
    )
