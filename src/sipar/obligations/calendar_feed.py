"""One person's own deadlines as a calendar (RFC 5545), under a secret address.

A calendar leaves Sipar and may lie on a phone or with a provider: it holds the number, the stage, the law and the
time, and nothing that a case says. Everything is asked anew at each fetch, so a role that ended ends its deadlines.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from sipar.core.acting import Actor
from sipar.obligations.models import Duty
from sipar.obligations.reading_actions import digest_of
from sipar.obligations.selectors import duties_of_person
from sipar.obligations.words import law_words, stage_words, subject_number
from sipar.people.models import Account
from sipar.people.selectors import actor_of

if TYPE_CHECKING:
    from icalendar import Event

# What was done or given up long ago needs no calendar any more.
LOOKS_BACK = timedelta(days=60)
MOST_EVENTS = 500
LONGEST_TOKEN = 100


def reader_of(token: str, *, now: datetime) -> Actor | None:
    """Whose calendar a secret opens, with the roles held now; None for a dead secret or an account without a role."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select guard.calendar(%s)", [digest_of(token)])
        row = cursor.fetchone()
    account = Account.objects.filter(pk=row[0], is_active=True).first() if row and row[0] else None
    if account is None:
        return None
    actor = actor_of(account, now=now)
    return actor if actor.grants else None


def calendar_of(actor: Actor, *, now: datetime) -> bytes:
    """The actor's deadlines as iCalendar: what is open, and what ended within sixty days."""
    rows = duties_of_person(actor).filter(due_at__isnull=False, due_at__gte=now - LOOKS_BACK)
    return to_ical(rows.exclude(state="withdrawn")[:MOST_EVENTS], now=now)


def to_ical(duties: Iterable[Duty], *, now: datetime) -> bytes:
    """Duties with a deadline as one VEVENT each, in UTC; its UID stays the same when the deadline moves."""
    # Only who subscribes to a calendar waits for it.
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Sipar//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Sipar")
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for duty in duties:
        if duty.due_at is not None:
            calendar.add_component(_event(duty, duty.due_at, now=now))
    return bytes(calendar.to_ical())


def _event(duty: Duty, due_at: datetime, *, now: datetime) -> Event:
    from icalendar import Event

    due = due_at.astimezone(UTC)
    event = Event()
    event.add("uid", f"duty-{duty.pk}@sipar")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", due)
    event.add("summary", f"{subject_number(duty)}: {stage_words(duty)}")
    event.add("description", f"{law_words(duty)}\n{duty.cite}\n{Duty.STATES[duty.state]}".strip())
    event.add("status", "CANCELLED" if duty.state == "waived" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event
