"""Learning from reports in the background: side effects only."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
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
    with jobs.closing(found.background or 0, failed="It was not worked out. Ask for it again.") as closing:
        closing.sentence = perform(found, now=timezone.now())
