"""Reports by mail: a hostile message in, what it says out. The format stands in docs/reference/report-mail.md.

Bytes are only ever decoded once and never unpacked: an archive stays an archive. Sizes, parts and nesting are bounded
before the message is parsed, because parsing costs lines times depth.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parseaddr
from hashlib import sha256

from sipar.formats.problems import FormatProblem

MAX_BYTES = 30 * 1024 * 1024
MAX_PARTS = 60
MAX_DEPTH = 12
MAX_TEXT = 100_000
MAX_FILES = 20
MAX_HEADER = 2_000
MAX_LINES = 400
FORMAT_KEY, FORMAT_VERSION = "sipar-report", "1"
_NESTING = re.compile(rb"boundary\s*=|content-type:\s*message/", re.IGNORECASE)
_LINE = re.compile(r"^([A-Za-z][A-Za-z0-9_-]{0,62})\s*:[ \t]*(.*)$")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CHARSETS = ("ascii", "utf-8", "utf-16", "iso8859", "cp12", "koi8", "gb", "big5", "euc", "shift_jis", "iso2022")
_TO = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
_AUTOMATIC = frozenset({"bulk", "junk", "list", "auto_reply"})


@dataclass(frozen=True)
class MailFile:
    """A file that came with a mail: its name as the sender wrote it, and its bytes as they are."""

    name: str
    content: bytes


@dataclass(frozen=True)
class ReportMail:
    """What a mail says. `fields`: key -> text, in lower case, of a report in our format; empty where it is none.

    `text` is what a person reads of it. `message_id` is the sender's, or the hash of the message where there is none.
    `automatic`: a machine answered.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    fields: dict[str, str]
    files: tuple[MailFile, ...]
    automatic: bool

    @property
    def is_report(self) -> bool:
        return bool(self.fields)


@dataclass(frozen=True)
class PlainMail:
    """A mail as a person wrote it: who, to which addresses, and its text. Nothing of it is verified."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    automatic: bool


def read_plain_mail(data: bytes) -> PlainMail:
    """The text of a message (RFC 5322) and its addresses; raises FormatProblem as `read_report_mail` does."""
    message = parsed(data)
    texts: list[str] = []
    for part in _leaves(message, 0):
        _sort(part, texts, [])
    recipients = getaddresses([written for name in _TO if (written := header_of(message, name))])
    return PlainMail(
        message_id=message_id_of(message, data),
        sender=parseaddr(header_of(message, "From"))[1].strip().lower()[:320],
        recipients=tuple(address.strip().lower() for _name, address in recipients if "@" in address),
        subject=header_of(message, "Subject")[:400],
        text=_plain(texts),
        automatic=_is_automatic(message),
    )


def read_report_mail(data: bytes) -> ReportMail:
    """What a message (RFC 5322) says; raises FormatProblem `mail.size`, `.parts`, `.depth` or `.message`."""
    message = parsed(data)
    texts: list[str] = []
    files: list[MailFile] = []
    for part in _leaves(message, 0):
        _sort(part, texts, files)
    sender_name, sender = parseaddr(header_of(message, "From"))
    return ReportMail(
        message_id=message_id_of(message, data),
        sender=sender.strip().lower()[:320] if "@" in sender else "",
        sender_name=sender_name[:200],
        subject=header_of(message, "Subject")[:400],
        text=_plain(texts),
        fields=read_fields("\n".join(texts)[:MAX_TEXT]),
        files=tuple(files),
        automatic=_is_automatic(message),
    )


def _plain(texts: list[str]) -> str:
    """The words of a mail in one text without control characters, cut at MAX_TEXT."""
    return _CONTROL.sub("", "\n".join(texts).replace("\r\n", "\n"))[:MAX_TEXT].strip()


def message_id_of(message: Message, data: bytes) -> str:
    """The Message-ID, at most 300 characters of it, or a name made from the bytes."""
    given = header_of(message, "Message-ID").strip()
    return given if 3 <= len(given) <= 300 else f"sha256:{sha256(data).hexdigest()}"


def read_fields(text: str) -> dict[str, str]:
    """The `key: value` lines of a report; lines that begin with a blank go on. Empty without `sipar-report: 1`.

    Reading begins at that line and ends at a line `-- ` (a signature) or `--`. The first value of a key counts.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = next((place for place, line in enumerate(lines) if _is_mark(line)), None)
    if start is None:
        return {}
    fields: dict[str, str] = {FORMAT_KEY: FORMAT_VERSION}
    key = ""
    for line in lines[start + 1 : start + 1 + MAX_LINES]:
        if line.rstrip() == "--":
            break
        found = _LINE.match(line)
        if found is not None:
            name = found[1].lower().replace("-", "_")
            key = "" if name in fields else name
            if key:
                fields[key] = found[2].strip()
        elif key and (line[:1] in (" ", "\t")):
            fields[key] = f"{fields[key]}\n{line.strip()}".strip()
        else:
            key = "" if line.strip() else key
    return {name: _CONTROL.sub("", value) for name, value in fields.items() if value}


def _is_mark(line: str) -> bool:
    name, colon, value = line.partition(":")
    return bool(colon) and name.strip().lower() == FORMAT_KEY and value.strip() == FORMAT_VERSION


def parsed(data: bytes) -> Message:
    """The message in its parts, once its size and nesting are known to be bounded; raises FormatProblem."""
    if len(data) > MAX_BYTES:
        raise FormatProblem("mail.size", f"the mail is larger than {MAX_BYTES // 2**20} MB")
    if len(_NESTING.findall(data)) > MAX_PARTS:
        raise FormatProblem("mail.parts", f"the mail has more than {MAX_PARTS} parts inside one another")
    try:
        return email.message_from_bytes(data, policy=email.policy.compat32)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FormatProblem("mail.message", "this cannot be read as a mail") from error


def _leaves(message: Message, depth: int, seen: list[int] | None = None) -> Iterator[Message]:
    counted = seen if seen is not None else [0]
    counted[0] += 1
    if depth > MAX_DEPTH:
        raise FormatProblem("mail.depth", f"the mail is nested deeper than {MAX_DEPTH}")
    if counted[0] > MAX_PARTS:
        raise FormatProblem("mail.parts", f"the mail has more than {MAX_PARTS} parts")
    if not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _leaves(part, depth + 1, counted)


def _sort(part: Message, texts: list[str], files: list[MailFile]) -> None:
    """Put a leaf where it belongs: plain text without a file name is read, everything else is a file as it is."""
    try:
        content, charset = part.get_payload(decode=True), part.get_content_charset("utf-8")
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise FormatProblem("mail.message", "a part of this mail cannot be read") from error
    if not isinstance(content, bytes) or not content:
        return
    name = _file_name(part)
    if part.get_content_type() == "text/plain" and not name:
        texts.append(_decoded(content[: MAX_TEXT * 4], charset))
    elif name:
        if len(files) >= MAX_FILES:
            raise FormatProblem("mail.parts", f"the mail carries more than {MAX_FILES} files")
        files.append(MailFile(name, content))


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return "attachment.bin"
    return _words(name).strip()[:500]


def header_of(message: Message, name: str) -> str:
    """A header in one line of readable text; what cannot be decoded is replaced, never refused."""
    try:
        raw = str(message.get(name, ""))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return ""
    return _CONTROL.sub(" ", _words(raw[:MAX_HEADER]).replace("\n", " ").replace("\r", " ")).strip()


def _words(raw: str) -> str:
    try:
        parts = decode_header(raw)
    except (MessageError, ValueError, LookupError, TypeError):
        return raw
    return "".join(part if isinstance(part, str) else _decoded(part, charset or "utf-8") for part, charset in parts)


def _decoded(content: bytes, charset: str) -> str:
    """The text, by one of the charsets that mail uses: others (punycode, idna) cost far more than they are long."""
    try:
        known = codecs.lookup(charset[:40]).name
    except (LookupError, ValueError):
        known = "utf-8"
    return content.decode(known if known.startswith(_CHARSETS) else "utf-8", errors="replace")


def _is_automatic(message: Message) -> bool:
    submitted = header_of(message, "Auto-Submitted").lower()
    return (submitted not in ("", "no")) or header_of(message, "Precedence").lower() in _AUTOMATIC
