"""Who decides about claims. Which rows an actor can reach at all is decided by the database."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.orgs.policy import is_national


def may_keep_claims(actor: Actor) -> bool:
    """Claims reach over constituencies: staff of the National CERT keep national ranges, import and settle."""
    return is_national(actor)


def require_may_settle(actor: Actor) -> None:
    if not may_keep_claims(actor):
        raise Forbidden("Conflicts of claims are settled by the National CERT.", code="claims.forbidden")


def require_may_import(actor: Actor) -> None:
    if not may_keep_claims(actor):
        raise Forbidden("Claims are imported by the National CERT.", code="claims.forbidden")


def require_may_keep_ranges(actor: Actor) -> None:
    if not may_keep_claims(actor):
        raise Forbidden("National ranges are kept by the National CERT.", code="claims.forbidden")
