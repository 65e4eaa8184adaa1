"""What experts and modellers fill in: a question, an interval, how it turned out, what to read from the reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.risks.estimate_models import EstimateQuestion, ReportUpdate

type Choices = Sequence[tuple[str, str]]

CONFIDENCES = (("0.9", "90 %"), ("0.8", "80 %"), ("0.5", "50 %"), ("0.95", "95 %"))


class QuestionForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What is asked for?"), choices=EstimateQuestion.Kind.choices, widget=forms.RadioSelect
    )
    scenario = forms.ChoiceField(label=gettext_lazy("Of which scenario?"), required=False)
    text = forms.CharField(
        label=gettext_lazy("The question in words"),
        max_length=400,
        required=False,
        help_text=gettext_lazy("Needed for a question to practise on. Of a scenario, empty means the usual words."),
    )
    unit = forms.CharField(
        label=gettext_lazy("Unit of the answer"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Only of a question to practise on, such as “reports” or “days”."),
    )

    def __init__(self, *args: Any, scenarios: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "scenario", [("", _("None")), *scenarios])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == EstimateQuestion.Kind.PRACTICE:
            for name in ("text", "unit"):
                if not cleaned.get(name):
                    self.add_error(name, _("A question to practise on needs this."))
        elif not cleaned.get("scenario"):
            self.add_error("scenario", _("Choose a scenario."))
        return cleaned


class EstimateForm(forms.Form):
    low = forms.FloatField(label=gettext_lazy("Low: it is hardly less"))
    best = forms.FloatField(label=gettext_lazy("Best guess: as likely more as less"))
    high = forms.FloatField(label=gettext_lazy("High: it is hardly more"))
    confidence = forms.TypedChoiceField(
        label=gettext_lazy("How sure are you that it lies between low and high?"),
        choices=CONFIDENCES,
        coerce=float,
        initial="0.9",
        help_text=gettext_lazy("90 % means: of ten such intervals of yours, nine hold the truth."),
    )
    note = forms.CharField(label=gettext_lazy("What do you base it on?"), max_length=400, required=False)


class SettleForm(forms.Form):
    truth = forms.FloatField(label=gettext_lazy("What turned out to be true"))
    source = forms.CharField(label=gettext_lazy("How is it known?"), max_length=400)


class BaseForm(forms.Form):
    """From which version of the assumptions a draft begins."""

    base = forms.TypedChoiceField(label=gettext_lazy("Begin the draft from"), coerce=int)

    def __init__(self, *args: Any, bases: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "base", bases)


class ReportsForm(BaseForm):
    scenario = forms.ChoiceField(label=gettext_lazy("Which scenario?"))
    kind = forms.ChoiceField(
        label=gettext_lazy("What shall the reports change?"),
        choices=ReportUpdate.Kind.choices,
        widget=forms.RadioSelect,
    )
    criteria = forms.MultipleChoiceField(
        label=gettext_lazy("Which reports count as this?"), widget=forms.CheckboxSelectMultiple
    )
    since = forms.DateField(
        label=gettext_lazy("Reports from"),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=gettext_lazy("Not before reporting began: a day without reports counts as one without events."),
    )
    until = forms.DateField(label=gettext_lazy("To before"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    reported_low = forms.FloatField(
        label=gettext_lazy("Of 100 events, at least so many are reported"), min_value=0.01, max_value=100, initial=30
    )
    reported_high = forms.FloatField(label=gettext_lazy("and at most"), min_value=0.01, max_value=100, initial=90)
    rate = forms.FloatField(
        min_value=1e-6,
        max_value=1e6,
        required=False,
        help_text=gettext_lazy("Losses are reported in euro. Needed only where costs are to change."),
    )
    field_order = ("scenario", "kind", "criteria", "since", "until", "reported_low", "reported_high", "rate", "base")

    def __init__(self, *args: Any, scenarios: Choices, criteria: Choices, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "scenario", scenarios)
        _choose(self, "criteria", criteria)
        self.fields["rate"].label = _("One euro is so many %(currency)s") % {"currency": currency}
        self.currency = currency

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == ReportUpdate.Kind.LOSS and not cleaned.get("rate"):
            if self.currency == "EUR":
                cleaned["rate"] = 1.0
            else:
                self.add_error("rate", _("Say what a euro is worth, so that no unit is mistaken."))
        return cleaned


def _choose(form: forms.Form, name: str, choices: Choices) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)
