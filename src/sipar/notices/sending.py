"""Sending notices: each at most once by itself, and nothing lost.

A mail server and a database cannot commit together. So the attempt is written and committed first (`Delivery`, and the
notice `sending`), then the mail is given to the server, then the outcome is written. Where Sipar stops in between, or
the connection breaks before the server's answer, nobody knows whether the mail went: the notice is `in_doubt`, a
person looks into the mail server's log for its Message-ID and says so. Only where the server surely did not take it is
it tried again by itself.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.mail import mailers
from django.db import connection, transaction
from django.utils.translation import gettext as _

from sipar.core.acting import Actor, acting, doing
from sipar.core.actions import action
from sipar.core.jobs import system
from sipar.core.problems import Conflict
from sipar.core.relay import refused
from sipar.notices.addresses import message_id
from sipar.notices.encryption import KeyProblem
from sipar.notices.letters import Letter, letter_of, recipients_of
from sipar.notices.models import Delivery, Notice
from sipar.notices.policy import require_may_work

log = logging.getLogger(__name__)
# An attempt takes seconds; what is still open after this long was interrupted.
INTERRUPTED_AFTER = timedelta(minutes=15)
MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=5)
MOST_IN_A_RUN = 5_000
LONGEST_ANSWER = 500


@dataclass(frozen=True)
class Taken:
    """A notice that is being sent: its attempt is committed."""

    notice: Notice
    delivery: int
    attempt: int
    letter: Letter | None
    problem: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a mail: sent, not_given, later, failed or in_doubt; what the server answered, and of whom it
    refused the mail that it took for others."""

    state: str
    answer: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


def send_due(*, now: datetime) -> int:
    """Show and send what is due; returns how many mails the server took. Call it outside `acting`."""
    doubt_interrupted(now=now)
    show_due(now=now)
    sent = 0
    for _turn in range(MOST_IN_A_RUN):
        with acting(system(), reason="take a notice to send"), doing("notice.take"):
            taken = take(now=now)
        if taken is None:
            return sent
        if taken.letter is None:
            _end(taken, Outcome("failed", taken.problem), now=now)
            continue
        outcome = hand_over(taken.letter)
        _end(taken, outcome, now=now)
        if outcome.state == "sent":
            sent += 1
        if outcome.state == "not_given":
            return sent
    return sent


def doubt_interrupted(*, now: datetime) -> int:
    """Say of attempts that nobody ended that they are in doubt; returns how many."""
    with acting(system(), reason="look for attempts that were interrupted"), doing("notice.doubt"):
        rows = Delivery.objects.select_for_update().filter(ended_at=None, taken_at__lt=now - INTERRUPTED_AFTER)
        found = list(rows.order_by("pk"))
        for row in found:
            Delivery.objects.filter(pk=row.pk).update(ended_at=now, outcome="in_doubt", answer="interrupted")
            Notice.objects.filter(pk=row.notice_id, state="sending").update(state="in_doubt")
    return len(found)


def show_due(*, now: datetime) -> int:
    """Show what goes to the page or the API, or has no address to go to; returns how many."""
    with acting(system(), reason="show notices that are due"), doing("notice.show"):
        rows = Notice.objects.filter(state="pending", not_before__lte=now, channel__in=("portal", "api"))
        return rows.update(state="shown", sent_at=now)


def take(*, now: datetime) -> Taken | None:
    """Claim the notice that waits longest and write its attempt, in the transaction of the caller.

    One without an address is shown on the organisation's page instead; the next one is taken.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"now": now})
            row = cursor.fetchone()
        if row is None:
            return None
        notice = Notice.objects.select_related("organisation", "team", "rule_set").get(pk=row[0])
        recipients = recipients_of(notice, now=now)
        if not recipients:
            Notice.objects.filter(pk=notice.pk).update(state="shown", channel="portal", sent_at=now)
            continue
        Notice.objects.filter(pk=notice.pk).update(state="sending")
        attempt = Delivery.objects.filter(notice=notice).count() + 1
        delivery = Delivery.objects.create(
            notice=notice, attempt=attempt, message_id=message_id(notice.number), recipients=recipients, taken_at=now
        )
        try:
            with transaction.atomic():
                letter = letter_of(notice, recipients, now=now)
        except KeyProblem as problem:
            return Taken(notice, delivery.pk, attempt, None, str(problem))
        except Exception:
            # A notice that cannot be put together must not keep those behind it from going.
            log.exception("the mail of notice %s could not be put together", notice.number)
            return Taken(notice, delivery.pk, attempt, None, "the mail could not be put together")
        return Taken(notice, delivery.pk, attempt, letter)


def hand_over(letter: Letter) -> Outcome:
    """Give the mail to the server."""
    mailer = mailers.default
    try:
        mailer.open()
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("not_given", _said(error))
    try:
        mailer.send_messages([letter])
        return Outcome("sent", refused=refused(mailer))
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _answer in error.recipients.values()]
        return Outcome("later" if all(400 <= code < 500 for code in codes) else "failed", _said(error))
    except smtplib.SMTPResponseException as error:
        # The server answered, so it did not take the mail.
        return Outcome("later" if 400 <= error.smtp_code < 500 else "failed", _said(error))
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("in_doubt", _said(error))
    finally:
        _close(mailer)


def _close(mailer: object) -> None:
    try:
        mailer.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException) as error:
        log.info("the mail server did not say goodbye: %s", error)


def _end(taken: Taken, outcome: Outcome, *, now: datetime) -> None:
    """Write what became of an attempt, unless somebody has called it in doubt meanwhile.

    Addresses that were refused at once stand beside those that a mail came back from later.
    """
    answer = outcome.answer or "; ".join(f"{address}: {said}" for address, said in sorted(outcome.refused.items()))
    with acting(system(), reason="write what became of an attempt"), doing("notice.delivered"):
        ended = Delivery.objects.filter(pk=taken.delivery, ended_at=None)
        if not ended.update(
            ended_at=now, outcome=outcome.state, answer=answer[:LONGEST_ANSWER], bounced=sorted(outcome.refused)
        ):
            return
        notice = Notice.objects.filter(pk=taken.notice.pk, state="sending")
        if outcome.state == "sent":
            notice.update(state="sent", sent_at=now)
        elif outcome.state in ("not_given", "later") and taken.attempt < MOST_ATTEMPTS:
            notice.update(state="pending", not_before=now + FIRST_PAUSE * 2 ** (taken.attempt - 1))
        else:
            notice.update(state="in_doubt" if outcome.state == "in_doubt" else "failed")
    if answer:
        log.warning("notice %s: %s %s", taken.notice.number, outcome.state, answer)


@action("notice.settle_doubt")
def settle_doubt(actor: Actor, notice: Notice, *, arrived: bool, now: datetime) -> None:
    """A person has looked: the mail went, or it is to be sent again (also what failed, once its cause is gone)."""
    require_may_work(actor, notice.team_id)
    doubtful = Notice.objects.filter(pk=notice.pk, state="in_doubt")
    if arrived:
        changed = doubtful.update(state="sent", sent_at=now)
    else:
        changed = doubtful.update(state="pending", not_before=now) or Notice.objects.filter(
            pk=notice.pk, state="failed"
        ).update(state="pending", not_before=now)
    if not changed:
        raise Conflict(_("Somebody has settled this already."), code="notice.settled")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_ANSWER]


_CLAIM = """
select id from notices_notice where state = 'pending' and not_before <= %(now)s and channel = 'mail'
order by not_before, id limit 1 for update skip locked
"""
