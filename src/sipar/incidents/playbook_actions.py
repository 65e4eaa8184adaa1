"""Playbooks: brought in as CACAO 2.0, shared by all CERTs, turned into the tasks of a case. No step is ever run."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place, not_open
from sipar.formats.cacao import Instruction, Remark, instructions, read_playbook, remarks, write_playbook
from sipar.formats.cacao import Playbook as Document
from sipar.formats.problems import FormatProblem
from sipar.incidents import timeline
from sipar.incidents.content_policy import require_desk, teams_of
from sipar.incidents.models import Entry, Incident, Playbook, Task
from sipar.incidents.task_actions import LONGEST_DETAIL, LONGEST_TITLE, MOST_TASKS, next_position

LARGEST_BYTES = 2 * 1024 * 1024
LONGEST_IDENTIFIER, LONGEST_NAME, LONGEST_STEP = 80, 200, 120


@action("playbook.import")
def import_playbook(actor: Actor, data: bytes, *, team: int, now: datetime) -> Playbook:
    """Bring in a CACAO 2.0 playbook for a team whose staff the actor is; a newer one takes the place of the older.

    Raises Invalid `playbook.format` with the path to the fault, Conflict `playbook.theirs` where another team brought
    in the same playbook, and `playbook.older` where the one that is kept was modified later.
    """
    if team not in teams_of(actor):
        raise Forbidden(_("You bring in playbooks for your own CERT."), code="playbook.team")
    document = _read(data)
    kept = Playbook.objects.filter(identifier=document.id).first()
    written = write_playbook(document)
    fields = {
        "name": document.name[:LONGEST_NAME],
        "description": document.description or "",
        "document": json.loads(written),
        "digest": hashlib.sha256(written).hexdigest(),
        "imported_by_id": actor.account,
        "imported_at": now,
    }
    if kept is None:
        return Playbook.objects.create(team_id=team, identifier=document.id, **fields)
    if kept.team_id != team:
        raise Conflict(_("Another CERT brought in this playbook; use theirs."), code="playbook.theirs")
    if str(kept.document.get("modified", "")) > document.modified:
        raise Conflict(_("The playbook that is kept was modified later than this one."), code="playbook.older")
    Playbook.objects.filter(pk=kept.pk).update(**fields)
    kept.refresh_from_db()
    return kept


@action("playbook.remove")
def remove_playbook(actor: Actor, playbook: Playbook) -> None:
    """Take a playbook of the actor's own team away; tasks that came from it stay."""
    if playbook.team_id not in teams_of(actor):
        raise Forbidden(_("Only the CERT that brought it in removes it."), code="playbook.team")
    playbook.delete()


@action("incident.apply_playbook")
def apply_playbook(actor: Actor, incident: Incident, playbook: Playbook, *, now: datetime) -> list[Task]:
    """Make a task of every step that a person can see to, in the order of the workflow, after the tasks there are.

    Raises Conflict `playbook.applied` where open tasks of this playbook are in the case.
    """
    desk = require_desk(actor, incident)
    if Task.objects.filter(incident=incident, playbook=playbook, state="open").exists():
        raise Conflict(_("This playbook is already being worked through in this case."), code="playbook.applied")
    steps = steps_of(playbook)
    first = next_position(incident)
    if first + len(steps) > MOST_TASKS:
        raise Conflict(_("A case takes at most %(most)s tasks.") % {"most": MOST_TASKS}, code="task.many")
    tasks = Task.objects.bulk_create(
        Task(
            incident=incident,
            organisation_id=incident.organisation_id,
            team_id=desk,
            title=step.title[:LONGEST_TITLE],
            detail=_detail(step),
            playbook=playbook,
            step=step.identifier[:LONGEST_STEP],
            position=first + place,
            created_by_id=actor.account,
            created_at=now,
        )
        for place, step in enumerate(steps)
    )
    timeline.record(
        actor, incident, "playbook.applied", now=now, facts={"tasks": len(tasks)}, audience=Entry.Audience.TEAMS
    )
    return tasks


def playbooks() -> QuerySet[Playbook]:
    """Every playbook, by name; organisations see none."""
    return Playbook.objects.select_related("team").defer("document").order_by("name", "pk")


def access_playbook(actor: Actor, playbook: int) -> Playbook:
    """A playbook by its number."""
    found = Playbook.objects.select_related("team").filter(pk=playbook).first()
    if found is None:
        raise not_open("playbook")
    return found


def steps_of(playbook: Playbook) -> tuple[Instruction, ...]:
    """The steps of a playbook for a person, in the order of its workflow."""
    return instructions(_document(playbook))


def remarks_on(playbook: Playbook) -> tuple[Remark, ...]:
    """What a careful reader would tell the author of a playbook."""
    return remarks(_document(playbook))


def exported(playbook: Playbook) -> bytes:
    """The playbook as CACAO 2.0 JSON: the same value that was brought in."""
    return write_playbook(_document(playbook))


def _document(playbook: Playbook) -> Document:
    return read_playbook(json.dumps(playbook.document).encode())


def _read(data: bytes) -> Document:
    try:
        document = read_playbook(data)
    except FormatProblem as problem:
        raise Invalid(
            _("This is no CACAO 2.0 playbook that Sipar can take."),
            code="playbook.format",
            places=[Place(problem.where or "file", problem.sentence)],
        ) from problem
    if len(document.id) > LONGEST_IDENTIFIER:
        raise Invalid(
            _("This is no CACAO 2.0 playbook that Sipar can take."),
            code="playbook.format",
            places=[Place("id", _("This is longer than %(longest)s characters.") % {"longest": LONGEST_IDENTIFIER})],
        )
    return document


def _detail(step: Instruction) -> str:
    """What to do, with the commands as text to read; cut where a task holds no more."""
    parts = [step.description, *step.commands]
    return "\n\n".join(part for part in parts if part and part != step.title)[:LONGEST_DETAIL]
