"""The minute hand: look at the clocks, then tell people. Deadlines themselves are columns, never jobs.

procrastinate defers a periodic task for the minute that has just passed as soon as a worker starts, so the first look
comes at the start and not a minute later; what fell due while no worker was there is found then.
"""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.obligations.reminders import deliver_reminders
from sipar.obligations.replay_tasks import replay_laws
from sipar.obligations.scan import scan

__all__ = ["mail_reminders", "replay_laws", "watch_deadlines"]


@app.periodic(cron="* * * * *")
@app.task(queue="house", queueing_lock="watch_deadlines", pass_context=False)
def watch_deadlines(timestamp: int) -> None:
    """Record what fell due and write the reminders."""
    scan()


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="mail_reminders", pass_context=False)
def mail_reminders(timestamp: int) -> None:
    """Mail the reminders that wait."""
    deliver_reminders(now=timezone.now())
