"""Reports without an account: received as unverified, verified or refused after a call to a number of the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.incidents import timeline
from sipar.incidents.artefact_actions import receive_artefact
from sipar.incidents.custody_actions import accept, give_access, hand_over, set_viewers
from sipar.incidents.custody_reading import national_team, route_for
from sipar.incidents.models import Access, EmergencyReport, Incident
from sipar.incidents.report_actions import open_case, reason_of, save_report
from sipar.incidents.report_facts import plain_text
from sipar.incidents.triage_actions import set_state
from sipar.obligations.actions import recompute
from sipar.obligations.submit_actions import submit_stage
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import access_contact
from sipar.people.roles import TEAM_ROLES

DOORS = (Incident.Door.EMERGENCY, Incident.Door.MAIL)


@dataclass(frozen=True)
class Caller:
    """Who somebody says that they are; nothing of it is believed before they were called back."""

    organisation: str
    name: str
    role: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Attached:
    """A file that came with a report."""

    name: str
    content: bytes


@action("emergency.receive")
def receive_unverified(
    actor: Actor,
    caller: Caller,
    facts: Mapping[str, Any],
    *,
    door: str,
    estimates: Sequence[str] = (),
    files: Sequence[Attached] = (),
    now: datetime,
) -> EmergencyReport:
    """Keep a report of somebody without an account and bring it before the National CERT, as not verified.

    Called as Sipar itself. No organisation is put to it, whatever the caller says. Raises Invalid `report.facts`.
    """
    if door not in DOORS or not actor.holds("system"):
        raise Forbidden(_("Reports without an account come by the emergency page or by mail."), code="report.door")
    incident = open_case(actor, organisation=None, door=door, now=now)
    save_report(actor, incident, facts=facts, estimates=estimates, version=0, now=now)
    for file in files:
        receive_artefact(actor, incident, file.content, name=file.name, now=now)
    submit_stage(actor, incident, stage="early_warning", signature=None, now=now)
    incident.refresh_from_db()
    return EmergencyReport.objects.create(
        incident=incident,
        team=incident.lead_team or national_team(),
        organisation_said=_line(caller.organisation, 250),
        caller_name=_line(caller.name, 200),
        caller_role=_line(caller.role, 200),
        phone=_line(caller.phone, 40),
        email=_line(caller.email, 254),
        received_at=now,
    )


@action("emergency.verify")
def verify_call(
    actor: Actor, call: EmergencyReport, *, organisation: Organisation, contact: int, now: datetime
) -> Incident:
    """Say that the organisation was called at a number of its own in the register and stands by the report.

    The case becomes the organisation's, its duties are computed, and it is offered to the CERT that leads for it.
    Raises Forbidden, Conflict where it was decided already, Invalid for a contact without a number.
    """
    incident = _waiting(actor, call, now=now)
    number = access_contact(actor, organisation, contact).phone.strip()
    if not number:
        sentence = _("The register holds no telephone number for this contact.")
        raise Invalid(sentence, code="emergency.number", places=[Place("contact", sentence)])
    _decide(actor, call, "verified", outcome="", number=number, now=now)
    incident.organisation = organisation
    incident.sector_id, incident.province_id, incident.tier = (
        organisation.sector_id, organisation.province_id, organisation.tier,
    )  # fmt: skip
    incident.verified_at, incident.verified_by_id = now, actor.account
    incident.save(update_fields=["organisation", "sector", "province", "tier", "verified_at", "verified_by_id"])
    timeline.record(actor, incident, "verified_by_call", now=now, facts={"team": call.team.code})
    recompute(actor, incident, reason="verified by call-back", now=now)
    _route(actor, incident, now=now)
    return incident


@action("emergency.refuse")
def refuse_call(actor: Actor, call: EmergencyReport, *, reason: str, now: datetime) -> Incident:
    """Say that the report could not be verified, and why; the case counts as no incident, and stays on record."""
    incident = _waiting(actor, call, now=now)
    why = reason_of(reason)
    _decide(actor, call, "refused", outcome=why, number="", now=now)
    timeline.record(actor, incident, "refused_after_call", now=now, facts={"team": call.team.code, "reason": why})
    set_state(actor, incident, state="rejected", words=why, now=now)
    return incident


def _waiting(actor: Actor, call: EmergencyReport, *, now: datetime) -> Incident:
    """The case of a call that waits, in the hands of the actor's team; accepted on its behalf where it was not yet."""
    if actor.scopes is not None or not actor.holds_in_team(call.team_id, *TEAM_ROLES):
        raise Forbidden(_("Only the CERT that was told calls back."), code="emergency.call")
    state = EmergencyReport.objects.select_for_update().values_list("state", flat=True).get(pk=call.pk)
    if state != "waiting":
        raise Conflict(_("A colleague has settled this report already."), code="emergency.settled")
    incident = Incident.objects.select_related("lead_team", "offered_team", "organisation").get(pk=call.incident_id)
    if incident.state == "reported":
        accept(actor, incident, now=now)
    return incident


def _decide(actor: Actor, call: EmergencyReport, state: str, *, outcome: str, number: str, now: datetime) -> None:
    call.state, call.outcome, call.called_number = state, outcome, number[:40]
    call.decided_by_id, call.decided_at = actor.account, now
    call.save(update_fields=["state", "outcome", "called_number", "decided_by_id", "decided_at"])


def _route(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Let those see the case who see the cases of this organisation, and offer it to the CERT that leads for it."""
    route = route_for(incident.organisation, national=national_team())
    for team, basis, projection in route.views:
        if basis != Access.Basis.LEAD:
            give_access(actor, incident, team, basis=basis, projection=projection, now=now)
    set_viewers(incident)
    if route.lead.pk != incident.lead_team_id:
        hand_over(actor, incident, to=route.lead, reason=_("Verified by call-back."), now=now)


def _line(value: str, longest: int) -> str:
    """One line of what a caller says, cut rather than refused: somebody under attack is not sent back for a length."""
    return " ".join(plain_text(value[: longest * 2], longest=longest * 2).split())[:longest]
