"""Real IntelMQ bots over Redis, in IntelMQ's own environment: `run.py FOLDER REDIS-SERVER ROWS`. Prints JSON.

Every bot is started before the clock runs, so that starting costs IntelMQ nothing. The clock runs from the moment that
the report is put into the parser's queue until every queue is empty.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

FOLDER, SERVER, ROWS = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ROOT = FOLDER / "root"
OUTPUT = ROOT / "var/lib/bots/file-output/events.txt"
os.environ["INTELMQ_ROOT_DIR"] = str(ROOT)
PATIENCE_S = 600

import redis  # type: ignore[import-not-found]  # noqa: E402 - comes with IntelMQ, which reads its folder above


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Over TCP on the loopback address, as IntelMQ is set up by default.
HOST, PORT = "127.0.0.1", free_port()
BOTS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("parser", "intelmq.bots.parsers.shadowserver.parser", {}),
    ("asn", "intelmq.bots.experts.asn_lookup.expert", {"database": str(ROOT / "var/lib/bots/asn_lookup/ipasn.dat")}),
    ("taxonomy", "intelmq.bots.experts.taxonomy.expert", {}),
    (
        "deduplicator",
        "intelmq.bots.experts.deduplicator.expert",
        {
            "redis_cache_host": HOST, "redis_cache_port": PORT, "redis_cache_db": 6,
            "redis_cache_ttl": 3600, "filter_keys": "raw,time.observation", "filter_type": "blacklist",
        },
    ),
    ("output", "intelmq.bots.outputs.file.output", {"file": str(OUTPUT)}),
)  # fmt: skip


def configure() -> None:
    broker: dict[str, object] = {
        f"{side}_pipeline_{name}": value
        for side in ("source", "destination")
        for name, value in (("host", HOST), ("port", PORT), ("db", 2), ("broker", "redis"))
    }
    shared = broker | {
        "statistics_host": HOST, "statistics_port": PORT, "statistics_database": 3,
        "logging_level": "INFO", "logging_path": f"{ROOT}/var/log/", "process_manager": "intelmq",
    }  # fmt: skip
    runtime: dict[str, object] = {"global": shared}
    for place, (bot, module, own) in enumerate(BOTS):
        following = [f"{BOTS[place + 1][0]}-queue"] if place + 1 < len(BOTS) else []
        parameters = own | ({"destination_queues": {"_default": following}} if following else {})
        runtime[bot] = {
            "bot_id": bot, "name": bot, "description": "", "module": module, "group": "Bench", "enabled": True,
            "run_mode": "continuous", "parameters": parameters,
        }  # fmt: skip
    # JSON is YAML too.
    (ROOT / "etc/runtime.yaml").write_text(json.dumps(runtime))


def cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> dict[str, float]:
    configure()
    # What a run before has written.
    OUTPUT.unlink(missing_ok=True)
    options = ["--port", str(PORT), "--bind", HOST, "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL)  # noqa: S603 - what the bench found
    running = [server]
    try:
        queues = redis.Redis(host=HOST, port=PORT, db=2)
        wait_until(queues.ping, "redis did not start")
        here = Path(sys.executable).parent
        with (ROOT / "var/log/bots").open("wb") as log:
            bots = [
                subprocess.Popen([here / module, bot], stdout=log, stderr=log)  # noqa: S603 - IntelMQ's own commands
                for bot, module, _own in BOTS
            ]
        running = [*bots, server]
        time.sleep(12)
        before = [cpu(bot.pid) for bot in bots]
        begun = time.perf_counter()
        queues.lpush("parser-queue", report())
        names = [f"{bot}-queue{kind}" for bot, _module, _own in BOTS for kind in ("", "-internal")]
        wait_until(lambda: not any(queues.llen(name) for name in names) or ended(bots), "the queues did not empty")
        seconds = time.perf_counter() - begun
        if ended(bots):
            said = (ROOT / "var/log/bots").read_text(errors="replace").strip().splitlines()
            raise SystemExit(f"a bot ended before its work did: {said[-1:]}")
        used = sum(cpu(bot.pid) - first for bot, first in zip(bots, before, strict=True))
    finally:
        stop(running)
    with OUTPUT.open() as file:
        events = sum(1 for _line in file)
    return {"events": events, "seconds": seconds, "cpu": used, "per_s": ROWS / seconds}


def ended(bots: list[subprocess.Popen[bytes]]) -> bool:
    return any(bot.poll() is not None for bot in bots)


def report() -> bytes:
    raw = base64.b64encode((FOLDER / "report.csv").read_bytes()).decode()
    return json.dumps({
        "__type": "Report", "raw": raw, "extra.file_name": (FOLDER / "name").read_text(), "feed.name": "bench",
        "time.observation": "2026-11-01T00:00:00+00:00",
    }).encode()  # fmt: skip


def wait_until(done: Callable[[], object], problem: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if done():
                return
        except redis.exceptions.ConnectionError:
            pass
        time.sleep(0.1)
    raise SystemExit(problem)


sys.stdout.write(json.dumps(main()) + "\n")
