"""The one form of this noun: a decision not to report."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.obligations.actions import LONGEST_REASON


class DecisionForm(forms.Form):
    """The reason for not reporting, for one stage or for everything that the law asks in this case."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 4}), strip=True
    )
    whole = forms.BooleanField(label=_("For every stage of this law"), required=False, initial=True)
