"""Forms of the risk pages: a run, a draft, and one part of the assumptions as fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.core.problems import Invalid
from sipar.risks.actions import LEAST_YEARS, MOST_SEED, MOST_YEARS
from sipar.risks.national_editing import Leaf
from sipar.risks.national_labels import label_of, option_word

LARGEST_DOCUMENT = 2_000_000


class RunForm(forms.Form):
    """What a run is asked."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    years = forms.IntegerField(
        label=gettext_lazy("Simulated years"),
        help_text=gettext_lazy("More years make rare losses surer, and take longer."),
        min_value=LEAST_YEARS,
        max_value=MOST_YEARS,
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy("Runs with the same seed meet the same chance, so that their difference is no noise."),
        min_value=0,
        max_value=MOST_SEED,
    )
    same_inputs = forms.BooleanField(
        label=gettext_lazy("Take the register and answers of the run that counts"),
        help_text=gettext_lazy("Then two runs differ in their assumptions alone."),
        required=False,
    )


class DraftForm(forms.Form):
    """A new draft."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    reason = forms.CharField(
        label=gettext_lazy("What shall be better"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReasonForm(forms.Form):
    """Why a draft is put to use."""

    reason = forms.CharField(
        label=gettext_lazy("Why are these numbers the better ones?"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CopyForm(forms.Form):
    """The key of a new entry."""

    key = forms.RegexField(
        regex=r"^[a-z0-9][a-z0-9_-]{0,59}$",
        label=gettext_lazy("Key of the new one"),
        help_text=gettext_lazy("Small letters, digits and hyphens."),
        max_length=60,
    )


class DocumentForm(forms.Form):
    """All assumptions as one JSON text."""

    document = forms.CharField(
        label=gettext_lazy("The whole document (JSON)"),
        max_length=LARGEST_DOCUMENT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false", "dir": "ltr", "class": "sp-code-text"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean_document(self) -> Any:
        try:
            found = json.loads(self.cleaned_data["document"])
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is no JSON: %(why)s") % {"why": str(error)[:200]}) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(_("The document is one object."))
        return found


class PartForm(forms.Form):
    """One part of the assumptions, field by field; `version` is that of the draft when it was opened."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, leaves: Sequence[Leaf], version: int, currency: str, sectors: Mapping[str, str]
    ) -> None:
        super().__init__(data, initial={"version": version})
        self.leaves = [leaf for leaf in leaves if leaf.kind != "fixed"]
        for leaf in self.leaves:
            self.fields[leaf.path] = _field(leaf, currency, sectors)
            self.initial[leaf.path] = _initial(leaf)

    def values(self) -> dict[str, Any]:
        """What was entered, by path; only after `is_valid`."""
        return {leaf.path: _value(leaf, self.cleaned_data[leaf.path]) for leaf in self.leaves}

    def groups(self) -> Iterator[tuple[str, list[Any]]]:
        """The fields under the headings of what they are about."""
        found: dict[str, list[Any]] = {}
        for leaf in self.leaves:
            head = leaf.path.split("/")[0] if "/" in leaf.path else ""
            found.setdefault(head, []).append(self[leaf.path])
        return ((label_of(head) if head else "", fields) for head, fields in found.items())

    def add_refusal(self, problem: Invalid, address: str) -> None:
        """Put what the model refuses beside the field that it speaks of, else on top."""
        for place in problem.places or ():
            steps = place.where.split("/")
            path = "/".join(steps[2 if "/" in address else 1 :]) if steps[0] == address.split("/")[0] else ""
            named = next((name for name in self.fields if path and (name == path or name.startswith(f"{path}/"))), None)
            self.add_error(named, place.sentence if named else f"{place.where}: {place.sentence}")
        if not problem.places:
            self.add_error(None, problem.sentence)


class NumbersField(forms.CharField):
    """Several numbers, with commas or spaces between them."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return [float(one) for one in text.replace(",", " ").split()]
        except ValueError as error:
            raise forms.ValidationError(_("Write numbers with commas between them.")) from error


def _field(leaf: Leaf, currency: str, sectors: Mapping[str, str]) -> forms.Field:
    label = label_of(leaf.path, currency=currency)
    if leaf.kind == "choice":
        return forms.ChoiceField(label=label, choices=[(one, option_word(one)) for one in leaf.options])
    if leaf.kind == "several":
        return forms.MultipleChoiceField(
            label=label,
            choices=[(one, sectors.get(one) or option_word(one, of=leaf.path)) for one in leaf.options],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
    if leaf.kind == "number":
        widget = forms.NumberInput(attrs={"step": "any"})
        kind = forms.IntegerField if leaf.whole else forms.FloatField
        return kind(label=label, required=leaf.required, widget=widget)
    if leaf.kind == "numbers":
        return NumbersField(label=label, max_length=100_000)
    right_to_left = {"dir": "rtl", "lang": "ur"} if leaf.path.endswith("/ur") else {}
    long = leaf.path.endswith("source/text")
    text_widget = forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput(attrs=right_to_left)
    return forms.CharField(label=label, max_length=4_000, required=leaf.required, widget=text_widget)


def _initial(leaf: Leaf) -> Any:
    if leaf.kind == "numbers":
        return ", ".join(f"{one:g}" if isinstance(one, int | float) else str(one) for one in leaf.value)
    return leaf.value


def _value(leaf: Leaf, entered: Any) -> Any:
    if leaf.kind == "several":
        return [int(one) if leaf.whole else one for one in entered]
    if leaf.kind == "number" and isinstance(entered, float) and entered.is_integer():
        return int(entered)
    return entered


def as_text(document: Mapping[str, Any]) -> str:
    """The document as a person reads and edits it."""
    return json.dumps(document, ensure_ascii=False, indent=2)
