"""The REST API of what is said and done in a case. Every id must belong to the case in the path."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.paginator import Paginator
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.incidents import content_actions as say
from sipar.incidents import task_actions
from sipar.incidents.campaign_actions import join_campaign, leave_campaign
from sipar.incidents.campaign_selectors import access_campaign
from sipar.incidents.case_policy import CASE_READERS
from sipar.incidents.content_parts import lines, team_names
from sipar.incidents.content_policy import CASE_WRITERS
from sipar.incidents.content_selectors import (
    access_link,
    access_task,
    entries_of,
    links_of,
    messages_of,
    notes_of,
    tasks_of,
)
from sipar.incidents.models import CaseLink, Incident, Task
from sipar.incidents.models import Entry as EntryRow
from sipar.incidents.playbook_actions import access_playbook, apply_playbook
from sipar.incidents.projections import Projection
from sipar.incidents.selectors import access_incident, audience_of
from sipar.incidents.similar_selectors import similar_cases

router = Router(tags=["cases"])
READ, WRITE = Entry(CASE_READERS), Entry(CASE_WRITERS)
PAGE = 100

type Words = Annotated[str, Field(min_length=1, max_length=10_000)]
type Reason = Annotated[str, Field(min_length=1, max_length=1_000)]
type PageNumber = Annotated[int, Query(ge=1, le=100_000)]


class TimelineLine(Schema):
    """One line of the timeline. `who` is as much of the writer as the reader is told; `team` the code of a CERT."""

    id: int
    kind: Literal["event", "message", "note", "system"]
    audience: Literal["everyone", "teams", "team"]
    team: str | None
    who: str
    code: str
    body: str
    happened_at: datetime
    written_at: datetime
    read_at: datetime | None


class LinesOut(Schema):
    lines: list[TimelineLine]
    total: int


class EventIn(Schema):
    body: Words
    happened_at: datetime
    audience: Literal["everyone", "teams", "team"] = "everyone"


class MessageIn(Schema):
    body: Words


class NoteIn(Schema):
    body: Words
    audience: Literal["teams", "team"] = "team"


class ReceiptOut(Schema):
    """How many messages of the other side were opened by this."""

    opened: int


class TaskIn(Schema):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    detail: Annotated[str, Field(max_length=4_000)] = ""
    for_organisation: bool = False
    due_at: datetime | None = None
    assigned_to: int | None = None


class TaskPlanIn(Schema):
    due_at: datetime | None = None
    assigned_to: int | None = None


class SettleIn(Schema):
    state: Literal["done", "dropped"]
    outcome: Annotated[str, Field(max_length=4_000)] = ""


class PlaybookIn(Schema):
    playbook: int


class TaskOut(Schema):
    """`step` is the CACAO identifier of the step that it came from, if any."""

    id: int
    title: str
    detail: str
    state: Literal["open", "done", "dropped"]
    for_organisation: bool
    team: str
    assigned_to: int | None
    due_at: datetime | None
    done_at: datetime | None
    outcome: str
    playbook: int | None
    step: str


class LinkIn(Schema):
    number: Annotated[str, Field(pattern=r"^[-A-Za-z0-9]{1,20}$")]
    kind: Literal["related", "twin"] = "related"
    note: Annotated[str, Field(max_length=1_000)] = ""


class LinkOut(Schema):
    id: int
    number: str
    kind: str
    note: str


class SimilarOut(Schema):
    """A case that the reader sees, and by what it is like this one."""

    number: str
    indicators: int
    same_type: bool
    same_cause: bool


class JoinIn(Schema):
    national_incident: Annotated[str, Field(pattern=r"^[-A-Za-z0-9]{1,20}$")]
    reason: Reason


class LeaveIn(Schema):
    reason: Reason


def reached(request: ActorRequest, number: str) -> tuple[Incident, Projection, datetime]:
    """The case with this number as the caller is shown it; raises NotFound."""
    now = timezone.now()
    incident = access_incident(request.actor, number)
    return incident, audience_of(request.actor, incident, now=now), now


@router.get("/{slug:number}/timeline", auth=READ, response={200: LinesOut, **PROBLEMS})
def get_timeline(request: ActorRequest, number: str, page: PageNumber = 1) -> Any:
    """Everything in the timeline that the caller sees, newest first, a hundred lines a page."""
    incident, projection, _now = reached(request, number)
    return _lines(entries_of(incident, projection), projection, page)


@router.post("/{slug:number}/events", auth=WRITE, response={201: TimelineLine, **PROBLEMS})
def post_event(request: ActorRequest, number: str, body: EventIn) -> Any:
    """Tell that something happened, at its own time."""
    incident, projection, now = reached(request, number)
    made = say.add_event(request.actor, incident, now=now, **body.dict())
    return Status(201, _line(made, projection))


@router.get("/{slug:number}/messages", auth=READ, response={200: LinesOut, **PROBLEMS})
def get_messages(request: ActorRequest, number: str, page: PageNumber = 1) -> Any:
    """The messages between the organisation and its CERT. Reading them here leaves no receipt."""
    incident, projection, _now = reached(request, number)
    return _lines(messages_of(incident, projection), projection, page)


@router.post("/{slug:number}/messages", auth=WRITE, response={201: TimelineLine, **PROBLEMS})
def post_message(request: ActorRequest, number: str, body: MessageIn) -> Any:
    """Write to the other side of the case."""
    incident, projection, now = reached(request, number)
    return Status(201, _line(say.send_message(request.actor, incident, body=body.body, now=now), projection))


@router.post("/{slug:number}/messages/receipt", auth=WRITE, response={200: ReceiptOut, **PROBLEMS})
def post_receipt(request: ActorRequest, number: str) -> Any:
    """Say that the messages of the other side have been opened."""
    incident, _projection, now = reached(request, number)
    return {"opened": say.read_messages(request.actor, incident, now=now)}


@router.get("/{slug:number}/notes", auth=READ, response={200: LinesOut, **PROBLEMS})
def get_notes(request: ActorRequest, number: str, page: PageNumber = 1) -> Any:
    """The notes among CERTs; none for an organisation."""
    incident, projection, _now = reached(request, number)
    return _lines(notes_of(incident, projection), projection, page)


@router.post("/{slug:number}/notes", auth=WRITE, response={201: TimelineLine, **PROBLEMS})
def post_note(request: ActorRequest, number: str, body: NoteIn) -> Any:
    """Keep a note that no organisation reads."""
    incident, projection, now = reached(request, number)
    return Status(201, _line(say.add_note(request.actor, incident, now=now, **body.dict()), projection))


@router.get("/{slug:number}/tasks", auth=READ, response={200: list[TaskOut], **PROBLEMS})
def get_tasks(request: ActorRequest, number: str) -> Any:
    """What is to be done, in its order."""
    incident, projection, _now = reached(request, number)
    return [_task(row) for row in tasks_of(incident, projection)]


@router.post("/{slug:number}/tasks", auth=WRITE, response={201: TaskOut, **PROBLEMS})
def post_task(request: ActorRequest, number: str, body: TaskIn) -> Any:
    """Add a task at the end."""
    incident, projection, now = reached(request, number)
    made = task_actions.add_task(request.actor, incident, now=now, **body.dict())
    return Status(201, _task(access_task(incident, projection, made.pk)))


@router.put("/{slug:number}/tasks/{int:task_id}/plan", auth=WRITE, response={200: TaskOut, **PROBLEMS})
def put_task_plan(request: ActorRequest, number: str, task_id: int, body: TaskPlanIn) -> Any:
    """Say who does an open task, and until when."""
    incident, projection, now = reached(request, number)
    found = access_task(incident, projection, task_id)
    task_actions.change_task(
        request.actor, incident, found, due_at=body.due_at, assigned_to=body.assigned_to, now=now
    )  # fmt: skip
    return _task(access_task(incident, projection, task_id))


@router.post("/{slug:number}/tasks/{int:task_id}/settle", auth=WRITE, response={200: TaskOut, **PROBLEMS})
def post_task_settle(request: ActorRequest, number: str, task_id: int, body: SettleIn) -> Any:
    """Close a task as done, or drop it with a reason."""
    incident, projection, now = reached(request, number)
    found = access_task(incident, projection, task_id)
    task_actions.settle_task(request.actor, incident, found, state=body.state, outcome=body.outcome, now=now)
    return _task(access_task(incident, projection, task_id))


@router.post("/{slug:number}/tasks/{int:task_id}/reopen", auth=WRITE, response={200: TaskOut, **PROBLEMS})
def post_task_reopen(request: ActorRequest, number: str, task_id: int) -> Any:
    """Open a closed task again."""
    incident, projection, now = reached(request, number)
    task_actions.reopen_task(request.actor, incident, access_task(incident, projection, task_id), now=now)
    return _task(access_task(incident, projection, task_id))


@router.post("/{slug:number}/tasks/playbook", auth=WRITE, response={201: list[TaskOut], **PROBLEMS})
def post_case_playbook(request: ActorRequest, number: str, body: PlaybookIn) -> Any:
    """Make the steps of a playbook tasks of the case."""
    incident, projection, now = reached(request, number)
    made = apply_playbook(request.actor, incident, access_playbook(request.actor, body.playbook), now=now)
    keys = [task.pk for task in made]
    return Status(201, [_task(row) for row in tasks_of(incident, projection).filter(pk__in=keys)])


@router.get("/{slug:number}/similar", auth=READ, response={200: list[SimilarOut], **PROBLEMS})
def get_similar(request: ActorRequest, number: str) -> Any:
    """The cases most like this one, among those that the caller sees."""
    incident, projection, now = reached(request, number)
    return [
        {
            "number": one.incident.number, "indicators": one.indicators, "same_type": one.same_type,
            "same_cause": one.same_cause,
        }
        for one in similar_cases(request.actor, incident, projection, now=now)
    ]  # fmt: skip


@router.get("/{slug:number}/links", auth=READ, response={200: list[LinkOut], **PROBLEMS})
def get_links(request: ActorRequest, number: str) -> Any:
    """The cases that this one is linked with, as far as the caller sees them."""
    incident, projection, _now = reached(request, number)
    return [_link(link, other) for link, other in links_of(incident, projection)]


@router.post("/{slug:number}/links", auth=WRITE, response={201: LinkOut, **PROBLEMS})
def post_link(request: ActorRequest, number: str, body: LinkIn) -> Any:
    """Link the case with another one that the caller sees too."""
    incident, _projection, now = reached(request, number)
    other = access_incident(request.actor, body.number)
    made = say.link_cases(request.actor, incident, other, kind=body.kind, note=body.note, now=now)
    return Status(201, _link(made, other))


@router.delete("/{slug:number}/links/{int:link_id}", auth=WRITE, response={204: None, **PROBLEMS})
def delete_link(request: ActorRequest, number: str, link_id: int) -> Any:
    """Take a link back."""
    incident, projection, now = reached(request, number)
    say.unlink_cases(request.actor, incident, access_link(incident, projection, link_id), now=now)
    return Status(204, None)


@router.post("/{slug:number}/campaign/join", auth=WRITE, response={204: None, **PROBLEMS})
def post_join(request: ActorRequest, number: str, body: JoinIn) -> Any:
    """Put the case into a national incident."""
    incident, _projection, now = reached(request, number)
    campaign = access_campaign(request.actor, body.national_incident)
    join_campaign(request.actor, incident, campaign, reason=body.reason, now=now)
    return Status(204, None)


@router.post("/{slug:number}/campaign/leave", auth=WRITE, response={204: None, **PROBLEMS})
def post_leave(request: ActorRequest, number: str, body: LeaveIn) -> Any:
    """Take the case out of its national incident."""
    incident, _projection, now = reached(request, number)
    leave_campaign(request.actor, incident, reason=body.reason, now=now)
    return Status(204, None)


def _lines(rows: Any, projection: Projection, page: int) -> dict[str, Any]:
    pages = Paginator(rows, PAGE)
    if page > pages.num_pages:
        return {"lines": [], "total": pages.count}
    shown = lines(list(pages.page(page)), projection, team_names())
    return {"lines": [_shown(line.entry, line.words, line.who) for line in shown], "total": pages.count}


def _line(entry: EntryRow, projection: Projection) -> dict[str, Any]:
    (line,) = lines([entry], projection, team_names())
    return _shown(entry, line.words, line.who)


def _shown(entry: EntryRow, words: str, who: str) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "audience": entry.audience,
        "team": entry.team.code if entry.team else None,
        "who": who,
        "code": entry.code,
        "body": words,
        "happened_at": entry.happened_at,
        "written_at": entry.written_at,
        "read_at": entry.read_at,
    }


def _task(row: Task) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "detail": row.detail,
        "state": row.state,
        "for_organisation": row.for_organisation,
        "team": row.team.code,
        "assigned_to": row.assigned_to_id,
        "due_at": row.due_at,
        "done_at": row.done_at,
        "outcome": row.outcome,
        "playbook": row.playbook_id,
        "step": row.step,
    }


def _link(link: CaseLink, other: Incident) -> dict[str, Any]:
    return {"id": link.pk, "number": other.number, "kind": link.kind, "note": link.note}
