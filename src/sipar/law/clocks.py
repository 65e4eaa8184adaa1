"""Statutory clocks over whole columns: an anchor, an offset, the earliest of several, one case or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sipar.law.calendars import Groups, Instants, WorkingDays, add_months, to_instant, to_wall

type Unit = Literal["hours", "days", "working_days", "months"]
type ClockStatus = Literal["running", "not_started", "on_request", "unknown_period"]
STATUSES: tuple[ClockStatus, ...] = ("running", "not_started", "on_request", "unknown_period")
RUNNING, NOT_STARTED, ON_REQUEST, UNKNOWN_PERIOD = range(4)
NO_ANCHOR = -1


class Anchor(NamedTuple):
    """What a clock starts from: an instant fact, or the first or latest submission of earlier stages."""

    kind: Literal["fact", "first", "latest"]
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """The anchor as regime files write it."""
        names = ", ".join(self.names)
        return {"fact": names, "first": f"submitted({names})", "latest": f"latest_submitted({names})"}[self.kind]


class Due(NamedTuple):
    """Limits (NaT: none running), the anchor each ran from (an index, -1: none), when that was, and the status."""

    at: Instants
    anchor: NDArray[np.int16]
    anchor_at: Instants
    status: NDArray[np.int8]

    def of(self, rows: NDArray[np.int64]) -> Due:
        """The same of some of the incidents."""
        return Due(self.at[rows], self.anchor[rows], self.anchor_at[rows], self.status[rows])


class Incidents(Protocol):
    """What a clock needs to know of a table of incidents."""

    rows: int
    zones: Groups
    working: WorkingDays

    def instants(self, anchor: Anchor) -> Instants:
        """When the anchor happened in each incident; NaT if it has not, or nobody knows."""

    def answers(self, column: str) -> NDArray[np.int8]:
        """1 where a condition holds, 0 where it does not, -1 where that is unknown."""

    def number(self, anchor: Anchor) -> int:
        """The index that stands for an anchor in the results."""


class Clock(Protocol):
    """A clock that can be read over a table of incidents."""

    def read(self, incidents: Incidents) -> Due:
        """The limit of each incident."""

    def anchors(self) -> Iterator[Anchor]:
        """Every anchor the clock may start from."""

    def conditions(self) -> Iterator[str]:
        """The column of every condition the clock looks at."""

    def is_local(self) -> bool:
        """True when the limit depends on the time zone or the calendar."""


@dataclass(frozen=True, slots=True)
class After:
    """So many units after an anchor. Hours are elapsed time; days, working days and months go by the wall clock."""

    anchor: Anchor
    unit: Unit
    count: int

    def read(self, incidents: Incidents) -> Due:
        """The limit of each incident."""
        start = incidents.instants(self.anchor)
        unknown = np.isnat(start)
        return Due(
            at=self._move(start, incidents),
            anchor=np.where(unknown, NO_ANCHOR, incidents.number(self.anchor)).astype(np.int16),
            anchor_at=start,
            status=np.where(unknown, NOT_STARTED, RUNNING).astype(np.int8),
        )

    def _move(self, start: Instants, incidents: Incidents) -> Instants:
        if self.unit == "hours":
            return start + np.timedelta64(self.count, "h")
        wall = to_wall(start, incidents.zones)
        if self.unit == "days":
            moved = wall + np.timedelta64(self.count, "D")
        elif self.unit == "months":
            moved = add_months(wall, self.count)
        else:
            moved = incidents.working.add(wall, self.count)
        return to_instant(moved, incidents.zones)

    def anchors(self) -> Iterator[Anchor]:
        """The one anchor."""
        yield self.anchor

    def conditions(self) -> Iterator[str]:
        """None."""
        return iter(())

    def is_local(self) -> bool:
        """True but for hours."""
        return self.unit != "hours"


@dataclass(frozen=True, slots=True)
class Earliest:
    """The first limit of several clocks; those not running are left out."""

    clocks: tuple[Clock, ...]

    def read(self, incidents: Incidents) -> Due:
        """The limit of each incident."""
        first, *others = [clock.read(incidents) for clock in self.clocks]
        for other in others:
            first = _earlier(first, other)
        return first

    def anchors(self) -> Iterator[Anchor]:
        """Those of every clock."""
        for clock in self.clocks:
            yield from clock.anchors()

    def conditions(self) -> Iterator[str]:
        """Those of every clock."""
        for clock in self.clocks:
            yield from clock.conditions()

    def is_local(self) -> bool:
        """True when one of them is."""
        return any(clock.is_local() for clock in self.clocks)


@dataclass(frozen=True, slots=True)
class Cases:
    """The clock of the first case that holds. While a case is unknown, the earlier of its limit and the rest counts."""

    branches: tuple[tuple[str, Clock], ...]
    otherwise: Clock

    def read(self, incidents: Incidents) -> Due:
        """The limit of each incident."""
        found = self.otherwise.read(incidents)
        for column, clock in reversed(self.branches):
            answers, branch = incidents.answers(column), clock.read(incidents)
            found = _choose(answers == 0, found, _choose(answers == 1, branch, _earlier(branch, found)))
        return found

    def anchors(self) -> Iterator[Anchor]:
        """Those of every branch."""
        for _, clock in self.branches:
            yield from clock.anchors()
        yield from self.otherwise.anchors()

    def conditions(self) -> Iterator[str]:
        """Those that choose, and those of every branch."""
        for column, clock in self.branches:
            yield column
            yield from clock.conditions()
        yield from self.otherwise.conditions()

    def is_local(self) -> bool:
        """True when one of the branches is."""
        return self.otherwise.is_local() or any(clock.is_local() for _, clock in self.branches)


@dataclass(frozen=True, slots=True)
class Untimed:
    """No limit that could be computed: on request, or a period that is not known or not a number."""

    status: Literal["on_request", "unknown_period"]

    def read(self, incidents: Incidents) -> Due:
        """No limit for any incident."""
        nothing = np.full(incidents.rows, "NaT", dtype="datetime64[us]")
        return Due(
            at=nothing,
            anchor=np.full(incidents.rows, NO_ANCHOR, dtype=np.int16),
            anchor_at=nothing,
            status=np.full(incidents.rows, STATUSES.index(self.status), dtype=np.int8),
        )

    def anchors(self) -> Iterator[Anchor]:
        """None."""
        return iter(())

    def conditions(self) -> Iterator[str]:
        """None."""
        return iter(())

    def is_local(self) -> bool:
        """False."""
        return False


def _choose(rows: NDArray[np.bool_], one: Due, other: Due) -> Due:
    pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(one, other, strict=True)
    return Due(*(np.where(rows, mine, theirs) for mine, theirs in pairs))


def _earlier(one: Due, other: Due) -> Due:
    # Comparisons with NaT are false, so a clock that is not running never wins over one that is.
    return _choose((one.at <= other.at) | np.isnat(other.at), one, other)
