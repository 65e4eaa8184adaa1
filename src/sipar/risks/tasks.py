"""Running the model in the background, and drawing its report."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.people.selectors import asker_of
from sipar.risks import plan_tasks, selectors
from sipar.risks.claiming import watched
from sipar.risks.models import Run
from sipar.ui.reports import draw_pages

# The worker finds tasks here only.
__all__ = ["KIND", "REPORT", "draw_risk_report", "plan_tasks", "run_model"]

KIND, REPORT = "risk.run", "risk.report"


@app.task(queue="reports")
def run_model(run: int) -> None:
    """Work one run out and keep what it says; whoever asked for it sees how far it is."""
    from sipar.risks.working import perform

    with acting(system(), reason="read what run was asked for"):
        found = Run.objects.select_related("assumptions").get(pk=run)
    failed = "The run did not end well. The log of the server says why; ask for it again."
    with watched(found, failed=failed) as (closing, say):
        closing.sentence = perform(found, now=timezone.now(), say=say)


@app.task(queue="reports")
def draw_risk_report(run: int) -> None:
    """Draw the report of a run as its asker may see it."""
    from sipar.risks.national_report import report_html

    now = timezone.now()
    found, actor = asker_of(run, now=now)

    def html(language: str) -> str:
        return report_html(actor, selectors.access_run(actor, int(found.subject)), language, now=now)

    draw_pages(actor, run, html=html, name=f"risk-{found.subject}", now=now)
