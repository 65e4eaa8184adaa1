"""A campaign as classes of organisations, straight from the database at every call: nothing here is kept.

A class is sector x province x tier x profile (x lead CERT where asked). PostgreSQL adds up what is a column of the
assessment and glues the answer vectors of a class together; row-level security has decided which rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from numpy.typing import NDArray
from psycopg.pq import Format

type Numbers = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]

_SUMS = """
    count(*), count(a.standing), count(a.standing) filter (where a.state = 'accepted'),
    count(a.standing) filter (where a.meets_target),
    count(a.mean) filter (where a.standing is not null),
    coalesce(sum(a.mean) filter (where a.standing is not null), 0),
    coalesce(sum(a.floor) filter (where a.standing is not null), 0),
    coalesce(sum(a.gaps) filter (where a.standing is not null), 0)
"""
_LEAD = """
    left join (
        select organisation_id, min(team_id) as team_id from teams_membership where lead
        group by organisation_id having count(*) = 1
    ) m on m.organisation_id = o.id
"""


@dataclass(frozen=True)
class Scope:
    """What part of a campaign is looked at; None: all. `team` is the CERT that leads."""

    sector: int | None = None
    province: int | None = None
    tier: int | None = None
    team: int | None = None

    @property
    def is_everything(self) -> bool:
        return self == Scope()


@dataclass(frozen=True, eq=False)
class Classes:
    """One entry per class in every array; `blobs` are the vectors of those that answered, one after another.

    asked      assessments in the campaign
    answered   those whose standing answers count
    accepted   of the answered: accepted by a reviewer
    meets      of the answered: at their target everywhere
    scored     of the answered: with a mean (something counts)
    mean_sum, floor_sum, gaps_sum   sums over the answered
    """

    sector: Numbers
    province: Numbers
    tier: Numbers
    team: Numbers
    profile: tuple[str, ...]
    asked: Numbers
    answered: Numbers
    accepted: Numbers
    meets: Numbers
    scored: Numbers
    mean_sum: Floats
    floor_sum: Floats
    gaps_sum: Numbers
    blobs: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.profile)

    def everything(self) -> Mask:
        return np.ones(len(self), dtype=np.bool_)

    def within(self, scope: Scope) -> Mask:
        """Which classes a scope holds; the CERT counts only where classes were read by CERT."""
        mask = self.everything()
        for wanted, values in (
            (scope.sector, self.sector),
            (scope.province, self.province),
            (scope.tier, self.tier),
            (scope.team, self.team),
        ):
            if wanted is not None:
                mask &= values == wanted
        return mask

    def blob(self, mask: Mask) -> bytes:
        """The vectors of the chosen classes, one after another."""
        return b"".join(self.blobs[index] for index in np.flatnonzero(mask))


@contextmanager
def binary_cursor() -> Iterator[Any]:
    """A cursor that takes results as bytes: as text a vector would come as hexadecimal, twice its size."""
    connection.ensure_connection()
    cursor = connection._prepare_cursor(ServerBindingCursor(connection.connection))  # type: ignore[attr-defined,call-arg]
    with cursor:
        cursor.cursor.format = Format.BINARY
        yield cursor


def classes_seen(campaign: int, scope: Scope, *, by_team: bool = False, levels: bool = True) -> Classes:
    """The classes of the assessments whose rows the actor may see, exact."""
    where, parameters = conditions(scope)
    team = "coalesce(m.team_id, 0)" if by_team else "0::bigint"
    vectors = "coalesce(string_agg(a.standing, ''::bytea), ''::bytea)" if levels else "''::bytea"
    query = f"""
        select o.sector_id, o.province_id, o.tier, {team}, a.profile, {_SUMS}, {vectors}
        from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id {_LEAD if by_team else ""}
        where a.campaign_id = %s {where}
        group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    """  # noqa: S608 - every part is a constant of ours; values are parameters
    with binary_cursor() as cursor:
        cursor.execute(query, [campaign, *parameters])
        return _classes(cursor.fetchall())


def classes_of_nation(campaign: int, *, levels: bool = True) -> Classes:
    """The classes of the whole campaign, by lead CERT too, for those who see aggregates only; none for others."""
    with binary_cursor() as cursor:
        cursor.execute("select * from guard.campaign_classes(%s, %s)", [campaign, levels])
        return _classes(cursor.fetchall())


def conditions(scope: Scope) -> tuple[str, list[int]]:
    """The SQL conditions of a scope on assessments `a` and organisations `o`, with their parameters."""
    parts, parameters = [], []
    for column, wanted in (("o.sector_id", scope.sector), ("o.province_id", scope.province), ("o.tier", scope.tier)):
        if wanted is not None:
            parts.append(f" and {column} = %s")
            parameters.append(wanted)
    if scope.team is not None:
        parts.append(
            " and o.id in (select organisation_id from teams_membership where lead"
            " group by organisation_id having count(*) = 1 and min(team_id) = %s)"
        )
        parameters.append(scope.team)
    return "".join(parts), parameters


def _classes(rows: Sequence[tuple[Any, ...]]) -> Classes:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 14

    def numbers(place: int) -> Numbers:
        return np.array(columns[place], dtype=np.int64)

    return Classes(
        sector=numbers(0),
        province=numbers(1),
        tier=numbers(2),
        team=numbers(3),
        profile=tuple(columns[4]),
        asked=numbers(5),
        answered=numbers(6),
        accepted=numbers(7),
        meets=numbers(8),
        scored=numbers(9),
        mean_sum=np.array(columns[10], dtype=np.float64),
        floor_sum=np.array(columns[11], dtype=np.float64),
        gaps_sum=numbers(12),
        blobs=tuple(bytes(blob) for blob in columns[13]),
    )
