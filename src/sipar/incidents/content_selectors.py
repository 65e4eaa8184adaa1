"""Reading what hangs on a case: rows as the database gives them, cut down to what the audience is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.classification import Tlp
from sipar.incidents.content_policy import teams_of
from sipar.incidents.models import (
    Access,
    AffectedRequirement,
    Artefact,
    BreakGlass,
    CaseLink,
    Custody,
    Entry,
    Incident,
    Indicator,
    Task,
)
from sipar.incidents.projections import PROJECTIONS, Projection
from sipar.incidents.selectors import WIDEST, works_for_organisation
from sipar.people.models import Account
from sipar.people.roles import TEAM_ROLES
from sipar.people.selectors import people_of_team

# What an audience that does not work on the case may carry away of its indicators.
WIDEST_TLP_FOR_GUESTS = Tlp.AMBER
_PART_OF_KIND = {
    Entry.Kind.EVENT: "timeline",
    Entry.Kind.SYSTEM: "timeline",
    Entry.Kind.MESSAGE: "messages",
    Entry.Kind.NOTE: "notes",
}


def entries_of(incident: Incident, projection: Projection) -> QuerySet[Entry]:
    """The timeline of a case as an audience sees it, newest first: events and records, messages, notes."""
    kinds = [kind for kind, part in _PART_OF_KIND.items() if projection.shows(part)]
    rows = Entry.objects.filter(incident=incident, kind__in=kinds).select_related("team")
    if projection.name == "organisation":
        rows = rows.filter(audience=Entry.Audience.EVERYONE)
    return rows.order_by("-happened_at", "-pk")


def messages_of(incident: Incident, projection: Projection) -> QuerySet[Entry]:
    """The messages between the organisation and its CERT, newest first."""
    return entries_of(incident, projection).filter(kind=Entry.Kind.MESSAGE)


def notes_of(incident: Incident, projection: Projection) -> QuerySet[Entry]:
    """The notes among teams, newest first."""
    return entries_of(incident, projection).filter(kind=Entry.Kind.NOTE)


def tasks_of(incident: Incident, projection: Projection) -> QuerySet[Task]:
    """What is to be done, in its order."""
    if not projection.shows("tasks"):
        return Task.objects.none()
    rows = Task.objects.filter(incident=incident).select_related("team", "playbook")
    if projection.name == "organisation":
        rows = rows.filter(for_organisation=True)
    return rows.order_by("position", "pk")


def artefacts_of(incident: Incident, projection: Projection) -> QuerySet[Artefact]:
    """The files of a case that the audience sees, newest first."""
    if not projection.shows("artefacts"):
        return Artefact.objects.none()
    rows = Artefact.objects.filter(incident=incident).select_related("team")
    if projection.name == "organisation":
        rows = rows.filter(audience=Entry.Audience.EVERYONE)
    return rows.order_by("-added_at", "-pk")


def custody_of(artefacts: Iterable[Artefact]) -> dict[int, list[Custody]]:
    """The chain of custody of each artefact, in order."""
    chains: dict[int, list[Custody]] = {}
    for link in Custody.objects.filter(artefact__in=list(artefacts)).order_by("at", "pk"):
        chains.setdefault(link.artefact_id, []).append(link)
    return chains


def indicators_of(incident: Incident, projection: Projection) -> QuerySet[Indicator]:
    """The indicators of a case; for an audience that does not work on it, those that may travel."""
    if not projection.shows("indicators"):
        return Indicator.objects.none()
    rows = Indicator.objects.filter(incident=incident)
    if projection.name not in ("full", "organisation"):
        rows = rows.filter(tlp__in=labels_up_to(WIDEST_TLP_FOR_GUESTS))
    return rows.order_by("kind", "value")


def labels_up_to(cap: Tlp) -> list[str]:
    """The TLP labels that are no stricter than the cap."""
    return [label.value for label in Tlp if label.at_most(cap)]


def requirements_of(incident: Incident, projection: Projection) -> QuerySet[AffectedRequirement]:
    """The requirements whose control failed, was missing or was bypassed, or that helped."""
    if not projection.shows("requirements"):
        return AffectedRequirement.objects.none()
    return AffectedRequirement.objects.filter(incident=incident).select_related("framework").order_by("pk")


def links_of(incident: Incident, projection: Projection) -> list[tuple[CaseLink, Incident]]:
    """The links of a case, each with the other case; the database leaves out cases that the reader does not see."""
    if not projection.shows("links"):
        return []
    rows = CaseLink.objects.filter(Q(incident=incident) | Q(other=incident)).select_related("incident", "other")
    return [(link, link.other if link.incident_id == incident.pk else link.incident) for link in rows.order_by("pk")]


def access_task(incident: Incident, projection: Projection, task: int) -> Task:
    """A task of this case; one of another case does not exist here."""
    found = tasks_of(incident, projection).filter(pk=task).first()
    if found is None:
        raise not_open("task")
    return found


def access_artefact(incident: Incident, projection: Projection, artefact: int) -> Artefact:
    """A file of this case; one of another case does not exist here."""
    found = artefacts_of(incident, projection).filter(pk=artefact).first()
    if found is None:
        raise not_open("file")
    return found


def access_indicator(incident: Incident, projection: Projection, indicator: int) -> Indicator:
    """An indicator of this case; one of another case does not exist here."""
    found = indicators_of(incident, projection).filter(pk=indicator).first()
    if found is None:
        raise not_open("indicator")
    return found


def access_requirement(incident: Incident, projection: Projection, requirement: int) -> AffectedRequirement:
    """An affected requirement of this case; one of another case does not exist here."""
    found = requirements_of(incident, projection).filter(pk=requirement).first()
    if found is None:
        raise not_open("requirement")
    return found


def access_link(incident: Incident, projection: Projection, link: int) -> CaseLink:
    """A link of this case; one between other cases does not exist here."""
    found = next((one for one, _other in links_of(incident, projection) if one.pk == link), None)
    if found is None:
        raise not_open("link")
    return found


def audiences_of(actor: Actor, incidents: Sequence[Incident], *, now: datetime) -> dict[int, Projection]:
    """What this actor sees of each of many cases, as `selectors.audience_of` says it of one, in two queries."""
    if actor.holds("system"):
        return {incident.pk: PROJECTIONS["full"] for incident in incidents}
    teams = teams_of(actor)
    names: dict[int, set[str]] = {}
    for incident, name in Access.objects.filter(
        incident__in=incidents, team__in=teams, ended_at=None
    ).values_list("incident_id", "projection"):  # fmt: skip
        names.setdefault(incident, set()).add(name)
    for incident in BreakGlass.objects.filter(
        incident__in=incidents, account_id=actor.account, until__gt=now
    ).values_list("incident_id", flat=True):  # fmt: skip
        names.setdefault(incident, set()).add("full")
    found = {}
    for case in incidents:
        seen = names.get(case.pk, set())
        if works_for_organisation(actor, case):
            found[case.pk] = PROJECTIONS["organisation"]
        elif case.lead_team_id in teams or case.offered_team_id in teams:
            found[case.pk] = PROJECTIONS["full"]
        else:
            found[case.pk] = PROJECTIONS[next((name for name in WIDEST if name in seen), "summary")]
    return found


def writers_of(entries: Iterable[Entry]) -> dict[int, str]:
    """The names of who wrote these lines; Sipar's own account has none."""
    wanted = {entry.written_by_id for entry in entries}
    return dict(Account.objects.filter(pk__in=wanted, is_system=False).values_list("pk", "name"))


@dataclass(frozen=True)
class Colleague:
    """Somebody to whom a task can be given."""

    account: int
    name: str


def colleagues_of(team: int, *, now: datetime) -> list[Colleague]:
    """The staff of a team, by name."""
    grants = people_of_team(team, now=now).filter(role__in=TEAM_ROLES)
    names = {grant.account_id: grant.account.name for grant in grants}
    return [Colleague(account, name) for account, name in names.items()]
