"""What one organisation exposes, and one finding of it. Row-level security has decided which rows there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, F, Max, Min, Q, QuerySet

from sipar.core.problems import not_open
from sipar.notices.exposure_counting import DAYS
from sipar.notices.exposure_course import open_by_day
from sipar.notices.exposure_models import ExposureStanding
from sipar.notices.models import OPEN, Decision, Finding
from sipar.orgs.models import Organisation
from sipar.posture.suppression import Benchmark, benchmark

STATES = (*OPEN, "closed")
MOST_PAGES = 200
# Quartiles of counts are rounded to this, so that they are nobody's exact number.
COUNT_STEP, DAYS_STEP = 5.0, 1.0
# One look into the lake goes so many days back at most, a few at once, and stops when it has enough.
SHOWN_SIGHTINGS, MOST_SIGHTINGS = 10, 100
DAYS_AT_ONCE, DAYS_LOOKED_UP = 3, 30
SIGHTING_COLUMNS = ("observed_at", "ip", "port", "protocol", "hostname", "url", "product", "cves", "malware", "tag")


@dataclass(frozen=True)
class Cut:
    """What part of the findings is looked at; empty: all. `search` is an address, a name or a CVE."""

    kind: str = ""
    severity: int | None = None
    sector: int | None = None
    province: int | None = None
    team: int | None = None
    fresh: bool = False
    unclaimed: bool = False
    search: str = ""


@dataclass(frozen=True)
class Slice:
    """One page of a list that is too long to be counted."""

    rows: list[Finding]
    number: int
    has_next: bool


@dataclass(frozen=True)
class KindLine:
    """The open findings of one kind."""

    kind: str
    severity: int
    live: int
    oldest: datetime


@dataclass(frozen=True)
class Benchmarks:
    """Where an organisation stands in its sector: by open findings and by days to repair; None: too few others."""

    live: Benchmark | None
    days: Benchmark | None


@dataclass(frozen=True, eq=False)
class OrganisationExposure:
    """What the world sees of one organisation, counted now."""

    organisation: Organisation
    now: datetime

    @cached_property
    def kinds(self) -> list[KindLine]:
        """Open findings by kind, the worst first."""
        rows = (
            open_findings(self.organisation)
            .order_by()
            .values("kind")
            .annotate(severity=Max("severity"), live=Count("pk"), oldest=Min("first_seen"))
            .values_list("kind", "severity", "live", "oldest")
        )
        return sorted((KindLine(*row) for row in rows), key=lambda line: (-line.severity, -line.live, line.kind))

    @cached_property
    def counts(self) -> dict[str, int]:
        """`live`, of them `critical`, `fresh` (first seen since yesterday) and `overdue`."""
        found: dict[str, int] = open_findings(self.organisation).aggregate(
            live=Count("pk"),
            critical=Count("pk", filter=Q(severity=4)),
            fresh=Count("pk", filter=Q(first_seen__gt=self.now - timedelta(days=1))),
            overdue=Count("pk", filter=Q(due_on__lt=self.now.date())),
        )
        return found

    @cached_property
    def repair_days(self) -> float | None:
        """The median of days that a repair took in the last 90 days."""
        spans = repairs(self.organisation).filter(state_at__gt=self.now - timedelta(days=DAYS))
        took = [(end - begin).total_seconds() / 86_400 for begin, end in spans.values_list("first_seen", "state_at")]
        return float(np.median(took)) if took else None

    @cached_property
    def course(self) -> list[int]:
        """Open findings at the end of each of the last 90 days, today last."""
        rows = Finding.objects.filter(organisation=self.organisation)
        since = self.now - timedelta(days=DAYS)
        opened = rows.filter(first_seen__gt=since).values_list("first_seen", flat=True)
        ended = rows.filter(state="closed", state_at__gt=since).values_list("state_at", flat=True)
        return open_by_day(self.counts["live"], self._ages(opened), self._ages(ended), days=DAYS)

    @cached_property
    def closed(self) -> list[Finding]:
        """What was closed last."""
        return list(
            Finding.objects.filter(organisation=self.organisation, state="closed").order_by("-state_at", "-pk")[:10]
        )

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """The sector's quartiles, small cells suppressed; everybody of the sector reads the same."""
        with connection.cursor() as cursor:
            cursor.execute("select live, repair_days from guard.sector_exposure(%s)", [self.organisation.sector_id])
            rows = cursor.fetchall()
        own = ExposureStanding.objects.filter(pk=self.organisation.pk).values_list("live", "repair_days").first()
        live, days = own or (0, None)
        return Benchmarks(
            live=_among([row[0] for row in rows], live, step=COUNT_STEP),
            days=_among([row[1] for row in rows], days, step=DAYS_STEP),
        )

    def _ages(self, moments: Iterable[datetime]) -> bytes:
        return bytes(min(max((self.now - moment).days, 0), 255) for moment in moments)


def organisation_exposure(organisation: Organisation, *, now: datetime) -> OrganisationExposure:
    """The exposure of an organisation that the actor watches; who does not finds none."""
    return OrganisationExposure(organisation, now)


def open_findings(organisation: Organisation) -> QuerySet[Finding]:
    """What is open at an organisation, what to fix first on top."""
    return in_order(Finding.objects.filter(organisation=organisation, state__in=OPEN))


def repairs(organisation: Organisation) -> QuerySet[Finding]:
    """What was repaired: gone from a complete report, or fixed and not seen since."""
    return Finding.objects.filter(organisation=organisation, state="closed", closed_by__in=("absent", "fixed"))


def in_order(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    """What to fix first on top: by priority, where it is known, then by severity."""
    return rows.order_by(F("priority").desc(nulls_last=True), F("severity").desc(), "pk")


def findings_seen(cut: Cut, *, now: datetime) -> QuerySet[Finding]:
    """The open findings that the actor sees within a cut, for `listed`; a search finds closed ones too."""
    if cut.search:
        rows = Finding.objects.filter(pk__in=search_keys(cut.search))
    else:
        rows = Finding.objects.filter(state__in=OPEN)
    if cut.kind:
        rows = rows.filter(kind=cut.kind)
    if cut.severity is not None:
        rows = rows.filter(severity=cut.severity)
    if cut.sector is not None:
        rows = rows.filter(organisation__sector=cut.sector)
    if cut.province is not None:
        rows = rows.filter(organisation__province=cut.province)
    if cut.fresh:
        rows = rows.filter(first_seen__gt=now - timedelta(days=1))
    if cut.unclaimed:
        rows = rows.filter(organisation=None)
    if cut.team is not None:
        members = Organisation.objects.filter(memberships__team=cut.team).values("pk")
        rows = rows.filter(Q(organisation__in=members) | Q(organisation=None, team=cut.team))
    return rows.select_related("organisation")


def listed(rows: QuerySet[Finding], start: int, stop: int) -> list[Finding]:
    """The same places of the list as of `in_order`, which would sort everything: an index has what is ranked sorted."""
    ranked = in_order(rows.filter(priority__isnull=False))
    found = list(ranked[start:stop])
    if len(found) == stop - start:
        return found
    before = start + len(found) if found else ranked[:start].count()
    unranked = in_order(rows.filter(priority=None))
    return [*found, *unranked[max(start - before, 0) : stop - before]]


def page_of(rows: QuerySet[Finding], number: int, *, size: int) -> Slice:
    """One page, without counting how many there are."""
    wanted = min(max(number, 1), MOST_PAGES)
    found = listed(rows, (wanted - 1) * size, wanted * size + 1)
    return Slice(found[:size], wanted, has_next=len(found) > size and wanted < MOST_PAGES)


def search_keys(text: str, *, most: int = 500) -> list[int]:
    """The numbers of findings at an address or name that begins so, or of this CVE, that the actor sees."""
    cleaned = text.strip().replace("\x00", "")[:200]
    vulnerability = cleaned.upper() if cleaned.upper().startswith("CVE-") else ""
    address = "" if vulnerability else cleaned.lower()
    if not vulnerability and len(address) < 4:
        return []
    with connection.cursor() as cursor:
        cursor.execute("select guard.search_findings(%s, %s, %s)", [address, vulnerability, most])
        return [key for (key,) in cursor.fetchall()]


def search_findings(text: str, *, most: int) -> list[Finding]:
    """The same findings, what to fix first on top."""
    keys = search_keys(text)
    return list(in_order(Finding.objects.filter(pk__in=keys)).select_related("organisation")[:most]) if keys else []


def access_finding(number: int) -> Finding:
    """The finding with this number; raises NotFound where there is none or the actor may not see it."""
    found = Finding.objects.select_related("organisation", "team").filter(pk=number).first()
    if found is None:
        raise not_open("finding")
    return found


def decisions_of(findings: Iterable[Finding]) -> dict[int, Decision]:
    """The latest that was said about each of these findings."""
    rows = Decision.objects.filter(finding__in=[found.pk for found in findings]).order_by("decided_at", "pk")
    return {row.finding_id: row for row in rows}


def history_of(finding: Finding) -> list[Decision]:
    """Everything that was said about a finding, the newest first."""
    return list(Decision.objects.filter(finding=finding).order_by("-decided_at", "-pk")[:50])


def names_of_accounts(accounts: Iterable[int | None]) -> dict[int, str]:
    """The names of these accounts."""
    from sipar.people.models import Account

    wanted = {account for account in accounts if account is not None}
    return dict(Account.objects.filter(pk__in=wanted, is_system=False).values_list("pk", "name"))


def standing_of(organisation: Organisation) -> ExposureStanding | None:
    """How an organisation stood when findings were counted last; None where nothing was seen or may be seen."""
    return ExposureStanding.objects.filter(pk=organisation.pk).first()


@dataclass(frozen=True)
class Sighting:
    """One observation of a finding, as the lake keeps it."""

    at: datetime
    values: dict[str, Any] = field(default_factory=dict)


def sightings_of(finding: Finding, *, before: date | None = None) -> tuple[list[Sighting], date | None]:
    """The latest observations of a finding before a day, the newest first, and the day before which there may be more.

    Whoever sees the finding sees them: they are its evidence. The lake is read a few days at a time, backwards, until
    there are enough; it keeps the rows of one organisation together, so that each day costs one block of rows.
    """
    from sipar.eventstore import lake

    store = lake()
    where: Mapping[str, Sequence[object]] = {
        "organisation": [finding.organisation_id], "key": [finding.key.bytes], "source": [finding.source],
    }  # fmt: skip
    first, last = finding.first_seen.date(), finding.last_seen.date()
    if before is not None:
        last = min(last, before - timedelta(days=1))
    stop = max(first, last - timedelta(days=DAYS_LOOKED_UP - 1))
    found: list[dict[str, Any]] = []
    while last >= stop and len(found) < SHOWN_SIGHTINGS:
        begin = max(stop, last - timedelta(days=DAYS_AT_ONCE - 1))
        rows = store.observations(begin, last, columns=SIGHTING_COLUMNS, where=where)
        found += rows.sort_by([("observed_at", "descending")]).to_pylist()
        last = begin - timedelta(days=1)
    sightings = [
        Sighting(row.pop("observed_at"), {name: value for name, value in row.items() if value}) for row in found
    ]
    return sightings[:MOST_SIGHTINGS], last + timedelta(days=1) if last >= first else None


def _among(values: list[float | None], own: float | None, *, step: float) -> Benchmark | None:
    """Where one value stands among the sector's, its own included; equal values stand alike."""
    if own is None:
        return None
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    places = np.flatnonzero(numbers == own)
    return benchmark(numbers, int(places[0]), step=step) if places.size else None
