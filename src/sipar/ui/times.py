"""Moments and deadlines in words: "in 3 h 12 min (Tue 14:30 PKT)", with the exact UTC beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from django.utils import dateformat
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

# Unicode isolates keep "14:30 PKT" together inside a right-to-left line.
LEFT_TO_RIGHT, END_OF_ISOLATE = "\u2066", "\u2069"

Tone = Literal["calm", "soon", "late", "done"]


@dataclass(frozen=True)
class Deadline:
    """`words` is what a person reads, `utc` the exact moment for the title, `iso` for the datetime attribute."""

    words: str
    utc: str
    iso: str
    tone: Tone


def moment_in_words(moment: datetime, *, now: datetime, zone: tzinfo) -> str:
    """The local clock time with its zone: the weekday within six days, the date beyond, the year where it differs."""
    local = moment.astimezone(zone)
    if abs(moment - now) < timedelta(days=6):
        day = "D"
    else:
        day = "j M" if local.year == now.astimezone(zone).year else "j M Y"
    clock = dateformat.format(local, "H:i T")
    if get_language_bidi():
        clock = f"{LEFT_TO_RIGHT}{clock}{END_OF_ISOLATE}"
    return f"{dateformat.format(local, day)} {clock}"


def span_in_words(span: timedelta) -> str:
    """A positive span in its two largest units of days, hours and minutes; whole minutes, rounded down."""
    minutes = int(span.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 10:
        return _("%(days)s days") % {"days": days}
    if days >= 2:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if minutes >= 60:
        return _("%(hours)s h %(minutes)s min") % {"hours": days * 24 + hours, "minutes": rest}
    return _("%(minutes)s min") % {"minutes": rest}


def deadline(
    due: datetime, *, now: datetime, zone: tzinfo, started: datetime | None = None, done: datetime | None = None
) -> Deadline:
    """How a deadline reads at `now`: calm, soon in the last quarter of its time, late after it, done when met.

    Without `started` the last quarter is not known, so the tone stays calm until the deadline has passed.
    Raises ValueError for naive moments.
    """
    if due.tzinfo is None or now.tzinfo is None:
        raise ValueError("a deadline needs aware moments")
    clock = moment_in_words(due, now=now, zone=zone)
    words = _("in %(span)s (%(clock)s)") % {"span": span_in_words(due - now), "clock": clock}
    tone: Tone = "calm"
    if done is not None:
        clock = moment_in_words(done, now=now, zone=zone)
        tone = "done" if done <= due else "late"
        words = (
            _("done in time (%(clock)s)") % {"clock": clock}
            if done <= due
            else _("done %(span)s late (%(clock)s)") % {"span": span_in_words(done - due), "clock": clock}
        )
    elif now > due:
        tone = "late"
        words = _("late by %(span)s (%(clock)s)") % {"span": span_in_words(now - due), "clock": clock}
    elif started is not None and now >= due - (due - started) / 4:
        tone = "soon"
    exact = due.astimezone(UTC)
    return Deadline(words=words, utc=f"{exact:%Y-%m-%d %H:%M:%S} UTC", iso=exact.isoformat(), tone=tone)
