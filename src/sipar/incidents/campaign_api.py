"""The REST API of playbooks and national incidents."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.incidents import campaign_actions, playbook_actions
from sipar.incidents.campaign_selectors import access_campaign, campaigns, members_of, spreads_of, victims_shown
from sipar.incidents.content_policy import teams_of
from sipar.incidents.models import Campaign, Playbook
from sipar.orgs.models import Sector
from sipar.people.gates import TEAM
from sipar.people.roles import TEAM_ROLES

router = Router(tags=["cases"])
READ = Entry(TEAM)
WRITE = Entry(Gate("case_desk_writers", frozenset(TEAM_ROLES), scope="cases"))
MOST = 500

type Label = Literal["clear", "green", "amber", "amber+strict", "red"]


class PlaybookOut(Schema):
    id: int
    identifier: str
    name: str
    description: str
    team: str
    imported_at: datetime


class NationalIncidentIn(Schema):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(max_length=10_000)] = ""
    tlp: Label = "amber"


class StateIn(Schema):
    state: Literal["open", "closed"]


class SectorOut(Schema):
    sector: str
    victims: int


class NationalIncidentOut(Schema):
    """`victims` null: fewer than five; `exact` false: at least so many. `sectors` leaves out counts below five."""

    number: str
    title: str
    summary: str
    tlp: Label
    state: Literal["open", "closed"]
    lead_team: str
    severity_score: float | None
    severity_level: str
    opened_at: datetime
    closed_at: datetime | None
    victims: int | None
    exact: bool
    sectors: list[SectorOut]


class MemberOut(Schema):
    """A case that the caller sees; `organisation` only where the caller is told whose it is."""

    number: str
    organisation: str | None


class NationalIncidentDetail(NationalIncidentOut):
    cases: list[MemberOut]


@router.get("/playbooks", auth=READ, response={200: list[PlaybookOut], **PROBLEMS})
def list_playbooks(request: ActorRequest) -> Any:
    """Every playbook; each is given out as CACAO 2.0 below its own address."""
    return [_playbook(row) for row in playbook_actions.playbooks()[:MOST]]


@router.post("/playbooks", auth=WRITE, response={201: PlaybookOut, **PROBLEMS})
def post_playbook(request: ActorRequest, file: File[UploadedFile]) -> Any:
    """Bring in a CACAO 2.0 playbook for one's own CERT; a newer one takes the place of the older."""
    data = file.read(playbook_actions.LARGEST_BYTES + 1)
    made = playbook_actions.import_playbook(
        request.actor, data, team=teams_of(request.actor)[0], now=timezone.now()
    )  # fmt: skip
    return Status(201, _playbook(made))


@router.get("/playbooks/{int:playbook_id}", auth=READ, response={200: dict[str, Any], **PROBLEMS})
def get_playbook(request: ActorRequest, playbook_id: int) -> HttpResponse:
    """The playbook as CACAO 2.0."""
    found = playbook_actions.access_playbook(request.actor, playbook_id)
    document = json.loads(playbook_actions.exported(found))
    return HttpResponse(json.dumps(document, ensure_ascii=False), content_type="application/json")


@router.delete("/playbooks/{int:playbook_id}", auth=WRITE, response={204: None, **PROBLEMS})
def delete_playbook(request: ActorRequest, playbook_id: int) -> Any:
    """Remove a playbook of one's own CERT."""
    playbook_actions.remove_playbook(
        request.actor, playbook_actions.access_playbook(request.actor, playbook_id)
    )  # fmt: skip
    return Status(204, None)


@router.get("/campaigns", auth=READ, response={200: list[NationalIncidentOut], **PROBLEMS})
def list_national_incidents(request: ActorRequest) -> Any:
    """Every national incident, the open ones first."""
    return _shown(list(campaigns()[:MOST]))


@router.post("/campaigns", auth=WRITE, response={201: NationalIncidentOut, **PROBLEMS})
def post_national_incident(request: ActorRequest, body: NationalIncidentIn) -> Any:
    """Open a national incident, led by one's own CERT."""
    made = campaign_actions.open_campaign(request.actor, now=timezone.now(), **body.dict())
    return Status(201, _shown([made])[0])


@router.get("/campaigns/{slug:number}", auth=READ, response={200: NationalIncidentDetail, **PROBLEMS})
def get_national_incident(request: ActorRequest, number: str) -> Any:
    """One national incident with the cases that the caller sees."""
    found = access_campaign(request.actor, number)
    members = members_of(request.actor, found, now=timezone.now())
    return _shown([found])[0] | {
        "cases": [
            {"number": one.incident.number, "organisation": (one.organisation or {}).get("identifier")}
            for one in members
        ]
    }


@router.put("/campaigns/{slug:number}", auth=WRITE, response={200: NationalIncidentOut, **PROBLEMS})
def put_national_incident(request: ActorRequest, number: str, body: NationalIncidentIn) -> Any:
    """Say anew what it is about."""
    campaign_actions.change_campaign(request.actor, access_campaign(request.actor, number), **body.dict())
    return _shown([access_campaign(request.actor, number)])[0]


@router.post("/campaigns/{slug:number}/state", auth=WRITE, response={200: NationalIncidentOut, **PROBLEMS})
def post_national_incident_state(request: ActorRequest, number: str, body: StateIn) -> Any:
    """Close it, or open it again."""
    found = access_campaign(request.actor, number)
    campaign_actions.settle_campaign(request.actor, found, state=body.state, now=timezone.now())
    return _shown([access_campaign(request.actor, number)])[0]


def _playbook(row: Playbook) -> dict[str, Any]:
    return {
        "id": row.pk,
        "identifier": row.identifier,
        "name": row.name,
        "description": row.description,
        "team": row.team.code,
        "imported_at": row.imported_at,
    }


def _shown(rows: list[Campaign]) -> list[dict[str, Any]]:
    spreads = spreads_of([row.pk for row in rows])
    sectors = {sector.pk: sector for sector in Sector.objects.all()}
    found = []
    for row in rows:
        victims = victims_shown(spreads[row.pk], sectors)
        found.append(
            {
                "number": row.number,
                "title": row.title,
                "summary": row.summary,
                "tlp": row.tlp,
                "state": row.state,
                "lead_team": row.lead_team.code,
                "severity_score": row.severity_score,
                "severity_level": row.severity_level,
                "opened_at": row.opened_at,
                "closed_at": row.closed_at,
                "victims": victims.total,
                "exact": victims.exact,
                "sectors": [{"sector": sector.code, "victims": count} for sector, count in victims.sectors],
            }
        )
    return found
