"""Custody: which team has the case, whom it is offered to, and how the chain came about."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents.case_policy import require_custody, require_may_answer_offer, require_may_work
from sipar.incidents.custody_reading import ROUTE_CODES, Route, chain_above, national_team, route_for, team_above
from sipar.incidents.models import Access, Handover, Incident
from sipar.incidents.service_hours import CODE, Service, service_hours
from sipar.incidents.texts import plain_text
from sipar.incidents.timeline import record
from sipar.obligations.service_levels import meet_service, start_service, stop_service
from sipar.teams.models import Membership, Team

LONGEST_REASON = 2_000


@action("incident.route")
def route_first(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Bring a case that has just been submitted to its CERT, which still has to accept it.

    Sets the state `reported` (with `reported_at`) and sector, province and tier as they are now. Call it last: whoever
    entered the report for a caller may not write the case any more afterwards. Other CERTs of the constituency see it
    by the projection "coordination", the National CERT sees critical ones whole.
    """
    route = route_for(incident.organisation, national=national_team())
    _begin(incident, route, now=now)
    for team, basis, projection in route.views:
        give_access(actor, incident, team, basis=basis, projection=projection, now=now)
    _offer(actor, incident, route.lead, kind=Handover.Kind.ROUTED, from_team=None, reason="", now=now)
    record(actor, incident, ROUTE_CODES[route.why], now=now, facts={"team": route.lead.code})
    _pass(incident, lead=route.lead, offered=route.lead)


def set_viewers(incident: Incident) -> None:
    """Make the teams that see the case those whose `Access` stands, with the one that has it and the one asked."""
    _pass(incident, lead=incident.lead_team, offered=incident.offered_team)


@action("incident.accept")
def accept(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Take the case that is offered to the actor's team: from now on it has it, and the team before it no longer."""
    require_may_answer_offer(actor, incident)
    team = _asked(incident)
    handover = _answer(actor, incident, "accepted", "", now=now)
    if handover.from_team_id not in (None, team.pk) or incident.lead_team_id != team.pk:
        _end(incident, now=now, basis=Access.Basis.LEAD)
        give_access(actor, incident, team, basis=Access.Basis.LEAD, projection="full", now=now)
        incident.assigned_to_id = None
    incident.accepted_at = now
    if incident.state == "reported":
        incident.state = "open"
        start_clock(actor, incident, "contact", team=team, now=now)
        start_clock(actor, incident, "assess", team=team, now=now)
    incident.save(update_fields=["state", "accepted_at", "assigned_to_id"])
    record(actor, incident, "accepted", now=now, facts={"team": team.code})
    _pass(incident, lead=team, offered=None)


@action("incident.return")
def return_case(actor: Actor, incident: Incident, *, reason: str, now: datetime) -> None:
    """Decline what is offered: it stays with the team that offered it, or a routed case goes one step up the chain."""
    require_may_answer_offer(actor, incident)
    why = reason_given(reason)
    team = _asked(incident)
    handover = _answer(actor, incident, "returned", why, now=now)
    record(actor, incident, "returned", now=now, facts={"team": team.code, "reason": why})
    if handover.from_team_id is not None and incident.lead_team_id != team.pk:
        _pass(incident, lead=incident.lead_team, offered=None)
        return
    above = team_above(team)
    if above is None:
        raise Invalid("No CERT stands above yours. Hand the case over or say that it is not one.", code="case.no_above")
    keep_constituency_view(actor, incident, team, now=now)
    _end(incident, now=now, basis=Access.Basis.LEAD)
    give_access(actor, incident, above, basis=Access.Basis.LEAD, projection="full", now=now)
    _offer(actor, incident, above, kind=Handover.Kind.ROUTED, from_team=team, reason=why, now=now)
    record(actor, incident, "routed", now=now, facts={"team": above.code})
    _pass(incident, lead=above, offered=above)


@action("incident.hand_over")
def hand_over(actor: Actor, incident: Incident, *, to: Team, reason: str, now: datetime) -> Handover:
    """Offer the case to another CERT. It stays with the actor's team until the other one accepts."""
    require_may_work(actor, incident)
    lock(incident)
    why = reason_given(reason)
    lead = lead_of(incident)
    if to.pk == lead.pk:
        raise Invalid("Your CERT has this case already.", code="case.same_team")
    if incident.offered_team_id is not None:
        raise Conflict("This case is offered to a CERT already. Take that offer back first.", code="case.offered")
    keep_constituency_view(actor, incident, lead, now=now)
    upwards = to.pk in {team.pk for team in chain_above(lead)}
    kind = Handover.Kind.ESCALATED if upwards else Handover.Kind.HANDED_OVER
    handover = _offer(actor, incident, to, kind=kind, from_team=lead, reason=why, now=now)
    record(actor, incident, "offered", now=now, facts={"team": lead.code, "to_team": to.code, "reason": why})
    _pass(incident, lead=lead, offered=to)
    return handover


@action("incident.withdraw_offer")
def withdraw_offer(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Take back an offer that has not been answered."""
    require_custody(actor, incident)
    offered = incident.offered_team
    if offered is None or offered.pk == incident.lead_team_id:
        raise Conflict("This case is not offered to anybody now.", code="case.not_offered")
    _answer(actor, incident, "withdrawn", "", now=now)
    lead = lead_of(incident)
    record(actor, incident, "withdrawn", now=now, facts={"team": lead.code, "to_team": offered.code})
    _pass(incident, lead=lead, offered=None)


@action("incident.escalate")
def escalate(actor: Actor, incident: Incident, *, projection: str, reason: str, now: datetime) -> Access:
    """Bring the case before the CERT one step up, which sees it by `projection` (coordination or full).

    The case stays where it is: to give it away, hand it over.
    """
    require_may_work(actor, incident)
    lock(incident)
    if projection not in ("coordination", "full"):
        raise Invalid("Choose what the CERT above sees: coordination or everything.", code="case.projection")
    why = reason_given(reason)
    lead = lead_of(incident)
    above = team_above(lead)
    if above is None:
        raise Invalid("No CERT stands above yours.", code="case.no_above")
    _end(incident, now=now, basis=Access.Basis.ESCALATED, team=above)
    access = give_access(
        actor, incident, above, basis=Access.Basis.ESCALATED, projection=projection, now=now, reason=why
    )
    record(actor, incident, "escalated", now=now, facts={"team": lead.code, "to_team": above.code, "reason": why})
    set_viewers(incident)
    return access


def reason_given(reason: str) -> str:
    """The reason without blanks around it; raises Invalid where there is none, or it cannot be kept as it is."""
    if not reason.strip():
        raise Invalid("Give a reason.", code="case.reason")
    return plain_text(reason, "reason", longest=LONGEST_REASON)


def keep_constituency_view(actor: Actor, incident: Incident, team: Team, *, now: datetime) -> None:
    """A CERT that gives away the case of its own constituent goes on seeing it, by the projection "coordination"."""
    if incident.organisation_id is None:
        return
    if Membership.objects.filter(team=team, organisation=incident.organisation_id).exists():
        give_access(actor, incident, team, basis=Access.Basis.CONSTITUENCY, projection="coordination", now=now)


def lock(incident: Incident) -> None:
    """Hold the case until the transaction ends; raises Conflict where somebody moved it since it was read."""
    seen = (incident.state, incident.lead_team_id, incident.offered_team_id)
    rows = Incident.objects.select_for_update().filter(pk=incident.pk)
    if rows.values_list("state", "lead_team_id", "offered_team_id").first() != seen:
        raise Conflict("Somebody moved this case meanwhile. Look at it again.", code="case.stale")


def give_access(
    actor: Actor, incident: Incident, team: Team, *, basis: str, projection: str, now: datetime, reason: str = ""
) -> Access:
    """Let a team see the case for this reason, once; the viewers follow with `set_viewers`."""
    access, _ = Access.objects.get_or_create(
        incident=incident,
        team=team,
        basis=basis,
        ended_at=None,
        defaults={
            "organisation_id": incident.organisation_id,
            "projection": projection,
            "reason": reason,
            "given_by_id": actor.account,
            "given_at": now,
        },
    )
    return access


def start_clock(actor: Actor, incident: Incident, service: Service, *, team: Team, now: datetime) -> None:
    """Start the clock of what a CERT owes for this case, by the operator's table."""
    due = service_hours().due(service, criticality=incident.tier, team_tier=team.tier, start=now)
    start_service(actor, code=CODE, stage=service, due_at=due, team=team, now=now, incident=incident)


def _begin(incident: Incident, route: Route, *, now: datetime) -> None:
    """A submitted case has a state, a time, a CERT, and the class that its organisation is in now."""
    incident.state = "reported"
    incident.reported_at = incident.reported_at or now
    # Whoever enters a caller's report has the draft, and keeps it until everything below is written.
    incident.lead_team = incident.lead_team or route.lead
    organisation = incident.organisation
    if organisation is not None:
        incident.sector_id, incident.province_id = organisation.sector_id, organisation.province_id
        incident.tier = organisation.tier
    incident.save(update_fields=["state", "reported_at", "lead_team", "sector", "province", "tier"])


def _asked(incident: Incident) -> Team:
    if incident.offered_team is None:
        raise Conflict("This case is not offered to anybody now.", code="case.not_offered")
    return incident.offered_team


def lead_of(incident: Incident) -> Team:
    """The team that has the case; raises Conflict for a draft."""
    if incident.lead_team is None:
        raise Conflict("No CERT has this case yet.", code="case.no_team")
    return incident.lead_team


def _offer(
    actor: Actor, incident: Incident, to: Team, *, kind: str, from_team: Team | None, reason: str, now: datetime
) -> Handover:
    handover = Handover.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        kind=kind,
        from_team=from_team,
        to_team=to,
        reason=reason,
        offered_by_id=actor.account,
        offered_at=now,
    )
    start_clock(actor, incident, "accept", team=to, now=now)
    return handover


def _answer(actor: Actor, incident: Incident, state: str, words: str, *, now: datetime) -> Handover:
    """Close the one open offer; raises Conflict where somebody answered it meanwhile."""
    lock(incident)
    handover = Handover.objects.filter(incident=incident, state="offered").first()
    if handover is None:
        raise Conflict("Somebody answered this offer meanwhile.", code="case.not_offered")
    handover.state, handover.answer = state, words
    handover.answered_by_id, handover.answered_at = actor.account, now
    handover.save(update_fields=["state", "answer", "answered_by_id", "answered_at"])
    if state == "withdrawn":
        stop_service(actor, code=CODE, stage="accept", reason="the offer was taken back", now=now, incident=incident)
    else:
        meet_service(actor, code=CODE, stage="accept", now=now, incident=incident)
    return handover


def _end(incident: Incident, *, now: datetime, basis: str, team: Team | None = None) -> None:
    rows = Access.objects.filter(incident=incident, basis=basis, ended_at=None)
    (rows.filter(team=team) if team else rows).update(ended_at=now)


def _pass(incident: Incident, *, lead: Team | None, offered: Team | None) -> None:
    """Say who has the case and who is asked; the database brings the viewers along."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select guard.pass_case(%s, %s, %s)",
            [incident.pk, lead.pk if lead else None, offered.pk if offered else None],
        )
        (viewers,) = cursor.fetchone()
    if viewers is None:
        raise Forbidden("Only the CERT that has this case does this.", code="case.custody")
    incident.lead_team, incident.offered_team, incident.viewers = lead, offered, viewers
