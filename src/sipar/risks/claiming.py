"""Who works on a run or a plan: one process at a time, and the next one where that died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import Ended, holding, system
from sipar.formats.problems import FormatProblem
from sipar.risks.models import Run
from sipar.risks.plan_models import InvestmentPlan

# "risk" and "plan" in ASCII: the name spaces of these locks among all advisory locks.
LOCKS = {Run: 0x7269736B, InvestmentPlan: 0x706C616E}


@contextmanager
def claimed[Work: (Run, InvestmentPlan)](
    work: Work, *, failed: str, said: Callable[[FormatProblem], str], now: datetime
) -> Iterator[None]:
    """The work is this process's alone, and running, while the body runs. Call outside `acting`.

    Work whose process died is begun again. Raises Ended where it was cancelled or somebody else has it. Where the body
    raises, the work has failed, and says `failed`, or what is `said` of a FormatProblem.
    """
    rows = type(work).objects.filter(pk=work.pk)
    with holding(LOCKS[type(work)], work.pk) as mine:
        with acting(system(), reason="begin background work"):
            if not (mine and rows.filter(state__in=("waiting", "running")).update(state="running")):
                raise Ended
        try:
            yield
        except Ended:
            raise
        except BaseException as error:
            sentence = said(error) if isinstance(error, FormatProblem) else failed
            with acting(system(), reason="end background work"):
                rows.filter(state="running").update(state="failed", sentence=sentence, ended_at=now)
            raise


@contextmanager
def watched[Work: (Run, InvestmentPlan)](
    work: Work, *, failed: str
) -> Iterator[tuple[jobs.Closing, Callable[[int, int], None]]]:
    """Close the background run by which somebody watches the work of the body; the second tells it how far it is.

    Where another process was faster (`sipar risks run`, the demonstration), that one says how the work ended.
    """
    progress = work.background or 0

    def say(done: int, total: int) -> None:
        jobs.report(progress, done=done, total=total)

    with jobs.closing(progress, failed=failed) as closing:
        try:
            yield closing, say
        except Ended:
            with acting(system(), reason="see why background work had ended"):
                cancelled = type(work).objects.filter(pk=work.pk, state="cancelled").exists()
            if cancelled:
                jobs.finish(progress, sentence="Cancelled before it was done.", failed=True, now=timezone.now())
            raise
