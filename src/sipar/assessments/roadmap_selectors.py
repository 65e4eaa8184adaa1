"""Reading roadmaps: one organisation's plan, and what is overdue in a constituency."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, QuerySet, Sum

from sipar.assessments.engagement_selectors import comes_by_engagement_only, engagements_in_force
from sipar.assessments.models import RoadmapItem
from sipar.core.acting import Actor
from sipar.core.problems import not_open

LIVE_STATES = ("planned", "doing")


def items_open_to(actor: Actor, *, now: datetime) -> QuerySet[RoadmapItem]:
    """Every roadmap item that the actor sees, with organisation and campaign, the earliest due first."""
    rows = RoadmapItem.objects.select_related("organisation", "campaign", "depends_on")
    if comes_by_engagement_only(actor):
        scope = engagements_in_force(actor, now=now).filter(
            organisation=OuterRef("organisation"), engagement__campaign=OuterRef("campaign")
        )
        rows = rows.filter(Exists(scope))
    return rows


def access_item(actor: Actor, item_id: int, *, now: datetime, for_update: bool = False) -> RoadmapItem:
    """One roadmap item; raises `NotFound` where it is not open to the actor. `for_update` locks the row."""
    rows = items_open_to(actor, now=now)
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=item_id).first()
    if found is None:
        raise not_open("roadmap item")
    return found


def is_overdue(item: RoadmapItem, *, today: date) -> bool:
    return item.state in LIVE_STATES and item.due_on < today


def closes_a_cycle(waits_for: Mapping[int, int | None], item: int, wanted: int | None) -> bool:
    """Whether `item` would wait for itself, through others or not, once it waits for `wanted`.

    `waits_for` says of each item which one it waits for, and holds no cycle yet.
    """
    current = wanted
    while current is not None:
        if current == item:
            return True
        current = waits_for.get(current)
    return False


@dataclass(frozen=True)
class Totals:
    """What stands in a list of items: how many live ones, how many overdue, and what the live ones cost."""

    live: int
    overdue: int
    closed: int
    cost: Decimal


def totals(rows: QuerySet[RoadmapItem], *, today: date) -> Totals:
    """The totals of a list of items, in three queries at most whatever its length."""
    live = rows.filter(state__in=LIVE_STATES).order_by().aggregate(number=Count("id"), cost=Sum("cost"))
    return Totals(
        live=live["number"],
        overdue=rows.filter(state__in=LIVE_STATES, due_on__lt=today).count(),
        closed=rows.filter(state="done").count(),
        cost=live["cost"] or Decimal(0),
    )


def overdue_by_organisation(actor: Actor, *, today: date, now: datetime) -> QuerySet[RoadmapItem, Any]:
    """Organisations with overdue items: how many, since when and at what cost; the most first."""
    rows = items_open_to(actor, now=now).filter(state__in=LIVE_STATES, due_on__lt=today).select_related(None)
    return (
        rows.order_by()
        .values(
            "organisation_id", "organisation__name", "organisation__identifier", "organisation__tier",
            "organisation__sector__name",
        )
        .annotate(overdue=Count("id"), since=Min("due_on"), cost=Sum("cost"))
        .order_by("-overdue", "since", "organisation_id")
    )  # fmt: skip


@dataclass(frozen=True)
class SectorLine:
    name: dict[str, str]
    live: int
    overdue: int
    closed: int


_BY_SECTOR = """
    select s.name, count(*) filter (where r.state in ('planned', 'doing')),
        count(*) filter (where r.state in ('planned', 'doing') and r.due_on < %s),
        count(*) filter (where r.state = 'done')
    from assessments_roadmapitem r join orgs_organisation o on o.id = r.organisation_id
    join orgs_sector s on s.id = o.sector_id
    group by s.id order by 3 desc, s.position, s.code
"""


def items_by_sector(*, today: date) -> list[SectorLine]:
    """Live, overdue and closed items of each sector, over the organisations that the actor sees."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_SECTOR, [today])
        return [
            SectorLine(json.loads(name) if isinstance(name, str) else name, live, overdue, closed)
            for name, live, overdue, closed in cursor.fetchall()
        ]
