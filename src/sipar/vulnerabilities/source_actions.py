"""Where lists are fetched from, and what their servers said last."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, Place
from sipar.vulnerabilities.models import Source
from sipar.vulnerabilities.policy import require_may_import, require_may_keep_lists


@action("vulnerability.remember_source")
def remember(actor: Actor, *, code: str, url: str = "") -> Source:
    """The source with this name, at a new address where one is given. Raises Invalid."""
    require_may_keep_lists(actor)
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", code):
        raise _invalid("code", "The name is at most 40 small letters, digits and dashes.")
    found = Source.objects.filter(code=code).first()
    if not url:
        if found is None:
            raise _invalid("url", "No address is known for this name: give one.")
        return found
    if not _is_open_https(url):
        raise _invalid("url", "The address must begin with https:// and hold no password.")
    if found is not None and found.url == url:
        return found
    made, _created = Source.objects.update_or_create(
        code=code, defaults={"url": url, "etag": "", "last_modified": "", "problem": ""}
    )
    return made


@action("vulnerability.forget_source")
def forget(actor: Actor, source: Source) -> None:
    """Fetch a list no more. What was read from it stays."""
    require_may_keep_lists(actor)
    source.delete()


@action("vulnerability.note_source")
def take_note(
    actor: Actor, source: Source, *, now: datetime, etag: str = "", last_modified: str = "", problem: str = ""
) -> None:
    """What came of fetching. After a problem, the next attempt asks as if nothing had been fetched since."""
    require_may_import(actor)
    changes: dict[str, object] = {"problem": problem[:300]}
    if not problem:
        changes |= {
            "fetched_at": now,
            "etag": etag or source.etag,
            "last_modified": last_modified or source.last_modified,
        }
    Source.objects.filter(pk=source.pk).update(**changes)


def _is_open_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    secret = parts.username or parts.password
    return parts.scheme == "https" and bool(parts.hostname) and not secret and len(url) <= 500 and url.isascii()


def _invalid(where: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=f"source.{where}", places=[Place(where, sentence)])
