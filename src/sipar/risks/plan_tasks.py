"""Solving plans in the background, and putting what they buy on the roadmaps."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.people.selectors import asker_of
from sipar.risks.claiming import watched
from sipar.risks.plan_models import InvestmentPlan

SOLVING, PUSHING = "risk.plan", "risk.plan_push"


@app.task(queue="reports")
def solve_plan(plan: int) -> None:
    """Solve one plan and keep it; whoever asked for it sees how far it is."""
    from sipar.risks.plan_working import perform

    with acting(system(), reason="read what plan was asked for"):
        found = InvestmentPlan.objects.get(pk=plan)
    failed = "The plan was not solved. The log of the server says why; ask for it again."
    with watched(found, failed=failed) as (closing, say):
        closing.sentence = perform(found, now=timezone.now(), say=say)


@app.task(queue="reports")
def push_plan(plan: int) -> None:
    """Put what a plan buys on the roadmaps, as whoever asked for it: everything or nothing."""
    from sipar.risks.plan_pushing import place_on_roadmaps

    with acting(system(), reason="read what plan is put on roadmaps"):
        found = InvestmentPlan.objects.get(pk=plan)
    now = timezone.now()
    run, actor = asker_of(found.pushing or 0, now=now)
    failed = "The plan was not put on the roadmaps. The log of the server says why; ask for it again."
    with jobs.closing(run.pk, failed=failed) as closing:
        with acting(actor, reason="put a plan on the roadmaps"):
            place_on_roadmaps(actor, found, now=now)
        closing.sentence = "It is on the roadmaps."
