"""Whose file this is: the one feed whose reader recognises it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

from sipar.core.problems import Invalid, Place, Problem
from sipar.feeds.lines import as_utf8
from sipar.feeds.models import Feed
from sipar.feeds.readers import reader
from sipar.feeds.unpacking import HEAD, unpacked
from sipar.formats.problems import FormatProblem


def feed_for(path: Path) -> Feed:
    """The feed whose reader recognises the file; raises Invalid `feed.unknown` where none or several do."""
    with path.open("rb") as file:
        members = unpacked(path.name, file, size=path.stat().st_size)
        try:
            name, plain = next(members)
            stream = plain if isinstance(plain, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", plain))
            head = stream.peek(HEAD)[:HEAD]
            head = as_utf8(io.BytesIO(head), head).read(HEAD)
        except FormatProblem as problem:
            raise _unknown(path, problem.sentence) from problem
    found = [feed for feed in Feed.objects.select_related("team").filter(enabled=True) if _takes(feed, name, head)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(path, "No feed recognises it. Name one with --feed.")
    raise _unknown(
        path, f"Several feeds would take it: {', '.join(feed.code for feed in found)}. Name one with --feed."
    )


def _takes(feed: Feed, name: str, head: bytes) -> bool:
    try:
        reader(feed.reader).recognise(name, head, feed.settings)
    except (FormatProblem, Problem):
        return False
    return True


def _unknown(path: Path, sentence: str) -> Invalid:
    return Invalid(sentence, code="feed.unknown", places=[Place(path.name, sentence)])
