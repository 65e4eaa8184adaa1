"""The fields of a report, made from the vocabulary of facts: one field per fact, and a mark where it is a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sipar.incidents.report_facts import NEEDED
from sipar.law.facts import Fact, Text

YES_OR_NO: tuple[tuple[str, str | Promise], ...] = (
    ("yes", gettext_lazy("Yes")),
    ("no", gettext_lazy("No")),
    ("", gettext_lazy("I do not know yet")),
)
NOT_KNOWN: tuple[tuple[str, str | Promise], ...] = (("", gettext_lazy("I do not know yet")),)
ESTIMATE = "estimate-"
# What can be a guess: a number or a time. A choice has an answer of its own for "not known".
GUESSABLE = ("integer", "number", "instant")
LONGEST_LINE = 300
MOST_RADIOS = 7
UNITS = {
    "people": gettext_lazy("people"),
    "percent": gettext_lazy("per cent"),
    "hours": gettext_lazy("hours"),
    "minutes": gettext_lazy("minutes"),
    "seconds": gettext_lazy("seconds"),
    "eur": gettext_lazy("euro"),
    "usd": gettext_lazy("US dollars"),
    "countries": gettext_lazy("countries"),
}


def words(text: Text | None) -> str:
    """A text of the vocabulary in the active language."""
    if text is None:
        return ""
    return (text.ur if get_language() == "ur" else "") or text.en


class FactsForm(forms.Form):
    """A field for each fact, named as the fact, filled from stored values. Nothing is required: drafts have holes."""

    def __init__(
        self,
        data: Any = None,
        *,
        facts: Iterable[Fact],
        values: Mapping[str, Any],
        estimates: Iterable[str],
        zone: tzinfo,
    ) -> None:
        super().__init__(data, use_required_attribute=False)
        marked = set(estimates)
        for fact in facts:
            self.fields[fact.name] = _field(fact, values.get(fact.name), zone)
            self.fields[fact.name].required = fact.name in NEEDED
            if fact.type in GUESSABLE:
                self.fields[ESTIMATE + fact.name] = forms.BooleanField(
                    label=_("This is an estimate"), required=False, initial=fact.name in marked
                )

    def show_problems(self, places: Mapping[str, str]) -> None:
        """Put sentences beside the fields that they are about; those of no field go on top."""
        self.is_bound = True
        self.full_clean()
        # Only what was said is wrong: a draft may have holes.
        self._errors = ErrorDict()
        for name, sentence in places.items():
            self.add_error(name if name in self.fields else None, sentence)


def _field(fact: Fact, value: Any, zone: tzinfo) -> forms.Field:
    label, hint = words(fact.question), words(fact.help)
    if fact.type == "boolean":
        initial = {True: "yes", False: "no"}.get(value, "")
        return _choices(label, hint, YES_OR_NO, initial)
    if fact.type == "choice":
        named = [(option.value, words(option.title)) for option in fact.options]
        return _choices(label, hint, (*named, *NOT_KNOWN), value or "")
    if fact.type == "instant":
        local = datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%dT%H:%M") if value else ""
        return forms.CharField(
            label=label, help_text=hint, required=False, initial=local, max_length=40,
            widget=forms.TextInput({"type": "datetime-local"}),
        )  # fmt: skip
    if fact.type in ("integer", "number"):
        unit = str(UNITS.get(fact.unit or "", ""))
        return forms.CharField(
            label=label, help_text=hint or unit, required=False, initial="" if value is None else f"{value:g}"
            if value < 1e6 else f"{value:.0f}", max_length=40,
            widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}),
        )  # fmt: skip
    longest = int(fact.high or 4_000)
    widget = forms.TextInput() if longest <= LONGEST_LINE else forms.Textarea({"rows": 4 if longest <= 1_000 else 6})
    return forms.CharField(
        label=label, help_text=hint, required=False, initial=value or "", max_length=longest, widget=widget
    )


def _choices(label: str, hint: str, choices: Iterable[tuple[str, str | Promise]], initial: str) -> forms.ChoiceField:
    listed = list(choices)
    widget: forms.Widget = forms.RadioSelect() if len(listed) <= MOST_RADIOS else forms.Select()
    if len(listed) == len(YES_OR_NO):
        widget.attrs["data-short"] = ""
    return forms.ChoiceField(
        label=label, help_text=hint, required=False, choices=listed, initial=initial, widget=widget
    )


def facts_from_post(post: Mapping[str, str], known: Mapping[str, Fact], *, zone: tzinfo) -> dict[str, Any]:
    """The raw values of the facts that a form carries, for `clean_facts`; an empty field takes its fact back."""
    return {name: _raw(known[name], value, zone) for name, value in post.items() if name in known}


def estimates_from_post(post: Mapping[str, str], before: Iterable[str]) -> set[str]:
    """All facts that are marked as guesses once this form is kept; boxes that the form does not carry stay as they are.

    A browser sends no unchecked box: a form that shows one also sends `estimate-shown-<fact>`.
    """
    marked = set(before)
    for name in post:
        if name.startswith(ESTIMATE_SHOWN):
            marked.discard(name.removeprefix(ESTIMATE_SHOWN))
    for name, value in post.items():
        if not name.startswith(ESTIMATE) or name.startswith(ESTIMATE_SHOWN):
            continue
        fact = name.removeprefix(ESTIMATE)
        (marked.add if value else marked.discard)(fact)
    return marked


ESTIMATE_SHOWN = "estimate-shown-"


def _raw(fact: Fact, value: str, zone: tzinfo) -> Any:
    text = value.strip()
    if not text:
        return None
    if fact.type == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if fact.type in ("integer", "number"):
        try:
            return float(text.replace(",", "").replace("٬", ""))
        except ValueError:
            return text
    if fact.type == "instant":
        return _with_zone(text, zone)
    return text


def _with_zone(text: str, zone: tzinfo) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()
