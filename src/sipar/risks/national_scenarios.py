"""The scenario library in words: what can happen, how often, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sipar.orgs.models import Organisation
from sipar.risks.money import money
from sipar.risks.national_labels import option_word
from sipar.risks.national_pictures import one_in
from sipar.risks.national_reading import Line, Picture, words

A_YEAR = {"year": 1.0, "month": 12.0, "quarter": 4.0, "decade": 0.1}
# Where the middle nine tenths of a normal distribution end.
MIDDLE = 1.644854


@dataclass(frozen=True)
class Card:
    """One scenario: how often it hits one organisation, what it costs, and its part of an average year."""

    key: str
    title: str
    event: str
    asset: str
    often: str
    cost: str
    qualities: tuple[str, ...]
    line: Line | None


@dataclass(frozen=True)
class Fact:
    """One number of a scenario with its source."""

    label: str
    value: str
    source: str = ""
    quality: str = ""


def scenario_cards(document: Mapping[str, Any], picture: Picture | None) -> list[Card]:
    """The library, the scenario that costs the nation most first."""
    lines = {line.key: line for line in picture.lines("scenario")} if picture is not None else {}
    cards = [
        Card(
            key=str(entry["key"]),
            title=words(entry["title"]),
            event=str(entry["event"]),
            asset=str(entry.get("asset") or ""),
            often=often_in_words(entry["frequency"]),
            cost=cost_in_words(entry["loss"]["primary"], document["currency"]),
            qualities=tuple(dict.fromkeys(str(entry[part]["source"]["quality"]) for part in ("frequency", "loss"))),
            line=lines.get(str(entry["key"])),
        )
        for entry in document["scenarios"]
    ]
    return sorted(cards, key=lambda card: -((card.line.mean if card.line else None) or 0.0))


def scenario_facts(entry: Mapping[str, Any], *, currency: str, names: Mapping[str, Mapping[str, str]]) -> list[Fact]:
    """Every number of a scenario in words, with where it comes from."""
    frequency, loss = entry["frequency"], entry["loss"]
    facts = [
        Fact(_("What happens"), str(entry["event"])),
        Fact(_("What is at risk"), str(entry.get("asset") or "–")),
        Fact(_("Whom it can hit"), applies_in_words(entry.get("applies") or {}, names)),
        Fact(_("How often"), often_in_words(frequency), *_source(frequency)),
        Fact(_("What one event costs"), cost_in_words(loss["primary"], currency), *_source(loss)),
    ]
    if loss.get("secondary"):
        facts.append(
            Fact(
                _("Besides, in %(share)s of the events") % {"share": f"{loss.get('secondary_probability') or 0:.0%}"},
                cost_in_words(loss["secondary"], currency),
            )
        )
    if entry.get("forms"):
        facts.append(Fact(_("Forms of loss"), ", ".join(option_word(str(form)) for form in entry["forms"])))
    scale = entry.get("scale") or {}
    sizes = dict(Organisation.Size.choices)
    for part, words_of in (("size", sizes), ("tier", names["tier"])):
        factors = scale.get(part) or {}
        facts.extend(
            Fact(str(word), _("times %(factor)s") % {"factor": f"{factors[name]:g}"})
            for name, word in words_of.items()
            if name in factors
        )
    return facts


def often_in_words(frequency: Mapping[str, Any]) -> str:
    """How often an organisation without controls is hit."""
    rate = float(frequency["mean"]) * A_YEAR.get(str(frequency.get("per") or "year"), 1.0)
    if rate <= 0:
        return _("never")
    if rate <= 1:
        return one_in(rate)
    return _("%(times)s times a year") % {"times": f"{rate:.1f}"}


def cost_in_words(loss: Mapping[str, Any], currency: str) -> str:
    """Between what one event costs in most cases, and where a rare one ends."""
    low, high, share = cost_range(loss)
    if low is None or high is None:
        return _("a distribution without a lower and an upper end")
    words = {"low": money(low, currency), "high": money(high, currency), "share": f"{share:.0%}"}
    between = (_("%(low)s to %(high)s") if share >= 1 else _("%(low)s to %(high)s in %(share)s of the events")) % words
    if loss.get("limit") is None:
        return between
    return _("%(between)s, at most %(limit)s") % {"between": between, "limit": money(loss["limit"], currency)}


def cost_range(loss: Mapping[str, Any]) -> tuple[float | None, float | None, float]:
    """The ends between which events cost, and the share of the events that lie there, without loading the engine."""
    shape = loss["shape"]
    if shape == "lognormal" and loss.get("mu") is not None:
        mu, sigma = float(loss["mu"]), float(loss["sigma"])
        limit = float(loss.get("limit") or math.inf)
        return math.exp(mu - MIDDLE * sigma), min(math.exp(mu + MIDDLE * sigma), limit), 0.9
    if shape == "lognormal":
        return float(loss["low"]), float(loss["high"]), float(loss.get("confidence") or 0.9)
    if shape == "pert":
        return float(loss["low"]), float(loss["high"]), 1.0
    if shape == "empirical" and loss.get("costs"):
        return float(min(loss["costs"])), float(max(loss["costs"])), 1.0
    return None, None, 0.0


def applies_in_words(applies: Mapping[str, Sequence[Any]], names: Mapping[str, Mapping[str, str]]) -> str:
    """Which organisations a scenario can hit."""
    sizes = dict(Organisation.Size.choices)
    parts = [
        ", ".join(names["sector"].get(str(code), str(code)) for code in applies.get("sectors") or ()),
        ", ".join(names["tier"].get(str(tier), str(tier)) for tier in applies.get("tiers") or ()),
        ", ".join(str(sizes.get(str(size), size)) for size in applies.get("sizes") or ()),
        ", ".join(option_word(str(owner)) for owner in applies.get("ownership") or ()),
    ]
    return "; ".join(part for part in parts if part) or _("every organisation")


def _source(part: Mapping[str, Any]) -> tuple[str, str]:
    source = part.get("source") or {}
    return str(source.get("text") or ""), str(source.get("quality") or "")
