"""Single values that the columnar expressions do not settle: each function gives the value as it is kept, or None."""

from __future__ import annotations

import datetime as dt
import email.utils
import ipaddress
import re
import socket

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_MAPPED = bytes(10) + b"\xff\xff"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(?:\.0+)?\Z")
_EPOCH = re.compile(r"[0-9]{9,16}(?:\.[0-9]{1,9})?\Z")
_ASN = re.compile(r"(?:AS ?)?([0-9]{1,10})(?:\.([0-9]{1,5}))?\Z", re.IGNORECASE)
_MAX_HOST = 253
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9-]{0,62}\Z")


def address(text: str) -> str | None:
    """The address in its shortest form; IPv6 that maps IPv4 (RFC 4291, 2.5.5.2) as IPv4. No zone, port or length."""
    text = text.strip()
    if ":" not in text:
        try:
            socket.inet_pton(socket.AF_INET, text)
        except (OSError, ValueError):
            return None
        return text
    try:
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    if packed.startswith(_MAPPED):
        return socket.inet_ntoa(packed[12:])
    short = socket.inet_ntop(socket.AF_INET6, packed)
    return short if "." not in short else str(ipaddress.IPv6Address(packed))


def network(text: str) -> str | None:
    """The network with its length: `192.0.2.0/24`. A single address is a network of one; host bits are dropped."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False)) if "%" not in text else None
    except ValueError:
        return None


def time(text: str) -> dt.datetime | None:
    """The time in UTC: ISO 8601, seconds or milliseconds since 1970, or as in mail and HTTP (RFC 5322).

    A time without a zone is UTC. Before 1990 and after 2099 nothing was seen.
    """
    text = text.strip()
    try:
        found = _epoch(text) if _EPOCH.match(text) else dt.datetime.fromisoformat(text.removesuffix(" UTC"))
    except (ValueError, OverflowError, OSError):
        try:
            found = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        found = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found < LATEST else None


def _epoch(text: str) -> dt.datetime:
    whole, _, _ = text.partition(".")
    divisor = {True: 1, len(whole) >= 12: 1_000, len(whole) >= 15: 1_000_000}[True]
    return dt.datetime.fromtimestamp(float(text) / divisor, dt.UTC)


def integer(text: str) -> int | None:
    """The whole number; `8443.0`, as spreadsheets write it, is one."""
    text = text.strip()
    return int(text.partition(".")[0]) if _WHOLE.match(text) else None


def autonomous_system(text: str) -> int | None:
    """The number of `64496`, `AS64496` and `1.10` (RFC 5396 asdot)."""
    match = _ASN.match(text.strip())
    if match is None:
        return None
    high, low = match.groups()
    number = int(high) if low is None else int(high) * 65_536 + int(low)
    return number if number < 2**32 and (low is None or int(low) < 65_536) else None


def hostname(text: str) -> str | None:
    """The name in lower case without a final dot, international labels in their ASCII form (RFC 5891).

    Underscores are taken, as names of services have them. A name of figures and dots only is an address in the wrong
    column, and None.
    """
    text = text.strip().rstrip(".").lower()
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return text if len(text) <= _MAX_HOST and _HOST.match(text) else None
