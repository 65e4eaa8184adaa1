"""Forms about files of scenarios. They shape the input; what is allowed is decided by the actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.risks.models import AssumptionSet

# Kind of level: what a field of it asks.
ASKED = {
    "likelihood": gettext_lazy("How often does “%(level)s” happen, in events a year?"),
    "threat": gettext_lazy("Threat %(level)s: how often is it tried, in attempts a year?"),
    "vulnerability": gettext_lazy("Vulnerability %(level)s: how likely does an attempt succeed (0 to 1)?"),
    "impact": gettext_lazy("Impact %(level)s: what does one event cost at least, in %(currency)s?"),
}
ASKED_HIGH = gettext_lazy("Impact %(level)s: and at most, nine times in ten?")


class ScenarioFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, XLSX or JSON, at most 16 MB. Sipar tells by the content what it is."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.json,.gz"}),
    )
    base = forms.ChoiceField(label=gettext_lazy("Which assumptions would it change?"))
    currency = forms.CharField(
        required=False,
        max_length=3,
        label=gettext_lazy("Currency of the file"),
        help_text=gettext_lazy("Three letters, where the file does not say it itself. Empty: that of the assumptions."),
    )
    year = forms.IntegerField(
        required=False,
        min_value=1990,
        max_value=2100,
        label=gettext_lazy("Year whose prices the file uses"),
        help_text=gettext_lazy("Empty: that of the assumptions."),
    )

    def __init__(self, *args: Any, bases: Sequence[AssumptionSet], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bases = {str(each.number): each for each in bases}
        choices = [
            (number, f"{number}: {each.title} ({AssumptionSet.STATES[each.state]})")
            for number, each in self.bases.items()
        ]
        self.fields["base"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> AssumptionSet:
        """The version that the file is laid over."""
        return self.bases[self.cleaned_data["base"]]


class ScaleForm(forms.Form):
    """A field for each level that a file uses; two for an impact."""

    def __init__(
        self,
        *args: Any,
        levels: Mapping[str, Sequence[str]],
        stated: Mapping[str, Sequence[float]],
        currency: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places: dict[str, list[str]] = {}
        for kind in ASKED:
            for place, level in enumerate(levels.get(kind, ())):
                name = f"{kind}:{level}"
                questions = [ASKED[kind], ASKED_HIGH] if kind == "impact" else [ASKED[kind]]
                self.places[name] = [f"{kind}_{place}_{part}" for part in range(len(questions))]
                known = stated.get(name, ())
                for part, question in enumerate(questions):
                    self.fields[self.places[name][part]] = forms.FloatField(
                        label=str(question) % {"level": level, "currency": currency},
                        min_value=0,
                        max_value=1 if kind == "vulnerability" else None,
                        initial=known[part] if part < len(known) else None,
                        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
                    )

    @property
    def meanings(self) -> dict[str, list[float]]:
        """What each level means, by `kind:level`."""
        return {name: [self.cleaned_data[field] for field in fields] for name, fields in self.places.items()}


class TakeForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title of the new draft"), max_length=200)
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=2_000,
        help_text=gettext_lazy("Where the numbers come from. It stays with the draft."),
        widget=forms.Textarea({"rows": 2}),
    )


def beginning(file_name: str) -> dict[str, str]:
    """What a draft from this file is called unless somebody says otherwise."""
    return {"title": (_("Assumptions with %(file)s") % {"file": file_name})[:200]}
