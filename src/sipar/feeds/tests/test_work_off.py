"""Working through the manifest: what a report becomes, and what is asked of a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden
from sipar.eventstore import lake
from sipar.feeds.actions import accept_batch, discard_batch, retry_batch, settle_drift
from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow
from sipar.feeds.selectors import access_batch, health, rows_of
from sipar.feeds.tests.plain import report_of
from sipar.feeds.tests.stage import RECEIVED, claim, make_feed, plain_reader, receive, standing
from sipar.feeds.working import MOST_ATTEMPTS, waiting_feeds, work_off
from sipar.notices.models import Finding


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, settings: object) -> Iterator[None]:
    settings.VAR = tmp_path  # type: ignore[attr-defined]
    with plain_reader():
        yield


@pytest.fixture
def feed(cast: Cast) -> Feed:
    claim(cast, "alpha", "198.51.0.0/24")
    return make_feed(cast)


def test_a_report_becomes_observations_and_findings_of_who_answers_for_them(cast: Cast, feed: Feed) -> None:
    receive(feed, report_of(300))
    (ended,) = work_off(feed.pk)
    assert (ended.state, ended.rows, ended.kept, ended.routed, ended.unclaimed) == ("done", 300, 300, 256, 44)
    assert ended.parts
    assert ended.lookup
    with acting(cast.ayesha, reason="look"):
        assert Finding.objects.count() == 256
    with acting(cast.bushra, reason="look"):
        assert Finding.objects.count() == 0
    with acting(cast.nadia, reason="look"):
        rows = rows_of(access_batch(cast.nadia, ended.pk), owner="claimed", reason="prefix", text="198.51.0.7")
        assert [row.place for row in rows.sample] == [
            f"198.51.0.{last}" for last in (7, 70, *range(71, 80))
        ] or rows.matching
        assert {row.organisation for row in rows.sample} == {cast.organisations["alpha"]}
        assert rows.reasons == {"prefix": 256, "": 44}
        assert [(owner.organisation, owner.rows) for owner in rows.owners] == [
            (cast.organisations["alpha"], 256), (None, 44),
        ]  # fmt: skip


def test_the_same_file_twice_is_one_batch(cast: Cast, feed: Feed) -> None:
    first, second = receive(feed, report_of(20)), receive(feed, report_of(20), name="another-name.csv")
    assert first.pk == second.pk
    work_off(feed.pk)
    before = standing()
    receive(feed, report_of(20))
    assert work_off(feed.pk) == []
    assert standing() == before


def test_the_same_rows_in_another_file_count_once(cast: Cast, feed: Feed) -> None:
    receive(feed, report_of(20))
    receive(feed, report_of(30))
    ended = work_off(feed.pk)
    assert [(batch.kept, batch.duplicates) for batch in ended] == [(20, 0), (10, 20)]
    with acting(system(), reason="look"):
        assert sum(Finding.objects.values_list("count", flat=True)) == 30


def test_bad_rows_stand_in_quarantine_and_drift_is_told_until_somebody_has_seen_it(cast: Cast, feed: Feed) -> None:
    data = report_of(9).replace(b"kind\n", b"kind,colour\n") + b"broken\nalso broken\n"
    receive(feed, data)
    receive(feed, data + b"x\n")
    first, second = work_off(feed.pk)
    assert (first.quarantined, second.quarantined, second.state) == (2, 3, "done")
    with acting(cast.nadia, reason="look"):
        assert list(QuarantinedRow.objects.filter(batch=first).values_list("line", "code", "excerpt")) == [
            (11, "time", "broken"), (12, "time", "also broken"),
        ]  # fmt: skip
        drift = Drift.objects.get()
        assert (drift.kind, drift.column, drift.report_type) == ("new", "colour", "plain")
        assert health(now=RECEIVED)[0].step == "drift"
        settle_drift(cast.nadia, drift, now=NOW)
        assert health(now=RECEIVED)[0].step == "nothing"


def shrinking(feed: Feed, sizes: list[int]) -> list[Batch]:
    for place, size in enumerate(sizes):
        day = 20 + place
        receive(
            feed, report_of(size, day=f"2026-10-{day}"), name=f"2026-10-{day}-plain.csv",
            now=RECEIVED + timedelta(hours=place),
        )  # fmt: skip
    return work_off(feed.pk)


def test_a_report_of_fewer_than_half_the_usual_rows_is_held_and_counts_nothing(cast: Cast, feed: Feed) -> None:
    feed.complete = True
    with acting(system(), reason="change"):
        feed.save()
    ended = shrinking(feed, [100, 120, 90, 49])
    assert [batch.state for batch in ended] == ["done", "done", "done", "held"]
    assert ended[-1].code == "shrunk"
    held_day = ended[-1].first_day
    assert held_day is not None
    assert lake().observations(held_day, held_day).num_rows == 0
    with acting(cast.nadia, reason="look"):
        assert health(now=RECEIVED)[0].step == "held"
        assert not Finding.objects.filter(closed_by="absent").filter(first_seen__day=22, last_seen__day=22).exists()


def test_half_the_usual_rows_are_not_few(cast: Cast, feed: Feed) -> None:
    assert [batch.state for batch in shrinking(feed, [100, 100, 100, 50])] == ["done"] * 4


def test_a_held_report_counts_once_somebody_accepts_it(cast: Cast, feed: Feed) -> None:
    held = shrinking(feed, [100, 120, 90, 10])[-1]
    with acting(cast.farah, reason="try"), pytest.raises(Forbidden):
        accept_batch(cast.farah, held)
    with acting(cast.nadia, reason="accept"):
        accept_batch(cast.nadia, access_batch(cast.nadia, held.pk, for_update=True))
    (ended,) = work_off(feed.pk)
    assert (ended.state, ended.kept) == ("done", 10)
    with acting(cast.nadia, reason="too late"), pytest.raises(Conflict):
        discard_batch(cast.nadia, ended, now=NOW)


def test_a_held_report_that_is_discarded_stays_out_and_its_file_stays(cast: Cast, feed: Feed) -> None:
    held = shrinking(feed, [100, 120, 90, 10])[-1]
    with acting(cast.nadia, reason="discard"):
        discard_batch(cast.nadia, access_batch(cast.nadia, held.pk, for_update=True), now=NOW)
    assert work_off(feed.pk) == []
    again = receive(feed, report_of(10, day="2026-10-23"))
    assert (again.pk, again.state) == (held.pk, "discarded")


def test_a_file_that_cannot_be_read_fails_with_its_reason_and_can_be_tried_again(cast: Cast, feed: Feed) -> None:
    receive(feed, b"this;is;something;else\n")
    receive(feed, report_of(5))
    failed, done = work_off(feed.pk)
    assert (failed.state, failed.code, done.state) == ("failed", "plain.head", "done")
    assert "first line" in failed.sentence
    with acting(cast.nadia, reason="again"):
        retry_batch(cast.nadia, access_batch(cast.nadia, failed.pk, for_update=True))
    assert waiting_feeds() == [feed.pk]
    (again,) = work_off(feed.pk)
    assert (again.state, again.attempt) == ("failed", 2)


def test_a_batch_that_kills_every_worker_is_given_up(cast: Cast, feed: Feed) -> None:
    batch = receive(feed, report_of(5))
    with acting(system(), reason="five workers died"):
        Batch.objects.filter(pk=batch.pk).update(state="running", attempt=MOST_ATTEMPTS)
    assert work_off(feed.pk) == []
    with acting(cast.nadia, reason="look"):
        row = Batch.objects.get(pk=batch.pk)
        assert (row.state, row.code) == ("failed", "attempts")


def test_a_report_that_is_absent_of_a_complete_feed_says_what_was_repaired(cast: Cast) -> None:
    claim(cast, "alpha", "198.51.0.0/24")
    feed = make_feed(cast, complete=True)
    shrinking(feed, [60, 40])
    with acting(cast.ayesha, reason="look"):
        assert Finding.objects.filter(state="closed", closed_by="absent").count() == 20
        assert Finding.objects.filter(state="open").count() == 40


def test_a_row_that_could_not_be_read_is_not_absent(cast: Cast) -> None:
    claim(cast, "alpha", "198.51.0.0/24")
    feed = make_feed(cast, complete=True)
    receive(feed, report_of(10, day="2026-10-20"), name="2026-10-20-plain.csv")
    receive(feed, report_of(9, day="2026-10-21") + b"broken\n", name="2026-10-21-plain.csv")
    first, second = work_off(feed.pk)
    assert (first.complete, second.complete) == (True, False)
    with acting(cast.ayesha, reason="look"):
        assert not Finding.objects.filter(closed_by="absent").exists()
