"""Reading duties: of a case, of a team, of an organisation, of one person; row-level security has cut the rest away."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q, QuerySet

from sipar.incidents.models import Incident
from sipar.obligations.models import Duty
from sipar.orgs.models import Organisation
from sipar.teams.models import Team

OPEN = ("waiting", "running", "breached")


def duties_of(incident: Incident) -> list[Duty]:
    """The duties of a case, nearest deadline first, those without one last; with regime and team."""
    rows = Duty.objects.filter(incident=incident).select_related("regime", "team").defer("regime__text")
    return list(rows.order_by(F("due_at").asc(nulls_last=True), "pk"))


def duties_due(place: Team | Organisation, *, now: datetime) -> QuerySet[Duty]:
    """What is open and has a deadline, nearest first: for a team its service levels and the duties of its cases."""
    rows = Duty.objects.filter(state__in=("running", "breached"), due_at__isnull=False)
    if isinstance(place, Team):
        rows = rows.filter(Q(team=place) | Q(incident__lead_team=place, kind=Duty.Kind.STATUTORY))
    else:
        rows = rows.filter(organisation=place, kind=Duty.Kind.STATUTORY)
    return rows.select_related("incident", "support_request", "organisation", "team").order_by("due_at", "pk")
