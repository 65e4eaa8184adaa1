"""What the tests of the manifest share: feeds of the cast, claims, files that come, and the readers of the tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from django.db import connection
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.files import keep_bytes
from sipar.core.jobs import system
from sipar.feeds import readers
from sipar.feeds.actions import receive_file
from sipar.feeds.models import Batch, Feed, RawFile
from sipar.feeds.tests.plain import PlainReader
from sipar.notices.models import Finding
from sipar.orgs.models import Asset

RECEIVED = datetime(2026, 11, 1, 6, tzinfo=UTC)


@contextmanager
def plain_reader() -> Iterator[None]:
    """The reader of the tests stands beside those that ship."""
    known = readers.names
    module = ModuleType("sipar.feeds.plain.reader")
    module.READER = PlainReader()  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    readers.names = lambda: ("plain", *known())  # type: ignore[assignment]
    try:
        yield
    finally:
        readers.names = known
        del sys.modules[module.__name__]


def make_feed(cast: Cast, *, code: str = "plain-feed", team: str = "national", **facts: Any) -> Feed:
    with acting(system(), reason="make a feed"):
        return Feed.objects.create(
            code=code, name=code.title(), reader="plain", team=cast.teams[team], made_at=NOW, **facts
        )


def claim(cast: Cast, organisation: str, prefix: str) -> None:
    with acting(system(), reason="claim"):
        Asset.objects.create(organisation=cast.organisations[organisation], kind="prefix", value=prefix)


def receive(feed: Feed, data: bytes, *, name: str = "2026-10-31-plain.csv", now: datetime = RECEIVED) -> Batch:
    sipar = system()
    stored = keep_bytes(data)
    with acting(sipar, reason="receive"):
        return receive_file(sipar, feed, stored, name=name, door=RawFile.Door.COMMAND, now=now).batch


def standing() -> dict[str, Any]:
    """Everything that a batch leaves behind, without what differs from run to run."""
    from sipar.eventstore import lake

    store = lake()
    days = store.days()
    with acting(system(), reason="look"):
        batches = list(
            Batch.objects.order_by("pk").values_list(
                "raw_file__sha256", "state", "rows", "kept", "duplicates", "quarantined", "routed", "report_type"
            )
        )
        findings = sorted(
            (str(key), organisation or 0, state, count, first, last)
            for key, organisation, state, count, first, last in Finding.objects.values_list(
                "key", "organisation", "state", "count", "first_seen", "last_seen"
            )
        )
    rows: list[tuple[Any, ...]] = []
    if days:
        table = store.observations(days[0], days[-1], columns=["row", "raw", "line", "organisation"])
        rows = sorted(zip(*(column.to_pylist() for column in table.columns), strict=True), key=repr)
    return {"batches": batches, "findings": findings, "rows": rows}


def count_of(sql: str) -> int:
    with acting(system(), reason="count"), connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
