"""Reading requests for help: who sees which, what each cost, and what waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.models import Incident
from sipar.incidents.selectors import access_incident, audience_of
from sipar.obligations.models import Duty
from sipar.people.models import Account
from sipar.people.roles import TEAM_ROLES
from sipar.support.models import Assignment, Effort, Handover, Lesson, SupportRequest

OPEN_STATES = ("asked", "accepted", "dispatched", "working", "done")
BY_URGENCY = Case(
    *(When(urgency=urgency, then=Value(place)) for place, urgency in enumerate(SupportRequest.Urgency.values)),
    output_field=IntegerField(),
)


def requests_open_to(actor: Actor, *, state: str = "") -> QuerySet[SupportRequest]:
    """The requests that the actor reaches, what nobody has accepted first, then by urgency and age."""
    rows = SupportRequest.objects.select_related("organisation", "team", "incident")
    if state == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    elif state:
        rows = rows.filter(state=state)
    waiting = Case(When(state="asked", then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(waiting, BY_URGENCY, "asked_at", "pk")


def access_request(actor: Actor, number: str, *, for_update: bool = False) -> SupportRequest:
    """A request by its number; raises NotFound for one that the actor may not know of."""
    rows = SupportRequest.objects.select_related("organisation", "team", "incident")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(number=number.replace("\x00", "")).first()
    if found is None:
        raise not_open("request for help")
    return found


def access_case(actor: Actor, number: str, *, now: datetime) -> Incident:
    """The case that help is asked for; raises NotFound also where the actor sees it without being told whose it is."""
    found = access_incident(actor, number)
    if not audience_of(actor, found, now=now).shows("identity"):
        raise not_open("case")
    return found


def access_assignment(request: SupportRequest, assignment: int) -> Assignment:
    """An assignment of this request."""
    found = Assignment.objects.filter(pk=assignment, request=request).first()
    if found is None:
        raise not_open("assignment")
    return found


def access_lesson(request: SupportRequest, lesson: int) -> Lesson:
    """A lesson of this request."""
    found = Lesson.objects.filter(pk=lesson, request=request).select_related("framework").first()
    if found is None:
        raise not_open("lesson")
    return found


@dataclass(frozen=True)
class EffortAccount:
    """What a request took, in minutes: by team, and in all."""

    by_team: list[tuple[str, int]]
    minutes: int


def effort_of(request: SupportRequest) -> EffortAccount:
    """The effort account of a request as far as the actor sees it: CERTs alone do."""
    rows = (
        Effort.objects.filter(request=request)
        .values_list("team__code")
        .annotate(minutes=Sum("minutes"))
        .order_by("team__code")
    )
    by_team = [(team, int(minutes or 0)) for team, minutes in rows]
    return EffortAccount(by_team, sum(minutes for _team, minutes in by_team))


def clocks_of(request: SupportRequest) -> list[Duty]:
    """The service clocks of a request: acceptance by each CERT that was asked, and arrival."""
    return list(Duty.objects.filter(support_request=request).select_related("team").order_by("opened_at", "pk"))


def handovers_of(request: SupportRequest) -> list[Handover]:
    """Where the request went, oldest first."""
    rows = Handover.objects.filter(request=request).select_related("from_team", "to_team")
    return list(rows.order_by("at", "pk"))


def assignments_of(request: SupportRequest) -> list[Assignment]:
    """Who was sent, those who are still there first."""
    rows = Assignment.objects.filter(request=request).select_related("account", "team")
    return list(rows.order_by("-released_at", "assigned_at"))


def lessons_of(request: SupportRequest) -> list[Lesson]:
    return list(Lesson.objects.filter(request=request).select_related("framework").order_by("pk"))


def efforts_of(request: SupportRequest) -> list[Effort]:
    """Every entry of the account, latest first; CERTs alone see them."""
    return list(Effort.objects.filter(request=request).order_by("-on", "-pk")[:200])


def people_to_send(team: int, staff: set[int]) -> QuerySet[Account]:
    """The people of a CERT by name."""
    return Account.objects.filter(pk__in=staff, is_active=True).order_by("name")


def waiting_for(actor: Actor) -> QuerySet[SupportRequest]:
    """The requests that wait for one of the actor's CERTs to accept them, most urgent first."""
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    return requests_open_to(actor, state="asked").filter(team__in=teams)
