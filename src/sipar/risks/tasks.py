"""Running the model in the background, and drawing its report."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.files import keep_file
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.formats.problems import FormatProblem
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.risks import plan_tasks, selectors
from sipar.risks.models import Run
from sipar.ui.pdf import pdf_of

# The worker finds tasks here only.
__all__ = ["KIND", "REPORT", "draw_risk_report", "plan_tasks", "run_model"]

KIND, REPORT = "risk.run", "risk.report"
REPORT_STEPS = 4


@app.task(queue="reports")
def run_model(run: int) -> None:
    """Work one run out and keep what it says; whoever asked for it sees how far it is."""
    from sipar.risks.working import perform

    with acting(system(), reason="read what run was asked for"):
        found = Run.objects.select_related("assumptions").get(pk=run)
    progress = found.background or 0

    def say(done: int, total: int) -> None:
        jobs.report(progress, done=done, total=total)

    try:
        sentence = perform(found, now=timezone.now(), say=say)
    except jobs.Ended:
        # Whoever was faster (`sipar risks run`, the demonstration) says itself how it ended.
        with acting(system(), reason="see why a run had ended"):
            cancelled = Run.objects.filter(pk=run, state="cancelled").exists()
        if cancelled:
            jobs.finish(progress, sentence="Cancelled before it was done.", failed=True, now=timezone.now())
    except FormatProblem as problem:
        jobs.finish(progress, sentence=f"{problem.sentence} ({problem.where})", failed=True, now=timezone.now())
    except Exception:
        sentence = "The run did not end well. The log of the server says why; ask for it again."
        jobs.finish(progress, sentence=sentence, failed=True, now=timezone.now())
        raise
    else:
        jobs.finish(progress, sentence=sentence, now=timezone.now())


@app.task(queue="reports")
def draw_risk_report(run: int) -> None:
    """Draw the report of a run as its asker may see it: as Sipar itself, a Council member would get every cell."""
    from sipar.risks.national_report import LANGUAGES, report_html

    with acting(system(), reason="read what report was asked for"):
        found = BackgroundRun.objects.get(pk=run)
    now = timezone.now()
    actor = actor_of(Account.objects.get(pk=found.account_id), now=now, verified=True)
    result: dict[str, Any] = {"html": {}, "pdf": {}}
    try:
        for place, language in enumerate(LANGUAGES):
            with acting(actor, reason="draw the report of a risk run"):
                html = report_html(actor, selectors.access_run(actor, int(found.subject)), language, now=now)
            result["html"][language] = html
            jobs.report(run, done=1 + 2 * place, total=REPORT_STEPS)
            pdf = pdf_of(html)
            with acting(actor, reason="keep the report of a risk run"):
                name = f"risk-{found.subject}-{language}.pdf"
                result["pdf"][language] = keep_file(actor, pdf, name=name, organisation=None, now=now).pk
            jobs.report(run, done=2 + 2 * place, total=REPORT_STEPS)
    except Exception:
        sentence = "The report could not be drawn. The log of the server says why; ask for it again."
        jobs.finish(run, sentence=sentence, failed=True, now=timezone.now())
        raise
    jobs.finish(run, sentence="The report is ready.", now=timezone.now(), result=result)
