"""Mail that comes back on notices: kept with its notice, its sender never taken as verified."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting, take_unseen
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import PlainMail, read_plain_mail
from sipar.incidents.mail_actions import NO_NOTICE, leave_to_people, refuse_large_mail
from sipar.notices.addresses import number_in_address, number_in_subject
from sipar.notices.models import Notice, Reply
from sipar.notices.policy import require_system

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
    except FormatProblem:
        return None
    notice = None if mail.automatic else Notice.objects.filter(number=_number_of(mail)).first()
    if notice is None:
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
    """Take every mail that nobody has seen; returns how many. What answers no notice waits for people to read it."""
    return len(take_unseen(mailbox, _take))


def _take(mail: Waiting) -> None:
    now = timezone.now()
    with acting(system(), reason="take a mail on a notice") as sipar:
        if mail.data is None:
            refuse_large_mail(sipar, mail, now=now)
        elif receive_reply(sipar, mail.data, now=now) is None:
            leave_to_people(sipar, mail.data, why=NO_NOTICE, now=now)


def _number_of(mail: PlainMail) -> str:
    by_address = next((found for address in mail.recipients if (found := number_in_address(address))), "")
    return by_address or number_in_subject(mail.subject)
