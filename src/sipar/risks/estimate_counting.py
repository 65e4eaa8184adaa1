"""What was reported to us of one scenario: events by year among so many organisations, and what they cost.

Read as Sipar itself, for nobody sees every case; what leaves this module names no organisation and no case.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from sipar.incidents.models import Incident
from sipar.risks.estimate_selectors import RANSOMWARE

if TYPE_CHECKING:
    from sipar.risk.striking import Struck

NOT_COUNTED = ("draft", "discarded", "merged", "rejected")
LOSS = "financial_loss_eur"
DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Year:
    """One calendar year, or the part of it that was asked for: events, and organisations times years.

    An organisation counts as much as its controls and open findings let the scenario strike it.
    """

    year: int
    events: int
    exposure: float


@dataclass(frozen=True)
class Counted:
    """`losses` are in the currency, each brought to an organisation of factor 1; `guesses` were not final yet.

    `organisations` can be hit; with their controls they stand for `unprotected` without.
    """

    organisations: int
    unprotected: float
    years: list[Year]
    losses: list[float]
    guesses: int
    silent: int

    @property
    def events(self) -> int:
        return sum(year.events for year in self.years)


def counted(
    struck: Struck, *, since: date, until: date, criteria: Collection[str], rate: float, zone: tzinfo
) -> Counted:
    """The reports from `since` to before `until` that one of the criteria holds for; `rate` turns euros over."""
    factors = dict(zip(struck.organisations.tolist(), struck.cost.tolist(), strict=True))
    rows = [
        row
        for row in _reports(since, until, criteria, zone).values_list(
            "reported_at", "organisation_id", "facts", "estimates"
        )
        if row[1] in factors
    ]
    events = Counter(moment.astimezone(zone).year for moment, *_rest in rows if moment is not None)
    losses, guesses, silent = [], 0, 0
    for _moment, organisation, facts, estimates in rows:
        loss = _amount(facts)
        if loss is None:
            silent += 1
        elif LOSS in estimates:
            guesses += 1
        elif factors[organisation] > 0:
            losses.append(loss * rate / factors[organisation])
    unprotected = float(struck.rate.sum())
    years = [
        Year(year, events[year], unprotected * days / DAYS_A_YEAR) for year, days in days_by_year(since, until).items()
    ]
    return Counted(len(factors), unprotected, years, losses, guesses, silent)


def days_by_year(since: date, until: date) -> dict[int, int]:
    """How many days of each calendar year lie from `since` to before `until`."""
    found = {}
    start = since
    while start < until:
        end = min(date(start.year + 1, 1, 1), until)
        found[start.year] = (end - start) // timedelta(days=1)
        start = end
    return found


def _reports(since: date, until: date, criteria: Collection[str], zone: tzinfo) -> QuerySet[Incident]:
    first, last = (datetime.combine(day, time(0), zone) for day in (since, until))
    chosen = Q(rsit_class__in=[name for name in criteria if name != RANSOMWARE])
    if RANSOMWARE in criteria:
        chosen |= Q(facts__ransomware=True)
    return Incident.objects.filter(chosen, reported_at__gte=first, reported_at__lt=last).exclude(state__in=NOT_COUNTED)


def _amount(facts: Mapping[str, Any]) -> float | None:
    value = facts.get(LOSS)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None
