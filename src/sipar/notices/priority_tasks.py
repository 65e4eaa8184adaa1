"""What to fix first is worked out for new findings within minutes, and for all of them every night."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.priority_actions import rank_findings


@app.periodic(cron="*/5 * * * *")
@app.task(queue="house", queueing_lock="rank_new_findings", lock="rank_findings", pass_context=False)
def rank_new_findings(timestamp: int) -> None:
    """Give a priority to the findings that have none yet."""
    sipar = system()
    with acting(sipar, reason="rank new findings"):
        rank_findings(sipar, now=timezone.now(), only_new=True)


@app.periodic(cron="10 2 * * *")
@app.task(queue="house", queueing_lock="rank_all_findings", lock="rank_findings", pass_context=False)
def rank_all_findings(timestamp: int) -> None:
    """Learn what is likely to be exploited from what is known today, and rank every open finding by it."""
    from sipar.vulnerabilities.priority_actions import estimate_likelihoods

    sipar = system()
    with acting(sipar, reason="learn what is likely to be exploited"):
        estimate_likelihoods(sipar, now=timezone.now())
    with acting(sipar, reason="rank every finding"):
        rank_findings(sipar, now=timezone.now())
