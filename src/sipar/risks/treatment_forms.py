"""What the people of an organisation fill in: a risk, what is done about it, its review, how much is too much."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.assessments.models import RoadmapItem
from sipar.risks.organisation_actions import MOST_POINTS

type Choices = Sequence[tuple[str, str]]


def day(**options: Any) -> forms.DateField:
    """A date as browsers send it."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, input_formats=["%Y-%m-%d"], **options)


def _text(label: Any, *, rows: int = 3, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": rows}), max_length=4_000, **options)


def _amount(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=16, decimal_places=2, min_value=Decimal(0), **options)


class RiskForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What could happen"), max_length=250)
    description = _text(gettext_lazy("What it would mean for us"), required=False)
    owner_name = forms.CharField(label=gettext_lazy("Who owns it"), max_length=200)
    review_on = day(label=gettext_lazy("Look at it again on"))
    scenario = forms.ChoiceField(
        label=gettext_lazy("Scenario of the model"), required=False,
        help_text=gettext_lazy("Then its price comes from the model."),
    )  # fmt: skip
    requirement = forms.CharField(label=gettext_lazy("Requirement that is not met"), max_length=120, required=False)
    provider = forms.ChoiceField(label=gettext_lazy("Provider that it comes from"), required=False)
    stated_loss = _amount(required=False)

    def __init__(self, *args: Any, scenarios: Choices, providers: Choices, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("scenario", scenarios), ("provider", providers)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("None")), *choices]
        self.fields["stated_loss"].label = _("What it costs a year, as we see it, in %(currency)s") % {
            "currency": currency
        }


class MitigateForm(forms.Form):
    roadmap_item = forms.TypedChoiceField(label=gettext_lazy("By which item of the roadmap"), coerce=int)
    reason = _text(gettext_lazy("How it makes the risk smaller"))

    def __init__(self, *args: Any, items: Sequence[RoadmapItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roadmap_item"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(str(item.pk), f"{item.requirement} · {item.title}") for item in items]


class TransferForm(forms.Form):
    insurer = forms.CharField(label=gettext_lazy("Insurer, or who else carries it"), max_length=200)
    amount = _amount()
    until = day(label=gettext_lazy("Until"))
    reason = _text(gettext_lazy("What is covered, and what is not"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = _("Covered up to, in %(currency)s") % {"currency": currency}


class AvoidForm(forms.Form):
    reason = _text(gettext_lazy("What we stop doing, so that it cannot happen"))


class AcceptForm(forms.Form):
    reason = _text(gettext_lazy("Why we can live with it"))
    until = day(label=gettext_lazy("Until"), help_text=gettext_lazy("At most a year; then it is open again."))


class ReviewForm(forms.Form):
    note = _text(gettext_lazy("How it stands"))
    next_on = day(label=gettext_lazy("Look at it again on"))


class NoteForm(forms.Form):
    note = _text(gettext_lazy("Why"), rows=2)


class DependencyForm(forms.Form):
    provider = forms.ChoiceField(label=gettext_lazy("Provider"))
    note = forms.CharField(
        label=gettext_lazy("What for"), max_length=400, required=False,
        help_text=gettext_lazy("Which of our services stop when it fails."),
    )  # fmt: skip

    def __init__(self, *args: Any, providers: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(providers)


class AppetiteForm(forms.Form):
    """Up to four pairs: more than the loss at most once in so many years."""

    reason = _text(gettext_lazy("Why this much"), rows=2, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, forms.Field] = {}
        for place in range(1, MOST_POINTS + 1):
            fields[f"loss_{place}"] = _amount(
                label=_("More than, in %(currency)s") % {"currency": currency}, required=place == 1
            )
            fields[f"years_{place}"] = forms.IntegerField(
                label=_("at most once in so many years"), min_value=1, max_value=1_000, required=place == 1
            )
        self.fields = fields | self.fields

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for place in range(2, MOST_POINTS + 1):
            pair = (said.get(f"loss_{place}"), said.get(f"years_{place}"))
            if (pair[0] is None) != (pair[1] is None):
                self.add_error(f"loss_{place}", _("Give both the amount and how often, or neither."))
        return said

    def points(self) -> list[tuple[float, int]]:
        """The pairs that were given, in their order."""
        said = self.cleaned_data
        pairs = [(said.get(f"loss_{place}"), said.get(f"years_{place}")) for place in range(1, MOST_POINTS + 1)]
        return [(float(loss), years) for loss, years in pairs if loss is not None and years is not None]
