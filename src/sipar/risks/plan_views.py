"""Pages of plans: ask for one, watch it, read what it buys, change it, put it on the roadmaps, take it home."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import XLSX, download, download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import Invalid, not_open
from sipar.risks import plan_actions, plan_pictures, plan_tables, plan_words
from sipar.risks.models import Run
from sipar.risks.national_sub import sub_navigation
from sipar.risks.plan_forms import MEAN, PlanForm, initial_of
from sipar.risks.plan_models import InvestmentPlan
from sipar.risks.plan_pushing import may_push
from sipar.risks.plan_selectors import (
    access_plan,
    choices_of,
    detail_of,
    plannable_runs,
    plans_seen,
    progress_of,
    result_of,
    to_roadmaps,
)
from sipar.risks.policy import MODEL_GATE, NATION_GATE, may_model, require_may_model
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

PLANS, ROWS = 100, 50
YEARS = 5
COLUMNS = (
    Column("title", gettext_lazy("Plan")),
    Column("money", gettext_lazy("Money"), numeric=True),
    Column("years", gettext_lazy("Years")),
    Column("gain", gettext_lazy("Off a mean year"), numeric=True),
    Column("gap", gettext_lazy("From the best"), numeric=True),
    Column("state", gettext_lazy("State")),
    Column("asked", gettext_lazy("Asked")),
)
MEASURES = (
    Column("year", gettext_lazy("Year")),
    Column("measure", gettext_lazy("Measure")),
    Column("organisation", gettext_lazy("Organisation")),
    Column("cost", gettext_lazy("Cost"), numeric=True),
    Column("gain", gettext_lazy("Off a mean year"), numeric=True),
)
SUMS = (
    Column("name", ""),
    Column("measures", gettext_lazy("Measures"), numeric=True),
    Column("organisations", gettext_lazy("Organisations"), numeric=True),
    Column("cost", gettext_lazy("Money"), numeric=True),
    Column("benefit", gettext_lazy("Taken off the losses"), numeric=True),
)


@gate(NATION_GATE)
@require_GET
def plans(request: ActorRequest) -> HttpResponse:
    """Every plan, the newest first."""
    rows = list(plans_seen(request.actor)[:PLANS])
    context = {
        "rows": [_row(plan) for plan in rows],
        "columns": COLUMNS,
        "may_plan": may_model(request.actor),
        "has_prices": bool(plannable_runs(request.actor)),
        "sub_links": sub_navigation(request.actor, request.path),
    }
    return render(request, "risks/plan_list.html", context)


@gate(MODEL_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: ActorRequest) -> HttpResponse:
    """The question of a new plan, on the prices of the run that counts."""
    require_may_model(request.actor)
    runs = plannable_runs(request.actor)
    if not runs:
        return render(request, "risks/plan_without_prices.html", {"trail": _trail()})
    year = timezone.now().year + 1
    initial: dict[str, Any] = {
        "title": _("Programme from %(year)s") % {"year": year}, "first_year": year, "years": YEARS, "objective": MEAN,
        "gap": 0.5, "seconds": 60,
    }  # fmt: skip
    return _asked(request, runs[0], initial)


@gate(MODEL_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_plan(request: ActorRequest, plan: int) -> HttpResponse:
    """The question of a plan to be changed; the answer is a new plan beside it."""
    require_may_model(request.actor)
    before = access_plan(request.actor, plan)
    initial = initial_of(before.title, before.question, choices_of(before.run))
    return _asked(request, before.run, initial, before=before)


@gate(NATION_GATE)
@require_GET
def plan(request: ActorRequest, plan: int) -> HttpResponse:
    """What a plan buys; while it is being solved, how far it is."""
    found = access_plan(request.actor, plan)
    waiting = found.state in ("waiting", "running")
    if request.htmx and not waiting:
        # The whole page, since more changes than the part that was waiting.
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("risk_plan", args=[found.pk])
        return response
    context = {
        "plan": found,
        "waiting": waiting,
        "progress": progress_of(found.background),
        "trail": _trail(),
        "may_plan": may_model(request.actor),
        "sub_links": sub_navigation(request.actor, request.path),
    }
    if request.htmx:
        return render(request, "risks/plan_progress.html", context)
    if found.state == "done":
        context |= _solved(request, found)
    return render(request, "risks/plan.html", context)


@gate(MODEL_GATE)
@require_POST
def cancel_plan(request: ActorRequest, plan: int) -> HttpResponse:
    """End a plan before it is solved."""
    plan_actions.cancel_plan(request.actor, access_plan(request.actor, plan), now=timezone.now())
    messages.success(request, _("Cancelled."))
    return redirect("risk_plan", plan)


@gate(MODEL_GATE)
@require_POST
def push_plan(request: ActorRequest, plan: int) -> HttpResponse:
    """Put what a plan closes on the roadmaps, once."""
    found = access_plan(request.actor, plan)
    detail_of(request.actor, found)
    plan_actions.ask_push(request.actor, found, now=timezone.now())
    messages.success(request, _("The roadmaps are being written. This takes a moment."))
    return redirect("risk_plan", plan)


@gate(NATION_GATE)
@require_GET
def measures(request: ActorRequest, plan: int) -> HttpResponse:
    """What is bought, measure by measure, for those who may see the organisations."""
    found = access_plan(request.actor, plan)
    detail = detail_of(request.actor, found)
    wanted = {name: request.GET.get(name, "") for name in plan_tables.FILTERS}
    table = plan_tables.chosen(detail, wanted)
    page = Paginator(range(table.height), ROWS).get_page(request.GET.get("page"))
    start = page.object_list[0] if len(page.object_list) else 0
    names, kinds = plan_words.names(), plan_words.kind_names()
    by = detail.result["by"]
    options = {
        dimension: [(row["key"], names.of(dimension, row["key"])) for row in by[dimension] if row["key"]]
        for dimension in ("component", "kind", "sector", "province")
    }
    context = {
        "plan": found, "page": page, "wanted": wanted, "columns": MEASURES, "kinds": kinds, "options": options,
        "years": [(row["year"], row["year"]) for row in detail.result["by_year"]],
        "lines": plan_tables.lines_of(found, table[start : start + ROWS]),
        "currency": detail.result["currency"],
        "trail": [*_trail(), {"url": reverse("risk_plan", args=[found.pk]), "label": found.title}],
    }  # fmt: skip
    return render(request, "risks/plan_measures.html", context)


@gate(NATION_GATE)
@require_GET
def plan_download(request: ActorRequest, plan: int, kind: str) -> HttpResponse:
    """What is bought as CSV or XLSX."""
    from sipar.formats.table_writing import Sheet, write_xlsx

    found = access_plan(request.actor, plan)
    detail = detail_of(request.actor, found)
    if kind not in ("csv", "xlsx"):
        raise not_open("table")
    table = plan_tables.exported(found, detail)
    name = f"plan-{found.pk}.{kind}"
    if kind == "csv":
        return download_table(plan_tables.HEADER, table, name=name)
    content = write_xlsx([Sheet(name="measures", header=plan_tables.HEADER, rows=table)])
    return download(content, name=name, media_type=XLSX)


def _asked(
    request: ActorRequest, run: Run, initial: dict[str, Any], *, before: InvestmentPlan | None = None
) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = PlanForm(data, choices=choices_of(run), changes=before is not None, initial=initial)
    if data is not None and form.is_valid():
        question = form.question()
        if before is not None:
            # Promised amounts come in by the API only, and stay as they are.
            question["promises"] = before.question.get("promises", [])
        try:
            made = plan_actions.ask_plan(
                request.actor, run, question, title=form.cleaned_data["title"], based_on=before, now=timezone.now()
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            return redirect("risk_plan", made.pk)
    context = {"form": form, "run": run, "before": before, "trail": _trail()}
    return render(request, "risks/plan_form.html", context, status=422 if form.is_bound else 200)


def _solved(request: ActorRequest, found: InvestmentPlan) -> dict[str, Any]:
    result, exact = result_of(request.actor, found)
    if result is None:
        raise not_open("plan")
    names = plan_words.names()
    items, organisations = to_roadmaps(result)
    pushing = progress_of(found.pushing) if found.pushed_at is None else None
    return {
        "result": result,
        "exact": exact,
        "sentences": plan_words.sentences(result, found.question),
        "counted": plan_words.counted(found.question),
        "beside": plan_pictures.beside(result),
        "frontier": plan_pictures.frontier(result),
        "map": plan_pictures.province_map(result, names),
        "pictures": [
            chart
            for chart in (
                plan_pictures.bought(result, names, "component"),
                plan_pictures.by_year(result),
                plan_pictures.bought(result, names, "sector"),
            )
            if chart is not None
        ],
        "sums": [
            (dimension, head, [row | {"name": names.of(dimension, row["key"])} for row in result["by"][dimension]])
            for dimension, head in (
                ("component", _("By component")),
                ("sector", _("By sector")),
                ("province", _("By province")),
                ("kind", _("By kind of measure")),
            )
        ],
        "sum_columns": SUMS,
        "crossed": [row | {"name": names.of("component", row["component"])} for row in result["by_year_component"]],
        "limits": [_limit(row, names) for row in result["limits"]],
        "following": plan_tables.following(result, found) if exact else [],
        "changed": _changed(request, found, result),
        "may_push": exact and may_push(request.actor) and found.run.campaign_id is not None and items > 0,
        "push_sentence": _push_sentence(items, organisations),
        "pushing": pushing is not None and pushing.state in (BackgroundRun.State.WAITING, BackgroundRun.State.RUNNING),
        "push_failed": pushing is not None and pushing.state == BackgroundRun.State.FAILED,
    }


def _push_sentence(items: int, organisations: int) -> str:
    return ngettext(
        "%(organisations)s organisations get %(items)s item: the gap that this plan closes.",
        "%(organisations)s organisations get %(items)s items: the gaps that this plan closes. What is on a roadmap"
        " already stays as it is. This is done once.",
        items,
    ) % {"organisations": f"{organisations:,}", "items": f"{items:,}"}


def _limit(row: dict[str, Any], names: plan_words.Names) -> dict[str, Any]:
    kind, name = row["kind"], row["name"]
    if kind in ("province", "sector"):
        name = names.of(kind, name)
    elif kind in ("component", "milestone"):
        name = plan_words.component_name(name)
    money = kind in ("budget", "component", "province", "sector")
    return row | {"kind_name": plan_words.limit_names().get(kind, kind), "name": name, "is_money": money}


def _changed(request: ActorRequest, found: InvestmentPlan, result: dict[str, Any]) -> dict[str, Any] | None:
    """What the plan that this one changes took off the losses."""
    if found.based_on is None:
        return None
    before, _exact = result_of(request.actor, found.based_on)
    if before is None:
        return None
    return {"plan": found.based_on, "before": before["loss_reduced"], "now": result["loss_reduced"]}


def _row(plan: InvestmentPlan) -> dict[str, Any]:
    publication = getattr(plan, "publication", None)
    result = publication.result if publication is not None else None
    question = plan.question
    first = question["first_year"]
    return {
        "plan": plan,
        "money": sum(question["budgets"]),
        "currency": question["currency"],
        "years": (first, first + len(question["budgets"]) - 1),
        "loss": result["loss_reduced"] if result else None,
        "gap": result["gap"] if result else None,
    }


def _trail() -> list[dict[str, str]]:
    return [
        {"url": "/risks/", "label": _("Risk")},
        {"url": reverse("risk_plans"), "label": _("Where money goes")},
    ]
