"""Who imports, who keeps an inventory, who dismisses a match, and for whom."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.orgs.policy import is_national
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES


def may_import(actor: Actor) -> bool:
    """Sipar itself (the command line, jobs)."""
    return actor.holds("system")


def may_keep_inventory(actor: Actor, organisation: int) -> bool:
    """The organisation's own people, and CERT staff (rows beyond their constituency are refused by the database)."""
    return actor.holds_at(organisation, *ORGANISATION_ROLES) or actor.holds(*TEAM_ROLES, "system")


def require_may_import(actor: Actor) -> None:
    if not may_import(actor):
        raise Forbidden("Files about vulnerabilities are imported by the operator.", code="vulnerability.import")


def require_may_keep_lists(actor: Actor) -> None:
    if not is_national(actor):
        raise Forbidden("The National CERT keeps the lists for all.", code="vulnerability.lists")


def require_may_keep_inventory(actor: Actor, organisation: int) -> None:
    if not may_keep_inventory(actor, organisation):
        raise Forbidden("An inventory is kept by the organisation or its CERT.", code="inventory.keep")


def require_staff(actor: Actor) -> None:
    if not actor.holds(*TEAM_ROLES, "system"):
        raise Forbidden("Only staff of a CERT can do this.", code="vulnerability.staff")


def require_may_dismiss(actor: Actor, organisation: int, *, nationally: bool) -> None:
    require_may_keep_inventory(actor, organisation)
    if nationally and not is_national(actor):
        raise Forbidden("Only the National CERT dismisses for every organisation.", code="dismissal.nation")
