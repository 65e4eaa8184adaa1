"""The queue of the reviewer, and one answer after the other."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.campaign_selectors import campaigns_for
from sipar.assessments.models import Assessment, Review
from sipar.assessments.review_actions import (
    Verdict,
    accept_assessment,
    accept_section,
    return_assessment,
    review_answer,
)
from sipar.assessments.review_forms import AdjustAnswerForm, FinishForm, ReturnAnswerForm, SectionForm, SeenForm
from sipar.assessments.review_policy import may_draw_for, require_part
from sipar.assessments.review_selectors import (
    answer_for_review,
    decisions,
    responsible_teams,
    review_queue,
    sections_of,
    words_on,
)
from sipar.assessments.selectors import access_assessment
from sipar.assessments.work_tabs import REVIEWERS, level_view, text_of, whole_number_of, work_tabs
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.orgs.models import Sector
from sipar.posture.levels import UNANSWERED
from sipar.teams.models import Team
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
FLAG_WORDS = {
    "unanswered": gettext_lazy("Not answered."),
    "not_applicable": gettext_lazy("Said not to apply: look whether the reason holds."),
    "no_evidence": gettext_lazy("Claimed without evidence or a comment."),
    "jump": gettext_lazy("Well above last year."),
    "recommended": gettext_lazy("A consultant would not accept it as it is."),
}
QUEUE_STATES = ("submitted", "accepted", "returned")


@gate(REVIEWERS)
@require_GET
def reviews(request: ActorRequest) -> HttpResponse:
    """What waits for the actor's review, the oldest first."""
    now = timezone.now()
    state = text_of(request, "state")
    chosen: dict[str, Any] = {
        "state": state if state in QUEUE_STATES else "submitted",
        "team": whole_number_of(request, "team"),
        "sector": text_of(request, "sector"),
        "tier": whole_number_of(request, "tier", most=4),
        "campaign": text_of(request, "campaign"),
    }
    page = Paginator(review_queue(request.actor, now=now, **chosen), ROWS).get_page(request.GET.get("page"))
    teams = responsible_teams([row.organisation_id for row in page])
    campaigns = list(campaigns_for(request.actor).exclude(state="draft")[:20])
    return render(
        request,
        "assessments/review_queue.html",
        {
            "tabs": work_tabs(request.actor, "reviews"),
            "page": page,
            "rows": [{"assessment": row, "team": teams.get(row.organisation_id)} for row in page],
            "columns": [
                Column("organisation", _("Organisation")),
                Column("tier", _("Tier")),
                Column("sector", _("Sector"), optional=True),
                Column("team", _("Responsible CERT"), optional=True),
                Column("campaign", _("Campaign"), optional=True),
                Column("submission", _("Submission"), numeric=True),
                Column("gaps", _("Gaps"), numeric=True),
                Column("submitted", _("Submitted")),
            ],
            "chosen": chosen,
            "filtered": any(request.GET.get(name) for name in ("state", "team", "sector", "tier", "campaign")),
            "states": [(name, Assessment.STATES[name]) for name in QUEUE_STATES],
            "teams": [(team.pk, _words(team.name)) for team in Team.objects.only("name", "code")],
            "sectors": [(sector.code, _words(sector.name)) for sector in Sector.objects.filter(parent=None)],
            "tiers": [(tier, tier) for tier in (1, 2, 3, 4)],
            "campaigns": [(campaign.code, _words(campaign.name)) for campaign in campaigns],
            "draws": [campaign for campaign in campaigns if may_draw_for(request.actor, campaign)][:5],
        },
    )


@gate(REVIEWERS)
@require_GET
def review(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """One answer under review: `?at=` names its requirement; without it, the first undecided one."""
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    position = framework.positions.get(text_of(request, "at"))
    return _answer_page(request, assessment, framework, position)


@gate(REVIEWERS)
@require_POST
def review_decide(request: ActorRequest, assessment_id: int, position: int) -> HttpResponse:
    """Accept, return or adjust one answer, then go on to the next undecided one."""
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    if position >= len(framework.requirements):
        raise not_open("answer")
    seen = SeenForm(request.POST)
    if not seen.is_valid():
        raise Invalid(_("The form is not complete. Open the answer again."))
    decision, current = seen.cleaned_data["decision"], seen.cleaned_data["seen_level"]
    forms = _forms(framework, current)
    if decision in forms:
        forms = _forms(framework, current, decision=decision, data=request.POST)
        if not forms[decision].is_valid():
            return _answer_page(request, assessment, framework, position, forms=forms, status=422)
    said = forms[decision].cleaned_data if decision in forms else {}
    verdict = Verdict(
        position=position,
        decision=decision,
        seen_level=current,
        reason=said.get("reason", ""),
        to_level=said.get("to_level"),
    )
    try:
        review_answer(
            request.actor, assessment_id, verdict, submission=seen.cleaned_data["submission"], now=timezone.now()
        )
    except Invalid as problem:
        if decision not in forms:
            raise
        add_problem(forms[decision], problem)
        return _answer_page(request, assessment, framework, position, forms=forms, status=422)
    return _to_next(assessment, framework, after=position)


@gate(REVIEWERS)
@require_POST
def review_section(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Accept what is unproblematic in one section."""
    form = SectionForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("The form is not complete. Open the answer again."))
    said = form.cleaned_data
    number = accept_section(
        request.actor, assessment_id, said["group"], submission=said["submission"], now=timezone.now()
    )
    sentence = ngettext("%(number)s answer accepted.", "%(number)s answers accepted.", number) % {"number": number}
    messages.success(request, sentence if number else _("Every open answer of this section needs a look."))
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    return _to_next(assessment, framework, after=framework.sections[said["group"]][0] - 1)


@gate(REVIEWERS)
@require_POST
def review_finish(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Accept or return the whole, then back to the queue."""
    form = FinishForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose to accept or to return the assessment."))
    said = form.cleaned_data
    finish = accept_assessment if said["decision"] == "accept" else return_assessment
    finish(request.actor, assessment_id, submission=said["submission"], reason=said["reason"], now=timezone.now())
    messages.success(
        request,
        _("The assessment is accepted.") if said["decision"] == "accept" else _("The assessment is returned."),
    )
    return redirect("reviews")


def _answer_page(
    request: ActorRequest,
    assessment: Assessment,
    framework: LoadedFramework,
    position: int | None,
    *,
    forms: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    part = require_part(request.actor, assessment, now=now)
    words = words_on(assessment)
    decided = decisions(words)
    place = position if position is not None else (_next_undecided(decided, framework, after=-1) or 0)
    answer = answer_for_review(assessment, framework, place, words)
    requirement = answer.requirement
    last = len(framework.requirements) - 1
    undecided = len(framework.requirements) - len(decided)
    returned = sum(word.decision == Review.Decision.RETURN for word in decided.values())
    return render(
        request,
        "assessments/review_answer.html",
        {
            "trail": [{"url": reverse("reviews"), "label": _("Review")}],
            "assessment": assessment,
            "part": part,
            "open": assessment.state == "submitted",
            "answer": answer,
            "group": framework.groups[requirement.group],
            "level": level_view(framework, requirement, answer.level),
            "submitted_level": level_view(framework, requirement, answer.submitted_level),
            "target": level_view(framework, requirement, answer.target) if answer.target is not None else None,
            "last_year": (
                level_view(framework, requirement, answer.last_year.level)
                if answer.last_year is not None and answer.last_year.level != UNANSWERED
                else None
            ),
            "top_level": framework.catalogue.top_level,
            "flags": [FLAG_WORDS[flag] for flag in answer.flags],
            "sections": sections_of(assessment, framework, decided),
            "previous": framework.requirements[place - 1].id if place > 0 else None,
            "next": framework.requirements[place + 1].id if place < last else None,
            "forms": forms or _forms(framework, answer.level),
            "undecided": undecided,
            "decided": len(decided),
            "returned": returned,
        },
        status=status,
    )


def _forms(
    framework: LoadedFramework, current: int, *, decision: str = "", data: Any = None
) -> dict[str, ReturnAnswerForm | AdjustAnswerForm]:
    return {
        "return": ReturnAnswerForm(data if decision == "return" else None, auto_id="return_%s"),
        "adjust": AdjustAnswerForm(
            data if decision == "adjust" else None, auto_id="adjust_%s", framework=framework, current=current
        ),
    }


def _next_undecided(decided: dict[int, Review], framework: LoadedFramework, *, after: int) -> int | None:
    """The next answer without a decision, from `after` on and then from the beginning."""
    number = len(framework.requirements)
    order = (*range(after + 1, number), *range(after + 1))
    return next((place for place in order if place not in decided), None)


def _to_next(assessment: Assessment, framework: LoadedFramework, *, after: int) -> HttpResponseRedirect:
    place = _next_undecided(decisions(words_on(assessment)), framework, after=after)
    wanted = framework.requirements[after if place is None else place].id
    return HttpResponseRedirect(f"{reverse('review', args=[assessment.pk])}?at={wanted}")


def _words(text: dict[str, str]) -> str:
    return text.get(get_language() or "en") or text["en"]
