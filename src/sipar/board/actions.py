"""Asking for the national report."""

from __future__ import annotations

from datetime import datetime

from sipar.assessments.models import Campaign
from sipar.board import tasks
from sipar.board.policy import require_may_read_board
from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.ui.reports import STEPS


@action("report.ask")
def ask_for_report(actor: Actor, campaign: Campaign, *, now: datetime) -> BackgroundRun:
    """Begin to draw the report of a campaign in the background, as the one who asks may see it."""
    require_may_read_board(actor)
    run = jobs.start_run(actor, kind=tasks.KIND, subject=campaign.code, total=STEPS, now=now)
    tasks.draw_report.defer(run=run.pk)
    return run
