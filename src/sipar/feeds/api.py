"""Feeds to programs: how they do, handing in a report, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status

from sipar.core.api import PROBLEMS, Entry
from sipar.core.files import CHUNK, keep_bytes
from sipar.core.http import ActorRequest
from sipar.feeds import actions, selectors
from sipar.feeds.doors import LARGEST_UPLOAD
from sipar.feeds.gates import FEED_READERS, FEED_STAFF, FEED_WORKERS
from sipar.feeds.models import Batch, RawFile
from sipar.feeds.policy import require_may_work

router = Router(tags=["feeds"])
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class FeedOut(Schema):
    """`next` is what the feed needs: held, failed, drift, late, unreachable, first or nothing."""

    code: str
    name: str
    reader: str
    team: str
    tlp: str
    enabled: bool
    received_at: datetime | None
    rows: int
    quarantined: int
    held: int
    failed: int
    waiting: int
    drifts: int
    late: bool
    next: str


class FeedReport(Schema):
    """`state` is received, running, held, done, failed or discarded; numbers hold once it is done."""

    id: int
    feed: str
    name: str
    sha256: str
    tlp: str
    state: str
    report_type: str
    first_day: date | None
    last_day: date | None
    rows: int
    kept: int
    duplicates: int
    quarantined: int
    routed: int
    unclaimed: int
    code: str
    sentence: str
    received_at: datetime
    ended_at: datetime | None


class Handing(Schema):
    """`name` as the source calls the file: readers recognise reports by it."""

    name: str
    tlp: str = ""


@router.get("/feeds", auth=Entry(FEED_READERS), response={200: list[FeedOut], **PROBLEMS}, summary="How the feeds do")
def list_feeds(request: ActorRequest) -> list[dict[str, Any]]:
    return [one.as_document() for one in selectors.health(now=timezone.now())]


@router.post(
    "/feeds/{feed_code}/reports",
    auth=Entry(FEED_WORKERS),
    response={201: FeedReport, 200: FeedReport, **PROBLEMS},
    summary="Hand in a report: its bytes as the body",
    openapi_extra=_BODY,
)
def hand_in(request: ActorRequest, feed_code: str, asked: Annotated[Handing, Query()]) -> Status[dict[str, Any]]:
    """201 where the file is new, 200 with its report where it is here already. It is read in the background."""
    from sipar.feeds.door_actions import begin_soon

    feed = selectors.access_feed(request.actor, feed_code)
    require_may_work(request.actor, feed.team_id)
    stored = keep_bytes(_body(request), largest=LARGEST_UPLOAD)
    received = actions.receive_file(
        request.actor, feed, stored, name=asked.name, tlp=asked.tlp, door=RawFile.Door.PUSH, now=timezone.now()
    )
    begin_soon(received)
    return Status(201 if received.new else 200, _report(selectors.access_batch(request.actor, received.batch.pk)))


@router.get(
    "/feeds/reports/{report_id}",
    auth=Entry(FEED_STAFF),
    response={200: FeedReport, **PROBLEMS},
    summary="What came of a report",
)
def read_report(request: ActorRequest, report_id: int) -> dict[str, Any]:
    return _report(selectors.access_batch(request.actor, report_id))


@router.post(
    "/feeds/reports/{report_id}/accept",
    auth=Entry(FEED_WORKERS),
    response={200: FeedReport, **PROBLEMS},
    summary="Take in a report that was held",
)
def accept(request: ActorRequest, report_id: int) -> dict[str, Any]:
    from sipar.feeds.door_actions import begin_soon

    batch = actions.accept_batch(request.actor, selectors.access_batch(request.actor, report_id, for_update=True))
    begin_soon(actions.Received(batch=batch, new=True))
    return _report(batch)


@router.post(
    "/feeds/reports/{report_id}/discard",
    auth=Entry(FEED_WORKERS),
    response={200: FeedReport, **PROBLEMS},
    summary="Count nothing of a report that was held or failed",
)
def discard(request: ActorRequest, report_id: int) -> dict[str, Any]:
    batch = selectors.access_batch(request.actor, report_id, for_update=True)
    return _report(actions.discard_batch(request.actor, batch, now=timezone.now()))


def _body(request: HttpRequest) -> Iterator[bytes]:
    """The body in chunks, never whole in memory."""
    while piece := request.read(CHUNK):
        yield piece


def _report(batch: Batch) -> dict[str, Any]:
    names = [name for name in FeedReport.model_fields if name not in ("id", "feed", "name", "sha256", "tlp")]
    return {name: getattr(batch, name) for name in names} | {
        "id": batch.pk,
        "feed": batch.feed.code,
        "name": batch.raw_file.name,
        "sha256": batch.raw_file.sha256,
        "tlp": batch.raw_file.tlp,
    }
