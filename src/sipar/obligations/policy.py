"""Who may decide not to report, and who may switch a regime on or off."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.incidents.models import Incident
from sipar.obligations.models import DRAFTING_ROLES, Regime

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


def drafts_laws(actor: Actor) -> bool:
    """Ministries, the authority's policy staff and heads of CERTs write drafts and replay them."""
    return actor.holds(*DRAFTING_ROLES)


def require_drafts_laws(actor: Actor) -> None:
    if not drafts_laws(actor):
        raise Forbidden("A ministry, the authority or the head of a CERT writes drafts.", code="regime.write")


def may_edit_draft(actor: Actor, draft: Regime) -> bool:
    """Its writer, and the officers of its ministry."""
    ministries = {grant.ministry for grant in actor.grants if grant.ministry is not None}
    mine = draft.written_by_id == actor.account or draft.ministry_id in ministries
    return draft.is_draft and mine and drafts_laws(actor)


def require_may_edit_draft(actor: Actor, draft: Regime) -> None:
    if not may_edit_draft(actor, draft):
        raise Forbidden("Its writer and the officers of its ministry change a draft.", code="regime.write")


def may_replay_nation(actor: Actor) -> bool:
    """Ministries, the authority's policy staff, the head of the National CERT, and Sipar itself."""
    return actor.holds("system", "authority_policy", "ministry_officer") or actor.holds_in_tier("national", "team_head")


def require_may_replay_nation(actor: Actor) -> None:
    if not may_replay_nation(actor):
        raise Forbidden("A ministry, the authority or the head of the National CERT replays the nation's incidents.")
