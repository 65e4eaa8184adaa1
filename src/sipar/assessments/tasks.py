"""Background jobs of campaigns."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.assessments.campaign_launch import give_up_launch, launch_steps
from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Problem


@app.task(queue="campaigns")
def launch(campaign: int, run: int) -> None:
    """Place the assessments of a campaign that is being launched, and open it. Doing it twice changes nothing."""
    total = 0
    try:
        for progress in launch_steps(campaign, now=timezone.now()):
            total = progress.total
            jobs.report(run, done=progress.done, total=progress.total)
    except Problem as problem:
        _give_up(campaign, run, problem.sentence)
        return
    except Exception:
        _give_up(campaign, run, "The launch failed. The campaign is a draft again; the log of the server says more.")
        raise
    jobs.finish(run, sentence="The campaign is open.", now=timezone.now(), result={"organisations": total})


def _give_up(campaign: int, run: int, sentence: str) -> None:
    sipar = system()
    with acting(sipar, reason="give up a launch"):
        give_up_launch(sipar, campaign)
    jobs.finish(run, sentence=sentence, failed=True, now=timezone.now())
