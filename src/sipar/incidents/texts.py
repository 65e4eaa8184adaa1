"""What people write into a case, checked before it is kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from sipar.core.problems import Invalid, Place
from sipar.core.text import turns_direction

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Clocks of people and machines differ a little: a moment this far ahead is still "now".
SKEW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def plain_text(value: str, where: str, *, longest: int, required: bool = True, lines: bool = True) -> str:
    """The text without outer blanks, line ends as newlines. Raises Invalid `case.input` at `where` for a text that is
    missing, too long, or holds control characters or turns of direction; without `lines`, for more than one line."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if required and not text:
        raise refused(where, _("Write something here."))
    if len(text) > longest:
        raise refused(where, _("This is longer than %(longest)s characters.") % {"longest": longest})
    if _CONTROL.search(text) or turns_direction(text):
        raise refused(where, _("This holds control characters."))
    if not lines and ("\n" in text or "\t" in text):
        raise refused(where, _("This takes one line only."))
    return text


def past_moment(value: datetime, where: str, *, now: datetime) -> datetime:
    """A moment at which something happened: aware, not before the year 2000, not in the future."""
    if value.tzinfo is None:
        raise refused(where, _("Give the time with its zone."))
    if not EARLIEST <= value <= now + SKEW:
        raise refused(where, _("This must lie between the year 2000 and now."))
    return value


def coming_moment(value: datetime, where: str, *, now: datetime) -> datetime:
    """A moment by which something is to be done: aware, not passed, at most five years ahead."""
    if value.tzinfo is None:
        raise refused(where, _("Give the time with its zone."))
    if not now < value <= now + timedelta(days=5 * 366):
        raise refused(where, _("This must lie in the future."))
    return value


def refused(where: str, sentence: str) -> Invalid:
    """What is wrong with one field of what was sent."""
    return Invalid(_("This cannot be kept as it is."), code="case.input", places=[Place(where, sentence)])
