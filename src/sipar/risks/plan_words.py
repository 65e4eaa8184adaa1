"""A plan in words: names of what it speaks of, and the sentences on top of its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from sipar.orgs.models import Province, Sector
from sipar.risks.money import money

MILLION = 1e6
OTHERS = "_others"


def kind_names() -> dict[str, str]:
    return {
        "close_gap": _("Close a gap"),
        "support": _("Support"),
        "training": _("Training"),
        "replace_provider": _("Replace a shared provider"),
    }


def strategy_names() -> dict[str, str]:
    return {
        "this plan": _("This plan"),
        "spread evenly": _("Spread evenly"),
        "worst first": _("Worst first"),
    }


def limit_names() -> dict[str, str]:
    return {
        "budget": _("Money of the year"),
        "component": _("Money of a component"),
        "capacity": _("Capacity"),
        "province": _("Promised to a province"),
        "sector": _("Promised to a sector"),
        "milestone": _("Milestone"),
        "committed": _("Begun already"),
    }


def in_words(text: Mapping[str, str] | str) -> str:
    """The text in the active language, else in English, else in whatever there is."""
    if isinstance(text, str):
        return text
    wanted = (get_language() or "en").split("-")[0]
    return text.get(wanted) or text.get("en") or next(iter(text.values()), "")


def component_name(component: str) -> str:
    """A component's word; the kinds stand for components that the assumptions do not name."""
    standard = {"gaps": _("Gaps closed"), **kind_names()}
    return standard.get(component, component)


@dataclass(frozen=True)
class Names:
    """What the keys of a plan are called."""

    provinces: Mapping[str, str]
    sectors: Mapping[str, str]

    def of(self, dimension: str, key: str) -> str:
        if key == OTHERS:
            return _("Others, too few to name")
        if not key:
            return _("The whole nation") if dimension in ("province", "sector") else _("Without a name")
        if dimension == "component":
            return component_name(key)
        if dimension == "kind":
            return kind_names().get(key, key)
        return {"province": self.provinces, "sector": self.sectors}[dimension].get(key, key)

    def place_of(self, measure: str) -> str:
        """The sector or province that a support or training is for; empty for all others."""
        kind, _slash, rest = measure.partition("/")
        place = rest.partition("/")[2] if kind in ("support", "training") else ""
        return self.sectors.get(place) or self.provinces.get(place, "")


def names() -> Names:
    """The names of provinces and sectors in the active language."""
    return Names(
        {code: in_words(name) for code, name in Province.objects.values_list("code", "name")},
        {code: in_words(name) for code, name in Sector.objects.values_list("code", "name")},
    )


def sentences(result: Mapping[str, Any], question: Mapping[str, Any]) -> list[str]:
    """What is bought and what it is good for; how far from the best it can be; what a little more money would buy."""
    amount = _amount(result["currency"])
    bought = ngettext(
        "%(cost)s buy one measure, at %(organisations)s organisations of its own.",
        "%(cost)s buy %(measures)s measures, at %(organisations)s organisations and for many at once.",
        result["measures"],
    ) % {
        "cost": amount(result["cost"]),
        "measures": f"{result['measures']:,}",
        "organisations": f"{result['organisations']:,}",
    }
    taken = _(
        "Once they work, they take %(mean)s off what a mean year costs, and %(bad)s off one of the worst years."
    ) % {
        "mean": amount(result["loss_reduced"]),
        "bad": amount(result["shortfall_reduced"]),
    }
    return [f"{bought} {taken}", proof(result), next_money(result, question)]


def proof(result: Mapping[str, Any]) -> str:
    """How far from the best plan it can be."""
    gap = result["gap"] * 100
    if gap < 0.005:
        return _("No plan that keeps these limits is better.")
    return _("No plan that keeps these limits can be better by more than %(gap)s%%.") % {"gap": f"{gap:.2f}"}


def next_money(result: Mapping[str, Any], question: Mapping[str, Any]) -> str:
    """What one more million would buy, in the year where it buys most."""
    prices = [row for row in result["prices"] if row["price"] > 0]
    if not prices:
        return _("More money would buy nothing: other limits bind first, or everything is bought.")
    best = max(prices, key=lambda row: float(row["price"]))
    amount = _amount(result["currency"])
    told = {
        "more": amount(MILLION),
        "year": best["year"],
        "gain": amount(best["price"] * MILLION),
        "years": result["counted_years"],
    }
    if not question["shortfall"]:
        return _("%(more)s more in %(year)s would take about %(gain)s off the losses of these %(years)s years.") % told
    if not question["expected_loss"]:
        return (
            _("%(more)s more in %(year)s would take about %(gain)s off the worst of these %(years)s years, added up.")
            % told
        )
    return _("%(more)s more in %(year)s would be worth about %(gain)s more, as this plan weighs losses.") % told


def counted(question: Mapping[str, Any]) -> str:
    """What the plan makes as small as it can."""
    if not question["shortfall"]:
        return _("the mean year")
    if not question["expected_loss"]:
        return _("the worst years")
    return _("the mean year and the worst years")


def _amount(currency: str) -> Callable[[float], str]:
    return lambda value: money(value, currency)
