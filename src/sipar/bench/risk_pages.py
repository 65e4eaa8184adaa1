"""The pages of risk over a stored run of 10,000 organisations, kept busy by a client in another process."""

from __future__ import annotations

from sipar.bench import nation, pages
from sipar.bench.figures import Figure
from sipar.bench.posture import Runner, Say
from sipar.bench.risk_pages_steps import ORGANISATIONS, YEARS

STEPS = 3
PAGE_MS = 300.0
NATIONAL = ("/risks/", "/risks/scenarios/", "/risks/dependencies/", "/risks/trust/", "/risks/assumptions/")
COUNCIL = ("/risks/", "/risks/dependencies/")


def run(say: Say) -> list[Figure]:
    """How fast the pages come, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        nation.make_database(server, "sipar")
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step(f"Running the model for {ORGANISATIONS:,} organisations", "risk_load", "sipar")
        signed_in = runner.step("Signing in", "risk_sign_in", "sipar")
        for found in (loaded, signed_in):
            if "failed" in found:
                return [Figure("page_p95_ms", None, "ms", PAGE_MS, note=found["failed"])]
        say("Keeping the pages of risk busy")
        with pages.server(runner.environment) as port:
            seen = [
                pages.keep_busy(port, signed_in["national"], NATIONAL),
                pages.keep_busy(port, signed_in["council"], COUNCIL),
            ]
    refused = any(busy.refused for busy in seen)
    notes = "; ".join(busy.note for busy in seen)
    sizes = f"a stored run of {ORGANISATIONS:,} organisations and {YEARS:,} years, made in {loaded['run_s']:.0f} s"
    worst = max(busy.p95_ms for busy in seen)
    return [
        Figure("page_p95_ms", None if refused else worst, "ms", PAGE_MS,
               note=f"{sizes}; {pages.CONNECTIONS} connections; {notes}"),
    ]  # fmt: skip
