"""Pages of engagements: who works for whom in a campaign, beginning and ending one."""

from __future__ import annotations

from datetime import datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sipar.assessments import campaign_selectors as selectors
from sipar.assessments.campaign_forms import EngagementForm, end_of
from sipar.assessments.campaign_policy import require_may_lead
from sipar.assessments.campaign_views import campaign_trail
from sipar.assessments.engagement_actions import end_engagement, engage
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.people.gates import TEAM_HEAD
from sipar.ui.context import nation_zone
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

COLUMNS = (
    Column("person", gettext_lazy("Person")),
    Column("firm", gettext_lazy("Firm")),
    Column("organisations", gettext_lazy("Organisations"), numeric=True),
    Column("window", gettext_lazy("Window")),
    Column("state", gettext_lazy("State")),
)


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def campaign_engagements(request: ActorRequest, code: str) -> HttpResponse:
    """Who is engaged in a campaign; POST begins an engagement."""
    found = selectors.access_campaign(request.actor, code)
    require_may_lead(request.actor, found.lead_team_id)
    form = EngagementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values, zone = form.cleaned_data, nation_zone()
        try:
            engage(
                request.actor,
                found,
                email=values["email"],
                firm=values["firm"],
                identifiers=values["organisations"],
                valid_from=datetime.combine(values["valid_from"], time.min, zone),
                valid_until=end_of(values["valid_until"], zone),
                now=timezone.now(),
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The engagement is kept."))
            return redirect("campaign_engagements", code)
    context = {
        "campaign": found,
        "trail": campaign_trail(found),
        "form": form,
        "columns": COLUMNS,
        "engagements": list(selectors.engagements_of(found)[:200]),
    }
    return render(request, "assessments/campaign_engagements.html", context, status=422 if form.is_bound else 200)


@gate(TEAM_HEAD)
@require_POST
def engagement_end(request: ActorRequest, code: str, number: int) -> HttpResponse:
    """End an engagement before its window does."""
    found = selectors.access_campaign(request.actor, code)
    end_engagement(request.actor, selectors.access_engagement(request.actor, found, number), now=timezone.now())
    messages.success(request, _("The engagement has ended."))
    return redirect("campaign_engagements", code)
