"""What a reviewer fills in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sipar.assessments.review_actions import MOST_SAMPLED
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE


def reason_field(hint: Any) -> forms.CharField:
    """The field for a reason, with what it is for."""
    return forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4_000, help_text=hint
    )


class ReturnAnswerForm(forms.Form):
    reason = reason_field(_("What should the organisation do? It reads this sentence."))


class AdjustAnswerForm(forms.Form):
    to_level = forms.TypedChoiceField(label=_("New level"), coerce=int)
    reason = reason_field(_("What did you see? Both levels and this reason are kept."))

    def __init__(self, *args: Any, framework: LoadedFramework, current: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        choices: list[tuple[str, str]] = [
            (str(step.level), f"{step.level} · {step.title.get(language, step.title['en'])}")
            for step in framework.catalogue.scale
            if step.level != current
        ]
        if current != NOT_APPLICABLE:
            choices.append((str(NOT_APPLICABLE), str(_("Not applicable"))))
        field = self.fields["to_level"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", str(_("Choose a level"))), *choices]


class SeenForm(forms.Form):
    """What the reviewer looked at: sent along unseen, so that a change meanwhile is noticed."""

    submission = forms.IntegerField(min_value=0, max_value=32_767)
    seen_level = forms.IntegerField(min_value=0, max_value=255)
    decision = forms.CharField(max_length=10)


class FinishForm(forms.Form):
    submission = forms.IntegerField(min_value=0, max_value=32_767)
    decision = forms.ChoiceField(choices=[("accept", ""), ("return", "")])
    reason = forms.CharField(max_length=4_000, required=False)


class SectionForm(forms.Form):
    submission = forms.IntegerField(min_value=0, max_value=32_767)
    group = forms.CharField(max_length=120)


class SampleForm(forms.Form):
    size = forms.IntegerField(label=_("Answers to verify"), min_value=1, max_value=MOST_SAMPLED, initial=10)
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=2**31,
        help_text=_("Any whole number. With the same number anybody draws the same answers again."),
    )


class VisitForm(SampleForm):
    organisations = forms.IntegerField(
        label=_("Organisations to visit"), min_value=1, max_value=MOST_SAMPLED, initial=20
    )
    field_order = ("organisations", "size", "seed")


class SiteAnswerForm(forms.Form):
    """What was found on site; no level means that the answer is confirmed."""

    submission = forms.IntegerField(min_value=0, max_value=32_767)
    seen_level = forms.IntegerField(min_value=0, max_value=255)
    to_level = forms.IntegerField(min_value=0, max_value=255, required=False)
    reason = forms.CharField(max_length=4_000, required=False)
