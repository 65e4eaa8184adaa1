"""Wall clocks, months and working days, from the wording of the laws and against plain Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.law.calendars import Groups, WorkingDays, add_months, noon_of_next_working_day, to_instant, to_wall
from sipar.law.tests.small_regimes import compiled, due, duty, later_by

ZONES = ("Asia/Karachi", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Riyadh", "Pacific/Apia")
COUNTRIES = ("PK", "DE", "US", "AU", "SA")
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
UNITS = st.sampled_from(["hours", "days", "working_days", "months"])


def walls(*words: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(words, dtype="datetime64[us]")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T23:59:59.999999"),
        ("2028-01-31T10:00", 1, "2028-02-29T23:59:59.999999"),
        ("2026-01-28T10:00", 1, "2026-02-28T10:00"),
        ("2026-12-15T10:00", 1, "2027-01-15T10:00"),
        ("2026-03-31T10:00", 1, "2026-04-30T23:59:59.999999"),
        ("2026-08-31T10:00", 6, "2027-02-28T23:59:59.999999"),
    ],
)
def test_a_month_ends_on_the_same_date_or_when_a_shorter_month_does(start: str, months: int, end: str) -> None:
    assert add_months(walls(start), months).tolist() == walls(end).tolist()


def test_days_keep_the_local_hour_over_the_change_of_the_clocks() -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", "days": 1})])
    start = {"aware_at": datetime(2026, 3, 28, 9, tzinfo=UTC), "country": "DE", "time_zone": "Europe/Berlin"}
    assert due(act, start) == datetime(2026, 3, 29, 8, tzinfo=UTC)
    hours = compiled(duties=[duty(due={"after": "aware_at", "hours": 24})])
    assert due(hours, start) == datetime(2026, 3, 29, 9, tzinfo=UTC)


def test_an_hour_the_clock_skips_is_the_moment_it_skips_at() -> None:
    berlin = Groups.constant("Europe/Berlin", 1)
    assert to_instant(walls("2026-03-29T02:30"), berlin).tolist() == [datetime(2026, 3, 29, 1)]  # noqa: DTZ001


def test_an_hour_that_comes_twice_is_its_first_pass() -> None:
    berlin = Groups.constant("Europe/Berlin", 1)
    assert to_instant(walls("2026-10-25T02:30"), berlin).tolist() == [datetime(2026, 10, 25, 0, 30)]  # noqa: DTZ001


def test_five_working_days_pass_over_the_weekend_and_the_holidays_of_the_country() -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", "working_days": 5})])
    # Friday 3 April 2026; and Monday 22 March 2027, the day before Pakistan Day.
    start = {"aware_at": datetime(2026, 4, 3, 10, tzinfo=UTC), "country": "PK", "time_zone": "Asia/Karachi"}
    assert due(act, start) == datetime(2026, 4, 10, 10, tzinfo=UTC)
    over_pakistan_day = {**start, "aware_at": datetime(2027, 3, 22, 10, tzinfo=UTC)}
    assert due(act, over_pakistan_day) == datetime(2027, 3, 30, 10, tzinfo=UTC)


def test_working_days_counted_from_a_day_off_end_with_the_last_of_them() -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", "working_days": 1})])
    saturday = {"aware_at": datetime(2026, 10, 3, 10, tzinfo=UTC), "country": "DE", "time_zone": "UTC"}
    assert due(act, saturday) == datetime(2026, 10, 5, 23, 59, 59, 999_999, tzinfo=UTC)


def test_a_weekend_is_that_of_the_country() -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", "working_days": 1})])
    thursday = {"aware_at": datetime(2026, 10, 8, 10, tzinfo=UTC), "time_zone": "UTC"}
    assert due(act, {**thursday, "country": "SA"}) == datetime(2026, 10, 11, 10, tzinfo=UTC)
    assert due(act, {**thursday, "country": "DE"}) == datetime(2026, 10, 9, 10, tzinfo=UTC)


def test_a_local_holiday_that_was_announced_counts_beside_the_known_ones() -> None:
    monday = np.array(["2026-10-05"], dtype="datetime64[D]")
    plain = WorkingDays(Groups.constant("PK", 1), {})
    announced = WorkingDays(Groups.constant("PK", 1), {"PK": (date(2026, 10, 5),)})
    assert plain.next_working(monday).tolist() == [date(2026, 10, 5)]
    assert announced.next_working(monday).tolist() == [date(2026, 10, 6)]


def test_a_limit_on_a_day_off_moves_to_noon_of_the_next_working_day() -> None:
    german = WorkingDays(Groups.constant("DE", 3), {})
    moved = noon_of_next_working_day(walls("2026-10-03T08:00", "2026-10-05T08:00", "2026-12-25T23:00"), german)
    assert moved.tolist() == walls("2026-10-05T12:00", "2026-10-05T08:00", "2026-12-28T12:00").tolist()


def test_an_unknown_country_moves_no_limit_and_an_unknown_zone_is_utc() -> None:
    nowhere = WorkingDays(Groups(np.array([-1], dtype=np.int32), ()), {})
    saturday = walls("2026-10-03T08:00")
    assert noon_of_next_working_day(saturday, nowhere).tolist() == saturday.tolist()
    assert to_wall(saturday, Groups.constant("Mars/Olympus", 1)).tolist() == saturday.tolist()


@given(MOMENTS, MOMENTS, st.sampled_from(ZONES))
def test_a_later_instant_never_has_an_earlier_wall_time(one: datetime, other: datetime, zone: str) -> None:
    first, second = sorted([one, other])
    both = np.array([first.replace(tzinfo=None), second.replace(tzinfo=None)], dtype="datetime64[us]")
    before, after = to_wall(both, Groups.constant(zone, 2))
    assert before <= after


@settings(max_examples=150, deadline=None)
@given(MOMENTS, UNITS, st.integers(1, 40), st.sampled_from(ZONES), st.sampled_from(COUNTRIES))
def test_every_offset_equals_plain_python(start: datetime, unit: str, count: int, zone: str, country: str) -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", unit: count})])
    found = due(act, {"aware_at": start, "time_zone": zone, "country": country})
    assert found == later_by(start, unit, count, zone=zone, country=country)


@settings(max_examples=150, deadline=None)
@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)), UNITS, st.integers(1, 40), st.sampled_from(ZONES))
def test_a_later_anchor_never_gives_an_earlier_deadline(
    start: datetime, later: timedelta, unit: str, count: int, zone: str
) -> None:
    act = compiled(duties=[duty(due={"after": "aware_at", unit: count})])
    place = {"time_zone": zone, "country": "PK"}
    first, second = due(act, {"aware_at": start, **place}), due(act, {"aware_at": start + later, **place})
    assert first is not None
    assert second is not None
    assert first <= second
