"""What needs the people of a CERT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.assessments.campaign_policy import may_lead
from sipar.assessments.campaign_selectors import progress_of
from sipar.assessments.models import Assessment, Campaign, Engagement, RoadmapItem
from sipar.core.acting import Actor
from sipar.desk.needs import Moment, Need, words
from sipar.orgs.models import Designation
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import DutyShift, Membership

REVIEW_WITHIN = timedelta(days=30)
CLOSING_SOON = timedelta(days=60)
ENGAGEMENT_ENDS = timedelta(days=14)
SHIFT_AHEAD = timedelta(days=3)


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Duty, reviews, late roadmaps, candidates to grade, campaigns and engagements that end."""
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    if not teams:
        return
    yield from _duty(actor, moment)
    yield from _reviews(teams, moment)
    yield from _late_roadmaps(moment)
    if actor.holds_in_tier("national", *TEAM_ROLES):
        yield from _candidates(moment)
    yield from _campaigns(actor, teams, moment)
    yield from _engagements([team for team in teams if may_lead(actor, team)], moment)


def _duty(actor: Actor, moment: Moment) -> Iterator[Need]:
    shift = (
        DutyShift.objects.filter(account=actor.account, ends_at__gt=moment.now, starts_at__lte=moment.now + SHIFT_AHEAD)
        .select_related("team")
        .order_by("starts_at")
        .first()
    )
    if shift is None:
        return
    team = {"team": words(shift.team.name)}
    running = shift.starts_at <= moment.now
    yield Need(
        hurts_at=moment.now if running else shift.starts_at,
        sentence=_("You are on duty for %(team)s.") % team if running else _("Your duty for %(team)s begins.") % team,
        detail=_("Your shift ends:") if running else "",
        href=reverse("team", args=[shift.team.code]),
        icon="clock",
        due=shift.ends_at if running else shift.starts_at,
    )


def _reviews(teams: list[int], moment: Moment) -> Iterator[Need]:
    """What those who decide on a review find in their queue: own constituents, and campaigns of the own team."""
    own = Q(campaign__lead_team__in=teams) | Q(organisation__in=_leads(teams).values("organisation"))
    waiting = Assessment.objects.filter(own, state="submitted").aggregate(
        number=Count("pk"), oldest=Min("submitted_at")
    )
    if not waiting["number"]:
        return
    sentence = ngettext(
        "One submission waits for your review.", "%(number)s submissions wait for your review.", waiting["number"]
    )
    yield Need(
        hurts_at=waiting["oldest"] + REVIEW_WITHIN,
        sentence=sentence % {"number": f"{waiting['number']:,}"},
        detail=_("The oldest comes first. Thirty days is what an organisation may expect."),
        href=reverse("reviews"),
        icon="review",
        due=waiting["oldest"] + REVIEW_WITHIN,
        started=waiting["oldest"],
    )


def _leads(teams: list[int]) -> QuerySet[Membership]:
    return Membership.objects.filter(team__in=teams, lead=True)


def _late_roadmaps(moment: Moment) -> Iterator[Need]:
    late = RoadmapItem.objects.filter(state__in=("planned", "doing"), due_on__lt=moment.today).aggregate(
        items=Count("pk"), organisations=Count("organisation", distinct=True), oldest=Min("due_on")
    )
    if not late["items"]:
        return
    sentence = ngettext(
        "One roadmap item in your constituency is overdue.",
        "%(number)s roadmap items in your constituency are overdue.",
        late["items"],
    )
    spread = ngettext("At one organisation.", "At %(number)s organisations.", late["organisations"])
    yield Need(
        hurts_at=moment.now + timedelta(days=7),
        sentence=sentence % {"number": f"{late['items']:,}"},
        detail=spread % {"number": f"{late['organisations']:,}"},
        href=reverse("roadmap") + "?state=overdue",
        icon="roadmap",
    )


def _candidates(moment: Moment) -> Iterator[Need]:
    listed = Designation.objects.filter(state="listed").aggregate(number=Count("pk"), oldest=Min("listed_at"))
    if not listed["number"]:
        return
    sentence = ngettext(
        "One candidate for critical infrastructure waits to be graded.",
        "%(number)s candidates for critical infrastructure wait to be graded.",
        listed["number"],
    )
    yield Need(
        hurts_at=moment.now + timedelta(days=10),
        sentence=sentence % {"number": f"{listed['number']:,}"},
        href=reverse("designations"),
        icon="shield",
    )


def _campaigns(actor: Actor, teams: list[int], moment: Moment) -> Iterator[Need]:
    closing = (
        Campaign.objects.filter(
            lead_team__in=teams, state="open", closes_at__gt=moment.now, closes_at__lte=moment.now + CLOSING_SOON
        )
        .select_related("framework")
        .defer("framework__document")
        .order_by("closes_at")
        .first()
    )
    if closing is None:
        return
    progress = progress_of(actor, closing)
    missing = progress.asked - progress.delivered
    yield Need(
        hurts_at=closing.closes_at,
        sentence=_("%(campaign)s closes; %(missing)s of %(asked)s have not handed in.")
        % {"campaign": words(closing.name), "missing": f"{missing:,}", "asked": f"{progress.asked:,}"},
        href=reverse("campaign", args=[closing.code]),
        icon="campaign",
        due=closing.closes_at,
        started=closing.opens_at,
    )


def _engagements(teams: list[int], moment: Moment) -> Iterator[Need]:
    rows = Engagement.objects.filter(
        campaign__lead_team__in=teams,
        ended_at=None,
        valid_until__gt=moment.now,
        valid_until__lte=moment.now + ENGAGEMENT_ENDS,
    )
    for row in rows.select_related("campaign").order_by("valid_until")[:3]:
        yield Need(
            hurts_at=row.valid_until,
            sentence=_("The engagement of %(firm)s ends.") % {"firm": row.firm},
            detail=words(row.campaign.name),
            href=reverse("campaign_engagements", args=[row.campaign.code]),
            icon="user",
            due=row.valid_until,
            started=row.valid_from,
        )
