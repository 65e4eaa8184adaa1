"""The question of a plan as a form: what everybody must say first, everything else folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.orgs.models import Province, Sector
from sipar.risks.plan_selectors import Choices
from sipar.risks.plan_words import MILLION, component_name, in_words, kind_names

MEAN, WORST, BOTH = "mean", "worst", "both"
LARGEST_MILLIONS = 1_000_000_000
MOST_YEARS = 30
MOST_LINES = 5_000


@dataclass(frozen=True)
class Fold:
    """Fields that stand folded under one heading."""

    heading: str | Promise
    fields: list[BoundField]

    @property
    def is_open(self) -> bool:
        return any(field.errors for field in self.fields)


class PlanForm(forms.Form):
    """`question` is what was filled in as the document of `sipar.risk.plan_question`; amounts are in millions."""

    title = forms.CharField(label=_("What is it called?"), max_length=200)
    total = forms.FloatField(label=_("Money in all"), min_value=0, max_value=LARGEST_MILLIONS)
    first_year = forms.IntegerField(label=_("From which year?"), min_value=2000, max_value=2200)
    years = forms.IntegerField(label=_("For how many years?"), min_value=1, max_value=MOST_YEARS)
    objective = forms.ChoiceField(
        label=_("What is to become smaller?"),
        choices=[
            (MEAN, _("What a mean year costs")),
            (WORST, _("What the worst years cost")),
            (BOTH, _("Both")),
        ],
        widget=forms.RadioSelect,
    )
    by_year = forms.CharField(
        label=_("Money of each year, in millions"),
        max_length=1_000,
        required=False,
        help_text=_("One number a year with spaces between. Empty: the same every year."),
    )
    carry_over = forms.BooleanField(label=_("What a year leaves may be spent later"), required=False)
    benefit_years = forms.IntegerField(
        label=_("For how many years do benefits count?"),
        min_value=0,
        max_value=100,
        required=False,
        help_text=_("Empty: for the years of the money."),
    )
    fair_provinces = forms.FloatField(
        label=_("Each province gets at least this much of its fair part, in percent"),
        min_value=0,
        max_value=100,
        required=False,
        help_text=_("Its fair part is its part of the organisations that something can be bought for."),
    )
    fair_sectors = forms.FloatField(
        label=_("Each sector gets at least this much of its fair part, in percent"),
        min_value=0,
        max_value=100,
        required=False,
    )
    without_kinds = forms.MultipleChoiceField(
        label=_("Kinds of measures"), required=False, widget=forms.CheckboxSelectMultiple
    )
    without_sectors = forms.MultipleChoiceField(label=_("Sectors"), required=False, widget=forms.CheckboxSelectMultiple)
    without_provinces = forms.MultipleChoiceField(
        label=_("Provinces"), required=False, widget=forms.CheckboxSelectMultiple
    )
    without_measures = forms.CharField(
        label=_("Single measures, one a line"),
        max_length=400_000,
        required=False,
        widget=forms.Textarea({"rows": 3, "dir": "ltr", "class": "sp-code", "spellcheck": "false"}),
        help_text=_("As they are named in the table that can be downloaded."),
    )
    gap = forms.FloatField(
        label=_("Proven to be at most this far from the best, in percent"), min_value=0, max_value=20, initial=0.5
    )
    seconds = forms.IntegerField(label=_("Search for at most so many seconds"), min_value=1, max_value=600, initial=60)
    keep_until = forms.IntegerField(
        label=_("Keep what the plan before starts up to this year"), min_value=2000, max_value=2200, required=False
    )

    def __init__(self, *args: Any, choices: Choices, changes: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices
        self.fields["total"].label = _("Money in all, in millions of %(currency)s") % {"currency": choices.currency}
        for name, rows in (
            ("without_sectors", _codes(Sector.objects.filter(parent=None).values_list("code", "name"))),
            ("without_provinces", _codes(Province.objects.values_list("code", "name"))),
            ("without_kinds", [(kind, kind_names()[kind]) for kind in choices.kinds]),
        ):
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = rows
        if not changes:
            del self.fields["keep_until"]
        for place, component in enumerate(choices.components):
            named = {"component": component_name(component)}
            self.fields[f"share_{place}"] = forms.FloatField(
                label=_("%(component)s: at most this much of the money, in percent") % named,
                min_value=0, max_value=100, required=False,
            )  # fmt: skip
            self.fields[f"least_{place}"] = forms.IntegerField(
                label=_("%(component)s: at least so many measures begun") % named,
                min_value=0, max_value=10_000_000, required=False,
            )  # fmt: skip
            self.fields[f"until_{place}"] = forms.IntegerField(
                label=_("%(component)s: by the end of the year") % named,
                min_value=2000, max_value=2200, required=False,
            )  # fmt: skip
        for place, capacity in enumerate(choices.capacities):
            self.fields[f"capacity_{place}"] = forms.FloatField(
                label=_("%(capacity)s a year") % {"capacity": capacity},
                min_value=0, max_value=LARGEST_MILLIONS, required=False, help_text=_("Empty: as many as it takes."),
            )  # fmt: skip

    @property
    def first(self) -> list[BoundField]:
        """What everybody must say."""
        kept = ["keep_until"] if "keep_until" in self.fields else []
        return [self[name] for name in ("title", "total", "first_year", "years", "objective", *kept)]

    @property
    def folds(self) -> list[Fold]:
        """Everything else, by heading."""
        parts = ("share", "least", "until")
        components = [f"{part}_{place}" for place in range(len(self.choices.components)) for part in parts]
        capacities = [f"capacity_{place}" for place in range(len(self.choices.capacities))]
        headed: list[tuple[str | Promise, list[str]]] = [
            (_("Money by year"), ["by_year", "carry_over", "benefit_years"]),
            (_("Components and milestones"), components),
            (_("People and other capacities"), capacities),
            (_("Fairness"), ["fair_provinces", "fair_sectors"]),
            (_("Leave out"), ["without_kinds", "without_sectors", "without_provinces", "without_measures"]),
            (_("How exact"), ["gap", "seconds"]),
        ]
        return [Fold(heading, [self[name] for name in fields]) for heading, fields in headed if fields]

    def clean_by_year(self) -> list[float]:
        words = self.cleaned_data["by_year"].replace(",", " ").split()
        try:
            amounts = [float(word) for word in words]
        except ValueError as error:
            raise forms.ValidationError(_("Write numbers with spaces between.")) from error
        if not all(0 <= amount <= LARGEST_MILLIONS for amount in amounts) or len(amounts) > MOST_YEARS:
            raise forms.ValidationError(_("At most 30 amounts, none of them below zero."))
        return amounts

    def clean_without_measures(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["without_measures"].splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(_("At most 5,000 lines."))
        return lines

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for place in range(len(self.choices.components)):
            if bool(data.get(f"least_{place}")) != bool(data.get(f"until_{place}")):
                self.add_error(f"until_{place}", _("A milestone has a number of measures and a year."))
        total, amounts = data.get("total"), data.get("by_year")
        if total is not None and not total and not any(amounts or ()):
            self.add_error("total", _("A plan needs money."))
        return data

    def question(self) -> dict[str, Any]:
        """What was filled in, as `sipar.risk.plan_question` reads it."""
        data = self.cleaned_data
        budgets = data["by_year"] or [data["total"] / data["years"]] * data["years"]
        components = dict(enumerate(self.choices.components))
        capacities = dict(enumerate(self.choices.capacities))
        return {
            "currency": self.choices.currency,
            "first_year": data["first_year"],
            "budgets": [amount * MILLION for amount in budgets],
            "carry_over": data["carry_over"],
            "benefit_years": data["benefit_years"] or 0,
            "components": {
                name: data[f"share_{place}"] / 100
                for place, name in components.items()
                if data[f"share_{place}"] is not None
            },
            "milestones": [
                {"component": name, "by": data[f"until_{place}"], "least": data[f"least_{place}"]}
                for place, name in components.items()
                if data[f"least_{place}"]
            ],
            "capacities": {
                name: [data[f"capacity_{place}"]] * len(budgets)
                for place, name in capacities.items()
                if data[f"capacity_{place}"] is not None
            },
            "fair_provinces": (data["fair_provinces"] or 0) / 100,
            "fair_sectors": (data["fair_sectors"] or 0) / 100,
            "expected_loss": 0.0 if data["objective"] == WORST else 1.0,
            "shortfall": 0.0 if data["objective"] == MEAN else 1.0,
            "gap": data["gap"] / 100,
            "seconds": float(data["seconds"]),
            "without": {
                name: data[f"without_{name}"] for name in ("kinds", "sectors", "provinces", "measures")
            },
            "keep_until": data.get("keep_until") or 0,
        }  # fmt: skip


def initial_of(title: str, question: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """A kept question as the form shows it."""
    budgets = [amount / MILLION for amount in question["budgets"]]
    even = max(budgets) - min(budgets) < 1e-9
    initial: dict[str, Any] = {
        "title": title,
        "total": _short(sum(budgets)),
        "first_year": question["first_year"],
        "years": len(budgets),
        "objective": WORST if not question["expected_loss"] else BOTH if question["shortfall"] else MEAN,
        "by_year": "" if even else " ".join(str(_short(amount)) for amount in budgets),
        "carry_over": question["carry_over"],
        "benefit_years": question["benefit_years"] or None,
        "fair_provinces": _short(question["fair_provinces"] * 100) or None,
        "fair_sectors": _short(question["fair_sectors"] * 100) or None,
        "gap": _short(question["gap"] * 100),
        "seconds": int(question["seconds"]),
        "without_measures": "\n".join(question["without"].get("measures", ())),
    }
    for name in ("kinds", "sectors", "provinces"):
        initial[f"without_{name}"] = list(question["without"].get(name, ()))
    milestones = {row["component"]: row for row in question["milestones"]}
    for place, component in enumerate(choices.components):
        share = question["components"].get(component)
        initial[f"share_{place}"] = None if share is None else _short(share * 100)
        if component in milestones:
            initial[f"least_{place}"] = milestones[component]["least"]
            initial[f"until_{place}"] = milestones[component]["by"]
    for place, capacity in enumerate(choices.capacities):
        amounts = question["capacities"].get(capacity)
        initial[f"capacity_{place}"] = amounts[0] if amounts else None
    return initial


def _short(number: float) -> float:
    return round(number, 6)


def _codes(rows: Iterable[tuple[str, Mapping[str, str]]]) -> list[tuple[str, str]]:
    return [(code, in_words(name)) for code, name in rows]
