"""Forms of telling: answering a notice, rules, what is not told, how an organisation wants to be told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.notices.models import Channel, Decision

LONG = {"rows": 3, "dir": "auto"}


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), **kwargs)


class SayForm(forms.Form):
    """What belongs to an answer: only the fields that its kind needs."""

    note = forms.CharField(label=_("A word about it"), max_length=2_000, required=False, widget=forms.Textarea(LONG))
    contact = forms.CharField(label=_("Whom do we ask for?"), max_length=200)
    phone = forms.CharField(label=_("Telephone"), max_length=40)
    until = _day(label=_("Accepted until"), help_text=_("Within the next year. Then it is told again."))

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != Decision.Kind.NEED_HELP:
            del self.fields["contact"], self.fields["phone"]
        if kind != Decision.Kind.ACCEPTED:
            del self.fields["until"]
        if kind in (Decision.Kind.NOT_MINE, Decision.Kind.ACCEPTED):
            self.fields["note"].required = True
            self.fields["note"].label = _("Why?")
        if kind == Decision.Kind.NEED_HELP:
            self.fields["note"].label = _("What do you need?")


class RulesForm(forms.Form):
    text = forms.CharField(
        label=_("The rules as data"),
        max_length=200_000,
        strip=False,
        widget=forms.Textarea({"rows": 40, "spellcheck": "false", "dir": "ltr", "class": "sp-code"}),
        help_text=_("YAML or JSON. Of a finding the first rule counts that applies."),
    )


class DryRunForm(forms.Form):
    first_day = _day(label=_("From"))
    last_day = _day(label=_("To"))


class InhibitionForm(forms.Form):
    """`organisation` is an identifier; empty fields hold for everything."""

    organisation = forms.CharField(
        label=_("Organisation, its identifier"), max_length=40, required=False, help_text=_("Empty: everybody.")
    )
    kind = forms.CharField(
        label=_("Kind of finding"), max_length=80, required=False, help_text=_("As accessible-rdp. Empty: every kind.")
    )
    asset = forms.CharField(
        label=_("System"),
        max_length=400,
        required=False,
        help_text=_("As it stands in the finding. Empty: all of them."),
    )
    reason = forms.CharField(label=_("Why?"), max_length=2_000, widget=forms.Textarea({"rows": 2, "dir": "auto"}))
    until = _day(label=_("Until"))


class ChannelForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("How do you want to be told?"), choices=Channel.Kind.choices, widget=forms.RadioSelect
    )
    addresses = forms.CharField(
        label=_("Addresses, one a line"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea({"rows": 3, "dir": "ltr"}),
        help_text=_("Empty: the technical and security contacts of the register."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("en", "English"), ("ur", "اردو")])
    quiet_from = forms.TimeField(
        label=_("Do not disturb from"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("until"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"),
        help_text=_("In the nation's time. What is urgent comes at any hour."),
    )  # fmt: skip
    encryption = forms.ChoiceField(
        label=_("Encryption of mail"),
        required=False,
        choices=[("", _("None")), ("pgp", "PGP"), ("smime", "S/MIME")],
        widget=forms.RadioSelect,
    )
    public_key = forms.CharField(
        label=_("Public key or certificate"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 5, "dir": "ltr", "class": "sp-code", "spellcheck": "false"}),
        help_text=_("The public PGP key in its text form, or the certificate in PEM form. Never a private key."),
    )


class SettleForm(forms.Form):
    answer = forms.CharField(label=_("Why?"), max_length=2_000, widget=forms.Textarea({"rows": 2, "dir": "auto"}))
