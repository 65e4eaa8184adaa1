"""Putting reminders aside, and the address of one's own calendar."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.obligations.models import CalendarFeed, Reminder

TOKEN_BYTES = 32


@action("reminder.read")
def mark_reminders_read(actor: Actor, *, now: datetime, reminder: int | None = None) -> int:
    """Put one of the actor's own reminders aside, or all of them; returns how many."""
    rows = Reminder.objects.filter(account_id=actor.account, read_at=None)
    return (rows if reminder is None else rows.filter(pk=reminder)).update(read_at=now)


@action("calendar.renew")
def renew_calendar(actor: Actor, *, now: datetime) -> str:
    """A new secret for the address of the actor's calendar, told once; the one before stops working at once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    CalendarFeed.objects.update_or_create(
        account_id=actor.account, defaults={"digest": digest_of(token), "created_at": now}
    )
    return token


@action("calendar.revoke")
def revoke_calendar(actor: Actor) -> bool:
    """End the actor's calendar address; returns whether there was one."""
    return CalendarFeed.objects.filter(account_id=actor.account).delete()[0] > 0


def digest_of(token: str) -> str:
    """What is kept of the secret: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
