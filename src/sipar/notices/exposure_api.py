"""Exposure to programs: findings as the caller sees them, what to fix first on top, and how an organisation stands."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from ninja import Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.notices import exposure_selectors as selectors
from sipar.notices.exposure_constituency import cut_from
from sipar.notices.exposure_policy import EXPOSURE, require_watches
from sipar.notices.exposure_words import reasons_in_words
from sipar.notices.models import Finding
from sipar.orgs.selectors import access_organisation

router = Router(tags=["exposure"])
MOST = 100


class FindingOut(Schema):
    """`severity` runs from 0 (information) to 4 (critical); `organisation` null: nobody claims the asset."""

    number: int
    organisation: str | None
    kind: str
    classification: str
    severity: int
    asset: str
    cves: list[str]
    priority: float | None
    reasons: list[str]
    first_seen: datetime
    last_seen: datetime
    count: int
    due_on: date | None
    state: str
    closed_by: str
    source: str


class Standing(Schema):
    """`course` is how many findings were open at the end of each of the last 90 days, today last."""

    organisation: str
    open: int
    critical: int
    new_since_yesterday: int
    overdue: int
    median_repair_days: float | None
    course: list[int]


@router.get("/findings", auth=Entry(EXPOSURE), response={200: list[FindingOut], **PROBLEMS}, summary="Open findings")
def list_findings(
    request: ActorRequest, kind: str = "", severity: str = "", sector: str = "", province: str = "", q: str = "",
    page: int = 1,
) -> list[dict[str, object]]:  # fmt: skip
    """A hundred at a time. `q` is the beginning of an address or a name, or a CVE; it finds closed ones too."""
    cut = cut_from({"kind": kind, "severity": severity, "sector": sector, "province": province, "q": q})
    found = selectors.page_of(selectors.findings_seen(cut, now=timezone.now()), page, size=MOST)
    return [_finding(row) for row in found.rows]


@router.get("/findings/{finding}", auth=Entry(EXPOSURE), response={200: FindingOut, **PROBLEMS}, summary="One finding")
def read_finding(request: ActorRequest, finding: int) -> dict[str, object]:
    return _finding(selectors.access_finding(finding))


@router.get(
    "/organisations/{identifier}/exposure",
    auth=Entry(EXPOSURE),
    response={200: Standing, **PROBLEMS},
    summary="How exposed an organisation is",
)
def read_exposure(request: ActorRequest, identifier: str) -> dict[str, object]:
    organisation = access_organisation(request.actor, identifier)
    require_watches(organisation)
    found = selectors.organisation_exposure(organisation, now=timezone.now())
    return {
        "organisation": organisation.identifier,
        "open": found.counts["live"],
        "critical": found.counts["critical"],
        "new_since_yesterday": found.counts["fresh"],
        "overdue": found.counts["overdue"],
        "median_repair_days": found.repair_days,
        "course": found.course,
    }


def _finding(row: Finding) -> dict[str, object]:
    return {
        "number": row.pk,
        "organisation": row.organisation.identifier if row.organisation else None,
        "kind": row.kind,
        "classification": row.classification,
        "severity": row.severity,
        "asset": row.asset,
        "cves": row.cves,
        "priority": row.priority,
        "reasons": reasons_in_words(row.reasons, severity=row.severity),
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "count": row.count,
        "due_on": row.due_on,
        "state": row.state,
        "closed_by": row.closed_by,
        "source": row.source,
    }
