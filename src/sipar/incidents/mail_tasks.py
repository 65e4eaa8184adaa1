"""Fetching the CERT's mailbox each minute, and answering those whom the register knows."""

from __future__ import annotations

import imaplib
import logging

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting, mailbox_from, mark_seen, opened, waiting
from sipar.incidents.mail_actions import AUTOMATIC, contact_of_sender, receive_mail, refuse_mail
from sipar.incidents.models import InboundMail

log = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="fetch_reports", pass_context=False)
def fetch_reports(timestamp: int) -> None:
    """Read what came to the mailbox, where this installation has one."""
    if settings.INTAKE_MAIL:
        fetch(mailbox_from(settings.INTAKE_MAIL))


def fetch(mailbox: Mailbox) -> int:
    """Take every mail that nobody has seen; returns how many. A mail is marked as seen only once it is kept.

    Whoever is stopped in between finds the mail again, and by its Message-ID that it is kept already.
    """
    taken = 0
    try:
        with opened(mailbox) as connection:
            for mail in waiting(connection):
                if _is_taken(mailbox, mail):
                    mark_seen(connection, mail.number)
                    taken += 1
    except (OSError, imaplib.IMAP4.error) as problem:
        log.warning("the mailbox could not be read: %s", type(problem).__name__)
    return taken


def _is_taken(mailbox: Mailbox, mail: Waiting) -> bool:
    """Whether the mail is kept now. What failed stays unseen for the next minute, and does not stop those behind it."""
    try:
        _take(mailbox, mail)
    except Exception:
        log.exception("mail %s of the mailbox could not be taken", mail.number)
        return False
    return True


def _take(mailbox: Mailbox, mail: Waiting) -> None:
    now, sipar = timezone.now(), system()
    with acting(sipar, reason="take a mail from the mailbox"):
        if mail.data is None:
            name = f"too-large:{mailbox.user}@{mailbox.host}/{mailbox.folder}:{mail.number}"[:300]
            refuse_mail(sipar, name, problem=f"the mail is too large: {mail.size:,} bytes", now=now)
            return
        kept = receive_mail(sipar, mail.data, now=now)
        is_new = kept.received_at == now
        if is_new and kept.problem != AUTOMATIC:
            answer_mail.defer(mail=kept.pk)


@app.task(queue="mail")
def answer_mail(mail: int) -> None:
    """Tell the contact in the register that a mail in their name came in; nobody else is answered."""
    with acting(system(), reason="answer a mail"):
        kept = InboundMail.objects.select_related("incident").filter(pk=mail).first()
        address = contact_of_sender(kept) if kept is not None else ""
        number = kept.incident.number if kept is not None and kept.incident is not None else ""
    if not address:
        return
    if number:
        send_mail(
            _("Sipar: your report has the number %(number)s") % {"number": number},
            _(
                "A report came in by mail in your name. Its number is %(number)s.\n\n"
                "It counts as not verified until a duty officer has called your organisation at a number of the"
                " register. If you did not send it, say so when they call."
            )
            % {"number": number},
            None,
            [address],
        )
        return
    send_mail(
        _("Sipar: your mail could not be read as a report"),
        _(
            "A mail came in your name that Sipar cannot read as a report; a person reads it. It is faster to call, to"
            " use the emergency page, or to write lines `key: value` below a line `sipar-report: 1`."
        ),
        None,
        [address],
    )
