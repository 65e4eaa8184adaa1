"""What the nation's loss rests on, and what runs of the model say, as their reader may see it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run, RunDetail, RunPublication
from sipar.risks.policy import require_may_read_nation

type Result = dict[str, Any]

RUNS = 50


def assumptions_in_use(actor: Actor) -> AssumptionSet | None:
    """The version that counts, or None before the first was put to use. Everyone who has signed in may read it."""
    return AssumptionSet.objects.filter(state="in_use").first()


def versions_of_assumptions(actor: Actor) -> QuerySet[AssumptionSet]:
    """Every version that the actor may see, the newest first, without the documents."""
    return AssumptionSet.objects.defer("document").order_by("-number")


def access_assumptions(actor: Actor, number: int) -> AssumptionSet:
    """One version by its number; raises NotFound for a draft of others' and for what does not exist."""
    found = AssumptionSet.objects.select_related("based_on").filter(number=number).first()
    if found is None:
        raise not_open("version")
    return found


def latest_run(actor: Actor) -> Run | None:
    """The run that counts: the newest one that is done with the assumptions put to use last; None before the first.

    Runs of drafts and repeated runs never count.
    """
    return (
        Run.objects.filter(state="done", repeats=None, assumptions__state__in=("in_use", "retired"))
        .select_related("assumptions", "campaign")
        .defer("assumptions__document", "campaign__cohort")
        .order_by("-assumptions__used_at", "-asked_at", "-pk")
        .first()
    )


def runs_seen(actor: Actor) -> QuerySet[Run]:
    """The runs that the actor may see, the newest first."""
    require_may_read_nation(actor)
    return Run.objects.select_related("assumptions").defer("assumptions__document").order_by("-asked_at", "-pk")


def access_run(actor: Actor, run: int) -> Run:
    """One run; raises NotFound where the actor may not see it."""
    require_may_read_nation(actor)
    found = Run.objects.select_related("assumptions", "campaign", "repeats").filter(pk=run).first()
    if found is None:
        raise not_open("run")
    return found


def progress_of(run: Run) -> BackgroundRun | None:
    """How far a run is; None for whoever did not ask for it."""
    return BackgroundRun.objects.filter(pk=run.background or 0).first()


def publication_of(actor: Actor, run: Run) -> Result | None:
    """What a run says of the nation with small cells hidden; None where it said nothing."""
    require_may_read_nation(actor)
    found = RunPublication.objects.filter(run=run).first()
    return found.result if found is not None else None


def detail_of(actor: Actor, run: Run) -> RunDetail | None:
    """The same unrounded, with every cell; None for who may not see the organisations behind the numbers."""
    return RunDetail.objects.filter(run=run).first()


def result_of(actor: Actor, run: Run) -> tuple[Result | None, bool]:
    """What a run says as exactly as the actor may read it, and whether that is every cell."""
    detail = detail_of(actor, run)
    if detail is not None:
        return detail.result, True
    return publication_of(actor, run), False


def losses_of(actor: Actor, organisation: int) -> OrganisationLoss | None:
    """What the run that counts says of one organisation; None where the actor may not see it, or nothing is said."""
    run = latest_run(actor)
    if run is None:
        return None
    return OrganisationLoss.objects.filter(run=run, organisation=organisation).select_related("run").first()


def runs_of(actor: Actor, assumptions: AssumptionSet) -> list[Run]:
    """The runs made with one version, the newest first."""
    return list(runs_seen(actor).filter(assumptions=assumptions)[:RUNS])
