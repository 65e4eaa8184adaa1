"""Small invented regimes for tests of the engine, and the plain-Python reading of clocks they are checked against."""

from __future__ import annotations

import calendar
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import polars as pl

from sipar.law.compiling import CompiledRegime, compile_regime
from sipar.law.evaluate import evaluate
from sipar.law.grammar import Regime
from sipar.law.regimes import parse


def words(**changes: Any) -> dict[str, Any]:
    """The contents of a small valid regime file, with some keys changed."""
    text = {"en": "Words", "ur": "الفاظ"}
    duty = {"stage": "notification", "title": text, "when": "severe_disruption", "to": ["csirt"], "cite": "Art. 1"}
    return {
        "regime": "test-act",
        "version": 1,
        "title": text,
        "jurisdiction": "PK",
        "status": "draft",
        "sources": [{"cite": "An invented act", "confidence": "unverified"}],
        "binds": {"when": "TRUE", "cite": "Art. 2"},
        "duties": [{**duty, "due": {"after": "aware_at", "hours": 24}}],
        **changes,
    }


def duty(stage: str = "notification", **changes: Any) -> dict[str, Any]:
    """One duty of a regime file."""
    [found] = words()["duties"]
    return {**found, "stage": stage, **changes}


def data(**changes: Any) -> bytes:
    """A small regime file; JSON is YAML."""
    return json.dumps(words(**changes)).encode()


def regime(**changes: Any) -> Regime:
    """A small regime, read from its file."""
    return parse(data(**changes))


def compiled(**changes: Any) -> CompiledRegime:
    """A small regime, ready to run."""
    return compile_regime(regime(**changes))


def table(*incidents: Mapping[str, Any]) -> pl.DataFrame:
    """A table of incidents numbered from 0; instants in UTC."""
    names = dict.fromkeys(name for each in incidents for name in each)
    columns = {name: [each.get(name) for each in incidents] for name in names}
    return pl.DataFrame({"incident": range(len(incidents)), **columns}, strict=False)


def due(each: CompiledRegime, incident: Mapping[str, Any], stage: str = "notification") -> datetime | None:
    """When a stage of one incident is due."""
    found = evaluate([each], table(incident)).filter(pl.col("stage") == stage)
    moment: datetime | None = found["due_at"].item()
    return moment


def wall_of(moment: datetime, zone: str) -> datetime:
    """The wall time of an instant; the second pass of an hour that comes twice counts as its end."""
    local = moment.astimezone(ZoneInfo(zone))
    if not local.fold:
        return local.replace(tzinfo=None)
    end = moment
    while end.astimezone(ZoneInfo(zone)).fold:
        end -= timedelta(minutes=1)
    # The last minute before the clock went back, plus one, by the old offset.
    return end.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=1)


def instant_of(wall: datetime, zone: str) -> datetime:
    """The instant of a wall time: the first of two, and the moment of the jump when the clock skips it."""
    first = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall:
        return first
    low, high = first - timedelta(hours=3), first
    before = low.astimezone(ZoneInfo(zone)).utcoffset()
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(ZoneInfo(zone)).utcoffset() == before else (low, middle)
    return high


def later_by(start: datetime, unit: str, count: int, *, zone: str, country: str) -> datetime:
    """The limit so many units after an instant, by datetime, calendar and holidays, one incident at a time."""
    if unit == "hours":
        return start + timedelta(hours=count)
    wall = wall_of(start, zone)
    if unit == "days":
        return instant_of(wall + timedelta(days=count), zone)
    if unit == "months":
        return instant_of(_months_on(wall, count), zone)
    return instant_of(_working_days_on(wall, count, country), zone)


def _months_on(wall: datetime, count: int) -> datetime:
    year, month = divmod(wall.year * 12 + wall.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    if wall.day > last:
        return datetime(year, month + 1, last, 23, 59, 59, 999_999)  # noqa: DTZ001
    return wall.replace(year=year, month=month + 1, day=wall.day)


def _working_days_on(wall: datetime, count: int, country: str) -> datetime:
    known = holidays.country_holidays(country)
    day: date = wall.date()
    started_off = not known.is_working_day(day)
    while count:
        day += timedelta(days=1)
        count -= known.is_working_day(day)
    if started_off:
        return datetime(day.year, day.month, day.day, 23, 59, 59, 999_999)  # noqa: DTZ001
    return datetime.combine(day, wall.time())
