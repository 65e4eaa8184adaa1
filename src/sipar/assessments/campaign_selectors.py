"""Reading campaigns: their list, their progress, who has not answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from sipar.assessments.campaign_policy import may_see_drafts, may_see_organisations_of_campaigns
from sipar.assessments.models import Assessment, Campaign, Engagement
from sipar.core.acting import Actor
from sipar.core.models import BackgroundRun
from sipar.core.numbers import whole_number
from sipar.core.problems import not_open
from sipar.orgs.models import Contact, Organisation
from sipar.teams.models import Team

OUTSTANDING_STATES = ("open", "returned")


@dataclass(frozen=True)
class CampaignProgress:
    """How far the answering is, over the organisations that the actor may count.

    `not_started` and `started` split the state "open". `answered_share` is the mean share of answered requirements of
    those asked, 0..1, or None where only sums are open to the actor.
    """

    asked: int
    not_started: int
    started: int
    submitted: int
    returned: int
    accepted: int
    answered_share: float | None

    @property
    def delivered(self) -> int:
        return self.submitted + self.returned + self.accepted

    @property
    def delivered_share(self) -> float:
        return self.delivered / self.asked if self.asked else 0.0


def campaigns_for(actor: Actor) -> QuerySet[Campaign]:
    """Every campaign open to the actor, newest first; drafts only for those who work in a CERT."""
    found = Campaign.objects.select_related("lead_team", "framework").defer("framework__document", "framework__urns")
    return found if may_see_drafts(actor) else found.filter(state__in=("open", "closed"))


def access_campaign(actor: Actor, code: str) -> Campaign:
    """The campaign with this code; raises `NotFound` where there is none that the actor may see."""
    found = campaigns_for(actor).filter(code=code).select_related("lead_team", "framework", "previous").first()
    if found is None:
        raise not_open("campaign")
    return found


def progress_of(actor: Actor, campaign: Campaign) -> CampaignProgress:
    """The progress of a campaign over what the actor may count: own constituency, or the nation's sums."""
    if not may_see_organisations_of_campaigns(actor):
        return _national_sums(campaign)
    row = Assessment.objects.filter(campaign=campaign).aggregate(
        asked=Count("pk"),
        not_started=Count("pk", filter=Q(state="open", answered=0)),
        started=Count("pk", filter=Q(state="open", answered__gt=0)),
        submitted=Count("pk", filter=Q(state="submitted")),
        returned=Count("pk", filter=Q(state="returned")),
        accepted=Count("pk", filter=Q(state="accepted")),
        answers=Sum("answered"),
    )
    answers = row.pop("answers") or 0
    questions = row["asked"] * campaign.framework.requirement_count
    return CampaignProgress(**row, answered_share=answers / questions if questions else None)


@dataclass(frozen=True)
class SectorProgress:
    """How many organisations of a sector were asked, and how many have submitted at least once."""

    name: Mapping[str, str]
    asked: int
    delivered: int

    @property
    def share(self) -> float:
        return self.delivered / self.asked if self.asked else 0.0


def progress_by_sector(campaign: Campaign) -> list[SectorProgress]:
    """The progress of each sector that the actor sees, in the order of the register."""
    rows = (
        Assessment.objects.filter(campaign=campaign)
        .order_by("organisation__sector__position", "organisation__sector__code")
        .values_list("organisation__sector__name", "organisation__sector__position", "organisation__sector__code")
        .annotate(asked=Count("pk"), delivered=Count("pk", filter=Q(submissions__gt=0)))
    )
    return [SectorProgress(name=name, asked=asked, delivered=done) for name, _place, _code, asked, done in rows]


def outstanding(campaign: Campaign, filters: Mapping[str, str]) -> QuerySet[Assessment]:
    """Assessments that wait for their organisation, by name; `filters`: sector, province, tier, progress, search."""
    rows = (
        Assessment.objects.filter(campaign=campaign, state__in=OUTSTANDING_STATES)
        .select_related("organisation__sector", "organisation__province")
        .defer("levels", "carried", "standing", "touched")
        .order_by("organisation__name", "organisation_id")
    )
    if filters.get("sector"):
        rows = rows.filter(organisation__sector__code=filters["sector"])
    if filters.get("province"):
        rows = rows.filter(organisation__province__code=filters["province"])
    tier = whole_number(filters.get("tier"))
    if tier is not None:
        rows = rows.filter(organisation__tier=tier)
    if filters.get("progress") == "not_started":
        rows = rows.filter(state="open", answered=0)
    if filters.get("progress") == "started":
        rows = rows.filter(state="open", answered__gt=0)
    if filters.get("progress") == "returned":
        rows = rows.filter(state="returned")
    if filters.get("search"):
        words = filters["search"][:200]
        rows = rows.filter(Q(organisation__name__icontains=words) | Q(organisation__identifier__iexact=words))
    return rows


REMINDER_HEADER = (
    "identifier",
    "name",
    "sector",
    "province",
    "tier",
    "state",
    "answered",
    "asked",
    "closes_at",
    "email",
)


def reminder_rows(campaign: Campaign, filters: Mapping[str, str]) -> list[tuple[str | int, ...]]:
    """One row of `REMINDER_HEADER` for each outstanding assessment, with an address to write to where one is known."""
    contact = Contact.objects.filter(organisation=OuterRef("organisation")).exclude(email="").order_by("kind", "pk")
    rows = (
        outstanding(campaign, filters)
        .annotate(email=Subquery(contact.values("email")[:1]))
        .values_list(
            "organisation__identifier",
            "organisation__name",
            "organisation__sector__code",
            "organisation__province__code",
            "organisation__tier",
            "state",
            "answered",
            "email",
        )
    )
    asked, closes = campaign.framework.requirement_count, campaign.closes_at.isoformat()
    return [(*row[:7], asked, closes, row[7] or "") for row in rows]


def newest_launch(campaign: Campaign) -> BackgroundRun | None:
    """The last launch of a campaign that the actor started, or None: others see the campaign's state only."""
    return BackgroundRun.objects.filter(kind="campaign.launch", subject=campaign.code).order_by("-pk").first()


def reviewing_teams(campaign: Campaign, organisation: int) -> QuerySet[Team]:
    """Who reviews an organisation's answers: the team that leads the campaign, and the organisation's lead CERT."""
    lead = Q(memberships__organisation=organisation, memberships__lead=True)
    return Team.objects.filter(Q(pk=campaign.lead_team_id) | lead).distinct()


def engagements_of(campaign: Campaign) -> QuerySet[Engagement]:
    """Consultants and auditors of a campaign with the size of their scope, those in force first."""
    return (
        Engagement.objects.filter(campaign=campaign)
        .select_related("account")
        .annotate(organisations=Count("scope"))
        .order_by(F("ended_at").desc(nulls_first=True), "-valid_until", "pk")
    )


def access_engagement(actor: Actor, campaign: Campaign, engagement: int) -> Engagement:
    """An engagement of this very campaign; raises `NotFound` for any other."""
    found = engagements_of(campaign).filter(pk=engagement).first()
    if found is None:
        raise not_open("engagement")
    return found


def organisations_in_scope(engagement: Engagement) -> QuerySet[Organisation]:
    """The organisations that an engagement covers, by name."""
    return Organisation.objects.filter(pk__in=engagement.scope.values("organisation")).order_by("name", "pk")


def _national_sums(campaign: Campaign) -> CampaignProgress:
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("select state, sum(organisations) from guard.campaign_cohort(%s) group by state", [campaign.pk])
        counts = {state: int(number) for state, number in cursor.fetchall()}
    return CampaignProgress(
        asked=sum(counts.values()),
        not_started=counts.get("open", 0),
        started=0,
        submitted=counts.get("submitted", 0),
        returned=counts.get("returned", 0),
        accepted=counts.get("accepted", 0),
        answered_share=None,
    )
