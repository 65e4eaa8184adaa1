"""Forms of the register. They read and shape the input; what is allowed is decided by the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.core.problems import Problem
from sipar.orgs.actions import FIELDS
from sipar.orgs.grading import GradingCriteria
from sipar.orgs.models import Asset, Contact, Ministry, Organisation, Province, Sector
from sipar.orgs.words import named

# The stubs make the field generic; Django's own class is not.
if TYPE_CHECKING:
    ModelChoiceField = forms.ModelChoiceField[Any]
else:
    ModelChoiceField = forms.ModelChoiceField


class NamedChoiceField(ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return named(obj.name)


class OrganisationForm(forms.Form):
    identifier = forms.RegexField(
        r"^(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9._:-]*$",
        max_length=40,
        label=_("Identifier"),
        help_text=_("The nation's own number. It never changes."),
    )
    name = forms.CharField(max_length=250, label=_("Name in English"))
    name_ur = forms.CharField(max_length=250, required=False, label=_("Name in Urdu"))
    ownership = forms.ChoiceField(choices=Organisation.Ownership.choices, label=_("Ownership"))
    sector = NamedChoiceField(Sector.objects.none(), label=_("Sector"))
    subsector = NamedChoiceField(Sector.objects.none(), required=False, label=_("Subsector"))
    province = NamedChoiceField(Province.objects.none(), label=_("Province"))
    ministry = NamedChoiceField(Ministry.objects.none(), required=False, label=_("Ministry or regulator"))
    tier = forms.TypedChoiceField(
        choices=[(tier, str(tier)) for tier in (1, 2, 3, 4)],
        coerce=int,
        label=_("Criticality tier"),
        help_text=_("1 is the most critical."),
    )
    size = forms.ChoiceField(choices=Organisation.Size.choices, label=_("Size"))
    registration_number = forms.CharField(max_length=60, required=False, label=_("Registration number"))
    website = forms.URLField(max_length=300, required=False, label=_("Website"), assume_scheme="https")
    is_active = forms.BooleanField(required=False, initial=True, label=_("The organisation exists today"))

    def __init__(self, *args: Any, organisation: Organisation | None = None, **kwargs: Any) -> None:
        if organisation is not None:
            kwargs["initial"] = {name: getattr(organisation, name) for name in FIELDS}
        super().__init__(*args, **kwargs)
        if organisation is not None:
            del self.fields["identifier"]
        for name, rows in {
            "sector": Sector.objects.filter(parent=None),
            "subsector": Sector.objects.exclude(parent=None),
            "province": Province.objects.all(),
            "ministry": Ministry.objects.all(),
        }.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def entry(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}


class ContactForm(forms.Form):
    kind = forms.ChoiceField(choices=Contact.Kind.choices, label=_("Kind"))
    name = forms.CharField(max_length=200, label=_("Name"))
    email = forms.EmailField(required=False, label=_("E-mail"))
    phone = forms.RegexField(
        r"^\+?[0-9][0-9 ()./-]{3,38}$", required=False, label=_("Telephone"), help_text=_("With country code.")
    )


class AssetForm(forms.Form):
    kind = forms.ChoiceField(choices=Asset.Kind.choices, label=_("Kind"))
    value = forms.CharField(
        max_length=400,
        label=_("Value"),
        help_text=_("Such as 203.0.113.0/24, AS64500, bank.example, pkg:pypi/django, cloud or RSA-2048."),
    )
    note = forms.CharField(max_length=400, required=False, label=_("Note"))
    valid_from = forms.DateField(
        required=False, label=_("Holds from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        required=False,
        label=_("Ends on"),
        help_text=_("The first day on which it no longer holds."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    mark = forms.ChoiceField(
        required=False,
        label=_("Whose machines stand there"),
        choices=[("", _("The organisation's own")), *Asset.Mark.choices],
        help_text=_(
            "Where many use one address, what is seen there accuses no single one of them: Sipar counts it once for"
            " the whole range, and says so in the notice."
        ),
    )


class RegisterFileForm(forms.Form):
    file = forms.FileField(
        label=_("Register file"),
        help_text=_("CSV or XLSX, at most 64 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )


class CandidateForm(forms.Form):
    asset_name = forms.CharField(
        max_length=250, label=_("What is critical"), help_text=_("A system, network, site or service, by its name.")
    )
    function = forms.CharField(
        max_length=2_000,
        label=_("What it does, and for whom"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class GradeForm(forms.Form):
    """One group of radio buttons for each criterion; made from the criteria, which are data."""

    def __init__(self, *args: Any, criteria: GradingCriteria, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for criterion in criteria.criteria:
            self.fields[criterion.key] = forms.TypedChoiceField(
                label=named(criterion.title),
                help_text=named(criterion.question),
                choices=[(level, f"{level}: {named(words)}") for level, words in enumerate(criterion.levels)],
                coerce=int,
                widget=forms.RadioSelect,
            )


class GazetteForm(forms.Form):
    gazette_reference = forms.CharField(
        max_length=120, label=_("Gazette reference"), help_text=_("Number and date of the notification.")
    )


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        min_length=10, max_length=2_000, label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3})
    )


def add_problem(form: forms.Form, problem: Problem) -> None:
    """Show what an action refused beside the fields that it names."""
    placed = False
    for place in problem.places:
        if place.where in form.fields:
            form.add_error(place.where, place.sentence)
            placed = True
    if not placed:
        form.add_error(None, problem.sentence)
