"""Learning from reports in the background: side effects only."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.problems import FormatProblem
from sipar.risks.estimate_models import ReportUpdate

KIND = "risk.reports"


@app.task(queue="reports")
def work_out_update(update: int) -> None:
    """Work one update out; whoever asked for it sees when it is done."""
    from sipar.risks.estimate_working import perform

    with acting(system(), reason="read what was asked of the reports"):
        found = ReportUpdate.objects.select_related("assumptions").get(pk=update)
    if found.state != "waiting":
        return
    progress = found.background or 0
    try:
        sentence = perform(found, now=timezone.now())
    except FormatProblem as problem:
        jobs.finish(progress, sentence=problem.sentence, failed=True, now=timezone.now())
    except Exception:
        jobs.finish(progress, sentence="It was not worked out. Ask for it again.", failed=True, now=timezone.now())
        raise
    else:
        jobs.finish(progress, sentence=sentence, now=timezone.now())
