"""`sipar bench posture`: the nation rolled up, launched, imported and looked at, on a database made for the purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sipar.bench import nation, pages
from sipar.bench.figures import Figure, Peer

ORGANISATIONS, SMALL, LARGE = 10_000, 1_000, 100_000
STEPS = 11

type Say = Callable[[str], object]


class Runner:
    """Runs the steps of the bench in processes of their own against one cluster."""

    def __init__(self, folder: str, say: Say) -> None:
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_", "SIPAR_"))
        }
        self.environment |= {
            "SIPAR_VAR": folder,
            "SIPAR_MODE": "production",
            "DJANGO_SETTINGS_MODULE": "sipar.config.settings",
        }
        self.say = say

    def step(self, sentence: str, name: str, database: str, number: int = 0) -> dict[str, Any]:
        """What the step printed; `failed` with the last line of its error where it failed."""
        self.say(sentence)
        command = [sys.executable, "-m", "sipar.bench.measure", name, database, str(number)]
        made = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603
        if made.returncode:
            return {"failed": (made.stderr.strip().splitlines() or ["no reason was given"])[-1]}
        found: dict[str, Any] = json.loads(made.stdout.strip().splitlines()[-1])
        return found


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        for name in ("sipar", "small", "large", "launch", "import"):
            nation.make_database(server, name)
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step(
            f"Loading {ORGANISATIONS:,} organisations and three campaigns", "load", "sipar", ORGANISATIONS
        )
        if "failed" in loaded:
            raise RuntimeError(f"the nation could not be loaded: {loaded['failed']}")
        return [*_rollups(runner), *_launch(runner), *_pages(runner), *_import(runner)]


def _rollups(runner: Runner) -> list[Figure]:
    whole = runner.step("Rolling up the nation", "rollup", "sipar")
    versus = runner.step("Asking PostgreSQL for the same by GROUP BY over one row per answer", "versus_sql", "sipar")
    runner.step(f"Loading {SMALL:,} organisations", "load", "small", SMALL)
    small = runner.step("Rolling them up", "rollup", "small")
    runner.step(f"Loading {LARGE:,} organisations", "load", "large", LARGE)
    large = runner.step("Rolling them up", "rollup", "large")
    ours, peer = versus.get("ours"), versus.get("peer")
    speedup = peer / ours if ours and peer and versus.get("identical") else None
    by_sql = Peer("SQL GROUP BY over one row per answer, same PostgreSQL, no row-level security", peer, "seconds")
    sizes = ", ".join(
        f"{count:,}: {found['seconds']:.3f} s"
        for count, found in ((SMALL, small), (ORGANISATIONS, whole), (LARGE, large))
        if "seconds" in found
    )
    return [
        _figure("rollup_s", whole, "seconds", "s", 0.2, peer=by_sql),
        Figure("rollup_speedup_vs_sql", speedup, "times", 20, "min", by_sql,
               note=versus.get("failed") or f"identical results: {versus['identical']}"),
        _figure("rollup_100k_s", large, "seconds", "s", 2.5, note=f"organisations: {sizes}"),
        _figure("rollup_100k_mb", large, "mb", "MB", 700, note="peak of the process that rolls up"),
    ]  # fmt: skip


def _launch(runner: Runner) -> list[Figure]:
    runner.step("Preparing a database to launch in", "prepare", "launch")
    found = runner.step(f"Launching a campaign over {ORGANISATIONS:,} organisations", "launch", "launch", ORGANISATIONS)
    return [
        _figure("launch_request_s", found, "launch_request_s", "s", 1),
        _figure("launch_done_s", found, "launch_done_s", "s", 30),
    ]


def _pages(runner: Runner) -> list[Figure]:
    signed_in = runner.step("Signing in and keeping the pages busy", "sign_in", "sipar")
    limits = (("page_p95_national_ms", 200.0), ("page_p95_organisation_ms", 100.0))
    if "failed" in signed_in:
        missing = [Figure(name, None, "ms", limit, note=signed_in["failed"]) for name, limit in limits]
        return [*missing, Figure("pages_per_s", None, "1/s", None, "min", note=signed_in["failed"])]
    with pages.server(runner.environment) as port:
        existing, missing_pages = pages.national_pages(port, signed_in["national"])
        national = pages.keep_busy(port, signed_in["national"], existing, missing=missing_pages)
        own, missing_own = pages.organisation_pages(port, signed_in["organisation"], signed_in["identifier"])
        organisation = pages.keep_busy(port, signed_in["organisation"], own, missing=missing_own)
        many = pages.keep_busy(port, signed_in["national"], existing, connections=pages.MANY_CONNECTIONS)
    measured = zip(limits, (national, organisation), strict=True)
    return [
        *(
            Figure(name, None if busy.refused or busy.missing else busy.p95_ms, "ms", limit,
                   note=f"p95 {busy.p95_ms:.0f} ms; {busy.note}")
            for (name, limit), busy in measured
        ),
        Figure("pages_per_s", many.per_second, "1/s", None, "min", note=f"national pages, {pages.MANY_CONNECTIONS}"
               f" connections, p95 {many.p95_ms:.0f} ms"),
    ]  # fmt: skip


def _import(runner: Runner) -> list[Figure]:
    runner.step("Preparing a database to import into", "prepare", "import")
    found = runner.step(f"Importing {LARGE:,} organisations", "import", "import", LARGE)
    steps = ", ".join(f"{name} {value:.1f}" for name, value in found.items() if name.endswith("_s"))
    return [_figure("import_100k_s", found, "total_s", "s", 30, note=steps)]


def _figure(
    name: str,
    found: dict[str, Any],
    key: str,
    unit: str,
    limit: float,
    *,
    peer: Peer | None = None,
    note: str = "",
) -> Figure:
    return Figure(name, found.get(key), unit, limit, peer=peer, note=found.get("failed", note))
