"""Who may do what with the register. Which rows an actor can reach at all is decided by the database."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.orgs.models import Designation, Organisation
from sipar.people.roles import TEAM_ROLES

NATIONAL = "national"
SIGNING_ROLES = ("ciso", "head")


def is_national(actor: Actor) -> bool:
    """Staff of the national CERT, or Sipar itself."""
    return actor.holds("system") or actor.holds_in_tier(NATIONAL, *TEAM_ROLES)


def leads(actor: Actor, organisation: Organisation) -> bool:
    """Staff of the CERT that leads this organisation."""
    teams = {grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None}
    return bool(teams) and organisation.memberships.filter(lead=True, team__in=teams).exists()


def may_import(actor: Actor) -> bool:
    return is_national(actor)


def may_add_organisation(actor: Actor) -> bool:
    return is_national(actor)


def may_change_organisation(actor: Actor, organisation: Organisation) -> bool:
    """The national CERT, and the CERT that leads it."""
    return is_national(actor) or leads(actor, organisation)


def may_change_assets(actor: Actor, organisation: Organisation) -> bool:
    """Contacts and assets are the organisation's own as well: its CISO and its head keep them."""
    return actor.holds_at(organisation.pk, *SIGNING_ROLES) or may_change_organisation(actor, organisation)


def may_export(actor: Actor) -> bool:
    return actor.holds(*TEAM_ROLES, "ministry_officer", "system")


def may_list_candidate(actor: Actor, organisation: Organisation) -> bool:
    return actor.holds_at(organisation.pk, *SIGNING_ROLES)


def may_grade(actor: Actor, designation: Designation) -> bool:
    """The national CERT, by somebody who neither listed nor signed for the ministry."""
    others = {designation.listed_by_id, designation.designated_by_id}
    return actor.holds_in_tier(NATIONAL, "analyst", "team_head") and actor.account not in others


def may_designate(actor: Actor, designation: Designation) -> bool:
    """An officer of the organisation's own ministry, who neither listed nor graded it."""
    others = {designation.listed_by_id, designation.graded_by_id}
    return answers_for(actor, designation) and actor.account not in others


def may_ask_withdrawal(actor: Actor, designation: Designation) -> bool:
    """Before the ministry signs, this withdraws; afterwards the ministry has to agree."""
    return actor.holds_at(designation.organisation_id, *SIGNING_ROLES) or actor.holds_in_tier(
        NATIONAL, "analyst", "team_head"
    )


def may_withdraw(actor: Actor, designation: Designation) -> bool:
    return answers_for(actor, designation) and actor.account != designation.withdrawal_asked_by_id


def answers_for(actor: Actor, designation: Designation) -> bool:
    """An officer of the ministry that answers for the designation's organisation."""
    ministry = designation.organisation.ministry_id
    return ministry is not None and any(
        grant.role == "ministry_officer" and grant.ministry == ministry for grant in actor.grants
    )


def require(allowed: bool, sentence: str, code: str) -> None:
    """Raise Forbidden with the sentence unless allowed."""
    if not allowed:
        raise Forbidden(sentence, code=code)


def require_may_import(actor: Actor) -> None:
    require(may_import(actor), "The register is imported by the national CERT.", "register.forbidden")


def require_may_export(actor: Actor) -> None:
    require(may_export(actor), "The register is exported by CERTs and ministries.", "register.forbidden")


def require_may_change_organisation(actor: Actor, organisation: Organisation) -> None:
    sentence = "An organisation's entry is kept by the national CERT and the CERT that leads it."
    require(may_change_organisation(actor, organisation), sentence, "organisation.forbidden")


def require_may_change_assets(actor: Actor, organisation: Organisation) -> None:
    sentence = "Contacts and assets are kept by the organisation's CISO or head, and by its CERT."
    require(may_change_assets(actor, organisation), sentence, "organisation.forbidden")
