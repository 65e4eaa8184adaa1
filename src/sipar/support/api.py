"""Help to programs: ask, read, accept, finish."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from ninja import Router, Schema, Status

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.orgs.selectors import access_organisation
from sipar.people.gates import ORGANISATION_OR_TEAM
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.support import actions, selectors, work_actions
from sipar.support.models import SupportRequest

router = Router(tags=["support"])
WRITERS = Gate("support_writers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope="cases")
WORKERS = Gate("support_workers", frozenset(TEAM_ROLES), scope="cases")
MOST = 100


class Asked(Schema):
    """`organisation` is its identifier, `case` the number of an open case, `services` numbers of FIRST's catalogue."""

    organisation: str
    title: str
    needs: str
    urgency: str
    mode: str = "either"
    contact: str
    phone: str
    place: str = ""
    access: str = ""
    services: list[str] = []
    case: str = ""


class Help(Schema):
    number: str
    organisation: str
    state: str
    title: str
    needs: str
    urgency: str
    mode: str
    team: str
    asked_at: datetime
    accepted_at: datetime | None
    eta: datetime | None
    arrived_at: datetime | None
    done_at: datetime | None
    escalations: int


class Acceptance(Schema):
    eta: datetime


class Closing(Schema):
    report: str


def _help(row: SupportRequest) -> dict[str, object]:
    return {
        "number": row.number,
        "organisation": row.organisation.identifier,
        "state": row.state,
        "title": row.title,
        "needs": row.needs,
        "urgency": row.urgency,
        "mode": row.mode,
        "team": row.team.code,
        "asked_at": row.asked_at,
        "accepted_at": row.accepted_at,
        "eta": row.eta,
        "arrived_at": row.arrived_at,
        "done_at": row.done_at,
        "escalations": row.escalations,
    }


@router.get(
    "/support", auth=Entry(ORGANISATION_OR_TEAM), response={200: list[Help], **PROBLEMS}, summary="Requests for help"
)
def list_support(request: ActorRequest, state: str = "open") -> list[dict[str, object]]:
    """The first hundred requests in this state ("open": not closed yet), what nobody has accepted first."""
    known = state if state in ("open", *SupportRequest.STATES) else "open"
    return [_help(row) for row in selectors.requests_open_to(request.actor, state=known)[:MOST]]


@router.post("/support", auth=Entry(WRITERS), response={201: Help, **PROBLEMS}, summary="Ask for help")
def ask(request: ActorRequest, body: Asked) -> Status[dict[str, object]]:
    organisation = access_organisation(request.actor, body.organisation)
    now = timezone.now()
    incident = selectors.access_case(request.actor, body.case, now=now) if body.case.strip() else None
    asking = actions.Asking(**body.dict(exclude={"organisation", "case"}))
    made = actions.ask_for_help(request.actor, organisation, asking, incident=incident, now=now)
    return Status(201, _help(made))


@router.get(
    "/support/{help_number}",
    auth=Entry(ORGANISATION_OR_TEAM),
    response={200: Help, **PROBLEMS},
    summary="One request for help",
)
def read_support(request: ActorRequest, help_number: str) -> dict[str, object]:
    return _help(selectors.access_request(request.actor, help_number))


@router.post(
    "/support/{help_number}/accept", auth=Entry(WORKERS), response={200: Help, **PROBLEMS}, summary="Accept a request"
)
def accept(request: ActorRequest, help_number: str, body: Acceptance) -> dict[str, object]:
    found = selectors.access_request(request.actor, help_number, for_update=True)
    return _help(actions.accept_request(request.actor, found, eta=_aware(body.eta), now=timezone.now()))


@router.post(
    "/support/{help_number}/finish", auth=Entry(WORKERS), response={200: Help, **PROBLEMS}, summary="Close the work"
)
def finish(request: ActorRequest, help_number: str, body: Closing) -> dict[str, object]:
    found = selectors.access_request(request.actor, help_number, for_update=True)
    work_actions.finish_request(request.actor, found, report=body.report, now=timezone.now())
    return _help(selectors.access_request(request.actor, help_number))


def _aware(moment: datetime) -> datetime:
    """A time without a zone is UTC."""
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=timezone.get_default_timezone())
