"""Reading the tree of CERTs, who belongs to whom and why, and who is on duty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.nations.constituency import ConstituencyRule, explain
from sipar.nations.reference import sim3
from sipar.orgs.register import register_table
from sipar.orgs.selectors import access_organisation
from sipar.teams.maturity import decoded, mean_level
from sipar.teams.models import (
    ConstituencyDispute,
    ConstituencyDraft,
    DutyShift,
    MaturitySelfAssessment,
    Membership,
    Team,
)
from sipar.teams.policy import may_see_inside
from sipar.teams.roster import Span, gaps
from sipar.teams.rules import Preview, preview

ROSTER_DAYS = 14


@dataclass(frozen=True)
class Size:
    members: int = 0
    leads: int = 0


@dataclass(frozen=True)
class Node:
    """A team in the tree, `depth` steps below the top. `maturity` is None where the reader does not know it."""

    team: Team
    depth: int
    size: Size
    maturity: float | None


def access_team(actor: Actor, code: str) -> Team:
    """A team by its code; teams are known to everyone who has signed in."""
    found = Team.objects.filter(code=code).select_related("parent").first()
    if found is None:
        raise not_open("CERT")
    return found


def team_sizes() -> dict[int, Size]:
    """How many organisations each team serves, and how many of them it leads; teams without any are missing."""
    with connection.cursor() as cursor:
        cursor.execute("select team_id, members, leads from guard.team_sizes()")
        return {team: Size(members, leads) for team, members, leads in cursor.fetchall()}


def tree_of_teams() -> list[Node]:
    """Every team below its parent, in one list from the top down."""
    sizes, maturity = team_sizes(), latest_maturity()
    teams = list(Team.objects.order_by("code"))
    below: dict[int | None, list[Team]] = {}
    for team in teams:
        below.setdefault(team.parent_id, []).append(team)
    found: list[Node] = []

    def descend(parent: int | None, depth: int) -> None:
        for team in below.get(parent, []):
            found.append(Node(team, depth, sizes.get(team.pk, Size()), maturity.get(team.pk)))
            descend(team.pk, depth + 1)

    descend(None, 0)
    return found


def latest_maturity() -> dict[int, float | None]:
    """The mean SIM3 level of each team's latest self-assessment, as far as the actor sees them."""
    rows = MaturitySelfAssessment.objects.order_by("team_id", "-assessed_at", "-pk").distinct("team_id")
    return {row.team_id: mean_level(decoded(bytes(row.levels), sim3())) for row in rows}


def maturity_history(team: Team) -> list[MaturitySelfAssessment]:
    """The team's self-assessments, newest first."""
    return list(MaturitySelfAssessment.objects.filter(team=team).order_by("-assessed_at", "-pk")[:20])


def members_of(actor: Actor, team: Team) -> QuerySet[Membership]:
    """The organisations that a team serves, for the people of the team and the National CERT; else none."""
    if not may_see_inside(actor, team):
        return Membership.objects.none()
    rows = Membership.objects.filter(team=team).select_related("organisation__sector", "organisation__province")
    return rows.order_by("organisation__name", "organisation_id")


def chain_of(organisation: int) -> list[Team]:
    """From the team that an organisation calls first up to the national one; empty where nobody leads it."""
    teams = {team.pk: team for team in Team.objects.all()}
    lead = Membership.objects.filter(organisation=organisation, lead=True).order_by("team__code").first()
    chain: list[Team] = []
    step = teams.get(lead.team_id) if lead else None
    while step is not None and step not in chain:
        chain.append(step)
        step = teams.get(step.parent_id) if step.parent_id else None
    return chain


@dataclass(frozen=True)
class Explanation:
    """Whether an organisation belongs to a team, with the codes of `nations.constituency.explain`."""

    key: int
    identifier: str
    name: str
    member: bool
    lead: bool
    codes: list[str]


def why(actor: Actor, team: Team, identifier: str) -> Explanation:
    """Why an organisation that the actor sees belongs to a team, or does not."""
    organisation = access_organisation(actor, identifier)
    if not team.rule:
        return Explanation(
            organisation.pk, organisation.identifier, organisation.name, member=False, lead=False, codes=[]
        )
    rule = ConstituencyRule.model_validate(team.rule)
    codes = explain(
        rule,
        {
            "identifier": organisation.identifier,
            "sector": organisation.sector.code,
            "subsector": organisation.subsector.code if organisation.subsector else None,
            "province": organisation.province.code,
            "ministry": organisation.ministry.code if organisation.ministry else None,
            "tier": organisation.tier,
            "ownership": organisation.ownership,
        },
    )
    member = not any(code.startswith("exclude.") for code in codes) and "include.none" not in codes
    return Explanation(
        organisation.pk, organisation.identifier, organisation.name,
        member=member, lead=member and rule.lead, codes=codes,
    )  # fmt: skip


@dataclass(frozen=True)
class Roster:
    """The next days of duty: who is on now, every shift, and the times that nobody covers."""

    on_duty: list[DutyShift]
    shifts: list[DutyShift]
    gaps: list[Span]
    until: datetime


def roster_of(team: Team, *, now: datetime) -> Roster:
    """The team's duty from now on, for as many days as a roster is planned ahead."""
    until = now + timedelta(days=ROSTER_DAYS)
    rows = DutyShift.objects.filter(team=team, ends_at__gt=now, starts_at__lt=until).select_related("account")
    shifts = list(rows.order_by("starts_at", "pk"))
    uncovered = gaps([Span(row.starts_at, row.ends_at) for row in shifts], starts_at=now, ends_at=until)
    return Roster([row for row in shifts if row.starts_at <= now], shifts, uncovered, until)


def access_shift(actor: Actor, team: Team, shift: int) -> DutyShift:
    """A shift of this team; one of another team does not exist here."""
    found = DutyShift.objects.filter(pk=shift, team=team).first()
    if found is None:
        raise not_open("shift")
    return found


def access_draft(actor: Actor, team: Team, draft: int) -> ConstituencyDraft:
    """A draft rule of this team."""
    found = ConstituencyDraft.objects.filter(pk=draft, team=team).select_related("team").first()
    if found is None:
        raise not_open("draft")
    return found


def drafts_of(team: Team) -> QuerySet[ConstituencyDraft]:
    """The team's draft rules, newest first."""
    return ConstituencyDraft.objects.filter(team=team).order_by("-drafted_at", "-pk")


def preview_of(draft: ConstituencyDraft) -> Preview:
    """What applying a draft would change; whole only for those who see the whole register."""
    rules = {
        str(key): ConstituencyRule.model_validate(rule)
        for key, rule in Team.objects.exclude(rule={}).values_list("pk", "rule")
    }
    return preview(rules, str(draft.team_id), ConstituencyRule.model_validate(draft.rule), register_table())


@dataclass(frozen=True)
class Disputed:
    """The organisation of a dispute, and the keys of the teams that claim its lead."""

    identifier: str
    name: str
    leads: tuple[int, ...]


def disputed(keys: list[int]) -> dict[int, Disputed]:
    """The organisations of these disputes, for the Council and the National CERT."""
    with connection.cursor() as cursor:
        cursor.execute("select dispute_id, identifier, name, leads from guard.disputed(%s)", [keys])
        return {key: Disputed(identifier, name, tuple(leads)) for key, identifier, name, leads in cursor.fetchall()}


def open_disputes() -> QuerySet[ConstituencyDispute]:
    """Conflicts of responsibility that are not settled, oldest first."""
    rows = ConstituencyDispute.objects.filter(settled_at=None).select_related("settled_team")
    return rows.order_by("raised_at", "pk")


def settled_disputes() -> QuerySet[ConstituencyDispute]:
    """Conflicts that were settled, latest first."""
    rows = ConstituencyDispute.objects.filter(settled_at__isnull=False).select_related("settled_team")
    return rows.order_by("-settled_at", "-pk")


def access_dispute(actor: Actor, dispute: int) -> ConstituencyDispute:
    """A conflict that the actor may see."""
    found = ConstituencyDispute.objects.filter(pk=dispute).select_related("settled_team").first()
    if found is None:
        raise not_open("conflict")
    return found


def leading_teams() -> QuerySet[Team]:
    """The teams that can be the first to call."""
    return Team.objects.filter(rule__lead=True).order_by("code")


def search_teams(text: str) -> list[Team]:
    """CERTs whose name, in either language, or code holds this text."""
    words = text.strip()
    if not words:
        return []
    return list(
        Team.objects.filter(Q(name__en__icontains=words) | Q(name__ur__icontains=words) | Q(code__iexact=words))
    )
