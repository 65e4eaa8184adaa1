"""The page of the national report: ask for it, watch it being drawn, take it home with its data."""

from __future__ import annotations

import io
import json
import zipfile

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from sipar.board import actions, selectors, tasks
from sipar.board.policy import BOARD
from sipar.board.tables import words
from sipar.core import files
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.formats.table_writing import write_csv

RUNS = 10
KINDS = ("html-en", "html-ur", "pdf-en", "pdf-ur", "csv", "json")


@gate(BOARD)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: ActorRequest) -> HttpResponse:
    """The reports that I asked for, and the form to ask for another."""
    if request.method == "POST":
        campaign = selectors.access_campaign(request.actor, request.POST.get("campaign", ""))
        actions.ask_for_report(request.actor, campaign, now=timezone.now())
        return redirect("report")
    chosen = request.GET.get("campaign", "")
    context = {
        "campaigns": [(each.code, words(each.name)) for each in selectors.campaigns_shown()[:20]],
        "chosen": chosen,
        "runs": _own_runs(request).defer("result").order_by("-id")[:RUNS],
    }
    return render(request, "board/report/page.html", context)


@gate(BOARD)
@require_GET
def progress(request: ActorRequest, run: int) -> HttpResponse:
    """One report in the list, asked for again until it is ready."""
    found = _own_runs(request).defer("result").filter(pk=run).first()
    if found is None:
        raise not_open("report")
    template = "board/report/run.html" if request.htmx else "board/report/one.html"
    return render(request, template, {"run": found})


@gate(BOARD)
@require_GET
def download(request: ActorRequest, run: int, kind: str) -> HttpResponse:
    """A report as HTML or PDF in one language, or its data as CSV (one file a table) or JSON."""
    found = _own_runs(request).filter(pk=run, state=BackgroundRun.State.DONE).first()
    if found is None or kind not in KINDS:
        raise not_open("report")
    form, _, language = kind.partition("-")
    if form == "pdf":
        return files.file_response(files.open_file(request.actor, int(found.result["pdf"][language])))
    if form == "html":
        name = f"{found.subject}-{language}.html"
        return files.download(found.result["html"][language], name=name, media_type="text/html")
    if form == "json":
        content = json.dumps({"campaign": found.subject, "tables": found.result["tables"]}, ensure_ascii=False)
        return files.download(content, name=f"{found.subject}.json", media_type="application/json")
    return files.download(_csv_archive(found), name=f"{found.subject}-csv.zip", media_type="application/zip")


def _own_runs(request: ActorRequest) -> QuerySet[BackgroundRun]:
    return BackgroundRun.objects.filter(account_id=request.actor.account, kind=tasks.KIND)


def _csv_archive(run: BackgroundRun) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, table in run.result["tables"].items():
            archive.writestr(f"{run.subject}-{key}.csv", write_csv(table["header"], table["rows"]))
    return buffer.getvalue()
