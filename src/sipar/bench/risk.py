"""`sipar bench risk`: the nation's loss by both engines, and a hundred scenarios beside pyfair."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sipar.bench import risk_pages
from sipar.bench.figures import Figure, Peer

STEPS = 5 + risk_pages.STEPS
ORGANISATIONS, YEARS = 10_000, 10_000
SCENARIOS, SCENARIO_YEARS = 100, 100_000
PATIENCE_S = 600
PYFAIR = "0.1a13"
# pyfair's meta-model of the same scenarios. Each model seeds numpy with 42, which is its default and a finding.
_PYFAIR = """
import json, sys, time
from pyfair import FairMetaModel, FairModel
many, years = int(sys.argv[1]), int(sys.argv[2])
def model(name):
    made = FairModel(name, n_simulations=years)
    made.input_data("Loss Event Frequency", low=0.05, mode=0.15, high=0.25)
    made.input_data("Loss Magnitude", low=1e5, mode=8e5, high=2e6)
    made.calculate_all()
    return made
begun = time.perf_counter()
models = [model(str(place)) for place in range(many)]
meta = FairMetaModel("all", models)
meta.calculate_all()
seconds = time.perf_counter() - begun
single, whole = models[0].export_results()["Risk"], meta.export_results()["Risk"]
ratio, zero = float(whole.std() / single.std()), float((single == 0).mean())
print(json.dumps({"seconds": seconds, "ratio": ratio, "zero_years": zero}))
"""

type Say = Callable[[str], object]


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    say(f"Running {SCENARIOS} scenarios over {SCENARIO_YEARS:,} years, and the same with pyfair")
    ours = _step("alike", SCENARIOS, SCENARIO_YEARS)
    speed = _speedup(ours)
    say(f"Drawing {YEARS:,} years of {ORGANISATIONS:,} organisations")
    drawn = _step("monte_carlo", ORGANISATIONS, YEARS)
    say("Computing the same exactly, and comparing")
    sure = _step("agreement", ORGANISATIONS, YEARS)
    say("Ten times as many organisations over the same years")
    large = _step("monte_carlo", 10 * ORGANISATIONS, YEARS)
    say("Splitting the run over threads and an executor")
    split = _step("bits", ORGANISATIONS, YEARS // 10)
    return [
        speed,
        Figure("nation_mc_s", drawn["seconds"], "s", 6),
        Figure("nation_mc_mb", drawn["mb"], "MB", 1024),
        Figure("nation_exact_s", sure["seconds"], "s", 5),
        Figure("engines_agree", float(sure["agree"]), "", 1, "min", note=f"exact and Monte Carlo: {sure['said']}"),
        Figure("growth_10x", large["seconds"] / drawn["seconds"], "times", 11),
        Figure("same_bits", float(split["same"]), "", 1, "min", note=split["said"]),
        *risk_pages.run(say),
    ]


def _speedup(ours: dict[str, Any]) -> Figure:
    shape = (
        f"{ours['seconds']:.2f} s; deviation of the sum {ours['ratio']:.1f} times that of one,"
        f" {ours['zero_years']:.0%} of years zero"
    )
    try:
        theirs = _pyfair()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = getattr(error, "stderr", "") or str(error)
        note = f"not measured: pyfair {PYFAIR} did not run ({said.strip().splitlines()[-1][:200]}); ours {shape}"
        return Figure("speedup_vs_pyfair", None, "times", 100, "min", note=note)
    peer = Peer(
        f"pyfair {PYFAIR}",
        theirs["seconds"],
        f"seconds; deviation of the sum {theirs['ratio']:.1f} times that of one, {theirs['zero_years']:.0%} zero years",
    )
    return Figure("speedup_vs_pyfair", theirs["seconds"] / ours["seconds"], "times", 100, "min", peer, shape)


def _pyfair() -> dict[str, Any]:
    """pyfair's answer, from an environment of its own that goes when it has answered."""
    with tempfile.TemporaryDirectory(prefix="sipar-pyfair-") as folder:
        python = Path(folder) / "env" / "bin" / "python"
        made: dict[str, Any] = {"capture_output": True, "text": True, "timeout": PATIENCE_S, "check": True}
        subprocess.run([sys.executable, "-m", "venv", str(Path(folder) / "env")], **made)  # noqa: S603
        subprocess.run([str(python), "-m", "pip", "install", "-q", f"pyfair=={PYFAIR}"], **made)  # noqa: S603
        return _json([str(python), "-W", "ignore", "-c", _PYFAIR, str(SCENARIOS), str(SCENARIO_YEARS)])


def _step(name: str, number: int, years: int) -> dict[str, Any]:
    return _json([sys.executable, "-m", "sipar.bench.risk_steps", name, str(number), str(years)])


def _json(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)  # noqa: S603
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
