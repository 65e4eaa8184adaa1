"""Who may decide not to report, and who may switch a regime on or off."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.incidents.models import Incident

DECIDING_ROLES = ("ciso", "head")


def may_decide_not_to_report(actor: Actor, incident: Incident) -> bool:
    """The CISO or the head of the organisation itself: a decision that the organisation answers for."""
    return incident.organisation_id is not None and actor.holds_at(incident.organisation_id, *DECIDING_ROLES)


def require_may_decide(actor: Actor, incident: Incident) -> None:
    if not may_decide_not_to_report(actor, incident):
        raise Forbidden("The CISO or the head of the organisation decides not to report.", code="duty.decide")


def switches_regimes(actor: Actor) -> bool:
    """The head of the National CERT, the authority's policy staff, or Sipar itself."""
    return actor.holds("system", "authority_policy") or actor.holds_in_tier("national", "team_head")


def require_switches_regimes(actor: Actor) -> None:
    if not switches_regimes(actor):
        raise Forbidden("The head of the National CERT or the authority switches regimes.", code="regime.switch")
