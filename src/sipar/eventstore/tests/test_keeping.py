"""What the night does to the lake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sipar.eventstore.keeping import Kept, keep
from sipar.eventstore.store import Store
from sipar.eventstore.tests.test_store import A, B, C, rows

FIRST, SECOND, TODAY = date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)


def test_the_night_merges_days_that_ended_and_retires_what_is_kept_no_longer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for raw, start in ((A, 0), (B, 30)):
        store.write("sensor", raw, [rows(raw, 30, days=3, start=start)])
    store.write("other", C, [rows(C, 30, days=3, source="other")])
    assert keep(store, keep_days={"sensor": 400, "other": 1}, today=TODAY) == Kept(merged=3, retired=1, swept=0)
    assert [len(store.paths(day, day)) for day in (FIRST, SECOND, TODAY)] == [1, 2, 3]
    assert set(store.observations(FIRST, FIRST)["source"].to_pylist()) == {"sensor"}
    assert sum(store.summary(FIRST, TODAY)["rows"].to_pylist()) == 80
    assert keep(store, keep_days={}, today=TODAY) == Kept(merged=0, retired=0, swept=0)
