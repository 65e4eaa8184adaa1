"""The list of assessments, the page of one, and its evidence files."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from sipar.assessments.answer_pages import section_links
from sipar.assessments.gap_selectors import may_see_gaps
from sipar.assessments.list_selectors import SORTS, campaigns_to_choose, of_organisations, queue
from sipar.assessments.models import Assessment
from sipar.assessments.policy import may_answer, may_submit
from sipar.assessments.progress import progress_of
from sipar.assessments.review_policy import part_in_review
from sipar.assessments.review_selectors import open_remarks
from sipar.assessments.selectors import (
    access_assessment,
    access_evidence,
    delegations_of,
    is_open_for_answers,
    sections_asked_of,
    versions_of,
)
from sipar.assessments.work_tabs import text_of, work_tabs
from sipar.core.files import file_response
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.frameworks.selectors import loaded
from sipar.people.gates import ASSESSMENT_READERS
from sipar.people.roles import ENGAGED_ROLES, TEAM_ROLES
from sipar.ui.tables import Column

COLUMNS = (
    Column("organisation", gettext_lazy("Organisation"), sortable=True),
    Column("campaign", gettext_lazy("Campaign"), optional=True),
    Column("state", gettext_lazy("State")),
    Column("answered", gettext_lazy("Answered"), sortable=True, numeric=True, optional=True),
    Column("mean", gettext_lazy("Mean level"), sortable=True, numeric=True, optional=True),
    Column("floor", gettext_lazy("Weakest group"), sortable=True, numeric=True, optional=True),
    Column("submitted", gettext_lazy("Handed in"), sortable=True),
)
PAGE = 50


@gate(ASSESSMENT_READERS)
@require_GET
def assessments(request: ActorRequest) -> HttpResponse:
    """Mine with the one next step; for a CERT and for consultants, the queue."""
    actor = request.actor
    if actor.holds(*TEAM_ROLES, *ENGAGED_ROLES) and not actor.organisations:
        return _queue(request)
    now = timezone.now()
    context = {
        "rows": [
            {"assessment": row, "editable": is_open_for_answers(row, now=now), "signs": may_submit(actor, row)}
            for row in of_organisations(actor)
        ],
        "asked": [
            {"delegation": row, "title": loaded(row.assessment.campaign.framework_id).groups[row.group].title}
            for row in sections_asked_of(actor)
        ],
        "tabs": work_tabs(actor, "assessments"),
    }
    return render(request, "assessments/mine.html", context)


def _queue(request: ActorRequest) -> HttpResponse:
    campaigns = campaigns_to_choose()
    wanted = request.GET.get("campaign", "")
    chosen = next((row for row in campaigns if str(row.pk) == wanted), None)
    states = list(Assessment.STATES.items())
    state = request.GET.get("state", "")
    sort = request.GET.get("sort", "")
    search = text_of(request, "q")
    rows = queue(
        request.actor,
        campaign=chosen,
        state=state if state in Assessment.STATES else "",
        search=search,
        sort=sort if sort.removeprefix("-") in SORTS else "",
    )
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "columns": COLUMNS,
        "campaigns": [(row.pk, row.name.get("en", row.code)) for row in campaigns],
        "states": states,
        "chosen": {"campaign": chosen.pk if chosen else "", "state": state, "q": search},
        "filtered": bool(chosen or state or search),
        "tabs": work_tabs(request.actor, "assessments"),
    }
    return render(request, "assessments/queue.html", context)


@gate(ASSESSMENT_READERS)
@require_GET
def assessment(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Where one assessment stands, section by section, and its one next step."""
    now = timezone.now()
    found = access_assessment(request.actor, assessment_id)
    framework = loaded(found.campaign.framework_id)
    progress = progress_of(found, framework)
    asked = delegations_of(found)
    mine = may_answer(request.actor, found)
    context = {
        "assessment": found,
        "framework": framework.catalogue,
        "progress": progress,
        "links": [
            {"link": link, "delegation": asked.get(link.progress.group)}
            for link in section_links(framework, progress, "")
        ],
        "mine": mine,
        "editable": mine and is_open_for_answers(found, now=now),
        "signs": may_submit(request.actor, found),
        "reviews": part_in_review(request.actor, found, now=now) != "none",
        "remarks": [remark for remark in open_remarks(found) if found.state == "returned"],
        "versions": versions_of(found),
        "may_see_gaps": may_see_gaps(request.actor, found),
        "top_level": framework.catalogue.top_level,
        "trail": [{"url": reverse("assessments"), "label": _("Assessments")}],
    }
    return render(request, "assessments/assessment.html", context)


@gate(ASSESSMENT_READERS)
@require_GET
def evidence_file(request: ActorRequest, assessment_id: int, evidence_id: int) -> HttpResponse:
    """A piece of evidence as a download, for those who may read the assessment."""
    evidence = access_evidence(request.actor, assessment_id, evidence_id)
    if evidence.file is None:
        raise not_open("file")
    return file_response(evidence.file)
