"""Asking for a verification of the whole ledger."""

from __future__ import annotations

from datetime import datetime

from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.core.problems import Forbidden
from sipar.ledger.selectors import VERIFY

VERIFIERS = ("ombudsman", "administrator", "council_secretary")


def may_verify(actor: Actor) -> bool:
    """Those whose part it is to watch the others; a verification reads everything."""
    return actor.scopes is None and actor.holds(*VERIFIERS)


@action("ledger.verify")
def start_verification(actor: Actor, *, now: datetime) -> BackgroundRun:
    """Begin to verify in the background; returns the run that shows how far it is."""
    from sipar.ledger import tasks

    if not may_verify(actor):
        raise Forbidden("The ombudsman, the administrators and the Council's secretary verify the ledger.")
    run = jobs.start_run(actor, kind=VERIFY, now=now)
    tasks.verify_ledger.defer(run=run.pk)
    return run
