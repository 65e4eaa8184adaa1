"""Background jobs of help."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.support.actions import escalate_unaccepted


@app.periodic(cron="* * * * *")
@app.task(queue="house", queueing_lock="escalate_support", pass_context=False)
def escalate_support(timestamp: int) -> None:
    """Ask the next CERT wherever nobody accepted in time."""
    sipar = system()
    with acting(sipar, reason="escalate requests for help that nobody accepted"):
        escalate_unaccepted(sipar, now=timezone.now())
