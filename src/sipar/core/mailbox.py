"""A mailbox over IMAP4rev1 (RFC 3501): the mails nobody has seen, one after the other."""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sipar.formats.report_mail import MAX_BYTES

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30
MOST_AT_ONCE = 50
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True)
class Mailbox:
    """Where the mails are: `imaps://user:password@host:port/folder`, or `imap://` on the loopback address only.

    `setting` is where the address stands.
    """

    host: str
    port: int
    user: str
    password: str
    folder: str
    encrypted: bool
    setting: str


@dataclass(frozen=True)
class Waiting:
    """A mail that nobody has seen: its number in the mailbox, its size, and its bytes unless it is too large.

    `place` names the mailbox and the number in it.
    """

    number: str
    place: str
    size: int
    data: bytes | None


def mailbox_from(url: str, *, setting: str = "SIPAR_INTAKE_MAIL") -> Mailbox:
    """The mailbox that an address names; raises ValueError with what is wrong in `setting`, without the password."""
    parts = urlsplit(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        raise ValueError(f"{setting} must look like imaps://user:password@host:port/folder")
    if parts.scheme == "imap" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(f"{setting} without encryption is for the loopback address only; use imaps://")
    encrypted = parts.scheme == "imaps"
    return Mailbox(
        host=parts.hostname,
        port=parts.port or (993 if encrypted else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        encrypted=encrypted,
        setting=setting,
    )


def take_unseen[Taken](mailbox: Mailbox, take: Callable[[Waiting], Taken]) -> tuple[list[Taken], str]:
    """What `take` gives for each mail that nobody has seen, and why the mailbox could not be read, where it could not.

    A mail is marked as seen only once `take` has returned.

    Whoever is stopped in between finds the mail again. What raises stays unseen for the next time, and does not stop
    those behind it.
    """
    taken: list[Taken] = []
    try:
        with _opened(mailbox) as connection:
            for mail in _waiting(connection, f"{mailbox.user}@{mailbox.host}/{mailbox.folder}"):
                try:
                    taken.append(take(mail))
                except Exception:
                    log.exception("mail %s could not be taken", mail.place)
                    continue
                _mark_seen(connection, mail.number)
    except (OSError, imaplib.IMAP4.error) as problem:
        log.warning("the mailbox could not be read: %s at %s", type(problem).__name__, mailbox.host)
        return taken, _said(mailbox, problem)
    return taken, ""


def problem_with(mailbox: Mailbox) -> str:
    """Why the mailbox cannot be read, without its password; empty where it can."""
    try:
        with _opened(mailbox):
            return ""
    except (OSError, imaplib.IMAP4.error) as problem:
        return _said(mailbox, problem)


def _said(mailbox: Mailbox, problem: Exception) -> str:
    return f"{mailbox.user} cannot read {mailbox.folder} at {mailbox.host} ({type(problem).__name__})"


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    """A connection that is signed in, with the folder selected. Raises OSError or imaplib.IMAP4.error."""
    connection: imaplib.IMAP4
    if mailbox.encrypted:
        connection = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT_SECONDS
        )
    else:
        connection = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.login(mailbox.user, mailbox.password)
        answer, _data = connection.select(f'"{mailbox.folder}"')
        if answer != "OK":
            raise imaplib.IMAP4.error("the folder cannot be opened")
        yield connection
    finally:
        connection.logout()


def _waiting(connection: imaplib.IMAP4, mailbox: str) -> Iterator[Waiting]:
    """The mails that nobody has seen, oldest first, at most 50; looking does not mark them as seen."""
    _answer, found = connection.uid("search", "UNSEEN")
    numbers = (found[0] or b"").split()[:MOST_AT_ONCE] if found else []
    for raw in numbers:
        number = raw.decode("ascii", errors="replace")
        size = _size_of(connection, number)
        yield Waiting(number, f"{mailbox}:{number}", size, None if size > MAX_BYTES else _bytes_of(connection, number))


def _mark_seen(connection: imaplib.IMAP4, number: str) -> None:
    """Say that this mail has been dealt with."""
    connection.uid("store", number, "+FLAGS", "(\\Seen)")


def _size_of(connection: imaplib.IMAP4, number: str) -> int:
    _answer, parts = connection.uid("fetch", number, "(RFC822.SIZE)")
    for part in parts or []:
        text = part[0] if isinstance(part, tuple) else part
        found = _SIZE.search(text or b"")
        if found is not None:
            return int(found[1])
    return 0


def _bytes_of(connection: imaplib.IMAP4, number: str) -> bytes:
    _answer, parts = connection.uid("fetch", number, "(BODY.PEEK[])")
    return next((part[1] for part in parts or [] if isinstance(part, tuple)), b"")
