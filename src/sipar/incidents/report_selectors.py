"""Reading reports: an organisation's own, those that a CERT enters for callers, and what was sent of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.models import Event
from sipar.core.problems import not_open
from sipar.incidents.content_selectors import audiences_of
from sipar.incidents.models import Artefact, EmergencyReport, InboundMail, Incident, Report
from sipar.orgs.models import Contact, Organisation
from sipar.orgs.selectors import search_organisations
from sipar.people.models import Account
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

TWIN_WINDOW = timedelta(days=30)
MOST_TWINS = 5
MOST_TO_CALL = 5


def own_reports(actor: Actor) -> QuerySet[Incident]:
    """The cases of the organisations that the actor works for, drafts too, newest first."""
    rows = Incident.objects.select_related("organisation", "lead_team", "report").exclude(state="discarded")
    return rows.filter(organisation__in=actor.organisations).order_by("-opened_at", "-pk")


def entered_drafts(actor: Actor) -> QuerySet[Incident]:
    """What the actor's teams are writing down for callers, newest first."""
    rows = Incident.objects.select_related("organisation", "report__entered_by_team")
    return rows.filter(state="draft", report__entered_by_team__in=desks_of(actor)).order_by("-opened_at", "-pk")


def access_report(actor: Actor, number: str) -> Incident:
    """A case together with its report, for those who write it; to everybody else it does not exist."""
    found = (
        Incident.objects.select_related("organisation", "lead_team", "report__entered_by_team")
        .filter(number=number, report__isnull=False)
        .first()
    )
    if found is None:
        raise not_open("report")
    own = found.organisation_id is not None and found.organisation_id in actor.organisations
    entered = found.report.entered_by_team_id
    if own or (entered is not None and entered in desks_of(actor)) or actor.holds("system"):
        return found
    raise not_open("report")


def attachments_of(incident: Incident) -> list[Artefact]:
    """What was attached to the report, oldest first."""
    return list(Artefact.objects.filter(incident=incident, kind=Artefact.Kind.ATTACHMENT).order_by("added_at", "pk"))


def possible_twins(actor: Actor, incident: Incident, *, now: datetime) -> list[Incident]:
    """Other cases of the same organisation that may be about the same incident, of those that the actor sees.

    Where the actor sees a case without being told whose it is, it is no twin of this organisation's.
    """
    if incident.organisation_id is None:
        return []
    rows = Incident.objects.filter(
        organisation_id=incident.organisation_id, opened_at__gte=now - TWIN_WINDOW, state__in=Incident.OPEN_STATES
    )
    found = list(rows.exclude(pk=incident.pk).order_by("-opened_at")[:MOST_TWINS])
    audiences = audiences_of(actor, found, now=now)
    return [twin for twin in found if audiences[twin.pk].shows("identity")]


def desks_of(actor: Actor) -> list[int]:
    """The teams whose staff the actor is."""
    return [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]


def own_teams(actor: Actor) -> list[Team]:
    """The teams whose staff the actor is, by code."""
    return list(Team.objects.filter(pk__in=desks_of(actor)).order_by("code"))


def pen_holder_name(report: Report, actor: Actor, *, now: datetime) -> str:
    """The name of the colleague who writes this report now; empty where nobody else does."""
    held = report.editing_by_id not in (None, actor.account) and report.editing_until is not None
    if not held or report.editing_until is None or report.editing_until <= now:
        return ""
    return Account.objects.filter(pk=report.editing_by_id or 0).values_list("name", flat=True).first() or ""


def waiting_calls(actor: Actor) -> QuerySet[EmergencyReport]:
    """Reports without an account that wait to be called back, the oldest first."""
    rows = EmergencyReport.objects.select_related("incident", "team").filter(state="waiting", team__in=desks_of(actor))
    return rows.order_by("received_at", "pk")


def access_call(actor: Actor, number: str) -> EmergencyReport:
    """A report without an account that came to a team of the actor; raises NotFound otherwise."""
    found = (
        EmergencyReport.objects.select_related("incident__organisation", "team")
        .filter(incident__number=number, team__in=desks_of(actor))
        .first()
    )
    if found is None:
        raise not_open("report")
    return found


def waiting_mails(actor: Actor) -> QuerySet[InboundMail]:
    """Mails that are no report and that nobody has read, the oldest first."""
    return InboundMail.objects.filter(state="waiting", team__in=desks_of(actor)).order_by("received_at", "pk")


def mails_set_aside(actor: Actor) -> QuerySet[InboundMail]:
    """Mails that somebody has set aside, the latest first."""
    rows = InboundMail.objects.filter(state="aside", team__in=desks_of(actor), settled_at__isnull=False)
    return rows.order_by("-settled_at", "-pk")


def access_mail(actor: Actor, number: int) -> InboundMail:
    """A mail that came to a team of the actor; raises NotFound otherwise."""
    rows = InboundMail.objects.select_related("incident", "team")
    found = rows.filter(pk=number, team__in=desks_of(actor)).first()
    if found is None:
        raise not_open("mail")
    return found


@dataclass(frozen=True)
class ToCall:
    """An organisation of the register, and its people who can be called."""

    row: Organisation
    contacts: tuple[Contact, ...]


def organisations_to_call(actor: Actor, searched: str) -> list[ToCall]:
    """The first organisations that answer to these words, as far as the actor reaches, with the numbers to call."""
    found = search_organisations(actor, searched, MOST_TO_CALL)
    contacts = list(Contact.objects.filter(organisation__in=found).exclude(phone="").order_by("kind", "pk"))
    return [ToCall(row, tuple(one for one in contacts if one.organisation_id == row.pk)) for row in found]


def ledger_event(table: str, key: int) -> int | None:
    """The ledger event that recorded a row, or None where the actor may not see it."""
    rows = Event.objects.filter(table_name=table, row_key=str(key), operation="insert")
    return rows.values_list("pk", flat=True).first()


@dataclass(frozen=True)
class Number:
    """A telephone number to call, and whose it is."""

    team: Team
    phone: str


def numbers_to_call(teams: Sequence[Team]) -> list[Number]:
    """The emergency numbers of these teams, those that are known."""
    return [Number(team, team.emergency_phone) for team in teams if team.emergency_phone]
