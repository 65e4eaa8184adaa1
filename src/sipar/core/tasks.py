"""Background jobs of the house itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system


@app.periodic(cron="* * * * *")
@app.task(queue="house", queueing_lock="seal_ledger", pass_context=False)
def seal_ledger(timestamp: int) -> None:
    """Seal the events of the last minute into the ledger and sign a checkpoint."""
    now = timezone.now()
    with acting(system(), reason="seal the ledger"):
        ledger.seal(now=now)
