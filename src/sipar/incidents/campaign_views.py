"""National incidents: the list, and one of them with the cases that the reader sees and counts of the others."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.incidents import campaign_actions
from sipar.incidents.campaign_selectors import (
    access_campaign,
    campaigns,
    level_title,
    members_of,
    spreads_of,
    victims_shown,
)
from sipar.incidents.content_forms import CampaignForm
from sipar.orgs.models import Sector
from sipar.people.gates import TEAM
from sipar.ui.tables import Column

SHOWN = 50


@gate(TEAM)
@require_GET
def national_incidents(request: ActorRequest) -> HttpResponse:
    """Every national incident with its severity and how many victims it has."""
    page = Paginator(campaigns(), SHOWN).get_page(request.GET.get("page"))
    sectors = {sector.pk: sector for sector in Sector.objects.all()}
    spreads = spreads_of([row.pk for row in page])
    columns = [
        Column("title", _("National incident")),
        Column("severity", _("Severity")),
        Column("victims", _("Victims"), numeric=True),
        Column("team", _("Led by")),
        Column("opened_at", _("Since"), optional=True),
    ]
    context = {
        "page": page,
        "columns": columns,
        "rows": [
            {
                "campaign": row,
                "victims": victims_shown(spreads[row.pk], sectors),
                "level": level_title(row.severity_level),
            }
            for row in page
        ],
    }
    return render(request, "incidents/national_incidents.html", context)


@gate(TEAM)
@require_GET
def national_incident(request: ActorRequest, number: str) -> HttpResponse:
    """One national incident: what is known, where the victims are, and the cases that the reader sees."""
    found = access_campaign(request.actor, number)
    spread = spreads_of([found.pk])[found.pk]
    context = {
        "trail": [{"url": reverse("national_incidents"), "label": _("National incidents")}],
        "campaign": found,
        "victims": victims_shown(spread, {sector.pk: sector for sector in Sector.objects.all()}),
        "level": level_title(found.severity_level),
        "members": [
            {
                "incident": one.incident,
                "organisation": one.organisation,
                "level": level_title(one.incident.severity_level),
            }
            for one in members_of(request.actor, found, now=timezone.now())
        ],
        "leads": campaign_actions.may_lead(request.actor, found),
        "columns": [
            Column("case", _("Case")),
            Column("organisation", _("Organisation")),
            Column("severity", _("Severity")),
            Column("team", _("CERT")),
            Column("state", _("State")),
        ],
    }
    return render(request, "incidents/national_incident.html", context)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def open_national_incident(request: ActorRequest) -> HttpResponse:
    """Open a national incident, led by the actor's CERT."""
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = campaign_actions.open_campaign(request.actor, now=timezone.now(), **form.cleaned_data)
        except Invalid as problem:
            form.refuse(problem)
        else:
            return redirect("national_incident", made.number)
    return _form_page(request, form, _("Open a national incident"), reverse("national_incidents"))


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def change_national_incident(request: ActorRequest, number: str) -> HttpResponse:
    """Say anew what a national incident is about."""
    found = access_campaign(request.actor, number)
    initial = {"title": found.title, "summary": found.summary, "tlp": found.tlp}
    form = CampaignForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            campaign_actions.change_campaign(request.actor, found, **form.cleaned_data)
        except Invalid as problem:
            form.refuse(problem)
        else:
            return redirect("national_incident", number)
    return _form_page(request, form, found.title, reverse("national_incident", args=[number]))


@gate(TEAM)
@require_POST
def settle_national_incident(request: ActorRequest, number: str, state: str) -> HttpResponse:
    """Close a national incident, or open it again."""
    found = access_campaign(request.actor, number)
    campaign_actions.settle_campaign(request.actor, found, state=state, now=timezone.now())
    messages.success(request, _("The national incident is closed.") if state == "closed" else _("It is open again."))
    return redirect("national_incident", number)


def _form_page(request: ActorRequest, form: CampaignForm, heading: str, back: str) -> HttpResponse:
    context = {
        "form": form,
        "heading": heading,
        "back": back,
        "trail": [{"url": reverse("national_incidents"), "label": _("National incidents")}],
    }
    return render(request, "incidents/national_incident_form.html", context, status=422 if form.errors else 200)
