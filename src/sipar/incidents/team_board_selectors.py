"""A CERT's own board: who works on how much, how old it is, and whether what it owed was given in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Count, Exists, Min, OuterRef, Q

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.content_policy import teams_of
from sipar.incidents.models import Entry, Incident
from sipar.obligations.models import Breach, Duty
from sipar.obligations.service_levels import plain_stage
from sipar.people.roles import TEAM_ROLES
from sipar.people.selectors import people_of_team
from sipar.teams.models import Team

AGES = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
LATELY, LONGER = timedelta(days=30), timedelta(days=90)


@dataclass(frozen=True)
class PersonLoad:
    """What one person has; `name` is empty for the cases of which nobody is in charge. `states` counts by state."""

    name: str
    states: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True)
class Service:
    """What was owed and fell due, by service: how much of it in the last 30 and 90 days, and how much was missed."""

    code: str
    stage: str
    owed_lately: int
    missed_lately: int
    owed: int
    missed: int


@dataclass(frozen=True)
class TeamBoard:
    """`ages` counts open cases up to each of `AGES` since they were reported, and last those that are older."""

    team: Team
    loads: tuple[PersonLoad, ...]
    ages: tuple[int, ...]
    severities: dict[str, int]
    services: tuple[Service, ...]
    open: int
    unaccepted: int
    oldest_unaccepted: datetime | None
    oldest_unread: datetime | None

    @property
    def kept_lately(self) -> float | None:
        """The share of what fell due in the last 30 days that was given in time; None where nothing fell due."""
        owed = sum(service.owed_lately for service in self.services)
        return 1 - sum(service.missed_lately for service in self.services) / owed if owed else None


def teams_to_show(actor: Actor) -> list[Team]:
    """The CERTs whose staff the actor is."""
    return list(Team.objects.filter(pk__in=teams_of(actor)).order_by("code"))


def team_board_of(actor: Actor, code: str, *, now: datetime) -> TeamBoard:
    """The board of one of the actor's CERTs, the first where no code is given; raises NotFound for another CERT's."""
    own = teams_to_show(actor)
    team = next((found for found in own if found.code == code), None) if code else next(iter(own), None)
    if team is None:
        raise not_open("CERT")
    rows = Incident.objects.filter(lead_team=team, state__in=Incident.OPEN_STATES)
    offered = Incident.objects.filter(offered_team=team, state__in=Incident.OPEN_STATES)
    waiting = offered.aggregate(number=Count("pk"), oldest=Min("reported_at"))
    unread = Entry.objects.filter(
        kind=Entry.Kind.MESSAGE, read_at=None, team=None, incident__lead_team=team,
        incident__state__in=Incident.OPEN_STATES,
    ).aggregate(oldest=Min("written_at"))  # fmt: skip
    counts = dict(rows.order_by().values_list("severity_level").annotate(Count("pk")))
    return TeamBoard(
        team=team,
        loads=_loads(team, rows.order_by().values_list("assigned_to_id", "state").annotate(Count("pk")), now=now),
        ages=_ages(team, now),
        severities=counts,
        services=_services(team, now),
        open=sum(counts.values()),
        unaccepted=waiting["number"],
        oldest_unaccepted=waiting["oldest"],
        oldest_unread=unread["oldest"],
    )


def _loads(team: Team, rows: Iterable[tuple[int | None, str, int]], *, now: datetime) -> tuple[PersonLoad, ...]:
    """The fullest first; staff without a case stand there too, and what nobody has comes first."""
    staff = people_of_team(team.pk, now=now).filter(role__in=TEAM_ROLES)
    people = {grant.account_id: grant.account.name for grant in staff}
    states: dict[int | None, dict[str, int]] = {account: {} for account in people}
    for account, state, number in rows:
        # Who left the CERT is in charge no more.
        holder = account if account in people else None
        found = states.setdefault(holder, {})
        found[state] = found.get(state, 0) + number
    loads = [PersonLoad(people.get(account, "") if account else "", found) for account, found in states.items()]
    return tuple(sorted(loads, key=lambda load: (load.name != "", -load.total, load.name)))


def _ages(team: Team, now: datetime) -> tuple[int, ...]:
    rows = Incident.objects.filter(lead_team=team, state__in=Incident.OPEN_STATES)
    edges = (timedelta(0), *AGES)
    ranges = {
        f"to_{place}": Count("pk", filter=Q(reported_at__gt=now - end, reported_at__lte=now - start))
        for place, (start, end) in enumerate(pairwise(edges))
    }
    found = rows.aggregate(**ranges, older=Count("pk", filter=Q(reported_at__lte=now - AGES[-1])))
    return (*(found[name] for name in ranges), found["older"])


def _services(team: Team, now: datetime) -> tuple[Service, ...]:
    """Clocks that fell due; one is missed where a breach stands, or its time has passed and nobody gave the service."""
    lately = Q(due_at__gt=now - LATELY)
    missed = Q(breached=True) | Q(state="running")
    rows = (
        Duty.objects.filter(
            team=team, kind__in=(Duty.Kind.SERVICE, Duty.Kind.SUPPORT), due_at__gt=now - LONGER, due_at__lte=now
        )
        .exclude(state="withdrawn")
        .annotate(breached=Exists(Breach.objects.filter(duty=OuterRef("pk"))))
        .order_by()
        .values_list("code", "stage")
        .annotate(
            owed_lately=Count("pk", filter=lately),
            missed_lately=Count("pk", filter=lately & missed),
            owed=Count("pk"),
            missed=Count("pk", filter=missed),
        )
    )
    found: dict[tuple[str, str], list[int]] = {}
    for code, stage, *numbers in rows:
        # The stages of roll-ups are the days on which their periods end.
        kind = "" if code == "rollup" else plain_stage(stage)
        sums = found.setdefault((code, kind), [0, 0, 0, 0])
        for place, number in enumerate(numbers):
            sums[place] += number
    return tuple(Service(code, stage, *sums) for (code, stage), sums in sorted(found.items()))
