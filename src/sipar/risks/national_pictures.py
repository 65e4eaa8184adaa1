"""The pictures of the risk board, each under a sentence that says what to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from sipar.board.views.pictures import outlines
from sipar.risks.national_reading import Picture, language
from sipar.risks.national_words import contribution_sentence, curve_sentence
from sipar.ui import charts
from sipar.ui import map as nation_map
from sipar.ui.curves import Spot, curve

MOST_BARS = 8
ROOM_FOR_AMOUNTS = 3.0
# The quantiles that are written beside the curve, far enough from each other.
LABELLED = (0.5, 0.9, 0.99)


def exceedance(picture: Picture) -> charts.Chart:
    """How likely a year is to cost more than so much."""
    spots = _spots(picture.result["curve"])
    labelled = [
        Spot(loss, 1 - level, label=f"{one_in(1 - level)}: {picture.money(loss)}")
        for level in LABELLED
        if (loss := picture.quantile(level))
    ]
    rows = [
        (one_in(1 - row["level"]), picture.money(row["value"]), _between(picture, row))
        for row in picture.result["quantiles"]
    ]
    return curve(
        "exceedance",
        sorted([*spots, *labelled], key=lambda spot: spot.x),
        sentence=curve_sentence(picture),
        heads=(_("How often a year is worse"), _("Loss"), _("Band of chance")),
        rows=rows,
        titles=(axis_title(picture), _("Chance that a year costs more")),
        language=language(),
        logarithmic=True,
        share=True,
    )


def two_curves(
    key: str,
    picture: Picture,
    curves: Sequence[tuple[str, Sequence[Sequence[float]]]],
    *,
    sentence: str,
) -> charts.Chart:
    """Exceedance curves over each other, each by its name; the table has every fourth point."""
    spots = [spot for name, points in curves for spot in _spots(points, name)]
    rows = [
        (name, picture.money(loss), f"{chance:.1%}") for name, points in curves for loss, chance in list(points)[::4]
    ]
    return curve(
        key,
        spots,
        sentence=sentence,
        heads=(_("Curve"), _("Loss"), _("Chance that a year costs more")),
        rows=rows,
        titles=(axis_title(picture), _("Chance that a year costs more")),
        language=language(),
        logarithmic=True,
        share=True,
    )


def contributions(picture: Picture, dimension: str) -> charts.Chart | None:
    """The largest parts of the loss of an average year; None where all are hidden."""
    lines = [line for line in picture.lines(dimension) if line.mean is not None and line.mean > 0][:MOST_BARS]
    if not lines:
        return None
    bars = [charts.Bar(line.name, line.mean or 0.0, _bar_text(picture, line.mean, line.share)) for line in lines]
    chart = charts.bars(
        f"by-{dimension}",
        bars,
        sentence=contribution_sentence(picture, dimension),
        heads=(_("Part"), _("Loss of an average year")),
        language=language(),
    )
    # An amount with its share takes more room beside a bar than a count does.
    chart.spec["encoding"]["x"]["scale"]["domainMax"] = (lines[0].mean or 1.0) * ROOM_FOR_AMOUNTS
    return chart


def province_map(picture: Picture, *, url: Callable[[str], str] | None = None) -> nation_map.Choropleth:
    """The loss of an average year by province."""
    lines = {line.key: line.mean for line in picture.lines("province")}
    drawn = {outline.properties.code for outline in outlines().features}
    values = {code: mean for code, mean in lines.items() if code in drawn}
    highest = max((mean for mean in values.values() if mean is not None), default=0.0)
    unit, head = unit_of(highest, picture.currency)
    return nation_map.choropleth(
        outlines(),
        values,
        sentence=contribution_sentence(picture, "province"),
        heads=(_("Province"), head),
        language=language(),
        lowest=0,
        highest=highest or 1.0,
        words=(_("nothing"), picture.money(highest), _("not known or too few to show")),
        write=lambda value: f"{value / unit:,.2f}",
        url=url,
    )


def unit_of(highest: float, currency: str) -> tuple[float, str]:
    """What amounts up to this are counted in, and how that is said of an average year."""
    if highest >= 1e9:
        return 1e9, _("%(currency)s billion a year") % {"currency": currency}
    if highest >= 1e6:
        return 1e6, _("%(currency)s million a year") % {"currency": currency}
    return 1e3, _("%(currency)s thousand a year") % {"currency": currency}


def one_in(chance: float) -> str:
    """A chance as people say it: "1 year in 20"."""
    if chance <= 0:
        return _("never")
    years = 1 / chance
    return _("1 year in %(years)s") % {
        "years": f"{years:,.0f}" if years >= 9.95 else f"{years:.1f}".rstrip("0").rstrip(".")
    }


def axis_title(picture: Picture) -> str:
    return _("Loss of a year, %(currency)s of %(year)s") % {
        "currency": picture.currency,
        "year": picture.result["year"],
    }


def _spots(points: Sequence[Sequence[float]], name: str = "") -> list[Spot]:
    """The points of a curve that an axis of orders of magnitude can show."""
    return [Spot(float(loss), float(chance), name) for loss, chance in points if loss > 0]


def _between(picture: Picture, row: Any) -> str:
    if row.get("low") is None or row.get("high") is None:
        return "–"
    return f"{picture.money(row['low'])} – {picture.money(row['high'])}"


def _bar_text(picture: Picture, mean: float | None, share: float | None) -> str:
    return picture.money(mean) if share is None else f"{picture.money(mean)} ({share:.0%})"
