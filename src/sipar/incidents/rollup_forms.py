"""Forms of roll-ups: the period and the remarks, the policy, the receipt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.incidents.models import RollUpPeriod
from sipar.incidents.rollup_actions import LONGEST


class SpanForm(forms.Form):
    """The days of a period: the last one is part of it."""

    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To, this day included"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The end lies before the begin."))
        return cleaned


class SendForm(SpanForm):
    remarks = forms.CharField(
        label=_("Remarks and feedback from the CERTs"),
        help_text=_("Name no organisation whose case is not escalated to the National CERT."),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class PeriodForm(forms.Form):
    every = forms.ChoiceField(label=_("How often"), choices=RollUpPeriod.Every.choices)
    days_to_send = forms.IntegerField(label=_("Days after the end of a period"), min_value=1, max_value=90, initial=5)
    reason = forms.CharField(
        label=_("Who decided it, and where"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReceiptForm(forms.Form):
    words = forms.CharField(
        label=_("Answer to the Government CERT"), max_length=LONGEST, required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
