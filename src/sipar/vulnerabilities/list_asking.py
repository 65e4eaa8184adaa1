"""Asking for a list to be fetched or read in the background."""

from __future__ import annotations

from datetime import datetime

from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import Stored
from sipar.core.models import BackgroundRun
from sipar.vulnerabilities import tasks
from sipar.vulnerabilities.models import Source
from sipar.vulnerabilities.policy import require_may_keep_lists
from sipar.vulnerabilities.selectors import FETCHED, GIVEN


@action("vulnerability.ask_fetch")
def ask_to_fetch(actor: Actor, source: Source, *, now: datetime) -> BackgroundRun:
    """Fetch a list now, in the background."""
    require_may_keep_lists(actor)
    run = jobs.start_run(actor, kind=FETCHED, subject=source.code, total=tasks.LIST_STEPS, now=now)
    tasks.fetch_one.defer(source=source.pk, run=run.pk)
    return run


@action("vulnerability.give_list")
def give_list(actor: Actor, stored: Stored, *, name: str, now: datetime) -> BackgroundRun:
    """Read a file that is kept already, in the background."""
    require_may_keep_lists(actor)
    run = jobs.start_run(actor, kind=GIVEN, subject=name[:100], total=tasks.LIST_STEPS, now=now)
    tasks.read_given.defer(sha256=stored.sha256, name=name, run=run.pk)
    return run
