"""`sipar bench exposure`: the pages of exposure over a hundred million stored observations and a million findings."""

from __future__ import annotations

from typing import Any

from sipar.bench import nation, pages
from sipar.bench.exposure_steps import DAYS, FINDINGS, ORGANISATIONS
from sipar.bench.figures import Figure
from sipar.bench.posture import Runner, Say

STEPS = 4
PAGE_MS = 300.0
NATIONAL = (
    "/exposure/", "/exposure/?kind=accessible-rdp", "/exposure/findings/", "/exposure/findings/?severity=4",
    "/exposure/organisations/BN-000002/", "/exposure/nation/",
)  # fmt: skip
ORGANISATION = ("/exposure/", "/exposure/findings/{finding}/", "/exposure/findings/{finding}/sightings/")
COUNCIL = ("/exposure/nation/",)


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        nation.make_database(server, "sipar")
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step(
            f"Loading {ORGANISATIONS:,} organisations with {FINDINGS:,} findings", "exposure_load", "sipar"
        )
        kept = runner.step(f"Filling the lake with {DAYS} days of observations", "exposure_lake", "sipar")
        signed_in = runner.step("Signing in", "exposure_sign_in", "sipar")
        for found in (loaded, kept, signed_in):
            if "failed" in found:
                raise RuntimeError(f"the bench could not be prepared: {found['failed']}")
        say("Keeping the pages busy")
        return _pages(runner, loaded, kept, signed_in)


def _pages(runner: Runner, loaded: dict[str, Any], kept: dict[str, Any], signed_in: dict[str, Any]) -> list[Figure]:
    seen = []
    with pages.server(runner.environment) as port:
        for session, wanted in (("national", NATIONAL), ("organisation", ORGANISATION), ("council", COUNCIL)):
            addresses = [page.format(finding=signed_in["finding"]) for page in wanted]
            seen.append(pages.keep_busy(port, signed_in[session], addresses))
    refused = [busy.refused for busy in seen if busy.refused]
    worst = max(busy.p95_ms for busy in seen)
    sizes = (
        f"{kept['rows']:,} observations of {DAYS} days in {kept['bytes'] / 1e9:.1f} GB, made in {kept['seconds']:.0f} s"
        f" ({kept['cpu_s']:.0f} s of CPU, {kept['mb']:.0f} MB); {FINDINGS:,} findings"
    )
    notes = "; ".join(busy.note for busy in seen)
    return [
        Figure("page_p95_ms", None if refused else worst, "ms", PAGE_MS,
               note=f"{sizes}; {pages.CONNECTIONS} connections; {notes}"),
        Figure("count_s", loaded["count_s"], "s", None, note=f"counting {FINDINGS:,} findings for the pages"),
    ]  # fmt: skip
