"""One step of the law bench, in a process of its own: `python -m sipar.bench.law_measure STEP [SHARD]`.

Prints one JSON object. Needs no database: the law is pure, and the incidents are generated.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import django
import polars as pl

MILLION, COMPARED, ALONE = 1_000_000, 10_000, 400
SHARDS = 2
REPEATS = 3
SEED = 7
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
SIX = ("eu-nis2", "eu-dora", "eu-cra", "eu-gdpr", "in-certin-2022", "pk-pta-ctdisr-2025")
SAME = ("version", "digest", "applies", "due_at", "anchor", "anchor_at", "clock")


def replay(_shard: int) -> dict[str, Any]:
    """Six laws over a million incidents, as `sipar law replay` does it; the peak is that of the whole process."""
    from sipar.law.compiling import compile_regime
    from sipar.law.regimes import shipped
    from sipar.obligations.replay_source import generated_source
    from sipar.obligations.replaying import Law, run_replay

    source = generated_source(MILLION, SEED, since=SINCE, until=UNTIL)
    found = {regime.regime: Law(regime.regime, regime.version, compile_regime(regime)) for regime in shipped()}
    laws = [found[name] for name in SIX]
    seconds, used, reports = [], [], 0
    for _ in range(REPEATS):
        begun, worked = time.perf_counter(), time.process_time()
        document = run_replay(laws, source, since=SINCE, until=UNTIL, time_zone="Asia/Karachi")
        seconds.append(time.perf_counter() - begun)
        used.append(time.process_time() - worked)
        reports = sum(law["total"]["reports"] for law in document["laws"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(seconds), "cpu": statistics.median(used), "mb": peak, "reports": reports}


def single(_shard: int) -> dict[str, Any]:
    """One incident under every shipped regime, with its submissions and what its organisation had before."""
    from sipar.law.assessing import assess

    milliseconds = []
    compiled, _, incidents = _history(ALONE)
    for _, facts, sent, related in incidents:
        taken = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            assess(compiled, facts, submissions=sent, related=related)
            taken.append((time.perf_counter() - begun) * 1000)
        # The fastest, so that a machine busy with other things counts less.
        milliseconds.append(min(taken))
    return {"p95": statistics.quantiles(milliseconds[20:], n=20)[-1], "median": statistics.median(milliseconds)}


def equal(shard: int) -> dict[str, Any]:
    """How many of a shard's incidents come out differently alone and in the table, and the first of them."""
    from sipar.law.assessing import assess
    from sipar.law.evaluate import evaluate

    compiled, table, incidents = _history(COMPARED)
    sent_table = _submissions(table, compiled)
    whole = evaluate(compiled, table, submissions=sent_table)
    expected: dict[int, dict[tuple[str, str], tuple[Any, ...]]] = defaultdict(dict)
    for row in whole.filter(pl.col("incident") % SHARDS == shard).iter_rows(named=True):
        expected[row["incident"]][row["regime"], row["stage"]] = tuple(row[name] for name in SAME)
    compared = findings = 0
    different: list[int] = []
    for number, facts, sent, related in incidents:
        if number % SHARDS != shard:
            continue
        alone = assess(compiled, facts, submissions=sent, related=related)
        found = {(duty.regime, duty.stage): tuple(getattr(duty, name) for name in SAME) for duty in alone.duties}
        compared, findings = compared + 1, findings + len(found)
        if found != expected.get(number, {}):
            different.append(number)
    return {"compared": compared, "findings": findings, "different": len(different), "first": different[:3]}


def _history(incidents: int) -> tuple[list[Any], pl.DataFrame, Iterator[tuple[int, Any, Any, Any]]]:
    """The compiled regimes, a table, and each of its incidents with its submissions and its organisation's others."""
    from sipar.incidents.history import generate
    from sipar.incidents.history_assumptions import shipped_assumptions
    from sipar.law.assessing import Submission
    from sipar.law.compiling import compile_regime
    from sipar.law.facts import shipped_facts
    from sipar.law.recurring import facts_needed
    from sipar.law.regimes import shipped

    compiled = [compile_regime(regime) for regime in shipped()]
    table = generate(shipped_assumptions(), incidents=incidents, seed=SEED, since=SINCE, until=UNTIL)
    rules = [each.regime.recurring for each in compiled if each.regime.recurring is not None]
    needed = facts_needed(rules)
    names = [name for name in table.columns if name in shipped_facts()]
    rows = table.select("incident", "organisation", *names).to_dicts()
    of_organisation: dict[int, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for row in rows:
        of_organisation[row["organisation"]].append((row["incident"], {name: row.get(name) for name in needed}))
    sent: dict[int, list[Submission]] = defaultdict(list)
    for number, regime, stage, at in _submissions(table, compiled).iter_rows():
        sent[number].append(Submission(regime, stage, at))

    def one_by_one() -> Iterator[tuple[int, Any, Any, Any]]:
        for row in rows:
            number = row["incident"]
            others = [facts for other, facts in of_organisation[row["organisation"]] if other != number]
            yield number, {name: row[name] for name in names}, sent[number], others

    return compiled, table, one_by_one()


def _submissions(table: pl.DataFrame, compiled: list[Any]) -> pl.DataFrame:
    from sipar.incidents.history import submissions

    stages = {each.identifier: [duty.duty.stage for duty in each.duties] for each in compiled}
    return pl.concat([submissions(table, regime=regime, stages=names) for regime, names in stages.items()])


STEPS: dict[str, Callable[[int], dict[str, Any]]] = {"replay": replay, "single": single, "equal": equal}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
    django.setup()
    answer = STEPS[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write(json.dumps(answer) + "\n")
