"""The doors that Sipar goes to by itself: watched folders, addresses to fetch from, and the mailbox of feeds."""

from __future__ import annotations

import contextlib
import fnmatch
import logging
import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.fetching import FetchProblem, fetched, networks
from sipar.core.files import CHUNK, Stored, keep_bytes, read_once
from sipar.core.jobs import system
from sipar.core.mailbox import Mailbox, Waiting
from sipar.core.problems import Problem
from sipar.feeds.actions import Received, receive_file
from sipar.feeds.doors import LARGEST_FILE, LARGEST_UPLOAD
from sipar.feeds.models import Feed, RawFile
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import ReportMail, read_report_mail
from sipar.incidents.mail_actions import NO_FEED, leave_to_people
from sipar.incidents.mailboxes import take_mails

log = logging.getLogger(__name__)

Door = RawFile.Door
# A file that was written to so lately may still grow.
QUIET_S = 5.0
FIRST_WAIT, LONGEST_WAIT, LEASE = timedelta(minutes=5), timedelta(hours=24), timedelta(minutes=30)
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")


def incoming() -> Path:
    """Where the watched folders are, one for each feed by its code."""
    return Path(settings.FEEDS_FOLDER)


def collect_folders() -> int:
    """Take every finished file out of the watched folders; returns how many. What cannot be taken goes to `refused`."""
    taken = 0
    with acting(system(), reason="look into the watched folders"):
        feeds = list(Feed.objects.filter(enabled=True))
    for feed in feeds:
        folder = incoming() / feed.code
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in sorted(folder.iterdir()):
            taken += _collect(feed, path)
    return taken


def _collect(feed: Feed, path: Path) -> bool:
    if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
        return False
    try:
        # A link could name any file of this machine.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    with read_once(descriptor) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode) or timezone.now().timestamp() - before.st_mtime < QUIET_S:
            return False
        try:
            stored = keep_bytes(pieces(file), largest=LARGEST_FILE)
            after = os.fstat(file.fileno())
            if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
                return False
            came = {
                "folder": str(path.parent.name),
                "modified": datetime.fromtimestamp(before.st_mtime, timezone.get_default_timezone()).isoformat(),
            }
            receive_by_sipar(feed, stored, name=path.name, door=Door.FOLDER, provenance=came)
        except Problem as problem:
            log.warning("%s of feed %s was refused: %s", path.name, feed.code, problem.sentence)
            refused = path.parent / "refused"
            refused.mkdir(exist_ok=True, mode=0o700)
            path.replace(refused / path.name)
            return False
    path.unlink(missing_ok=True)
    return True


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in chunks."""
    while piece := file.read(CHUNK):
        yield piece


def receive_by_sipar(
    feed: Feed,
    stored: Stored,
    *,
    name: str,
    door: str,
    provenance: dict[str, Any],
    tlp: str = "",
    begin: bool = True,
) -> Received:
    """Enter a kept file as Sipar itself, and `begin` to work on it soon; a transaction of its own."""
    sipar = system()
    with acting(sipar, reason=f"receive {name}"):
        received = receive_file(
            sipar, feed, stored, name=name, door=door, provenance=provenance, tlp=tlp, now=timezone.now()
        )
        if begin:
            begin_soon(received)
    return received


def begin_soon(received: Received) -> None:
    """Have the worker look at a new batch as soon as this transaction is kept."""
    from sipar.feeds.tasks import work_on_feed

    if received.new:
        feed = received.batch.feed_id
        transaction.on_commit(lambda: work_on_feed.defer(feed=feed))


def pull_due(*, now: datetime) -> int:
    """Fetch what is due; returns how many files were new. One worker at a time fetches for a feed."""
    with acting(system(), reason="look what is to be fetched"):
        due = list(Feed.objects.filter(enabled=True, next_pull_at__lte=now))
    new = 0
    for feed in due:
        with acting(system(), reason=f"fetch for {feed.code}"):
            mine = Feed.objects.filter(pk=feed.pk, next_pull_at=feed.next_pull_at).update(next_pull_at=now + LEASE)
        if mine:
            new += pull(feed, now=now)
    return new


def pull(feed: Feed, *, now: datetime) -> bool:
    """Fetch the feed's address if it has changed. Failures are noted with the time of the next try."""
    asked, state = feed.settings["pull"], dict(feed.pull_state)
    token = os.environ.get(asked.get("token_variable") or "", "")
    new = False
    try:
        with fetched(
            asked["url"],
            etag=state.get("etag", ""),
            last_modified=state.get("last_modified", ""),
            token=token,
            allowed=networks(settings.FEEDS_ALLOW),
        ) as answer:
            if answer.changed:
                stored = keep_bytes(answer.body, largest=LARGEST_UPLOAD)
                came = {"url": answer.url, "etag": answer.etag, "last_modified": answer.last_modified}
                received = receive_by_sipar(feed, stored, name=answer.name, door=Door.PULL, provenance=came)
                new = received.new
                state = {"etag": answer.etag, "last_modified": answer.last_modified}
            state |= {"failures": 0, "problem": "", "pulled_at": now.isoformat()}
            after = timedelta(hours=feed.every_hours)
    except (FetchProblem, Problem) as problem:
        state["failures"] = int(state.get("failures", 0)) + 1
        state["problem"] = problem.sentence[:300]
        after = _wait(state["failures"], getattr(problem, "retry_after", None))
    sipar = system()
    with acting(sipar, reason=f"fetched for {feed.code}"):
        note_pull(sipar, feed, state=state, next_at=now + after)
    return new


@action("feed.fetch")
def note_pull(actor: Actor, feed: Feed, *, state: dict[str, Any], next_at: datetime) -> None:
    """Write down how fetching went and when it is tried again."""
    Feed.objects.filter(pk=feed.pk).update(pull_state=state, next_pull_at=next_at)


def _wait(failures: int, retry_after: float | None) -> timedelta:
    """Twice as long after each failure, from five minutes to a day; longer where the server asks for it."""
    backed_off: timedelta = min(FIRST_WAIT * 2 ** min(failures - 1, 12), LONGEST_WAIT)
    return max(backed_off, timedelta(seconds=retry_after or 0.0))


def collect_mail(mailbox: Mailbox) -> int:
    """Take the files out of the mails that nobody has seen; returns how many. What no feed takes waits for people."""
    return sum(take_mails(mailbox, _take_mail))


def _take_mail(waiting: Waiting) -> int:
    taken = _files_taken(waiting.data) if waiting.data is not None else 0
    if not taken:
        with acting(system(), reason="leave a mail to people") as sipar:
            leave_to_people(sipar, waiting, why=NO_FEED, now=timezone.now())
    return taken


def _files_taken(data: bytes) -> int:
    """How many files of the mail feeds have taken; what a feed refuses does not count, nor a mail that is none."""
    try:
        mail = read_report_mail(data)
    except FormatProblem:
        return 0
    with acting(system(), reason="look whose mail this is"):
        feeds = list(Feed.objects.filter(enabled=True, settings__has_key="mail"))
    taken = 0
    for file in mail.files:
        for feed in feeds:
            if not _is_for(feed, mail, file.name, data) or not file.content:
                continue
            came = {"sender": mail.sender, "subject": mail.subject[:200], "message_id": mail.message_id[:200]}
            with contextlib.suppress(Problem):
                receive_by_sipar(feed, keep_bytes(file.content), name=file.name, door=Door.MAIL, provenance=came)
                taken += 1
    return taken


def _is_for(feed: Feed, mail: ReportMail, name: str, data: bytes) -> bool:
    wanted = feed.settings["mail"]
    if mail.sender not in [str(sender).lower() for sender in wanted["from"]]:
        return False
    if wanted.get("name") and not fnmatch.fnmatch(name.lower(), str(wanted["name"]).lower()):
        return False
    return not wanted.get("server") or is_authentic(data, server=str(wanted["server"]), sender=mail.sender)


def is_authentic(data: bytes, *, server: str, sender: str) -> bool:
    """Whether the CERT's own mail server says (RFC 8601) that DMARC held for the domain of the sender.

    Only the first such header counts, and only under the server's own name: anybody can write more of them.
    """
    import email
    from email import policy

    head = data.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in data else data.partition(b"\n\n")[0]
    said = email.message_from_bytes(head, policy=policy.compat32).get_all("Authentication-Results") or []
    if not said:
        return False
    first = " ".join(str(said[0]).lower().split())
    domain = sender.rpartition("@")[2]
    names, _semicolon, results = first.partition(";")
    if names.split()[:1] != [server.lower()]:
        return False
    methods = [method.split() for method in results.split(";")]
    return any("dmarc=pass" in words and f"header.from={domain}" in words for words in methods)
