"""Working through the manifest: one worker for a feed at a time, every batch counted exactly once.

A worker holds the feed by an advisory lock of its database session, which PostgreSQL lets go of the moment that the
worker is gone, however it went. Whoever takes the feed next finds the batch still `running`, begins it again, and
writes the same parts over the old ones. Findings, quarantine and the state `done` are one transaction, which holds only
where no other worker began the batch after this one.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.files import open_bytes
from sipar.core.jobs import holding, said, system
from sipar.core.problems import Problem
from sipar.feeds.actions import require_system
from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow
from sipar.feeds.pipeline import Taken, Work, take_in
from sipar.feeds.readers import reader
from sipar.feeds.reading import excerpt
from sipar.formats.problems import FormatProblem

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)

# "feed" in ASCII: the name space of these locks among all advisory locks.
LOCKS = 0x66656564
MOST_ATTEMPTS = 5
# A report is compared with this many before it, where these are at least so many and so large.
RECENT, FEWEST_RECENT, SMALLEST_MEDIAN = 9, 3, 10
_TELL_EVERY_S = 2.0

type Tell = Callable[[Batch, Taken], object]


def waiting_feeds() -> list[int]:
    """The feeds with batches that were received, or begun and not ended, oldest first."""
    with acting(system(), reason="look for reports that wait"):
        rows = Batch.objects.filter(state__in=("received", "running")).order_by("received_at", "pk")
        return list(dict.fromkeys(rows.values_list("feed", flat=True)))


def work_off(feed: int, *, tell: Tell = lambda _batch, _taken: None) -> list[Batch]:
    """Take in what waits in this feed, oldest first; returns the batches that ended. None where another does it."""
    ended: list[Batch] = []
    with holding(LOCKS, feed) as mine:
        while mine and (batch := _begin(feed)) is not None:
            ended.append(_take(batch, tell))
    return ended


def _begin(feed: int) -> Batch | None:
    """Claim the oldest batch: its attempt is ours from here on."""
    now = timezone.now()
    with acting(system(), reason="take in a report"):
        waiting = Batch.objects.filter(feed=feed, state__in=("received", "running")).order_by("received_at", "pk")
        for found in waiting:
            if found.state == "running" and found.attempt >= MOST_ATTEMPTS:
                sentence = f"Reading it was begun {found.attempt} times and never ended."
                Batch.objects.filter(pk=found.pk).update(
                    state="failed", code="attempts", sentence=sentence, ended_at=now
                )
                continue
            claimed = Batch.objects.filter(pk=found.pk, attempt=found.attempt, state=found.state).update(
                state="running", attempt=F("attempt") + 1, started_at=now, rows=0
            )
            if claimed:
                return Batch.objects.select_related("raw_file", "feed").get(pk=found.pk)
    return None


def _take(batch: Batch, tell: Tell) -> Batch:
    """Read, store and count a batch. What goes wrong is said on the batch and takes its rows out of the lake again."""
    try:
        return _count(batch, tell)
    except (FormatProblem, Problem) as problem:
        return _fail(batch, code=problem.code, sentence=said(problem))
    except OperationalError:
        # The database went away: the next worker begins this batch again.
        raise
    except Exception as problem:
        log.exception("batch %s could not be taken in", batch.pk)
        return _fail(batch, code="error", sentence=f"Sipar could not read it ({type(problem).__name__}).")


def _count(batch: Batch, tell: Tell) -> Batch:
    from sipar.claims.lookups import current_lookup
    from sipar.eventstore import lake
    from sipar.exposure.folding import Tallying

    store, raw = lake(), batch.raw_file
    with acting(system(), reason="look up who answers for what"):
        lookup = current_lookup(timezone.now())
    work = Work(
        source=batch.feed.code,
        raw=raw.sha256,
        name=raw.name,
        size=raw.size,
        received_at=raw.received_at,
        keep_days=batch.feed.keep_days,
        reader=reader(batch.feed.reader),
        settings=batch.feed.settings,
    )
    tallying = Tallying()
    with open_bytes(raw.sha256) as file:
        taken = take_in(file, work, lookup=lookup, store=store, fold=tallying.add, tell=_teller(batch, tell))
    median = None if batch.accepted_by_id else _shrunk(batch, taken)
    if median is not None:
        store.write(batch.feed.code, raw.sha256, ())
    with acting(system(), reason=f"take in {raw.name}"):
        return end_batch(
            system(), batch, taken, tallying.whole(), lookup=lookup.digest, median=median, now=timezone.now()
        )


@action("feed.take_in")
def end_batch(
    actor: Actor, batch: Batch, taken: Taken, tally: pl.DataFrame, *, lookup: str, median: float | None, now: datetime
) -> Batch:
    """Count a batch: quarantine, drifts, findings of its tally, and the state, in the caller's transaction.

    `median`: the report has shrunk from this many rows, is held, and makes no findings. Does nothing where another
    worker began the batch after this one, or it has ended.
    """
    from sipar.notices.folding_actions import Complete, fold_batch

    require_system(actor)
    row = Batch.objects.select_for_update().filter(pk=batch.pk, attempt=batch.attempt, state="running").first()
    if row is None:
        return Batch.objects.get(pk=batch.pk)
    complete = batch.feed.complete if taken.complete is None else taken.complete
    row.report_type, row.lookup = taken.report_type, lookup
    row.rows, row.quarantined, row.duplicates = taken.rows, taken.quarantined, taken.duplicates
    row.kept, row.routed, row.unclaimed = taken.kept, taken.routed, taken.unclaimed
    row.first_day, row.last_day = taken.first_day or taken.day, taken.last_day or taken.day
    # A row that could not be read is not absent: only a report that was read whole says what is gone.
    row.complete = complete and not taken.quarantined
    row.ended_at = now
    _write_rows(row, taken, now=now)
    if median is not None:
        row.state, row.code = "held", "shrunk"
        row.sentence = f"{taken.rows - taken.quarantined:,} rows; the reports before it had about {median:,.0f}."
    else:
        row.state, row.code = "done", "recoded" if taken.recoded else ""
        row.sentence = f"{taken.recoded:,} lines were not UTF-8." if taken.recoded else ""
        row.parts = [part.document() for part in taken.parts]
    row.save()
    if median is None:
        begins = taken.day or taken.first_day
        whole = Complete(batch.feed.code, row.report_type, begins) if row.complete and begins else None
        fold_batch(tally, batch.raw_file.sha256, complete=whole, now=now)
    return row


def _write_rows(row: Batch, taken: Taken, *, now: datetime) -> None:
    QuarantinedRow.objects.filter(batch=row).delete()
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            batch=row,
            team_id=row.team_id,
            line=bad.line,
            column=excerpt(bad.column)[:80],
            code=bad.code[:60],
            excerpt=excerpt(bad.excerpt),
        )
        for bad in taken.bad
    )
    Drift.objects.bulk_create(
        (
            Drift(
                feed_id=row.feed_id,
                batch=row,
                team_id=row.team_id,
                report_type=taken.report_type,
                kind=drift.kind,
                column=excerpt(drift.column)[:80],
                detail=excerpt(drift.detail)[:200],
                seen_at=now,
            )
            for drift in taken.drifts.values()
        ),
        ignore_conflicts=True,
    )


def _shrunk(batch: Batch, taken: Taken) -> float | None:
    """The median of recent reports of this type, where this one has fewer than half as many rows; None otherwise."""
    with acting(system(), reason="compare a report with those before it"):
        before = Batch.objects.filter(feed=batch.feed_id, report_type=taken.report_type, state="done")
        sizes = [
            rows - refused
            for rows, refused in before.order_by("-received_at").values_list("rows", "quarantined")[:RECENT]
        ]
    if len(sizes) < FEWEST_RECENT:
        return None
    median = statistics.median(sizes)
    return median if median >= SMALLEST_MEDIAN and taken.rows - taken.quarantined < median / 2 else None


def _fail(batch: Batch, *, code: str, sentence: str) -> Batch:
    from sipar.eventstore import lake

    lake().write(batch.feed.code, batch.raw_file.sha256, ())
    with acting(system(), reason="a report could not be taken in"):
        Batch.objects.filter(pk=batch.pk, attempt=batch.attempt, state="running").update(
            state="failed", code=code[:60], sentence=excerpt(sentence), ended_at=timezone.now()
        )
        return Batch.objects.select_related("feed", "raw_file").get(pk=batch.pk)


def _teller(batch: Batch, tell: Tell) -> Callable[[Taken], None]:
    last = time.monotonic()

    def told(taken: Taken) -> None:
        nonlocal last
        tell(batch, taken)
        if time.monotonic() - last > _TELL_EVERY_S:
            last = time.monotonic()
            with acting(system(), reason="report progress"):
                Batch.objects.filter(pk=batch.pk, attempt=batch.attempt).update(
                    rows=taken.rows, report_type=taken.report_type
                )

    return told


def feed_of(code: str) -> Feed | None:
    """The feed of this code, as far as the actor reaches."""
    return Feed.objects.select_related("team").filter(code=code).first()
