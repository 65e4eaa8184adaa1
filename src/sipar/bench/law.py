"""`sipar bench law`: laws replayed over a million incidents, one incident under all of them, and both the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sipar.bench.figures import Figure
from sipar.bench.law_measure import SHARDS

STEPS = 3

type Say = Callable[[str], object]


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    say("Replaying six laws over 1,000,000 generated incidents")
    replay = _finish(_start("replay"))
    say("Asking every law about one incident")
    single = _finish(_start("single"))
    say("Comparing 10,000 incidents one by one with the table")
    equal = [_finish(step) for step in [_start("equal", shard) for shard in range(SHARDS)]]
    return [
        Figure(
            "replay_s",
            replay.get("seconds"),
            "s",
            10.0,
            note=_failed(replay) or f"median of three; {replay['cpu']:.1f} s of CPU; {replay['reports']:,} reports",
        ),
        Figure("replay_mb", replay.get("mb"), "MB", 2048.0, note=_failed(replay) or "peak of the whole process"),
        Figure(
            "single_ms",
            single.get("p95"),
            "ms",
            20.0,
            note=_failed(single) or f"p95 of incidents, fastest of three each; median {single['median']:.1f} ms",
        ),
        Figure("replay_equals_single", *_equality(equal)),
    ]


def _equality(shards: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Value, unit, limit, direction, peer and note of the comparison: 1 where nothing differs."""
    failed = next((note for note in map(_failed, shards) if note), "")
    if failed:
        return None, "", 1.0, "min", None, failed
    compared, findings, different = (
        sum(shard[name] for shard in shards) for name in ("compared", "findings", "different")
    )
    note = f"{compared:,} incidents, {findings:,} findings, {different} different"
    if different:
        note += f", such as incident {next(shard['first'][0] for shard in shards if shard['first'])}"
    return (1.0 if compared and not different else 0.0), "", 1.0, "min", None, note


def _start(step: str, shard: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sipar.bench.law_measure", step, str(shard)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def _finish(step: subprocess.Popen[str]) -> dict[str, Any]:
    out, error = step.communicate()
    if step.returncode:
        return {"failed": (error.strip().splitlines() or ["no reason was given"])[-1]}
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found


def _failed(step: dict[str, Any]) -> str:
    return str(step.get("failed", ""))
