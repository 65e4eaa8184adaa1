"""Checking a report, sending it, its receipt with the proof, deciding not to report, and explaining a delay."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.signing import factors_of, shown_for, shown_lately
from sipar.assessments.submit_actions import SecondFactor
from sipar.core.files import download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.ledger import proof_for
from sipar.core.models import Leaf
from sipar.core.problems import Conflict, Forbidden, Invalid, Problem, not_open
from sipar.incidents.models import Incident
from sipar.incidents.report_actions import explain_delay, say_twin
from sipar.incidents.report_facts import NEEDED, NEEDED_ELSEWHERE
from sipar.incidents.report_gates import REPORT_READERS, REPORT_SIGNERS, REPORT_WRITERS
from sipar.incidents.report_policy import may_sign, needs_signature
from sipar.incidents.report_selectors import (
    access_report,
    attachments_of,
    ledger_event,
    numbers_to_call,
    pen_holder_name,
    possible_twins,
)
from sipar.incidents.report_views import trail_of
from sipar.incidents.report_words import STAGE_TITLES, clock_words, moment_of, told, value_in_words
from sipar.incidents.selectors import works_for_organisation
from sipar.obligations.actions import decide_not_to_report
from sipar.obligations.models import Submission
from sipar.obligations.report_clocks import clocks_of, inquiry, submissions_of
from sipar.obligations.submissions import changes_in_words, stages_after
from sipar.obligations.submit_actions import signed_document, submit_stage
from sipar.people.models import Account
from sipar.teams.models import Team
from sipar.teams.selectors import chain_of


@gate(REPORT_WRITERS)
@require_GET
def check(request: ActorRequest, number: str) -> HttpResponse:
    """Everything that will be sent on one page, and the button that sends it."""
    return _check_page(request, number)


@gate(REPORT_WRITERS)
@require_POST
def send(request: ActorRequest, number: str) -> HttpResponse:
    """Send the report as the stage that was checked."""
    now = timezone.now()
    incident = access_report(request.actor, number)
    try:
        submission = submit_stage(
            request.actor,
            incident,
            stage=request.POST.get("stage", ""),
            signature=_signature(request, incident),
            late_reason=request.POST.get("late_reason", ""),
            idempotency_key=f"{number}:{request.POST.get('once', '')[:60]}" if request.POST.get("once") else None,
            now=now,
        )
    except (Invalid, Conflict) as problem:
        return _check_page(request, number, problem=problem)
    except Forbidden as problem:
        if problem.code not in ("second_factor", "report.sign"):
            raise
        return _check_page(request, number, problem=problem)
    if not works_for_organisation(request.actor, incident):
        messages.success(request, _("Sent. Tell the caller the number of the case: %(number)s.") % {"number": number})
        return redirect("report_start")
    return redirect("report_receipt", number, submission.number)


@gate(REPORT_READERS)
@require_GET
def receipt(request: ActorRequest, number: str, sent: int) -> HttpResponse:
    """What was sent: the number to call, what happens next, each duty with its clock, and the proof."""
    now = timezone.now()
    submission = _access_submission(request, number, sent)
    incident = submission.incident
    event = ledger_event("obligations_submission", submission.pk)
    teams: list[Team] = [incident.lead_team] if incident.lead_team else []
    if incident.organisation_id is not None:
        teams += [team for team in chain_of(incident.organisation_id) if team not in teams]
    context = {
        "incident": incident,
        "submission": submission,
        "stage_title": STAGE_TITLES.get(submission.stage, submission.stage),
        "signed_by": Account.objects.filter(pk=submission.signed_by_id or 0).first(),
        "clocks": [clock_words(clock) for clock in clocks_of(incident, incident.report, now=now)],
        "numbers": numbers_to_call(teams),
        "sealed": event is not None and Leaf.objects.filter(event_id=event).exists(),
        "changes": _changes(submission),
        "twins": possible_twins(request.actor, incident, now=now),
        "others": submissions_of(incident),
        "trail": trail_of(incident),
    }
    return render(request, "incidents/report_receipt.html", context)


@gate(REPORT_READERS)
@require_GET
def document(request: ActorRequest, number: str, sent: int) -> HttpResponse:
    """What was sent, byte for byte as its digest was taken."""
    submission = _access_submission(request, number, sent)
    return download(
        signed_document(submission), name=f"sipar-report-{number}-{sent}.json", media_type="application/json"
    )


@gate(REPORT_READERS)
@require_GET
def proof(request: ActorRequest, number: str, sent: int) -> HttpResponse:
    """The proof that the report stands in the ledger, to be checked without Sipar."""
    submission = _access_submission(request, number, sent)
    event = ledger_event("obligations_submission", submission.pk)
    if event is None or not Leaf.objects.filter(event_id=event).exists():
        raise not_open("ledger event")
    content = {"digest": submission.digest, **proof_for(event)}
    text = json.dumps(content, indent=1)
    return download(text, name=f"sipar-report-{number}-{sent}-proof.json", media_type="application/json")


@gate(REPORT_SIGNERS)
@require_POST
def decide(request: ActorRequest, number: str) -> HttpResponse:
    """Record the decision not to report under one law, with its reason."""
    incident = access_report(request.actor, number)
    code, _dash, stage = request.POST.get("duty", "").partition("/")
    try:
        decide_not_to_report(
            request.actor, incident, code=code, stage=stage, reason=request.POST.get("reason", ""), now=timezone.now()
        )
    except (Invalid, Conflict) as problem:
        return _check_page(request, number, problem=problem)
    messages.success(request, _("The decision is recorded with its reason. You can still report at any time."))
    return redirect("report_check", number)


@gate(REPORT_WRITERS)
@require_POST
def delay(request: ActorRequest, number: str) -> HttpResponse:
    """Tell the CERT before the limit that a report will be late, and why."""
    incident = access_report(request.actor, number)
    try:
        explain_delay(request.actor, incident, reason=request.POST.get("reason", ""), now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _check_page(request, number, problem=problem)
    messages.success(request, _("Your CERT sees why the report will be late."))
    return redirect("report_check", number)


@gate(REPORT_WRITERS)
@require_POST
def twin(request: ActorRequest, number: str) -> HttpResponse:
    """Say that another case of the same organisation is about the same incident."""
    incident = access_report(request.actor, number)
    other = access_report(request.actor, request.POST.get("other", ""))
    say_twin(request.actor, incident, other, now=timezone.now())
    messages.success(request, _("Your CERT sees that both are the same incident."))
    return redirect("report_start")


def _check_page(request: ActorRequest, number: str, *, problem: Problem | None = None) -> HttpResponse:
    now = timezone.now()
    incident = access_report(request.actor, number)
    report = incident.report
    wanted = request.POST.get("stage", "") or request.GET.get("stage", "")
    asked = inquiry(incident, report, stage=wanted, now=now)
    submissions = submissions_of(incident)
    open_clocks = [clock for clock in asked.clocks if clock.is_open]
    signs = may_sign(request.actor, incident)
    factors = factors_of(request.actor.account) if signs else set()
    needed = NEEDED if incident.door in ("web", "api") else NEEDED_ELSEWHERE
    context: dict[str, Any] = {
        "incident": incident,
        "report": report,
        "stage": asked.stage,
        "stage_title": STAGE_TITLES[asked.stage],
        "stages": [(name, STAGE_TITLES[name]) for name in stages_after(submissions[-1].stage if submissions else None)],
        "first": not submissions,
        "told": told(report.facts, report.estimates),
        "missing": [fact for fact in asked.facts if report.facts.get(fact.name) is None and fact.name in needed],
        "open": [fact for fact in asked.facts if report.facts.get(fact.name) is None and fact.name not in needed],
        "clocks": [clock_words(clock) for clock in asked.clocks],
        "late": [clock for clock in open_clocks if clock.late],
        "soon": [clock for clock in open_clocks if clock.soon],
        "decidable": [clock for clock in open_clocks if incident.duties.filter(code=clock.code).exists()],
        "attachments": attachments_of(incident),
        "holder": pen_holder_name(report, request.actor, now=now),
        "must_sign": needs_signature(request.actor, incident, first=not submissions),
        "signs": signs,
        "factors": factors,
        "shown": shown_lately(request, now=now) if factors else None,
        "passkey": "webauthn" in factors,
        "code": bool(factors & {"totp", "recovery_codes"}),
        "late_reason": request.POST.get("late_reason", ""),
        "once": f"{report.version}-{len(submissions)}",
        "problem": problem,
        "trail": [*trail_of(incident), {"url": reverse("report_form", args=[number]), "label": number}],
    }
    return render(request, "incidents/report_check.html", context, status=problem.status if problem else 200)


def _signature(request: ActorRequest, incident: Incident) -> SecondFactor | None:
    """The second factor of who signs; nothing of those who may not."""
    if not may_sign(request.actor, incident):
        return None
    return shown_for(request, now=timezone.now(), unsigned=_("The report was not signed."))


def _access_submission(request: ActorRequest, number: str, sent: int) -> Submission:
    incident = access_report(request.actor, number)
    found = (
        Submission.objects.select_related("incident__organisation", "incident__lead_team", "incident__report")
        .filter(incident=incident, number=sent)
        .first()
    )
    if found is None:
        raise not_open("report")
    return found


def _changes(submission: Submission) -> list[dict[str, Any]]:
    """What changed against the stage before, in words; nothing for the first one, where everything is new."""
    if submission.number == 1:
        return []
    return [
        {
            "title": change.title,
            "before": value_in_words(change.name, change.before),
            "after": value_in_words(change.name, change.after),
            "before_at": moment_of(change.name, change.before),
            "after_at": moment_of(change.name, change.after),
        }
        for change in changes_in_words(submission.changed)
    ]
