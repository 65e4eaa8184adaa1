"""The roles that a person can hold, where each one holds, and what it needs at sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Place = Literal["organisation", "team", "ministry", "nation"]


@dataclass(frozen=True)
class Role:
    """`second_factor`: the role sees more than its own organisation, so a passkey or TOTP is required."""

    key: str
    title: str | Promise
    place: Place
    second_factor: bool = True


ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role("reporter", _("Reporter"), "organisation", second_factor=False),
        Role("ciso", _("Chief information security officer"), "organisation", second_factor=False),
        Role("head", _("Head of organisation"), "organisation", second_factor=False),
        Role("analyst", _("CERT analyst"), "team"),
        Role("duty_officer", _("Duty officer"), "team"),
        Role("team_head", _("Head of CERT"), "team"),
        Role("council_member", _("Council member"), "nation"),
        Role("council_secretary", _("Council secretary"), "nation"),
        Role("authority_policy", _("Authority: policy"), "nation"),
        Role("inspector", _("Authority: inspector"), "nation"),
        Role("adjudicator", _("Authority: adjudicator"), "nation"),
        Role("auditor", _("Auditor"), "nation"),
        Role("consultant", _("Consultant"), "nation"),
        Role("ministry_officer", _("Ministry officer"), "ministry"),
        Role("partner", _("Partner CERT"), "nation"),
        Role("administrator", _("System administrator"), "nation"),
        Role("ombudsman", _("Ombudsman"), "nation"),
        Role("system", _("Sipar itself"), "nation", second_factor=False),
    )
}

ORGANISATION_ROLES = ("reporter", "ciso", "head")
TEAM_ROLES = ("analyst", "duty_officer", "team_head")
COUNCIL_ROLES = ("council_member", "council_secretary")
ENGAGED_ROLES = ("consultant", "auditor")
AGGREGATE_ROLES = (*COUNCIL_ROLES, "authority_policy")
# Three different people: standards, inspection, decision (design: who sees what).
SEPARATED = frozenset({"authority_policy", "inspector", "adjudicator"})


def needs_second_factor(roles: set[str]) -> bool:
    """Whether any of these roles sees more than its own organisation."""
    return any(ROLES[role].second_factor for role in roles if role in ROLES)
