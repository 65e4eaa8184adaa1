"""The emergency form: as little as a CERT needs to call back and help."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.incidents.emergency_actions import Caller
from sipar.incidents.report_forms import YES_OR_NO
from sipar.ui.forms import MomentField


class EmergencyForm(forms.Form):
    """What happened, since when, and whom to call back. Works without a script."""

    summary = forms.CharField(
        label=_("What has happened? Two or three sentences are enough."), max_length=600,
        widget=forms.Textarea({"rows": 5}),
    )  # fmt: skip
    aware_at = MomentField(label=_("When did you first know of it?"), required=False)
    ongoing = forms.ChoiceField(
        label=_("Is it still going on?"), choices=YES_OR_NO, required=False, widget=forms.RadioSelect
    )
    organisation = forms.CharField(label=_("Which organisation?"), max_length=250)
    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    role = forms.CharField(
        label=_("What do you do there?"), max_length=200, required=False,
        widget=forms.TextInput({"autocomplete": "organization-title"}),
    )  # fmt: skip
    phone = forms.CharField(
        label=_("A number that reaches you now"), max_length=40,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("E-mail"), required=False, max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )

    def caller(self) -> Caller:
        """Who the form says it is."""
        given = self.cleaned_data
        return Caller(given["organisation"], given["name"], given["role"], given["phone"], given["email"])

    def facts(self) -> dict[str, Any]:
        """The facts that it tells, as a report keeps them."""
        given = self.cleaned_data
        moment = given["aware_at"]
        told: dict[str, Any] = {
            "summary": given["summary"],
            "aware_at": moment.isoformat() if moment else None,
            "ongoing": {"yes": True, "no": False}.get(given["ongoing"]),
            "contact": f"{given['name']}, {given['phone']}"[:300],
            "help_needed": True,
        }
        return {name: value for name, value in told.items() if value is not None}
