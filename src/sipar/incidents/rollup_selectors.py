"""What the Government CERT reports to the National CERT of a period, and what was sent.

CERT Rules 2023: the Government CERT regularly reports the information and feedback that it received from the federal
and the provincial CERTs. No period is known; the operator sets one, and until then none is due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden, not_open
from sipar.incidents.content_policy import teams_of
from sipar.incidents.content_selectors import audiences_of
from sipar.incidents.models import Incident, RollUp, RollUpPeriod
from sipar.incidents.severity import shipped_scale
from sipar.incidents.situation_selectors import SEVERE_FROM
from sipar.orgs.models import Province, Sector
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

# What may be told of a case that was not escalated, in one line without its organisation.
TOLD_BY_LABEL = ("clear", "green", "amber")
MOST_NOTABLE = 50
NOT_OPEN = ("closed", "rejected", "merged")


@dataclass(frozen=True)
class Assembled:
    """A roll-up before it is signed. Every count is keyed by a code; "" is what is not known or not scored.

    `figures`: cases, by_state, by_severity, by_sector, by_province, by_team (cases, open, missed), missed by kind of
    deadline, and withheld, the number of severe cases of which neither the label nor an escalation lets anything out.
    """

    since: datetime
    until: datetime
    figures: dict[str, Any]
    notable: list[dict[str, Any]]


def government_team(actor: Actor) -> Team | None:
    """The Government CERT whose staff the actor is; None for everybody else."""
    return Team.objects.filter(pk__in=teams_of(actor), tier=Team.Tier.GOVERNMENT).order_by("code").first()


def receiving_team(actor: Actor) -> Team | None:
    """The National CERT whose staff the actor is; None for everybody else."""
    return Team.objects.filter(pk__in=teams_of(actor), tier=Team.Tier.NATIONAL).order_by("code").first()


def reads_rollups(actor: Actor) -> bool:
    """Whether the actor is staff of the CERT that reports, or of the one that is reported to."""
    return any(actor.holds_in_tier(tier, *TEAM_ROLES) for tier in (Team.Tier.GOVERNMENT, Team.Tier.NATIONAL))


def require_reader(actor: Actor) -> None:
    if not reads_rollups(actor):
        raise Forbidden("Roll-ups go from the Government CERT to the National CERT.", code="rollup.closed")


def rollups_seen(actor: Actor) -> QuerySet[RollUp]:
    """What was sent, the latest period first."""
    return RollUp.objects.select_related("from_team", "to_team", "receipt").order_by("-until", "-pk")


def access_rollup(actor: Actor, number: str) -> RollUp:
    """A roll-up by its number; raises NotFound for one that the actor may not know of."""
    found = rollups_seen(actor).filter(number=number.replace("\x00", "")).first()
    if found is None:
        raise not_open("roll-up")
    return found


def period_set() -> RollUpPeriod | None:
    """The operator's policy as it stands; None where nobody has set a period, or it was taken back."""
    latest = RollUpPeriod.objects.order_by("-set_at", "-pk").first()
    return latest if latest and latest.every != RollUpPeriod.Every.NONE else None


def running_period(every: str, *, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Begin and end of the period that runs now, by the calendar of the nation. Weeks begin on Monday."""
    today = now.astimezone(zone).date()
    if every == RollUpPeriod.Every.WEEK:
        first = today - timedelta(days=today.weekday())
        after = first + timedelta(days=7)
    else:
        months = 3 if every == RollUpPeriod.Every.QUARTER else 1
        first = date(today.year, (today.month - 1) // months * months + 1, 1)
        after = _months_later(first, months)
    return _midnight(first, zone), _midnight(after, zone)


def last_period(every: str, *, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Begin and end of the last period that is over."""
    begin, _end = running_period(every, now=now, zone=zone)
    return running_period(every, now=begin - timedelta(hours=1), zone=zone)


def assemble(actor: Actor, team: Team, receiver: Team, *, since: datetime, until: datetime, now: datetime) -> Assembled:
    """The figures of a period over the CERT and those below it, and the notable cases as far as they may be told."""
    with connection.cursor() as cursor:
        cursor.execute("select * from guard.rollup_cases(%s, %s, %s)", [team.pk, since, until])
        cases = cursor.fetchall()
        cursor.execute("select * from guard.rollup_breaches(%s, %s, %s)", [team.pk, since, until])
        breaches = cursor.fetchall()
    notable, withheld = _notable(actor, receiver, since, until, now)
    return Assembled(since, until, {**_figures(cases, breaches), "withheld": withheld}, notable)


def _figures(cases: list[tuple[Any, ...]], breaches: list[tuple[Any, ...]]) -> dict[str, Any]:
    sectors = dict(Sector.objects.values_list("id", "code"))
    provinces = dict(Province.objects.values_list("id", "code"))
    teams = dict(Team.objects.values_list("id", "code"))
    by: dict[str, Counter[str]] = {
        name: Counter() for name in ("by_state", "by_severity", "by_sector", "by_province")
    }  # fmt: skip
    by_team: dict[str, dict[str, int]] = {}

    def line(team: int) -> dict[str, int]:
        return by_team.setdefault(teams.get(team, ""), {"cases": 0, "open": 0, "missed": 0})

    for team, state, severity, sector, province, number in cases:
        by["by_state"][state] += number
        by["by_severity"][severity] += number
        by["by_sector"][sectors.get(sector, "")] += number
        by["by_province"][provinces.get(province, "")] += number
        line(team)["cases"] += number
        line(team)["open"] += 0 if state in NOT_OPEN else number
    missed: Counter[str] = Counter()
    for team, kind, number in breaches:
        missed[kind] += number
        line(team)["missed"] += number
    return {
        "cases": sum(by["by_state"].values()),
        **{name: dict(sorted(counts.items())) for name, counts in by.items()},
        "by_team": dict(sorted(by_team.items())),
        "missed": dict(sorted(missed.items())),
    }


def _notable(
    actor: Actor, receiver: Team, since: datetime, until: datetime, now: datetime
) -> tuple[list[dict[str, Any]], int]:
    """Severe cases that the actor sees: by number where the National CERT sees them, else in a line by their label."""
    levels = [level.code for level in shipped_scale().levels]
    severe = levels[levels.index(SEVERE_FROM) :]
    escalated = Q(viewers__contains=[receiver.pk])
    rows = list(
        Incident.objects.filter(reported_at__gte=since, reported_at__lt=until)
        .filter(Q(severity_level__in=severe) | escalated)
        .exclude(state__in=("draft", "discarded", "merged", "rejected"))
        .select_related("sector")
        .order_by("-severity_score", "pk")[:MOST_NOTABLE]
    )
    audiences = audiences_of(actor, rows, now=now)
    told, withheld = [], 0
    for row in rows:
        known = audiences[row.pk].shows("identity")
        if receiver.pk in row.viewers:
            told.append(_line(row, known=known, number=row.number, why="escalated"))
        elif row.tlp in TOLD_BY_LABEL:
            told.append(_line(row, known=known, number="", why="summary"))
        else:
            withheld += 1
    return told, withheld


def _line(row: Incident, *, known: bool, number: str, why: str) -> dict[str, Any]:
    return {
        "number": number,
        "why": why,
        "tlp": row.tlp,
        "severity": row.severity_level,
        "class": row.rsit_class if known else "",
        "sector": row.sector.code if known and row.sector else "",
        "state": row.state,
    }


def named(figures: Mapping[str, Any], part: str) -> dict[str, int]:
    """The counts of one part of the figures, the largest first."""
    return dict(sorted(figures.get(part, {}).items(), key=lambda pair: (-pair[1], pair[0])))


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), zone)
