"""Reading vulnerabilities, inventories and matches. Rows of organisations are those that the database shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from sipar.core.acting import Actor
from sipar.core.copying import fetch
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.orgs.models import Organisation
from sipar.people.roles import ORGANISATION_ROLES
from sipar.vulnerabilities.models import (
    Alias,
    Component,
    Dismissal,
    Import,
    Inventory,
    Match,
    RangeFile,
    Source,
    Upload,
    Vulnerability,
)

FETCHED, GIVEN = "vulnerability.fetch", "vulnerability.given"
LIST_RUNS = (FETCHED, GIVEN)
KNOWN = pl.Schema({
    "cve": pl.String, "title": pl.String, "cvss": pl.Float64, "cvss_vector": pl.String, "epss": pl.Float64,
    "epss_percentile": pl.Float64, "kev_added": pl.Date, "kev_due": pl.Date, "ransomware": pl.String,
    "exploitation": pl.String, "automatable": pl.String, "technical_impact": pl.String, "published": pl.Date,
    "vendor": pl.String, "product": pl.String, "description": pl.String, "cwes": pl.String, "priority": pl.Float64,
})  # fmt: skip
_KNOWN_SQL = """
select cve, title, cvss, cvss_vector, epss, epss_percentile, kev_added, kev_due, ransomware, exploitation, automatable,
    technical_impact, published, vendor, product, description, array_to_string(cwes, ' '), priority
from vulnerabilities_vulnerability where %(cves)s::text[] is null or cve = any (%(cves)s) order by cve
"""
_MOST_AFFECTING = """
select v.cve, v.title, v.cvss, v.epss, v.kev_added, v.ransomware, count(distinct m.organisation_id) as organisations,
    count(*) as components
from vulnerabilities_match m join vulnerabilities_vulnerability v on v.id = m.vulnerability_id
where m.state = 'open'
group by v.id
order by organisations desc, v.kev_added is null, v.epss desc nulls last, v.cvss desc nulls last, v.cve
limit %s
"""


def known(cves: Sequence[str] | None) -> pl.DataFrame:
    """What the lists say of these CVEs (None: of all): columns of `KNOWN`, sorted; `ransomware` is boolean.

    CVEs that Sipar does not know are not in it; `cwes` are divided by spaces.
    """
    wanted = None if cves is None else sorted(set(cves))
    frame = fetch(_KNOWN_SQL, {"cves": wanted}, KNOWN)
    return frame.with_columns(pl.col("ransomware") == "t")


def sources() -> list[Source]:
    """Where lists are fetched from, by name."""
    return list(Source.objects.order_by("code"))


def access_source(number: int) -> Source:
    """A source of lists. Raises NotFound."""
    found = Source.objects.filter(pk=number).first()
    if found is None:
        raise not_open("list")
    return found


def runs_of_lists(actor: Actor, *, since: datetime | None = None) -> QuerySet[BackgroundRun]:
    """What this person asked of lists, newest first; with `since`, what goes on or has ended after it."""
    rows = BackgroundRun.objects.filter(account_id=actor.account, kind__in=LIST_RUNS).order_by("-pk")
    return rows.filter(Q(ended_at=None) | Q(ended_at__gt=since)) if since else rows


def vulnerabilities(*, query: str = "", only: str = "") -> QuerySet[Vulnerability]:
    """Vulnerabilities by words of identifier, vendor, product or title; `only`: kev, ransomware, active or mine.

    What is known to be exploited first, then by date.
    """
    rows = Vulnerability.objects.exclude(state=Vulnerability.State.REJECTED)
    for word in query.replace("\x00", "").split()[:6]:
        rows = rows.filter(
            Q(cve__istartswith=word) | Q(vendor__icontains=word) | Q(product__icontains=word) | Q(title__icontains=word)
        )
    if only == "kev":
        rows = rows.filter(kev_added__isnull=False)
    elif only == "ransomware":
        rows = rows.filter(ransomware=True)
    elif only == "active":
        rows = rows.filter(exploitation="active")
    elif only == "mine":
        rows = rows.filter(pk__in=Match.objects.filter(state="open").values("vulnerability_id"))
    if only == "kev":
        return rows.order_by("-kev_added", "-pk")
    return rows.order_by(F("published").desc(nulls_last=True), "-pk")


def access_vulnerability(cve: str) -> Vulnerability:
    """The vulnerability with this identifier; raises NotFound."""
    found = Vulnerability.objects.filter(cve=cve.replace("\x00", "").upper()).first()
    if found is None:
        raise not_open("vulnerability")
    return found


def affected_by(vulnerability: Vulnerability) -> QuerySet[Match]:
    """The components that it affects, of the organisations that the actor watches."""
    rows = Match.objects.filter(vulnerability=vulnerability).exclude(state="gone")
    return rows.select_related("organisation", "component", "component__inventory", "dismissal").order_by(
        "-state", "organisation__name", "component__name", "pk"
    )


def most_affecting(most: int = 100) -> list[dict[str, object]]:
    """The CVEs that affect the most organisations of the actor's constituency, with the marks that matter."""
    with connection.cursor() as cursor:
        cursor.execute(_MOST_AFFECTING, [most])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Standing:
    """What stands in a constituency: organisations with an inventory, their components, those without a usable version,
    open matches, and components that something exploited affects."""

    organisations: int
    components: int
    unsure: int
    matches: int
    exploited: int


def standing() -> Standing:
    """The counts over everything that the actor watches."""
    components = Component.objects.filter(removed_at=None)
    matches = Match.objects.filter(state="open")
    return Standing(
        organisations=Inventory.objects.values("organisation").distinct().count(),
        components=components.count(),
        unsure=components.exclude(unsure="").count(),
        matches=matches.count(),
        exploited=matches.filter(vulnerability__kev_added__isnull=False).values("component").distinct().count(),
    )


def inventories_of(organisation: Organisation) -> QuerySet[Inventory]:
    """The inventories of an organisation, with how many components each holds now."""
    return (
        Inventory.objects.filter(organisation=organisation)
        .annotate(count=Count("components", filter=Q(components__removed_at=None)))
        .order_by("-declared", "name")
    )


def access_inventory(number: int) -> Inventory:
    """An inventory that the actor may see; raises NotFound."""
    found = Inventory.objects.select_related("organisation").filter(pk=number).first()
    if found is None:
        raise not_open("inventory")
    return found


def components_of(inventory: Inventory) -> QuerySet[Component]:
    """What an inventory holds now: what cannot be compared first, then what is affected most."""
    rows = Component.objects.filter(inventory=inventory, removed_at=None)
    counted = rows.annotate(
        open=Count("matches", filter=Q(matches__state="open")),
        exploited=Count("matches", filter=Q(matches__state="open", matches__vulnerability__kev_added__isnull=False)),
    )
    return counted.order_by("-exploited", "-open", "-unsure_cves", "name", "pk")


def uploads_of(organisation: Organisation) -> QuerySet[Upload]:
    return Upload.objects.filter(organisation=organisation).select_related("inventory").order_by("-uploaded_at", "-pk")


def matches_of(organisation: Organisation | None, *, state: str = "open", only: str = "") -> QuerySet[Match]:
    """Matches of an organisation, or of all that the actor watches: what is exploited first, then by EPSS and CVSS."""
    rows = Match.objects.select_related("organisation", "component", "component__inventory", "vulnerability")
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    if state in Match.STATES:
        rows = rows.filter(state=state)
    if only == "kev":
        rows = rows.filter(vulnerability__kev_added__isnull=False)
    return rows.order_by(
        F("vulnerability__priority").desc(nulls_last=True),
        F("vulnerability__kev_added").desc(nulls_last=True),
        F("vulnerability__epss").desc(nulls_last=True),
        F("vulnerability__cvss").desc(nulls_last=True),
        "pk",
    )


def access_match(number: int, *, for_update: bool = False) -> Match:
    """A match that the actor may see; raises NotFound."""
    rows = Match.objects.select_related(
        "organisation", "component", "component__inventory", "vulnerability", "dismissal"
    )
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=number).first()
    if found is None:
        raise not_open("match")
    return found


def access_dismissal(number: int) -> Dismissal:
    """A dismissal that the actor may see; raises NotFound."""
    found = Dismissal.objects.filter(pk=number).first()
    if found is None:
        raise not_open("dismissal")
    return found


def dismissals_for(match: Match) -> list[Dismissal]:
    """Everything that was ever said against this match, the newest first."""
    own = Q(component=match.component) | Q(organisation=match.organisation, scope="product", key=match.component.key)
    nation = Q(scope="nation", key=match.component.key)
    return list(Dismissal.objects.filter(own | nation, cve=match.vulnerability.cve).order_by("-pk")[:20])


def aliases() -> QuerySet[Alias]:
    return Alias.objects.order_by("name")


def access_alias(number: int) -> Alias:
    found = Alias.objects.filter(pk=number).first()
    if found is None:
        raise not_open("alias")
    return found


def newest_imports(most: int = 10) -> list[Import]:
    return list(Import.objects.order_by("-pk")[:most])


def ranges_in_use() -> RangeFile | None:
    return RangeFile.objects.order_by("-pk").first()


def own_organisation(actor: Actor) -> Organisation | None:
    """The one organisation that the actor works for; None for staff of a CERT."""
    if not actor.holds(*ORGANISATION_ROLES):
        return None
    return Organisation.objects.filter(pk__in=actor.organisations).order_by("pk").first()


def watches(organisation: Organisation) -> bool:
    """Whether the current actor sees what this organisation is exposed to."""
    with connection.cursor() as cursor:
        cursor.execute("select guard.sees_all() or %s::bigint in (select guard.watched())", [organisation.pk])
        (found,) = cursor.fetchone()
        return bool(found)
