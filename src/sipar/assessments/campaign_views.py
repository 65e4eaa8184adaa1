"""Pages of campaigns: the list, one campaign with its progress, the form, and who has not answered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.assessments import campaign_actions as actions
from sipar.assessments import campaign_selectors as selectors
from sipar.assessments.campaign_cohort import cohort, cohort_of, late_joiners
from sipar.assessments.campaign_forms import CampaignForm, CohortForm, ReopenForm, end_of, initial_of
from sipar.assessments.campaign_policy import (
    CAMPAIGN_READERS,
    may_lead,
    may_see_organisations_of_campaigns,
    require_may_lead,
)
from sipar.assessments.models import Campaign
from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.orgs.models import Province, Sector
from sipar.people.gates import TEAM, TEAM_HEAD
from sipar.ui.context import nation_zone
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column
from sipar.ui.templatetags.sipar_ui import in_language

PAGE = 50
FILTERS = ("sector", "province", "tier", "progress", "search")
PROGRESS = {
    "not_started": gettext_lazy("Not started"),
    "started": gettext_lazy("Begun"),
    "returned": gettext_lazy("Returned with questions"),
}
LIST_COLUMNS = (
    Column("name", gettext_lazy("Campaign")),
    Column("state", gettext_lazy("State")),
    Column("window", gettext_lazy("Window")),
    Column("framework", gettext_lazy("Framework"), optional=True),
    Column("lead", gettext_lazy("Led by"), optional=True),
    Column("organisations", gettext_lazy("Organisations"), numeric=True),
)
OUTSTANDING_COLUMNS = (
    Column("organisation", gettext_lazy("Organisation")),
    Column("sector", gettext_lazy("Sector")),
    Column("province", gettext_lazy("Province"), optional=True),
    Column("tier", gettext_lazy("Tier"), numeric=True),
    Column("state", gettext_lazy("State")),
    Column("answered", gettext_lazy("Answered"), numeric=True),
)
SECTOR_COLUMNS = (
    Column("sector", gettext_lazy("Sector")),
    Column("asked", gettext_lazy("Asked"), numeric=True),
    Column("delivered", gettext_lazy("Submitted"), numeric=True),
    Column("share", gettext_lazy("Share"), numeric=True),
)


@gate(CAMPAIGN_READERS)
@require_GET
def campaigns(request: ActorRequest) -> HttpResponse:
    """Every campaign that the reader may see, newest first."""
    page = Paginator(selectors.campaigns_for(request.actor), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "columns": LIST_COLUMNS, "may_open": request.actor.holds("team_head")}
    return render(request, "assessments/campaign_list.html", context)


@gate(CAMPAIGN_READERS)
@require_GET
def campaign(request: ActorRequest, code: str) -> HttpResponse:
    """One campaign: what it asks of whom, how far it is, and what its team does next."""
    found = selectors.access_campaign(request.actor, code)
    by_name = may_see_organisations_of_campaigns(request.actor)
    launched = found.state in ("open", "closed")
    context: dict[str, Any] = {
        "campaign": found,
        "trail": campaign_trail(),
        "may_lead": may_lead(request.actor, found.lead_team_id),
        "by_name": by_name and launched,
        "progress": selectors.progress_of(request.actor, found) if launched else None,
        "sectors": selectors.progress_by_sector(found) if launched and by_name else [],
        "sector_columns": SECTOR_COLUMNS,
        "reopen_form": ReopenForm(),
        "profiles": sorted(found.profiles.items()),
    }
    if found.state == "draft":
        context["cohort_size"] = cohort_of(found).count()
    if found.state in ("draft", "launching"):
        context["run"] = selectors.newest_launch(found)
    return render(request, "assessments/campaign_detail.html", context)


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def campaign_new(request: ActorRequest) -> HttpResponse:
    """Draft a campaign."""
    form = CampaignForm(request.POST or None, actor=request.actor, initial=_begin())
    if request.method == "POST" and form.is_valid():
        try:
            drafted = actions.draft_campaign(request.actor, form.draft(nation_zone()), now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The campaign is a draft. Look at it, then launch it."))
            return redirect("campaign", drafted.code)
    return _form_page(request, form, heading=_("New campaign"), trail=campaign_trail())


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def campaign_edit(request: ActorRequest, code: str) -> HttpResponse:
    """Change a draft."""
    found = selectors.access_campaign(request.actor, code)
    require_may_lead(request.actor, found.lead_team_id)
    form = CampaignForm(request.POST or None, actor=request.actor, initial=initial_of(found, nation_zone()))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_campaign(request.actor, found, form.draft(nation_zone()), now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The draft is kept."))
            return redirect("campaign", code)
    return _form_page(request, form, heading=_("Change the campaign"), trail=campaign_trail(found))


@gate(TEAM_HEAD)
@require_POST
def campaign_cohort(request: ActorRequest) -> HttpResponse:
    """How many organisations the criteria name, while somebody chooses them: a part of the form's page."""
    form = CohortForm(request.POST, actor=request.actor)
    if not form.is_valid():
        return render(request, "assessments/campaign_cohort.html", {"form": form})
    found = cohort(form.cleaned_data["cohort"], form.cleaned_data["lead_team"])
    tiers = found.order_by("tier").values_list("tier").annotate(Count("pk", distinct=True))
    sizes = list(tiers)
    return render(
        request,
        "assessments/campaign_cohort.html",
        {"form": form, "size": sum(size for _tier, size in sizes), "sizes": sizes},
    )


@gate(TEAM_HEAD)
@require_POST
def campaign_launch(request: ActorRequest, code: str) -> HttpResponse:
    """Begin the launch; its page shows the progress."""
    found = selectors.access_campaign(request.actor, code)
    actions.launch_campaign(request.actor, found, now=timezone.now())
    return redirect("campaign", code)


@gate(TEAM)
@require_GET
def campaign_launching(request: ActorRequest, code: str) -> HttpResponse:
    """The progress of a launch: a part of the campaign's page that asks again until there is news."""
    found = selectors.access_campaign(request.actor, code)
    context = {"campaign": found, "run": selectors.newest_launch(found)}
    response = render(request, "assessments/campaign_launching.html", context)
    if found.state != "launching":
        response["HX-Refresh"] = "true"
    return response


@gate(TEAM_HEAD)
@require_POST
def campaign_close(request: ActorRequest, code: str) -> HttpResponse:
    actions.close_campaign(request.actor, selectors.access_campaign(request.actor, code))
    messages.success(request, _("The campaign is closed. What was submitted stands."))
    return redirect("campaign", code)


@gate(TEAM_HEAD)
@require_POST
def campaign_reopen(request: ActorRequest, code: str) -> HttpResponse:
    form = ReopenForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Give the new last day of the campaign."), code="campaign.window")
    closes_at = end_of(form.cleaned_data["closes_on"], nation_zone())
    found = selectors.access_campaign(request.actor, code)
    actions.reopen_campaign(request.actor, found, closes_at=closes_at, now=timezone.now())
    messages.success(request, _("The campaign is open again."))
    return redirect("campaign", code)


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def campaign_joiners(request: ActorRequest, code: str) -> HttpResponse:
    """GET: who joined the register since the launch, as a part of the campaign's page. POST: ask all of them."""
    found = selectors.access_campaign(request.actor, code)
    require_may_lead(request.actor, found.lead_team_id)
    if request.method == "POST":
        added = actions.extend_cohort(request.actor, found)
        messages.success(
            request,
            ngettext("%(count)s organisation joined.", "%(count)s organisations joined.", added) % {"count": added},
        )
        return redirect("campaign", code)
    waiting = late_joiners(found)
    names = waiting.order_by("name", "pk")[:20]
    context = {"campaign": found, "waiting": waiting.count() if found.state == "open" else 0, "names": names}
    return render(request, "assessments/campaign_joiners.html", context)


@gate(TEAM)
@require_GET
def campaign_outstanding(request: ActorRequest, code: str) -> HttpResponse:
    """Who has not answered, fifty a page."""
    found = selectors.access_campaign(request.actor, code)
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    page = Paginator(selectors.outstanding(found, filters), PAGE).get_page(request.GET.get("page"))
    chosen = request.GET.copy()
    chosen.pop("page", None)
    context = {
        "campaign": found,
        "trail": campaign_trail(found),
        "page": page,
        "columns": OUTSTANDING_COLUMNS,
        "filters": filters,
        "filtered": any(filters.values()),
        "tier_options": [(str(tier), str(tier)) for tier in actions.TIERS],
        "progress_options": list(PROGRESS.items()),
        "csv": f"{reverse('campaign_reminders', args=[code])}?{chosen.urlencode()}",
        "sector_options": [(row.code, in_language(row.name)) for row in Sector.objects.filter(parent=None)],
        "province_options": [(row.code, in_language(row.name)) for row in Province.objects.all()],
    }
    return render(request, "assessments/campaign_outstanding.html", context)


@gate(TEAM)
@require_GET
def campaign_reminders(request: ActorRequest, code: str) -> HttpResponse:
    """Who has not answered, with an address to write to, as CSV."""
    found = selectors.access_campaign(request.actor, code)
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    rows = selectors.reminder_rows(found, filters)
    return download_table(selectors.REMINDER_HEADER, rows, name=f"{found.code}-reminders.csv")


def _form_page(request: ActorRequest, form: CampaignForm, *, heading: str, trail: list[dict[str, str]]) -> HttpResponse:
    context = {"form": form, "heading": heading, "trail": trail}
    status = 422 if form.is_bound else 200
    return render(request, "assessments/campaign_form.html", context, status=status)


def _begin() -> dict[str, Any]:
    return {"opens_on": timezone.localdate(timezone=nation_zone())}


def campaign_trail(found: Campaign | None = None) -> list[dict[str, str]]:
    trail = [{"url": reverse("campaigns"), "label": _("Campaigns")}]
    if found is not None:
        trail.append({"url": reverse("campaign", args=[found.code]), "label": in_language(found.name)})
    return trail
