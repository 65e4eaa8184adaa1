"""Solving plans in the background, and putting what they buy on the roadmaps."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Problem
from sipar.formats.problems import FormatProblem
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.risks.plan_models import InvestmentPlan

SOLVING, PUSHING = "risk.plan", "risk.plan_push"


@app.task(queue="reports")
def solve_plan(plan: int) -> None:
    """Solve one plan and keep it; whoever asked for it sees how far it is."""
    from sipar.risks.plan_working import perform

    with acting(system(), reason="read what plan was asked for"):
        found = InvestmentPlan.objects.get(pk=plan)
    progress = found.background or 0

    def say(done: int, total: int) -> None:
        jobs.report(progress, done=done, total=total)

    try:
        sentence = perform(found, now=timezone.now(), say=say)
    except jobs.Ended:
        # Whoever was faster says itself how it ended.
        with acting(system(), reason="see why a plan had ended"):
            cancelled = InvestmentPlan.objects.filter(pk=plan, state="cancelled").exists()
        if cancelled:
            jobs.finish(progress, sentence="Cancelled before it was done.", failed=True, now=timezone.now())
    except FormatProblem as problem:
        jobs.finish(progress, sentence=problem.sentence, failed=True, now=timezone.now())
    except Exception:
        sentence = "The plan was not solved. The log of the server says why; ask for it again."
        jobs.finish(progress, sentence=sentence, failed=True, now=timezone.now())
        raise
    else:
        jobs.finish(progress, sentence=sentence, now=timezone.now())


@app.task(queue="reports")
def push_plan(plan: int) -> None:
    """Put what a plan buys on the roadmaps, as whoever asked for it: everything or nothing."""
    from sipar.risks.plan_pushing import place_on_roadmaps

    with acting(system(), reason="read what plan is put on roadmaps"):
        found = InvestmentPlan.objects.get(pk=plan)
    now = timezone.now()
    actor = actor_of(Account.objects.get(pk=found.pushed_by_id or 0), now=now, verified=True)
    progress = found.pushing or 0
    try:
        with acting(actor, reason="put a plan on the roadmaps"):
            place_on_roadmaps(actor, found, now=now)
    except (Problem, FormatProblem) as problem:
        jobs.finish(progress, sentence=problem.sentence, failed=True, now=timezone.now())
    except Exception:
        sentence = "The plan was not put on the roadmaps. The log of the server says why; ask for it again."
        jobs.finish(progress, sentence=sentence, failed=True, now=timezone.now())
        raise
    else:
        jobs.finish(progress, sentence="It is on the roadmaps.", now=timezone.now())
