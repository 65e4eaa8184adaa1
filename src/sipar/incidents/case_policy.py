"""Who may do what with a case. The rows that an actor reaches are the database's matter; this is about verbs."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Conflict, Forbidden
from sipar.incidents.models import Incident
from sipar.incidents.selectors import has_custody
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.teams.models import Team

CASE_READERS = Gate("case_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))
CASE_WORKERS = Gate("case_workers", frozenset(TEAM_ROLES), scope="cases")
GLASS_READERS = Gate("glass_readers", frozenset({"ombudsman"}))
# What still moves: everything else about a case that is over stays as it was, until it is opened again.
WORKABLE_STATES = ("open", "contained", "resolved")


def is_national_staff(actor: Actor) -> bool:
    """Whether the actor is staff of the National CERT."""
    return actor.holds_in_tier(Team.Tier.NATIONAL, *TEAM_ROLES)


def is_asked(actor: Actor, incident: Incident) -> bool:
    """Whether the case is offered to a team whose staff the actor is."""
    return incident.offered_team_id is not None and actor.holds_in_team(incident.offered_team_id, *TEAM_ROLES)


def may_answer_offer(actor: Actor, incident: Incident) -> bool:
    return is_asked(actor, incident)


def may_work(actor: Actor, incident: Incident) -> bool:
    """Whether the actor may triage now: staff of the team that has the case and has accepted it."""
    return has_custody(actor, incident) and incident.state in WORKABLE_STATES


def may_break_glass(actor: Actor) -> bool:
    return is_national_staff(actor) and actor.scopes is None


def require_may_answer_offer(actor: Actor, incident: Incident) -> None:
    """Staff of the team that is asked; raises Conflict where nobody is asked any more."""
    if incident.offered_team_id is None:
        raise Conflict("This case is not offered to anybody now.", code="case.not_offered")
    if not may_answer_offer(actor, incident):
        raise Forbidden("Only the CERT that is asked accepts or returns this case.", code="case.answer")


def require_custody(actor: Actor, incident: Incident) -> None:
    if not has_custody(actor, incident):
        raise Forbidden("Only the CERT that has this case does this.", code="case.custody")


def require_may_work(actor: Actor, incident: Incident) -> None:
    """Custody, and a case that is accepted and not over."""
    require_custody(actor, incident)
    if incident.state == "reported":
        raise Conflict("Accept the case first.", code="case.not_accepted")
    if incident.state not in WORKABLE_STATES:
        raise Conflict("This case is over. Open it again first.", code="case.over")


def require_may_break_glass(actor: Actor) -> None:
    if not may_break_glass(actor):
        raise Forbidden("Only staff of the National CERT open a case that is not theirs.", code="case.glass")
