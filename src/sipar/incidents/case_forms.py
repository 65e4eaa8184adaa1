"""Forms of triage and custody: one for each thing that a CERT does with a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sipar.incidents.classification import Pap, Tlp, rsit
from sipar.incidents.models import Incident
from sipar.incidents.recommending import eu_scale
from sipar.incidents.report_facts import askable
from sipar.incidents.report_forms import FactsForm, words
from sipar.incidents.severity import Category, Scale
from sipar.incidents.sharing_actions import TO_ORGANISATIONS, TO_TEAMS
from sipar.incidents.triage_actions import CHOSEN_STATES

PROJECTION_WORDS = {
    "full": gettext_lazy("Everything"),
    "coordination": gettext_lazy("Who and what, without the details: enough to see a wider attack"),
    "indicators": gettext_lazy("Indicators and severity, without the organisation"),
    "summary": gettext_lazy("Severity and kind only, without the organisation"),
}
EXTRACT_WORDS = {
    "indicators": gettext_lazy("When, what kind, and the indicators"),
    "summary": gettext_lazy("When and what kind only"),
}
STATE_WORDS = {
    "contained": gettext_lazy("Contained: it no longer spreads"),
    "resolved": gettext_lazy("Resolved: the organisation works again"),
    "closed": gettext_lazy("Closed: with a summary"),
    "rejected": gettext_lazy("Not an incident: with a reason"),
    "open": gettext_lazy("Open again: with a reason"),
}
LONGEST = 2_000


def in_reader_language(text: Mapping[str, str]) -> str:
    """A text of a data file in the active language, else in English."""
    return text.get(get_language() or "en") or text["en"]


_said = in_reader_language


def _reason(label: str | None = None) -> forms.CharField:
    return forms.CharField(
        label=label or _("Reason"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Everyone who sees the case reads this."),
    )


class ReasonForm(forms.Form):
    """A reason, which everybody who sees the case reads."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["reason"] = _reason()


class HandOverForm(ReasonForm):
    """Which CERT is asked to take the case."""

    def __init__(self, data: Any = None, *, teams: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields = {
            "team": forms.ChoiceField(label=_("To which CERT?"), choices=[("", _("Choose a CERT")), *teams]),
            **self.fields,
        }


class EscalateForm(ReasonForm):
    """What the CERT above sees."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields = {"projection": _projection(("coordination", "full")), **self.fields}


class ShareForm(HandOverForm):
    """Which CERT sees the case, by which projection."""

    def __init__(self, data: Any = None, *, teams: Iterable[tuple[str, str]]) -> None:
        super().__init__(data, teams=teams)
        self.fields = {
            "team": self.fields["team"], "projection": _projection(TO_TEAMS), "reason": self.fields["reason"],
        }  # fmt: skip


class ExtractForm(forms.Form):
    """Which organisation is given what of the case, under which label."""

    def __init__(self, data: Any = None, *, label: str) -> None:
        super().__init__(data)
        allowed = [each for each in Tlp if Tlp(label).at_most(each) and each not in (Tlp.RED, Tlp.AMBER_STRICT)]
        self.fields["organisation"] = forms.CharField(
            label=_("Number of the organisation"), max_length=40, help_text=_("As it stands in the register.")
        )
        self.fields["projection"] = forms.ChoiceField(
            label=_("What are they given?"), choices=[(name, EXTRACT_WORDS[name]) for name in TO_ORGANISATIONS],
            widget=forms.RadioSelect(),
        )  # fmt: skip
        self.fields["tlp"] = forms.ChoiceField(
            label=_("Label"), choices=[(each.value, each.label) for each in allowed],
            help_text=_("Never freer than the label of the case."),
        )  # fmt: skip
        self.fields["words"] = forms.CharField(
            label=_("What should they know or do?"), max_length=LONGEST, widget=forms.Textarea({"rows": 4}),
            help_text=_("They read this. Name nobody."),
        )  # fmt: skip


class ClassifyForm(forms.Form):
    """RSIT type, TLP and PAP."""

    def __init__(self, data: Any = None, *, incident: Incident) -> None:
        super().__init__(data, initial={"rsit_type": incident.rsit_type, "tlp": incident.tlp, "pap": incident.pap})
        groups = [
            (
                in_reader_language(group.title),
                [(f"{group.code}/{kind.code}", in_reader_language(kind.title)) for kind in group.types],
            )
            for group in rsit().classes
        ]
        self.fields["rsit_type"] = forms.ChoiceField(
            label=_("What kind of incident is it?"), choices=[("", _("Not known yet")), *groups], required=False
        )
        self.fields["tlp"] = forms.ChoiceField(
            label=_("Who may read about it (TLP)"), choices=[(each.value, each.label) for each in Tlp],
            help_text=_("A stricter label ends at once what was shared more widely."),
        )  # fmt: skip
        self.fields["pap"] = forms.ChoiceField(
            label=_("What may be done with it (PAP)"), choices=[(each.value, each.label) for each in Pap]
        )


class ScoreForm(forms.Form):
    """One question for each category of the scale, then the EU colour and the outlook."""

    def __init__(self, data: Any = None, *, scale: Scale, chosen: Mapping[str, list[str]], incident: Incident) -> None:
        super().__init__(data)
        for category in scale.categories:
            self.fields[category.code] = _category(category, chosen.get(category.code, []))
        known = eu_scale()
        self.fields["eu"] = forms.ChoiceField(
            label=_("EU scale"), required=False, initial=incident.eu_scale,
            choices=[
                ("", _("As proposed beside the score")),
                *((each.code, f"{_said(each.title)}: {_said(each.sentence)}") for each in known.colours),
            ],
        )  # fmt: skip
        self.fields["outlook"] = forms.ChoiceField(
            label=_("Outlook"), required=False, initial=incident.outlook,
            choices=[("", _("Not known yet")), *((each.code, _said(each.title)) for each in known.outlooks)],
        )  # fmt: skip
        self.categories = [category.code for category in scale.categories]

    def choices(self) -> dict[str, list[str]]:
        """Category to the chosen options; categories without an answer are left out."""
        given = {code: self.cleaned_data.get(code) for code in self.categories}
        return {code: value if isinstance(value, list) else [value] for code, value in given.items() if value}


class StateForm(forms.Form):
    """The state that follows, with words where they are needed."""

    def __init__(self, data: Any = None, *, incident: Incident) -> None:
        super().__init__(data)
        possible = [state for state in CHOSEN_STATES if state in Incident.TRANSITIONS[incident.state]]
        self.fields["state"] = forms.ChoiceField(
            label=_("How does it stand?"), choices=[(state, STATE_WORDS[state]) for state in possible],
            widget=forms.RadioSelect(),
        )  # fmt: skip
        self.fields["words"] = forms.CharField(
            label=_("Summary or reason"), max_length=LONGEST, required=False, widget=forms.Textarea({"rows": 4}),
            help_text=_("Needed to close, to reject and to open again. Everyone who sees the case reads this."),
        )  # fmt: skip


class AssignForm(forms.Form):
    """A person of the team."""

    def __init__(self, data: Any = None, *, people: Iterable[tuple[int, str]], current: int | None) -> None:
        super().__init__(data)
        self.fields["account"] = forms.TypedChoiceField(
            label=_("Who is in charge?"), choices=[("", _("Nobody")), *people], coerce=int, empty_value=None,
            required=False, initial=current,
        )  # fmt: skip


class SplitForm(ReasonForm):
    """The title of the new case and the facts that go into it."""

    def __init__(self, data: Any = None, *, incident: Incident) -> None:
        super().__init__(data)
        known = askable()
        self.fields = {
            "title": forms.CharField(label=_("Title of the new case"), max_length=200),
            "facts": forms.MultipleChoiceField(
                label=_("Which facts go into it?"), required=False, widget=forms.CheckboxSelectMultiple(),
                choices=[(name, words(known[name].title)) for name in known if incident.facts.get(name) is not None],
            ),
            **self.fields,
        }  # fmt: skip


class MergeForm(ReasonForm):
    """The case that goes on."""

    def __init__(self, data: Any = None, *, others: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields = {
            "into": forms.ChoiceField(label=_("In which case does the work go on?"), choices=list(others)),
            **self.fields,
        }


class CorrectForm(FactsForm):
    """The facts of the case as they stand, to be corrected, and the reason."""

    def __init__(self, data: Any = None, *, incident: Incident, zone: tzinfo) -> None:
        facts = [fact for name, fact in askable().items() if incident.facts.get(name) is not None]
        super().__init__(data, facts=facts, values=incident.facts, estimates=(), zone=zone)
        for name in [name for name in self.fields if name.startswith("estimate-")]:
            del self.fields[name]
        self.names = [fact.name for fact in facts]
        self.fields["reason"] = _reason(_("Why is it corrected?"))


class GlassForm(forms.Form):
    """The number of a case that is not one's own, and the reason to open it."""

    number = forms.CharField(label=gettext_lazy("Number of the case"), max_length=20)
    reason = forms.CharField(
        label=gettext_lazy("Why do you open it?"), max_length=LONGEST, widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Its organisation and the ombudsman read who opened it, when and why."),
    )  # fmt: skip


def _projection(names: Iterable[str]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("What do they see?"), choices=[(name, PROJECTION_WORDS[name]) for name in names],
        widget=forms.RadioSelect(),
    )  # fmt: skip


def _category(category: Category, chosen: list[str]) -> forms.Field:
    options = [(option.code, in_reader_language(option.title)) for option in category.options]
    label = in_reader_language(category.title)
    if category.multiple:
        return forms.MultipleChoiceField(
            label=label, choices=options, required=False, initial=chosen, widget=forms.CheckboxSelectMultiple()
        )
    return forms.ChoiceField(
        label=label, choices=[("", _("Not known yet")), *options], required=False, initial=chosen[0] if chosen else ""
    )
