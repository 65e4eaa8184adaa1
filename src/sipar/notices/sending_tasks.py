"""The minute hand of telling: make what the rules ask for, send what is due, fetch what came back."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.mailbox import mailbox_from
from sipar.notices.actions import close_fixed, close_notices
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.replies import fetch
from sipar.notices.sending import send_due


@app.periodic(cron="*/5 * * * *")
@app.task(queue="house", queueing_lock="make_notices", pass_context=False)
def make_notices(timestamp: int) -> None:
    """Make the notices that the rules in use ask for."""
    make_bundles(now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="send_notices", pass_context=False)
def send_notices(timestamp: int) -> None:
    """Send and show the notices that are due."""
    send_due(now=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="fetch_replies", pass_context=False)
def fetch_replies(timestamp: int) -> None:
    """Read what came back, where this installation has a mailbox for it."""
    if settings.NOTICE_MAIL:
        fetch(mailbox_from(settings.NOTICE_MAIL, setting="SIPAR_NOTICE_MAIL"))


@app.periodic(cron="17 * * * *")
@app.task(queue="house", queueing_lock="close_told", pass_context=False)
def close_told(timestamp: int) -> None:
    """Close what was fixed and is not seen any more, and the notices of which nothing is open."""
    sipar, now = system(), timezone.now()
    with acting(sipar, reason="close what is fixed"):
        close_fixed(sipar, now=now)
        close_notices(sipar, now=now)
