"""`sipar bench intake`: two hundred reporters at once, while the worker is killed and PostgreSQL starts again."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sipar.bench import nation, pages
from sipar.bench.figures import Figure
from sipar.bench.intake_steps import TOLD
from sipar.bench.posture import Runner, Say
from sipar.config.up import worker_process
from sipar.core.cluster import LocalCluster

ORGANISATIONS, REPORTERS, REPORTS, THINKING_S = 2_000, 200, 10, 5.0
BOARDS = ("/duty/", "/situation/", "/cases/")
KILL_WORKER_AFTER_S, RESTART_DATABASE_AFTER_S = 60.0, 120.0
STEPS = 5


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        nation.make_database(server, "sipar")
        runner = Runner(str(server.folder.parent), say)
        loaded = runner.step(f"Loading {ORGANISATIONS:,} organisations", "load", "sipar", ORGANISATIONS)
        people = runner.step(f"Giving {REPORTERS} reporters a token", "intake_people", "sipar", REPORTERS)
        boards = runner.step("Signing in whoever keeps the boards open", "sign_in", "sipar")
        for found in (loaded, people, boards):
            if "failed" in found:
                raise RuntimeError(f"the bench could not be prepared: {found['failed']}")
        say(f"{REPORTERS} reporters file {REPORTERS * REPORTS:,} reports in two stages")
        with pages.server(runner.environment) as port, _worker(runner.environment) as worker:
            seen = _report(port, people["people"], boards["national"], server, worker)
        told = server.folder.parent / "told.json"
        told.write_text(json.dumps({"sent": seen["sent"], "attached": seen["attached"]}))
        runner.environment[TOLD] = str(told)
        found = runner.step("Counting what arrived", "intake_arrived", "sipar")
        return _figures(seen, found)


class Worker:
    """The worker, started again whenever it ends, as the supervisor does."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, **worker_process().environment}
        self._ended = threading.Event()
        self._process = self._start()
        self.deaths = 0
        self._thread = threading.Thread(target=self._look_after)
        self._thread.start()

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.send_signal(signal.SIGKILL)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own program
            worker_process().command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def _look_after(self) -> None:
        while not self._ended.wait(0.5):
            if self._process.poll() is not None:
                self.deaths += 1
                self._process = self._start()


@contextmanager
def _worker(environment: Mapping[str, str]) -> Iterator[Worker]:
    worker = Worker(environment)
    try:
        yield worker
    finally:
        worker.stop()


def _report(
    port: int, people: list[dict[str, str]], session: str, server: LocalCluster, worker: Worker
) -> dict[str, Any]:
    """What the reporters saw, with the two accidents in the middle."""
    order = {
        "port": port, "people": people, "reports": REPORTS, "thinking": THINKING_S, "boards": [session] * 3,
        "pages": list(BOARDS),
    }  # fmt: skip
    client = subprocess.Popen(
        [sys.executable, "-m", "sipar.bench.reporters"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=dict(os.environ), text=True,
    )  # fmt: skip
    accidents = threading.Thread(target=_accidents, args=(server, worker, client))
    accidents.start()
    answer, problem = client.communicate(json.dumps(order))
    accidents.join()
    if client.returncode:
        raise RuntimeError(f"the reporters stopped: {problem.strip().splitlines()[-1:]}")
    seen: dict[str, Any] = json.loads(answer)
    seen["worker_deaths"] = worker.deaths
    return seen


def _accidents(server: LocalCluster, worker: Worker, client: subprocess.Popen[str]) -> None:
    begun = time.monotonic()
    for after, accident in ((KILL_WORKER_AFTER_S, worker.kill), (RESTART_DATABASE_AFTER_S, lambda: _restart(server))):
        while time.monotonic() - begun < after:
            if client.poll() is not None:
                return
            time.sleep(0.2)
        accident()


def _restart(server: LocalCluster) -> None:
    server.stop()
    server.ensure_started()


def _figures(seen: dict[str, Any], found: dict[str, Any]) -> list[Figure]:
    everything = [value for values in seen["milliseconds"].values() for value in values]
    steps = ", ".join(f"{step} {_p95(values):.0f}" for step, values in seen["milliseconds"].items())
    note = (
        f"{len(everything):,} steps in {seen['seconds']:.0f} s; p95 by step in ms: {steps}; boards p95"
        f" {_p95(seen['board_milliseconds']):.0f} ms; tried again {sum(seen['retries'].values())} times;"
        f" the worker ended {seen['worker_deaths']} times"
    )
    if seen["refused"]:
        note += f"; refused: {seen['refused']}"
    wanted = REPORTERS * REPORTS * 2
    arrived = f"{found.get('submissions', 0):,} of {wanted:,} stages on record"
    missing = wanted - len(seen["sent"])
    lost = None if "failed" in found else found["lost"] + missing
    return [
        Figure("intake_p95_ms", None if missing else _p95(everything), "ms", 500, note=note),
        Figure("intake_lost", lost, "", 0, note=found.get("failed", arrived)),
        Figure("intake_duplicated", found.get("duplicated"), "", 0, note=found.get("failed", "")),
    ]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else 0.0
