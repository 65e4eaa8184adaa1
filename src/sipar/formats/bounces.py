"""What a mail server says that it could not deliver (RFC 3464): a hostile message in, the addresses out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

from sipar.formats.report_mail import header_of, parsed

MAX_PARTS, MAX_RECIPIENTS = 10, 50
MAX_REASON = 300


@dataclass(frozen=True)
class Bounce:
    """An address that a mail did not reach, in lower case, and why, as the server put it."""

    addresses: frozenset[str]
    reason: str


def read_bounces(data: bytes) -> tuple[Bounce, ...]:
    """The recipients whom a delivery status notification says that the mail has failed to reach; none of other mails.

    What is only delayed is none either. `addresses` holds the one that the mail was sent to and the one that it went
    to in the end, as far as they are said. Raises FormatProblem `mail.*` as `report_mail.read_report_mail` does.
    """
    message = parsed(data)
    if message.get_content_type() != "multipart/report":
        return ()
    return tuple(found for group in _groups(message) if (found := _bounce(group)) is not None)


def _groups(message: Message) -> Iterator[Message]:
    """The fields of each recipient; the first group of a report is about the mail as a whole."""
    for part in _parts(message)[:MAX_PARTS]:
        if part.get_content_type() == "message/delivery-status":
            yield from _parts(part)[1 : MAX_RECIPIENTS + 1]


def _parts(message: Message) -> list[Message]:
    payload: Any = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if message.is_multipart() else []


def _bounce(group: Message) -> Bounce | None:
    if header_of(group, "Action").lower() != "failed":
        return None
    named = (_address(header_of(group, name)) for name in ("Original-Recipient", "Final-Recipient"))
    said = f"{header_of(group, 'Status')} {header_of(group, 'Diagnostic-Code').partition(';')[2]}"
    return Bounce(frozenset(address for address in named if address), " ".join(said.split())[:MAX_REASON])


def _address(value: str) -> str:
    """The address of a field such as `rfc822; somebody@alpha.example`; empty where it is none."""
    address = value.rpartition(";")[2].strip().strip("<>").lower()
    return address if "@" in address and len(address) <= 320 else ""
