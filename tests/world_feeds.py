"""Feeds of two CERTs that must not read each other's reports."""

from __future__ import annotations

import hashlib

from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow, RawFile
from tests.cast import NOW, Cast

TEAMS = {"alpha": "power", "beta": "bank"}


def furnish_feed(cast: Cast, key: str) -> dict[str, object]:
    """A feed of the CERT that leads for this organisation, with a report that is held and a drift. Administrators see
    that there is a feed: what gives the organisation away stands in the report alone."""
    team, secret = cast.teams[TEAMS[key]], f"secret of {key}"
    feed = Feed.objects.create(code=f"feed-{TEAMS[key]}", name="Feed", reader="table", team=team, made_at=NOW)
    raw = RawFile.objects.create(
        feed=feed, team=team, sha256=hashlib.sha256(secret.encode()).hexdigest(), size=9, name=f"{secret}.csv",
        tlp="amber", door="command", received_at=NOW,
    )  # fmt: skip
    batch = Batch.objects.create(
        raw_file=raw, feed=feed, team=team, state="held", rows=2, quarantined=1, sentence=secret, received_at=NOW
    )
    QuarantinedRow.objects.create(batch=batch, team=team, line=2, code="time", excerpt=secret)
    drift = Drift.objects.create(
        feed=feed, batch=batch, team=team, report_type="table", kind="new", column="colour", seen_at=NOW
    )
    return {"feed_code": feed.code, "report_id": batch.pk, "drift_id": drift.pk}
