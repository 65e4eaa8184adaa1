"""How a number of open findings went from day to day, and medians, from one byte a finding (pure)."""

from __future__ import annotations

import numpy as np


def open_by_day(live: int, opened: bytes, ended: bytes, *, days: int) -> list[int]:
    """How many findings were open at the end of each of the last `days` days, the oldest first, today last.

    `live` are open now; `opened` and `ended` say, a byte each, how many days ago findings were first seen and closed.
    A finding that was closed and seen again counts as open in between.
    """
    arrived = np.bincount(np.frombuffer(opened, dtype=np.uint8), minlength=256)
    left = np.bincount(np.frombuffer(ended, dtype=np.uint8), minlength=256)
    # At the end of the day d days ago: today's, without what arrived since, with what left since.
    since = np.concatenate([[0], np.cumsum(left - arrived)[: days - 1]])
    found = np.maximum(live + since, 0)[::-1]
    return [int(number) for number in found]


def median_days(repairs: bytes) -> float | None:
    """The median of days, one byte each (255: that many or more); None where there is none."""
    if not repairs:
        return None
    return float(np.median(np.frombuffer(repairs, dtype=np.uint8)))
