"""What the night does to the lake: merge, roll, retire, sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipar.eventstore.store import Store


@dataclass(frozen=True)
class Kept:
    """Partitions merged, days retired, files swept away."""

    merged: int
    retired: int
    swept: int


def keep(store: Store, *, keep_days: Mapping[str, int], today: date) -> Kept:
    """Merge the days before today, retire what feeds keep no longer (`keep_days` by source), remove replaced files.

    A day that gets late reports is merged again the next night. Whatever stops this, the next night goes on from there.
    """
    retired = sum(store.retire(source, today - timedelta(days=days)) for source, days in keep_days.items())
    past = [day for day in store.days() if day < today]
    merged = sum(store.compact(day) for day in past)
    for month in sorted({day.replace(day=1) for day in past}):
        store.roll(month)
    return Kept(merged, retired, store.sweep())
