"""Writing a report: opening the case, saving what is known so far, holding the pen, giving a draft up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.incidents import timeline
from sipar.incidents.models import InboundMail, Incident, Report
from sipar.incidents.report_facts import clean_estimates, clean_facts, plain_text
from sipar.incidents.report_policy import may_enter_for_callers, may_open, require_may_write
from sipar.obligations.actions import recompute
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.teams.models import Team

PEN_LASTS = timedelta(minutes=3)
WRITABLE_STATES = ("draft", *Incident.OPEN_STATES)
OWN_DOORS = ("web", "api")
UNVERIFIED_DOORS = ("emergency", "mail")
LONGEST_REASON = 2_000


@action("incident.open")
def open_case(
    actor: Actor,
    *,
    organisation: Organisation | None,
    door: str,
    now: datetime,
    entered_by_team: Team | None = None,
    number: str = "",
) -> Incident:
    """A new case with an empty report, as a draft that the organisation alone sees.

    A telephone draft (`entered_by_team`) is seen by that team until it is sent. Without an organisation only Sipar
    opens a case, for the doors that have no account. `number`: instead of a fresh one. Raises Forbidden.
    """
    if not _may_open(actor, organisation, door, entered_by_team):
        raise Forbidden(_("Only the people of the organisation report for it."), code="report.open")
    incident = Incident.objects.create(
        number=number or case_number(now),
        organisation=organisation,
        state="draft",
        door=door,
        lead_team=entered_by_team,
        viewers=[entered_by_team.pk] if entered_by_team else [],
        verified_at=None if door in UNVERIFIED_DOORS else now,
        verified_by_id=None if door in UNVERIFIED_DOORS else actor.account,
        opened_by_id=actor.account,
        opened_at=now,
    )
    Report.objects.create(incident=incident, organisation_id=incident.organisation_id, entered_by_team=entered_by_team)
    return incident


@action("report.save")
def save_report(
    actor: Actor,
    incident: Incident,
    *,
    facts: Mapping[str, Any],
    estimates: Collection[str] | None,
    version: int,
    now: datetime,
) -> Report:
    """Keep the facts that are given (None takes one back) and leave the others; returns the report.

    `estimates` names all facts that are guesses so far, None leaves them. Takes the pen, or raises Conflict
    `report.pen` where a colleague holds it, `report.version` where they saved since, `report.closed` where the case
    takes no more. Raises Invalid `report.facts` with the places.
    """
    report = held_report(actor, incident, now=now)
    if version != report.version:
        raise Conflict(
            _("A colleague saved this report since you opened it. Load the page again to see what they wrote."),
            code="report.version",
        )
    cleaned = clean_facts(facts, now=now)
    report.facts = {name: value for name, value in (report.facts | cleaned).items() if value is not None}
    marked = report.estimates if estimates is None else estimates
    report.estimates = clean_estimates(marked, report.facts)
    report.version += 1
    report.saved_by_id, report.saved_at = actor.account, now
    report.editing_by_id, report.editing_until = actor.account, now + PEN_LASTS
    report.save()
    if incident.state == "draft" and cleaned:
        # The law's clocks run from when it was noticed, not from when it is sent; people are reminded of a draft too.
        recompute(actor, incident, reason="report saved", now=now, facts=sorted(cleaned))
    return report


@action("report.take_pen")
def take_pen(actor: Actor, incident: Incident, *, now: datetime) -> Report:
    """Hold the pen from now on; raises Conflict `report.pen` while a colleague holds it."""
    report = held_report(actor, incident, now=now)
    report.editing_by_id, report.editing_until = actor.account, now + PEN_LASTS
    report.save(update_fields=["editing_by_id", "editing_until"])
    return report


@action("report.lay_pen_down")
def lay_pen_down(actor: Actor, incident: Incident) -> None:
    """Let a colleague write at once; does nothing where the actor does not hold the pen."""
    held = Report.objects.filter(incident=incident, editing_by_id=actor.account)
    held.update(editing_by_id=None, editing_until=None)


@action("incident.discard")
def discard_case(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Give a draft up; it stays on record as discarded, and a mail that it was begun from waits to be read again.

    Raises Conflict `report.sent` for a case that was sent.
    """
    held_report(actor, incident, now=now)
    if not Incident.objects.filter(pk=incident.pk, state="draft").update(state="discarded", closed_at=now):
        raise Conflict(_("This report was sent already, so it stays."), code="report.sent")
    InboundMail.objects.filter(incident=incident).update(
        state="waiting", incident=None, settled_by_id=None, settled_at=None
    )
    recompute(actor, Incident.objects.get(pk=incident.pk), reason="draft given up", now=now)


@action("report.explain_delay")
def explain_delay(actor: Actor, incident: Incident, *, reason: str, now: datetime) -> None:
    """Tell those who see the case, before the limit, that a report will be late and why.

    Raises Invalid without a reason, Conflict `report.not_sent` for a draft: what is known is then sent instead.
    """
    report = Report.objects.filter(incident=incident).first()
    if report is None:
        raise Forbidden(_("Only the people of the organisation write its report."), code="report.write")
    require_may_write(actor, incident, report)
    if incident.state not in Incident.OPEN_STATES:
        raise Conflict(_("Send what you know now. The rest can follow."), code="report.not_sent")
    why = reason_of(reason)
    timeline.record(actor, incident, "delay_explained", now=now, facts={"reason": why})


@action("report.say_twin")
def say_twin(actor: Actor, incident: Incident, other: Incident, *, now: datetime) -> None:
    """Say that two cases of one organisation are about the same incident; both timelines tell it to their CERT.

    A draft is given up for the case that was sent. Raises Forbidden for cases of two organisations.
    """
    same = incident.organisation_id is not None and incident.organisation_id == other.organisation_id
    if not same or incident.pk == other.pk or not may_open(actor, incident.organisation_id or 0):
        raise Forbidden(_("Only two cases of your own organisation can be said to be the same."), code="report.twin")
    for one, twin in ((incident, other), (other, incident)):
        if one.state in Incident.OPEN_STATES:
            timeline.record(actor, one, "said_to_be_twin", now=now, facts={"number": twin.number})
    if incident.state == "draft":
        discard_case(actor, incident, now=now)


def held_report(actor: Actor, incident: Incident, *, now: datetime) -> Report:
    """The report, locked for this transaction, whose pen the actor holds or may take. Raises Forbidden or Conflict."""
    report = Report.objects.select_for_update().filter(incident=incident).first()
    if report is None:
        raise Forbidden(_("Only the people of the organisation write its report."), code="report.write")
    require_may_write(actor, incident, report)
    state = Incident.objects.values_list("state", flat=True).get(pk=incident.pk)
    if state not in WRITABLE_STATES:
        raise Conflict(_("This case is closed. Ask your CERT to open it again."), code="report.closed")
    holder = pen_holder(report, actor, now=now)
    if holder is not None:
        name = Account.objects.values_list("name", flat=True).get(pk=holder)
        raise Conflict(_("%(name)s is writing this report now.") % {"name": name}, code="report.pen")
    return report


def pen_holder(report: Report, actor: Actor, *, now: datetime) -> int | None:
    """The account of somebody else who holds the pen at `now`, or None."""
    if report.editing_by_id in (None, actor.account):
        return None
    return report.editing_by_id if report.editing_until is not None and report.editing_until > now else None


def reason_of(reason: str) -> str:
    """The reason as it is kept; raises Invalid where there is none or it is too long."""
    try:
        text = plain_text(reason, longest=LONGEST_REASON)
    except ValueError as error:
        raise Invalid(str(error), code="report.reason", places=[Place("reason", str(error))]) from error
    if not text:
        raise Invalid(_("Give a reason."), code="report.reason", places=[Place("reason", _("Give a reason."))])
    return text


def _may_open(actor: Actor, organisation: Organisation | None, door: str, team: Team | None) -> bool:
    if door not in Incident.Door.values:
        raise Invalid(_("Reports come by the web, the API, the emergency page, mail or telephone."), code="report.door")
    if actor.holds("system"):
        return True
    if organisation is None:
        return False
    if team is not None:
        return door == Incident.Door.TELEPHONE and may_enter_for_callers(actor, team.pk)
    return door in OWN_DOORS and may_open(actor, organisation.pk)
