"""Cases for programs: list and read by projection; custody, triage and sharing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.paginator import Paginator
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from sipar.core.acting import Actor
from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.incidents.case_policy import CASE_READERS, CASE_WORKERS
from sipar.incidents.case_selectors import (
    WHO,
    CaseFilter,
    CaseRow,
    custody_of_case,
    filtered_cases,
    identities_of,
    rows_of,
    shown_title,
    traces_of,
)
from sipar.incidents.custody_actions import accept, hand_over, return_case
from sipar.incidents.models import Incident
from sipar.incidents.projections import Projection
from sipar.incidents.selectors import access_incident, audience_of
from sipar.incidents.sharing_actions import end_share, note_look, share_with_team
from sipar.incidents.triage_actions import classify, score_severity, set_state
from sipar.obligations.selectors import duties_of
from sipar.teams.selectors import access_team

router = Router(tags=["cases"])
ROWS = 50
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
Short = Annotated[str, Field(max_length=60)]


class CaseLine(Schema):
    """A case in a list. What the reader's projection does not show is null."""

    number: str
    state: str
    tlp: str
    pap: str
    shown_as: str
    title: str | None
    organisation: str | None
    severity_level: str | None
    severity_score: float | None
    lead_team: str | None
    reported_at: datetime | None


class CaseList(Schema):
    cases: list[CaseLine]
    total: int
    page: int
    pages: int


class DutySchema(Schema):
    code: str
    stage: str
    kind: str
    state: str
    due_at: datetime | None
    met_at: datetime | None


class HandoverSchema(Schema):
    kind: str
    from_team: str | None
    to_team: str
    state: str
    reason: str
    offered_at: datetime
    answered_at: datetime | None


class LookSchema(Schema):
    who: str
    at: datetime
    reason: str


class CaseSchema(CaseLine):
    """One case. A part that the reader's projection does not show is null."""

    rsit_type: str | None
    eu_scale: str | None
    outlook: str | None
    sector: str | None
    province: str | None
    tier: int | None
    facts: dict[str, Any] | None
    estimates: list[str] | None
    duties: list[DutySchema] | None
    custody: list[HandoverSchema] | None
    offered_team: str | None
    looks: list[LookSchema] | None


class CaseQuery(Schema):
    state: Short = "active"
    severity: Short = ""
    sector: Short = ""
    province: Short = ""
    who: Literal["", "mine", "unassigned", "waiting", "late"] = ""
    q: Annotated[str, Field(max_length=200)] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class ReasonBody(Schema, extra="forbid"):
    reason: Reason


class HandOverBody(ReasonBody):
    team: Short


class ShareBody(HandOverBody):
    projection: Literal["full", "coordination", "indicators", "summary"]


class ClassifyBody(Schema, extra="forbid"):
    rsit_type: Annotated[str, Field(max_length=120)] = ""
    tlp: Short
    pap: Short


class ScoreBody(Schema, extra="forbid"):
    choices: Annotated[dict[Short, list[Short]], Field(max_length=30)]
    eu_scale: Short = ""
    outlook: Short = ""


class StateBody(Schema, extra="forbid"):
    state: Literal["contained", "resolved", "closed", "rejected", "open"]
    words: Annotated[str, Field(max_length=2_000)] = ""


class ShareSchema(Schema):
    id: int
    team: str
    projection: str


@router.get("", auth=Entry(CASE_READERS), response={200: CaseList, **PROBLEMS}, summary="Cases")
def cases(request: ActorRequest, query: Query[CaseQuery]) -> dict[str, Any]:
    """The cases that the reader sees, newest first, 50 a page. `state`: one state, "active" for what is not over."""
    now = timezone.now()
    wanted = CaseFilter(
        state=query.state, severity=query.severity, sector=query.sector, province=query.province,
        who=query.who if query.who in WHO else "", words=query.q,
    )  # fmt: skip
    page = Paginator(filtered_cases(request.actor, wanted, now=now), ROWS).get_page(query.page)
    rows = rows_of(request.actor, list(page), now=now)
    return {
        "cases": [_line(row) for row in rows],
        "total": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
    }


@router.get("/{str:number}", auth=Entry(CASE_READERS), response={200: CaseSchema, **PROBLEMS}, summary="One case")
def case(request: ActorRequest, number: str) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    if incident.state in ("draft", "discarded"):
        raise not_open("case")
    note_look(request.actor, incident, now=now)
    return _shown(request.actor, incident, now)


@router.post("/{str:number}/accept", auth=Entry(CASE_WORKERS), response={200: CaseSchema, **PROBLEMS}, summary="Accept")
def accept_case(request: ActorRequest, number: str) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    accept(request.actor, incident, now=now)
    return _shown(request.actor, incident, now)


@router.post("/{str:number}/return", auth=Entry(CASE_WORKERS), response={204: None, **PROBLEMS}, summary="Return")
def return_offer(request: ActorRequest, number: str, body: ReasonBody) -> Status[None]:
    incident = access_incident(request.actor, number)
    return_case(request.actor, incident, reason=body.reason, now=timezone.now())
    return Status(204, None)


@router.post(
    "/{str:number}/hand-over", auth=Entry(CASE_WORKERS), response={200: CaseSchema, **PROBLEMS}, summary="Hand over"
)
def hand_over_case(request: ActorRequest, number: str, body: HandOverBody) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    hand_over(request.actor, incident, to=access_team(request.actor, body.team), reason=body.reason, now=now)
    return _shown(request.actor, incident, now)


@router.post(
    "/{str:number}/classify", auth=Entry(CASE_WORKERS), response={200: CaseSchema, **PROBLEMS}, summary="Classify"
)
def classify_case(request: ActorRequest, number: str, body: ClassifyBody) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    classify(request.actor, incident, rsit_type=body.rsit_type, tlp=body.tlp, pap=body.pap, now=now)
    return _shown(request.actor, incident, now)


@router.post("/{str:number}/score", auth=Entry(CASE_WORKERS), response={200: CaseSchema, **PROBLEMS}, summary="Score")
def score_case(request: ActorRequest, number: str, body: ScoreBody) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    score_severity(
        request.actor, incident, choices=body.choices, eu=body.eu_scale, outlook=body.outlook, now=now
    )  # fmt: skip
    return _shown(request.actor, incident, now)


@router.post("/{str:number}/state", auth=Entry(CASE_WORKERS), response={200: CaseSchema, **PROBLEMS}, summary="State")
def state_case(request: ActorRequest, number: str, body: StateBody) -> dict[str, Any]:
    now = timezone.now()
    incident = access_incident(request.actor, number)
    set_state(request.actor, incident, state=body.state, words=body.words, now=now)
    return _shown(request.actor, incident, now)


@router.post("/{str:number}/shares", auth=Entry(CASE_WORKERS), response={201: ShareSchema, **PROBLEMS}, summary="Share")
def share_case(request: ActorRequest, number: str, body: ShareBody) -> Status[dict[str, Any]]:
    incident = access_incident(request.actor, number)
    team = access_team(request.actor, body.team)
    access = share_with_team(
        request.actor, incident, team=team, projection=body.projection, reason=body.reason, now=timezone.now()
    )
    return Status(201, {"id": access.pk, "team": team.code, "projection": access.projection})


@router.delete(
    "/{str:number}/shares/{int:access}",
    auth=Entry(CASE_WORKERS),
    response={204: None, **PROBLEMS},
    summary="Take a share back",
)
def end_case_share(request: ActorRequest, number: str, access: int) -> Status[None]:
    end_share(request.actor, access_incident(request.actor, number), access=access, now=timezone.now())
    return Status(204, None)


def _line(row: CaseRow) -> dict[str, Any]:
    incident, projection = row.incident, row.projection
    severity = projection.shows("severity")
    return {
        "number": incident.number,
        "state": incident.state,
        "tlp": incident.tlp,
        "pap": incident.pap,
        "shown_as": projection.name,
        "title": row.title or None,
        "organisation": row.organisation.identifier if row.organisation else None,
        "severity_level": (incident.severity_level or None) if severity else None,
        "severity_score": incident.severity_score if severity else None,
        "lead_team": incident.lead_team.code if projection.shows("custody") and incident.lead_team else None,
        "reported_at": incident.reported_at,
    }


def _shown(actor: Actor, incident: Incident, now: datetime) -> dict[str, Any]:
    projection = audience_of(actor, incident, now=now)
    identity = identities_of([incident]).get(incident.pk) if projection.shows("identity") else None
    line = _line(CaseRow(incident, projection, shown_title(incident, projection), identity))
    facts = projection.of_facts(incident.facts) if projection.shows("facts") else None
    return (
        line
        | _register(incident, projection)
        | _handling(incident, projection)
        | {
            "facts": facts,
            "estimates": None if facts is None else [name for name in incident.estimates if name in facts],
            "duties": _duties(incident) if projection.shows("duties") else None,
            "looks": _looks(incident, projection),
        }
    )


def _register(incident: Incident, projection: Projection) -> dict[str, Any]:
    if not projection.shows("identity"):
        return {"sector": None, "province": None, "tier": None}
    return {
        "sector": incident.sector.code if incident.sector else None,
        "province": incident.province.code if incident.province else None,
        "tier": incident.tier,
    }


def _handling(incident: Incident, projection: Projection) -> dict[str, Any]:
    severity, custody = projection.shows("severity"), projection.shows("custody")
    return {
        "rsit_type": (incident.rsit_type or None) if severity else None,
        "eu_scale": (incident.eu_scale or None) if severity else None,
        "outlook": (incident.outlook or None) if severity else None,
        "offered_team": incident.offered_team.code if custody and incident.offered_team else None,
        "custody": [
            {
                "kind": link.kind,
                "from_team": link.from_team.code if link.from_team else None,
                "to_team": link.to_team.code,
                "state": link.state,
                "reason": link.reason,
                "offered_at": link.offered_at,
                "answered_at": link.answered_at,
            }
            for link in custody_of_case(incident, projection).chain
        ]
        if custody
        else None,
    }


def _duties(incident: Incident) -> list[dict[str, Any]]:
    return [
        {
            "code": duty.code, "stage": duty.stage, "kind": duty.kind, "state": duty.state,
            "due_at": duty.due_at, "met_at": duty.met_at,
        }
        for duty in duties_of(incident)
    ]  # fmt: skip


def _looks(incident: Incident, projection: Projection) -> list[dict[str, Any]] | None:
    if not projection.shows("looks"):
        return None
    traces = traces_of(incident, projection)
    glass = [
        {"who": traces.names.get(row.account_id, ""), "at": row.opened_at, "reason": row.reason} for row in traces.glass
    ]
    looks = [{"who": traces.names.get(row.account_id, ""), "at": row.at, "reason": ""} for row in traces.looks]
    return glass + looks
