"""Every five minutes, after new findings were ranked, all are counted for the pages."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.exposure_counting import count_exposure


@app.periodic(cron="2-59/5 * * * *")
@app.task(queue="house", queueing_lock="count_exposure", pass_context=False)
def count_findings(timestamp: int = 0) -> None:
    """Count the findings anew."""
    sipar = system()
    with acting(sipar, reason="count findings"):
        count_exposure(sipar, now=timezone.now())
