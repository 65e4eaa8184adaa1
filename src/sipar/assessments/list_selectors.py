"""Lists of assessments: an organisation's own, and the queue of a CERT. Vectors are never read here."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.selectors import VECTORS, assessments_open_to
from sipar.core.acting import Actor

SORTS = {
    "organisation": "organisation__name",
    "answered": "answered",
    "mean": "mean",
    "floor": "floor",
    "submitted": "submitted_at",
}
WAITING = ("returned", "open")


def of_organisations(actor: Actor) -> list[Assessment]:
    """The assessments of the organisations that the actor works for, those that wait for them first."""
    rows = assessments_open_to(actor).filter(organisation__in=actor.organisations).exclude(campaign__state="draft")
    newest = rows.select_related("campaign__framework").defer(*VECTORS, "campaign__framework__document")
    return sorted(newest.order_by("-campaign__opens_at", "-id")[:100], key=lambda row: row.state not in WAITING)


def campaigns_to_choose() -> list[Campaign]:
    """Campaigns that have begun, the newest first."""
    return list(Campaign.objects.exclude(state="draft").order_by("-opens_at", "-id")[:100])


def queue(
    actor: Actor, *, campaign: Campaign | None = None, state: str = "", search: str = "", sort: str = ""
) -> QuerySet[Assessment]:
    """Assessments that the actor may read, those handed in first and longest ago on top unless sorted otherwise.

    `search` is looked for in the organisation's name and identifier.
    """
    rows = assessments_open_to(actor).defer(*VECTORS)
    if campaign is not None:
        rows = rows.filter(campaign=campaign)
    if state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(
            Q(organisation__name__icontains=search)
            | Q(organisation__name_ur__icontains=search)
            | Q(organisation__identifier__iexact=search)
        )
    if not sort:
        return rows.order_by(F("submitted_at").asc(nulls_last=True), "id")
    column, falling = SORTS[sort.removeprefix("-")], sort.startswith("-")
    return rows.order_by(OrderBy(F(column), descending=falling, nulls_last=True), "id")
