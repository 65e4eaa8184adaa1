"""Checking the answers, signing them, and what remains of each signature."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.answer_pages import section_links
from sipar.assessments.models import Assessment, Submission
from sipar.assessments.policy import may_answer, may_submit
from sipar.assessments.progress import progress_of
from sipar.assessments.scoring import rescored
from sipar.assessments.selectors import (
    access_assessment,
    access_version,
    evidence_of,
    is_open_for_answers,
    ledger_event_of,
    notes_of,
    unconfirmed,
    versions_of,
    working_levels,
)
from sipar.assessments.signing import factors_of, shown_for, shown_lately
from sipar.assessments.submissions import canonical, differences
from sipar.assessments.submit_actions import submit_assessment
from sipar.core.files import download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest, version_of
from sipar.core.ledger import proof_for
from sipar.core.models import Leaf
from sipar.core.problems import Conflict, Forbidden, Invalid, Problem, not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.gates import ASSESSMENT_READERS, ORGANISATION
from sipar.people.roles import ROLES
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED


@gate(ASSESSMENT_READERS)
@require_GET
def check(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Every answer on one page, what is missing, and the place to sign."""
    return _check_page(request, assessment_id)


@gate(ORGANISATION)
@require_POST
def submit(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Sign the checked answers."""
    now = timezone.now()
    try:
        if "statement" not in request.POST:
            raise Invalid(_("Say that the answers are true before you sign."), code="submit.statement")
        assessment = access_assessment(request.actor, assessment_id)
        may_sign = may_submit(request.actor, assessment)
        unsigned = _("The assessment was not signed.")
        factor = shown_for(request, now=now, unsigned=unsigned) if may_sign else shown_lately(request, now=now)
        submission = submit_assessment(
            request.actor,
            assessment_id,
            version=version_of(request),
            second_factor=factor,
            accept_missing="accept_missing" in request.POST,
            now=now,
        )
    except (Invalid, Conflict) as problem:
        return _check_page(request, assessment_id, problem=problem)
    except Forbidden as problem:
        if problem.code != "second_factor":
            raise
        return _check_page(request, assessment_id, problem=problem)
    messages.success(request, _("Your assessment is signed and handed in."))
    return redirect("assessment_receipt", assessment_id, submission.number)


@gate(ASSESSMENT_READERS)
@require_GET
def versions(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Every signed version, and what changed between two of them (`?from=1&to=2`)."""
    assessment = access_assessment(request.actor, assessment_id)
    rows = versions_of(assessment)
    earlier, later = _chosen(rows, request.GET.get("from", ""), request.GET.get("to", ""))
    framework = loaded(assessment.campaign.framework_id)
    changes = differences(earlier.snapshot, later.snapshot) if earlier and later else []
    context = {
        "assessment": assessment,
        "versions": rows,
        "roles": {key: role.title for key, role in ROLES.items()},
        "earlier": earlier,
        "later": later,
        "changes": [
            {
                "requirement": change.requirement,
                "title": framework.requirements[framework.positions[change.requirement]].title,
                "kind": change.kind,
                "sentence": change.sentence,
            }
            for change in changes
            if change.requirement in framework.positions
        ],
        "trail": _trail(assessment),
    }
    return render(request, "assessments/versions.html", context)


@gate(ASSESSMENT_READERS)
@require_GET
def receipt(request: ActorRequest, assessment_id: int, number: int) -> HttpResponse:
    """One signed version: who signed, the digest, and its proof from the ledger."""
    submission = access_version(request.actor, assessment_id, number)
    framework = loaded(submission.assessment.campaign.framework_id)
    levels = np.frombuffer(bytes(submission.levels), dtype=np.uint8)
    event = ledger_event_of(submission)
    context = {
        "assessment": submission.assessment,
        "submission": submission,
        "role": ROLES[submission.signed_as].title if submission.signed_as in ROLES else submission.signed_as,
        "scores": rescored(submission.assessment, levels, framework),
        "unanswered": int(np.count_nonzero(levels == UNANSWERED)),
        "top_level": framework.catalogue.top_level,
        "total": len(levels),
        "sealed": event is not None and Leaf.objects.filter(event_id=event).exists(),
        "trail": _trail(submission.assessment),
    }
    return render(request, "assessments/receipt.html", context)


@gate(ASSESSMENT_READERS)
@require_GET
def signed_document(request: ActorRequest, assessment_id: int, number: int) -> HttpResponse:
    """What was signed, byte for byte as its digest was taken."""
    submission = access_version(request.actor, assessment_id, number)
    name = f"sipar-assessment-{assessment_id}-version-{number}.json"
    return download(canonical(submission.snapshot), name=name, media_type="application/json")


@gate(ASSESSMENT_READERS)
@require_GET
def proof(request: ActorRequest, assessment_id: int, number: int) -> HttpResponse:
    """The proof that the signature stands in the ledger, to be checked without Sipar."""
    submission = access_version(request.actor, assessment_id, number)
    event = ledger_event_of(submission)
    if event is None:
        raise not_open("ledger event")
    document = {"digest": submission.digest, **proof_for(event)}
    name = f"sipar-assessment-{assessment_id}-version-{number}-proof.json"
    return download(json.dumps(document, indent=1), name=name, media_type="application/json")


def _check_page(request: ActorRequest, assessment_id: int, *, problem: Problem | None = None) -> HttpResponse:
    now = timezone.now()
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    progress = progress_of(assessment, framework)
    mine = may_answer(request.actor, assessment)
    factors = factors_of(request.actor.account) if mine else set()
    context = {
        "assessment": assessment,
        "sections": _summary(assessment, framework),
        "progress": progress,
        "scores": rescored(assessment, working_levels(assessment, framework), framework),
        "top_level": framework.catalogue.top_level,
        "editable": mine and is_open_for_answers(assessment, now=now),
        "mine": mine,
        "signs": may_submit(request.actor, assessment),
        "factors": factors,
        "shown": shown_lately(request, now=now) if factors else None,
        "passkey": "webauthn" in factors,
        "code": bool(factors & {"totp", "recovery_codes"}),
        "problem": problem,
        "trail": _trail(assessment),
    }
    return render(request, "assessments/check.html", context, status=problem.status if problem else 200)


def _summary(assessment: Assessment, framework: LoadedFramework) -> list[dict[str, Any]]:
    """Per section its link and every answer: level with its name, note, and whether it is missing or only carried."""
    levels, notes, carried = (
        working_levels(assessment, framework),
        notes_of(assessment),
        unconfirmed(assessment, framework),
    )
    evidence = evidence_of(assessment)
    scale = {step.level: step.title for step in framework.catalogue.scale}
    return [
        {
            "link": link,
            "answers": [
                {
                    "position": position,
                    "requirement": framework.requirements[position],
                    "level": int(levels[position]),
                    "title": scale.get(int(levels[position])),
                    "not_applicable": levels[position] == NOT_APPLICABLE,
                    "unanswered": levels[position] == UNANSWERED,
                    "carried": bool(carried[position]),
                    "note": notes.get(position),
                    "evidence": len(evidence.get(position, ())),
                }
                for position in framework.sections[link.progress.group]
            ],
        }
        for link in section_links(framework, progress_of(assessment, framework), "")
    ]


def _chosen(rows: list[Submission], earlier: str, later: str) -> tuple[Submission | None, Submission | None]:
    """The two versions to compare: those asked for, else the last two."""
    by_number = {str(row.number): row for row in rows}
    if earlier in by_number and later in by_number:
        return by_number[earlier], by_number[later]
    return (rows[1], rows[0]) if len(rows) > 1 else (None, None)


def _trail(assessment: Assessment) -> list[dict[str, str]]:
    return [
        {"url": reverse("assessments"), "label": _("Assessments")},
        {"url": reverse("assessment", args=[assessment.pk]), "label": assessment.organisation.name},
    ]
