"""Wall clocks and working days: time zones, months, weekends and holidays, over whole columns of instants.

Instants are UTC and wall times local, both numpy datetime64[us] with NaT for unknown. Within a zone a later instant
never has an earlier wall time here: the hour that a clock goes back over counts as its end, and a wall time that the
clock skips is the instant it skips at. So no later start can give an earlier limit.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

type Instants = NDArray[np.datetime64]
type Days = NDArray[np.datetime64]
type Flags = NDArray[np.bool_]
type LocalDays = Mapping[str, Sequence[date]]
"""Days without work by country (ISO 3166, two letters) that the `holidays` package does not know."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
_LAST_MOMENT = np.timedelta64(86_400_000_000 - 1, "us")
_DAY = np.timedelta64(1, "D")
_NOON = np.timedelta64(12 * 3600, "s")
_STEP = timedelta(days=5)


class _Zone(NamedTuple):
    """Offsets of a zone: `offsets[i]` holds between `changes[i - 1]` and `changes[i]`."""

    changes: Instants
    offsets: NDArray[np.timedelta64]
    ends: Instants
    """Wall time, by the old offset, at which each change happens."""
    starts: Instants
    """Earliest wall time of each stretch: where the clock went back, the end of the hour that came twice."""


@lru_cache(maxsize=600)
def _zone(name: str) -> _Zone | None:
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
    changes: list[datetime] = []
    offsets = [_offset(zone, datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))]
    moment, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    while moment < last:
        later = moment + _STEP
        if _offset(zone, later) != offsets[-1]:
            changes.append(_change(zone, moment, later))
            offsets.append(_offset(zone, later))
        moment = later
    at = np.array([change.replace(tzinfo=None) for change in changes], dtype="datetime64[us]")
    by = np.array(offsets, dtype="timedelta64[us]")
    ends = at + by[:-1]
    starts = np.concatenate([np.array(["0001-01-01"], dtype="datetime64[us]"), np.maximum(ends, at + by[1:])])
    return _Zone(changes=at, offsets=by, ends=ends, starts=starts)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, before + timedelta(seconds=middle)) == old else (low, middle)
    return before + timedelta(seconds=high)


def is_time_zone(name: str) -> bool:
    """True when the time zone database knows the name."""
    return len(name) <= 50 and _zone(name) is not None


def is_country(code: str) -> bool:
    """True for two capital letters."""
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()


@dataclass(frozen=True, slots=True)
class Groups:
    """A column of few different words: a code per row, -1 where the word is unknown."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @staticmethod
    def constant(name: str, rows: int) -> Groups:
        """The same word in every row."""
        return Groups(np.zeros(rows, dtype=np.int32), (name,))

    def parts(self) -> Iterator[tuple[str | None, Any]]:
        """Each word with the rows that have it (an index, or a slice when all have); None is the unknown word."""
        if len(self.names) == 1 and self.codes.size and self.codes.min() == 0:
            yield self.names[0], slice(None)
            return
        order = np.argsort(self.codes, kind="stable")
        edges = np.searchsorted(self.codes[order], np.arange(-1, len(self.names) + 1))
        for code, (begin, end) in enumerate(itertools.pairwise(edges), start=-1):
            if begin < end:
                yield (self.names[code] if code >= 0 else None), order[begin:end]


def to_wall(instants: Instants, zones: Groups) -> Instants:
    """Local wall times. An unknown zone, or one that does not exist, counts as UTC."""
    walls = instants.copy()
    for name, rows in zones.parts():
        zone = _zone(name) if name else None
        if zone is not None:
            here = instants[rows]
            stretch = np.searchsorted(zone.changes, here, side="right")
            walls[rows] = np.maximum(here + zone.offsets[stretch], zone.starts[stretch])
    return walls


def to_instant(walls: Instants, zones: Groups) -> Instants:
    """Instants of wall times: the first of two where an hour comes twice, the jump itself where it is skipped."""
    instants = walls.copy()
    for name, rows in zones.parts():
        zone = _zone(name) if name else None
        if zone is not None:
            here = walls[rows]
            stretch = np.searchsorted(zone.ends, here, side="right")
            begins = np.concatenate([np.array(["0001-01-01"], dtype="datetime64[us]"), zone.changes])
            instants[rows] = np.maximum(here - zone.offsets[stretch], begins[stretch])
    return instants


def add_months(walls: Instants, months: int) -> Instants:
    """The same date and time so many months on; where the month is too short, the end of its last day.

    A month that began on the 31st has run out when a shorter month ends (Regulation 1182/71, Art. 3(2)(c)).
    """
    day = walls.astype("datetime64[D]")
    month = walls.astype("datetime64[M]")
    target = month + np.timedelta64(months, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - _DAY
    wanted = target.astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    same_time = walls - day
    too_short = wanted > last
    return np.where(too_short, last + _LAST_MOMENT, wanted + same_time).astype("datetime64[us]")


@lru_cache(maxsize=2_000)
def _days_off(country: str, decade: int, *, bank: bool) -> Days:
    """Weekends and holidays of ten years, sorted, as the `holidays` package has them; Sat and Sun if it does not."""
    # Brings the calendars of every country along, which most processes never ask for.
    import holidays

    every = np.arange(f"{decade}-01-01", f"{decade + 10}-01-01", dtype="datetime64[D]")
    years = range(decade, decade + 10)
    with warnings.catch_warnings():
        # For some countries the package knows only some years, and says so each time; weekends still hold.
        warnings.simplefilter("ignore")
        try:
            known = holidays.country_holidays(country, years=years)
            if bank and "bank" in known.supported_categories:
                known = holidays.country_holidays(country, years=years, categories=("public", "bank"))
        except NotImplementedError:
            return every[~np.is_busday(every)]
        return np.array([day for day in every.tolist() if not known.is_working_day(day)], dtype="datetime64[D]")


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Working days of each row's country. Without a known country: Monday to Friday, no holidays."""

    countries: Groups
    local: LocalDays

    def is_off(self, days: Days, *, bank: bool = False) -> Flags:
        """True on a weekend or holiday (with `bank`, also a bank holiday) of a known country."""
        off = np.zeros(days.shape, dtype=np.bool_)
        for country, rows in self.countries.parts():
            if country:
                off[rows] = ~np.is_busday(days[rows], busdaycal=self._calendar(country, days[rows], bank=bank))
        return off & ~np.isnat(days)

    def next_working(self, days: Days, *, bank: bool = False) -> Days:
        """The day itself if it is a working day, else the next that is."""
        return self._offset(days, 0, "forward", bank=bank)

    def add(self, walls: Instants, count: int) -> Instants:
        """The same time so many working days on; counted from a day off, the end of the last of them."""
        days = walls.astype("datetime64[D]")
        last = self._offset(days, count, "backward", bank=False)
        worked = days == self._offset(days, 0, "backward", bank=False)
        return np.where(worked, last + (walls - days), last + _LAST_MOMENT).astype("datetime64[us]")

    def _offset(self, days: Days, count: int, roll: Any, *, bank: bool) -> Days:
        moved = days.copy()
        for country, rows in self.countries.parts():
            here = days[rows]
            known = ~np.isnat(here)
            calendar = self._calendar(country, here, bank=bank) if country else np.busdaycalendar()
            result = here.copy()
            result[known] = np.busday_offset(here[known], count, roll=roll, busdaycal=calendar)
            moved[rows] = result
        return moved

    def _calendar(self, country: str, days: Days, *, bank: bool) -> np.busdaycalendar:
        known = days[~np.isnat(days)]
        if not known.size:
            return np.busdaycalendar()
        years = known.astype("datetime64[Y]").astype(int) + 1970
        # The limit may lie years after its start; without the next decade's holidays all its days would be worked.
        first = max(FIRST_YEAR, int(years.min()) - 1) // 10 * 10
        last = min(LAST_YEAR, int(years.max()) + 5) // 10 * 10
        return _calendar(country, first, last, tuple(self.local.get(country, ())), bank=bank)


@lru_cache(maxsize=1_000)
def _calendar(country: str, first: int, last: int, local: tuple[date, ...], *, bank: bool) -> np.busdaycalendar:
    parts = [_days_off(country, decade, bank=bank) for decade in range(first, last + 1, 10)]
    added = np.array(local, dtype="datetime64[D]")
    return np.busdaycalendar(weekmask="1111111", holidays=np.concatenate([*parts, added]))


def noon_of_next_working_day(walls: Instants, working: WorkingDays) -> Instants:
    """Wall times unchanged on working days; on a day off, noon of the next day that is not."""
    days = walls.astype("datetime64[D]")
    off = working.is_off(days, bank=True)
    moved = working.next_working(days, bank=True) + _NOON
    return np.where(off, moved, walls).astype("datetime64[us]")
