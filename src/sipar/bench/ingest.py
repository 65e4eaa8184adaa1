"""`sipar bench ingest`: a report of a million rows from CSV to findings and notices, beside IntelMQ."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sipar.bench import ingest_data, intelmq_peer, nation
from sipar.bench.figures import Figure, Peer, median_run
from sipar.bench.posture import Runner, Say
from sipar.config.up import worker_process

ROWS, PEER_ROWS, TAKES = 1_000_000, 10_000, 3
# The nation, the takes, the one of ten times the rows, and the peer.
STEPS = TAKES + 3
RATE, MB, SPEEDUP, GROWTH = 100_000.0, 1_536.0, 300.0, 11.0


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    with nation.cluster() as server:
        runner = Runner(str(server.folder.parent), say)
        # As the worker that takes reports in.
        runner.environment |= worker_process().environment
        nation.make_database(server, "prepared")
        prepared = runner.step("Preparing a nation", "ingest_prepare", "prepared")
        takes = [_taken(runner, server, prepared, f"once{number}", ROWS) for number in range(TAKES)]
        tenfold = _taken(runner, server, prepared, "tenfold", ROWS * 10)
    say(f"Taking {PEER_ROWS:,} of the same rows through IntelMQ {intelmq_peer.VERSION}")
    once = _median(takes)
    return [_rate(once), _memory(once), _speedup(once), _growth(once, tenfold)]


def _taken(runner: Runner, server: Any, prepared: dict[str, Any], database: str, rows: int) -> dict[str, Any]:
    if "failed" in prepared:
        return prepared
    nation.make_database(server, database, like="prepared")
    return runner.step(f"Taking in {rows:,} rows", "ingest_take", database, rows)


def _median(takes: list[dict[str, Any]]) -> dict[str, Any]:
    """The take of median time, with all the times and the highest peak of memory; one that failed, where one did."""
    failed = next((take for take in takes if "failed" in take), None)
    if failed is not None:
        return failed
    return median_run(takes, "seconds") | {"mb": max(take["mb"] for take in takes)}


def _rate(once: dict[str, Any]) -> Figure:
    if "failed" in once:
        return Figure("rows_per_s", None, "rows/s", RATE, "min", note=once["failed"])
    whole = once["rows"] == once["kept"] == once["in_lake"] == ROWS and not once["unclassified"]
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in once["stages"].items())
    note = (
        f"{once['seconds']:.1f} s, the median of {', '.join(f'{seconds:.1f}' for seconds in once['all'])} ({stages});"
        f" {once['cpu']:.1f} s of CPU with PostgreSQL; {once['routed']:,} rows with an owner,"
        f" {once['findings']:,} findings, {once['notices']:,} notices"
    )
    if not whole:
        note = f"rows were lost: {once['kept']:,} kept, {once['in_lake']:,} in the lake; {note}"
    return Figure("rows_per_s", ROWS / once["seconds"] if whole else None, "rows/s", RATE, "min", note=note)


def _memory(once: dict[str, Any]) -> Figure:
    return Figure("peak_mb", once.get("mb"), "MB", MB, note=once.get("failed", "highest peak of a whole process"))


def _growth(once: dict[str, Any], tenfold: dict[str, Any]) -> Figure:
    failed = once.get("failed") or tenfold.get("failed")
    if failed:
        return Figure("growth_10x", None, "times", GROWTH, note=failed)
    note = f"{ROWS * 10:,} rows: {tenfold['seconds']:.1f} s, {tenfold['cpu']:.1f} s of CPU, {tenfold['mb']:.0f} MB"
    return Figure("growth_10x", tenfold["seconds"] / once["seconds"], "times", GROWTH, note=note)


def _speedup(once: dict[str, Any]) -> Figure:
    """The median of our takes beside the median of as many of IntelMQ's runs."""
    name = f"IntelMQ {intelmq_peer.VERSION}"
    with tempfile.TemporaryDirectory(prefix="sipar-bench-") as folder:
        report = Path(folder) / "report.csv"
        ingest_data.write_report(report, PEER_ROWS, seed=ROWS)
        text = report.read_text()
    try:
        peer = intelmq_peer.measure(text, PEER_ROWS)
    except intelmq_peer.NoPeerError as problem:
        return Figure("speedup_vs_intelmq", None, "times", SPEEDUP, "min", Peer(name, None, str(problem)), str(problem))
    rates = ", ".join(f"{rate:,.0f}" for rate in peer["all"])
    note = (
        f"{peer['events']:,.0f} events in {peer['seconds']:.1f} s, {peer['cpu']:.1f} s of CPU of its five bots;"
        f" the median of {rates} a second"
    )
    if "failed" in once or peer["events"] != PEER_ROWS:
        return Figure("speedup_vs_intelmq", None, "times", SPEEDUP, "min", Peer(name, peer["per_s"], note), note)
    speedup = ROWS / once["seconds"] / peer["per_s"]
    return Figure(
        "speedup_vs_intelmq", speedup, "times", SPEEDUP, "min", Peer(name, peer["per_s"], note), "rows per second"
    )
