"""What the places of the assumptions are called, on forms and in differences."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.orgs.models import Organisation

_OPTIONS: Mapping[str, str | Promise] = {
    "year": gettext_lazy("a year"),
    "quarter": gettext_lazy("a quarter"),
    "month": gettext_lazy("a month"),
    "decade": gettext_lazy("ten years"),
    "measured": gettext_lazy("Measured"),
    "published": gettext_lazy("Published"),
    "expert": gettext_lazy("Stated by experts"),
    "assumed": gettext_lazy("Assumed"),
    "frequency": gettext_lazy("how often"),
    "magnitude": gettext_lazy("how much"),
    "loss event": gettext_lazy("works on the incident itself"),
    "variance management": gettext_lazy("keeps other controls working"),
    "decision support": gettext_lazy("helps to decide"),
    "cloud": gettext_lazy("Cloud"),
    "telecom": gettext_lazy("Telecom"),
    "power": gettext_lazy("Power"),
    "software": gettext_lazy("Software"),
    "other": gettext_lazy("Other"),
    "public": gettext_lazy("Public"),
    "private": gettext_lazy("Private"),
    "productivity": gettext_lazy("Work that stops"),
    "response": gettext_lazy("Response"),
    "replacement": gettext_lazy("Replacement"),
    "fines": gettext_lazy("Fines and judgements"),
    "competitive advantage": gettext_lazy("Competitive advantage"),
    "reputation": gettext_lazy("Reputation"),
    "lognormal": gettext_lazy("lognormal"),
    "pert": gettext_lazy("PERT"),
    "pareto": gettext_lazy("generalised Pareto"),
    "empirical": gettext_lazy("recorded costs"),
}
_STEPS: Mapping[str, str | Promise] = {
    "scenarios": gettext_lazy("Scenarios"),
    "shocks": gettext_lazy("Bad years that many share"),
    "providers": gettext_lazy("Shared providers"),
    "effects": gettext_lazy("What controls do"),
    "exposure": gettext_lazy("What open findings do"),
    "measures": gettext_lazy("What measures cost"),
    "recorded_years": gettext_lazy("Recorded years"),
    "doubts": gettext_lazy("How far a number may be off"),
    "currency": gettext_lazy("Currency"),
    "year": gettext_lazy("Year"),
    "title": gettext_lazy("Title"),
    "en": gettext_lazy("English"),
    "ur": gettext_lazy("Urdu"),
    "event": gettext_lazy("What happens (VERIS action and pattern)"),
    "asset": gettext_lazy("What is at risk"),
    "forms": gettext_lazy("Forms of loss"),
    "applies": gettext_lazy("Whom it can hit (nothing chosen: everybody)"),
    "sectors": gettext_lazy("Sectors"),
    "tiers": gettext_lazy("Criticality tiers"),
    "sizes": gettext_lazy("Sizes"),
    "ownership": gettext_lazy("Ownership"),
    "frequency": gettext_lazy("How often it happens to one organisation"),
    "mean": gettext_lazy("Loss events"),
    "per": gettext_lazy("in"),
    "variation": gettext_lazy("How uncertain the rate is (standard deviation over mean)"),
    "overdispersion": gettext_lazy("How much events come in clumps (0: not at all)"),
    "loss": gettext_lazy("What one event costs"),
    "primary": gettext_lazy("Primary loss"),
    "secondary": gettext_lazy("Secondary loss"),
    "secondary_probability": gettext_lazy("Chance of a secondary loss (0 to 1)"),
    "shape": gettext_lazy("Distribution"),
    "low": gettext_lazy("Low"),
    "mode": gettext_lazy("Most likely"),
    "high": gettext_lazy("High"),
    "confidence": gettext_lazy("Chance to lie between low and high"),
    "mu": gettext_lazy("Mean of the logarithm (mu)"),
    "sigma": gettext_lazy("Standard deviation of the logarithm (sigma)"),
    "limit": gettext_lazy("The most that one event can cost"),
    "tail": gettext_lazy("Tail"),
    "threshold": gettext_lazy("begins at"),
    "tail_shape": gettext_lazy("shape (xi)"),
    "costs": gettext_lazy("Recorded costs"),
    "plausible": gettext_lazy("A mean cost outside is taken for a unit mistake"),
    "scale": gettext_lazy("What multiplies the cost (empty: 1)"),
    "size": gettext_lazy("Size"),
    "tier": gettext_lazy("Tier"),
    "micro": gettext_lazy("Micro"),
    "small": gettext_lazy("Small"),
    "medium": gettext_lazy("Medium"),
    "large": gettext_lazy("Large"),
    "critical": gettext_lazy("Critical"),
    "most": gettext_lazy("at most, all together"),
    "source": gettext_lazy("Source"),
    "text": gettext_lazy("where it comes from"),
    "quality": gettext_lazy("how well it is founded"),
    "doubt": gettext_lazy("may be off by this factor"),
    "probability": gettext_lazy("Chance of such a year (0 to 1)"),
    "factor": gettext_lazy("How many times as often then"),
    "sector": gettext_lazy("Sector"),
    "kind": gettext_lazy("Kind"),
    "failures": gettext_lazy("Failures in a year"),
    "rests_on": gettext_lazy("Rests itself on"),
    "sets_off": gettext_lazy("How likely a failure sets off (0 to 1, empty: never)"),
    "requirement": gettext_lazy("Requirement"),
    "target": gettext_lazy("Makes smaller"),
    "reduction": gettext_lazy("Taken away when fully met (0 to below 1)"),
    "function": gettext_lazy("What it is for"),
    "key": gettext_lazy("Key"),
    "nation": gettext_lazy("The nation"),
}
MONEY = frozenset({"primary", "secondary", "plausible"})


def label_of(path: str, *, currency: str = "") -> str:
    """What a field is called under the heading of its first step: "Primary loss: Low (USD)"."""
    steps = [step for step in path.split("/") if step]
    if not steps:
        return ""
    shown = steps[1:][-2:] if len(steps) > 1 else steps
    said = ": ".join(step_word(step) for step in shown)
    amount = (
        currency and any(step in MONEY for step in steps) and steps[-1] in ("low", "mode", "high", "limit", "costs")
    )
    return f"{said} ({currency})" if amount else said


def step_word(step: str) -> str:
    """One step of a path in words; what has no word of its own is said as it is."""
    found = _STEPS.get(step)
    return str(found) if found is not None else step.replace("_", " ").replace("-", " ")


def path_in_words(path: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """A whole path in words, entries by their titles: "Scenarios: Ransomware: Loss events"."""
    steps = path.split("/")
    found = []
    for place, step in enumerate(steps):
        known = {"scenarios": "scenario", "providers": "provider", "effects": "requirement", "shocks": "sector"}
        dimension = known.get(steps[0], "") if place == 1 else ""
        found.append(names.get(dimension, {}).get(step) or step_word(step))
    return ": ".join(found)


def option_word(option: str, *, of: str = "") -> str:
    """A choice in words."""
    if of.endswith("sizes"):
        return str(dict(Organisation.Size.choices).get(option, option))
    if of.endswith("tiers"):
        return _("Tier %(tier)s") % {"tier": option}
    return str(_OPTIONS.get(option, option))
