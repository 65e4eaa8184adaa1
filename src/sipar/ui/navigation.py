"""The side navigation: only what a role uses, at most seven entries."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.people.roles import AGGREGATE_ROLES, ENGAGED_ROLES, ORGANISATION_ROLES, TEAM_ROLES

MOST_ENTRIES = 7
AROUND_EXPOSURE = ("/notices/", "/vulnerabilities/", "/feeds/")
POLICY_ROLES = ("analyst", "authority_policy")


@dataclass(frozen=True)
class Section:
    """A place that some roles use; `roles` empty: everyone who has signed in. `also`: where else its pages stand."""

    url: str
    label: str | Promise
    icon: str
    roles: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def reach(self, path: str) -> int:
        """How much of a page's address is this section's; 0 where it is none of its pages."""
        if path == "/" or self.url == "/":
            return int(path == self.url)
        return max((len(url) for url in (self.url, *self.also) if path.startswith(url)), default=0)


@dataclass(frozen=True)
class Entry:
    url: str
    label: str | Promise
    icon: str
    active: bool


# In the order in which a role needs them: where there are more than seven, the last ones stand on the page "More".
SECTIONS = (
    Section("/", _("My desk"), "desk"),
    Section("/report/", _("Report an incident"), "alert", ORGANISATION_ROLES),
    Section("/duty/", _("On duty"), "clock", TEAM_ROLES),
    Section("/cases/", _("Our cases"), "incident", ORGANISATION_ROLES),
    Section("/cases/", _("Cases"), "incident", TEAM_ROLES),
    Section("/exposure/", _("Exposure"), "exposure", (*ORGANISATION_ROLES, *TEAM_ROLES), AROUND_EXPOSURE),
    Section("/support/", _("Help"), "help", ORGANISATION_ROLES),
    Section("/situation/", _("Situation"), "map", (*TEAM_ROLES, *AGGREGATE_ROLES)),
    Section("/risks/", _("Risk"), "board", AGGREGATE_ROLES),
    Section("/law/", _("Law"), "law", (*AGGREGATE_ROLES, "ministry_officer")),
    Section("/assessments/", _("Assessments"), "assessment", (*ORGANISATION_ROLES, *ENGAGED_ROLES)),
    Section("/organisations/", _("My organisation"), "organisation", ORGANISATION_ROLES),
    Section("/organisations/", _("Organisations"), "organisation", (*TEAM_ROLES, "ministry_officer", "inspector")),
    Section("/assessments/", _("Assessments"), "assessment", TEAM_ROLES),
    Section("/board/", _("National board"), "board", (*TEAM_ROLES, *AGGREGATE_ROLES, "ministry_officer")),
    Section("/campaigns/", _("Campaigns"), "campaign", (*TEAM_ROLES, "authority_policy")),
    Section("/support/", _("Help"), "help", TEAM_ROLES),
    Section("/teams/", _("CERTs"), "team", (*TEAM_ROLES, *AGGREGATE_ROLES, "administrator")),
    Section("/frameworks/", _("Frameworks"), "framework", (*ORGANISATION_ROLES, *ENGAGED_ROLES, *POLICY_ROLES)),
    Section("/cases/campaigns/", _("National incidents"), "alert", TEAM_ROLES),
    Section("/risks/", _("Risk"), "board", TEAM_ROLES),
    Section("/risks/organisation/", _("Our risk"), "board", ORGANISATION_ROLES),
    Section("/routing/", _("Routing"), "search", TEAM_ROLES),
    Section("/cases/playbooks/", _("Playbooks"), "review", TEAM_ROLES),
    Section("/law/", _("Law"), "law", TEAM_ROLES),
    Section("/duties/", _("My deadlines"), "bell", (*ORGANISATION_ROLES, *TEAM_ROLES)),
    Section("/cases/glass/", _("Opened by breaking the glass"), "lock", ("ombudsman",)),
    Section("/ledger/", _("Ledger"), "ledger", ("team_head", "administrator", "ombudsman", "council_secretary")),
)
MORE = Section("/more/", _("More"), "menu")


def entries(actor: Actor | None, path: str) -> list[Entry]:
    """The sections that the actor's roles use most, each place once, with the one that holds `path` marked.

    At most seven: where there are more, the last is the page that lists the others.
    """
    found = _used(actor)
    shown = found if len(found) <= MOST_ENTRIES else [*found[: MOST_ENTRIES - 1], MORE]
    active = _holding(found, path)
    if MORE in shown and (active not in shown or path.startswith(MORE.url)):
        active = MORE if active is not None or path.startswith(MORE.url) else None
    return [Entry(section.url, section.label, section.icon, section is active) for section in shown]


def more_entries(actor: Actor | None) -> list[Entry]:
    """The sections that do not fit beside the page; empty for roles with few."""
    found = _used(actor)
    rest = found[MOST_ENTRIES - 1 :] if len(found) > MOST_ENTRIES else []
    return [Entry(section.url, section.label, section.icon, active=False) for section in rest]


def _used(actor: Actor | None) -> list[Section]:
    """The sections of the actor's roles, each place once, by the name that their first role has for it."""
    if actor is None:
        return []
    found: dict[str, Section] = {}
    for section in SECTIONS:
        if not section.roles or actor.holds(*section.roles):
            found.setdefault(section.url, section)
    return list(found.values())


def _holding(sections: list[Section], path: str) -> Section | None:
    """The section that a page belongs to: of those that hold its address the narrowest."""
    return max((found for found in sections if found.reach(path)), key=lambda found: found.reach(path), default=None)
