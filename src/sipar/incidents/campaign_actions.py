"""National incidents: opened by a CERT, joined case by case by the CERTs that have the cases, with a severity of their
own that follows from all victims (`severity.national_severity`)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Forbidden
from sipar.incidents import timeline
from sipar.incidents.campaign_selectors import spreads_of
from sipar.incidents.classification import Tlp
from sipar.incidents.content_policy import SETTLED_STATES, teams_of
from sipar.incidents.models import Campaign, Entry, Incident
from sipar.incidents.selectors import has_custody
from sipar.incidents.severity import national_severity, shipped_scale
from sipar.incidents.texts import plain_text, refused
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_REASON = 200, 10_000, 1_000


@action("national_incident.open")
def open_campaign(actor: Actor, *, title: str, summary: str = "", tlp: str = "amber", now: datetime) -> Campaign:
    """Open a national incident, led by the actor's CERT (the National one, where the actor is its staff)."""
    lead = Team.objects.filter(pk__in=teams_of(actor)).order_by("-covers_all", "pk").first()
    if lead is None:
        raise Forbidden(_("National incidents are led by CERTs."), code="campaign.team")
    return Campaign.objects.create(
        number=case_number(now, prefix="N"),
        title=plain_text(title, "title", longest=LONGEST_TITLE, lines=False),
        summary=plain_text(summary, "summary", longest=LONGEST_SUMMARY, required=False),
        tlp=_label(tlp),
        lead_team=lead,
        opened_by_id=actor.account,
        opened_at=now,
    )


@action("national_incident.change")
def change_campaign(actor: Actor, campaign: Campaign, *, title: str, summary: str, tlp: str) -> None:
    """Say anew what a national incident is about."""
    _require_lead(actor, campaign)
    Campaign.objects.filter(pk=campaign.pk).update(
        title=plain_text(title, "title", longest=LONGEST_TITLE, lines=False),
        summary=plain_text(summary, "summary", longest=LONGEST_SUMMARY, required=False),
        tlp=_label(tlp),
    )


@action("national_incident.settle")
def settle_campaign(actor: Actor, campaign: Campaign, *, state: str, now: datetime) -> None:
    """Close an open national incident, or open a closed one again; its cases stay as they are."""
    _require_lead(actor, campaign)
    if state not in Campaign.TRANSITIONS.get(campaign.state, ()):
        raise Conflict(_("Somebody else did this already."), code="campaign.state")
    closed = now if state == "closed" else None
    if not Campaign.objects.filter(pk=campaign.pk, state=campaign.state).update(state=state, closed_at=closed):
        raise Conflict(_("Somebody else did this already."), code="campaign.state")


@action("national_incident.join")
def join_campaign(actor: Actor, incident: Incident, campaign: Campaign, *, reason: str, now: datetime) -> None:
    """Say that a case is part of a national incident; done by the CERT that has the case, with its reason."""
    _require_custody(actor, incident)
    said = plain_text(reason, "reason", longest=LONGEST_REASON)
    if campaign.state != "open":
        raise Conflict(_("This national incident is closed."), code="campaign.closed")
    if not Incident.objects.filter(pk=incident.pk, campaign=None).update(campaign=campaign):
        raise Conflict(_("This case is part of a national incident already."), code="campaign.joined")
    incident.campaign = campaign
    _record(actor, incident, "campaign.joined", campaign, said, now=now)
    roll_up(actor, campaign)


@action("national_incident.leave")
def leave_campaign(actor: Actor, incident: Incident, *, reason: str, now: datetime) -> None:
    """Take a case out of its national incident again, with the reason."""
    _require_custody(actor, incident)
    said = plain_text(reason, "reason", longest=LONGEST_REASON)
    campaign = incident.campaign
    if campaign is None or not Incident.objects.filter(pk=incident.pk, campaign=campaign).update(campaign=None):
        raise Conflict(_("This case is not part of a national incident."), code="campaign.left")
    incident.campaign = None
    _record(actor, incident, "campaign.left", campaign, said, now=now)
    roll_up(actor, campaign)


@action("national_incident.roll_up")
def roll_up(actor: Actor, campaign: Campaign) -> None:
    """Work out the severity of a national incident from all its victims: after a case joins, leaves or is scored."""
    spread = spreads_of([campaign.pk])[campaign.pk]
    score, level = None, ""
    if spread.scores:
        sectors = len([key for key in spread.by_sector if key is not None])
        result = national_severity(
            shipped_scale(), spread.scores, sectors=max(sectors, 1), provinces=max(spread.provinces, 1)
        )
        score, level = result.score, result.level
    Campaign.objects.filter(pk=campaign.pk).update(severity_score=score, severity_level=level)
    campaign.severity_score, campaign.severity_level = score, level


def may_lead(actor: Actor, campaign: Campaign) -> bool:
    """The staff of the CERT that leads it."""
    return actor.holds_in_team(campaign.lead_team_id, *TEAM_ROLES)


def may_join(actor: Actor, incident: Incident) -> bool:
    """The staff of the CERT that has the case, while it takes anything."""
    return has_custody(actor, incident) and incident.state not in SETTLED_STATES


def _require_lead(actor: Actor, campaign: Campaign) -> None:
    if not may_lead(actor, campaign):
        raise Forbidden(_("Only the CERT that leads this national incident does this."), code="campaign.lead")


def _require_custody(actor: Actor, incident: Incident) -> None:
    if not may_join(actor, incident):
        raise Forbidden(_("Only the CERT that has the case does this."), code="campaign.custody")


def _label(tlp: str) -> str:
    if tlp not in [label.value for label in Tlp]:
        raise refused("tlp", _("Choose one of the offered labels."))
    return tlp


def _record(actor: Actor, incident: Incident, code: str, campaign: Campaign, reason: str, *, now: datetime) -> None:
    facts = {"number": campaign.number, "reason": reason}
    timeline.record(actor, incident, code, now=now, facts=facts, audience=Entry.Audience.TEAMS)
