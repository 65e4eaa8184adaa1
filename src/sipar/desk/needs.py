"""One thing that needs a person: what, where, and when it hurts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from django.utils.translation import get_language

SHOWN = 5


@dataclass(frozen=True)
class Need:
    """`hurts_at` orders the desk; `due` and `started` draw the clock where there is one that people know."""

    hurts_at: datetime
    sentence: str
    href: str
    icon: str
    detail: str = ""
    due: datetime | None = None
    started: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """When the desk is read, and in which zone a day ends."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The end of a due day: what is due that day is late from the next one on."""
        return datetime.combine(day, time(23, 59, 59), self.zone)


def words(text: Mapping[str, str]) -> str:
    """A {tag: text} in the active language, else in English."""
    return text.get(get_language() or "en") or text.get("en", "")
