"""What a CERT's constituency exposes, from the counted findings, narrowed down by an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.notices.exposure_counting import DAYS
from sipar.notices.exposure_course import median_days, open_by_day
from sipar.notices.exposure_models import ExposureCount, ExposureStanding
from sipar.notices.exposure_selectors import Cut
from sipar.orgs.models import Province, Sector
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

SHOWN_ORGANISATIONS = 10

_CELLS = """
select case grouping(kind, severity, sector_id, province_id)
        when 7 then 'kind' when 11 then 'severity' when 13 then 'sector' when 14 then 'province' else 'all' end,
    case when grouping(kind) = 0 then kind end,
    coalesce(severity::bigint, sector_id, province_id), max(severity),
    sum(live)::bigint, sum(stale)::bigint, sum(fresh)::bigint, string_agg(repairs, ''::bytea),
    case when grouping(kind, severity, sector_id, province_id) = 15 then string_agg(opened, ''::bytea) end,
    case when grouping(kind, severity, sector_id, province_id) = 15 then string_agg(ended, ''::bytea) end
from notices_exposurecell where {where}
group by grouping sets ((kind), (severity), (sector_id), (province_id), ())
"""


@dataclass(frozen=True)
class Line:
    """What is open of one kind, of one severity or in one place; `days` is the median of repairs in 90 days."""

    key: Any
    severity: int
    live: int
    stale: int
    fresh: int
    repairs: int
    days: float | None


@dataclass(frozen=True, eq=False)
class Constituency:
    """The exposure of one CERT's constituency within a cut, as it was counted at `counted_at`; None: never yet.

    `course` is how many findings were open at the end of each of the last 90 days, today last.
    """

    team: Team
    cut: Cut
    total: Line
    course: list[int]
    kinds: list[Line]
    severities: list[Line]
    sectors: list[Line]
    provinces: list[Line]
    organisations: list[ExposureStanding]
    counted_at: datetime | None


def teams_of_desk(actor: Actor) -> list[Team]:
    """The CERTs whose staff the actor is."""
    own = {grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None}
    return list(Team.objects.filter(pk__in=own).order_by("code"))


def team_chosen(actor: Actor, code: str) -> Team:
    """One of the actor's CERTs, the one that covers the nation or the first where no code is given."""
    own = teams_of_desk(actor)
    if code:
        found = next((team for team in own if team.code == code), None)
    else:
        found = next((team for team in own if team.covers_all), next(iter(own), None))
    if found is None:
        raise not_open("CERT")
    return found


def cut_from(values: Mapping[str, str]) -> Cut:
    """The cut that an address names: kind, severity, sector, province, new, unclaimed, q; raises NotFound."""
    severity = values.get("severity", "")
    if severity and severity not in ("0", "1", "2", "3", "4"):
        raise not_open("severity")
    return Cut(
        kind=values.get("kind", "").replace("\x00", "")[:80],
        severity=int(severity) if severity else None,
        sector=_key_of(Sector.objects.filter(parent=None), values.get("sector", ""), "sector"),
        province=_key_of(Province.objects.all(), values.get("province", ""), "province"),
        fresh=values.get("new", "") == "1",
        unclaimed=values.get("unclaimed", "") == "1",
        search=values.get("q", "")[:200],
    )


def constituency_of(team: Team, cut: Cut) -> Constituency:
    """The exposure of a CERT that `team_chosen` gave."""
    conditions, parameters = _conditions(team, cut)
    with connection.cursor() as cursor:
        cursor.execute(_CELLS.format(where=" and ".join(conditions)), parameters)
        rows = cursor.fetchall()
    lines: dict[str, list[Line]] = {"kind": [], "severity": [], "sector": [], "province": [], "all": []}
    course: list[int] = [0] * DAYS
    for part, kind, key, severity, live, stale, fresh, repairs, opened, ended in rows:
        took = bytes(repairs or b"")
        found = Line(
            kind if part == "kind" else key, severity or 0, live or 0, stale or 0, fresh or 0, len(took),
            median_days(took),
        )  # fmt: skip
        lines[part].append(found)
        if part == "all":
            course = open_by_day(found.live, bytes(opened or b""), bytes(ended or b""), days=DAYS)
    for part in lines:
        lines[part].sort(key=lambda line: (-line.live, str(line.key)))
    counted = ExposureCount.objects.values_list("counted_at", flat=True).first()
    return Constituency(
        team=team,
        cut=cut,
        total=lines["all"][0],
        course=course,
        kinds=sorted(lines["kind"], key=lambda line: (-line.severity, -line.live, line.key)),
        severities=sorted(lines["severity"], key=lambda line: -line.severity),
        sectors=lines["sector"],
        provinces=lines["province"],
        organisations=list(worst_organisations(team, cut)[:SHOWN_ORGANISATIONS]),
        counted_at=counted,
    )


def worst_organisations(team: Team, cut: Cut) -> QuerySet[ExposureStanding]:
    """The organisations of a constituency with most critical findings, then with most findings."""
    rows = ExposureStanding.objects.filter(live__gt=0).select_related("organisation")
    if not team.covers_all:
        rows = rows.filter(organisation__memberships__team=team)
    if cut.sector is not None:
        rows = rows.filter(organisation__sector=cut.sector)
    if cut.province is not None:
        rows = rows.filter(organisation__province=cut.province)
    return rows.order_by(F("by_severity__4").desc(), F("live").desc(), "pk")


def _conditions(team: Team, cut: Cut) -> tuple[list[str], list[int | str]]:
    """The conditions on the counted cells with their parameters. The CERT that covers the nation counts all of it."""
    conditions = ["team_id is null"] if team.covers_all else ["team_id = %s"]
    parameters: list[int | str] = [] if team.covers_all else [team.pk]
    for column, wanted in (
        ("kind", cut.kind or None),
        ("severity", cut.severity),
        ("sector_id", cut.sector),
        ("province_id", cut.province),
    ):
        if wanted is not None:
            conditions.append(f"{column} = %s")
            parameters.append(wanted)
    if cut.unclaimed:
        conditions.append("sector_id is null")
    return conditions, parameters


def _key_of(rows: QuerySet[Any], code: str, noun: str) -> int | None:
    if not code:
        return None
    found = rows.filter(code=code.replace("\x00", "")[:60]).values_list("pk", flat=True).first()
    if found is None:
        raise not_open(noun)
    return int(found)
