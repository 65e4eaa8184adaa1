"""Who may write what into a case. Seeing a case is not working on it.

The organisation's own people and the teams that have the case, are offered it, or were called to help, work on it.
Other teams that see it may talk about it among teams. Whoever broke the glass looks, and writes nothing.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Conflict, Forbidden
from sipar.incidents.models import Access, Incident
from sipar.incidents.selectors import works_for_organisation
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

CASE_WRITERS = Gate("case_writers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope="cases")

HELPERS = (Access.Basis.LEAD, Access.Basis.ESCALATED, Access.Basis.SUPPORT)
SETTLED_STATES = ("draft", "discarded", "merged")


def teams_of(actor: Actor) -> list[int]:
    """The teams whose staff the actor is."""
    return [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]


def desk_at_work(actor: Actor, incident: Incident) -> int | None:
    """The team as whose staff the actor works on the case; None where no team of theirs does."""
    teams = teams_of(actor)
    for team in (incident.lead_team_id, incident.offered_team_id):
        if team is not None and team in teams:
            return team
    if not teams:
        return None
    return (
        Access.objects.filter(incident=incident, team__in=teams, basis__in=HELPERS, projection="full", ended_at=None)
        .order_by("pk")
        .values_list("team_id", flat=True)
        .first()
    )


def desk_that_sees(actor: Actor, incident: Incident) -> int | None:
    """The team through which the actor sees the case, whether it works on it or not; None for a broken glass."""
    return desk_at_work(actor, incident) or next((team for team in teams_of(actor) if team in incident.viewers), None)


def may_write(actor: Actor, incident: Incident) -> bool:
    """Messages, events, artefacts, indicators and affected requirements: by both sides of the case."""
    if incident.state in SETTLED_STATES:
        return False
    return works_for_organisation(actor, incident) or desk_at_work(actor, incident) is not None


def may_write_notes(actor: Actor, incident: Incident) -> bool:
    """Notes among teams: by the staff of every team that sees the case."""
    return incident.state not in SETTLED_STATES and desk_that_sees(actor, incident) is not None


def require_may_write(actor: Actor, incident: Incident) -> int | None:
    """The team as whose staff the actor writes, None for the organisation's own people.

    Raises Conflict `case.settled` for a case that takes nothing more, Forbidden `case.write` otherwise.
    """
    _require_open(incident)
    if works_for_organisation(actor, incident):
        return None
    desk = desk_at_work(actor, incident)
    if desk is None:
        raise Forbidden(
            _("The organisation and the CERTs that work on this case write here; you see it without working on it."),
            code="case.write",
        )
    return desk


def require_desk(actor: Actor, incident: Incident) -> int:
    """The team as whose staff the actor works on the case. Raises Conflict `case.settled`, Forbidden `case.desk`."""
    _require_open(incident)
    desk = desk_at_work(actor, incident)
    if desk is None:
        raise Forbidden(_("This is done by the CERTs that work on this case."), code="case.desk")
    return desk


def require_may_write_notes(actor: Actor, incident: Incident) -> int:
    """The team as whose staff the actor writes. Raises Conflict `case.settled`, Forbidden `case.notes`."""
    _require_open(incident)
    desk = desk_that_sees(actor, incident)
    if desk is None:
        raise Forbidden(_("Notes are written by the CERTs that see this case."), code="case.notes")
    return desk


def _require_open(incident: Incident) -> None:
    if incident.state in SETTLED_STATES:
        raise Conflict(
            _("This case takes nothing more: it is not reported yet, or it was merged."), code="case.settled"
        )
