"""Plans asked for, cancelled, and put on the roadmaps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.risks.models import Run
from sipar.risks.plan_models import InvestmentPlan
from sipar.risks.plan_pushing import require_may_push
from sipar.risks.plan_tasks import PUSHING, SOLVING, push_plan, solve_plan
from sipar.risks.policy import require_may_model

LONGEST_TITLE = 200


@action("risk_plan.ask")
def ask_plan(
    actor: Actor,
    run: Run,
    question: Mapping[str, Any],
    *,
    title: str,
    now: datetime,
    based_on: InvestmentPlan | None = None,
) -> InvestmentPlan:
    """Ask for a plan on the prices of a run; it is solved in the background.

    `based_on` is the plan that this one changes: the search begins from it, and what the question keeps of it
    (`keep_until`) is in the new plan too. Raises Invalid where the question is not sound, with its place.
    """
    require_may_model(actor)
    if run.state != "done":
        raise Conflict("Only a run that is done has prices to plan with.", code="risk.state")
    if based_on is not None and based_on.state != "done":
        raise Conflict("Only a plan that is solved can be changed.", code="risk.state")
    clean = " ".join(title.split())[:LONGEST_TITLE]
    if not clean:
        sentence = "Give it a short title."
        raise Invalid(sentence, code="risk.title", places=[Place("title", sentence)])
    document = _sound(run, question)
    progress = jobs.start_run(actor, kind=SOLVING, subject=str(run.pk), total=1, now=now)
    plan = InvestmentPlan.objects.create(
        run=run,
        based_on=based_on,
        title=clean,
        question=document,
        background=progress.pk,
        asked_by_id=actor.account,
        asked_at=now,
    )
    solve_plan.defer(plan=plan.pk)
    return plan


@action("risk_plan.cancel")
def cancel_plan(actor: Actor, plan: InvestmentPlan, *, now: datetime) -> None:
    """End a plan before it is solved; what works on it notices at its next step and keeps nothing."""
    require_may_model(actor)
    asked = InvestmentPlan.objects.filter(pk=plan.pk, state__in=("waiting", "running"))
    if not asked.update(state="cancelled", ended_at=now, sentence="Cancelled before it was solved."):
        raise Conflict("This plan has ended already.", code="risk.state")


@action("risk_plan.push")
def ask_push(actor: Actor, plan: InvestmentPlan, *, now: datetime) -> InvestmentPlan:
    """Ask that what a plan closes is put on the roadmaps, once; it is done in the background."""
    require_may_push(actor)
    found = InvestmentPlan.objects.select_for_update(of=("self",)).select_related("run").get(pk=plan.pk)
    if found.state != "done" or found.run.campaign_id is None:
        raise Conflict("Only a solved plan over the answers of a campaign goes on roadmaps.", code="risk.state")
    if found.pushed_at is not None or _is_pushing(found):
        raise Conflict("This plan is on the roadmaps already.", code="risk.pushed")
    progress = jobs.start_run(actor, kind=PUSHING, subject=str(found.pk), total=1, now=now)
    found.pushing, found.pushed_by_id = progress.pk, actor.account
    found.save(update_fields=["pushing", "pushed_by_id"])
    push_plan.defer(plan=found.pk)
    return found


def _is_pushing(plan: InvestmentPlan) -> bool:
    """Whether it is being put on the roadmaps now. Whose run it is not cannot see it, and is told that it is."""
    if plan.pushing is None:
        return False
    run = BackgroundRun.objects.filter(pk=plan.pushing).first()
    return run is None or run.state in (BackgroundRun.State.WAITING, BackgroundRun.State.RUNNING)


def _sound(run: Run, question: Mapping[str, Any]) -> dict[str, Any]:
    """The question as it is kept. Raises Invalid with the place of what is wrong."""
    from sipar.risk.plan_costs import measures_of
    from sipar.risk.plan_question import document_of, question_of

    try:
        asked = question_of(question)
        known = measures_of(run.assumptions.document.get("measures") or {})
        _known(asked.components, known.components, "components")
        _known([milestone.component for milestone in asked.milestones], known.components, "milestones")
        _known(asked.capacities, known.capacities, "capacities")
        currency = run.assumptions.document["currency"]
        if asked.currency != currency:
            sentence = f"The prices are in {currency}, so that the budget is too."
            raise FormatProblem("currency-mix", sentence, "currency")
    except FormatProblem as problem:
        place = Place(problem.where.partition("/")[0], problem.sentence)
        raise Invalid("This cannot be planned yet.", code=problem.code, places=[place]) from problem
    return document_of(asked)


def _known(names: Any, known: tuple[str, ...], where: str) -> None:
    for name in names:
        if name not in known:
            raise FormatProblem("unknown-name", f"The assumptions have no “{name}”.", where)
