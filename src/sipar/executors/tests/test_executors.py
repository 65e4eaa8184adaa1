"""Every executor gives the same rows: one machine by threads and processes, and Spark."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from sipar.bench.observations import a_day
from sipar.executors import spark
from sipar.executors.kernels import Reroute
from sipar.executors.local import LocalExecutor
from sipar.executors.port import Executor, output_name, run_part
from sipar.executors.spark import SparkExecutor, SparkMissing
from sipar.exposure.observations import SCHEMA
from sipar.routing.claims import CLAIM_SCHEMA
from sipar.routing.lookup import compile_lookup

RAW = "a" * 64
LOCAL_SPARK = SparkExecutor(master="local[2]", options={"spark.sql.shuffle.partitions": "2"})


@pytest.fixture
def lookup(tmp_path: Path) -> str:
    """Alternate halves of 10.0.0.0/8 in sixteen prefixes, one of them shared."""
    claims = [
        dict.fromkeys(CLAIM_SCHEMA)
        | {"id": number + 1, "organisation": 100 + number, "kind": "prefix", "value": f"10.{number * 32}.0.0/12",
           "source": "manual", "mark": "nat" if number == 3 else ""}
        for number in range(8)
    ]  # fmt: skip
    compile_lookup(pl.DataFrame(claims, schema=CLAIM_SCHEMA)).save(tmp_path / "lookup.parquet")
    return str(tmp_path / "lookup.parquet")


@pytest.fixture
def parts(tmp_path: Path) -> list[str]:
    """Three parts of three days, one of them empty and one of several batches."""
    made = []
    for day, rows in ((1, 900), (2, 70_000), (3, 0)):
        table = a_day(
            date(2026, 10, day), population=20_000, rows=max(rows, 10), organisations=50, source="sensor", raw=RAW
        )
        place = tmp_path / f"day={day}" / "part.parquet"
        place.parent.mkdir()
        parquet.write_table(table.slice(0, rows), place)
        made.append(str(place))
    return made


def results(
    executor: Executor, kernel: Callable[[pa.Table], pa.Table], parts: list[str], folder: Path
) -> list[pa.Table]:
    outputs = executor.map_parts(kernel, parts, str(folder))
    assert [output.source for output in outputs] == parts
    tables = [parquet.read_table(output.path, partitioning=None) for output in outputs]
    assert [output.rows for output in outputs] == [table.num_rows for table in tables]
    assert sorted(path.name for path in folder.iterdir()) == sorted(output_name(part) for part in parts)
    return tables


def test_threads_route_and_hash_every_row(lookup: str, parts: list[str], tmp_path: Path) -> None:
    tables = results(LocalExecutor(), Reroute(lookup), parts, tmp_path / "out")
    assert [table.num_rows for table in tables] == [900, 70_000, 0]
    assert all(table.schema.equals(SCHEMA) for table in tables)
    for row in tables[0].to_pylist():
        block = int(row["ip"].split(".")[1])
        assert row["organisation"] == (100 + block // 32 if block % 32 < 16 else None)
        assert (row["shared"] == "nat") == (row["organisation"] == 103)
        assert len(row["row"]) == len(row["key"]) == 16


def test_processes_give_the_same_rows(lookup: str, parts: list[str], tmp_path: Path) -> None:
    here = results(LocalExecutor(), Reroute(lookup), parts, tmp_path / "threads")
    there = results(LocalExecutor(workers=2, processes=True), Reroute(lookup), parts, tmp_path / "processes")
    assert all(one.equals(other) for one, other in zip(here, there, strict=True))


@pytest.mark.slow
def test_spark_gives_the_same_rows(lookup: str, parts: list[str], tmp_path: Path) -> None:
    here = results(LocalExecutor(), Reroute(lookup), parts, tmp_path / "threads")
    there = results(LOCAL_SPARK, Reroute(lookup), parts, tmp_path / "spark")
    assert all(one.equals(other) for one, other in zip(here, there, strict=True))
    assert LOCAL_SPARK.map_parts(Reroute(lookup), [], str(tmp_path / "nothing")) == ()


def test_places_may_be_uris(lookup: str, parts: list[str], tmp_path: Path) -> None:
    (output,) = LocalExecutor().map_parts(Reroute(lookup), [f"file://{parts[0]}"], f"file://{tmp_path}/out")
    assert output.path.startswith(f"file://{tmp_path}/out/part-")
    assert parquet.read_table(output.path.removeprefix("file://"), partitioning=None).num_rows == output.rows == 900


@dataclass(frozen=True)
class Fails:
    """Fails on the second batch."""

    def __call__(self, table: pa.Table) -> pa.Table:
        if table.num_rows < 65_536:
            raise ValueError("a row that no kernel can read")
        return table


def test_a_part_that_fails_leaves_no_half(parts: list[str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no kernel"):
        LocalExecutor().map_parts(Fails(), [parts[1]], str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_part_that_runs_twice_is_one_output(lookup: str, parts: list[str], tmp_path: Path) -> None:
    first = run_part(Reroute(lookup), parts[0], str(tmp_path / "out"))
    before = Path(first.path).read_bytes()
    assert run_part(Reroute(lookup), parts[0], str(tmp_path / "out")) == first
    assert Path(first.path).read_bytes() == before


def test_without_java_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(os, "environ", {**os.environ, "PATH": str(tmp_path)})
    with pytest.raises(SparkMissing, match="Java 17"):
        SparkExecutor(master="local[1]").map_parts(Fails(), ["x"], str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SparkMissing, match="JAVA_HOME"):
        SparkExecutor(master="local[1]").map_parts(Fails(), ["x"], str(tmp_path))


def test_without_pyspark_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    blocked: Any = None
    monkeypatch.setitem(sys.modules, "pyspark.sql", blocked)
    with pytest.raises(SparkMissing, match=r"sipar\[spark\]"):
        spark.start(master="local[1]", options={})
