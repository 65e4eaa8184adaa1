"""Background work: who a job acts as, and how its starter sees the progress.

A job is a procrastinate task that does its work in short transactions of its own, each inside `acting`, so that
progress shows while it runs and a crash loses one step at most. Deadlines are never jobs (design decision 6).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.utils import timezone

from sipar.core.acting import Actor, Grant, acting
from sipar.core.models import BackgroundRun
from sipar.core.problems import Problem
from sipar.formats.problems import FormatProblem


def system() -> Actor:
    """Sipar itself: what jobs and the command line act as. It cannot sign in."""
    account = get_user_model().objects.get(is_system=True)
    return Actor(account=account.pk, name=account.name, grants=(Grant("system"),), verified=True)


def start_run(actor: Actor, *, kind: str, subject: str = "", total: int = 0, now: datetime) -> BackgroundRun:
    """Record that background work was asked for; call inside `acting`, then defer the job with the run's id."""
    return BackgroundRun.objects.create(
        account_id=actor.account, kind=kind, subject=subject, total=total, started_at=now
    )


def report(run: int, *, done: int, total: int) -> None:
    """Say how far a run is; a transaction of its own."""
    with acting(system(), reason="report progress"):
        BackgroundRun.objects.filter(pk=run).update(state=BackgroundRun.State.RUNNING, done=done, total=total)


def finish(
    run: int, *, sentence: str, failed: bool = False, now: datetime, result: dict[str, object] | None = None
) -> None:
    """Close a run with a plain sentence; a transaction of its own."""
    state = BackgroundRun.State.FAILED if failed else BackgroundRun.State.DONE
    with acting(system(), reason="finish background work"):
        BackgroundRun.objects.filter(pk=run).update(state=state, sentence=sentence, ended_at=now, result=result or {})


class Ended(Exception):
    """The work was cancelled, or is somebody else's already: nothing of it is kept."""


@dataclass
class Closing:
    """What a run will say when its work is done, and what it will hold."""

    sentence: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def closing(run: int, *, failed: str, kept: dict[str, Any] | None = None) -> Iterator[Closing]:
    """Close a run however the work in the body ends. Call outside `acting`.

    What Sipar refuses closes it with the words of the refusal. Anything else closes it with `failed`, and is raised
    again for the log. Where the body raises Ended, whoever has the work closes the run. `kept` is the result of a run
    that failed.
    """
    ending = Closing()
    try:
        yield ending
    except Ended:
        return
    except (Problem, FormatProblem) as problem:
        finish(run, sentence=said(problem), failed=True, now=timezone.now(), result=kept)
    except Exception:
        finish(run, sentence=failed, failed=True, now=timezone.now(), result=kept)
        raise
    else:
        finish(run, sentence=ending.sentence, now=timezone.now(), result=ending.result)


def said(problem: Problem | FormatProblem) -> str:
    """A refusal in one sentence, with the place in the file where it has one."""
    return problem.sentence if isinstance(problem, Problem) else str(problem)


@contextlib.contextmanager
def holding(space: int, number: int) -> Iterator[bool]:
    """Whether this process has the work while the body runs; false where another has it. Outside any transaction.

    `space` is four letters in ASCII, one for each kind of work. PostgreSQL lets go of the lock the moment that the
    process is gone, however it went: work that says it is running, and that nobody holds, may be begun again.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [space, number])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        # A broken connection has let go of the lock already.
        with contextlib.suppress(DatabaseError):
            if mine:
                with connection.cursor() as cursor:
                    cursor.execute("select pg_advisory_unlock(%s, %s)", [space, number])
