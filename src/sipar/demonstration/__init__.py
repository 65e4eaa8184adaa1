"""The demonstration nation: some thousands of invented organisations and a year of their assessments.

Everything here is fiction and marked so: `is_fictional`, `(fictional)` in the name, `.example` domains, documentation
prefixes and AS numbers. The same seed and size give the same nation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Progress = Callable[[int, int, str], object]


# Imported inside: reading the table of accounts needs no Django, loading does.
def load(*, organisations: int = 3_000, seed: int = 1, now: datetime, progress: Progress) -> bool:
    """Load what is not loaded yet and return whether anything was; see `sipar.demonstration.loading.load`."""
    from sipar.demonstration import loading

    return loading.load(organisations=organisations, seed=seed, now=now, progress=progress)


def is_loaded() -> bool:
    """Whether every stage of the demonstration nation is there."""
    from sipar.demonstration import loading

    return loading.is_loaded()
