"""Forms of inventories, dismissals and aliases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.vulnerabilities.models import Dismissal


class UploadForm(forms.Form):
    inventory = forms.CharField(
        max_length=100, label=_("System"), help_text=_("A new file for the same system replaces the one before.")
    )
    file = forms.FileField(
        label=_("Bill of materials"),
        help_text=_("CycloneDX (JSON or XML) or SPDX 2 (JSON or tag-value), at most 64 MB."),
    )


class DismissForm(forms.Form):
    scope = forms.ChoiceField(choices=Dismissal.Scope.choices, label=_("For what"))
    justification = forms.ChoiceField(choices=Dismissal.Justification.choices, label=_("Why it does not count"))
    reason = forms.CharField(widget=forms.Textarea({"rows": 3}), max_length=2_000, label=_("In your words"))
    until = forms.DateField(
        widget=forms.DateInput({"type": "date"}), label=_("Until"), help_text=_("Then it counts again.")
    )

    def __init__(self, *args: Any, nationally: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not nationally:
            own = [choice for choice in Dismissal.Scope.choices if choice[0] != Dismissal.Scope.NATION]
            scope = self.fields["scope"]
            assert isinstance(scope, forms.ChoiceField)
            scope.choices = own


class SourceForm(forms.Form):
    code = forms.SlugField(max_length=40, label=_("Short name"), help_text=_("Small letters and digits, such as kev."))
    url = forms.URLField(
        max_length=500, assume_scheme="https", label=_("Address"),
        help_text=_("Begins with https://. Sipar asks every night whether the list has changed."),
    )  # fmt: skip


class ListForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CVE records (JSON, JSON lines, gz, zip, tar), KEV, EPSS or CSAF, at most 512 MB."),
    )


class AliasForm(forms.Form):
    name = forms.CharField(
        max_length=400, label=_("What inventories call it"), help_text=_("vendor:product or pkg:type/name")
    )
    means = forms.CharField(
        max_length=400, label=_("What the lists call it"), help_text=_("vendor:product or pkg:type/name")
    )
    note = forms.CharField(max_length=300, required=False, label=_("How you know"))
