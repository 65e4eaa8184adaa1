"""Mail that comes back on notices: answers, kept with their notice and never taken as verified, and what bounced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting
from sipar.formats.bounces import Bounce, read_bounces
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import PlainMail, read_plain_mail
from sipar.incidents.mail_actions import NO_NOTICE, leave_to_people
from sipar.incidents.mailboxes import take_mails
from sipar.notices.addresses import number_in_address, number_in_subject
from sipar.notices.models import Delivery, Notice, Reply
from sipar.notices.policy import require_system
from sipar.notices.sending import LONGEST_ANSWER

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


@action("notice.bounce")
def note_bounce(actor: Actor, data: bytes, *, now: datetime) -> bool:
    """Whether the mail says that a notice did not arrive; it is written on the notice's last delivery.

    Where it came back from every address, the notice counts as failed and waits for a person. Believed only where it
    came to the notice's own reply address. Called as Sipar itself.
    """
    require_system(actor)
    try:
        bounces = read_bounces(data)
        # Most mails are none, and are read once more as replies.
        number = _number_in(read_plain_mail(data).recipients) if bounces else ""
    except FormatProblem:
        return False
    if not number:
        return False
    rows = Delivery.objects.select_for_update().filter(notice__number=number, outcome="sent")
    delivery = rows.order_by("-attempt").first()
    if delivery is None:
        return Notice.objects.filter(number=number).exists()
    reasons = {address: bounce.reason for bounce in bounces for address in _sent_to(bounce, delivery)}
    came_back = {*delivery.bounced, *reasons}
    said = "; ".join(f"{address}: {reason}" for address, reason in sorted(reasons.items()))
    lost = came_back >= set(delivery.recipients)
    Delivery.objects.filter(pk=delivery.pk).update(
        bounced=sorted(came_back), answer=said[:LONGEST_ANSWER], outcome="bounced" if lost else "sent"
    )
    if lost:
        Notice.objects.filter(pk=delivery.notice_id, state="sent").update(state="failed")
    return True


def _sent_to(bounce: Bounce, delivery: Delivery) -> frozenset[str]:
    """The recipients of the delivery that a bounce is about; the only one there is, where it was forwarded on."""
    named = bounce.addresses & set(delivery.recipients)
    return named or (frozenset(delivery.recipients) if len(delivery.recipients) == 1 else frozenset())


def fetch(mailbox: Mailbox) -> int:
    """Take every mail that nobody has seen; returns how many. What answers no notice waits for people to read it."""
    return len(take_mails(mailbox, _take))


def _take(mail: Waiting) -> None:
    now = timezone.now()
    with acting(system(), reason="take a mail on a notice") as sipar:
        if mail.data is not None and (
            note_bounce(sipar, mail.data, now=now) or receive_reply(sipar, mail.data, now=now) is not None
        ):
            return
        leave_to_people(sipar, mail, why=NO_NOTICE, now=now)


def _number_of(mail: PlainMail) -> str:
    return _number_in(mail.recipients) or number_in_subject(mail.subject)


def _number_in(recipients: Sequence[str]) -> str:
    return next((found for address in recipients if (found := number_in_address(address))), "")
