"""The side navigation: only what a role uses, at most seven entries."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.people.roles import AGGREGATE_ROLES, ENGAGED_ROLES, ORGANISATION_ROLES, TEAM_ROLES

MOST_ENTRIES = 7
POLICY_ROLES = ("analyst", "authority_policy")


@dataclass(frozen=True)
class Section:
    """A place that some roles use; `roles` empty: everyone who has signed in."""

    url: str
    label: str | Promise
    icon: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    url: str
    label: str | Promise
    icon: str
    active: bool


SECTIONS = (
    Section("/", _("My desk"), "desk"),
    Section("/organisations/", _("My organisation"), "organisation", ORGANISATION_ROLES),
    Section("/organisations/", _("Organisations"), "organisation", (*TEAM_ROLES, "ministry_officer", "inspector")),
    Section("/assessments/", _("Assessments"), "assessment", (*ORGANISATION_ROLES, *TEAM_ROLES, *ENGAGED_ROLES)),
    Section("/campaigns/", _("Campaigns"), "campaign", (*TEAM_ROLES, "authority_policy")),
    Section("/board/", _("National board"), "board", (*TEAM_ROLES, *AGGREGATE_ROLES, "ministry_officer")),
    Section("/teams/", _("CERTs"), "team", (*TEAM_ROLES, *AGGREGATE_ROLES, "administrator")),
    Section("/frameworks/", _("Frameworks"), "framework", (*ORGANISATION_ROLES, *ENGAGED_ROLES, *POLICY_ROLES)),
    Section("/ledger/", _("Ledger"), "ledger", ("team_head", "administrator", "ombudsman", "council_secretary")),
)


def entries(actor: Actor | None, path: str) -> list[Entry]:
    """The sections that the actor's roles use, each place once, with the one that holds `path` marked."""
    if actor is None:
        return []
    found: dict[str, Entry] = {}
    for section in SECTIONS:
        if section.roles and not actor.holds(*section.roles):
            continue
        active = path == "/" if section.url == "/" else path.startswith(section.url)
        found[section.url] = Entry(section.url, section.label, section.icon, active)
    return list(found.values())[:MOST_ENTRIES]
