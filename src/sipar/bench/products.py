"""`sipar bench products`: a million assets against the version ranges of vulnerability records.

Where reference data is at hand (`bench.shared`), the ranges are those of the Vulnrichment extract there; else invented
ones of the same size: 75,001 ranges of 13,144 products in 44,130 CVEs, a few products with thousands, most with a
handful.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from sipar.bench.figures import Figure
from sipar.bench.shared import shared_data
from sipar.formats.cve import CveRecord
from sipar.formats.cve_files import read_records
from sipar.routing.products.matching import Matched, match
from sipar.routing.products.ranges import AFFECTED, as_frame, ranges_of

STEPS = 3
ASSETS = 1_000_000
PRODUCTS, RANGES, CVES = 13_144, 75_001, 44_130
REPEATS = 3
EXTRACT = "vulnrichment/vulnrichment_compact.jsonl.gz"
LIMIT_S = 3.0

type Say = Callable[[str], object]


def run(say: Say, *, assets: int = ASSETS) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    say("Reading or inventing the ranges")
    ranges, which = known_ranges(shared_data())
    say(f"Inventing {assets:,} assets")
    components = invented_assets(ranges, assets, np.random.default_rng(4))
    distinct = components.select("key", "version").n_unique()
    say("Matching")
    seconds, cpu = [], []
    found: Matched | None = None
    for _ in range(REPEATS):
        begun, used = time.perf_counter(), time.process_time()
        found = match(components, ranges)
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    assert found is not None
    note = (
        f"{which}; {distinct:,} products with versions; {found.matches.height:,} matches; fastest of {REPEATS},"
        f" median {float(np.median(seconds)):.2f} s; {min(cpu):.1f} s of CPU"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("match_s", min(seconds), "s", LIMIT_S, note=note),
        Figure("assets_per_s", assets / min(seconds), "1/s", None, "min"),
        Figure("peak_mb", peak, "MB", None, note="of the whole process, ranges and assets included"),
    ]


def known_ranges(shared: Path | None) -> tuple[pl.DataFrame, str]:
    """The ranges to match with, and where they are from."""
    extract = shared / EXTRACT if shared else None
    if extract is None or not extract.is_file():
        ranges = invented_ranges(np.random.default_rng(3))
        return ranges, f"{ranges.height:,} invented ranges"
    with extract.open("rb") as stream:
        records = (record for record in read_records(stream, extract.name) if isinstance(record, CveRecord))
        ranges = as_frame(row for record in records for row in ranges_of(record)[0])
    return ranges, f"{ranges.height:,} ranges of the Vulnrichment extract"


def invented_ranges(generator: np.random.Generator) -> pl.DataFrame:
    """Ranges whose products are spread as in the real extract: the share of a product falls with its rank."""
    weights = 1.0 / np.arange(1, PRODUCTS + 1) ** 0.8
    product = np.concatenate(
        [
            np.arange(PRODUCTS),
            generator.choice(PRODUCTS, RANGES - PRODUCTS, p=weights / weights.sum()),
        ]
    )
    cve = generator.integers(0, CVES, RANGES)
    major, minor, patch = (generator.integers(0, most, RANGES) for most in (12, 20, 40))
    kind = generator.choice(3, RANGES, p=[0.45, 0.4, 0.15])
    upper = [f"{a}.{b}.{c}" for a, b, c in zip(major, minor, patch, strict=True)]
    lower = [
        top if which == 0 else f"{int(a) // 2}.0" if which == 2 else None
        for top, which, a in zip(upper, kind, major, strict=True)
    ]
    return as_frame(
        (
            f"CVE-2024-{number + 10_000}", f"CVE-2024-{number + 10_000}", "invented", 0,
            f"vendor{name % 3_000}:product{name}", "a", "generic", low, True, top, bool(which == 0), AFFECTED,
            f"product{name}", "",
        )
        for number, name, low, top, which in zip(cve, product, lower, upper, kind, strict=True)
    )  # fmt: skip


def invented_assets(ranges: pl.DataFrame, assets: int, generator: np.random.Generator) -> pl.DataFrame:
    """Assets of the products that have ranges, each as often as the others; a third of their versions is a bound."""
    products = ranges.group_by("key", maintain_order=True).agg(
        part=pl.col("part").first(), bounds=pl.coalesce("upper", "lower").drop_nulls()
    )
    chosen = generator.integers(0, products.height, assets)
    bounds = products["bounds"].to_list()
    picks = generator.random(assets)
    numbers = generator.integers(0, [12, 20, 40], (assets, 3))
    versions = [
        bounds[place][int(pick * 3 * len(bounds[place]))] if pick < 1 / 3 and bounds[place] else f"{a}.{b}.{c}"
        for place, pick, (a, b, c) in zip(chosen.tolist(), picks.tolist(), numbers.tolist(), strict=True)
    ]
    named = products.select("key", "part")[chosen]
    return named.with_columns(
        component=pl.Series(np.arange(assets)), version=pl.Series(versions, dtype=pl.String)
    ).select("component", "key", "part", "version")
