"""Who reads an organisation's risk, who keeps its register, and who answers for what is accepted."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.guards import SYSTEM
from sipar.core.problems import Forbidden
from sipar.people.roles import ORGANISATION_ROLES

# The condition of guards: the organisation says these things of itself; its CERTs read them.
OWN = f"({SYSTEM} or organisation_id in (select guard.own()))"

SIGNING_ROLES = ("ciso", "head")

KEEPERS = Gate("risk_keepers", frozenset(ORGANISATION_ROLES))
API_KEEPERS = Gate("risk_keepers", frozenset(ORGANISATION_ROLES), scope="answer")


def may_keep(actor: Actor, organisation: int) -> bool:
    """The people of the organisation keep its register; its CERTs read it. A token needs the scope `answer`."""
    carries = actor.scopes is None or "answer" in actor.scopes
    return carries and (actor.holds_at(organisation, *ORGANISATION_ROLES) or actor.holds("system"))


def may_sign(actor: Actor, organisation: int) -> bool:
    """The chief information security officer or the head, in person: they accept risks and set the appetite."""
    return actor.scopes is None and actor.holds_at(organisation, *SIGNING_ROLES)


def signs_as(actor: Actor, organisation: int) -> str:
    """The highest role that the actor holds at the organisation; empty where they hold none."""
    return next((role for role in reversed(ORGANISATION_ROLES) if actor.holds_at(organisation, role)), "")


def require_may_keep(actor: Actor, organisation: int) -> None:
    if not may_keep(actor, organisation):
        raise Forbidden("Only the people of the organisation keep its register of risks.", code="risk.keep")


def require_may_sign(actor: Actor, organisation: int) -> None:
    if not may_sign(actor, organisation):
        raise Forbidden(
            "The chief information security officer or the head of the organisation accepts a risk.", code="risk.sign"
        )
