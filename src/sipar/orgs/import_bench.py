"""How long a large register takes to import: invented organisations, parsed, checked, loaded and recorded."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.tables import read_table, write_csv
from sipar.orgs.import_actions import LIMITS, load_checked
from sipar.orgs.import_check import check_register
from sipar.orgs.import_columns import NAMES
from sipar.orgs.import_load import register_codes


def invented_register(rows: int, *, seed: int = 1) -> pl.DataFrame:
    """A register of invented organisations with the codes that this installation knows, every cell a text."""
    codes = register_codes()
    draw = np.random.default_rng(seed)
    number = pl.int_range(rows, eager=True).cast(pl.String).str.zfill(7)

    def of(values: list[str]) -> pl.Series:
        return pl.Series(np.array(values)[draw.integers(0, len(values), rows)])

    columns = {
        "identifier": "BENCH-" + number,
        "name": "Invented organisation " + number,
        "name_ur": "فرضی ادارہ " + number,
        "ownership": of(["public", "private"]),
        "sector": of(sorted(codes.sectors)),
        "province": of(sorted(codes.provinces)),
        "ministry": of([*sorted(codes.ministries), ""]),
        "tier": of(["1", "2", "3", "4"]),
        "size": of(["micro", "small", "medium", "large"]),
        "website": "https://www.org" + number + ".example/",
        "contact_name": "Duty desk " + number,
        "contact_email": "duty@org" + number + ".example",
        "contact_phone": "+92 51 " + number,
        "domains": "org" + number + ".example",
        "prefixes": of([f"{net}.{host}/32" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(256)]),
        "fictional": pl.Series(["yes"] * rows),
    }
    frame = pl.DataFrame(columns)
    absent = [pl.lit("").alias(name) for name in NAMES if name not in columns]
    return frame.with_columns(absent).select(NAMES)


def run(rows: int) -> dict[str, Any]:
    """Import `rows` invented organisations into the database of this process, and keep them: use a throw-away one.

    Returns `rows`, `file_mb`, and in seconds `read_s`, `check_s`, `load_s` (stage, compare, write, ledger events),
    `constituencies_s`, `commit_s` (foreign keys are checked there) and `total_s`.
    """
    sipar = system()
    with acting(sipar, reason="make the file of the import bench"):
        data = write_csv(NAMES, invented_register(rows))
    marks = {"start": time.perf_counter()}
    with acting(sipar, reason="import bench"):
        table = read_table(data, "bench.csv", LIMITS)
        marks["read_s"] = time.perf_counter()
        checked = check_register(table, register_codes())
        marks["check_s"] = time.perf_counter()

        def tell(step: str, done: int, total: int) -> None:
            if step == "constituencies":
                marks["load_s"] = time.perf_counter()

        added, _, _ = load_checked(sipar, checked, now=datetime.now(UTC), tell=tell)
        marks["constituencies_s"] = time.perf_counter()
    marks["commit_s"] = time.perf_counter()
    names = list(marks)
    steps = {name: marks[name] - marks[before] for before, name in itertools.pairwise(names)}
    return {
        "rows": added,
        "file_mb": len(data) / 1e6,
        **steps,
        "total_s": marks["commit_s"] - marks["start"],
    }
