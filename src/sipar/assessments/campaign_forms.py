"""Forms of campaigns and engagements: what a person types, as the values that the actions take."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sipar.assessments.campaign_actions import TIERS, CampaignDraft
from sipar.assessments.models import Campaign
from sipar.core.acting import Actor
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import frameworks_in_use, loaded
from sipar.nations.constituency import ConstituencyRule
from sipar.orgs.models import Ministry, Province, Sector
from sipar.teams.models import Team

CRITERIA = ("sectors", "provinces", "ministries", "tiers", "ownership")
MOST_IDENTIFIERS = 10_000
Choices = list[tuple[str, Any]]


class RowChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among rows, each by its name in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return _framework_label(obj) if isinstance(obj, Framework) else _words(obj.name)


class CohortForm(forms.Form):
    """The cohort as criteria: within one criterion any of the choices, between criteria all of them."""

    lead_team = RowChoice(Team.objects.none(), label=_("Led by"), empty_label=None)
    sectors = forms.MultipleChoiceField(label=_("Sectors"), required=False, widget=forms.CheckboxSelectMultiple)
    provinces = forms.MultipleChoiceField(label=_("Provinces"), required=False, widget=forms.CheckboxSelectMultiple)
    ministries = forms.MultipleChoiceField(
        label=_("Ministries and regulators"), required=False, widget=forms.SelectMultiple(attrs={"size": 8})
    )
    tiers = forms.TypedMultipleChoiceField(
        label=_("Criticality tiers"),
        required=False,
        coerce=int,
        choices=[(str(tier), str(tier)) for tier in TIERS],
        widget=forms.CheckboxSelectMultiple,
    )
    ownership = forms.MultipleChoiceField(
        label=_("Ownership"),
        required=False,
        choices=[("public", _("Public")), ("private", _("Private"))],
        widget=forms.CheckboxSelectMultiple,
    )
    excluded = forms.CharField(
        label=_("Except these organisations"),
        help_text=_("Identifiers, one a line."),
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *arguments: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _field(self, "lead_team", RowChoice).queryset = teams_led_by(actor)
        places: dict[str, QuerySet[Any]] = {
            "sectors": Sector.objects.filter(parent=None),
            "provinces": Province.objects.all(),
            "ministries": Ministry.objects.all(),
        }
        for name, rows in places.items():
            _field(self, name, forms.MultipleChoiceField).choices = [(row.code, _words(row.name)) for row in rows]

    def clean_excluded(self) -> list[str]:
        identifiers = identifiers_in(self.cleaned_data["excluded"])
        if len(identifiers) > MOST_IDENTIFIERS or any(len(identifier) > 40 for identifier in identifiers):
            raise forms.ValidationError(_("Write one identifier a line, at most 10,000 of them."))
        return identifiers

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        clause = {name: tuple(cleaned[name]) for name in CRITERIA if cleaned.get(name)}
        rule: dict[str, Any] = {"lead": False, "include": (clause,)}
        if cleaned.get("excluded"):
            rule["exclude"] = ({"organisations": tuple(cleaned["excluded"])},)
        try:
            cleaned["cohort"] = ConstituencyRule.model_validate(rule)
        except ValueError:
            self.add_error("excluded", _("One of these is not an identifier."))
        return cleaned


class CampaignForm(CohortForm):
    """Everything about a campaign on one page."""

    name_en = forms.CharField(label=_("Name in English"), max_length=150)
    name_ur = forms.CharField(label=_("Name in Urdu"), max_length=150, required=False)
    purpose_en = forms.CharField(
        label=_("Purpose in English"),
        help_text=_("One or two sentences that every organisation reads first."),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    purpose_ur = forms.CharField(
        label=_("Purpose in Urdu"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    framework = RowChoice(Framework.objects.none(), label=_("Framework"), empty_label=None)
    opens_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    closes_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    previous = RowChoice(
        Campaign.objects.none(),
        label=_("Carry answers from"),
        help_text=_("Last answers are shown as proposals; they count once the organisation submits them."),
        empty_label=_("Nothing: everyone starts afresh"),
        required=False,
    )

    def __init__(self, *arguments: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*arguments, actor=actor, **options)
        frameworks = list(frameworks_in_use())
        _field(self, "framework", RowChoice).queryset = frameworks_in_use()
        _field(self, "previous", RowChoice).queryset = Campaign.objects.filter(state__in=("open", "closed"))
        choices = _profile_choices(frameworks)
        for tier in TIERS:
            self.fields[f"profile_{tier}"] = forms.ChoiceField(
                label=_("Target of tier %(tier)s") % {"tier": tier}, required=False, choices=choices
            )

    @property
    def profile_fields(self) -> list[forms.BoundField]:
        return [self[f"profile_{tier}"] for tier in TIERS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        framework = cleaned.get("framework")
        for tier in TIERS:
            chosen = cleaned.get(f"profile_{tier}")
            if chosen and framework and not chosen.startswith(f"{framework.pk}/"):
                self.add_error(f"profile_{tier}", _("This target belongs to another framework."))
        return cleaned

    def draft(self, zone: ZoneInfo) -> CampaignDraft:
        """What was filled in; days begin and end in `zone`. Only for a valid form."""
        found = self.cleaned_data
        chosen = {tier: found[f"profile_{tier}"].partition("/")[2] for tier in TIERS}
        return CampaignDraft(
            name={tag: text for tag in ("en", "ur") if (text := found[f"name_{tag}"])},
            purpose={tag: text for tag in ("en", "ur") if (text := found[f"purpose_{tag}"])},
            framework=found["framework"],
            profiles={tier: profile for tier, profile in chosen.items() if profile},
            cohort=found["cohort"],
            opens_at=datetime.combine(found["opens_on"], time.min, zone),
            closes_at=end_of(found["closes_on"], zone),
            lead_team=found["lead_team"],
            previous=found["previous"],
        )


class ReopenForm(forms.Form):
    closes_on = forms.DateField(label=_("New last day"), widget=forms.DateInput(attrs={"type": "date"}))


class EngagementForm(forms.Form):
    """Who is engaged, for whom, from and until when."""

    email = forms.EmailField(label=_("E-mail address of the consultant or auditor"), max_length=254)
    firm = forms.CharField(label=_("Firm"), max_length=200)
    valid_from = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_until = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    organisations = forms.CharField(
        label=_("Organisations"),
        help_text=_("Identifiers, one a line. The person sees these organisations and no others."),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_organisations(self) -> list[str]:
        return identifiers_in(self.cleaned_data["organisations"])


def initial_of(campaign: Campaign, zone: ZoneInfo) -> dict[str, Any]:
    """The values that the form of an existing draft begins with."""
    rule = ConstituencyRule.model_validate(campaign.cohort)
    clause = rule.include[0]
    named = [identifier for excluded in rule.exclude for identifier in excluded.organisations or ()]
    return {
        "name_en": campaign.name.get("en", ""),
        "name_ur": campaign.name.get("ur", ""),
        "purpose_en": campaign.purpose.get("en", ""),
        "purpose_ur": campaign.purpose.get("ur", ""),
        "framework": campaign.framework_id,
        "lead_team": campaign.lead_team_id,
        "previous": campaign.previous_id,
        "opens_on": campaign.opens_at.astimezone(zone).date(),
        "closes_on": campaign.closes_at.astimezone(zone).date(),
        "excluded": "\n".join(named),
        **{name: [str(value) for value in getattr(clause, name) or ()] for name in CRITERIA},
        **{f"profile_{tier}": f"{campaign.framework_id}/{profile}" for tier, profile in campaign.profiles.items()},
    }


def teams_led_by(actor: Actor) -> QuerySet[Team]:
    """The teams whose head the actor is."""
    return Team.objects.filter(pk__in=[team for team in actor.teams if actor.holds_in_team(team, "team_head")])


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59), zone)


def identifiers_in(text: str) -> list[str]:
    """The identifiers in a text, one a line or between commas, each once."""
    return list(dict.fromkeys(word.strip() for word in text.replace(",", "\n").splitlines() if word.strip()))


def _profile_choices(frameworks: list[Framework]) -> Choices:
    groups: Choices = [("", _("As the framework asks of this tier"))]
    for framework in frameworks:
        profiles = loaded(framework.pk).profiles.values()
        options = [(f"{framework.pk}/{profile.id}", _words(profile.title)) for profile in profiles]
        if options:
            groups.append((_framework_label(framework), options))
    return groups


def _framework_label(framework: Framework) -> str:
    return f"{_words(framework.title)} {framework.version}"


def _words(text: dict[str, str]) -> str:
    return text.get(get_language() or "en") or text.get("en", "")


def _field[F: forms.Field](form: forms.Form, name: str, kind: type[F]) -> F:
    field = form.fields[name]
    assert isinstance(field, kind)
    return field
