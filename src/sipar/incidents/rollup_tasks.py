"""Once an hour: the clock of the next roll-up stands, where the operator has set a period."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.rollup_actions import plan_next
from sipar.obligations.register_facts import served_nation


@app.periodic(cron="7 * * * *")
@app.task(queue="house", queueing_lock="plan_rollups", pass_context=False)
def plan_rollups(timestamp: int) -> None:
    """Start the clock of the roll-up of the period that runs."""
    sipar = system()
    with acting(sipar, reason="plan the next roll-up"):
        plan_next(sipar, now=timezone.now(), zone=ZoneInfo(served_nation().time_zone))
