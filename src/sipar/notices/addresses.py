"""The secrets of a notice: the link to its answer page, and the address that a reply to it goes to.

Both follow from its number and the installation's key, so that a mail can be put together again after a crash; the
database alone opens no page.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

_SUBJECT = re.compile(r"\[(N\d\d-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\]")
_TAG_LENGTH = 16


def answer_secret(number: str) -> str:
    """The secret of the answer page: 256 bits, as text for an address."""
    made = salted_hmac("sipar.notices.answer", number, algorithm="sha256").digest()
    return urlsafe_b64encode(made).decode().rstrip("=")


def secret_digest(secret: str) -> str:
    """What is stored of a secret: its SHA-256."""
    return sha256(secret.encode()).hexdigest()


def answer_address(number: str) -> str:
    """The whole address of the answer page of a notice."""
    return f"{settings.PUBLIC_ADDRESS}{reverse('answer_notice', args=[answer_secret(number)])}"


def message_id(number: str) -> str:
    """The Message-ID of a notice, the same in every attempt: a server that got it twice can tell."""
    host = _domain() or urlsplit(settings.PUBLIC_ADDRESS).hostname or "localhost"
    return f"<{number.lower()}@{host}>"


def reply_address(number: str) -> str:
    """The address that a reply to this notice goes to; empty where this installation reads no replies."""
    local, at, host = str(settings.NOTICE_ADDRESS).partition("@")
    return f"{local}+{number.lower()}.{_reply_tag(number)}@{host}" if at else ""


def number_in_address(address: str) -> str:
    """The number of the notice that a reply address belongs to; empty where its tag is not ours."""
    local, _at, host = address.strip().lower().partition("@")
    own, _at, own_host = str(settings.NOTICE_ADDRESS).lower().partition("@")
    if not own_host or host != own_host or not local.startswith(f"{own}+"):
        return ""
    number, _dot, tag = local.removeprefix(f"{own}+").partition(".")
    number = number.upper()
    return number if constant_time_compare(tag, _reply_tag(number)) else ""


def number_in_subject(subject: str) -> str:
    """The number in brackets that a subject carries; empty where there is none."""
    found = _SUBJECT.search(subject.upper())
    return found[1] if found else ""


def _reply_tag(number: str) -> str:
    return salted_hmac("sipar.notices.reply", number, algorithm="sha256").hexdigest()[:_TAG_LENGTH]


def _domain() -> str:
    return str(settings.NOTICE_ADDRESS).rpartition("@")[2]
