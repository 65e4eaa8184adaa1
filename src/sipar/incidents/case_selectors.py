"""Reading cases for lists, search and the page of one case: rows that the actor reaches, fields that they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from sipar.core.acting import Actor
from sipar.incidents.content_policy import teams_of
from sipar.incidents.content_selectors import audiences_of
from sipar.incidents.models import Access, BreakGlass, Extract, Handover, Incident, Look, SeverityScore
from sipar.incidents.projections import ALL, Projection
from sipar.obligations.models import Duty
from sipar.people.models import Account

ACTIVE = "active"
WHO = ("mine", "unassigned", "waiting", "late")
MOST_FOUND = 20
MOST_TRACES = 50


@dataclass(frozen=True)
class Identity:
    """The organisation of a case, as far as a reader of the case may know it."""

    identifier: str
    name: str
    name_ur: str


@dataclass(frozen=True)
class CaseRow:
    """One case in a list: what its projection does not show is empty."""

    incident: Incident
    projection: Projection
    title: str
    organisation: Identity | None


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """What a list is narrowed to; empty means everything.

    `who` is one of `WHO`, `state` a state, or "active" for all that are not over.
    """

    state: str = ""
    severity: str = ""
    sector: str = ""
    province: str = ""
    who: str = ""
    words: str = ""


def filtered_cases(actor: Actor, wanted: CaseFilter, *, now: datetime) -> QuerySet[Incident]:
    """The cases that the actor reaches and that match, newest first; never a draft of somebody else.

    A filter by something that an audience is not shown leaves out the cases where it is not shown: otherwise the list
    would tell it.
    """
    rows = Incident.objects.exclude(state__in=("draft", "discarded"))
    rows = rows.select_related("organisation", "lead_team", "offered_team", "sector", "province")
    if wanted.state:
        states = Incident.OPEN_STATES if wanted.state == ACTIVE else (wanted.state,)
        rows = rows.filter(state__in=states)
    if wanted.severity:
        rows = rows.filter(severity_level=wanted.severity)
    if wanted.sector or wanted.province or wanted.who == "late":
        rows = rows.filter(_known_to(actor, now=now, projections=("full", "coordination")))
    if wanted.sector:
        rows = rows.filter(sector__code=wanted.sector)
    if wanted.province:
        rows = rows.filter(province__code=wanted.province)
    if wanted.words:
        rows = rows.filter(_named(actor, wanted.words, now=now))
    return _of(actor, rows, wanted.who, now=now).order_by("-opened_at", "-id")


def rows_of(actor: Actor, incidents: Sequence[Incident], *, now: datetime) -> list[CaseRow]:
    """These cases as lines of a list, each cut down to what the actor is shown of it."""
    audiences = audiences_of(actor, incidents, now=now)
    names = identities_of(incidents)
    return [
        CaseRow(
            incident=incident,
            projection=audiences[incident.pk],
            title=shown_title(incident, audiences[incident.pk]),
            organisation=names.get(incident.pk) if audiences[incident.pk].shows("identity") else None,
        )
        for incident in incidents
    ]


def shown_title(incident: Incident, projection: Projection) -> str:
    """The title, which its organisation wrote and which may tell anything: for those who see every fact."""
    return incident.title if projection.facts == ALL else ""


def identities_of(incidents: Sequence[Incident]) -> dict[int, Identity]:
    """The organisations of these cases by the key of the case, also where the register is closed to the reader.

    Whoever shows one asks first whether the projection shows the part "identity".
    """
    known = {
        incident.pk: Identity(
            incident.organisation.identifier, incident.organisation.name, incident.organisation.name_ur
        )
        for incident in incidents
        if incident.organisation is not None
    }
    missing = [incident.pk for incident in incidents if incident.organisation_id and incident.pk not in known]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute("select incident_id, identifier, name, name_ur from guard.case_organisations(%s)", [missing])
            known |= {key: Identity(*names) for key, *names in cursor.fetchall()}
    return known


def search_cases(actor: Actor, words: str, *, now: datetime, limit: int = MOST_FOUND) -> list[CaseRow]:
    """Cases by number, title or organisation, among those whose number, title or organisation the actor is shown."""
    if len(words.strip()) < 2:
        return []
    return rows_of(actor, list(filtered_cases(actor, CaseFilter(words=words), now=now)[:limit]), now=now)


def looks_like_a_number(words: str) -> bool:
    """Whether this could be the number of a case, so that a search can say how one opens one that is not one's own."""
    parts = words.strip().upper().split("-")
    return len(parts) == 3 and [len(part) for part in parts] == [2, 4, 4] and all(part.isalnum() for part in parts)


@dataclass(frozen=True)
class Custody:
    """Who has the case, and the chain of offers by which it came there, oldest first."""

    chain: tuple[Handover, ...] = ()
    accesses: tuple[Access, ...] = ()
    extracts: tuple[Extract, ...] = ()


def custody_of_case(incident: Incident, projection: Projection) -> Custody:
    """The chain for those who are shown custody; who sees the case besides, for those who see all of it."""
    if not projection.shows("custody"):
        return Custody()
    chain = Handover.objects.filter(incident=incident).select_related("from_team", "to_team").order_by("pk")
    if not projection.shows("looks"):
        return Custody(tuple(chain))
    accesses = Access.objects.filter(incident=incident, ended_at=None).select_related("team").order_by("pk")
    extracts = Extract.objects.filter(incident=incident, ended_at=None).select_related("recipient", "team")
    if projection.name == "organisation":
        extracts = extracts.none()
    return Custody(tuple(chain), tuple(accesses), tuple(extracts.order_by("pk")))


@dataclass(frozen=True)
class Traces:
    """Who looked at a case: `glass` behind broken glass, `looks` one for each person and day; `names` by account."""

    glass: tuple[BreakGlass, ...] = ()
    looks: tuple[Look, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)


def traces_of(incident: Incident, projection: Projection) -> Traces:
    """Who opened the case from outside its organisation, newest first, for those who are shown it."""
    if not projection.shows("looks"):
        return Traces()
    glass = tuple(BreakGlass.objects.filter(incident=incident).order_by("-opened_at")[:MOST_TRACES])
    looks = tuple(Look.objects.filter(incident=incident).select_related("team").order_by("-at")[:MOST_TRACES])
    return Traces(glass, looks, names_of({row.account_id for row in glass} | {row.account_id for row in looks}))


def glass_broken(*, limit: int = MOST_TRACES) -> list[tuple[BreakGlass, str]]:
    """The latest broken glass that the actor may know of, with names: for the ombudsman."""
    rows = list(BreakGlass.objects.order_by("-opened_at")[:limit])
    names = names_of({row.account_id for row in rows})
    return [(row, names.get(row.account_id, "")) for row in rows]


def extracts_for(actor: Actor) -> QuerySet[Extract]:
    """What CERTs gave the actor's organisations of the cases of others, newest first."""
    rows = Extract.objects.filter(recipient__in=actor.organisations, ended_at=None).select_related("team", "recipient")
    return rows.order_by("-given_at", "-pk")


def latest_score(incident: Incident, projection: Projection) -> SeverityScore | None:
    """The last scoring with its inputs, for those who are shown them."""
    if not projection.shows("score_inputs"):
        return None
    return SeverityScore.objects.filter(incident=incident).order_by("-scored_at", "-pk").first()


def names_of(accounts: set[int]) -> dict[int, str]:
    """The names of these accounts; Sipar's own has none."""
    return dict(Account.objects.filter(pk__in=accounts, is_system=False).values_list("pk", "name"))


def _of(actor: Actor, rows: QuerySet[Incident], who: str, *, now: datetime) -> QuerySet[Incident]:
    teams = teams_of(actor)
    if who == "mine":
        return rows.filter(assigned_to_id=actor.account, lead_team__in=teams)
    if who == "unassigned":
        return rows.filter(assigned_to_id=None, lead_team__in=teams, state__in=Incident.OPEN_STATES)
    if who == "waiting":
        return rows.filter(offered_team__in=teams)
    if who == "late":
        late = Duty.objects.filter(incident=OuterRef("pk")).filter(
            Q(state="breached") | Q(state="running", due_at__lt=now)
        )
        return rows.filter(Exists(late))
    return rows


def _known_to(actor: Actor, *, now: datetime, projections: Sequence[str]) -> Q:
    """The cases of which the actor is shown at least what one of these projections shows."""
    teams = teams_of(actor)
    given = Access.objects.filter(
        incident=OuterRef("pk"), team__in=teams, ended_at=None, projection__in=list(projections)
    )
    glass = BreakGlass.objects.filter(incident=OuterRef("pk"), account_id=actor.account, until__gt=now)
    own = Q(organisation__in=actor.organisations)
    return own | Q(lead_team__in=teams) | Q(offered_team__in=teams) | Q(Exists(given)) | Q(Exists(glass))


def _named(actor: Actor, words: str, *, now: datetime) -> Q:
    text = words.strip().replace("\x00", "")
    title = Q(title__icontains=text) & _known_to(actor, now=now, projections=("full",))
    named = Q(organisation__name__icontains=text) | Q(organisation__name_ur__icontains=text)
    return Q(number__iexact=text) | title | (named & _known_to(actor, now=now, projections=("full", "coordination")))
