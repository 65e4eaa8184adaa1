"""`sipar bench oscal`: 30,000 findings checked, and seven documents with one real fault each, beside other checkers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

from sipar.bench.figures import Figure, Peer
from sipar.formats.oscal_bench import CONTROLS, seven_faults, synthetic_results
from sipar.formats.oscal_check import check

FINDINGS = 30_000
REPEATS = 3
STEPS = 4
PATIENCE_S = 240
# Reads a document as compliance-trestle does, and validates it: exit 1 where it is refused. The time is without start.
_TRESTLE = """
import sys, time
from pathlib import Path
import trestle.core.validator_factory
from trestle.core.all_validator import AllValidator
from trestle.oscal.assessment_results import AssessmentResults
begun = time.perf_counter()
try:
    read = AssessmentResults.oscal_read(Path(sys.argv[1]))
    good = read is not None and AllValidator().model_is_valid(read, True, Path(sys.argv[1]).parent)
except Exception:
    good = False
print(time.perf_counter() - begun)
sys.exit(0 if good else 1)
"""

type Say = Callable[[str], object]


def run(say: Say) -> list[Figure]:
    """Both figures, with a sentence to `say` before each of `STEPS` steps."""
    say(f"Writing {FINDINGS:,} findings")
    large, faulty = synthetic_results(FINDINGS), seven_faults()
    say("Checking them")
    seconds = inf
    for _ in range(REPEATS):
        begun = time.perf_counter()
        report = check(large, catalogs=[frozenset(CONTROLS)])
        seconds = min(seconds, time.perf_counter() - begun)
    if not report.ok:
        raise RuntimeError("the sound document was refused")
    found = sum(not check(data, catalogs=[frozenset(CONTROLS)]).ok for data in faulty.values())
    say("Asking compliance-trestle for the same")
    trestle_s, trestle_faults, why = _trestle(large, faulty)
    return [
        Figure(
            "oscal_30k_s", seconds, "s", 3, peer=Peer("compliance-trestle", trestle_s, why or "seconds, its validators")
        ),
        Figure(
            "oscal_faults_found", float(found), "of 7", 7, "min", peer=Peer("compliance-trestle", trestle_faults, why)
        ),
    ]


def _trestle(large: bytes, faulty: Mapping[str, bytes]) -> tuple[float | None, float | None, str]:
    """Seconds for the large document, faults found, and why not where it could not be asked."""
    if importlib.util.find_spec("trestle") is None:
        return None, None, "not installed"
    with tempfile.TemporaryDirectory(prefix="sipar-bench-") as folder:
        place = Path(folder) / "results.json"

        def ask(data: bytes) -> tuple[float, bool]:
            place.write_bytes(data)
            made = subprocess.run(  # noqa: S603
                [sys.executable, "-W", "ignore", "-c", _TRESTLE, str(place)],
                capture_output=True, text=True, check=False, timeout=PATIENCE_S,
            )  # fmt: skip
            return float(made.stdout.strip().splitlines()[-1]), made.returncode == 0

        try:
            # A sound document that it refuses would make every fault count as found.
            if not ask(synthetic_results(300))[1]:
                return None, None, "it refuses the sound document"
            faults = sum(not ask(data)[1] for data in faulty.values())
            return ask(large)[0], float(faults), ""
        except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
            return None, None, f"it did not finish: {type(error).__name__}"
