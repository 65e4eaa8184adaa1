"""What a planner fills in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.assessments.models import RoadmapItem


def day(**options: Any) -> forms.DateField:
    """A date as browsers send it."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, input_formats=["%Y-%m-%d"], **options)


class AddItemsForm(forms.Form):
    """`requirements` are the ticked gaps; they come as they are and are looked up by the action."""

    owner_name = forms.CharField(label=_("Owner"), max_length=200, required=False)
    due_on = day(label=_("Due"))


class PlanForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=250)
    target_level = forms.IntegerField(label=_("Level to reach"), min_value=1, max_value=9)
    owner_name = forms.CharField(label=_("Owner"), max_length=200, required=False)
    starts_on = day(label=_("Start"), required=False)
    due_on = day(label=_("Due"))
    cost = forms.DecimalField(max_digits=16, decimal_places=2, min_value=0, required=False)
    depends_on = forms.TypedChoiceField(
        label=_("Waits for"), coerce=int, empty_value=None, required=False,
        help_text=_("The item that must be closed before this one."),
    )  # fmt: skip

    def __init__(self, *args: Any, others: list[RoadmapItem], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cost"].label = _("Cost in %(currency)s") % {"currency": currency}
        field = self.fields["depends_on"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [
            ("", str(_("Nothing"))),
            *((str(item.pk), f"{item.requirement} · {item.title}") for item in others),
        ]


class DatesForm(forms.Form):
    starts_on = day(label=_("Start"), required=False)
    due_on = day(label=_("Due"))


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=[(key, key) for key in RoadmapItem.STATES])


class CloseForm(forms.Form):
    note = forms.CharField(
        label=_("How the gap was closed"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4_000, required=False
    )
    file = forms.FileField(label=_("File that shows it"), required=False)
