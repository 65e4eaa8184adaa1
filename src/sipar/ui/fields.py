"""Form fields that several nouns use."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from sipar.ui.context import nation


class MomentField(forms.DateTimeField):
    """A day and time as people of the nation write it, in the nation's zone; aware. The browser shows its picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"), **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(ZoneInfo(nation().time_zone)):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(ZoneInfo(nation().time_zone)):
            return super().prepare_value(value)
