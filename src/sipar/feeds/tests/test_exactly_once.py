"""Workers that are killed at any moment, and workers that come at once: real processes, real PostgreSQL, one result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from tests.cast import find_cast
from tests.database import own_database

from sipar.core.acting import acting
from sipar.core.jobs import holding, system
from sipar.eventstore import lake
from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow
from sipar.feeds.tests.plain import report_of
from sipar.feeds.tests.stage import claim, make_feed, plain_reader, receive
from sipar.feeds.working import LOCKS, work_off
from sipar.notices.models import Finding

ROWS, BAD = 3_000, 7
PATIENCE_S = 120
POINTS = ("begun", "reading", "placed", "folded", "ended")
# A worker that ends itself without a word at one point of its work.
WORKER = """
import os, signal, sys, django
django.setup()
from tests.database import use_database
use_database(sys.argv[1])
from sipar.feeds import pipeline, working
from sipar.feeds.tests.stage import plain_reader
from sipar.notices import folding_actions

def die(*_given, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def run(*given, **named):
        function(*given, **named)
        die()
    return run

def second_time(function):
    calls = []
    def run(*given, **named):
        calls.append(1)
        return die() if len(calls) == 2 else function(*given, **named)
    return run

point = sys.argv[3]
if point == "begun":
    working._count = die
elif point == "reading":
    pipeline.finding_keys = second_time(pipeline.finding_keys)
elif point == "placed":
    working.end_batch = die
elif point == "folded":
    folding_actions.fold_batch = after(folding_actions.fold_batch)
elif point == "ended":
    working._count = after(working._count)
print("ready", flush=True)
sys.stdin.readline()
with plain_reader():
    working.work_off(int(sys.argv[2]))
"""


@pytest.fixture
def stage(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path: Path, settings: object
) -> Iterator[tuple[str, Feed]]:
    """A database and a folder of their own, and a feed in it."""
    settings.VAR = tmp_path  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), own_database() as name, plain_reader():  # type: ignore[attr-defined]
        cast = find_cast()
        claim(cast, "alpha", "198.51.0.0/18")
        feed = make_feed(cast, settings={"block": 1 << 14})
        try:
            yield name, feed
        finally:
            connections.close_all()


def a_report(place: int) -> bytes:
    """Rows that no other report has, with rows that cannot be read and a column that nobody knows."""
    data = report_of(ROWS, first=place * ROWS).replace(b"kind\n", b"kind,colour\n")
    return data + b"broken\n" * BAD


@contextmanager
def worker(database: str, feed: Feed, var: Path, point: str = "") -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sipar.config.settings", "SIPAR_VAR": str(var)}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", WORKER, database, str(feed.pk), point],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def let_go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def require_counted_once(reports: int) -> None:
    """Everything of so many reports is there, and nothing twice."""
    store = lake()
    days = store.days()
    rows = store.observations(days[0], days[-1], columns=["row"])["row"].to_pylist()
    with acting(system(), reason="look"):
        states = list(Batch.objects.values_list("state", "kept", "duplicates", "quarantined"))
        assert states == [("done", ROWS, 0, BAD)] * reports
        assert sum(Finding.objects.values_list("count", flat=True)) == ROWS * reports
        assert QuarantinedRow.objects.count() == BAD * reports
        assert Drift.objects.count() == 1
    assert (len(rows), len(set(rows))) == (ROWS * reports, ROWS * reports)


def test_a_worker_killed_at_any_point_is_followed_by_another_and_everything_counts_once(
    stage: tuple[str, Feed], tmp_path: Path
) -> None:
    database, feed = stage
    for place, point in enumerate(POINTS):
        batch = receive(feed, a_report(place), name=f"{point}.csv")
        connections.close_all()
        with worker(database, feed, tmp_path, point) as process:
            let_go(process)
            assert process.wait(PATIENCE_S) == -signal.SIGKILL
        with acting(system(), reason="look"):
            left = Batch.objects.get(pk=batch.pk)
        assert left.state == ("done" if point == "ended" else "running"), point
        assert left.attempt == 1
        ended = work_off(feed.pk)
        assert [one.attempt for one in ended] == ([] if point == "ended" else [2]), point
        require_counted_once(place + 1)


def test_two_workers_at_once_count_everything_once(stage: tuple[str, Feed], tmp_path: Path) -> None:
    database, feed = stage
    for place in range(3):
        receive(feed, a_report(place), name=f"{place}.csv")
    connections.close_all()
    with worker(database, feed, tmp_path) as one, worker(database, feed, tmp_path) as other:
        let_go(one)
        let_go(other)
        assert (one.wait(PATIENCE_S), other.wait(PATIENCE_S)) == (0, 0)
    require_counted_once(3)
    with acting(system(), reason="look"):
        assert set(Batch.objects.values_list("attempt", flat=True)) == {1}


def test_a_worker_that_was_thought_dead_cannot_end_a_batch_that_another_began(stage: tuple[str, Feed]) -> None:
    from sipar.feeds import working

    _database, feed = stage
    receive(feed, a_report(0))
    with holding(LOCKS, feed.pk) as mine:
        assert mine
        batch = working._begin(feed.pk)
    assert batch is not None
    with acting(system(), reason="another worker begins it"):
        Batch.objects.filter(pk=batch.pk).update(attempt=2)
    working._count(batch, lambda _batch, _taken: None)
    with acting(system(), reason="look"):
        assert Batch.objects.get(pk=batch.pk).state == "running"
        assert not Finding.objects.exists()
    work_off(feed.pk)
    require_counted_once(1)
