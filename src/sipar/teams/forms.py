"""Forms of a CERT: description, services, maturity, duty, constituency, recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sipar.nations.constituency import ConstituencyRule
from sipar.nations.profile import Nation
from sipar.nations.reference import first_services, sim3
from sipar.people.models import Grant
from sipar.teams.models import Team
from sipar.teams.rfc2350 import LONGEST_SECTION, WRITTEN
from sipar.teams.rules import Text


def words(text: Text) -> str:
    """A text in the active language, for choices and labels."""
    return text if isinstance(text, str) else text.get(get_language() or "en") or text["en"]


class ProfileForm(forms.Form):
    """One field for each section of RFC 2350, named `section-2.1`, and how the team is reached."""

    email = forms.EmailField(label=_("E-mail, read day and night"), required=False)
    emergency_phone = forms.CharField(label=_("Emergency telephone"), required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for section in WRITTEN:
            self.fields[f"section-{section.number}"] = forms.CharField(
                label=f"{section.number} {section.title}", help_text=str(section.hint), required=False,
                max_length=LONGEST_SECTION, widget=forms.Textarea({"rows": 2}),
            )  # fmt: skip

    def profile(self) -> dict[str, str]:
        return {section.number: self.cleaned_data[f"section-{section.number}"] for section in WRITTEN}


class ServicesForm(forms.Form):
    """One group of boxes for each area of the FIRST catalogue, named `area-5`."""

    def __init__(self, *args: Any, chosen: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for area in first_services().areas:
            choices = [(service.identifier, f"{service.identifier} {words(service.name)}") for service in area.services]
            self.fields[f"area-{area.identifier}"] = forms.MultipleChoiceField(
                label=words(area.name), choices=choices, required=False, widget=forms.CheckboxSelectMultiple,
                initial=[key for key, _label in choices if key in set(chosen)],
            )  # fmt: skip

    def services(self) -> list[str]:
        return [key for name in self.fields for key in self.cleaned_data[name]]


class MaturityForm(forms.Form):
    """One group of levels for each SIM3 parameter, named by its identifier; empty means not answered."""

    def __init__(self, *args: Any, before: Mapping[str, int | None] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [(str(level.level), f"{level.level} {words(level.criterion)}") for level in sim3().levels]
        for parameter in sim3().parameters:
            known = (before or {}).get(parameter.identifier)
            self.fields[parameter.identifier] = forms.TypedChoiceField(
                label=f"{parameter.identifier} {words(parameter.title)}", help_text=words(parameter.question),
                choices=[("", _("Not answered")), *levels], required=False, coerce=int, empty_value=None,
                initial="" if known is None else str(known),
            )  # fmt: skip

    def levels(self) -> dict[str, int | None]:
        return {parameter.identifier: self.cleaned_data[parameter.identifier] for parameter in sim3().parameters}


class ShiftForm(forms.Form):
    account = forms.TypedChoiceField(label=_("Who"), coerce=int)
    starts_at = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    ends_at = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput({"type": "datetime-local"}))

    def __init__(self, *args: Any, people: Iterable[Grant], zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        field = self.fields["account"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list({row.account_id: (row.account_id, row.account.name) for row in people}.values())

    def clean(self) -> dict[str, Any]:
        """Read both times on the nation's clock, which the fields show."""
        for name in ("starts_at", "ends_at"):
            if name in self.cleaned_data:
                self.cleaned_data[name] = self.cleaned_data[name].replace(tzinfo=self.zone)
        return self.cleaned_data


class RuleForm(forms.Form):
    """A rule of one include clause by class, plus organisations by number; richer rules keep their other clauses."""

    lead = forms.BooleanField(label=_("First to call for its constituents"), required=False)
    everyone = forms.BooleanField(label=_("Everyone in the register"), required=False)
    sectors = forms.MultipleChoiceField(label=_("Sectors"), required=False)
    provinces = forms.MultipleChoiceField(label=_("Provinces"), required=False)
    ministries = forms.MultipleChoiceField(label=_("Ministries and regulators"), required=False)
    tiers = forms.TypedMultipleChoiceField(label=_("Criticality tiers"), required=False, coerce=int)
    ownership = forms.MultipleChoiceField(
        label=_("Ownership"), required=False, choices=[("public", _("Public")), ("private", _("Private"))],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    included = forms.CharField(
        label=_("Also these organisations"), required=False, help_text=_("Numbers, separated by spaces."),
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip
    excluded = forms.CharField(
        label=_("But not these organisations"), required=False, help_text=_("Numbers, separated by spaces."),
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why does it change?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))

    CRITERIA = ("sectors", "provinces", "ministries", "tiers", "ownership")

    def __init__(self, *args: Any, nation: Nation, rule: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        checked = ConstituencyRule.model_validate(rule) if rule else None
        super().__init__(*args, **{"initial": _initial(checked), **kwargs})
        self.kept = _kept(checked)
        choices: dict[str, list[tuple[Any, Any]]] = {
            "sectors": [(row.code, words(row.name)) for row in nation.sectors],
            "provinces": [(row.code, words(row.name)) for row in nation.provinces],
            "ministries": [(row.code, words(row.name)) for row in nation.bodies],
            "tiers": [(row.tier, f"{row.tier} {words(row.name)}") for row in nation.criticality.tiers],
        }
        for name, options in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = options

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        clause = any(data.get(name) for name in self.CRITERIA)
        if not (clause or data.get("everyone") or data.get("included") or self.kept["include"]):
            raise forms.ValidationError(_("Choose whom the CERT serves."))
        if clause and data.get("everyone"):
            raise forms.ValidationError(_("Choose everyone, or some of them, not both."))
        return data

    def rule(self) -> dict[str, Any]:
        """The rule as data, ready to be checked."""
        data = self.cleaned_data
        clause = {name: list(data[name]) for name in self.CRITERIA if data[name]}
        include: list[Any] = [{}] if data["everyone"] else [clause] if clause else []
        if data["included"].split():
            include.append({"organisations": data["included"].split()})
        exclude = [{"organisations": data["excluded"].split()}] if data["excluded"].split() else []
        return {
            "lead": data["lead"],
            "include": [*include, *self.kept["include"]],
            "exclude": [*exclude, *self.kept["exclude"]],
        }


class RecommendationForm(forms.Form):
    team = forms.ModelChoiceField(label=_("Which CERT leads?"), queryset=Team.objects.none())
    reason = forms.CharField(label=_("Why?"), max_length=2_000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = teams
        field.label_from_instance = lambda team: words(team.name)  # type: ignore[assignment, method-assign]


def _plain(rule: ConstituencyRule | None) -> list[dict[str, Any]]:
    return [clause.model_dump(exclude_none=True) for clause in rule.include] if rule else []


def _first_class(clauses: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first clause that this form can show: classes only, no subsectors and no named organisations."""
    shown = set(RuleForm.CRITERIA)
    return next((clause for clause in clauses if set(clause) <= shown), None)


def _listed(clauses: Iterable[dict[str, Any]]) -> str:
    return " ".join(code for clause in clauses if set(clause) == {"organisations"} for code in clause["organisations"])


def _initial(rule: ConstituencyRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    include, exclude = _plain(rule), [clause.model_dump(exclude_none=True) for clause in rule.exclude]
    shown = _first_class(include)
    return {
        **(shown or {}),
        "lead": rule.lead,
        "everyone": shown == {},
        "included": _listed(include),
        "excluded": _listed(exclude),
    }


def _kept(rule: ConstituencyRule | None) -> dict[str, list[dict[str, Any]]]:
    """The clauses that the form does not show and therefore leaves as they are."""
    if rule is None:
        return {"include": [], "exclude": []}
    include, exclude = _plain(rule), [clause.model_dump(exclude_none=True) for clause in rule.exclude]
    shown = _first_class(include)
    others = [clause for clause in include if clause is not shown and set(clause) != {"organisations"}]
    return {"include": others, "exclude": [clause for clause in exclude if set(clause) != {"organisations"}]}
