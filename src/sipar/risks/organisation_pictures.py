"""The pictures of an organisation's risk: how often a year loses more than how much, and what it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from sipar.risks.money import money
from sipar.risks.organisation_selectors import Curve, ScenarioShare
from sipar.risks.organisation_words import chance_in_words, language, words
from sipar.risks.treatment_models import Appetite
from sipar.ui import charts
from sipar.ui.curves import Spot, curve

MOST_SCENARIOS = 10
MOST_ROWS = 12
# Rarer than once in a thousand years is more than such a model knows.
RAREST = 0.001


def exceedance_chart(
    points: Curve, *, currency: str, sentence: str, appetite: Appetite | None = None
) -> charts.Chart | None:
    """How often a year loses more than each amount, and beside it how often it may, where the organisation said so.

    None for a curve with fewer than two points that a scale of magnitudes can show.
    """
    lost = [(loss, chance) for loss, chance in points if loss > 0 and chance >= RAREST]
    if len(lost) < 2:
        return None
    limits = [(float(loss), 1 / years) for loss, years in appetite.points] if appetite is not None else []
    ours, ready = _("Our losses"), _("Our appetite")
    rows = [(money(loss, currency), chance_in_words(chance)) for loss, chance in _thinned(lost)]
    rows += [(f"{ready}: {money(loss, currency)}", chance_in_words(chance)) for loss, chance in limits]
    return curve(
        "exceedance",
        [
            *(Spot(loss, chance, ours) for loss, chance in lost),
            *(Spot(loss, chance, ready, money(loss, currency)) for loss, chance in limits),
        ],
        sentence=sentence,
        heads=(_("A year loses more than"), _("How often")),
        rows=rows,
        titles=(_("Loss of a year in %(currency)s") % {"currency": currency}, _("Chance of more in a year")),
        language=language(),
        logarithmic=True,
        share=True,
    )


def scenarios_chart(scenarios: Sequence[ScenarioShare]) -> charts.Chart | None:
    """Which share of a mean year each scenario costs, the dearest first; None where nothing costs anything."""
    shown = [share for share in scenarios if share.mean > 0][:MOST_SCENARIOS]
    if not shown:
        return None
    total = sum(share.mean for share in scenarios)
    sentence = _("Most comes from one scenario: %(scenario)s, %(share)s of a mean year") % {
        "scenario": words(shown[0].title), "share": f"{shown[0].mean / total:.0%}",
    }  # fmt: skip
    bars = [charts.Bar(words(share.title), share.mean, f"{share.mean / total:.0%}") for share in shown]
    heads = (_("Scenario"), _("Share of a mean year"))
    return charts.bars("scenarios", bars, sentence=sentence, heads=heads, language=language())


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most a dozen points, the first and the last among them."""
    if len(points) <= MOST_ROWS:
        return list(points)
    return [points[round(place * (len(points) - 1) / (MOST_ROWS - 1))] for place in range(MOST_ROWS)]
