"""Delivering reminders by mail, one mail for a person and run, exactly once.

A mail server and a database cannot commit together, so one of the two failures has to be chosen: a mail that comes
twice, or a mail that perhaps never came. Here a reminder is marked with the token of its mail, and that is committed,
before the mail is sent; whoever finds a token does not send again. A crash in between leaves a reminder with a token
and without a time of sending: it stays visible in Sipar in any case, and as "perhaps not sent" for those who look
after the mail. The Message-ID follows from the token, so the mail server's log tells what became of it.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from sipar.core.acting import acting, doing
from sipar.core.jobs import system
from sipar.obligations.models import Duty, Reminder
from sipar.obligations.words import moment_words, stage_words, subject_number, time_left
from sipar.people.models import Account

log = logging.getLogger(__name__)
# Whoever was not told within two days sees it in Sipar; a mail about it would only confuse.
WORTH_MAILING = timedelta(days=2)
# A mail is sent within seconds of being marked; what is still open after this long was interrupted.
INTERRUPTED_AFTER = timedelta(minutes=15)
LARGEST_BUNDLE = 50
# The server was never given the mail: the only case in which sending again cannot send twice.
NOT_GIVEN = (
    ConnectionRefusedError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
)


@dataclass(frozen=True)
class Bundle:
    """What one mail tells one person."""

    token: str
    account: Account
    reminders: tuple[Reminder, ...]

    @property
    def message_id(self) -> str:
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        return f"<{self.token}@{domain}>"


def deliver_reminders(*, now: datetime) -> int:
    """Mail what has not been mailed, a person at a time; returns how many mails the server took.

    Call it outside `acting`: each step commits before the next one. Where the mail server does not answer at all, the
    rest waits for the next run.
    """
    sent = 0
    while True:
        with acting(system(), reason="mark reminders for mailing"), doing("reminder.mark"):
            bundle = _claim_bundle(now=now)
        if bundle is None:
            return sent
        try:
            _message(bundle, now=now).send()
        except NOT_GIVEN as error:
            log.warning("the mail server cannot be reached (%s); reminders wait for the next run", error)
            with acting(system(), reason="mail was not given to the server"), doing("reminder.release"):
                Reminder.objects.filter(mail_token=bundle.token).update(mail_token="")
            return sent
        except (OSError, smtplib.SMTPException) as error:
            # It may have been taken; sending again could send twice. It shows among those perhaps not sent.
            log.error("the mail %s was perhaps not sent: %s", bundle.message_id, error)
            continue
        with acting(system(), reason="mail was taken"), doing("reminder.mailed"):
            Reminder.objects.filter(mail_token=bundle.token).update(mailed_at=now)
        sent += 1


def perhaps_not_sent(*, now: datetime) -> QuerySet[Reminder]:
    """Reminders whose mail was begun and never confirmed: a crash, or a server that broke off. Oldest first."""
    rows = Reminder.objects.exclude(mail_token="").filter(mailed_at=None, created_at__lt=now - INTERRUPTED_AFTER)
    return rows.order_by("created_at", "pk")


def mail_is_unsure(reminder: Reminder, *, now: datetime) -> bool:
    """Whether the mail of this reminder was begun and never confirmed."""
    begun = bool(reminder.mail_token) and reminder.mailed_at is None
    return begun and reminder.created_at < now - INTERRUPTED_AFTER


_CLAIM = """
with person as (
    select r.account_id from obligations_reminder r join people_account a on a.id = r.account_id and a.is_active
    where r.mailed_at is null and r.mail_token = '' and r.created_at > %(oldest)s and exists (
        select 1 from people_grant g where g.account_id = r.account_id and g.valid_from <= %(now)s
            and (g.valid_until is null or g.valid_until > %(now)s))
    order by r.created_at limit 1 for update of r skip locked
),
mine as (
    select r.id from obligations_reminder r where r.account_id = (select account_id from person)
        and r.mailed_at is null and r.mail_token = '' and r.created_at > %(oldest)s
    order by r.created_at limit %(largest)s for update skip locked
)
update obligations_reminder r set mail_token = %(token)s from mine where r.id = mine.id returning r.id
"""


def _claim_bundle(*, now: datetime) -> Bundle | None:
    """Mark the oldest waiting reminders of one person with the token of their mail."""
    token = secrets.token_hex(16)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "oldest": now - WORTH_MAILING, "largest": LARGEST_BUNDLE, "token": token})
        keys = [key for (key,) in cursor.fetchall()]
    if not keys:
        return None
    reminders = Reminder.objects.filter(pk__in=keys).select_related(
        "duty", "duty__incident", "duty__support_request", "duty__regime"
    )
    rows = tuple(reminders.order_by("due_at", "pk"))
    return Bundle(token=token, account=Account.objects.get(pk=rows[0].account_id), reminders=rows)


def _message(bundle: Bundle, *, now: datetime) -> EmailMessage:
    """The mail, in the person's language: numbers, stages, laws and times, and nothing of what a case says."""
    with translation.override(bundle.account.language):
        latest = bundle.reminders[0].duty
        count = len(bundle.reminders)
        subject = (
            _("%(number)s: %(stage)s, %(left)s") % _facts(latest, bundle.reminders[0].due_at, now)
            if count == 1
            else _("%(count)s deadlines need you") % {"count": count}
        )
        lines = [
            _("%(number)s: %(stage)s (%(law)s), %(left)s. Limit: %(due)s.") % _facts(each.duty, each.due_at, now)
            + f" {moment_words(each.moment)}"
            for each in bundle.reminders
        ]
        body = "\n".join([*lines, "", _("Open Sipar to see your deadlines. This mail tells nothing of a case itself.")])
    return EmailMessage(
        subject=subject, body=body, to=[bundle.account.email], headers={"Message-ID": bundle.message_id}
    )


def _facts(duty: Duty, due_at: datetime, now: datetime) -> dict[str, str]:
    return {
        "number": subject_number(duty),
        "stage": stage_words(duty),
        "law": duty.cite or duty.code,
        "left": time_left(due_at, now=now),
        "due": f"{due_at:%Y-%m-%d %H:%M} UTC",
    }
