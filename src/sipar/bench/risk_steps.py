"""One step of the risk bench, in a process of its own: `python -m sipar.bench.risk_steps STEP NUMBER YEARS`.

Prints one JSON object. Compiling is left out of every time: a small run comes first.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sipar.executors.local import LocalExecutor
from sipar.executors.port import Executor
from sipar.executors.spark import SparkExecutor, SparkMissing
from sipar.risk.exact import exact
from sipar.risk.magnitudes import limited, lognormal, pert
from sipar.risk.parts import LossOfYears
from sipar.risk.portfolio import Portfolio
from sipar.risk.results import mean, quantile
from sipar.risk.scenario import Loss, Shock
from sipar.risk.simulate import simulate

SEED = 20261122
SECTORS, PROVIDERS = 16, 10
THREADS = 2
CONFIDENCE = 0.999
LOSSES = (
    Loss(limited(lognormal(10.5, 1.8), 1e9)),
    Loss(limited(lognormal(11.5, 1.5), 1e9)),
    Loss(pert(1e4, 5e4, 1e6)),
    Loss(lognormal(9.0, 1.0)),
    Loss(lognormal(10.0, 1.2)),
)


def nation(organisations: int) -> Portfolio:
    """Invented organisations with five scenarios each; one organisation in ten rests on each provider."""
    draw = np.random.default_rng(SEED)
    rows, links = organisations * len(LOSSES), organisations // 10
    rests = [draw.choice(organisations, links, replace=False) for _ in range(PROVIDERS)]
    return Portfolio(
        rate=np.tile([0.05, 0.02, 0.1, 0.2, 0.03], organisations) * draw.lognormal(0, 0.3, rows),
        spread=np.zeros(rows),
        loss=np.tile(np.arange(len(LOSSES)), organisations),
        scale=np.repeat(draw.lognormal(0, 1, organisations), len(LOSSES)),
        keep=draw.uniform(0.3, 1.0, rows),
        sector=np.repeat(draw.integers(0, SECTORS, organisations), len(LOSSES)),
        losses=LOSSES,
        sector_shocks=(Shock(0.1, 3.0),) * SECTORS,
        nation_shock=Shock(0.05, 2.0),
        failures=np.full(PROVIDERS, 0.1),
        link_starts=np.arange(PROVIDERS + 1) * links,
        link_rows=np.concatenate(rests) * len(LOSSES) + 1,
        link_chance=draw.choice(np.array([0.1, 0.3, 0.5]), links * PROVIDERS),
    )


def monte_carlo(organisations: int, years: int) -> dict[str, Any]:
    """The nation by Monte Carlo: the median of three times in seconds, and the most memory of the process."""
    asked = nation(organisations)
    simulate(asked, years=2, seed=SEED)
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        simulate(asked, years=years, seed=SEED, threads=THREADS)
        times.append(time.perf_counter() - begun)
    return {"seconds": statistics.median(times), "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def agreement(organisations: int, years: int) -> dict[str, Any]:
    """The nation by the exact engine, and whether both engines agree on mean, 95 % and 99 %."""
    asked = nation(organisations)
    exact(nation(20), points=4096)
    begun = time.perf_counter()
    found = exact(asked)
    seconds = time.perf_counter() - begun
    totals = simulate(asked, years=years, seed=SEED, threads=THREADS)
    average = mean(totals, confidence=CONFIDENCE)
    agree, said = average.low <= found.mean <= average.high, [f"mean {found.mean:,.0f} and {average.value:,.0f}"]
    for level in (0.95, 0.99):
        sure, band = found.quantile(level), quantile(totals, level, confidence=CONFIDENCE)
        agree = agree and sure.low <= band.high and band.low <= sure.high
        said.append(f"{level:.0%} {sure.value:,.0f} and {band.value:,.0f}")
    return {"seconds": seconds, "agree": agree, "said": "; ".join(said)}


def bits(organisations: int, years: int) -> dict[str, Any]:
    """Whether one thread, two threads and the parts of both executors give the same bits."""
    asked = nation(organisations)
    whole = simulate(asked, years=years, seed=SEED).tobytes()
    same = simulate(asked, years=years, seed=SEED, threads=THREADS).tobytes() == whole
    said = "one thread, two threads, three parts of the local executor"
    with tempfile.TemporaryDirectory() as folder:
        inputs = []
        for part, numbers in enumerate(np.array_split(np.arange(years), 3)):
            inputs.append(str(Path(folder) / f"{part}.parquet"))
            parquet.write_table(pa.table({"year": numbers}), inputs[-1])
        same = same and _losses(LocalExecutor(workers=THREADS), asked, inputs, f"{folder}/local") == whole
        try:
            same = same and _losses(SparkExecutor(master="local[2]"), asked, inputs, f"{folder}/spark") == whole
            said += " and of Spark"
        except SparkMissing as missing:
            said += f"; not Spark: {missing}"
    return {"same": same, "said": said}


def _losses(executor: Executor, asked: Portfolio, inputs: list[str], folder: str) -> bytes:
    outputs = executor.map_parts(LossOfYears(asked, SEED), inputs, folder)
    return np.concatenate([parquet.read_table(output.path)["loss"].to_numpy() for output in outputs]).tobytes()


def alike(scenarios: int, years: int) -> dict[str, Any]:
    """As many scenarios of the same kind as pyfair's meta-model gets: seconds, and what the distribution looks like."""

    def rows(count: int) -> Portfolio:
        return Portfolio(
            rate=np.full(count, 0.15),
            spread=np.zeros(count),
            loss=np.zeros(count, np.int64),
            scale=np.ones(count),
            keep=np.ones(count),
            sector=np.zeros(count, np.int64),
            losses=(Loss(pert(1e5, 8e5, 2e6)),),
            sector_shocks=(Shock(0.0, 1.0),),
        )

    simulate(rows(scenarios), years=2, seed=SEED)
    begun = time.perf_counter()
    totals = simulate(rows(scenarios), years=years, seed=SEED, threads=THREADS)
    seconds = time.perf_counter() - begun
    single = simulate(rows(1), years=years, seed=SEED)
    return {
        "seconds": seconds,
        "ratio": float(totals.std() / single.std()),
        "zero_years": float((single == 0).mean()),
    }


STEPS = {"monte_carlo": monte_carlo, "agreement": agreement, "bits": bits, "alike": alike}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
