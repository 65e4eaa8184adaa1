"""Forms of help: asking, accepting, sending somebody, closing, what was learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from sipar.frameworks.models import Framework
from sipar.nations.reference import first_services
from sipar.orgs.forms import NamedChoiceField
from sipar.orgs.models import Organisation
from sipar.orgs.words import named
from sipar.people.models import Account
from sipar.support.models import SupportRequest
from sipar.teams.models import Team
from sipar.ui.forms import MomentField

# What people in trouble ask for, out of the whole catalogue: analysis, forensics, recovery, coordination, advice.
HELPFUL_SERVICES = ("6.2", "6.3", "6.4", "6.5", "6.6", "7.6", "9.4")


class PersonChoice(NamedChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class FrameworkChoice(NamedChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return named(obj.title)


class AskForm(forms.Form):
    """`organisation` is an identifier, hidden for those who work at one only; `case` is the number of an open case."""

    organisation = forms.CharField(label=_("For which organisation? Its identifier"), max_length=40)
    title = forms.CharField(label=_("What do you need help with?"), max_length=200)
    urgency = forms.ChoiceField(
        label=_("How urgent is it?"), choices=SupportRequest.Urgency.choices, widget=forms.RadioSelect
    )
    needs = forms.CharField(
        label=_("What happens, and what have you tried?"),
        max_length=5_000,
        widget=forms.Textarea({"rows": 4}),
    )
    phone = forms.CharField(label=_("Telephone"), max_length=40, help_text=_("We call this number first."))
    contact = forms.CharField(label=_("Whom do we ask for?"), max_length=200)
    mode = forms.ChoiceField(
        label=_("On site or remote?"), choices=SupportRequest.Mode.choices, initial="either", widget=forms.RadioSelect
    )
    place = forms.CharField(label=_("Where?"), max_length=300, required=False, help_text=_("For help on site."))
    access = forms.CharField(
        label=_("How do we get in?"),
        max_length=3_000,
        required=False,
        help_text=_("Gates, badges, systems, who lets us in. Never a password."),
        widget=forms.Textarea({"rows": 2}),
    )
    services = forms.MultipleChoiceField(
        label=_("Which help, if you know?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    case = forms.CharField(label=_("Number of the case, if you reported one"), max_length=20, required=False)

    def __init__(self, *args: Any, own: Sequence[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(own) == 1:
            self.fields["organisation"].initial = own[0].identifier
            self.fields["organisation"].widget = forms.HiddenInput()
        known = first_services().services
        self.fields["services"].choices = [  # type: ignore[attr-defined]
            (identifier, named(dict(known[identifier].name))) for identifier in HELPFUL_SERVICES
        ]


class EtaForm(forms.Form):
    eta = MomentField(label=_("When will help be there?"))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))


class HandOverForm(ReasonForm):
    to = NamedChoiceField(label=_("To which CERT?"), queryset=Team.objects.order_by("code"))
    field_order = ("to", "reason")


class DispatchForm(forms.Form):
    account = PersonChoice(label=_("Who goes?"), queryset=Account.objects.none())
    mode = forms.ChoiceField(
        label=_("How?"), choices=[choice for choice in SupportRequest.Mode.choices if choice[0] != "either"]
    )
    task = forms.CharField(label=_("To do what?"), max_length=200)
    equipment = forms.CharField(label=_("Equipment"), max_length=400, required=False)

    def __init__(self, *args: Any, people: QuerySet[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = people  # type: ignore[attr-defined]


class EffortForm(forms.Form):
    on = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=1440)
    what = forms.CharField(label=_("What was done?"), max_length=200)


class ReportForm(forms.Form):
    report = forms.CharField(
        label=_("Closing report"),
        max_length=10_000,
        help_text=_("What was found, what was done, what remains to be done. The organisation reads it."),
        widget=forms.Textarea({"rows": 6}),
    )


class FeedbackForm(forms.Form):
    rating = forms.TypedChoiceField(
        label=_("How much did it help?"),
        coerce=int,
        choices=[(5, _("5: very much")), (4, "4"), (3, "3"), (2, "2"), (1, _("1: not at all"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("What should be better next time?"), max_length=10_000, required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


class LessonForm(forms.Form):
    framework = FrameworkChoice(label=_("Framework"), queryset=Framework.objects.order_by("identifier"))
    requirement = forms.CharField(
        label=_("Requirement that failed or was missing"), max_length=80, help_text=_("Its identifier, as PR.AA-01.")
    )
    text = forms.CharField(label=_("What to do about it"), max_length=10_000, widget=forms.Textarea({"rows": 3}))


class PlanLessonForm(forms.Form):
    due_on = forms.DateField(label=_("Closed by"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
