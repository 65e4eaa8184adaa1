"""Who reads the nation's loss, who states what it rests on, and who answers for an organisation's own risk."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Forbidden
from sipar.people.roles import AGGREGATE_ROLES, ORGANISATION_ROLES, TEAM_ROLES
from sipar.teams.models import Team

# Conditions of guards. `NATION`: staff of the National CERT, the Council and those who set standards.
NATION = (
    "((select guard.sees_all()) or (select guard.holds('council_member', 'council_secretary', 'authority_policy')))"
)
NATIONAL_STAFF = "((select guard.sees_all()) or (select guard.holds('authority_policy')))"
WATCHED = "((select guard.sees_all()) or organisation_id in (select guard.watched()))"

NATION_GATE = Gate("national_risk", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES}))
MODEL_GATE = Gate("risk_model", frozenset({*TEAM_ROLES, "authority_policy"}))
ORGANISATION_GATE = Gate("organisation_risk", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))


def is_national_staff(actor: Actor) -> bool:
    """Staff of the National CERT."""
    return actor.holds_in_tier(Team.Tier.NATIONAL, *TEAM_ROLES)


def may_read_nation(actor: Actor) -> bool:
    return is_national_staff(actor) or actor.holds(*AGGREGATE_ROLES, "system")


def may_model(actor: Actor) -> bool:
    """State assumptions, run the model and make plans: staff of the National CERT, and those who set standards."""
    return is_national_staff(actor) or actor.holds("authority_policy", "system")


def require_may_read_nation(actor: Actor) -> None:
    if not may_read_nation(actor):
        raise Forbidden(
            "The nation's loss is read by the National CERT, the Council and the authority.", code="risk.nation"
        )


def require_may_model(actor: Actor) -> None:
    if not may_model(actor):
        raise Forbidden("Only the National CERT and the authority change what the model rests on.", code="risk.model")
