"""What the duty officer has before them: what is due next, what is late, who waits, what nobody has, what came in.

Rows are what the actor reaches; what is shown of a case is cut down to its audience (`case_selectors.rows_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from sipar.core.acting import Actor
from sipar.incidents.case_policy import may_answer_offer, may_work
from sipar.incidents.case_selectors import CaseRow, rows_of
from sipar.incidents.content_policy import teams_of
from sipar.incidents.models import EmergencyReport, Handover, InboundMail, Incident
from sipar.incidents.report_selectors import waiting_mails
from sipar.obligations.models import Duty
from sipar.support.models import SupportRequest
from sipar.support.selectors import waiting_for

SHOWN = 12
INCOMING = timedelta(hours=12)
CLOCKED = ("incident", "support_request", "team", "regime", "incident__organisation", "incident__lead_team")


@dataclass(frozen=True)
class Row:
    """One line of the desk: a case, a request for help, a report to call back or a mail, with the clock that runs.

    `case` is None for what is not a case; `may_accept` and `may_work` say which verbs the reader has.
    """

    key: str
    case: CaseRow | None = None
    duty: Duty | None = None
    help: SupportRequest | None = None
    emergency: EmergencyReport | None = None
    mail: InboundMail | None = None
    due: datetime | None = None
    started: datetime | None = None
    may_accept: bool = False
    may_work: bool = False


@dataclass(frozen=True)
class Section:
    """`rows` are the first of `total`."""

    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class DutyDesk:
    next_due: Section
    late: Section
    waiting: Section
    unassigned: Section
    incoming: Section


def duty_desk_of(actor: Actor, *, now: datetime) -> DutyDesk:
    """The desk of the actor's teams. The number of queries does not depend on how much there is."""
    late = _clocks(actor, Q(state="breached") | Q(state="running", due_at__lte=now))
    soon = _clocks(actor, Q(state="running", due_at__gt=now))
    lists = (_offered(actor), _unassigned(actor), _incoming(actor, now))
    offered, unassigned, incoming = (list(rows[:SHOWN]) for rows in lists)
    waiting, nobodys, new = (rows.count() for rows in lists)
    cases = [duty.incident for duty in (*late.first, *soon.first) if duty.incident is not None]
    found = {incident.pk: incident for incident in (*cases, *offered, *unassigned, *incoming)}
    shown = {row.incident.pk: row for row in rows_of(actor, list(found.values()), now=now)}
    return DutyDesk(
        next_due=Section(tuple(_of_duty(actor, duty, shown) for duty in soon.first), soon.total),
        late=Section(tuple(_of_duty(actor, duty, shown) for duty in late.first), late.total),
        waiting=_waiting(actor, offered, waiting, shown),
        unassigned=Section(tuple(_of_case(actor, "none", row, shown) for row in unassigned), nobodys),
        incoming=Section(tuple(_of_case(actor, "new", row, shown) for row in incoming), new),
    )


@dataclass(frozen=True)
class _Clocks:
    first: list[Duty]
    total: int


def _clocks(actor: Actor, when: Q) -> _Clocks:
    """Open clocks of the actor's teams, nearest first: what the CERT owes, and what the law asks about its cases.

    Two queries, because each has an index of its own.
    """
    teams = teams_of(actor)
    own = Duty.objects.filter(when, team__in=teams, kind__in=(Duty.Kind.SERVICE, Duty.Kind.SUPPORT))
    law = Duty.objects.filter(
        when, kind=Duty.Kind.STATUTORY, incident__lead_team__in=teams, incident__state__in=Incident.OPEN_STATES
    )
    rows = [
        duty
        for found in (own, law)
        for duty in found.select_related(*CLOCKED).defer("regime__text").order_by("due_at", "pk")[:SHOWN]
    ]
    rows.sort(key=lambda duty: (duty.due_at is None, duty.due_at, duty.pk))
    return _Clocks(rows[:SHOWN], own.count() + law.count())


def _offered(actor: Actor) -> QuerySet[Incident]:
    """What waits for one of the actor's teams to accept it, the longest first."""
    rows = Incident.objects.filter(offered_team__in=teams_of(actor), state__in=Incident.OPEN_STATES)
    return rows.select_related("organisation", "lead_team").order_by("reported_at", "pk")


def _unassigned(actor: Actor) -> QuerySet[Incident]:
    """Accepted cases of the actor's teams that nobody is in charge of, the most severe first."""
    rows = Incident.objects.filter(
        lead_team__in=teams_of(actor), state__in=("open", "contained", "resolved"), assigned_to_id=None
    )
    worst_first = (F("severity_score").desc(nulls_first=True), "reported_at", "pk")
    return rows.select_related("organisation", "lead_team").order_by(*worst_first)


def _incoming(actor: Actor, now: datetime) -> QuerySet[Incident]:
    """What was reported in the last hours and the actor reaches, newest first."""
    rows = Incident.objects.filter(reported_at__gt=now - INCOMING).exclude(state__in=("draft", "discarded", "merged"))
    return rows.select_related("organisation", "lead_team").order_by("-reported_at", "-pk")


def _waiting(actor: Actor, offered: Sequence[Incident], total: int, shown: dict[int, CaseRow]) -> Section:
    """Reports to call back first (nobody has verified them), then mails to read, requests for help, and cases."""
    calls = EmergencyReport.objects.filter(team__in=teams_of(actor), state="waiting").order_by("received_at", "pk")
    helped = waiting_for(actor)
    rows = [
        Row(key=f"call-{call.pk}", emergency=call, started=call.received_at)
        for call in calls.select_related("incident")[:SHOWN]
    ]
    mails = waiting_mails(actor)
    rows += [Row(key=f"mail-{one.pk}", mail=one, started=one.received_at) for one in mails[:SHOWN]]
    asked = list(helped[:SHOWN])
    clocks = _accept_clocks(support_request__in=[one.pk for one in asked])
    rows += [Row(key=f"help-{one.number}", help=one, started=one.asked_at, due=clocks.get(one.pk)) for one in asked]
    called = {row.emergency.incident_id for row in rows if row.emergency}
    cases = [one for one in offered if one.pk not in called]
    due = _accept_clocks(incident__in=[one.pk for one in cases])
    offers = dict(
        Handover.objects.filter(incident__in=[one.pk for one in cases], state="offered").values_list(
            "incident_id", "offered_at"
        )
    )
    rows += [_of_case(actor, "offer", one, shown, due=due.get(one.pk), started=offers.get(one.pk)) for one in cases]
    others = calls.count() + mails.count() + helped.count()
    return Section(tuple(rows[: 2 * SHOWN]), others + total - len(offered) + len(cases))


def _accept_clocks(**where: list[int]) -> dict[int, datetime | None]:
    """When these cases (or requests) must have been accepted, by key."""
    key = next(iter(where)).removesuffix("__in")
    rows = Duty.objects.filter(stage__startswith="accept", state__in=("running", "breached"), **where)
    return dict(rows.order_by("-due_at").values_list(f"{key}_id", "due_at"))


def _of_duty(actor: Actor, duty: Duty, shown: dict[int, CaseRow]) -> Row:
    incident = duty.incident
    return Row(
        key=f"duty-{duty.pk}",
        duty=duty,
        case=shown.get(incident.pk) if incident else None,
        help=duty.support_request,
        due=duty.due_at,
        started=duty.anchor_at or duty.opened_at,
        may_accept=incident is not None and may_answer_offer(actor, incident),
        may_work=incident is not None and may_work(actor, incident),
    )


def _of_case(
    actor: Actor,
    key: str,
    incident: Incident,
    shown: dict[int, CaseRow],
    *,
    due: datetime | None = None,
    started: datetime | None = None,
) -> Row:
    return Row(
        key=f"{key}-{incident.number}",
        case=shown[incident.pk],
        due=due,
        started=started or incident.reported_at,
        may_accept=may_answer_offer(actor, incident),
        may_work=may_work(actor, incident),
    )
