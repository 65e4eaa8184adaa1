"""What each part of the case page shows its reader: built here, drawn by `templates/incidents/case/_<part>.html`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.incidents import content_forms as forms
from sipar.incidents.campaign_actions import may_join
from sipar.incidents.campaign_selectors import campaigns
from sipar.incidents.content_actions import read_messages
from sipar.incidents.content_policy import desk_at_work, may_write, may_write_notes
from sipar.incidents.content_selectors import (
    artefacts_of,
    colleagues_of,
    custody_of,
    entries_of,
    indicators_of,
    links_of,
    messages_of,
    notes_of,
    requirements_of,
    tasks_of,
    writers_of,
)
from sipar.incidents.impact import impact_of
from sipar.incidents.models import Entry, Incident
from sipar.incidents.models.case import TLP
from sipar.incidents.playbook_actions import playbooks
from sipar.incidents.projections import Projection
from sipar.incidents.requirement_actions import HOW, affected, found_requirements
from sipar.incidents.similar_selectors import similar_cases
from sipar.incidents.words import in_words
from sipar.teams.models import Team

SHOWN = 50
MOST_PLAYBOOKS = 200


@dataclass(frozen=True)
class Look:
    """Somebody looking at a case: what they are shown of it, and the forms that they filled in wrongly."""

    actor: Actor
    incident: Incident
    projection: Projection
    now: datetime
    zone: ZoneInfo
    asked: Mapping[str, str] = field(default_factory=dict)
    filled: Mapping[str, forms.ContentForm] = field(default_factory=dict)

    @cached_property
    def teams(self) -> dict[str, str]:
        """The names of the CERTs, read once for all parts."""
        return team_names()

    @cached_property
    def desk(self) -> int | None:
        """The team as whose staff the reader works on the case."""
        return desk_at_work(self.actor, self.incident)


@dataclass(frozen=True)
class Line:
    """One line of the timeline as it is read: what in words, and by whom, as far as the reader is told.

    `ours`: written on the reader's side of the case, so that its receipt is worth showing.
    """

    entry: Entry
    words: str
    who: str
    ours: bool


def team_names() -> dict[str, str]:
    """The name of every CERT in the active language, by its code."""
    language = get_language() or "en"
    return {team.code: team.name.get(language) or team.name["en"] for team in Team.objects.all()}


def lines(entries: list[Entry], projection: Projection, teams: Mapping[str, str]) -> list[Line]:
    """Entries in words. Organisations read which CERT, not which person of it; guests read no names of persons."""
    if not entries:
        return []
    names = writers_of(entries)
    shown = []
    for entry in entries:
        team = teams.get(entry.team.code, "") if entry.team else ""
        person = names.get(entry.written_by_id, "")
        if entry.kind == Entry.Kind.SYSTEM:
            who = person if projection.name == "full" else ""
        elif projection.name == "full":
            who = " · ".join(part for part in (person, team) if part)
        elif entry.team:
            who = team
        else:
            who = person if projection.name == "organisation" else _("the organisation")
        words = entry.body if entry.kind != Entry.Kind.SYSTEM else in_words(entry.code, entry.facts, teams=teams)
        ours = (entry.team_id is None) == (projection.name == "organisation")
        shown.append(Line(entry, words, who, ours))
    return shown


def _paged(look: Look, rows: Any) -> Any:
    return Paginator(rows, SHOWN).get_page(look.asked.get("page"))


def _timeline(look: Look) -> dict[str, Any]:
    page = _paged(look, entries_of(look.incident, look.projection))
    form = None
    if may_write(look.actor, look.incident):
        form = look.filled.get("event") or forms.EventForm(
            zone=look.zone, for_desk=look.desk is not None, initial={"happened_at": look.now}
        )
    return {"page": page, "lines": lines(list(page), look.projection, look.teams), "form": form}


def _messages(look: Look) -> dict[str, Any]:
    page = _paged(look, messages_of(look.incident, look.projection))
    shown = lines(list(page), look.projection, look.teams)
    if any(line.entry.read_at is None and not line.ours for line in shown):
        read_messages(look.actor, look.incident, now=look.now)
    writes = may_write(look.actor, look.incident)
    form = (look.filled.get("message") or forms.MessageForm()) if writes else None
    return {"page": page, "lines": shown, "form": form}


def _notes(look: Look) -> dict[str, Any]:
    page = _paged(look, notes_of(look.incident, look.projection))
    writes = may_write_notes(look.actor, look.incident)
    form = (look.filled.get("note") or forms.NoteForm()) if writes else None
    return {"page": page, "lines": lines(list(page), look.projection, look.teams), "form": form}


def _tasks(look: Look) -> dict[str, Any]:
    rows = list(tasks_of(look.incident, look.projection))
    desk = look.desk if may_write(look.actor, look.incident) else None
    colleagues = [] if desk is None else colleagues_of(desk, now=look.now)
    names = {one.account: one.name for one in colleagues}
    own = look.projection.name == "organisation" and may_write(look.actor, look.incident)
    offered = [] if desk is None else list(playbooks()[:MOST_PLAYBOOKS])
    return {
        "rows": [
            {
                "task": row,
                "who": names.get(row.assigned_to_id or 0, ""),
                "may_settle": row.state == "open" and (desk is not None or (own and row.for_organisation)),
                "may_reopen": row.state != "open" and desk is not None,
            }
            for row in rows
        ],
        "open": sum(row.state == "open" for row in rows),
        "may_plan": desk is not None,
        "form": None
        if desk is None
        else look.filled.get("task") or forms.TaskForm(zone=look.zone, colleagues=colleagues),
        "apply": forms.ApplyPlaybookForm(playbooks=offered) if offered else None,
    }


def _artefacts(look: Look) -> dict[str, Any]:
    page = _paged(look, artefacts_of(look.incident, look.projection))
    chains = custody_of(page)
    writes = may_write(look.actor, look.incident)
    desk = look.desk
    return {
        "page": page,
        "rows": [
            {
                "artefact": row,
                "chain": chains.get(row.pk, []),
                "may_take": not row.quarantined or desk is not None,
                "may_extend": writes and desk is not None,
            }
            for row in page
        ],
        "form": (look.filled.get("artefact") or forms.ArtefactForm(for_desk=desk is not None)) if writes else None,
        "steps": forms.STEPS,
    }


def _indicators(look: Look) -> dict[str, Any]:
    page = _paged(look, indicators_of(look.incident, look.projection))
    writes = may_write(look.actor, look.incident)
    form = (look.filled.get("indicators") or forms.IndicatorsForm()) if writes else None
    return {"page": page, "form": form, "may_remove": writes, "labels": TLP}


def _requirements(look: Look) -> dict[str, Any]:
    words = look.asked.get("q", "").strip()[:200]
    writes = may_write(look.actor, look.incident)
    language = get_language() or "en"
    return {
        "rows": affected(requirements_of(look.incident, look.projection)),
        "may_write": writes,
        "searched": words,
        "found": found_requirements(words, language) if writes and words else [],
        "how": list(HOW.items()),
    }


def _similar(look: Look) -> dict[str, Any]:
    links = links_of(look.incident, look.projection)
    linked = {other.pk for _link, other in links}
    works = may_write(look.actor, look.incident) and look.desk is not None
    joins = may_join(look.actor, look.incident)
    campaign = look.incident.campaign
    offered = list(campaigns().filter(state="open")[:MOST_PLAYBOOKS]) if joins and campaign is None else []
    return {
        "links": links,
        "rows": [
            {"similar": one, "linked": one.incident.pk in linked, "named": one.projection.shows("identity")}
            for one in similar_cases(look.actor, look.incident, look.projection, now=look.now)
        ],
        "may_link": works,
        "form": (look.filled.get("link") or forms.LinkForm()) if works else None,
        "campaign": campaign,
        "join": (look.filled.get("join") or forms.JoinForm(campaigns=offered)) if offered else None,
        "leave": (look.filled.get("leave") or forms.LeaveForm()) if joins and campaign else None,
    }


def _impact(look: Look) -> dict[str, Any]:
    return {"groups": impact_of(look.projection.of_facts(look.incident.facts), look.incident.estimates)}


# The name of a part: what a projection calls it, and what it shows.
PARTS: dict[str, tuple[str, Callable[[Look], dict[str, Any]]]] = {
    "timeline": ("timeline", _timeline),
    "messages": ("messages", _messages),
    "notes": ("notes", _notes),
    "tasks": ("tasks", _tasks),
    "artefacts": ("artefacts", _artefacts),
    "indicators": ("indicators", _indicators),
    "requirements": ("requirements", _requirements),
    "similar": ("links", _similar),
    "impact": ("facts", _impact),
}


def part_of(look: Look, name: str) -> dict[str, Any] | None:
    """The context of one part; None where the projection does not show it."""
    called, build = PARTS[name]
    return build(look) if look.projection.shows(called) else None
