"""Reading national incidents: every CERT sees that there is one and how large; who the victims are, only by case.

Counts go over all victims, also those whose case the reader does not see, so none of fewer than five is shown, nor
one that could be worked out from the others (`sipar.posture.suppression`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.content_selectors import audiences_of
from sipar.incidents.models import Campaign, Incident
from sipar.incidents.projections import Projection
from sipar.incidents.severity import shipped_scale
from sipar.orgs.models import Sector
from sipar.posture.suppression import HIDDEN, SMALLEST_CELL, suppress

MOST_MEMBERS = 200


@dataclass(frozen=True)
class Spread:
    """Where the victims of one national incident are: counts by sector and province keys, and the scores of cases."""

    by_sector: Mapping[int | None, int]
    provinces: int
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Victims:
    """How many there are, as far as that may be shown. `total` None: fewer than five. `exact` False: at least `total`.

    `sectors` holds those with a count that may be shown, the largest first; `hidden` says that there are others.
    """

    total: int | None
    exact: bool
    sectors: tuple[tuple[Sector, int], ...]
    hidden: bool


@dataclass(frozen=True)
class Member:
    """A case of a national incident that the reader sees; `organisation` only where its audience is told."""

    incident: Incident
    projection: Projection
    organisation: Mapping[str, str] | None


def campaigns() -> QuerySet[Campaign]:
    """Every national incident, the open ones first, newest first; organisations see none."""
    return Campaign.objects.select_related("lead_team").order_by("-state", "-opened_at", "-pk")


def access_campaign(actor: Actor, number: str) -> Campaign:
    """A national incident by its number."""
    found = Campaign.objects.select_related("lead_team").filter(number=number).first()
    if found is None:
        raise not_open("national incident")
    return found


def spreads_of(keys: Sequence[int]) -> dict[int, Spread]:
    """Where the victims of these national incidents are, over all cases, without naming one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select campaign_id, sector_id, province_id, victims, scores from guard.campaign_victims(%s)", [list(keys)]
        )
        rows = cursor.fetchall()
    found: dict[int, Spread] = {}
    for key in keys:
        own = [row for row in rows if row[0] == key]
        by_sector: dict[int | None, int] = {}
        for _campaign, sector, _province, victims, _scores in own:
            by_sector[sector] = by_sector.get(sector, 0) + int(victims)
        found[key] = Spread(
            by_sector=by_sector,
            provinces=len({row[2] for row in own if row[2] is not None}),
            scores=tuple(float(score) for row in own for score in row[4]),
        )
    return found


def victims_shown(spread: Spread, sectors: Mapping[int, Sector]) -> Victims:
    """The counts of a spread that may be shown to whoever does not see the cases behind them."""
    keys = list(spread.by_sector)
    if not keys:
        return Victims(total=0, exact=True, sectors=(), hidden=False)
    counts = np.array([[spread.by_sector[key] for key in keys]], dtype=np.int64)
    cells = suppress(counts).shown[0, :-1]
    shown = [
        (sectors[key], int(cell))
        for key, cell in zip(keys, cells, strict=True)
        if key is not None and key in sectors and cell != HIDDEN
    ]
    hidden = bool((cells == HIDDEN).any())
    total = int(counts.sum())
    if hidden:
        total -= total % SMALLEST_CELL
    return Victims(
        total=total or None,
        exact=not hidden,
        sectors=tuple(sorted(shown, key=lambda pair: (-pair[1], pair[0].code))),
        hidden=hidden,
    )


def level_title(code: str) -> Mapping[str, str] | None:
    """The words of a level of the shipped scale of severity; None for one that it does not have, or for none."""
    return next((level.title for level in shipped_scale().levels if level.code == code), None)


def members_of(actor: Actor, campaign: Campaign, *, now: datetime) -> list[Member]:
    """The cases of a national incident that the reader sees, newest first, each as its audience is shown it."""
    rows = Incident.objects.filter(campaign=campaign).exclude(state__in=("draft", "discarded", "merged"))
    incidents = list(rows.select_related("lead_team", "sector").order_by("-reported_at", "-pk")[:MOST_MEMBERS])
    audiences = audiences_of(actor, incidents, now=now)
    names = _organisations(one.pk for one in incidents if audiences[one.pk].shows("identity"))
    return [Member(one, audiences[one.pk], names.get(one.pk)) for one in incidents]


def _organisations(keys: Iterable[int]) -> dict[int, dict[str, str]]:
    wanted = list(keys)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("select incident_id, identifier, name, name_ur from guard.case_organisations(%s)", [wanted])
        rows = cursor.fetchall()
    return {key: {"identifier": identifier, "en": name, "ur": urdu or name} for key, identifier, name, urdu in rows}
