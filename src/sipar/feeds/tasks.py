"""Background jobs of feeds: the doors that are watched, and working through the manifest."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app


@app.task(queue="feeds")
def work_on_feed(feed: int) -> None:
    """Take in what waits in a feed."""
    from sipar.feeds.working import work_off

    work_off(feed)


@app.periodic(cron="* * * * *")
@app.task(queue="feeds", queueing_lock="work_on_feeds", pass_context=False)
def work_on_feeds(timestamp: int) -> None:
    """Take in what waits anywhere: also what a worker left that was stopped."""
    from sipar.feeds.working import waiting_feeds, work_off

    for feed in waiting_feeds():
        work_off(feed)


@app.periodic(cron="* * * * *")
@app.task(queue="feeds", queueing_lock="watch_folders", pass_context=False)
def watch_folders(timestamp: int) -> None:
    """Take what was put into the watched folders."""
    from sipar.feeds.door_actions import collect_folders

    collect_folders()


@app.periodic(cron="* * * * *")
@app.task(queue="feeds", queueing_lock="pull_feeds", pass_context=False)
def pull_feeds(timestamp: int) -> None:
    """Fetch what is due."""
    from sipar.feeds.door_actions import pull_due

    pull_due(now=timezone.now())


@app.periodic(cron="*/5 * * * *")
@app.task(queue="mail", queueing_lock="collect_feed_mail", pass_context=False)
def collect_feed_mail(timestamp: int) -> None:
    """Take the files out of new mails, where this installation has a mailbox for feeds."""
    from sipar.core.mailbox import mailbox_from
    from sipar.feeds.door_actions import collect_mail

    if settings.FEEDS_MAIL:
        collect_mail(mailbox_from(settings.FEEDS_MAIL, setting="SIPAR_FEEDS_MAIL"))
