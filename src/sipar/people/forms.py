"""Forms of accounts: what a person changes about themself, tokens, and what administrators ask for."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sipar.people.actions import RolePlace
from sipar.people.models import Account, GrantRequest
from sipar.people.roles import ROLES
from sipar.people.selectors import organisation_named
from sipar.people.tokens import SCOPES

SCOPE_LABELS = {
    "read": _("Read what I may read"),
    "answer": _("Answer assessments"),
    "review": _("Review answers"),
    "register": _("Change the register"),
    "report": _("Report incidents"),
    "cases": _("Work on cases"),
    "feeds": _("Hand in reports of feeds"),
    "risk": _("Change assumptions, runs and plans of the risk"),
}
LIFETIMES = ((7, _("One week")), (30, _("30 days")), (90, _("90 days")), (365, _("One year")))


class OwnAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Account
        fields = ("name", "language")
        labels = {"name": _("Name")}


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("What is it for?"), max_length=100, help_text=_("So that you know later which program uses it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
        help_text=_("Never more than your own roles allow."),
    )
    days = forms.TypedChoiceField(label=_("How long?"), choices=LIFETIMES, coerce=int, initial=90)

    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class NewAccountForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The invitation to set a password goes there."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class ColleagueForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"))
    reason = forms.CharField(label=_("Why do they need it?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A role with its place. Which place a role needs is checked by the action, which names the field."""

    role = forms.ChoiceField(
        label=_("Role"), choices=[("", "")] + [(key, role.title) for key, role in ROLES.items() if key != "system"]
    )
    organisation_number = forms.CharField(
        label=_("Organisation, by its number"), required=False, max_length=40,
        help_text=_("For reporters, CISOs and heads of an organisation."),
    )  # fmt: skip
    valid_until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}),
        help_text=_("Empty: until it is taken back."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why is it needed?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))

    class Meta:
        model = GrantRequest
        fields = ("team", "ministry")
        labels = {"team": _("CERT"), "ministry": _("Ministry")}
        help_texts = {"team": _("For analysts and heads of a CERT."), "ministry": _("For ministry officers.")}

    field_order = ("role", "organisation_number", "team", "ministry", "valid_until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("team", "ministry"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.label_from_instance = _name_of  # type: ignore[assignment, method-assign]

    def clean_organisation_number(self) -> int | None:
        identifier = self.cleaned_data["organisation_number"].strip()
        if not identifier:
            return None
        found = organisation_named(identifier)
        if found is None:
            raise forms.ValidationError(_("No organisation has this number."))
        return found.key

    def place(self) -> RolePlace:
        team, ministry = self.cleaned_data["team"], self.cleaned_data["ministry"]
        return RolePlace(
            organisation=self.cleaned_data["organisation_number"],
            team=team.pk if team else None,
            ministry=ministry.pk if ministry else None,
        )

    def until(self, zone: tzinfo) -> datetime | None:
        """The end of the chosen day on the nation's clock; None without one."""
        day = self.cleaned_data["valid_until"]
        return datetime.combine(day, time.max, tzinfo=zone) if day else None


def _name_of(row: Any) -> str:
    return str(row.name.get(get_language() or "en") or row.name.get("en", row.code))
