"""Background jobs of the house itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system

# A worker says every 10 s that it lives; one that has been silent for this long is dead.
SILENCE_S = 45
# A job that takes every worker down with it is given up.
MOST_ATTEMPTS = 3


@app.periodic(cron="* * * * *")
@app.task(queue="house", queueing_lock="seal_ledger", pass_context=False)
def seal_ledger(timestamp: int) -> None:
    """Seal the events of the last minute into the ledger and sign a checkpoint."""
    now = timezone.now()
    with acting(system(), reason="seal the ledger"):
        ledger.seal(now=now)


@app.periodic(cron="* * * * *")
@app.task(queue="house", queueing_lock="take_up_jobs", pass_context=True)
async def take_up_jobs(context: JobContext, timestamp: int) -> None:
    """Hand the jobs of a worker that died to another one, so that nothing waits for them or for the locks they held."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE_S):
        if job.attempts >= MOST_ATTEMPTS or not await _handed_on(manager, job):
            await manager.finish_job(job, Status.FAILED, delete_job=False)


async def _handed_on(manager: JobManager, job: Job) -> bool:
    """Whether the job waits again; not where the same one waits already. Every task can be done twice."""
    try:
        await manager.retry_job(job)
    except UniqueViolation:
        return False
    return True
