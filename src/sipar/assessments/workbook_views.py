"""The workbook round trip: download, bring back with a preview, keep what was chosen."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.assessments.actions import open_for_answers, save_answers
from sipar.assessments.answer_changes import Answer, changes_from_json, level_to
from sipar.assessments.models import Assessment
from sipar.assessments.policy import require_may_answer
from sipar.assessments.selectors import access_assessment, is_open_for_answers
from sipar.assessments.submissions import level_in_words
from sipar.assessments.workbook import LIMITS, Preview, export_workbook, preview_workbook
from sipar.core.files import XLSX, download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest, version_of
from sipar.core.problems import Conflict, Invalid, Place, Problem
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.gates import ASSESSMENT_READERS, ORGANISATION

LANGUAGES = ("en", "ur")


@gate(ASSESSMENT_READERS)
@require_GET
def export(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """The assessment as a workbook to fill in without a connection (`?language=ur` for Urdu)."""
    assessment = access_assessment(request.actor, assessment_id)
    wanted = request.GET.get("language") or get_language() or "en"
    language = wanted if wanted in LANGUAGES else "en"
    content = export_workbook(assessment, loaded(assessment.campaign.framework_id), language=language)
    name = f"sipar-{assessment.organisation.identifier}-{assessment.campaign.code}-{language}.xlsx"
    return download(content, name=name, media_type=XLSX)


@gate(ORGANISATION)
@require_http_methods(["GET", "HEAD", "POST"])
def bring_back(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Choose a filled workbook; a POST shows what it would change and changes nothing."""
    assessment = access_assessment(request.actor, assessment_id)
    require_may_answer(request.actor, assessment)
    if not is_open_for_answers(assessment, now=timezone.now()):
        raise Conflict(_("This assessment takes no answers now."), code="assessment.closed")
    framework = loaded(assessment.campaign.framework_id)
    if request.method != "POST":
        return _page(request, assessment, framework)
    file = request.FILES.get("workbook")
    try:
        if file is None or not file.size:
            raise _refused(_("Choose the workbook that you filled in."))
        if file.size > LIMITS.max_bytes:
            raise _refused(_("The workbook is larger than 8 MB."))
        preview = preview_workbook(file.read(), file.name or "", assessment, framework)
    except Invalid as problem:
        return _page(request, assessment, framework, problem=problem)
    return _page(request, assessment, framework, preview=preview)


@gate(ORGANISATION)
@require_POST
def apply(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Keep the chosen changes of a preview, all or none."""
    now = timezone.now()
    assessment = open_for_answers(request.actor, assessment_id, now=now)
    framework = loaded(assessment.campaign.framework_id)
    try:
        chosen = [json.loads(text) for text in request.POST.getlist("change")[: len(framework.requirements)]]
    except (ValueError, RecursionError) as problem:
        raise _refused(_("The chosen changes could not be read. Bring the workbook back again.")) from problem
    changes = changes_from_json(chosen, framework)
    saved = save_answers(request.actor, assessment_id, changes, version=version_of(request), now=now)
    words = ngettext(
        "%(number)s answer was taken from the workbook.",
        "%(number)s answers were taken from the workbook.",
        len(saved.written),
    )
    messages.success(request, words % {"number": len(saved.written)})
    return redirect("assessment", assessment_id)


def _page(
    request: ActorRequest,
    assessment: Assessment,
    framework: LoadedFramework,
    *,
    preview: Preview | None = None,
    problem: Problem | None = None,
) -> HttpResponse:
    rows = [
        {
            "proposal": proposal,
            "requirement": framework.requirements[proposal.position],
            "online": _in_words(proposal.online, framework),
            "file": _in_words(proposal.answer, framework),
            "value": json.dumps(
                {
                    "position": proposal.position,
                    "level": level_to(proposal.answer.level),
                    "comment": proposal.answer.comment,
                    "reason": proposal.answer.reason,
                }
            ),
        }
        for proposal in (preview.proposals if preview else ())
    ]
    context = {
        "assessment": assessment,
        "preview": preview,
        "rows": rows,
        "conflicts": sum(row["proposal"].conflict for row in rows),  # type: ignore[attr-defined]
        "changed_online": [framework.requirements[place].id for place in (preview.changed_online if preview else ())],
        "problem": problem,
        "trail": [
            {"url": reverse("assessments"), "label": _("Assessments")},
            {"url": reverse("assessment", args=[assessment.pk]), "label": assessment.organisation.name},
        ],
    }
    return render(request, "assessments/import.html", context, status=problem.status if problem else 200)


def _in_words(answer: Answer, framework: LoadedFramework) -> dict[str, object]:
    level = level_to(answer.level)
    title = framework.catalogue.scale[level].title if isinstance(level, int) else None
    return {"level": level if title else None, "title": title, "words": level_in_words(level), "answer": answer}


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, code="workbook", places=[Place("workbook", sentence)])
