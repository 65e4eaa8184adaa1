"""`sipar bench findings`: ten million observations of a month become findings, twice, and rules are tried on them."""

from __future__ import annotations

from typing import Any

from sipar.bench import nation
from sipar.bench.figures import Figure
from sipar.bench.findings_steps import DAYS, ROWS
from sipar.bench.posture import Runner, Say

STEPS = 5
FINDINGS_S, DRY_RUN_S = 60.0, 20.0


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        nation.make_database(server, "sipar")
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step("Loading the organisations", "findings_load", "sipar")
        filled = runner.step(f"Writing {ROWS:,} invented observations of {DAYS} days", "findings_fill", "sipar")
        for step in (loaded, filled):
            if "failed" in step:
                raise RuntimeError(f"the bench could not be prepared: {step['failed']}")
        first = runner.step("Folding them into findings", "findings_fold", "sipar")
        again = runner.step("Folding them again", "findings_fold", "sipar")
        told = runner.step("Running rules over them", "findings_dry_run", "sipar")
        return [
            _findings(first, filled),
            _again(first, again),
            Figure("findings_mb", first.get("mb"), "MB", None,
                   note=first.get("failed") or "peak of the process that folds"),
            _dry_run(told),
        ]  # fmt: skip


def _findings(first: dict[str, Any], filled: dict[str, Any]) -> Figure:
    note = first.get("failed") or (
        f"{first['findings']:,} findings, committed; {first['cpu']:.1f} s of CPU and {first['server_cpu']:.1f} s of"
        f" PostgreSQL's; the lake was written, merged and counted before in {filled['seconds']:.0f} s and has"
        f" {filled['mb_on_disk']:,.0f} MB"
    )
    return Figure("findings_s", first.get("seconds"), "s", FINDINGS_S, note=note)


def _again(first: dict[str, Any], again: dict[str, Any]) -> Figure:
    """1 where the second fold changed no row, and the table says the same to the byte."""
    failed = first.get("failed") or again.get("failed", "")
    same = not failed and again["changed"] == 0 and first["digest"] == again["digest"]
    note = failed or f"{again['changed']:,} rows changed by folding again in {again['seconds']:.1f} s"
    return Figure("findings_idempotent", None if failed else float(same), "", 1.0, "min", note=note)


def _dry_run(told: dict[str, Any]) -> Figure:
    note = told.get("failed") or (
        f"{told['observations']:,} observations read from the lake, {told['episodes']:,} episodes, {told['bundles']:,}"
        f" bundles that would have gone; {told['cpu']:.1f} s of CPU; {told['mb']:,.0f} MB"
    )
    return Figure("dry_run_s", told.get("seconds"), "s", DRY_RUN_S, note=note)
