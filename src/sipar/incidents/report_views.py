"""Writing a report: where it begins, its questions, silent saving, files, and giving a draft up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import MAX_BYTES
from sipar.core.gates import gate
from sipar.core.http import ActorRequest, version_of
from sipar.core.problems import Conflict, Forbidden, Invalid, Place, Problem
from sipar.incidents.artefact_actions import receive_artefact
from sipar.incidents.mailboxes import unread_mailboxes
from sipar.incidents.models import InboundMail, Incident
from sipar.incidents.report_actions import discard_case, lay_pen_down, open_case, save_report
from sipar.incidents.report_facts import askable
from sipar.incidents.report_forms import FactsForm, estimates_from_post, facts_from_post
from sipar.incidents.report_gates import CALL_TAKERS, REPORT_READERS, REPORT_WRITERS
from sipar.incidents.report_selectors import (
    access_report,
    attachments_of,
    entered_drafts,
    mails_set_aside,
    numbers_to_call,
    own_reports,
    own_teams,
    pen_holder_name,
    possible_twins,
    waiting_calls,
    waiting_mails,
)
from sipar.incidents.report_words import STAGE_TITLES, clock_words
from sipar.obligations.report_clocks import Inquiry, inquiry, submissions_of
from sipar.orgs.selectors import access_organisation, organisations_of_actor, search_organisations
from sipar.people.roles import ORGANISATION_ROLES
from sipar.teams.selectors import chain_of
from sipar.ui.context import nation_zone

SHOWN = 20


@gate(REPORT_READERS)
@require_GET
def start(request: ActorRequest) -> HttpResponse:
    """Where a report begins: one button, the number to call, and what is being written already."""
    actor = request.actor
    organisations = list(organisations_of_actor(actor)) if actor.holds(*ORGANISATION_ROLES) else []
    teams = own_teams(actor)
    mails = waiting_mails(actor) if teams else InboundMail.objects.none()
    searched = request.GET.get("q", "").strip()
    rows = list(own_reports(actor)[:SHOWN]) if organisations else []
    context = {
        "organisations": organisations,
        "unread": list(unread_mailboxes(actor, now=timezone.now())),
        "drafts": [row for row in rows if row.state == "draft"],
        "sent": [row for row in rows if row.state != "draft"],
        "teams": teams,
        "searched": searched,
        "found": search_organisations(actor, searched) if teams and searched else [],
        "entered": list(entered_drafts(actor)[:SHOWN]) if teams else [],
        "calls": list(waiting_calls(actor)[:SHOWN]) if teams else [],
        "mails": list(mails[:SHOWN]),
        "mails_total": mails.count(),
        "aside": list(mails_set_aside(actor)[:SHOWN]) if teams else [],
        "numbers": numbers_to_call(chain_of(organisations[0].pk)) if organisations else [],
        "states": Incident.STATES,
    }
    return render(request, "incidents/report_start.html", context)


@gate(REPORT_WRITERS)
@require_POST
def begin(request: ActorRequest) -> HttpResponse:
    """Open a draft for the actor's own organisation."""
    organisation = access_organisation(request.actor, request.POST.get("organisation", ""))
    incident = open_case(request.actor, organisation=organisation, door=Incident.Door.WEB, now=timezone.now())
    return redirect("report_form", incident.number)


@gate(CALL_TAKERS)
@require_POST
def begin_call(request: ActorRequest) -> HttpResponse:
    """Open a draft for a caller: the organisation is chosen from the register, never taken from their word."""
    organisation = access_organisation(request.actor, request.POST.get("organisation", ""))
    code = request.POST.get("team", "")
    team = next((team for team in own_teams(request.actor) if team.code == code), None)
    if team is None:
        raise Forbidden(_("You write for the CERT that you work in."), code="report.open")
    incident = open_case(
        request.actor, organisation=organisation, door=Incident.Door.TELEPHONE, entered_by_team=team, now=timezone.now()
    )
    return redirect("report_form", incident.number)


@gate(REPORT_WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: ActorRequest, number: str) -> HttpResponse:
    """The questions of a stage; a POST keeps the answers and goes on."""
    if request.method != "POST":
        return _page(request, number)
    incident = access_report(request.actor, number)
    try:
        _keep(request, incident)
    except (Invalid, Conflict) as problem:
        return _page(request, number, problem=problem)
    if request.POST.get("then") == "stay":
        return redirect(_address(number, request))
    if request.POST.get("then") == "attach":
        return _attach(request, incident)
    if request.POST.get("step") == "first":
        return redirect(_address(number, request, step="more"))
    return redirect("report_check", number)


@gate(REPORT_WRITERS)
@require_POST
def save(request: ActorRequest, number: str) -> HttpResponse:
    """Keep the fields that changed, silently: the contract of `sipar/autosave.js`."""
    incident = access_report(request.actor, number)
    try:
        _keep(request, incident)
    except (Invalid, Conflict, Forbidden) as problem:
        document = problem.as_dict() | {"version": _report_of(incident).version}
        return JsonResponse(document, status=problem.status, content_type="application/problem+json")
    return JsonResponse({"saved": True, "version": _report_of(incident).version})


@gate(REPORT_WRITERS)
@require_POST
def attach(request: ActorRequest, number: str) -> HttpResponse:
    """Keep a file beside the report."""
    return _attach(request, access_report(request.actor, number))


@gate(REPORT_WRITERS)
@require_POST
def leave(request: ActorRequest, number: str) -> HttpResponse:
    """Lay the pen down, so that a colleague can go on at once."""
    lay_pen_down(request.actor, access_report(request.actor, number))
    return redirect("report_start")


@gate(REPORT_WRITERS)
@require_POST
def discard(request: ActorRequest, number: str) -> HttpResponse:
    """Give a draft up."""
    discard_case(request.actor, access_report(request.actor, number), now=timezone.now())
    messages.success(request, _("The draft was given up. Nobody outside your organisation has seen it."))
    return redirect("report_start")


def trail_of(incident: Incident) -> list[dict[str, str]]:
    """The way back from the pages of one report."""
    return [{"url": reverse("report_start"), "label": _("Report an incident")}]


def _keep(request: ActorRequest, incident: Incident) -> None:
    """Save what the form carries; the version is the one that its writer has seen."""
    report = _report_of(incident)
    zone = nation_zone()
    post = request.POST.dict()
    raw = facts_from_post({name: str(value) for name, value in post.items()}, askable(), zone=zone)
    save_report(
        request.actor,
        incident,
        facts=raw,
        estimates=estimates_from_post({name: str(value) for name, value in post.items()}, report.estimates),
        version=version_of(request),
        now=timezone.now(),
    )


def _attach(request: ActorRequest, incident: Incident) -> HttpResponse:
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Invalid(
                _("Choose a file first."), code="file.empty", places=[Place("file", _("Choose a file first."))]
            )
        if (file.size or 0) > MAX_BYTES:
            too_large = _("The file is larger than %(most)s MB.") % {"most": MAX_BYTES // 2**20}
            raise Invalid(too_large, code="file.size", places=[Place("file", too_large)])
        receive_artefact(request.actor, incident, file.chunks(), name=file.name or "", now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _page(request, incident.number, problem=problem)
    return redirect(f"{_address(incident.number, request)}#files")


def _page(request: ActorRequest, number: str, *, problem: Problem | None = None) -> HttpResponse:
    now = timezone.now()
    incident = access_report(request.actor, number)
    report = _report_of(incident)
    asked = inquiry(incident, report, stage=_stage(request), now=now)
    submissions = submissions_of(incident)
    step = "all" if submissions else ("more" if _step(request) == "more" else "first")
    open_facts, told_facts = _shown(asked, step, told=submissions[-1].facts if submissions else {})
    holder = pen_holder_name(report, request.actor, now=now)
    zone = nation_zone()
    known = {"values": report.facts, "estimates": report.estimates, "zone": zone}
    fields = FactsForm(facts=open_facts, **known)
    told = FactsForm(facts=told_facts, **known)
    if problem is not None:
        _mark(request, fields, problem)
    context: dict[str, Any] = {
        "incident": incident,
        "report": report,
        "form": fields,
        "told": told,
        "step": step,
        "stage": asked.stage,
        "stage_title": STAGE_TITLES[asked.stage],
        "first": not submissions,
        "clocks": [clock_words(clock) for clock in asked.clocks if clock.is_open],
        "attachments": attachments_of(incident),
        "twins": possible_twins(request.actor, incident, now=now) if not submissions else [],
        "holder": holder,
        "problem": problem,
        "trail": trail_of(incident),
    }
    return render(request, "incidents/report_form.html", context, status=problem.status if problem else 200)


def _shown(asked: Inquiry, step: str, *, told: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The facts that this step asks, and those that were told with an earlier stage: these are never asked again."""
    if step != "all":
        return list(asked.step(step)), []
    facts = asked.facts
    return [fact for fact in facts if fact.name not in told], [fact for fact in facts if fact.name in told]


def _mark(request: ActorRequest, fields: FactsForm, problem: Problem) -> None:
    """What was typed stays in the fields, with the sentence beside the field that it is about."""
    fields.data = request.POST
    fields.show_problems({place.where: place.sentence for place in problem.places})


def _report_of(incident: Incident) -> Any:
    """The report as it stands now, after a save too."""
    incident.report.refresh_from_db()
    return incident.report


def _stage(request: ActorRequest) -> str:
    return request.POST.get("stage", "") or request.GET.get("stage", "")


def _step(request: ActorRequest) -> str:
    return request.POST.get("step", "") or request.GET.get("step", "")


def _address(number: str, request: ActorRequest, *, step: str = "") -> str:
    wanted = {"stage": _stage(request), "step": step or _step(request)}
    query = "&".join(f"{name}={value}" for name, value in wanted.items() if value in (*STAGE_TITLES, "more"))
    return reverse("report_form", args=[number]) + (f"?{query}" if query else "")
