"""Gaps: of one assessment, of a constituency, and what the next Zero Trust stage asks."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.assessments.gap_selectors import (
    GapLine,
    RequirementLine,
    assessments_of,
    campaigns_with_answers,
    constituency_gaps,
    gaps_of,
    levels_that_count,
    live_items,
    next_stages,
    require_gaps,
)
from sipar.assessments.models import Assessment
from sipar.assessments.oscal_selectors import PLAN, POAM, RESULTS, oscal_document
from sipar.assessments.roadmap_actions import may_plan
from sipar.assessments.roadmap_forms import AddItemsForm
from sipar.assessments.selectors import access_assessment, assessments_open_to
from sipar.assessments.work_tabs import level_view, text_of, whole_number_of, work_tabs
from sipar.core.files import download, download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.formats.oscal_results import FILE_NAMES
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.orgs.models import Province, Sector
from sipar.people.gates import ASSESSMENT_READERS
from sipar.people.roles import TEAM_ROLES
from sipar.ui.tables import Column

ROWS = 50
DOCUMENTS = {"plan": PLAN, "results": RESULTS, "poam": POAM}


@gate(ASSESSMENT_READERS)
@require_GET
def gaps(request: ActorRequest) -> HttpResponse:
    """Gaps of the constituency for a CERT; of the newest assessment for everybody else."""
    if request.actor.holds(*TEAM_ROLES):
        return _constituency_page(request)
    if request.actor.organisations:
        newest = assessments_of(request.actor, request.actor.organisations).first()
    else:
        submitted = assessments_open_to(request.actor).exclude(standing=None)
        newest = submitted.order_by("-campaign__opens_at", "organisation__name").first()
    if newest is None:
        return render(request, "assessments/gap_none.html", {"tabs": work_tabs(request.actor, "gaps")})
    return HttpResponseRedirect(reverse("assessment_gaps", args=[newest.pk]))


@gate(ASSESSMENT_READERS)
@require_GET
def assessment_gaps(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """The gaps of one assessment, ranked, each with its reason; `?format=csv` gives them as a table."""
    assessment = access_assessment(request.actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    require_gaps(request.actor, assessment)
    items = live_items(assessment.organisation_id, assessment.campaign_id)
    found = gaps_of(assessment, framework, items=items)
    if request.GET.get("format") == "csv":
        name = f"gaps-{assessment.campaign.code}-{assessment.organisation.identifier}.csv"
        return download_table(GAP_HEADER, _gap_rows(found), name=name)
    return render(request, "assessments/gap_list.html", _gap_page(request, assessment, framework, found))


def _gap_page(
    request: ActorRequest, assessment: Assessment, framework: LoadedFramework, found: list[GapLine]
) -> dict[str, Any]:
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    plans = may_plan(request.actor, assessment.organisation_id)
    _levels, standing = levels_that_count(assessment, framework)
    others = list(assessments_of(request.actor, [assessment.organisation_id])[:10])
    return {
        "tabs": work_tabs(request.actor, "gaps"),
        "assessment": assessment,
        "others": others if len(others) > 1 else [],
        "standing": standing,
        "page": page,
        "rows": [
            {
                "gap": gap,
                "level": level_view(framework, gap.requirement, gap.level),
                "target": level_view(framework, gap.requirement, gap.target),
            }
            for gap in page
        ],
        "top_level": framework.catalogue.top_level,
        "columns": [
            *([Column("pick", _("Plan"))] if plans else []),
            Column("rank", _("Rank"), numeric=True),
            Column("requirement", _("Requirement")),
            Column("level", _("Level")),
            Column("target", _("Target")),
            Column("reason", _("Why it stands here")),
            Column("item", _("On the roadmap")),
        ],
        "planned": sum(gap.item is not None for gap in found),
        "may_plan": plans,
        "form": AddItemsForm(),
        "stages": next_stages(assessment, framework),
        "documents": [
            {"kind": "plan", "label": _("Assessment plan"), "ready": True},
            {"kind": "results", "label": _("Assessment results"), "ready": assessment.standing is not None},
            {"kind": "poam", "label": _("Plan of action and milestones"), "ready": bool(found) and standing},
        ],
    }


@gate(ASSESSMENT_READERS)
@require_GET
def oscal_file(request: ActorRequest, assessment_id: int, document: str) -> HttpResponse:
    """An assessment as OSCAL: `plan`, `results` or `poam`, as a file."""
    assessment = access_assessment(request.actor, assessment_id)
    if document not in DOCUMENTS:
        raise not_open("document")
    model = DOCUMENTS[document]
    data = oscal_document(assessment, model, now=timezone.now())
    return download(data, name=FILE_NAMES[model], media_type="application/json")


def _constituency_page(request: ActorRequest) -> HttpResponse:
    campaigns = list(campaigns_with_answers()[:20])
    code = text_of(request, "campaign")
    campaign = next((row for row in campaigns if row.code == code), campaigns[0] if campaigns else None)
    if campaign is None:
        return render(request, "assessments/gap_none.html", {"tabs": work_tabs(request.actor, "gaps")})
    framework = loaded(campaign.framework_id)
    chosen: dict[str, Any] = {
        "sector": text_of(request, "sector") or None,
        "province": text_of(request, "province") or None,
        "tier": whole_number_of(request, "tier", most=4),
    }
    found = constituency_gaps(campaign, framework, **chosen)
    if request.GET.get("format") == "csv":
        return download_table(NATION_HEADER, _requirement_rows(found.lines), name=f"gaps-{campaign.code}.csv")
    query = request.GET.copy()
    query["format"] = "csv"
    page = Paginator(found.lines, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "assessments/gap_constituency.html",
        {
            "tabs": work_tabs(request.actor, "gaps"),
            "campaign": campaign,
            "found": found,
            "sentence": _sentence(found.lines, found.organisations),
            "page": page,
            "csv": f"?{query.urlencode()}",
            "columns": [
                Column("rank", _("Rank"), numeric=True),
                Column("requirement", _("Requirement")),
                Column("section", _("Section"), optional=True),
                Column("short", _("Organisations short"), numeric=True),
                Column("share", _("Share of those asked"), numeric=True),
                Column("unanswered", _("Not answered"), numeric=True, optional=True),
                Column("distance", _("Levels missing, mean"), numeric=True),
                Column("weight", _("Weight of the gap"), numeric=True),
            ],
            "chosen": chosen,
            "filtered": any(chosen.values()) or bool(code),
            "campaigns": [(row.code, _in_language(row.name)) for row in campaigns],
            "sectors": [(row.code, _in_language(row.name)) for row in Sector.objects.filter(parent=None)],
            "provinces": [(row.code, _in_language(row.name)) for row in Province.objects.all()],
            "tiers": [(tier, tier) for tier in (1, 2, 3, 4)],
        },
    )


def _sentence(lines: tuple[RequirementLine, ...], organisations: int) -> str:
    """What a reader should take from the page, in one sentence."""
    if not lines:
        return _("No organisation falls short of its target.") if organisations else ""
    top = lines[0]
    sentence = ngettext(
        "The heaviest gap is %(requirement)s: %(short)s of %(all)s organisation asked falls short of it.",
        "The heaviest gap is %(requirement)s: %(short)s of %(all)s organisations asked fall short of it.",
        top.asked,
    )
    return sentence % {"requirement": top.requirement.id, "short": f"{top.short:,}", "all": f"{top.asked:,}"}


GAP_HEADER = ("rank", "requirement", "title", "level", "target", "missing", "weight", "priority", "reason", "roadmap")
NATION_HEADER = ("rank", "requirement", "title", "section", "short", "asked", "unanswered", "missing_mean", "priority")


def _gap_rows(found: list[GapLine]) -> list[tuple[Any, ...]]:
    return [
        (
            gap.rank, gap.requirement.id, _in_language(gap.requirement.title), gap.level, gap.target, gap.distance,
            gap.weight, gap.priority, gap.reason, gap.item.state if gap.item else "",
        )
        for gap in found
    ]  # fmt: skip


def _requirement_rows(lines: tuple[RequirementLine, ...]) -> list[tuple[Any, ...]]:
    return [
        (
            line.rank, line.requirement.id, _in_language(line.requirement.title), _in_language(line.group.title),
            line.short, line.asked, line.unanswered, line.distance, line.priority,
        )
        for line in lines
    ]  # fmt: skip


def _in_language(text: dict[str, str]) -> str:
    return text.get(get_language() or "en") or text["en"]
