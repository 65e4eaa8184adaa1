"""Fetching the CERT's mailbox each minute, and answering those whom the register knows."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting, mailbox_from
from sipar.incidents.mail_actions import AUTOMATIC, contact_of_sender, receive_mail, refuse_large_mail
from sipar.incidents.mailboxes import take_mails
from sipar.incidents.models import InboundMail


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="fetch_reports", pass_context=False)
def fetch_reports(timestamp: int) -> None:
    """Read what came to the mailbox, where this installation has one."""
    if settings.INTAKE_MAIL:
        fetch(mailbox_from(settings.INTAKE_MAIL))


def fetch(mailbox: Mailbox) -> int:
    """Take every mail that nobody has seen; returns how many. A mail that comes again is kept already."""
    return len(take_mails(mailbox, _take))


def _take(mail: Waiting) -> None:
    now, sipar = timezone.now(), system()
    with acting(sipar, reason="take a mail from the mailbox"):
        if mail.data is None:
            refuse_large_mail(sipar, mail, now=now)
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
