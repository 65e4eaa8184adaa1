"""Writers and compactions that are killed: whatever the moment, every row counts exactly once afterwards."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet

from sipar.eventstore.store import Store
from sipar.eventstore.tests.test_store import A, B, C, rows

DAY = date(2026, 10, 1)
COMPACT = """
import sys
from datetime import date
from sipar.eventstore import merging
from sipar.eventstore.store import Store

merging.SLICE_ROWS = 500
print("ready", flush=True)
Store(sys.argv[1]).compact(date(2026, 10, 1))
print("done", flush=True)
"""
READ = """
import sys
from datetime import date
from sipar.eventstore.store import Store

store = Store(sys.argv[1])
print("ready", flush=True)
while not sys.stdin.closed:
    found = store.observations(date(2026, 10, 1), date(2026, 10, 30), columns=["row"])["row"].to_pylist()
    print(len(set(found)), len(found), flush=True)
"""
WRITE = """
import sys
from pyarrow import parquet
from sipar.eventstore import writing
from sipar.eventstore.store import Store

writing.ENOUGH_ROWS, writing.PART_ROWS = 50, 100
table = parquet.read_table(sys.argv[2])
print("ready", flush=True)
Store(sys.argv[1]).write("sensor", "a" * 64, [table.slice(at, 50) for at in range(0, 1000, 50)])
print("done", flush=True)
"""


def started(script: str, store: Store, *more: str) -> subprocess.Popen[str]:
    """The script in a process of its own, past its imports."""
    command = [sys.executable, "-c", script, str(store.root), *more]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def killed_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after so long; whether it had come to its end before."""
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate()
    return "done" in out


def counted(store: Store) -> Counter[bytes]:
    return Counter(store.observations(DAY, DAY, columns=["row"])["row"].to_pylist())


@pytest.mark.slow
def test_a_compaction_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for raw, start in ((A, 0), (B, 3000), (C, 6000)):
        store.write("sensor", raw, [rows(raw, 3000, start=start)])
    whole = counted(store)
    assert whole.total() == len(whole) == 9000
    moments = random.Random(7)
    for _ in range(6):
        killed_after(started(COMPACT, store), moments.uniform(0, 0.25))
        assert counted(store) == whole
        assert sum(store.summary(DAY, DAY)["rows"].to_pylist()) == 9000
    store.compact(DAY)
    store.sweep(older_than=-1)
    assert counted(store) == whole
    assert len(store.paths(DAY, DAY)) == 1
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_a_reader_during_compactions_always_sees_all_rows_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for raw, start in ((A, 0), (B, 400)):
        store.write("sensor", raw, [rows(raw, 400, days=20, start=start)])
    reader = started(READ, store)
    for number in range(20):
        store.compact(DAY + timedelta(days=number))
        store.sweep(older_than=-1)
    reader.kill()
    out, _ = reader.communicate()
    seen = out.splitlines()[:-1]
    assert set(seen) == {"800 800"}


@pytest.mark.slow
def test_a_writer_that_is_killed_ends_the_same_when_the_file_is_taken_in_again(tmp_path: Path) -> None:
    store, file = Store(tmp_path / "lake"), str(tmp_path / "rows")
    parquet.write_table(rows(A, 1000, days=2), file)
    store.write("sensor", B, [rows(B, 100, start=5000)])
    moments = random.Random(3)
    for _ in range(4):
        killed_after(started(WRITE, store, file), moments.uniform(0, 0.3))
        assert set(store.observations(DAY, DAY, where={"raw": [B]})["raw"].to_pylist()) == {B}
    finished = started(WRITE, store, file)
    out, _ = finished.communicate()
    assert "done" in out
    both = store.observations(DAY, DAY + timedelta(days=1), columns=["row"])["row"].to_pylist()
    assert len(both) == len(set(both)) == 1100
    store.sweep(older_than=-1)
    assert [path.name for path in tmp_path.rglob(".*")] == []
