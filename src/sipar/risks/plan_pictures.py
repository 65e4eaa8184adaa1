"""The pictures of a plan: what is bought by component, sector, province and year, the frontier, and the other plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from sipar.board.views.pictures import outlines
from sipar.risks.money import money
from sipar.risks.national_reading import language
from sipar.risks.plan_words import Names, strategy_names
from sipar.ui import charts
from sipar.ui import map as nation_map
from sipar.ui.charts import Chart
from sipar.ui.curves import Spot, curve

MOST_BARS = 12
OURS = "this plan"


def bought(result: Mapping[str, Any], names: Names, dimension: str) -> Chart | None:
    """The money of each component, sector or province, the dearest first; None where nothing is bought."""
    rows = [row for row in result["by"][dimension] if row["cost"] > 0][:MOST_BARS]
    if not rows:
        return None
    currency = result["currency"]
    first = names.of(dimension, rows[0]["key"])
    share = f"{rows[0]['cost'] / result['cost']:.0%}" if result["cost"] else "0%"
    heads = {
        "component": (_("Component"), _("Most of the money goes to %(name)s: %(share)s.")),
        "sector": (_("Sector"), _("The sector with the most money is %(name)s: %(share)s.")),
        "kind": (_("Kind"), _("Most of the money is for %(name)s: %(share)s.")),
    }
    head, sentence = heads[dimension]
    return charts.bars(
        f"bought-{dimension}",
        [charts.Bar(names.of(dimension, row["key"]), row["cost"] / 1e6, money(row["cost"], currency)) for row in rows],
        sentence=sentence % {"name": first, "share": share},
        heads=(head, _("Money")),
        language=language(),
    )


def province_map(result: Mapping[str, Any], names: Names) -> nation_map.Choropleth | None:
    """The money of each province on the map; None where none of it goes to one by its name."""
    drawn = {outline.properties.code for outline in outlines().features}
    amounts = {row["key"]: row["cost"] for row in result["by"]["province"] if row["key"] in drawn}
    if not amounts:
        return None
    most = max(amounts, key=lambda code: float(amounts[code]))
    shares = {code: amount / result["cost"] for code, amount in amounts.items()} if result["cost"] else {}
    return nation_map.choropleth(
        outlines(),
        shares,
        sentence=_("The province with the most money is %(name)s: %(share)s.")
        % {"name": names.of("province", most), "share": f"{shares.get(most, 0):.0%}"},
        heads=(_("Province"), _("Share of the money")),
        language=language(),
        lowest=0,
        highest=max(shares.values(), default=1.0) or 1.0,
        words=(_("least"), _("most"), _("nothing is bought here, or too few to show")),
        write=lambda share: f"{share:.0%}",
    )


def by_year(result: Mapping[str, Any]) -> Chart | None:
    """The money that is paid in each year; None where nothing is bought."""
    rows, currency = result["by_year"], result["currency"]
    if not any(row["cost"] > 0 for row in rows):
        return None
    most = max(rows, key=lambda row: float(row["cost"]))
    return charts.bars(
        "bought-by-year",
        [charts.Bar(str(row["year"]), row["cost"] / 1e6, money(row["cost"], currency)) for row in rows],
        sentence=_("Most is paid in %(year)s: %(amount)s.")
        % {"year": most["year"], "amount": money(most["cost"], currency)},
        heads=(_("Year"), _("Money")),
        language=language(),
    )


def frontier(result: Mapping[str, Any]) -> Chart | None:
    """What less and more money would buy; None where no other share keeps the limits."""
    points = [row for row in result["frontier"] if row["value"] is not None]
    if len(points) < 2:
        return None
    currency = result["currency"]
    spots = [
        Spot(row["budget"], row["value"], label=_("this plan") if abs(row["share"] - 1) < 1e-9 else "")
        for row in points
    ]
    told = {"currency": currency}
    table = [(f"{row['share']:.0%}", money(row["budget"], currency), money(row["value"], currency)) for row in points]
    return curve(
        "frontier",
        spots,
        sentence=_frontier_sentence(points),
        heads=(_("Share of the money"), _("Money"), _("What it takes off the losses")),
        rows=table,
        titles=(_("Money, %(currency)s") % told, _("Taken off, %(currency)s") % told),
        language=language(),
    )


def _frontier_sentence(points: list[dict[str, Any]]) -> str:
    """What half the money would still do, where that is known; else what the picture is."""
    values = {round(row["share"], 4): row["value"] for row in points}
    if values.get(0.5) is None or not values.get(1.0):
        return _("What less and more money would buy")
    return _("Half the money would still do %(share)s of the good.") % {"share": f"{values[0.5] / values[1.0]:.0%}"}


def beside(result: Mapping[str, Any]) -> Chart:
    """This plan and the two that people make by hand, by what they take off the losses."""
    names, currency = strategy_names(), result["currency"]
    rows = {row["strategy"]: row for row in result["simple"]}
    ours = rows[OURS]["value"]
    others = [row["value"] for name, row in rows.items() if name != OURS]
    best = max(others, default=0.0)
    more = f"{ours / best - 1:.0%}" if best else ""
    sentence = (
        _("This plan does %(more)s more good than the better of two simple ones.") % {"more": more}
        if more
        else _("This plan beside two simple ones")
    )
    return charts.bars(
        "beside",
        [
            charts.Bar(names.get(name, name), row["value"] / 1e6, money(row["value"], currency))
            for name, row in rows.items()
        ],
        sentence=sentence,
        heads=(_("How the money is spent"), _("What it takes off the losses")),
        language=language(),
    )
