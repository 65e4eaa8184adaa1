"""Engaging consultants and auditors for named organisations of a campaign, within a window of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from sipar.assessments.campaign_policy import require_may_lead
from sipar.assessments.models import Assessment, Campaign, Engagement, EngagementScope
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.people.roles import ENGAGED_ROLES
from sipar.people.selectors import actor_of

MOST_ORGANISATIONS = 500


@action("engagement.begin")
def engage(
    actor: Actor,
    campaign: Campaign,
    *,
    email: str,
    firm: str,
    identifiers: Sequence[str],
    valid_from: datetime,
    valid_until: datetime,
    now: datetime,
) -> Engagement:
    """Let a consultant or auditor see and work on these organisations of a campaign, from and until a time.

    Independence: an account that holds a role at an organisation is never engaged for it. Raises Forbidden, or Invalid
    with every place that is wrong.
    """
    require_may_lead(actor, campaign.lead_team_id)
    if campaign.state not in ("open", "closed"):
        raise Conflict("Engagements begin once the campaign is open.", code="campaign.state")
    places: list[Place] = []
    if not firm.strip():
        places.append(Place("firm", _("Name the firm that is engaged.")))
    if valid_until <= valid_from:
        places.append(Place("valid_until", _("The end must come after the beginning.")))
    elif valid_until <= now:
        places.append(Place("valid_until", _("The end must lie ahead.")))
    account = Account.objects.filter(email=email.strip().lower(), is_active=True, is_system=False).first()
    engaged = actor_of(account, now=now) if account else None
    if account is None or engaged is None or not engaged.holds(*ENGAGED_ROLES):
        places.append(Place("email", _("No consultant or auditor has this address.")))
    organisations = _asked_organisations(campaign, identifiers, places)
    own = set(engaged.organisations) if engaged else set()
    places.extend(
        Place("organisations", _("%(identifier)s: this person works there.") % {"identifier": organisation.identifier})
        for organisation in organisations
        if organisation.pk in own
    )
    if places or account is None:
        raise Invalid("The engagement cannot begin like this.", code="engagement.invalid", places=places)
    engagement = Engagement.objects.create(
        campaign=campaign, account=account, firm=firm.strip()[:200], valid_from=valid_from, valid_until=valid_until
    )
    EngagementScope.objects.bulk_create(
        EngagementScope(engagement=engagement, organisation=organisation) for organisation in organisations
    )
    return engagement


@action("engagement.end")
def end_engagement(actor: Actor, engagement: Engagement, *, now: datetime) -> None:
    """End an engagement before its window does. From now on its account sees nothing of it."""
    require_may_lead(actor, engagement.campaign.lead_team_id)
    if not Engagement.objects.filter(pk=engagement.pk, ended_at=None, valid_until__gt=now).update(ended_at=now):
        raise Conflict("This engagement has ended already.", code="engagement.ended")


def _asked_organisations(campaign: Campaign, identifiers: Sequence[str], places: list[Place]) -> list[Organisation]:
    """Those organisations, as far as the actor sees them and the campaign asks them; the others go to `places`."""
    wanted = list(dict.fromkeys(identifier.strip() for identifier in identifiers if identifier.strip()))
    if not wanted or len(wanted) > MOST_ORGANISATIONS:
        places.append(
            Place("organisations", _("Name between 1 and %(most)s organisations.") % {"most": MOST_ORGANISATIONS})
        )
        return []
    asked = Assessment.objects.filter(campaign=campaign).values("organisation")
    found = {row.identifier: row for row in Organisation.objects.filter(identifier__in=wanted, pk__in=asked)}
    places.extend(
        Place("organisations", _("%(identifier)s: not asked in this campaign.") % {"identifier": identifier})
        for identifier in wanted
        if identifier not in found
    )
    return list(found.values())
