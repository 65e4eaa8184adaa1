"""The national situation: counted from the open cases at each call, under the reader's own rules; nothing is kept.

Staff of the National and the Government CERT count the whole nation, other CERTs the cases that they see. The Council
and those who set standards read tables of the nation with small numbers hidden: severity by sector, by province, by
CERT, by outlook. These share nothing but the grand total, so that no two of them can be subtracted from each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, When

from sipar.board.publication import rounded, widened
from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Forbidden
from sipar.incidents.content_policy import teams_of
from sipar.incidents.models import Access, BreakGlass, Incident
from sipar.incidents.severity import shipped_scale
from sipar.people.roles import AGGREGATE_ROLES, TEAM_ROLES
from sipar.posture.suppression import HIDDEN

SITUATION = Gate("situation", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES}))
WEEKS = 52
UNSCORED = ""
OUTLOOKS = ("worsening", "stable", "improving", "")
NATIONAL_TIERS = ("national", "government")
NOT_COUNTED = ("draft", "discarded", "rejected", "merged")
# From which level on an incident is called severe in a sentence.
SEVERE_FROM = "high"

type Number = int | None
"""A count that may be shown; None: hidden because it is small, or because it would give away a small one."""


type Part = Literal["sector", "province", "team", "outlook"]
type Counts = Mapping[Part, Mapping[tuple[Any, Any], int]]
"""The four tables of open cases: by (sector, severity), (province, ""), (CERT, waits for acceptance), (outlook, "").

A key of None is what is not known, or what the reader is not told.
"""


@dataclass(frozen=True)
class Line:
    """A row of a table: its key, its number in each column, and in all."""

    key: Any
    cells: tuple[Number, ...]
    total: Number


@dataclass(frozen=True)
class Table:
    lines: tuple[Line, ...]
    totals: tuple[Number, ...]
    total: Number

    def total_of(self, key: Any) -> Number:
        return next((line.total for line in self.lines if line.key == key), 0)


@dataclass(frozen=True)
class Situation:
    """The open cases of the nation, or those that the reader sees. `exact` false: small numbers are hidden.

    `levels` are the codes of the severity scale, the worst first, then "" for what nobody has scored. The columns of
    `sectors` are the levels; those of `teams` are waiting for acceptance and at work; the others have one column.
    `weeks` are how many cases were reported in each of the last weeks, the oldest first, `since` when they begin.
    """

    counts: Counts
    exact: bool
    national: bool
    since: datetime
    weeks: tuple[int, ...]
    levels: tuple[str, ...] = field(default_factory=lambda: levels_of_scale())

    @cached_property
    def sectors(self) -> Table:
        return self._table("sector", self.levels)

    @cached_property
    def provinces(self) -> Table:
        return self._table("province", ("",))

    @cached_property
    def teams(self) -> Table:
        return self._table("team", (True, False))

    @cached_property
    def outlooks(self) -> Table:
        return self._table("outlook", ("",))

    @cached_property
    def total(self) -> Number:
        """All open cases; hidden as soon as one of the tables has to hide it."""
        totals = [table.total for table in (self.sectors, self.provinces, self.teams, self.outlooks)]
        return None if None in totals else totals[0]

    @cached_property
    def severe(self) -> Number:
        """Those that are severe or worse."""
        worst = self.levels[: self.levels.index(SEVERE_FROM) + 1]
        return _sum(self.sectors.totals[: len(worst)])

    @property
    def waiting(self) -> Number:
        """Those that no CERT has accepted yet."""
        return self.teams.totals[0] if self.teams.totals else 0

    def _table(self, part: Part, columns: Sequence[Any]) -> Table:
        """A severity that the scale does not have counts as not scored."""
        cells = self.counts[part]
        keys = list(dict.fromkeys(key for key, _column in cells))
        counts = np.zeros((len(keys), len(columns)), dtype=np.int64)
        rows = {key: place for place, key in enumerate(keys)}
        places = {key: place for place, key in enumerate(columns)}
        for (key, column), number in cells.items():
            counts[rows[key], places.get(column, len(columns) - 1)] += number
        return _exact(keys, counts) if self.exact or not keys else _published(keys, counts)


def levels_of_scale() -> tuple[str, ...]:
    """The codes of the severity scale, the worst first, and last what is not scored."""
    return (*(level.code for level in reversed(shipped_scale().levels)), UNSCORED)


def situation_of(actor: Actor, *, now: datetime) -> Situation:
    """The situation as the actor may see it. Raises Forbidden for who reads none."""
    since = now - timedelta(weeks=WEEKS)
    if counts_nation(actor):
        return Situation(_counts_of_nation(), True, True, since, _trend_of_nation(since, now))
    if actor.holds(*TEAM_ROLES):
        return Situation(_counts_seen(actor, now), True, False, since, _trend_seen(since, now))
    if not actor.holds(*AGGREGATE_ROLES):
        raise Forbidden("The situation is for CERTs, the Council and those who set standards.", code="situation.closed")
    weeks = tuple(rounded(number) for number in _trend_of_nation(since, now))
    return Situation(_counts_of_nation(), False, True, since, weeks)


def counts_nation(actor: Actor) -> bool:
    """Whether the actor counts every open case exactly: staff of the National or the Government CERT."""
    return any(actor.holds_in_tier(tier, *TEAM_ROLES) for tier in NATIONAL_TIERS)


def open_national_incidents() -> list[tuple[str, str, int]]:
    """How many national incidents are open, by severity and outlook, for readers of the nation's situation."""
    with connection.cursor() as cursor:
        cursor.execute("select severity_level, outlook, campaigns from guard.open_campaigns()")
        return [(level, outlook, int(number)) for level, outlook, number in cursor.fetchall()]


def _counts_of_nation() -> Counts:
    found = _no_counts()
    with connection.cursor() as cursor:
        cursor.execute("select * from guard.incident_situation()")
        for part, sector, province, team, outlook, level, waiting, number in cursor.fetchall():
            cells: dict[str, tuple[Any, Any]] = {
                "sector": (sector, level),
                "province": (province, ""),
                "team": (team, waiting),
                "outlook": (outlook, ""),
            }
            found[part][cells[part]] = number
    return found


def _counts_seen(actor: Actor, now: datetime) -> Counts:
    """Where a case is and who has it counts only where the reader is shown that of it."""
    told = _told(actor, now=now)
    rows = (
        Incident.objects.filter(state__in=Incident.OPEN_STATES)
        .order_by()
        .annotate(
            in_sector=Case(When(told, then=F("sector_id"))),
            in_province=Case(When(told, then=F("province_id"))),
            with_team=Case(When(told, then=F("lead_team_id"))),
        )
        .values_list("in_sector", "in_province", "severity_level", "with_team", "state", "outlook")
        .annotate(cases=Count("pk"))
    )
    found = _no_counts()
    for sector, province, level, team, state, outlook, number in rows:
        _add(found["sector"], (sector, level), number)
        _add(found["province"], (province, ""), number)
        _add(found["team"], (team, state == "reported"), number)
        _add(found["outlook"], (outlook, ""), number)
    return found


def _no_counts() -> dict[Part, dict[tuple[Any, Any], int]]:
    return {"sector": {}, "province": {}, "team": {}, "outlook": {}}


def _add(cells: dict[tuple[Any, Any], int], key: tuple[Any, Any], number: int) -> None:
    cells[key] = cells.get(key, 0) + number


def _told(actor: Actor, *, now: datetime) -> Q:
    """The cases of which the reader is shown more than indicators or a summary."""
    teams = teams_of(actor)
    given = Access.objects.filter(
        incident=OuterRef("pk"), team__in=teams, ended_at=None, projection__in=("full", "coordination")
    )
    glass = BreakGlass.objects.filter(incident=OuterRef("pk"), account_id=actor.account, until__gt=now)
    return Q(lead_team__in=teams) | Q(offered_team__in=teams) | Q(Exists(given)) | Q(Exists(glass))


def _trend_of_nation(since: datetime, until: datetime) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute("select week, cases from guard.incident_trend(%s, %s)", [since, until])
        return _filled(cursor.fetchall())


def _trend_seen(since: datetime, until: datetime) -> tuple[int, ...]:
    moments = (
        Incident.objects.filter(reported_at__gte=since, reported_at__lt=until)
        .exclude(state__in=NOT_COUNTED)
        .order_by()
        .values_list("reported_at", flat=True)
    )
    weeks = np.array([(moment - since).days // 7 for moment in moments if moment], dtype=np.int64)
    return tuple(int(number) for number in np.bincount(weeks, minlength=WEEKS)[:WEEKS])


def _filled(rows: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    found = dict(rows)
    return tuple(found.get(week, 0) for week in range(WEEKS))


def _exact(keys: Sequence[Any], counts: np.typing.NDArray[np.int64]) -> Table:
    lines = tuple(
        Line(key, tuple(int(cell) for cell in row), int(row.sum())) for key, row in zip(keys, counts, strict=True)
    )
    return Table(lines, tuple(int(cell) for cell in counts.sum(axis=0)), int(counts.sum()))


def _published(keys: Sequence[Any], counts: np.typing.NDArray[np.int64]) -> Table:
    """With small numbers hidden, and those that would give one away. A table of one column is one row of counts."""
    single = counts.shape[1] == 1
    shown = widened(counts.T if single else counts).shown
    shown = shown.T if single else shown
    lines = tuple(
        Line(key, tuple(_number(cell) for cell in row[:-1]), _number(row[-1]))
        for key, row in zip(keys, shown[:-1], strict=True)
    )
    return Table(lines, tuple(_number(cell) for cell in shown[-1, :-1]), _number(shown[-1, -1]))


def _number(cell: np.int64) -> Number:
    return None if cell == HIDDEN else int(cell)


def _sum(numbers: Sequence[Number]) -> Number:
    return None if None in numbers else sum(number for number in numbers if number is not None)
