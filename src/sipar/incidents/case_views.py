"""The list of cases, the page of one case, and what is read beside it: extracts for others, broken glass."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import NotFound
from sipar.incidents.case_forms import GlassForm, in_reader_language
from sipar.incidents.case_policy import CASE_READERS, CASE_WORKERS, GLASS_READERS, is_national_staff, may_break_glass
from sipar.incidents.case_reading import (
    STEP_OF_LEVEL,
    read_case,
    recommendation_for,
    recommendation_in_words,
    severity_in_words,
    verbs_of,
)
from sipar.incidents.case_selectors import (
    ACTIVE,
    WHO,
    CaseFilter,
    extracts_for,
    filtered_cases,
    glass_broken,
    rows_of,
)
from sipar.incidents.content_views import content_context
from sipar.incidents.custody_actions import accept as accept_case
from sipar.incidents.custody_actions import withdraw_offer
from sipar.incidents.models import Incident
from sipar.incidents.projections import PROJECTIONS
from sipar.incidents.report_words import told
from sipar.incidents.selectors import access_incident, audience_of, works_for_organisation
from sipar.incidents.severity import shipped_scale
from sipar.incidents.sharing_actions import break_glass, end_extract, end_share, note_look
from sipar.orgs.models import Province, Sector
from sipar.people.gates import ORGANISATION
from sipar.people.roles import TEAM_ROLES
from sipar.people.selectors import organisation_titles
from sipar.ui.tables import Column

ROWS = 50
LONGEST_WORDS = 200
WHO_WORDS = {
    "mine": gettext_lazy("I am in charge"),
    "unassigned": gettext_lazy("Nobody is in charge"),
    "waiting": gettext_lazy("Waits for our acceptance"),
    "late": gettext_lazy("Something is late"),
}


@gate(CASE_READERS)
@require_GET
def cases(request: ActorRequest) -> HttpResponse:
    """The cases that the reader sees, narrowed by the filters in the address."""
    now = timezone.now()
    wanted = _wanted(request)
    page = Paginator(filtered_cases(request.actor, wanted, now=now), ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "incidents/case_list.html",
        {
            "page": page,
            "rows": [
                {"row": row, "severity": severity_in_words(row.incident)}
                for row in rows_of(request.actor, list(page), now=now)
            ],
            "columns": [
                Column("number", _("Case")),
                Column("organisation", _("Organisation")),
                Column("state", _("State")),
                Column("severity", _("Severity")),
                Column("team", _("CERT"), optional=True),
                Column("sector", _("Sector"), optional=True),
                Column("opened", _("Reported")),
            ],
            "wanted": wanted,
            "filtered": bool(request.GET.keys() - {"page"}),
            "states": [(ACTIVE, _("Not over yet")), *_listed_states()],
            "severities": [(level.code, in_reader_language(level.title)) for level in reversed(shipped_scale().levels)],
            "sectors": [(each.code, in_reader_language(each.name)) for each in Sector.objects.filter(parent=None)],
            "provinces": [(each.code, in_reader_language(each.name)) for each in Province.objects.all()],
            "whose": [(name, WHO_WORDS[name]) for name in WHO],
            "works_at_team": request.actor.holds(*TEAM_ROLES),
            "breaks_glass": may_break_glass(request.actor),
            "warnings": extracts_for(request.actor).count() if request.actor.organisations else 0,
        },
    )


@gate(CASE_READERS)
@require_GET
def case(request: ActorRequest, number: str) -> HttpResponse:
    """One case. `?as=organisation` shows a CERT what the organisation sees."""
    now = timezone.now()
    incident = access_incident(request.actor, number)
    if incident.state == "draft":
        return redirect("report_form", number=incident.number)
    projection = audience_of(request.actor, incident, now=now)
    note_look(request.actor, incident, now=now)
    own = works_for_organisation(request.actor, incident)
    as_organisation = not own and projection.name == "full" and request.GET.get("as") == "organisation"
    if as_organisation:
        projection = PROJECTIONS["organisation"]
    shown = read_case(incident, projection)
    verbs = verbs_of(request.actor, incident)
    recommendation = None
    if projection.shows("score_inputs"):
        recommendation = recommendation_in_words(recommendation_for(incident, shown.score))
    return render(
        request,
        "incidents/case.html",
        {
            **content_context(request, incident, projection, now=now),
            "trail": [{"url": reverse("cases"), "label": _("Cases")}],
            "shown": shown,
            "verbs": verbs,
            "acts": verbs.works and not as_organisation,
            "own": own,
            "as_organisation": as_organisation,
            "toggles": as_organisation or (not own and projection.name == "full"),
            "recommendation": recommendation,
            "state_words": Incident.STATES[incident.state],
            "merged_into": _visible_number(incident),
        },
    )


@gate(CASE_WORKERS)
@require_POST
def accept(request: ActorRequest, number: str) -> HttpResponse:
    """Accept the case that is offered."""
    accept_case(request.actor, access_incident(request.actor, number), now=timezone.now())
    return redirect("case", number=number)


@gate(CASE_WORKERS)
@require_POST
def withdraw(request: ActorRequest, number: str) -> HttpResponse:
    """Take back an offer."""
    withdraw_offer(request.actor, access_incident(request.actor, number), now=timezone.now())
    return redirect("case", number=number)


@gate(CASE_WORKERS)
@require_POST
def share_end(request: ActorRequest, number: str, access: int) -> HttpResponse:
    """Take back what was shared with a CERT."""
    end_share(request.actor, access_incident(request.actor, number), access=access, now=timezone.now())
    return redirect("case", number=number)


@gate(CASE_WORKERS)
@require_POST
def extract_end(request: ActorRequest, number: str, extract: int) -> HttpResponse:
    """Take an extract back."""
    end_extract(request.actor, access_incident(request.actor, number), extract=extract, now=timezone.now())
    return redirect("case", number=number)


@gate(CASE_WORKERS)
@require_http_methods(["GET", "POST"])
def glass(request: ActorRequest) -> HttpResponse:
    """Open a case that is not one's own, with a reason."""
    form = GlassForm(request.POST or None, initial={"number": request.GET.get("number", "")[:20]})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            incident = break_glass(
                request.actor,
                number=said["number"].strip().upper(),
                reason=said["reason"],
                now=timezone.now(),
            )
        except NotFound:
            form.add_error("number", _("There is no case with this number."))
        else:
            return redirect("case", number=incident.number)
    status = 422 if form.is_bound else 200
    allowed = is_national_staff(request.actor)
    return render(
        request,
        "incidents/case_glass.html",
        {"form": form, "allowed": allowed, "trail": [{"url": reverse("cases"), "label": _("Cases")}]},
        status=status,
    )


@gate(GLASS_READERS)
@require_GET
def glass_uses(request: ActorRequest) -> HttpResponse:
    """Who broke the glass, when and why: for the ombudsman."""
    rows = glass_broken()
    organisations = organisation_titles(row.organisation_id for row, _name in rows if row.organisation_id)
    return render(
        request,
        "incidents/case_glass_uses.html",
        {
            "rows": [
                {"glass": row, "who": name, "organisation": organisations.get(row.organisation_id or 0)}
                for row, name in rows
            ]
        },
    )


@gate(ORGANISATION)
@require_GET
def extracts(request: ActorRequest) -> HttpResponse:
    """What CERTs told the reader's organisation about the cases of others."""
    page = Paginator(extracts_for(request.actor), ROWS).get_page(request.GET.get("page"))
    rows = [{"extract": extract, "facts": told(extract.facts, [])} for extract in page]
    return render(request, "incidents/case_extracts.html", {"page": page, "rows": rows})


def _wanted(request: ActorRequest) -> CaseFilter:
    """The filters in the address; what is not offered is left out. Staff begin with what is open."""
    asked = {name: request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST_WORDS] for name in (
        "state", "severity", "sector", "province", "who", "q")}  # fmt: skip
    begins = ACTIVE if request.actor.holds(*TEAM_ROLES) and "state" not in request.GET else ""
    listed = {ACTIVE, *dict(_listed_states())}
    return CaseFilter(
        state=asked["state"] if asked["state"] in listed else begins,
        severity=asked["severity"] if asked["severity"] in STEP_OF_LEVEL else "",
        sector=asked["sector"],
        province=asked["province"],
        who=asked["who"] if asked["who"] in WHO else "",
        words=asked["q"],
    )


def _listed_states() -> list[tuple[str, Any]]:
    return [(state, words) for state, words in Incident.STATES.items() if state not in ("draft", "discarded")]


def _visible_number(incident: Incident) -> str:
    """The number of the case that this one was merged into, where the reader sees that one too."""
    if incident.merged_into_id is None:
        return ""
    return Incident.objects.filter(pk=incident.merged_into_id).values_list("number", flat=True).first() or ""
