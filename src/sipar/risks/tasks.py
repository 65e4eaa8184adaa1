"""Running the model in the background, and drawing its report."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.problems import FormatProblem
from sipar.risks.models import Run

KIND = "risk.run"


@app.task(queue="reports")
def run_model(run: int) -> None:
    """Work one run out and keep what it says; whoever asked for it sees how far it is."""
    from sipar.risks.working import Ended, perform

    with acting(system(), reason="read what run was asked for"):
        found = Run.objects.select_related("assumptions").get(pk=run)
    progress = found.background or 0

    def say(done: int, total: int) -> None:
        jobs.report(progress, done=done, total=total)

    try:
        sentence = perform(found, now=timezone.now(), say=say)
    except Ended:
        jobs.finish(progress, sentence="Cancelled before it was done.", failed=True, now=timezone.now())
    except FormatProblem as problem:
        jobs.finish(progress, sentence=f"{problem.sentence} ({problem.where})", failed=True, now=timezone.now())
    except Exception:
        sentence = "The run did not end well. The log of the server says why; ask for it again."
        jobs.finish(progress, sentence=sentence, failed=True, now=timezone.now())
        raise
    else:
        jobs.finish(progress, sentence=sentence, now=timezone.now())
