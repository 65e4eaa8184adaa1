"""The clocks of what a CERT owes: acknowledgement of a case, help that was asked for. Same duties, same breaches."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.incidents.models import Incident
from sipar.obligations.breaches import record_breaches
from sipar.obligations.clock import moments
from sipar.obligations.models import Duty, Recomputation
from sipar.support.models import SupportRequest
from sipar.teams.models import Team

ENDED = ("met", "met_late", "waived", "withdrawn")
# The same service asked for again on the same case (after a hand-over): `acknowledge`, `acknowledge:2`, …
ROUND = ":"


@action("service.start")
def start_service(
    actor: Actor,
    *,
    code: str,
    stage: str,
    due_at: datetime,
    team: Team,
    now: datetime,
    incident: Incident | None = None,
    support_request: SupportRequest | None = None,
) -> Duty:
    """Start the clock of a service level for a team, on a case or a request for help; returns the duty.

    A clock that runs already moves to the new time and team; where it was met, a new round begins. Raises ValueError
    unless exactly one of `incident` and `support_request` is given.
    """
    record_breaches(incident=incident, support_request=support_request, now=now)
    last = _found(code, stage, incident, support_request)
    if last is not None and last.state not in ENDED:
        _move(actor, last, due_at=due_at, team=team, reason="", now=now)
        return last
    duty = Duty(
        kind=Duty.Kind.SERVICE if incident else Duty.Kind.SUPPORT,
        incident=incident,
        support_request=support_request,
        organisation_id=(incident or support_request).organisation_id,  # type: ignore[union-attr]
        team=team,
        code=code,
        stage=stage if last is None else f"{stage}{ROUND}{_round_of(last) + 1}",
    )
    return _begin(actor, duty, due_at=due_at, now=now)


@action("service.meet")
def meet_service(
    actor: Actor,
    *,
    code: str,
    stage: str,
    now: datetime,
    incident: Incident | None = None,
    support_request: SupportRequest | None = None,
) -> Duty | None:
    """Stop the clock of a service level because the service was given; returns the duty, None where none runs."""
    record_breaches(incident=incident, support_request=support_request, now=now)
    duty = _found(code, stage, incident, support_request)
    return _meet(duty, now=now)


@action("service.move")
def move_service(
    actor: Actor,
    *,
    code: str,
    stage: str,
    due_at: datetime,
    now: datetime,
    team: Team | None = None,
    reason: str = "",
    incident: Incident | None = None,
    support_request: SupportRequest | None = None,
) -> Duty | None:
    """Move the clock of a service level to another time (and team), with the reason; None where none runs."""
    record_breaches(incident=incident, support_request=support_request, now=now)
    duty = _found(code, stage, incident, support_request)
    if duty is not None:
        _move(actor, duty, due_at=due_at, team=team, reason=reason, now=now)
    return duty


@action("service.stop")
def stop_service(
    actor: Actor,
    *,
    code: str,
    stage: str,
    reason: str,
    now: datetime,
    incident: Incident | None = None,
    support_request: SupportRequest | None = None,
) -> Duty | None:
    """End a clock without its service, because it is no longer owed; what was missed stays missed."""
    record_breaches(incident=incident, support_request=support_request, now=now)
    duty = _found(code, stage, incident, support_request)
    if duty is not None and duty.state == "running":
        _note(actor, duty, "withdrawn", before=duty.due_at, after=None, reason=reason, now=now)
        _save(duty, "withdrawn", next_at=None)
    return duty


def plain_stage(stage: str) -> str:
    """The service level of a stage, without its round (`:2`) or the CERT whose turn it is (`.1`)."""
    return stage.partition(ROUND)[0].partition(".")[0]


def _round_of(duty: Duty) -> int:
    return int(duty.stage.partition(ROUND)[2] or 1)


def _found(code: str, stage: str, incident: Incident | None, support_request: SupportRequest | None) -> Duty | None:
    if (incident is None) == (support_request is None):
        raise ValueError("a service level belongs to a case or to a request for help")
    rows = Duty.objects.select_for_update().filter(Q(stage=stage) | Q(stage__startswith=f"{stage}{ROUND}"), code=code)
    return rows.filter(incident=incident, support_request=support_request).order_by("pk").last()


def _begin(actor: Actor, duty: Duty, *, due_at: datetime, now: datetime) -> Duty:
    """Let the clock of a new duty run from now on."""
    duty.anchor_at, duty.due_at, duty.next_at = now, due_at, moments(start=now, due=due_at).before
    duty.opened_at, duty.clock = now, "running"
    _save(duty, "running")
    _note(actor, duty, "appeared", before=None, after=due_at, reason="", now=now)
    return duty


def _meet(duty: Duty | None, *, now: datetime) -> Duty | None:
    """The service was given: in time, or late where it was. One that has ended stays as it ended."""
    if duty is None or duty.state in ENDED:
        return duty
    late = duty.state == "breached" or (duty.due_at is not None and now > duty.due_at)
    if not late:
        _save(duty, "met", met_at=now, next_at=None)
        return duty
    if duty.state == "running":
        _save(duty, "breached")
    # The scan still has to record the breach where it has not seen it; it clears the next moment then.
    _save(duty, "met_late", met_at=now)
    return duty


def _move(actor: Actor, duty: Duty, *, due_at: datetime, team: Team | None, reason: str, now: datetime) -> None:
    """What was given or missed already stays so; a clock that runs goes on to the new time."""
    if duty.state in ENDED or (duty.due_at == due_at and team in (None, duty.team)):
        return
    before = duty.due_at
    duty.due_at = due_at
    duty.team = team or duty.team
    duty.step, duty.next_at = 0, moments(start=duty.anchor_at or duty.opened_at, due=due_at).before
    _note(actor, duty, "moved", before=before, after=due_at, reason=reason, now=now)
    duty.save()


def _note(
    actor: Actor, duty: Duty, what: str, *, before: datetime | None, after: datetime | None, reason: str, now: datetime
) -> None:
    Recomputation.objects.create(
        duty=duty,
        incident=duty.incident,
        organisation_id=duty.organisation_id,
        team_id=duty.team_id,
        what=what,
        before=before,
        after=after,
        reason=reason,
        by_id=actor.account,
        at=now,
    )


def _save(duty: Duty, state: str, **changes: object) -> None:
    duty.state = state
    for name, value in changes.items():
        setattr(duty, name, value)
    duty.save()


@action("service.start_of_team")
def start_of_team(actor: Actor, *, code: str, stage: str, due_at: datetime, team: Team, now: datetime) -> Duty:
    """The clock of something that a team owes by itself, on no case and no request; the one that stands already."""
    found = Duty.objects.filter(code=code, stage=stage, team=team, incident=None, support_request=None).first()
    if found is not None:
        return found
    duty = Duty(kind=Duty.Kind.SERVICE, team=team, code=code, stage=stage)
    return _begin(actor, duty, due_at=due_at, now=now)


@action("service.meet_of_team")
def meet_of_team(actor: Actor, *, code: str, stage: str, team: Team, now: datetime) -> Duty | None:
    """What the team owed is done; returns the duty, None where none runs. What was late stays late."""
    rows = Duty.objects.select_for_update().filter(code=code, stage=stage, team=team)
    duty = rows.filter(incident=None, support_request=None).first()
    return _meet(duty, now=now)
