"""Forms of the law pages: a draft's text, why a regime is switched, and what a replay is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.obligations.law_actions import MAX_INCIDENTS, MAX_TEXT, Question
from sipar.obligations.replay_source import NATION

GENERATED = "generated"


class DraftForm(forms.Form):
    """The text of a draft, with the version that its writer started from."""

    text = forms.CharField(
        label=_("Text of the regime (YAML)"),
        help_text=_("At most 64 KB. Every rule carries its citation; what is not known is left out."),
        max_length=MAX_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "dir": "ltr", "class": "sp-law-text"}),
    )
    base = forms.IntegerField(required=False, min_value=1, max_value=1_000_000, widget=forms.HiddenInput)


class SwitchForm(forms.Form):
    """Why a regime binds from now on, or no longer does."""

    reason = forms.CharField(label=_("Why"), max_length=500)


class ReplayForm(forms.Form):
    """One law or two, a period, and the incidents."""

    first = forms.ChoiceField(label=_("Law or draft"))
    second = forms.ChoiceField(label=_("Compare with"), required=False)
    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label=_("Until"), help_text=_("This day is not part of it."), widget=forms.DateInput(attrs={"type": "date"})
    )
    source = forms.ChoiceField(label=_("Incidents"), widget=forms.RadioSelect)
    incidents = forms.IntegerField(
        label=_("How many generated incidents"), required=False, min_value=1, max_value=MAX_INCIDENTS, initial=50_000
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        help_text=_("The same seed gives the same incidents."),
        required=False,
        min_value=0,
        max_value=999_999_999,
        initial=1,
    )

    def __init__(
        self, data: Any = None, *, laws: Sequence[tuple[str, str]], nation: bool, initial: dict[str, object]
    ) -> None:
        super().__init__(data, initial=initial)
        self.fields["first"].choices = laws  # type: ignore[attr-defined]
        self.fields["second"].choices = [("", _("Nothing")), *laws]  # type: ignore[attr-defined]
        sources: list[tuple[str, Any]] = [(GENERATED, _("Generated incidents: they happened to nobody"))]
        if nation:
            sources.insert(0, (NATION, _("The nation's own incidents, as sums without names")))
        self.fields["source"].choices = sources  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since is not None and until is not None and since >= until:
            self.add_error("until", _("The first day must come before the last."))
        if cleaned.get("first") and cleaned.get("first") == cleaned.get("second"):
            self.add_error("second", _("Choose another law, or nothing."))
        if cleaned.get("source") == GENERATED:
            for name in ("incidents", "seed"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Give a number."))
        return cleaned

    def question(self) -> Question:
        """What was asked; only after `is_valid`."""
        cleaned = self.cleaned_data
        laws = [name for name in (cleaned["first"], cleaned["second"]) if name]
        generated = f"{GENERATED}:{cleaned['incidents']}:{cleaned['seed']}"
        return Question(
            laws=[(code, int(version)) for code, _colon, version in (name.rpartition(":") for name in laws)],
            source=generated if cleaned["source"] == GENERATED else NATION,
            since=datetime.combine(cleaned["since"], datetime.min.time(), tzinfo=UTC),
            until=datetime.combine(cleaned["until"], datetime.min.time(), tzinfo=UTC),
        )
