"""Forms about claims. They read and shape the input; what is allowed is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.claims.models import ClaimImport, NationalRange
from sipar.orgs.forms import NamedChoiceField
from sipar.orgs.models import Asset
from sipar.teams.models import Team

ALL = "all"


def teams() -> Any:
    return Team.objects.order_by("code")


class ClaimFileForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("At most 64 MB, also as .gz. Sipar tells by the content what it is."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.gz,.xlsx,.db"}),
    )
    team = NamedChoiceField(
        Team.objects.none(),
        label=_("Which CERT answers for what no organisation holds?"),
    )
    by_holder = forms.BooleanField(
        required=False,
        label=_("Give ranges to the organisation that holds the same registry handle or AS number"),
        help_text=_("Right for registry files. For BGP tables it also gives a provider the ranges of its customers."),
    )
    form = forms.ChoiceField(
        required=False,
        label=_("What the file is"),
        choices=[("", _("Tell by the content")), *ClaimImport.Format.choices],
    )
    source = forms.CharField(
        required=False,
        max_length=60,
        label=_("Name of the source"),
        help_text=_("A new file ends those claims of the same source that it no longer holds. Empty: named by itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = teams()
        field.initial = Team.objects.filter(tier="national").first()


class SettleForm(forms.Form):
    winner = forms.ChoiceField(label=_("Whose is it?"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why?"),
        max_length=2_000,
        help_text=_("What you asked and who confirmed it. The ledger keeps it."),
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["winner"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> int | None:
        """The number of the claim that wins, None where all may hold it."""
        said = self.cleaned_data["winner"]
        return None if said == ALL else int(said)


class UnsettleForm(forms.Form):
    reason = forms.CharField(label=_("Why?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))


class RangeForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=NationalRange.Kind.choices)
    value = forms.CharField(
        label=_("Value"), max_length=255, help_text=_("Such as 203.0.113.0/24, AS64500, gov.example or XX.")
    )
    team = NamedChoiceField(Team.objects.none(), label=_("Which CERT answers for it?"))
    holder = forms.CharField(label=_("Holder"), max_length=200, required=False)
    mark = forms.ChoiceField(
        label=_("Whose machines stand there"), required=False, choices=[("", _("One holder's")), *Asset.Mark.choices]
    )
    valid_from = forms.DateField(
        label=_("Holds from"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=_("Ends on"),
        required=False,
        help_text=_("The first day on which it no longer holds."),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = teams()
