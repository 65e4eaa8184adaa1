"""Who asks for help, who brings it, and who says that it helped."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.support.models import SupportRequest


def may_ask(actor: Actor, organisation: int) -> bool:
    """The organisation's own people, and CERT staff who take the call for it (rows beyond their reach are refused)."""
    return actor.holds_at(organisation, *ORGANISATION_ROLES) or actor.holds(*TEAM_ROLES, "system")


def may_work(actor: Actor, request: SupportRequest) -> bool:
    """Staff of the CERT that has the request."""
    return actor.holds("system") or actor.holds_in_team(request.team_id, *TEAM_ROLES)


def may_answer(actor: Actor, request: SupportRequest) -> bool:
    """The organisation's own people withdraw a request and say whether it helped."""
    return actor.holds_at(request.organisation_id, *ORGANISATION_ROLES)


def require_may_ask(actor: Actor, organisation: int) -> None:
    if not may_ask(actor, organisation):
        raise Forbidden("Help is asked for by the organisation, or by a CERT on its behalf.", code="support.ask")


def require_may_work(actor: Actor, request: SupportRequest) -> None:
    if not may_work(actor, request):
        raise Forbidden("Only the CERT that has the request works on it.", code="support.work")


def require_may_answer(actor: Actor, request: SupportRequest) -> None:
    if not may_answer(actor, request):
        raise Forbidden("Only the organisation that asked for help decides this.", code="support.answer")
