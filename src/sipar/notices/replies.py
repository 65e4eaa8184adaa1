"""Mail that comes back on notices: kept with its notice, its sender never taken as verified."""

from __future__ import annotations

import imaplib
import logging
from datetime import datetime

from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting, mark_seen, opened, waiting
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import PlainMail, read_plain_mail
from sipar.notices.addresses import number_in_address, number_in_subject
from sipar.notices.models import Notice, Reply
from sipar.notices.policy import require_system

log = logging.getLogger(__name__)
LONGEST_TEXT = 20_000


@action("notice.reply")
def receive_reply(actor: Actor, data: bytes, *, now: datetime) -> Reply | None:
    """Keep a mail with the notice that it answers: by its reply address, else by the number in its subject.

    None for what answers no notice, cannot be read, or was written by a machine; the same mail twice is kept once.
    Called as Sipar itself. Raises nothing for hostile bytes.
    """
    require_system(actor)
    try:
        mail = read_plain_mail(data)
    except FormatProblem as problem:
        log.warning("a mail on a notice could not be read: %s", problem)
        return None
    if mail.automatic:
        return None
    notice = Notice.objects.filter(number=_number_of(mail)).first()
    if notice is None:
        log.info("a mail answers no notice: %s", mail.message_id)
        return None
    kept, _made = Reply.objects.get_or_create(
        notice=notice,
        message_id=mail.message_id[:998],
        defaults={
            "organisation_id": notice.organisation_id,
            "sender": mail.sender[:254],
            "text": mail.text[:LONGEST_TEXT],
            "received_at": now,
        },
    )
    return kept


def fetch(mailbox: Mailbox) -> int:
    """Take every mail that nobody has seen; returns how many. One is marked as seen only once it is dealt with."""
    taken = 0
    try:
        with opened(mailbox) as connection:
            for mail in waiting(connection):
                if _is_taken(mail):
                    mark_seen(connection, mail.number)
                    taken += 1
    except (OSError, imaplib.IMAP4.error) as problem:
        log.warning("the mailbox of notices could not be read: %s", type(problem).__name__)
    return taken


def _is_taken(mail: Waiting) -> bool:
    """Whether the mail is dealt with. What failed stays unseen, and does not stop those behind it."""
    if mail.data is None:
        log.warning("mail %s on a notice is too large: %s bytes", mail.number, mail.size)
        return True
    try:
        with acting(system(), reason="take a mail on a notice") as sipar:
            receive_reply(sipar, mail.data, now=timezone.now())
    except Exception:
        log.exception("mail %s on a notice could not be taken", mail.number)
        return False
    return True


def _number_of(mail: PlainMail) -> str:
    by_address = next((found for address in mail.recipients if (found := number_in_address(address))), "")
    return by_address or number_in_subject(mail.subject)
