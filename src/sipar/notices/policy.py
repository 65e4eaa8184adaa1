"""Who answers for a finding, who writes the rules of telling, and who settles what is left over."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

# Whoever takes a risk on an organisation's behalf answers for it.
RISK_ROLES = ("ciso", "head")
RULE_ROLES = ("analyst", "team_head")


def may_answer(actor: Actor, organisation: int | None) -> bool:
    """The organisation's own people, and CERT staff on its behalf (rows beyond their reach are refused)."""
    own = organisation is not None and actor.holds_at(organisation, *ORGANISATION_ROLES)
    return own or actor.holds(*TEAM_ROLES, "system")


def may_accept_risk(actor: Actor, organisation: int | None) -> bool:
    """The organisation's CISO or head, nobody for them."""
    return organisation is not None and actor.holds_at(organisation, *RISK_ROLES)


def may_work(actor: Actor, team: int | None) -> bool:
    """Staff of the CERT, and of the one that covers the nation (rows beyond their reach are refused)."""
    own = team is not None and actor.holds_in_team(team, *TEAM_ROLES)
    return own or actor.holds("system") or actor.holds_in_tier("national", *TEAM_ROLES)


def may_write_rules(actor: Actor, team: int) -> bool:
    """Analysts and the head of the CERT whose rules they are."""
    return actor.holds("system") or actor.holds_in_team(team, *RULE_ROLES)


def require_may_answer(actor: Actor, organisation: int | None) -> None:
    if not may_answer(actor, organisation):
        raise Forbidden("The organisation answers for its findings, or a CERT on its behalf.", code="notice.answer")


def require_may_accept_risk(actor: Actor, organisation: int | None) -> None:
    if not may_accept_risk(actor, organisation):
        raise Forbidden("Only the organisation's CISO or head accepts a risk.", code="notice.accept_risk")


def require_may_work(actor: Actor, team: int | None) -> None:
    if not may_work(actor, team):
        raise Forbidden("Only the CERT that told of it does this.", code="notice.work")


def require_may_write_rules(actor: Actor, team: int) -> None:
    if not may_write_rules(actor, team):
        raise Forbidden("Analysts and the head of the CERT write its rules.", code="notice.rules")


def require_system(actor: Actor) -> None:
    if not actor.holds("system"):
        raise Forbidden("Sipar itself does this.", code="notice.system")
