"""Answering a section: the page, saving it whole, saving it field by field, delegating it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.assessments.actions import (
    confirm_section,
    delegate_section,
    finish_section,
    save_answers,
    section_of,
    withdraw_delegation,
)
from sipar.assessments.answer_changes import (
    LONGEST_COMMENT,
    LONGEST_REASON,
    Answer,
    changes_from_form,
    changes_from_json,
    level_from,
)
from sipar.assessments.answer_pages import answers_by_position, questions_of, section_after, section_links
from sipar.assessments.evidence_actions import add_evidence_file, add_evidence_link, remove_evidence
from sipar.assessments.models import Assessment
from sipar.assessments.policy import may_answer
from sipar.assessments.progress import next_open, progress_of
from sipar.assessments.selectors import access_assessment, delegations_of, is_open_for_answers, touched_by
from sipar.core.files import MAX_BYTES
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import LARGEST_INTEGER, whole_number
from sipar.core.problems import Conflict, Invalid, Place, Problem
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.gates import ASSESSMENT_READERS, ORGANISATION
from sipar.people.selectors import people_of_organisation
from sipar.posture.levels import UNANSWERED


@gate(ASSESSMENT_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    """One section to answer; a POST keeps it, with evidence that comes or goes, and leads on."""
    if request.method != "POST":
        return _page(request, assessment_id, group)
    try:
        return _keep_page(request, assessment_id, group)
    except (Invalid, Conflict) as problem:
        if problem.code == "assessment.closed":
            raise
        return _page(request, assessment_id, group, problem=problem)


@gate(ORGANISATION)
@require_POST
def save(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Keep what changed, silently: the fields of `sipar/autosave.js`, or JSON `{version, changes}`."""
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    base = assessment.version
    try:
        if request.content_type == "application/json":
            body = _json_object(request.body)
            base = _whole(body.get("version"), "version")
            changes = changes_from_json(body.get("changes"), framework)
        else:
            base = _whole(request.POST.get("version"), "version")
            changes = changes_from_form(request.POST.dict(), framework, bases=_bases(request.POST.get("bases")))
        saved = save_answers(request.actor, assessment_id, changes, version=base, now=timezone.now())
    except (Invalid, Conflict) as problem:
        current = access_assessment(request.actor, assessment_id)
        document = problem.as_dict() | {"version": current.version} | _unseen(current, framework, base, ())
        return JsonResponse(document, status=problem.status, content_type="application/problem+json")
    return JsonResponse(
        {
            "saved": True,
            "version": saved.assessment.version,
            "written": saved.written,
            "progress": progress_of(saved.assessment, framework).as_dict(),
        }
        | _unseen(saved.assessment, framework, base, saved.written)
    )


@gate(ASSESSMENT_READERS)
@require_GET
def next_unanswered(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Go to the next answer that is missing or only carried forward; to the check page where there is none."""
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    after = whole_number(request.GET.get("after"))
    found = next_open(progress_of(assessment, framework), framework, after=-1 if after is None else after)
    if found is None:
        return redirect("assessment_check", assessment_id)
    return _to_question(assessment_id, *found)


@gate(ORGANISATION)
@require_POST
def confirm(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    """Keep every carried answer of a section as it was."""
    version = _whole(request.POST.get("version"), "version")
    saved = confirm_section(request.actor, assessment_id, group, version=version, now=timezone.now())
    messages.success(request, _("%(number)s answers were confirmed.") % {"number": len(saved.written)})
    return redirect("assessment_section", assessment_id, group)


@gate(ORGANISATION)
@require_POST
def delegate(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    """Ask a colleague to answer this section."""
    account = _whole(request.POST.get("account"), "account")
    note = request.POST.get("note", "")
    delegation = delegate_section(
        request.actor, assessment_id, group, account_id=account, note=note, now=timezone.now()
    )
    messages.success(request, _("%(name)s was asked to answer this section.") % {"name": delegation.account.name})
    return redirect("assessment_section", assessment_id, group)


@gate(ORGANISATION)
@require_POST
def delegation_done(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    """Say that the section is done."""
    finish_section(request.actor, assessment_id, group, now=timezone.now())
    messages.success(request, _("Your colleague sees that this section is done."))
    return redirect("assessment", assessment_id)


@gate(ORGANISATION)
@require_POST
def delegation_withdraw(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    """Take the request back."""
    withdraw_delegation(request.actor, assessment_id, group, now=timezone.now())
    return redirect("assessment_section", assessment_id, group)


def _keep_page(request: ActorRequest, assessment_id: int, group: str) -> HttpResponse:
    now = timezone.now()
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    positions = section_of(framework, group)
    changes = [
        change for change in changes_from_form(request.POST.dict(), framework) if change.position in set(positions)
    ]
    version = _whole(request.POST.get("version"), "version")
    save_answers(request.actor, assessment_id, changes, version=version, now=now)
    wish, _dash, number = request.POST.get("evidence", "").partition("-")
    if wish == "add":
        position = _whole(number, "evidence")
        _add_evidence(request, assessment_id, position, positions)
        return _to_question(assessment_id, group, position)
    if wish == "remove":
        remove_evidence(request.actor, assessment_id, _whole(number, "evidence"), now=now)
        return redirect("assessment_section", assessment_id, group)
    following = section_after(framework, group) if request.POST.get("then") == "next" else group
    if following is None:
        return redirect("assessment_check", assessment_id)
    return redirect("assessment_section", assessment_id, following)


def _add_evidence(request: ActorRequest, assessment_id: int, position: int, positions: list[int]) -> None:
    if position not in positions:
        raise _input("evidence", _("This requirement is not part of the section."))
    title, link = request.POST.get(f"title-{position}", ""), request.POST.get(f"link-{position}", "").strip()
    file = request.FILES.get(f"file-{position}")
    now = timezone.now()
    try:
        if file is not None:
            if (file.size or 0) > MAX_BYTES:
                raise _input("file", _("The file is larger than %(most)s MB.") % {"most": MAX_BYTES // 2**20})
            add_evidence_file(
                request.actor, assessment_id, position, content=file.read(), name=file.name or "", title=title, now=now
            )
        else:
            add_evidence_link(request.actor, assessment_id, position, link=link, title=title, now=now)
    except Invalid as problem:
        places = [Place(f"file-{position}", place.sentence) for place in problem.places]
        raise Invalid(problem.sentence, code=problem.code, places=places) from problem


def _page(request: ActorRequest, assessment_id: int, group: str, *, problem: Problem | None = None) -> HttpResponse:
    now = timezone.now()
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    positions = section_of(framework, group)
    progress = progress_of(assessment, framework)
    mine = may_answer(request.actor, assessment)
    by_position: dict[int, tuple[str, ...]] = {}
    for place in problem.places if problem else ():
        number = whole_number(place.where.rpartition("-")[2])
        if number is not None:
            by_position[number] = (*by_position.get(number, ()), place.sentence)
    context = {
        "assessment": assessment,
        "framework": framework.catalogue,
        "group": framework.groups[group],
        "questions": questions_of(
            assessment,
            framework,
            group,
            typed=_typed(request.POST.dict(), framework, positions) if problem else None,
            problems={place: tuple(dict.fromkeys(sentences)) for place, sentences in by_position.items()},
        ),
        "links": section_links(framework, progress, group),
        "progress": progress,
        "here": next(section for section in progress.sections if section.group == group),
        "editable": mine and is_open_for_answers(assessment, now=now),
        "delegation": delegations_of(assessment).get(group),
        "colleagues": people_of_organisation(assessment.organisation_id, now=now) if mine else (),
        "problem": problem,
        "first_problem": next(iter(by_position), None),
        "following": section_after(framework, group),
        "framework_key": framework.digest,
        "longest_comment": LONGEST_COMMENT,
        "longest_reason": LONGEST_REASON,
        "file_limit": MAX_BYTES // 2**20,
        "trail": [
            {"url": reverse("assessments"), "label": _("Assessments")},
            {"url": reverse("assessment", args=[assessment_id]), "label": assessment.organisation.name},
        ],
    }
    return render(request, "assessments/section.html", context, status=problem.status if problem else 200)


def _typed(fields: Mapping[str, str], framework: LoadedFramework, positions: list[int]) -> dict[int, Answer]:
    found = {}
    for position in positions:
        try:
            level = level_from(fields.get(f"level-{position}"), framework, "")
        except Invalid:
            level = UNANSWERED
        found[position] = Answer(
            level=level,
            comment=fields.get(f"comment-{position}", ""),
            reason=fields.get(f"reason-{position}", ""),
        )
    return found


def _unseen(
    assessment: Assessment, framework: LoadedFramework, version: int, written: tuple[int, ...]
) -> dict[str, object]:
    """What others wrote since `version` (`changed`, and the fields as `stale`), so that the page shows it at once."""
    touched = touched_by(assessment, framework)
    positions = [int(place) for place in np.flatnonzero(touched > version) if int(place) not in set(written)]
    return {
        "changed": answers_by_position(assessment, framework, positions) if positions else [],
        "stale": [f"{field}-{place}" for place in positions for field in ("level", "comment", "reason", "confirm")],
    }


def _bases(text: str | None) -> dict[str, int]:
    if not text:
        return {}
    bases = _json_object(text)
    return {str(name): _whole(version, "bases") for name, version in bases.items()}


def _json_object(text: str | bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise _input("body", _("This is not JSON.")) from problem
    if not isinstance(body, dict):
        raise _input("body", _("This must be a JSON object."))
    return body


def _whole(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INTEGER:
        return value
    number = whole_number(value) if isinstance(value, str) else None
    if number is not None:
        return number
    raise _input(where, _("This must be a whole number."))


def _input(where: str, sentence: str) -> Invalid:
    return Invalid(_("The request could not be read."), code="answer.input", places=[Place(where, sentence)])


def _to_question(assessment_id: int, group: str, position: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('assessment_section', args=[assessment_id, group])}#q-{position}")
