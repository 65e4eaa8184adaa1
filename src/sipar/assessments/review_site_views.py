"""Site visits: what was drawn, what was found."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.campaign_selectors import access_campaign
from sipar.assessments.models import Assessment
from sipar.assessments.review_actions import Verdict, review_answer, sample_answers, sample_campaign
from sipar.assessments.review_forms import SampleForm, SiteAnswerForm, VisitForm
from sipar.assessments.review_policy import may_draw_for, require_part
from sipar.assessments.review_selectors import sampled_in, samples_of, standing_of, verified_positions
from sipar.assessments.selectors import access_assessment, access_evidence
from sipar.assessments.work_tabs import REVIEWERS, level_view
from sipar.core.files import file_response
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.frameworks.selectors import loaded
from sipar.people.gates import TEAM
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50


@gate(REVIEWERS)
def review_site(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """The answers of one assessment that were drawn to be verified; a post draws more."""
    assessment = access_assessment(request.actor, assessment_id)
    if request.method != "POST":
        return _site_page(request, assessment, SampleForm(initial={"seed": secrets.randbelow(2**31)}))
    form = SampleForm(request.POST)
    if not form.is_valid():
        return _site_page(request, assessment, form, status=422)
    said = form.cleaned_data
    try:
        sample_answers(request.actor, assessment_id, size=said["size"], seed=said["seed"], now=timezone.now())
    except Invalid as problem:
        add_problem(form, problem)
        return _site_page(request, assessment, form, status=422)
    return redirect("review_site", assessment_id)


@gate(REVIEWERS)
@require_POST
def review_site_answer(request: ActorRequest, assessment_id: int, position: int) -> HttpResponse:
    """Record what was found on site: the answer is confirmed, or has another level."""
    form = SiteAnswerForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("The form is not complete. Open the page again."))
    said = form.cleaned_data
    verdict = Verdict(
        position=position,
        decision="accept" if said["to_level"] is None else "adjust",
        seen_level=said["seen_level"],
        to_level=said["to_level"],
        reason=said["reason"],
        on_site=True,
    )
    review_answer(request.actor, assessment_id, verdict, submission=said["submission"], now=timezone.now())
    return redirect("review_site", assessment_id)


@gate(TEAM)
def review_visits(request: ActorRequest, code: str) -> HttpResponse:
    """Whom to visit in a campaign; a post draws."""
    campaign = access_campaign(request.actor, code)
    form = VisitForm(request.POST or None, initial={"seed": secrets.randbelow(2**31)})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            number = sample_campaign(
                request.actor,
                campaign,
                organisations=said["organisations"],
                answers=said["size"],
                seed=said["seed"],
                now=timezone.now(),
            )
            sentence = ngettext("%(number)s organisation drawn.", "%(number)s organisations drawn.", number)
            messages.success(request, sentence % {"number": number})
            return redirect("review_visits", code)
    page = Paginator(sampled_in(campaign), ROWS).get_page(request.GET.get("page"))
    found = verified_positions([sample.assessment_id for sample in page])
    rows = []
    for sample in page:
        seen = [found.get(sample.assessment_id, {}).get(place) for place in sample.positions]
        wrong = sum(word is not None and word.decision == "adjust" for word in seen)
        rows.append({"sample": sample, "verified": sum(word is not None for word in seen), "wrong": wrong})
    return render(
        request,
        "assessments/review_visits.html",
        {
            "trail": [{"url": reverse("reviews"), "label": _("Review")}],
            "campaign": campaign,
            "page": page,
            "rows": rows,
            "columns": [
                Column("organisation", _("Organisation")),
                Column("tier", _("Tier")),
                Column("verified", _("Verified"), numeric=True),
                Column("wrong", _("Found otherwise"), numeric=True),
                Column("seed", _("Seed"), numeric=True),
                Column("drawn", _("Drawn")),
            ],
            "form": form,
            "may_draw": may_draw_for(request.actor, campaign),
        },
        status=status,
    )


@gate(REVIEWERS)
@require_GET
def review_evidence(request: ActorRequest, assessment_id: int, evidence_id: int) -> HttpResponse:
    """A file of evidence, for who reviews the assessment."""
    assessment = access_assessment(request.actor, assessment_id)
    require_part(request.actor, assessment, now=timezone.now())
    evidence = access_evidence(request.actor, assessment_id, evidence_id)
    if evidence.file is None or evidence.removed_at is not None:
        raise not_open("file")
    return file_response(evidence.file)


def _site_page(request: ActorRequest, assessment: Assessment, form: SampleForm, *, status: int = 200) -> HttpResponse:
    part = require_part(request.actor, assessment, now=timezone.now())
    framework = loaded(assessment.campaign.framework_id)
    samples = samples_of(assessment)
    found = verified_positions([assessment.pk]).get(assessment.pk, {})
    standing = standing_of(assessment, framework)
    positions = sorted({place for sample in samples for place in sample.positions})
    rows = [
        {
            "position": place,
            "requirement": framework.requirements[place],
            "byte": int(standing[place]),
            "level": level_view(framework, framework.requirements[place], int(standing[place])),
            "found": found.get(place),
        }
        for place in positions
    ]
    return render(
        request,
        "assessments/review_site.html",
        {
            "trail": [
                {"url": reverse("reviews"), "label": _("Review")},
                {"url": reverse("review", args=[assessment.pk]), "label": assessment.organisation.name},
            ],
            "assessment": assessment,
            "samples": samples,
            "rows": rows,
            "scale": framework.catalogue.scale,
            "verified": sum(row["found"] is not None for row in rows),
            "columns": [
                Column("requirement", _("Requirement")),
                Column("title", _("Title"), optional=True),
                Column("level", _("Level")),
                Column("found", _("Found on site")),
            ],
            "form": form,
            "may_draw": part == "decide" and assessment.standing is not None,
            "may_verify": assessment.state in ("submitted", "accepted"),
        },
        status=status,
    )
