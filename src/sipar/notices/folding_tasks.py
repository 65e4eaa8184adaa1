"""Findings that nobody sees any more grow stale by the clock."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.folding_actions import age_findings


@app.periodic(cron="41 * * * *")
@app.task(queue="house", queueing_lock="age_findings", pass_context=False)
def age_unseen_findings(timestamp: int) -> None:
    """Call findings stale, and later old, that no report has held for long."""
    with acting(system(), reason="findings that nobody has seen lately"):
        age_findings(now=timezone.now())
