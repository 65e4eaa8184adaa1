"""`sipar bench duties`: what falls due is found among a million clocks, and the nation's situation is looked at."""

from __future__ import annotations

from typing import Any

from sipar.bench import nation, pages
from sipar.bench.duties_steps import FEW, INCIDENTS, MANY, OPEN_SHARE, ORGANISATIONS
from sipar.bench.figures import Figure
from sipar.bench.posture import Runner, Say

STEPS = 6
CLAIM_MS, GROWTH, SITUATION_MS = 50.0, 1.5, 200.0
PAGE = "/situation/"


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        nation.make_database(server, "sipar")
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step(
            f"Loading {ORGANISATIONS:,} organisations with {INCIDENTS:,} cases and {FEW:,} clocks",
            "duties_load",
            "sipar",
        )
        if "failed" in loaded:
            raise RuntimeError(f"the bench could not be prepared: {loaded['failed']}")
        few = runner.step("Claiming what is due among few clocks", "duties_claim", "sipar")
        added = runner.step(f"Adding clocks up to {MANY:,}", "duties_add", "sipar")
        many = added if "failed" in added else runner.step("Claiming among many", "duties_claim", "sipar")
        return [*_claims(few, many), _situation(runner)]


def _claims(few: dict[str, Any], many: dict[str, Any]) -> list[Figure]:
    failed = few.get("failed") or many.get("failed", "")
    before, after = few.get("median_ms"), many.get("median_ms")
    note = failed or (
        f"median of batches of 500, worst {many['worst_ms']:.0f} ms; {many['waiting']:,} duties are not due yet"
    )
    growth = after / before if before and after else None
    return [
        Figure("claim_batch_ms", after, "ms", CLAIM_MS, note=note),
        Figure("claim_growth", growth, "times", GROWTH,
               note=failed or f"{few['waiting']:,} not due: {before:.1f} ms; {many['waiting']:,}: {after:.1f} ms"),
    ]  # fmt: skip


def _situation(runner: Runner) -> Figure:
    """The page as the national analyst reads it, from the same server that people use."""
    signed_in = runner.step("Signing in and keeping the situation busy", "sign_in", "sipar")
    if "failed" in signed_in:
        return Figure("situation_p95_ms", None, "ms", SITUATION_MS, note=signed_in["failed"])
    with pages.server(runner.environment) as port:
        busy = pages.keep_busy(port, signed_in["national"], [PAGE])
    size = f"{INCIDENTS:,} cases, {INCIDENTS * OPEN_SHARE // 100:,} of them open"
    return Figure(
        "situation_p95_ms",
        None if busy.refused else busy.p95_ms,
        "ms",
        SITUATION_MS,
        note=f"{size}; {pages.CONNECTIONS} connections, {busy.per_second:.0f} pages a second; {busy.note}",
    )
