"""How stages, clocks and facts of a report are said on its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.incidents.report_forms import UNITS, words
from sipar.law.facts import shipped_facts
from sipar.obligations.report_clocks import ReportClock

STAGE_TITLES: dict[str, str | Promise] = {
    "early_warning": gettext_lazy("First report"),
    "notification": gettext_lazy("Notification"),
    "intermediate": gettext_lazy("Interim report"),
    "progress": gettext_lazy("Progress report"),
    "final": gettext_lazy("Final report"),
}
NO_CLOCK = {
    "not_started": gettext_lazy("The clock has not started."),
    "on_request": gettext_lazy("When the authority asks."),
    "unknown_period": gettext_lazy("No period in hours is known: as soon as you can."),
}


@dataclass(frozen=True)
class ClockLine:
    """One clock as a page shows it."""

    clock: ReportClock
    without: str | Promise
    is_law: bool


@dataclass(frozen=True)
class Told:
    """One fact as a page shows it: what is asked for, the answer in words, and whether it is a guess."""

    name: str
    title: Mapping[str, str]
    value: str
    moment: datetime | None
    estimate: bool


def clock_words(clock: ReportClock) -> ClockLine:
    """A clock with the words for where no deadline runs, and whether it comes from law in force."""
    without = NO_CLOCK.get(clock.clock, "") if clock.due_at is None else ""
    return ClockLine(clock, without, clock.status == "in_force")


def told(facts: Mapping[str, Any], estimates: Sequence[str]) -> list[Told]:
    """Every known fact in the order of the vocabulary."""
    return [
        Told(
            name,
            fact.title.model_dump(),
            value_in_words(name, facts[name]),
            _moment(name, facts[name]),
            name in estimates,
        )
        for name, fact in shipped_facts().items()
        if facts.get(name) is not None
    ]


def value_in_words(name: str, value: Any) -> str:
    """An answer in the active language; empty for what is not known. Moments are said by the page, in its zone."""
    fact = shipped_facts().get(name)
    if value is None or fact is None:
        return ""
    if fact.type == "boolean":
        return _("Yes") if value else _("No")
    if fact.type == "choice":
        return next((words(option.title) for option in fact.options if option.value == value), str(value))
    if fact.type in ("integer", "number"):
        unit = str(UNITS.get(fact.unit or "", ""))
        return f"{value:,g} {unit}".strip() if abs(value) < 1e6 else f"{value:,.0f} {unit}".strip()
    return str(value)


def moment_of(name: str, value: Any) -> datetime | None:
    """The instant that a fact tells, where it is one."""
    return _moment(name, value)


def local_time(moment: datetime, zone: tzinfo) -> str:
    """A moment as a form field holds it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _moment(name: str, value: Any) -> datetime | None:
    fact = shipped_facts().get(name)
    if fact is None or fact.type != "instant" or not isinstance(value, str):
        return None
    return datetime.fromisoformat(value)
