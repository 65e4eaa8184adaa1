"""Background jobs of campaigns."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.assessments.campaign_launch import give_up_launch, launch_steps
from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system


@app.task(queue="campaigns")
def launch(campaign: int, run: int) -> None:
    """Place the assessments of a campaign that is being launched, and open it. Doing it twice changes nothing."""
    failed = "The launch failed. The campaign is a draft again; the log of the server says more."
    with jobs.closing(run, failed=failed) as closing:
        closing.sentence = "The campaign is open."
        try:
            for progress in launch_steps(campaign, now=timezone.now()):
                jobs.report(run, done=progress.done, total=progress.total)
                closing.result = {"organisations": progress.total}
        except Exception:
            sipar = system()
            with acting(sipar, reason="give up a launch"):
                give_up_launch(sipar, campaign)
            raise
