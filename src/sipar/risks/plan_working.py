"""One plan from its question to what is kept of it. Each step is a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sipar.core.acting import acting
from sipar.core.jobs import Ended, system
from sipar.formats.problems import FormatProblem
from sipar.posture.suppression import SMALLEST_CELL
from sipar.risks import national_inputs
from sipar.risks.claiming import claimed
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run, RunDetail
from sipar.risks.plan_files import keep_candidates, keep_table, kept_candidates, kept_table
from sipar.risks.plan_models import InvestmentPlan, PlanDetail, PlanPublication

if TYPE_CHECKING:
    import polars as pl

    from sipar.risk.plan import Begin
    from sipar.risk.plan_measures import Built

type Say = Callable[[int, int], object]

# Measures made, plan solved; the points of the frontier come between, the keeping last.
STEPS = 3
SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
TOTAL = STEPS + len(SHARES)
# A point of the frontier needs less proof than the plan itself.
FRONTIER_GAP, FRONTIER_SECONDS = 0.01, 20.0


def perform(plan: InvestmentPlan, *, now: datetime, say: Say | None = None) -> str:
    """Solve a waiting plan, keep it, and return the sentence about it. Call outside `acting`.

    A plan whose worker died is begun again. Raises Ended where it was cancelled or somebody else works on it, and
    FormatProblem where there is no such plan; the plan says then why.
    """
    with claimed(plan, failed="The plan was not solved.", said=_said, now=now):
        return _solved(plan, now=now, say=say)


def _solved(plan: InvestmentPlan, *, now: datetime, say: Say | None) -> str:
    from sipar.risk.plan import frontier, solve
    from sipar.risk.plan_question import chosen_from, limits_of, question_of
    from sipar.risk.plan_result import chosen_of, document_of, published

    tell = _watched(plan, say)
    question = question_of(plan.question)
    before = _detail_of(plan.based_on_id)
    built, digest = _built(plan, before)
    candidates = chosen_from(built, question)
    limits = limits_of(
        question, built, candidates, before=kept_table(before.chosen) if before and question.keep_until else None
    )
    tell(1, TOTAL)
    effort: dict[str, Any] = {"objective": question.objective}
    found = solve(candidates, limits, gap=question.gap, seconds=question.seconds, begin=_begin(before), **effort)
    tell(2, TOTAL)
    points = frontier(
        candidates,
        limits,
        gap=max(question.gap, FRONTIER_GAP),
        seconds=min(question.seconds, FRONTIER_SECONDS),
        shares=SHARES,
        say=lambda done, _all: tell(2 + done, TOTAL),
        **effort,
    )
    document = document_of(found, built, frontier=points)
    chosen = keep_table(chosen_of(found, built))
    return _keep(
        plan, document, published(document, k=SMALLEST_CELL), (digest, chosen, keep_table(found.limits_used)), now=now
    )


def _keep(
    plan: InvestmentPlan, detail: dict[str, Any], result: dict[str, Any], files: tuple[str, str, str], *, now: datetime
) -> str:
    candidates, chosen, limits = files
    sentence = "The plan is ready."
    with acting(system(), reason="keep a plan"):
        running = InvestmentPlan.objects.filter(pk=plan.pk, state="running")
        if not running.update(state="done", sentence=sentence, ended_at=now):
            raise Ended
        PlanPublication.objects.create(plan=plan, result=result)
        PlanDetail.objects.create(plan=plan, result=detail, candidates=candidates, chosen=chosen, limits=limits)
    return sentence


def _detail_of(plan: int | None) -> PlanDetail | None:
    with acting(system(), reason="read the plan that another one is based on"):
        return PlanDetail.objects.select_related("plan").filter(plan_id=plan or 0).first()


def _begin(before: PlanDetail | None) -> Begin | None:
    from sipar.risk.plan import Begin

    return Begin(kept_table(before.chosen), kept_table(before.limits)) if before is not None else None


def _built(plan: InvestmentPlan, before: PlanDetail | None) -> tuple[Built, str]:
    """What can be bought, and the digest of its file: what the plan before rested on, where the run is the same."""
    if before is not None and before.plan.run_id == plan.run_id:
        return kept_candidates(before.candidates), before.candidates
    built = _measures(plan.run_id)
    return built, keep_candidates(built)


def _measures(run: int) -> Built:
    import polars as pl

    from sipar.risk.plan_costs import measures_of
    from sipar.risk.plan_measures import LOSSES, build_candidates

    with acting(system(), reason="read what a plan is made from"):
        found = Run.objects.get(pk=run)
        assumptions = AssumptionSet.objects.get(pk=found.assumptions_id)
        detail = RunDetail.objects.get(run=run)
        losses = OrganisationLoss.objects.filter(run=run).values_list("organisation_id", "mean", "shortfall")
        lost = pl.DataFrame(list(losses), schema=LOSSES, orient="row")
    return build_candidates(
        measures_of(assumptions.document.get("measures") or {}),
        currency=assumptions.document["currency"],
        register=national_inputs.kept(found.inputs).register,
        prices=kept_table(detail.prices),
        losses=lost,
        providers=_providers(detail.result),
    )


def _providers(result: dict[str, Any]) -> pl.DataFrame:
    """What the failures of each shared provider cost, from the contributions of a run."""
    import polars as pl

    from sipar.risk.plan_measures import PROVIDERS

    dependents = {row["key"]: row.get("dependents") for row in result.get("providers", ())}
    rows = [
        (row["key"], row["mean"], row["shortfall"], dependents.get(row["key"]) or row.get("organisations") or 0)
        for row in result.get("contributions", {}).get("provider", ())
        if row["key"]
    ]
    return pl.DataFrame(rows, schema=PROVIDERS, orient="row")


def _watched(plan: InvestmentPlan, say: Say | None) -> Say:
    """Tell how far the work is, and end it where the plan was cancelled."""

    def tell(done: int, total: int) -> None:
        with acting(system(), reason="see whether a plan was cancelled"):
            if not InvestmentPlan.objects.filter(pk=plan.pk, state="running").exists():
                raise Ended
        if say is not None:
            say(done, total)

    return tell


def _said(problem: FormatProblem) -> str:
    """What is wrong, and where: a sentence for the page, which offers to change the question."""
    sentence = problem.sentence[:1].upper() + problem.sentence[1:]
    return f"{sentence} ({problem.where})." if problem.where else f"{sentence}."
