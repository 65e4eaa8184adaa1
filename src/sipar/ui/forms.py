"""What the forms of several nouns share: fields, and refusals shown beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from sipar.core.problems import Invalid
from sipar.ui.context import nation_zone


class MomentField(forms.DateTimeField):
    """A day and time as people of the nation write it, in the nation's zone; aware. The browser shows its picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"), **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(nation_zone()):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(nation_zone()):
            return super().prepare_value(value)


def add_problem(form: forms.Form, problem: Invalid) -> None:
    """Put what an action refused beside the fields that it speaks of; what has no field stands on top."""
    for place in problem.places:
        form.add_error(place.where if place.where in form.fields else None, place.sentence)
    if not problem.places:
        form.add_error(None, problem.sentence)
