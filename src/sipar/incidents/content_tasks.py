"""Mails that a case makes: that there is something to read, never what."""

from __future__ import annotations

from django.core.mail import send_mail
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.message_recipients import recipients_of
from sipar.incidents.models import Entry


@app.task(queue="mail")
def tell_of_message(entry: int) -> None:
    """Tell the other side of a message that it is there. Who that is is asked now, not when it was written."""
    sipar = system()
    with acting(sipar, reason="tell of a message"):
        message = Entry.objects.select_related("incident").filter(pk=entry).first()
        if message is None or message.read_at is not None:
            return
        people = recipients_of(message, now=timezone.now())
        number = message.incident.number
    for account in people:
        with translation.override(account.language):
            send_mail(
                _("Sipar: a new message in case %(number)s") % {"number": number},
                _("There is a new message in case %(number)s. Sign in to Sipar to read it.") % {"number": number},
                None,
                [account.email],
            )
