"""Background work on the lake."""

from __future__ import annotations

import logging
from datetime import UTC

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.eventstore import lake
from sipar.eventstore.keeping import keep

log = logging.getLogger(__name__)


# At night in Asia/Karachi, when a UTC day has ended and before the reports of it come.
@app.periodic(cron="17 0 * * *")
@app.task(queue="house", queueing_lock="keep_lake", lock="keep_lake", pass_context=False)
def keep_lake(timestamp: int) -> None:
    """Merge yesterday's parts, and remove what feeds keep no longer."""
    from sipar.feeds.models import Feed

    with acting(system(), reason="read how long feeds are kept"):
        keep_days = dict(Feed.objects.values_list("code", "keep_days"))
    done = keep(lake(), keep_days=keep_days, today=timezone.now().astimezone(UTC).date())
    log.info("lake: %s merged, %s retired, %s files removed", done.merged, done.retired, done.swept)
