"""The jobs of a worker that died go to another one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from procrastinate import App, JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.testing import InMemoryConnector

from sipar.core.tasks import MOST_ATTEMPTS, take_up_jobs


@pytest.fixture
def queue() -> Iterator[App]:
    """Jobs kept in memory, as procrastinate's own tests keep them."""
    app = App(connector=InMemoryConnector())
    with app.open():
        yield app


def begun(app: App, *, worker: int | None, attempts: int = 0, queueing_lock: str | None = None) -> int:
    """A job that some worker works on."""
    number = app.configure_task("work", queue="reports", lock="one", queueing_lock=queueing_lock).defer(run=7)
    row = app.connector.jobs[number]  # type: ignore[attr-defined]
    row |= {"status": "doing", "worker_id": worker, "attempts": attempts}
    return number


def take_up(app: App) -> None:
    job = Job(id=0, queue="house", lock=None, queueing_lock=None, task_name="take_up_jobs")
    context = JobContext(app=app, job=job, start_timestamp=0.0, abort_reason=lambda: None)
    asyncio.run(take_up_jobs.func(context, timestamp=0))


def state(app: App, number: int) -> str:
    return str(app.connector.jobs[number]["status"])  # type: ignore[attr-defined]


def test_a_job_whose_worker_died_waits_again_and_one_whose_worker_lives_goes_on(queue: App) -> None:
    living = asyncio.run(queue.job_manager.register_worker())
    orphan, going = begun(queue, worker=None), begun(queue, worker=living)
    take_up(queue)
    assert (state(queue, orphan), state(queue, going)) == ("todo", "doing")


def test_a_job_that_took_several_workers_down_is_given_up_and_lets_go_of_its_lock(queue: App) -> None:
    number = begun(queue, worker=None, attempts=MOST_ATTEMPTS)
    take_up(queue)
    assert state(queue, number) == "failed"


def test_a_job_that_waits_a_second_time_already_ends(queue: App, monkeypatch: pytest.MonkeyPatch) -> None:
    number = begun(queue, worker=None, queueing_lock="once")

    async def refuse(_manager: JobManager, _job: Job) -> None:
        raise UniqueViolation(constraint_name="procrastinate_jobs_queueing_lock_idx_v1", queueing_lock="once")

    monkeypatch.setattr(JobManager, "retry_job", refuse)
    take_up(queue)
    assert state(queue, number) == "failed"
