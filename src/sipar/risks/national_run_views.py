"""Runs of the model: asked for, watched, cancelled, repeated, compared, and taken home."""

from __future__ import annotations

import io

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import bytes_response, download_table, read_bytes
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import whole_number
from sipar.core.problems import Invalid, not_open
from sipar.risks import actions, selectors
from sipar.risks.models import AssumptionSet, Run
from sipar.risks.national_comparing import changes, compare, curve_of
from sipar.risks.national_forms import RunForm
from sipar.risks.national_pictures import two_curves
from sipar.risks.national_reading import picture_of
from sipar.risks.national_views import board_context, frame
from sipar.risks.national_words import DIMENSION_WORDS
from sipar.risks.policy import MODEL_GATE, NATION_GATE, require_may_model
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

YEARS, SEED = 10_000, 1
WAITING = ("waiting", "running")
KINDS = ("years-parquet", "years-csv", "gaps-parquet", "gaps-csv")
COLUMNS = (
    Column("run", gettext_lazy("Run")),
    Column("version", gettext_lazy("Assumptions")),
    Column("state", gettext_lazy("State")),
    Column("asked", gettext_lazy("Asked for")),
    Column("years", gettext_lazy("Years"), numeric=True),
)


@gate(NATION_GATE)
@require_GET
def runs(request: ActorRequest) -> HttpResponse:
    """Every run, the newest first, and two of them to compare."""
    rows = list(selectors.runs_seen(request.actor)[: selectors.RUNS])
    counting = selectors.latest_run(request.actor)
    context = {
        "rows": [(row, Run.STATES[row.state]) for row in rows],
        "done": [row for row in rows if row.state == "done"],
        "counting": counting,
        "columns": COLUMNS,
    }
    return render(request, "risks/runs.html", {**frame(request), **context})


@gate(MODEL_GATE)
@require_http_methods(["GET", "POST"])
def run_new(request: ActorRequest) -> HttpResponse:
    """Ask for a run of one version of the assumptions."""
    require_may_model(request.actor)
    found = _asked_version(request)
    counting = selectors.latest_run(request.actor)
    initial = {
        "title": found.title,
        "years": counting.years if counting else YEARS,
        "seed": counting.seed if counting else SEED,
        "same_inputs": found.state == "draft" and counting is not None,
    }
    form = RunForm(request.POST if request.method == "POST" else None, initial=initial)
    if counting is None:
        del form.fields["same_inputs"]
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        same = cleaned.pop("same_inputs", False)
        try:
            asked = actions.start_run(
                request.actor, found, **cleaned, inputs_of=counting if same else None, now=timezone.now()
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            return redirect("risk_run", asked.pk)
    context = {"form": form, "assumptions": found, "trail": _trail()}
    return render(request, "risks/run_new.html", {**frame(request), **context}, status=422 if form.errors else 200)


@gate(NATION_GATE)
@require_GET
def run(request: ActorRequest, run: int) -> HttpResponse:
    """How far a run is, or what it says; htmx asks until it has ended."""
    found = selectors.access_run(request.actor, run)
    counting = selectors.latest_run(request.actor)
    context = {
        "run": found,
        "state_in_words": Run.STATES[found.state],
        "waiting": found.state in WAITING,
        "progress": selectors.progress_of(found),
        "counting": counting,
        "counts": counting is not None and counting.pk == found.pk,
        "trail": _trail(),
    }
    if request.htmx:
        response = render(request, "risks/run_progress.html", {**frame(request), **context})
        if found.state not in WAITING:
            # What may be done with the result stands in the head of the page.
            response["HX-Refresh"] = "true"
        return response
    picture = picture_of(request.actor, found) if found.state == "done" else None
    if picture is not None:
        context |= board_context(picture)
    return render(request, "risks/run.html", {**frame(request), **context})


@gate(MODEL_GATE)
@require_POST
def run_cancel(request: ActorRequest, run: int) -> HttpResponse:
    """End a run before it is done."""
    actions.cancel_run(request.actor, selectors.access_run(request.actor, run), now=timezone.now())
    messages.success(request, _("Cancelled. Nothing of the run is kept."))
    return redirect("risk_run", run)


@gate(MODEL_GATE)
@require_POST
def run_repeat(request: ActorRequest, run: int) -> HttpResponse:
    """The same run again: it must come to the same bits."""
    asked = actions.repeat_run(request.actor, selectors.access_run(request.actor, run), now=timezone.now())
    return redirect("risk_run", asked.pk)


@gate(NATION_GATE)
@require_GET
def runs_compare(request: ActorRequest) -> HttpResponse:
    """Two runs beside each other: what differs in their assumptions, and in what they say."""
    before = selectors.access_run(request.actor, _number(request, "before"))
    after = selectors.access_run(request.actor, _number(request, "after"))
    pictures = [picture_of(request.actor, found) for found in (before, after)]
    if pictures[0] is None or pictures[1] is None:
        raise not_open("run")
    first, second = pictures[0], pictures[1]
    if first.currency != second.currency:
        raise Invalid("The two runs count in different currencies.", code="risk.currency")
    found = compare(first, second)
    names = (_("Before: %(title)s") % {"title": before.title}, _("After: %(title)s") % {"title": after.title})
    context = {
        "found": found,
        "before": before,
        "after": after,
        "changes": changes(first.document, second.document, second.names),
        "parts": [(DIMENSION_WORDS[name], rows) for name, rows in found.all_parts()],
        "curves": two_curves(
            "compared",
            second,
            ((names[0], curve_of(first)), (names[1], curve_of(second))),
            sentence=found.sentence,
        ),
        "runs": [row for row in selectors.runs_seen(request.actor)[: selectors.RUNS] if row.state == "done"],
        "trail": _trail(),
    }
    return render(request, "risks/runs_compare.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def run_download(request: ActorRequest, run: int, kind: str) -> HttpResponseBase:
    """The simulated years of a run, or what each gap costs, as Parquet or CSV."""
    found = selectors.access_run(request.actor, run)
    if found.state != "done" or kind not in KINDS:
        raise not_open("file")
    table, _dash, form = kind.partition("-")
    digest = found.losses
    if table == "gaps":
        detail = selectors.detail_of(request.actor, found)
        # What a gap costs names organisations: it is for those who see them.
        if detail is None:
            raise not_open("file")
        digest = detail.prices
    name = f"risk-run-{run}-{table}.{form}"
    if form == "parquet":
        return bytes_response(digest, name=name)
    return _as_table(read_bytes(digest), name=name)


def _as_table(parquet: bytes, *, name: str) -> HttpResponseBase:
    import polars as pl

    table = pl.read_parquet(io.BytesIO(parquet))
    return download_table(table.columns, table, name=name)


def _asked_version(request: ActorRequest) -> AssumptionSet:
    number = _number(request, "assumptions")
    if number:
        return selectors.access_assumptions(request.actor, number)
    used = selectors.assumptions_in_use(request.actor)
    if used is None:
        raise not_open("version")
    return used


def _number(request: ActorRequest, name: str) -> int:
    return whole_number(request.POST.get(name) or request.GET.get(name)) or 0


def _trail() -> list[dict[str, str]]:
    return [{"url": reverse("risk_runs"), "label": _("Runs")}]
