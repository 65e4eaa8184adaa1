"""The picture of a roadmap: bars on months, drawn by the server, so that it needs no script and prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sipar.assessments.models import RoadmapItem
from sipar.assessments.roadmap_selectors import is_overdue

WIDTH, ROW, HEAD = 1_000.0, 34.0, 28.0
MOST_BARS = 40
SHORTEST_DAYS = 90
# Where no start is known, the bar shows the last month before the date.
ASSUMED_DAYS = 30


@dataclass(frozen=True)
class Month:
    x: float
    first: date


@dataclass(frozen=True)
class Bar:
    """One item: a box from start to due date; `kind` is its state, or `overdue`."""

    item: RoadmapItem
    x: float
    y: float
    width: float
    kind: str
    label_x: float
    label_anchor: str

    @property
    def text_y(self) -> float:
        return self.y + 17.0


@dataclass(frozen=True)
class Wait:
    """A line from the end of an item to the start of the one that waits for it."""

    path: str


@dataclass(frozen=True)
class Timeline:
    width: float
    height: float
    days: int
    months: tuple[Month, ...]
    bars: tuple[Bar, ...]
    waits: tuple[Wait, ...]
    today_x: float
    left_out: int
    mirrored: bool


def timeline(items: Sequence[RoadmapItem], *, today: date, mirrored: bool = False) -> Timeline | None:
    """The picture of the first 40 items, or None where there is none. `mirrored` for languages from right to left."""
    shown = list(items[:MOST_BARS])
    if not shown:
        return None
    starts = [item.starts_on or item.due_on - timedelta(days=ASSUMED_DAYS) for item in shown]
    first = min(*starts, today).replace(day=1)
    last = max(*(item.due_on for item in shown), today, first + timedelta(days=SHORTEST_DAYS))
    days = (last - first).days + 7

    def place(moment: date) -> float:
        share = (moment - first).days / days
        return round(WIDTH * (1.0 - share if mirrored else share), 1)

    bars = []
    for number, (item, start) in enumerate(zip(shown, starts, strict=True)):
        ends = sorted((place(start), place(item.due_on + timedelta(days=1))))
        late = place(start) > WIDTH * 0.6 if not mirrored else place(start) < WIDTH * 0.4
        near, far = (ends[0] + 6.0, ends[0] - 6.0) if not mirrored else (ends[1] - 6.0, ends[1] + 6.0)
        bars.append(
            Bar(
                item=item,
                x=ends[0],
                y=HEAD + number * ROW + 5.0,
                width=max(round(ends[1] - ends[0], 1), 3.0),
                kind="overdue" if is_overdue(item, today=today) else item.state,
                label_x=far if late else near,
                label_anchor="end" if late != mirrored else "start",
            )
        )
    return Timeline(
        width=WIDTH,
        height=HEAD + len(shown) * ROW + 8.0,
        days=days,
        months=tuple(Month(place(month), month) for month in _months(first, last)),
        bars=tuple(bars),
        waits=tuple(_waits(bars, mirrored=mirrored)),
        today_x=place(today),
        left_out=len(items) - len(shown),
        mirrored=mirrored,
    )


def _months(first: date, last: date) -> list[date]:
    """The first days of months, thinned out so that their names do not touch."""
    found = [first]
    while (following := (found[-1] + timedelta(days=32)).replace(day=1)) <= last:
        found.append(following)
    return found[:: max(1, len(found) // 12)]


def _waits(bars: Sequence[Bar], *, mirrored: bool) -> list[Wait]:
    at = {bar.item.pk: bar for bar in bars}
    found = []
    for bar in bars:
        before = at.get(bar.item.depends_on_id or 0)
        if before is None:
            continue
        start = before.x if mirrored else before.x + before.width
        end = bar.x + bar.width if mirrored else bar.x
        above, below = before.y + 12, bar.y + 12
        found.append(
            Wait(f"M{start:.1f} {above:.1f} C{start:.1f} {below:.1f} {end:.1f} {above:.1f} {end:.1f} {below:.1f}")
        )
    return found
