"""Reading facts of a report from JSON: names and values by the vocabulary of `sipar.law.facts`, or a named refusal."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from sipar.core.problems import Invalid, Place
from sipar.core.text import turns_direction
from sipar.law.facts import Fact, shipped_facts

LONGEST_TEXT = 4_000
MOST_FACTS = 200
# What a first report cannot do without; a caller, a mail or an emergency may not know when it was noticed.
NEEDED = ("summary", "aware_at", "contact")
NEEDED_ELSEWHERE = ("summary",)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Clocks of two machines are never quite alike.
SKEW = timedelta(minutes=5)

type Value = bool | int | float | str


def askable() -> dict[str, Fact]:
    """The facts that a report may give: not those of the register, nor those that actions record."""
    return {
        name: fact
        for name, fact in shipped_facts().items()
        if fact.source == "incident" and fact.question is not None and fact.stage != "event"
    }


def clean_facts(raw: Mapping[str, Any], *, now: datetime) -> dict[str, Value | None]:
    """The given facts in the form that is stored (instants as ISO 8601 in UTC); None takes a fact back.

    Raises Invalid `report.facts` with one place for each fact that is not right.
    """
    known, cleaned, places = askable(), {}, []
    if len(raw) > MOST_FACTS:
        raise Invalid(_("These are more facts than a report holds."), code="report.facts")
    for name, value in raw.items():
        fact = known.get(name)
        if fact is None:
            places.append(Place(str(name)[:60], _("This is not a fact that a report gives.")))
            continue
        try:
            cleaned[name] = None if value is None or value == "" else _READERS[fact.type](fact, value, now)
        except ValueError as error:
            places.append(Place(name, str(error)))
    if places:
        raise Invalid(_("Something in the report is not right."), code="report.facts", places=places)
    return cleaned


def clean_estimates(names: Collection[str], facts: Mapping[str, Any]) -> list[str]:
    """The names that are marked as estimates, those of them that have a value, sorted."""
    known = askable()
    return sorted({name for name in names if isinstance(name, str) and name in known and name in facts})


def as_evaluated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Stored facts as `sipar.law` takes them: instants as aware datetimes, unknown names left out."""
    known = shipped_facts()
    return {
        name: datetime.fromisoformat(value) if known[name].type == "instant" else value
        for name, value in facts.items()
        if name in known and value is not None
    }


def plain_text(value: str, *, longest: int) -> str:
    """Text without control characters (line breaks and tabs stay) and without turns of direction, trimmed.

    Raises ValueError where it is too long. Somebody under attack pastes what they have: what harms is left out.
    """
    kept = "".join(
        letter
        for letter in value.replace("\r\n", "\n")
        if letter in "\n\t" or not (unicodedata.category(letter) in ("Cc", "Cs") or turns_direction(letter))
    ).strip()
    if len(kept) > longest:
        raise ValueError(_("This is longer than %(most)s characters.") % {"most": longest})
    return kept


def _boolean(fact: Fact, value: Any, now: datetime) -> Value:
    if isinstance(value, bool):
        return value
    raise ValueError(_("Answer yes or no."))


def _number(fact: Fact, value: Any, now: datetime) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(_("Give a number."))
    if fact.type == "integer" and value != int(value):
        raise ValueError(_("Give a whole number."))
    if fact.low is not None and value < fact.low:
        raise ValueError(_("This is less than %(least)s.") % {"least": f"{fact.low:,g}"})
    if fact.high is not None and value > fact.high:
        raise ValueError(_("This is more than %(most)s.") % {"most": f"{fact.high:,.0f}"})
    return int(value) if fact.type == "integer" else float(value)


def _instant(fact: Fact, value: Any, now: datetime) -> Value:
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError(_("Give a date and a time."))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(_("Give a date and a time.")) from error
    if moment.tzinfo is None:
        raise ValueError(_("Give the time with its offset from UTC."))
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(_("Give a date and a time.")) from error
    if moment > now + SKEW:
        raise ValueError(_("This time is still to come."))
    if moment < EARLIEST:
        raise ValueError(_("This is too long ago."))
    return moment.isoformat()


def _choice(fact: Fact, value: Any, now: datetime) -> Value:
    if isinstance(value, str) and value in {option.value for option in fact.options}:
        return value
    raise ValueError(_("Choose one of the answers."))


def _text(fact: Fact, value: Any, now: datetime) -> Value:
    if not isinstance(value, str):
        raise ValueError(_("Write a text."))
    kept = plain_text(value, longest=int(fact.high or LONGEST_TEXT))
    if not kept:
        raise ValueError(_("Write a text."))
    return kept


_READERS: dict[str, Callable[[Fact, Any, datetime], Value]] = {
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
    "instant": _instant,
    "choice": _choice,
    "text": _text,
}
