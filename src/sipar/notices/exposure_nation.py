"""What is exposed in the nation, by sector and province: how many organisations, how fast it is repaired.

Staff of CERTs count what they see. The Council and those who set standards read one table, organisations with an open
critical finding by sector and province, with its margins, small cells and what would give them away hidden; nothing
else that counts organisations stands beside it, so that no two tables can be subtracted from each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from sipar.board.publication import rounded, widened
from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.notices.exposure_constituency import team_chosen
from sipar.notices.exposure_counting import DAYS
from sipar.notices.exposure_course import median_days, open_by_day
from sipar.notices.exposure_policy import counts_exactly, may_read_nation
from sipar.posture.suppression import HIDDEN, SMALLEST_CELL, with_margins

type Number = int | None
"""A count that may be shown; None: hidden."""

_SEEN = """
select o.sector_id, o.province_id, count(*), count(*) filter (where s.live > 0),
    count(*) filter (where s.by_severity[5] > 0), count(*) filter (where s.repairs > 0)
from orgs_organisation o left join notices_exposurestanding s on s.organisation_id = o.id
where o.is_active {where} group by 1, 2 order by 1, 2
"""
_COURSE_SEEN = """
select case grouping(sector_id, province_id) when 1 then 'sector' when 2 then 'province' else 'nation' end,
    coalesce(sector_id, province_id), sum(live)::bigint, string_agg(opened, ''::bytea), string_agg(ended, ''::bytea),
    string_agg(repairs, ''::bytea)
from notices_exposurecell where {where} and sector_id is not null
group by grouping sets ((sector_id), (province_id), ())
"""


@dataclass(frozen=True)
class Place:
    """A sector or a province: organisations with an open critical finding, and the median of days to repair."""

    key: int
    critical: Number
    days: float | None


@dataclass(frozen=True, eq=False)
class NationalExposure:
    """`cells` are organisations with an open critical finding by (sector, province), in the order of the places.

    `exact` false: small numbers are hidden, `organisations` and `live` rounded to five. `course` is how many findings
    were open at the end of each of the last 90 days, today last; empty where too few organisations stand behind it.
    """

    sectors: tuple[Place, ...]
    provinces: tuple[Place, ...]
    cells: tuple[tuple[Number, ...], ...]
    critical: Number
    organisations: int
    live: Number
    days: float | None
    course: tuple[int, ...]
    exact: bool


def national_exposure(actor: Actor) -> NationalExposure:
    """The exposure of the nation, or of what staff of a CERT see of it. Raises Forbidden for who reads neither."""
    if not may_read_nation(actor):
        raise Forbidden("Exposure is for CERTs, the Council and those who set standards.", code="exposure.closed")
    if counts_exactly(actor):
        return _made(*_seen(actor), exact=True)
    with connection.cursor() as cursor:
        cursor.execute("select * from guard.exposure_classes()")
        classes = cursor.fetchall()
        cursor.execute("select * from guard.exposure_course()")
        return _made(classes, cursor.fetchall(), exact=False)


def _seen(actor: Actor) -> tuple[list[Any], list[Any]]:
    """The same rows as the guard gives, of what the actor sees: the nation, or one CERT's constituency."""
    team = team_chosen(actor, "")
    members = "and o.id in (select organisation_id from teams_membership where team_id = %s)"
    with connection.cursor() as cursor:
        if team.covers_all:
            cursor.execute(_SEEN.format(where=""))
            classes = cursor.fetchall()
            cursor.execute(_COURSE_SEEN.format(where="team_id is null"))
        else:
            cursor.execute(_SEEN.format(where=members), [team.pk])
            classes = cursor.fetchall()
            cursor.execute(_COURSE_SEEN.format(where="team_id = %s"), [team.pk])
        return classes, cursor.fetchall()


def _made(classes: Sequence[Any], course: Sequence[Any], *, exact: bool) -> NationalExposure:
    sectors = list(dict.fromkeys(row[0] for row in classes))
    provinces = sorted({row[1] for row in classes})
    critical = np.zeros((len(sectors), len(provinces)), dtype=np.int64)
    repairing = {"sector": dict.fromkeys(sectors, 0), "province": dict.fromkeys(provinces, 0), "nation": {None: 0}}
    organisations = exposed = 0
    for sector, province, number, with_any, with_critical, with_repairs in classes:
        critical[sectors.index(sector), provinces.index(province)] += with_critical
        repairing["sector"][sector] += with_repairs
        repairing["province"][province] += with_repairs
        repairing["nation"][None] += with_repairs
        organisations += number
        exposed += with_any
    shown = with_margins(critical) if exact or not critical.size else widened(critical).shown
    days: dict[tuple[str, int | None], float | None] = {}
    live, by_day = 0, []
    for part, key, number, opened, ended, repairs in course:
        enough = exact or repairing[part].get(key, 0) >= SMALLEST_CELL
        found = median_days(bytes(repairs or b"")) if enough else None
        days[part, key] = found if exact or found is None else float(round(found))
        if part == "nation":
            live = number or 0
            by_day = open_by_day(live, bytes(opened or b""), bytes(ended or b""), days=DAYS)
    few = not exact and exposed < SMALLEST_CELL
    return NationalExposure(
        sectors=tuple(
            Place(key, _number(shown[row, -1]), days.get(("sector", key))) for row, key in enumerate(sectors)
        ),
        provinces=tuple(
            Place(key, _number(shown[-1, column]), days.get(("province", key))) for column, key in enumerate(provinces)
        ),
        cells=tuple(tuple(_number(cell) for cell in row[:-1]) for row in shown[:-1]),
        critical=_number(shown[-1, -1]),
        organisations=organisations if exact else rounded(organisations),
        live=None if few else live if exact else rounded(live),
        days=days.get(("nation", None)),
        course=() if few else tuple(by_day if exact else (rounded(number) for number in by_day)),
        exact=exact,
    )


def _number(cell: int) -> Number:
    return None if cell == HIDDEN else int(cell)
