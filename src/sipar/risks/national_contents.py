"""What stands in a version of the assumptions, part by part, each with its number in words and its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sipar.risks.models import AssumptionSet
from sipar.risks.money import money
from sipar.risks.national_editing import LISTS, OBJECTS, address_of
from sipar.risks.national_graph import fails_in_words
from sipar.risks.national_labels import option_word, step_word
from sipar.risks.national_pictures import one_in
from sipar.risks.national_reading import names_of, words
from sipar.risks.national_scenarios import cost_in_words, often_in_words

QUALITIES = ("measured", "published", "expert", "assumed")


@dataclass(frozen=True)
class Entry:
    """One assumption: its title, what it says, and where that comes from. `address` is for editing it."""

    address: str
    title: str
    says: str
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    head: str
    title: str
    entries: tuple[Entry, ...]


def contents_of(found: AssumptionSet) -> list[Section]:
    """Every part of a version; parts without an entry are there too, empty."""
    document = found.document
    names = names_of(document, framework=None)
    sections = []
    for head in LISTS:
        entries = tuple(
            Entry(
                address_of(head, place, entry),
                _title(head, entry, names),
                _says(head, entry, document),
                _sources(entry),
            )
            for place, entry in enumerate(document.get(head) or ())
        )
        sections.append(Section(head, step_word(head), entries))
    for head in OBJECTS:
        if document.get(head):
            entry = Entry(head, step_word(head), _object_says(document[head]), _sources(document[head]))
            sections.append(Section(head, step_word(head), (entry,)))
    return sections


def quality_counts(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    """How many numbers rest on each quality of source, the best first."""
    counts = Counter(
        quality
        for head in LISTS
        for entry in document.get(head) or ()
        for _text, quality in _sources(entry, once=False)
    )
    return [(quality, counts[quality]) for quality in QUALITIES if counts[quality]]


def _title(head: str, entry: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> str:
    if head == "effects":
        return str(entry["requirement"])
    if head == "recorded_years":
        return str(entry["year"])
    if head == "shocks":
        where = names["sector"].get(str(entry.get("sector")), "") or _("The nation")
        return f"{words(entry['title'])} ({where})"
    return words(entry["title"])


def _says(head: str, entry: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    currency = document["currency"]
    if head == "scenarios":
        return f"{often_in_words(entry['frequency'])}; {cost_in_words(entry['loss']['primary'], currency)}"
    if head == "shocks":
        return _("%(chance)s; then everything is %(factor)s times as frequent") % {
            "chance": one_in(float(entry["probability"])),
            "factor": f"{entry['factor']:g}",
        }
    if head == "providers":
        return fails_in_words(float(entry["failures"]))
    if head == "effects":
        return _effect_says(entry)
    return money(entry["loss"], currency)


def _effect_says(entry: Mapping[str, Any]) -> str:
    if entry.get("function") not in (None, "", "loss event"):
        return option_word(str(entry["function"]))
    sentence = _("makes %(target)s up to %(share)s smaller") % {
        "target": option_word(str(entry["target"])),
        "share": f"{entry['reduction']:.0%}",
    }
    return f"{sentence} ({entry['event']})" if entry.get("event") else sentence


def _object_says(entry: Mapping[str, Any]) -> str:
    numbers = [f"{step_word(name)} {value:g}" for name, value in entry.items() if isinstance(value, int | float)]
    return ", ".join(numbers) or _("%(number)s parts") % {"number": len(entry)}


def _sources(entry: Any, *, once: bool = True) -> tuple[tuple[str, str], ...]:
    """(text, quality) of every source below an entry, each once unless all are asked for."""
    found = list(_walk(entry))
    return tuple(dict.fromkeys(found)) if once else tuple(found)


def _walk(value: Any) -> Sequence[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return []
    found: list[tuple[str, str]] = []
    for name, inner in value.items():
        if name == "source" and isinstance(inner, Mapping):
            found.append((str(inner.get("text") or ""), str(inner.get("quality") or "")))
        elif isinstance(inner, Mapping):
            found.extend(_walk(inner))
    return found
