"""What is to be done in a case: by a CERT, or by the organisation when its CERT asks for it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden
from sipar.incidents import timeline
from sipar.incidents.content_policy import require_desk, require_may_write
from sipar.incidents.content_selectors import colleagues_of
from sipar.incidents.models import Entry, Incident, Task
from sipar.incidents.texts import coming_moment, plain_text, refused

LONGEST_TITLE = 200
LONGEST_DETAIL = 4_000
MOST_TASKS = 500


@action("incident.add_task")
def add_task(
    actor: Actor,
    incident: Incident,
    *,
    title: str,
    detail: str = "",
    for_organisation: bool = False,
    due_at: datetime | None = None,
    assigned_to: int | None = None,
    now: datetime,
) -> Task:
    """Add a task at the end of the list; one for the organisation is shown to it."""
    desk = require_desk(actor, incident)
    task = Task(
        incident=incident,
        organisation_id=incident.organisation_id,
        team_id=desk,
        for_organisation=for_organisation,
        title=plain_text(title, "title", longest=LONGEST_TITLE, lines=False),
        detail=plain_text(detail, "detail", longest=LONGEST_DETAIL, required=False),
        position=next_position(incident),
        assigned_to_id=_colleague(assigned_to, desk, for_organisation=for_organisation, now=now),
        due_at=None if due_at is None else coming_moment(due_at, "due_at", now=now),
        created_by_id=actor.account,
        created_at=now,
    )
    task.save(force_insert=True)
    _record(actor, task, "task.added", now=now)
    return task


@action("incident.change_task")
def change_task(
    actor: Actor, incident: Incident, task: Task, *, due_at: datetime | None, assigned_to: int | None, now: datetime
) -> None:
    """Give an open task to somebody of its team, or to nobody, and say until when it is to be done."""
    _require_team_of(actor, incident, task)
    if due_at is not None and due_at != task.due_at:
        due_at = coming_moment(due_at, "due_at", now=now)
    holder = _colleague(assigned_to, task.team_id, for_organisation=task.for_organisation, now=now)
    if not Task.objects.filter(pk=task.pk, state="open").update(due_at=due_at, assigned_to_id=holder):
        raise _settled()


@action("incident.settle_task")
def settle_task(actor: Actor, incident: Incident, task: Task, *, state: str, outcome: str = "", now: datetime) -> None:
    """Close an open task as done, or drop it with a reason. The organisation closes what it was asked to do."""
    desk = require_may_write(actor, incident)
    if desk is None and not task.for_organisation:
        raise Forbidden(_("This task belongs to the CERT."), code="task.forbidden")
    if state not in ("done", "dropped"):
        raise refused("state", _("A task is closed as done or as dropped."))
    said = plain_text(outcome, "outcome", longest=LONGEST_DETAIL, required=state == "dropped")
    closed = Task.objects.filter(pk=task.pk, state="open").update(
        state=state, outcome=said, done_by_id=actor.account, done_at=now
    )
    if not closed:
        raise _settled()
    _record(actor, task, f"task.{state}", now=now)


@action("incident.reopen_task")
def reopen_task(actor: Actor, incident: Incident, task: Task, *, now: datetime) -> None:
    """Open a closed task again; what was said of it stays readable in the ledger's order of events."""
    _require_team_of(actor, incident, task)
    opened = Task.objects.filter(pk=task.pk, state__in=("done", "dropped")).update(
        state="open", done_by_id=None, done_at=None
    )
    if not opened:
        raise Conflict(_("This task is open already."), code="task.open")
    _record(actor, task, "task.reopened", now=now)


def next_position(incident: Incident) -> int:
    """The place after the last task. Raises Conflict `task.many` where the case holds as many as it takes."""
    last = Task.objects.filter(incident=incident).aggregate(last=Max("position"))["last"]
    position = 0 if last is None else int(last) + 1
    if position >= MOST_TASKS:
        raise Conflict(_("A case takes at most %(most)s tasks.") % {"most": MOST_TASKS}, code="task.many")
    return position


def _require_team_of(actor: Actor, incident: Incident, task: Task) -> None:
    """Any team that works on the case leads its tasks, whichever team wrote them down."""
    if task.incident_id != incident.pk:
        raise ValueError("the task belongs to another case")
    require_desk(actor, incident)


def _colleague(account: int | None, team: int, *, for_organisation: bool, now: datetime) -> int | None:
    if account is None:
        return None
    if for_organisation:
        raise refused("assigned_to", _("The organisation decides who does it."))
    if account not in {one.account for one in colleagues_of(team, now=now)}:
        raise refused("assigned_to", _("Choose somebody of your CERT."))
    return account


def _record(actor: Actor, task: Task, code: str, *, now: datetime) -> None:
    audience = Entry.Audience.EVERYONE if task.for_organisation else Entry.Audience.TEAMS
    timeline.record(actor, task.incident, code, now=now, audience=audience)


def _settled() -> Conflict:
    return Conflict(_("This task is closed already."), code="task.settled")
