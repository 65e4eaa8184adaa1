"""The tree of CERTs and one CERT: who they are, whom they serve, what they offer, who is on duty."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import TEXT, download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.nations.constituency import ConstituencyRule
from sipar.nations.reference import first_services, sim3
from sipar.people.gates import EVERYONE, TEAM, TEAM_HEAD
from sipar.people.selectors import people_of_team
from sipar.teams import policy
from sipar.teams.constituency_views import CONFLICTS
from sipar.teams.forms import MaturityForm, ProfileForm, ServicesForm, ShiftForm
from sipar.teams.maturity import Quadrant, decoded, quadrants
from sipar.teams.models import MaturitySelfAssessment, Team
from sipar.teams.profile_actions import add_shift, assess_maturity, choose_services, describe, remove_shift
from sipar.teams.rfc2350 import SECTIONS, as_text
from sipar.teams.rules import in_words, names_of
from sipar.teams.selectors import (
    Size,
    access_shift,
    access_team,
    maturity_history,
    members_of,
    roster_of,
    team_sizes,
    tree_of_teams,
)
from sipar.ui.context import nation, nation_zone
from sipar.ui.tables import Column

TREE_COLUMNS = (
    Column("name", gettext_lazy("CERT")),
    Column("tier", gettext_lazy("Tier")),
    Column("notification", gettext_lazy("Notification")),
    Column("members", gettext_lazy("Organisations served"), numeric=True),
    Column("leads", gettext_lazy("First to call for"), numeric=True),
    Column("maturity", gettext_lazy("SIM3 mean level"), numeric=True, optional=True),
)
MEMBER_COLUMNS = (
    Column("name", gettext_lazy("Organisation")),
    Column("sector", gettext_lazy("Sector")),
    Column("province", gettext_lazy("Province")),
    Column("tier", gettext_lazy("Criticality tier")),
    Column("lead", gettext_lazy("Lead")),
    Column("why", gettext_lazy("Why")),
)


@dataclass(frozen=True)
class Reading:
    """A self-assessment as its pages read it."""

    row: MaturitySelfAssessment
    levels: dict[str, int | None]
    quadrants: list[Quadrant]


NOTIFICATION = {
    "notified": gettext_lazy("Notified"),
    "recommended": gettext_lazy("Recommended by the Council, not notified"),
    "acting": gettext_lazy("Acting without notification"),
    "planned": gettext_lazy("Planned"),
    "named": gettext_lazy("Named in sources, not notified"),
}


@gate(EVERYONE)
@require_GET
def teams(request: ActorRequest) -> HttpResponse:
    """Every CERT in its tier, with what is known of it."""
    nodes = tree_of_teams()
    rows = [{"node": node, "notification": notification_of(node.team)} for node in nodes]
    context = {"rows": rows, "columns": TREE_COLUMNS, "sees_conflicts": CONFLICTS.admits(request.actor)}
    return render(request, "teams/teams.html", context)


@gate(EVERYONE)
@require_GET
def team(request: ActorRequest, code: str) -> HttpResponse:
    """One CERT."""
    found = access_team(request.actor, code)
    inside = policy.may_see_inside(request.actor, found)
    now = timezone.now()
    history = maturity_history(found)
    context = {
        "team": found,
        "notification": notification_of(found),
        "size": team_sizes().get(found.pk, Size()),
        "clauses": _clauses(found),
        "services": _services(found),
        "sections": [(section, found.profile.get(section.number, "")) for section in SECTIONS],
        "has_profile": any(found.profile.values()),
        "inside": inside,
        "roster": roster_of(found, now=now) if inside else None,
        "latest": _read(history[0]) if history else None,
        "may_describe": policy.may_describe(request.actor, found),
        "may_draft": policy.may_draft(request.actor, found),
    }
    return render(request, "teams/team.html", context)


@gate(EVERYONE)
@require_GET
def profile_text(request: ActorRequest, code: str) -> HttpResponse:
    """The RFC 2350 description as a text file."""
    found = access_team(request.actor, code)
    text = as_text(found.name["en"], found.profile)
    return download(text, name=f"rfc2350-{found.code}.txt", media_type=f"{TEXT}; charset=utf-8")


@gate(TEAM)
@require_GET
def members(request: ActorRequest, code: str) -> HttpResponse:
    """The organisations that a CERT serves, for its own people and the National CERT."""
    found = access_team(request.actor, code)
    policy.require_may_see_inside(request.actor, found)
    page = Paginator(members_of(request.actor, found), 50).get_page(request.GET.get("page"))
    return render(request, "teams/members.html", {"team": found, "page": page, "columns": MEMBER_COLUMNS})


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def edit_profile(request: ActorRequest, code: str) -> HttpResponse:
    """Write the RFC 2350 description."""
    found = access_team(request.actor, code)
    policy.require_may_describe(request.actor, found)
    initial = {f"section-{number}": text for number, text in found.profile.items()}
    form = ProfileForm(
        request.POST or None, initial=initial | {"email": found.email, "emergency_phone": found.emergency_phone}
    )
    if request.method == "POST" and form.is_valid():
        describe(
            request.actor, found, profile=form.profile(),
            email=form.cleaned_data["email"], emergency_phone=form.cleaned_data["emergency_phone"],
        )  # fmt: skip
        messages.success(request, _("The description is saved."))
        return redirect("team", code)
    return render(request, "teams/profile.html", {"team": found, "form": form}, status=422 if form.errors else 200)


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def edit_services(request: ActorRequest, code: str) -> HttpResponse:
    """Tick what the CERT offers."""
    found = access_team(request.actor, code)
    policy.require_may_describe(request.actor, found)
    form = ServicesForm(request.POST if request.method == "POST" else None, chosen=found.services)
    if request.method == "POST" and form.is_valid():
        choose_services(request.actor, found, form.services())
        messages.success(request, _("The services are saved."))
        return redirect("team", code)
    context = {"team": found, "form": form, "catalogue": first_services()}
    return render(request, "teams/services.html", context, status=422 if form.errors else 200)


@gate(EVERYONE)
@require_http_methods(["GET", "POST"])
def maturity(request: ActorRequest, code: str) -> HttpResponse:
    """The CERT's SIM3 self-assessments, and for its head the form of the next one."""
    found = access_team(request.actor, code)
    history = [_read(row) for row in maturity_history(found)]
    may_assess = policy.may_describe(request.actor, found)
    before = history[0].levels if history else None
    form = MaturityForm(request.POST if request.method == "POST" else None, before=before) if may_assess else None
    if request.method == "POST":
        policy.require_may_describe(request.actor, found)
        assert form is not None
        if form.is_valid():
            try:
                assess_maturity(request.actor, found, levels=form.levels(), comments={}, now=timezone.now())
            except Invalid as problem:
                form.add_error(None, _(problem.sentence))
            else:
                messages.success(request, _("The self-assessment is kept. Earlier ones stay."))
                return redirect("team_maturity", code)
    context = {"team": found, "history": history, "form": form, "model": sim3()}
    return render(request, "teams/maturity.html", context, status=422 if form and form.errors else 200)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def roster(request: ActorRequest, code: str) -> HttpResponse:
    """Who is on duty, and when nobody is."""
    found = access_team(request.actor, code)
    policy.require_may_see_inside(request.actor, found)
    now = timezone.now()
    may_plan = policy.may_roster(request.actor, found)
    people = people_of_team(found.pk, now=now) if may_plan else []
    form = ShiftForm(request.POST or None, people=people, zone=nation_zone())
    if request.method == "POST":
        policy.require_may_roster(request.actor, found)
        if form.is_valid():
            try:
                add_shift(request.actor, found, **form.cleaned_data, now=now)
            except Invalid as problem:
                for place in problem.places:
                    form.add_error(place.where, _(place.sentence))
            else:
                messages.success(request, _("The shift is on the roster."))
                return redirect("team_roster", code)
    context = {"team": found, "roster": roster_of(found, now=now), "form": form, "may_plan": may_plan}
    return render(request, "teams/roster.html", context, status=422 if form.errors else 200)


@gate(TEAM)
@require_POST
def take_off_shift(request: ActorRequest, code: str, shift: int) -> HttpResponse:
    """Remove a shift from the roster."""
    found = access_team(request.actor, code)
    policy.require_may_roster(request.actor, found)
    remove_shift(request.actor, found, access_shift(request.actor, found, shift))
    messages.success(request, _("The shift is off the roster."))
    return redirect("team_roster", code)


def notification_of(found: Team) -> dict[str, object]:
    """What is known of the notification of a CERT, with what is not known left empty."""
    return {
        "status": NOTIFICATION.get(found.notification_status, gettext_lazy("Not known")),
        "known": found.notification_status in NOTIFICATION,
        "reference": found.notification_reference,
        "date": found.notification_date,
    }


def _clauses(found: Team) -> dict[str, object]:
    if not found.rule:
        return {"include": [], "exclude": [], "lead": False}
    rule, names = ConstituencyRule.model_validate(found.rule), names_of(nation())
    return {"include": in_words(rule.include, names), "exclude": in_words(rule.exclude, names), "lead": rule.lead}


def _services(found: Team) -> list[tuple[object, list[object]]]:
    offered = set(found.services)
    areas = ((area, [row for row in area.services if row.identifier in offered]) for area in first_services().areas)
    return [(area, list(rows)) for area, rows in areas if rows]


def _read(row: MaturitySelfAssessment) -> Reading:
    levels = decoded(bytes(row.levels), sim3())
    return Reading(row, levels, quadrants(levels, sim3()))
