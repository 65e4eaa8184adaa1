"""Fetching lists of vulnerabilities: each in transactions of its own, and only where it changed."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from sipar.core.acting import acting
from sipar.core.fetching import FetchProblem, fetched, networks
from sipar.core.jobs import said, system
from sipar.core.problems import Invalid, Problem
from sipar.formats.problems import FormatProblem
from sipar.vulnerabilities.import_actions import import_file
from sipar.vulnerabilities.models import Import, Source
from sipar.vulnerabilities.source_actions import take_note

log = logging.getLogger(__name__)
LARGEST = 4 * 1024**3
_REASON = "fetch a list of vulnerabilities"


def fetch_list(source: Source) -> Import | None:
    """Download a list and read it whole or not at all; None where it is as it was. Call outside `acting`.

    Raises Problem or FormatProblem, and what went wrong stays with the source.
    """
    sipar = system()
    try:
        made, etag, modified = _fetched(source)
    except (Problem, FormatProblem) as problem:
        with acting(sipar, reason=_REASON):
            take_note(sipar, source, problem=said(problem), now=timezone.now())
        raise
    with acting(sipar, reason=_REASON):
        take_note(sipar, source, etag=etag, last_modified=modified, now=timezone.now())
    return made


def fetch_every_list() -> int:
    """Fetch every list that has an address; returns how many had changed. One that fails does not stop the others."""
    with acting(system(), reason=_REASON):
        sources = list(Source.objects.order_by("code"))
    changed = 0
    for source in sources:
        try:
            changed += fetch_list(source) is not None
        except (Problem, FormatProblem) as problem:
            log.warning("the list %s was not fetched: %s", source.code, said(problem))
    return changed


def read_list(place: Path, name: str) -> Import:
    """Read a file in a transaction of its own. Raises Problem or FormatProblem, and nothing is changed.

    A file of which nothing can be taken is no list: a page that asks to sign in, sent instead of one.
    """
    sipar = system()
    with acting(sipar, reason=f"read {name}"[:200]):
        made = import_file(sipar, place, name=name, now=timezone.now())
        if made.refused and not made.added + made.changed + made.unchanged:
            code, sentence, where = made.problems[0]
            raise FormatProblem(code, sentence, where)
        return made


def _fetched(source: Source) -> tuple[Import | None, str, str]:
    allowed = networks(settings.FEEDS_ALLOW)
    try:
        with fetched(source.url, etag=source.etag, last_modified=source.last_modified, allowed=allowed) as answer:
            if not answer.changed:
                return None, answer.etag, answer.last_modified
            with tempfile.TemporaryDirectory(prefix="sipar-") as folder:
                place = Path(folder) / "list"
                _keep(answer.body, place)
                return read_list(place, answer.name), answer.etag, answer.last_modified
    except FetchProblem as problem:
        raise Invalid(problem.sentence, code=f"fetch.{problem.code}") from problem


def _keep(pieces: Iterator[bytes], place: Path) -> None:
    size = 0
    with place.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise Invalid("The list is larger than 4 GB.", code="fetch.size")
            file.write(piece)
