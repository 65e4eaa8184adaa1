"""The tree of CERTs to programs."""

from __future__ import annotations

from datetime import date

from ninja import Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.people.gates import EVERYONE
from sipar.teams.models import Team
from sipar.teams.selectors import Size, access_team, team_sizes, tree_of_teams, why

router = Router(tags=["teams"])


class TeamSummary(Schema):
    """`name` by language tag; `parent` is a code; a notification that is not known has an empty status."""

    code: str
    name: dict[str, str]
    tier: str
    parent: str | None
    legal_basis: str
    notification_status: str
    notification_reference: str
    notification_date: date | None
    members: int
    leads: int


class TeamDetail(TeamSummary):
    """`profile` holds the written sections of RFC 2350 by number; `services` the numbers of the FIRST catalogue."""

    email: str
    emergency_phone: str
    profile: dict[str, str]
    services: list[str]


class Members(Schema):
    """How many organisations the team serves, and for how many of them it is the first to call."""

    members: int
    leads: int


class Why(Schema):
    """`codes`: `include.1.sector=energy` and the like, exclusions first; `include.none` where no clause matched."""

    organisation: str
    member: bool
    lead: bool
    codes: list[str]


def _summary(team: Team, size: Size, parent: str | None) -> dict[str, object]:
    return {
        "code": team.code,
        "name": team.name,
        "tier": team.tier,
        "parent": parent,
        "legal_basis": team.legal_basis,
        "notification_status": team.notification_status,
        "notification_reference": team.notification_reference,
        "notification_date": team.notification_date,
        "members": size.members,
        "leads": size.leads,
    }


@router.get("/teams", auth=Entry(EVERYONE), response={200: list[TeamSummary], **PROBLEMS}, summary="The tree of CERTs")
def list_teams(request: ActorRequest) -> list[dict[str, object]]:
    nodes = tree_of_teams()
    codes: dict[int | None, str] = {node.team.pk: node.team.code for node in nodes}
    return [_summary(node.team, node.size, codes.get(node.team.parent_id)) for node in nodes]


@router.get("/teams/{code}", auth=Entry(EVERYONE), response={200: TeamDetail, **PROBLEMS}, summary="One CERT")
def get_team(request: ActorRequest, code: str) -> dict[str, object]:
    team = access_team(request.actor, code)
    summary = _summary(team, team_sizes().get(team.pk, Size()), team.parent.code if team.parent else None)
    return summary | {
        "email": team.email,
        "emergency_phone": team.emergency_phone,
        "profile": team.profile,
        "services": team.services,
    }


@router.get(
    "/teams/{code}/members/count",
    auth=Entry(EVERYONE),
    response={200: Members, **PROBLEMS},
    summary="How many it serves",
)
def count_members(request: ActorRequest, code: str) -> Members:
    size = team_sizes().get(access_team(request.actor, code).pk, Size())
    return Members(members=size.members, leads=size.leads)


@router.get(
    "/teams/{code}/why/{organisation}", auth=Entry(EVERYONE), response={200: Why, **PROBLEMS},
    summary="Why an organisation belongs to a CERT",
)  # fmt: skip
def explain_membership(request: ActorRequest, code: str, organisation: str) -> Why:
    answer = why(request.actor, access_team(request.actor, code), organisation)
    return Why(organisation=answer.identifier, member=answer.member, lead=answer.lead, codes=answer.codes)
