"""When Sipar acts on a duty, and which report serves which duty. Pure: instants and words in, instants and words out.

Between the start of a duty and its limit lie two reminders, at the limit a third and the breach, after it a last one.
`scan` computes the same moments in SQL from the same constants, so that a batch is one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# The moments of a duty in their order; `Duty.step` counts those that have been handled.
MOMENTS = ("before", "last", "due", "late")
BEFORE_SHARE = 0.25
LAST_SHARE = 0.1
LAST_LONGEST = timedelta(hours=1)
LATE_SHARE = 0.25
LATE_SHORTEST = timedelta(minutes=15)
LATE_LONGEST = timedelta(days=1)

# How much a report tells: a fuller one serves an earlier duty that was left open. Other sorts serve only themselves.
FULLNESS = {
    "early_warning": 1,
    "notification": 2,
    "intermediate": 3,
    "progress": 3,
    "supplement": 3,
    "written_record": 3,
    "final": 4,
}


@dataclass(frozen=True)
class Moments:
    """The four moments of a duty that started at one instant and is due at another."""

    before: datetime
    last: datetime
    due: datetime
    late: datetime


def moments(*, start: datetime, due: datetime) -> Moments:
    """Last quarter begins; one hour before (or the last tenth, where that is shorter); the limit; a while after it."""
    span = max(due - start, timedelta())
    return Moments(
        before=due - span * BEFORE_SHARE,
        last=due - min(LAST_LONGEST, span * LAST_SHARE),
        due=due,
        late=due + min(LATE_LONGEST, max(LATE_SHORTEST, span * LATE_SHARE)),
    )


def serves(*, submitted: str, stage: str, sort: str, content: Collection[str], facts: Mapping[str, object]) -> bool:
    """Whether a report submitted as `submitted` (a stage or a sort of stage) serves a duty of this stage and sort.

    A fuller report serves an earlier duty; an early warning serves a notification when it tells all that this asks.
    """
    if submitted in (stage, sort):
        return True
    told, asked = FULLNESS.get(submitted, 0), FULLNESS.get(sort, 0)
    if not told or not asked:
        return False
    if asked in (1, 2):
        return told > asked or all(facts.get(name) is not None for name in content)
    return False
