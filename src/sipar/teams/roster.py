"""Duty around the clock: where nobody is on duty. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Span:
    starts_at: datetime
    ends_at: datetime


def gaps(shifts: Iterable[Span], *, starts_at: datetime, ends_at: datetime) -> list[Span]:
    """The times between `starts_at` and `ends_at` that no shift covers, in order; shifts may overlap."""
    found = []
    covered_until = starts_at
    for shift in sorted(shifts, key=lambda span: span.starts_at):
        if shift.starts_at >= ends_at:
            break
        if shift.starts_at > covered_until:
            found.append(Span(covered_until, shift.starts_at))
        covered_until = max(covered_until, shift.ends_at)
    if covered_until < ends_at:
        found.append(Span(covered_until, ends_at))
    return found
