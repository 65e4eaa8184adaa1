"""The page of the risk report: ask for it, watch it being drawn, take it home with its data."""

from __future__ import annotations

import io
import zipfile

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from sipar.core.files import download, file_response, open_file
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.numbers import whole_number
from sipar.core.problems import not_open
from sipar.formats.table_writing import write_csv
from sipar.risks import actions, selectors, tasks
from sipar.risks.models import Run
from sipar.risks.national_reading import DIMENSIONS, picture_of
from sipar.risks.national_views import frame, table_of
from sipar.risks.policy import NATION_GATE, require_may_read_nation

REPORTS = 10
KINDS = ("html-en", "html-ur", "pdf-en", "pdf-ur", "csv")


@gate(NATION_GATE)
@require_http_methods(["GET", "POST"])
def report(request: ActorRequest) -> HttpResponse:
    """The reports that I asked for, and the form to ask for another."""
    require_may_read_nation(request.actor)
    if request.method == "POST":
        actions.ask_for_report(request.actor, _run(request, request.POST.get("run", "")), now=timezone.now())
        return redirect("risk_report")
    done = [row for row in selectors.runs_seen(request.actor)[: selectors.RUNS] if row.state == "done"]
    counting = selectors.latest_run(request.actor)
    context = {
        "runs": done,
        "chosen": request.GET.get("run", "") or str(counting.pk if counting else ""),
        "reports": _own(request).defer("result").order_by("-id")[:REPORTS],
    }
    return render(request, "risks/report.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def report_progress(request: ActorRequest, report: int) -> HttpResponse:
    """One report in the list, asked for again until it is ready."""
    found = _own(request).defer("result").filter(pk=report).first()
    if found is None:
        raise not_open("report")
    template = "risks/report_run.html" if request.htmx else "risks/report_one.html"
    return render(request, template, {**frame(request), "report": found})


@gate(NATION_GATE)
@require_GET
def report_download(request: ActorRequest, report: int, kind: str) -> HttpResponse:
    """A report as HTML or PDF in one language, or its tables as CSV, one file each."""
    found = _own(request).filter(pk=report, state=BackgroundRun.State.DONE).first()
    if found is None or kind not in KINDS:
        raise not_open("report")
    form, _dash, language = kind.partition("-")
    if form == "pdf":
        return file_response(open_file(request.actor, int(found.result["pdf"][language])))
    if form == "html":
        name = f"risk-{found.subject}-{language}.html"
        return download(found.result["html"][language], name=name, media_type="text/html")
    tables = _tables(request, _run(request, found.subject))
    return download(tables, name=f"risk-{found.subject}-csv.zip", media_type="application/zip")


def _own(request: ActorRequest) -> QuerySet[BackgroundRun]:
    return BackgroundRun.objects.filter(account_id=request.actor.account, kind=tasks.REPORT)


def _run(request: ActorRequest, given: str) -> Run:
    return selectors.access_run(request.actor, whole_number(given) or 0)


def _tables(request: ActorRequest, run: Run) -> bytes:
    picture = picture_of(request.actor, run)
    if picture is None:
        raise not_open("run")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (*DIMENSIONS, "quantiles", "curve"):
            archive.writestr(f"risk-{run.pk}-{name}.csv", write_csv(*table_of(picture, name)))
    return buffer.getvalue()
