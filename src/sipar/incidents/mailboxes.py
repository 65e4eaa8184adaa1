"""The mailboxes of the CERT: taking what came to them, and saying where people look that one cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting, take_unseen
from sipar.incidents.custody_reading import national_team
from sipar.incidents.models import MailboxTrouble
from sipar.incidents.report_selectors import desks_of

# A server that is away for a moment is nobody's work; one that nobody tries any more is no mailbox of ours.
TROUBLE_AFTER, FORGOTTEN_AFTER = timedelta(minutes=5), timedelta(hours=1)


def take_mails[Taken](mailbox: Mailbox, take: Callable[[Waiting], Taken]) -> list[Taken]:
    """What `take` gives for each mail that nobody has seen. Call it outside `acting`."""
    taken, problem = take_unseen(mailbox, take)
    with acting(system(), reason="say whether a mailbox can be read"):
        note_mailbox(mailbox, problem, now=timezone.now())
    return taken


def note_mailbox(mailbox: Mailbox, problem: str, *, now: datetime) -> None:
    """Keep since when a mailbox cannot be read; one that can be has no row."""
    if not problem:
        MailboxTrouble.objects.filter(setting=mailbox.setting).delete()
        return
    said = {"team": national_team(), "problem": problem[:300], "tried_at": now}
    MailboxTrouble.objects.update_or_create(
        setting=mailbox.setting, defaults=said, create_defaults=said | {"since": now}
    )


def unread_mailboxes(actor: Actor, *, now: datetime) -> QuerySet[MailboxTrouble]:
    """The mailboxes of the actor's CERT that cannot be read for some minutes, the longest first."""
    rows = MailboxTrouble.objects.filter(team__in=desks_of(actor), tried_at__gt=now - FORGOTTEN_AFTER)
    return rows.filter(since__lte=now - TROUBLE_AFTER).order_by("since", "pk")
