"""Who may load frameworks."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden


def may_load_frameworks(actor: Actor) -> bool:
    """Those who set standards, heads of CERTs, and Sipar itself at set-up."""
    return actor.holds("authority_policy", "team_head", "system")


def require_may_load_frameworks(actor: Actor) -> None:
    if not may_load_frameworks(actor):
        raise Forbidden("Frameworks are loaded by those who set standards.", code="framework.forbidden")
