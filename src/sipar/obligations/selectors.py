"""Reading duties: of a case, of a team, of an organisation, of one person; row-level security has cut the rest away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.models import Incident
from sipar.incidents.projections import ALL
from sipar.incidents.selectors import audience_of
from sipar.obligations.models import Breach, Decision, Duty, Recomputation, Reminder
from sipar.orgs.models import Organisation
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.teams.models import Team

WAITING, RUNNING, LATE, DONE, ENDED = "waiting", "running", "late", "done", "ended"
STATES_OF: dict[str, tuple[str, ...]] = {
    RUNNING: ("running",),
    LATE: ("breached",),
    WAITING: ("waiting",),
    DONE: ("met", "met_late"),
    ENDED: ("waived", "withdrawn"),
}
_ON_PAGES = ("incident", "support_request", "organisation", "team", "regime")


def duties_of(incident: Incident) -> list[Duty]:
    """The duties of a case, nearest deadline first, those without one last; each knows whether it was ever missed."""
    rows = Duty.objects.filter(incident=incident).select_related("regime", "team").defer("regime__text")
    return list(_marked(rows).order_by(F("due_at").asc(nulls_last=True), "pk"))


def duties_due(place: Team | Organisation, *, now: datetime) -> QuerySet[Duty]:
    """What is open and has a deadline, nearest first: for a team its service levels and the duties of its cases."""
    rows = Duty.objects.filter(state__in=("running", "breached"), due_at__isnull=False)
    if isinstance(place, Team):
        rows = rows.filter(Q(team=place) | Q(incident__lead_team=place, kind=Duty.Kind.STATUTORY))
    else:
        rows = rows.filter(organisation=place, kind=Duty.Kind.STATUTORY)
    return rows.select_related("incident", "support_request", "organisation", "team").order_by("due_at", "pk")


def duties_of_person(actor: Actor, *, states: Sequence[str] = (), kind: str = "") -> QuerySet[Duty]:
    """The duties that are the actor's to do: the law's on their organisations, service levels of their teams.

    Nearest deadline first; `states` are keys of `STATES_OF`, none of them: all.
    """
    wanted = [state for name in states for state in STATES_OF[name]]
    rows = _own(actor)
    if wanted:
        rows = rows.filter(state__in=wanted)
    if kind:
        rows = rows.filter(kind=kind)
    rows = _marked(rows).select_related(*_ON_PAGES).defer("regime__text")
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def count_by_state(actor: Actor) -> dict[str, int]:
    """How many of the actor's own duties stand where; keys of `STATES_OF`."""
    numbers = dict(_own(actor).order_by().values_list("state").annotate(Count("pk")))
    return {name: sum(numbers.get(state, 0) for state in states) for name, states in STATES_OF.items()}


@dataclass(frozen=True)
class ShownParts:
    """What of a duty's history a reader sees: `reasons` of decisions, and which facts moved it."""

    reasons: bool
    facts: frozenset[str] | None

    def shows_fact(self, name: str) -> bool:
        return self.facts is None or name in self.facts


def shown_parts(actor: Actor, duty: Duty, *, now: datetime) -> ShownParts:
    """By the projection of the case; a service level of help has no facts."""
    if duty.incident is None:
        return ShownParts(reasons=False, facts=None)
    seen = audience_of(actor, duty.incident, now=now)
    return ShownParts(reasons=seen.shows("submissions"), facts=None if seen.facts == ALL else seen.facts)


def access_duty(actor: Actor, duty: int, *, now: datetime) -> Duty:
    """A duty that the actor reaches, with everything that its page names; raises NotFound otherwise.

    Who sees only indicators or the summary of a case does not see its duties.
    """
    breaches = Prefetch("breaches", Breach.objects.order_by("due_at", "pk"))
    rows = Duty.objects.select_related(*_ON_PAGES, "met_by").defer("regime__text").prefetch_related(breaches)
    found = _marked(rows).filter(pk=duty).first()
    if found is None:
        raise not_open("duty")
    if found.incident is not None:
        seen = audience_of(actor, found.incident, now=now)
        if not seen.shows("duties"):
            raise not_open("duty")
    return found


def history_of(duty: Duty) -> list[Recomputation]:
    """Everything that moved this duty, oldest first."""
    return list(Recomputation.objects.filter(duty=duty).order_by("at", "pk"))


def decisions_of(duty: Duty) -> list[Decision]:
    """The decisions not to report that concern this duty, oldest first. Their reasons are for who sees all facts."""
    rows = Decision.objects.filter(incident=duty.incident, code=duty.code, stage__in=("", duty.stage))
    return list(rows.order_by("decided_at", "pk")) if duty.incident_id else []


def reminders_of(actor: Actor) -> QuerySet[Reminder]:
    """The actor's own reminders, newest first."""
    rows = Reminder.objects.filter(account_id=actor.account)
    return rows.select_related(
        "duty", "duty__incident", "duty__support_request", "duty__regime"
    ).order_by("-at", "-pk")  # fmt: skip


def unread_reminders(actor: Actor) -> QuerySet[Reminder]:
    """Those of them that the actor has not put aside and whose duty is still open: for the desk and the bell."""
    return reminders_of(actor).filter(read_at=None, duty__state__in=("running", "breached"))


def _own(actor: Actor) -> QuerySet[Duty]:
    organisations = [
        grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES and grant.organisation
    ]
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team]
    return Duty.objects.filter(
        Q(kind=Duty.Kind.STATUTORY, organisation__in=organisations)
        | Q(kind__in=(Duty.Kind.SERVICE, Duty.Kind.SUPPORT), team__in=teams)
    )


def _marked(rows: QuerySet[Duty]) -> QuerySet[Duty]:
    return rows.annotate(was_missed=Exists(Breach.objects.filter(duty=OuterRef("pk"))))
