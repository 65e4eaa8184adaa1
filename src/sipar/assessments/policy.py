"""Who may answer, sign and review an assessment. Which assessments anyone reaches at all, the database decides."""

from __future__ import annotations

from sipar.assessments.models import Assessment
from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.roles import ORGANISATION_ROLES

SIGNING_ROLES = ("ciso", "head")


def may_answer(actor: Actor, assessment: Assessment) -> bool:
    """The people of the organisation itself; a token needs the scope `answer`."""
    return _carries(actor, "answer") and actor.holds_at(assessment.organisation_id, *ORGANISATION_ROLES)


def may_submit(actor: Actor, assessment: Assessment) -> bool:
    """The chief information security officer or the head, in person: a delegate holds the role for a time."""
    return actor.scopes is None and actor.holds_at(assessment.organisation_id, *SIGNING_ROLES)


def require_may_answer(actor: Actor, assessment: Assessment) -> None:
    if not may_answer(actor, assessment):
        raise Forbidden("Only the people of the organisation answer its assessment.", code="assessment.answer")


def require_may_submit(actor: Actor, assessment: Assessment) -> None:
    if not may_submit(actor, assessment):
        raise Forbidden(
            "The chief information security officer or the head of the organisation signs.", code="assessment.submit"
        )


def _carries(actor: Actor, scope: str) -> bool:
    return actor.scopes is None or scope in actor.scopes
