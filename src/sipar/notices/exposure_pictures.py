"""The pictures of the exposure pages, each under a sentence that says what to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.board.views.pictures import outlines
from sipar.notices.exposure_nation import NationalExposure
from sipar.notices.exposure_words import Names, kind_word, language
from sipar.ui import charts
from sipar.ui import map as nation_map
from sipar.ui.heatmap import HeatCell, HeatMap, HeatRow, step_class

MOST_KINDS = 12
MOST_POINTS, LABELLED_EVERY = 30, 7
SPANS = (30, 90)


def course_chart(course: Sequence[int], *, now: datetime, days: int) -> charts.Chart:
    """Open findings at the end of the last `days` days, of every third where they are many; the CSV has them all."""
    shown = list(course)[-days:]
    dated = [(now - timedelta(days=len(shown) - 1 - place), number) for place, number in enumerate(shown)]
    step = max(1, days // MOST_POINTS)
    points = [charts.Point(f"{day:%Y-%m-%d}", float(number)) for day, number in dated[::-1][::step][::-1]]
    labels = [point.when for point in points]
    chart = charts.trend(
        "course", points, sentence=course_sentence(shown), heads=(_("Day"), _("Open findings")), language=language(),
        decimals=0,
    )  # fmt: skip
    chart.spec["encoding"]["x"]["axis"]["values"] = labels[::LABELLED_EVERY]
    chart.spec["layer"][0]["mark"]["point"] = False
    return chart


def course_sentence(shown: Sequence[int]) -> str:
    if not shown:
        return _("Nothing was counted yet")
    values = {"before": f"{shown[0]:,}", "now": f"{shown[-1]:,}", "days": len(shown)}
    if shown[-1] > shown[0]:
        return _("More is open than %(days)s days ago: %(now)s instead of %(before)s") % values
    if shown[-1] < shown[0]:
        return _("Less is open than %(days)s days ago: %(now)s instead of %(before)s") % values
    return _("As much is open as %(days)s days ago: %(now)s") % values


def kinds_chart(kinds: Sequence[tuple[str, int]]) -> charts.Chart:
    """Open findings by kind, (kind, number), the most frequent first."""
    ranked = sorted(kinds, key=lambda pair: (-pair[1], pair[0]))[:MOST_KINDS]
    bars = [charts.Bar(kind_word(kind), float(number), f"{number:,}") for kind, number in ranked]
    sentence = (
        _("Most often: %(kind)s, %(number)s") % {"kind": bars[0].label, "number": bars[0].text}
        if bars
        else _("Nothing is open")
    )
    heads = (_("What is seen"), _("Open findings"))
    return charts.bars("kinds", bars, sentence=sentence, heads=heads, language=language())


def province_map(
    counts: Mapping[str, int | None],
    *,
    sentence: str,
    head: str,
    url: Callable[[str], str] | None = None,
) -> nation_map.Choropleth:
    """`counts` by province code; None: hidden. Provinces that are not named have none."""
    drawn = {outline.properties.code for outline in outlines().features}
    values = {code: None if counts.get(code, 0) is None else float(counts.get(code) or 0) for code in drawn}
    return nation_map.choropleth(
        outlines(),
        values,
        sentence=sentence,
        heads=(_("Province"), head),
        language=language(),
        lowest=0,
        highest=max((value for value in values.values() if value), default=1.0),
        words=(_("none"), _("many"), _("too few to show")),
        write=lambda value: f"{value:,.0f}",
        url=url,
    )


def national_heat(found: NationalExposure, sectors: Names, provinces: Names) -> HeatMap:
    """Organisations with an open critical finding by sector and province; zero is plain, hidden is grey."""
    highest = max((cell or 0 for row in found.cells for cell in row), default=0) or 1

    def cell(number: int | None) -> HeatCell:
        if number is None:
            return HeatCell("–", "sp-step-unknown")
        return HeatCell(f"{number:,}", step_class(float(number), 0, highest)) if number else HeatCell("0", "")

    rows = tuple(
        HeatRow(sectors[place.key][1], tuple(cell(number) for number in row))
        for place, row in zip(found.sectors, found.cells, strict=True)
        if place.critical != 0
    )
    columns = tuple(provinces[place.key][1] for place in found.provinces)
    sentence = _("Organisations with an open critical finding, by sector and province")
    return HeatMap(sentence, _("Sector"), columns, rows, _("few"), _("many"), _("too few to show"))


def national_sentence(found: NationalExposure) -> str:
    """The one sentence on top of the national layer."""
    if found.critical is None:
        return _("Too few organisations stand behind this to show numbers.")
    if not found.critical:
        return _("No organisation has an open critical finding.")
    return ngettext(
        "One organisation of about %(all)s has an open critical finding.",
        "%(number)s of %(all)s organisations have an open critical finding.",
        found.critical,
    ) % {"number": f"{found.critical:,}", "all": f"{found.organisations:,}"}
