from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from sipar.ui.times import deadline, span_in_words

KARACHI = ZoneInfo("Asia/Karachi")
NOW = datetime(2026, 3, 3, 6, 18, tzinfo=UTC)


def test_a_deadline_says_how_long_is_left_and_when_on_the_local_clock() -> None:
    reading = deadline(NOW + timedelta(hours=3, minutes=12), now=NOW, zone=KARACHI)
    assert reading.words == "in 3 h 12 min (Tue 14:30 PKT)"
    assert reading.utc == "2026-03-03 09:30:00 UTC"
    assert reading.tone == "calm"


def test_a_deadline_turns_amber_in_the_last_quarter_and_not_before() -> None:
    started, due = NOW - timedelta(hours=3), NOW + timedelta(hours=1)
    assert deadline(due, now=NOW, zone=KARACHI, started=started).tone == "soon"
    assert deadline(due, now=NOW - timedelta(seconds=1), zone=KARACHI, started=started).tone == "calm"


def test_a_missed_deadline_says_by_how_much() -> None:
    reading = deadline(NOW - timedelta(days=2, hours=5), now=NOW, zone=KARACHI)
    assert (reading.words, reading.tone) == ("late by 2 d 5 h (Sun 06:18 PKT)", "late")


def test_a_met_deadline_is_done_even_after_its_time() -> None:
    reading = deadline(NOW - timedelta(hours=1), now=NOW, zone=KARACHI, done=NOW - timedelta(hours=2))
    assert (reading.words, reading.tone) == ("done in time (Tue 09:18 PKT)", "done")


def test_a_deadline_met_too_late_stays_late() -> None:
    reading = deadline(NOW - timedelta(hours=3), now=NOW, zone=KARACHI, done=NOW - timedelta(hours=1))
    assert (reading.words, reading.tone) == ("done 2 h 0 min late (Tue 10:18 PKT)", "late")


def test_a_far_date_carries_its_month_and_another_year_its_year() -> None:
    assert deadline(NOW + timedelta(days=40), now=NOW, zone=KARACHI).words == "in 40 days (12 Apr 11:18 PKT)"
    assert "2027" in deadline(NOW + timedelta(days=400), now=NOW, zone=KARACHI).words


def test_an_urdu_deadline_keeps_clock_and_zone_together_left_to_right() -> None:
    with override("ur"):
        words = deadline(NOW + timedelta(minutes=5), now=NOW, zone=KARACHI).words
    assert "\u206611:23 PKT\u2069" in words
    assert words.startswith("5 منٹ باقی")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        deadline(datetime(2026, 3, 3), now=NOW, zone=KARACHI)  # noqa: DTZ001


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10)))
def test_a_span_never_says_more_than_there_is(span: timedelta) -> None:
    units = {"d": 1440, "h": 60, "min": 1, "days": 1440}
    words = span_in_words(span).split()
    said = sum(int(count) * units[unit] for count, unit in zip(words[::2], words[1::2], strict=True))
    assert said * 60 <= span.total_seconds()
    assert span.total_seconds() - said * 60 < (3600 if span >= timedelta(days=2) else 60) or span >= timedelta(days=10)
