"""What is said about a case: events, messages between the organisation and its CERT, notes among teams, links."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict
from sipar.incidents import timeline
from sipar.incidents.content_policy import (
    desk_at_work,
    require_desk,
    require_may_write,
    require_may_write_notes,
)
from sipar.incidents.content_tasks import tell_of_message
from sipar.incidents.models import CaseLink, Entry, Incident
from sipar.incidents.selectors import works_for_organisation
from sipar.incidents.service_hours import CODE
from sipar.incidents.texts import past_moment, plain_text, refused
from sipar.obligations.service_levels import meet_service

LONGEST_BODY = 10_000
NOTE_AUDIENCES = (Entry.Audience.TEAMS, Entry.Audience.TEAM)


@action("incident.add_event")
def add_event(
    actor: Actor, incident: Incident, *, body: str, happened_at: datetime, audience: str = "everyone", now: datetime
) -> Entry:
    """Put into the timeline that something happened, with its own time. Teams may keep an event among themselves."""
    desk = require_may_write(actor, incident)
    if audience not in Entry.Audience.values or (desk is None and audience != Entry.Audience.EVERYONE):
        raise refused("audience", _("Choose one of the offered readers."))
    return _write(
        actor, incident, kind=Entry.Kind.EVENT, audience=audience, team=desk, body=body,
        happened_at=past_moment(happened_at, "happened_at", now=now), now=now,
    )  # fmt: skip


@action("incident.send_message")
def send_message(actor: Actor, incident: Incident, *, body: str, now: datetime) -> Entry:
    """A message from the organisation to its CERT, or back. The other side gets a mail that says so and no more."""
    desk = require_may_write(actor, incident)
    sent = _write(
        actor, incident, kind=Entry.Kind.MESSAGE, audience=Entry.Audience.EVERYONE, team=desk, body=body,
        happened_at=now, now=now,
    )  # fmt: skip
    tell_of_message.defer(entry=sent.pk)
    if desk is not None and desk == incident.lead_team_id:
        # The first word from the CERT that has the case is what it owes within hours.
        meet_service(actor, code=CODE, stage="contact", now=now, incident=incident)
    return sent


@action("incident.read_messages")
def read_messages(actor: Actor, incident: Incident, *, now: datetime) -> int:
    """Record that the other side's messages have been opened; returns how many were new. A look leaves no receipt."""
    unread = Entry.objects.filter(incident=incident, kind=Entry.Kind.MESSAGE, read_at=None)
    if works_for_organisation(actor, incident):
        return unread.filter(team__isnull=False).update(read_at=now)
    if desk_at_work(actor, incident) is None:
        return 0
    return unread.filter(team=None).update(read_at=now)


@action("incident.add_note")
def add_note(actor: Actor, incident: Incident, *, body: str, audience: str = "team", now: datetime) -> Entry:
    """A note that no organisation ever reads: for the actor's own team, or for all teams that see the case."""
    desk = require_may_write_notes(actor, incident)
    if audience not in NOTE_AUDIENCES:
        raise refused("audience", _("A note is for your CERT, or for the CERTs that see the case."))
    return _write(
        actor, incident, kind=Entry.Kind.NOTE, audience=audience, team=desk, body=body, happened_at=now, now=now
    )


@action("incident.link")
def link_cases(
    actor: Actor, incident: Incident, other: Incident, *, kind: str = "related", note: str = "", now: datetime
) -> CaseLink:
    """Say that two cases belong together. Only who sees both sees the link; no timeline names the other case."""
    desk = require_desk(actor, incident)
    if kind not in (CaseLink.Kind.RELATED, CaseLink.Kind.TWIN):
        raise refused("kind", _("Choose one of the offered kinds."))
    if other.pk == incident.pk:
        raise refused("other", _("A case cannot be linked with itself."))
    if CaseLink.objects.filter(incident__in=(incident, other), other__in=(incident, other), kind=kind).exists():
        raise Conflict(_("These cases are linked already."), code="case.linked")
    link = CaseLink.objects.create(
        incident=incident,
        other=other,
        kind=kind,
        note=plain_text(note, "note", longest=1_000, required=False),
        linked_by_id=actor.account,
        linked_at=now,
    )
    timeline.record(actor, incident, "case.linked", now=now, audience=Entry.Audience.TEAM, team=desk)
    return link


@action("incident.unlink")
def unlink_cases(actor: Actor, incident: Incident, link: CaseLink, *, now: datetime) -> None:
    """Take a link back."""
    desk = require_desk(actor, incident)
    link.delete()
    timeline.record(actor, incident, "case.unlinked", now=now, audience=Entry.Audience.TEAM, team=desk)


def _write(
    actor: Actor, incident: Incident, *, kind: str, audience: str, team: int | None, body: str,
    happened_at: datetime, now: datetime,
) -> Entry:  # fmt: skip
    return Entry.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        kind=kind,
        audience=audience,
        team_id=team,
        body=plain_text(body, "body", longest=LONGEST_BODY),
        happened_at=happened_at,
        written_by_id=actor.account,
        written_at=now,
    )
