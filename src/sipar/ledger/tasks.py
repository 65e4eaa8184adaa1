"""Verifying the ledger in the background."""

from __future__ import annotations

from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.ledger import Verdict, Verification

REASON = "verify the ledger"
FAULTS_KEPT = 50


@app.task(queue="house")
def verify_ledger(run: int) -> None:
    """Recompute every leaf and checkpoint, step by step, and keep the verdict with the run."""
    with jobs.closing(run, failed="The verification stopped. Start it again.") as closing:
        verdict = _verify(run)
        closing.sentence = sentence_of(verdict)
        closing.result = {
            "ok": verdict.ok, "events": verdict.events, "sealed": verdict.sealed,
            "checkpoints": verdict.checkpoints, "faults": list(verdict.faults[:FAULTS_KEPT]),
        }  # fmt: skip


def sentence_of(verdict: Verdict) -> str:
    """What was found, in one sentence."""
    if verdict.ok:
        return (
            f"All {verdict.sealed:,} sealed events are as they were written; {verdict.checkpoints:,} checkpoints hold."
        )
    return f"{len(verdict.faults):,} faults found in {verdict.sealed:,} sealed events: {verdict.faults[0]}."


def _verify(run: int) -> Verdict:
    with acting(system(), reason=REASON):
        verification = Verification()
    more = True
    while more:
        with acting(system(), reason=REASON):
            more = verification.step()
        jobs.report(run, done=verification.size, total=max(verification.total, verification.size))
    with acting(system(), reason=REASON):
        return verification.verdict()
