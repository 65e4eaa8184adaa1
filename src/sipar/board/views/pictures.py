"""The pictures of the board: the same figures as its tables, each under a sentence that says what to see."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.board import tables
from sipar.board.rollup import Line, Standing
from sipar.board.selectors import Board
from sipar.board.trends import Movement
from sipar.nations import profile
from sipar.nations.outlines import OutlineMap, load_map
from sipar.ui import charts, heatmap
from sipar.ui import map as nation_map
from sipar.ui.context import nation


@cache
def outlines() -> OutlineMap:
    """The map of the nation that this installation serves."""
    folder = Path(settings.NATION)
    served = nation()
    return load_map((folder if folder.is_absolute() else profile.SHIPPED / served.identifier) / "map.json", served)


def language() -> str:
    return (get_language() or "en").split("-")[0]


def scale_words(board: Board) -> tuple[str, str, str]:
    scale = board.framework.catalogue.scale
    low, high = (f"{step.level} {tables.words(step.title)}" for step in (scale[0], scale[-1]))
    return low, high, _("not known or too few to show")


def province_map(board: Board, *, url: Callable[[str], str] | None = None) -> nation_map.Choropleth:
    """The share of organisations that meet their target, by province."""
    lines = {board.province_names[line.key][0]: line for line in board.provinces}
    drawn = {outline.properties.code for outline in outlines().features}
    shares = {code: line.share_meeting for code, line in lines.items() if code in drawn}
    return nation_map.choropleth(
        outlines(),
        shares,
        sentence=_map_sentence(board),
        heads=(_("Province"), _("Meet their target")),
        language=language(),
        lowest=0,
        highest=1,
        words=(_("0% lowest"), _("100% highest"), _("not known or too few to show")),
        write=lambda share: f"{share:.0%}",
        url=url,
    )


def heat_map(
    board: Board, *, row_url: Callable[[str], str] | None = None, cell_url: Callable[[str, str], str] | None = None
) -> heatmap.HeatMap:
    """Mean level per sector and framework group."""
    titles = tables.group_titles(board)
    codes = [board.sector_names[line.key][0] for line in board.sectors]
    groups = list(titles)
    return heatmap.heat_map(
        board.heat.tolist(),
        sentence=weakest_sentence(board),
        corner=_("Sector"),
        rows=[tables.words(board.sector_names[line.key][1]) for line in board.sectors],
        columns=list(titles.values()),
        lowest=0,
        highest=board.framework.rules.top_level,
        words=scale_words(board),
        row_urls=[row_url(code) for code in codes] if row_url else (),
        cell_url=(lambda row, column: cell_url(codes[row], groups[column])) if cell_url else None,
    )


def distribution_chart(board: Board) -> charts.Chart:
    """Each framework group's answers over the levels."""
    levels = tables.level_words(board)
    titles = tables.group_titles(board)
    lowest = min(board.groups, key=lambda group: float("inf") if group.mean is None else group.mean, default=None)
    sentence = (
        _("Answers stand lowest in %(group)s") % {"group": titles[lowest.key]} if lowest else _("No answers to show")
    )
    groups = [charts.Group(titles[group.key], group.counts) for group in board.groups]
    return charts.grouped_share(
        "distribution",
        groups,
        levels=levels,
        sentence=sentence,
        heads=(_("Group"), *levels),
        language=language(),
        off_scale=tables.OFF_SCALE,
    )


def requirement_chart(board: Board, standing: Standing) -> charts.Chart:
    """How many organisations stand on each level of one requirement."""
    levels = tables.level_words(board)
    place = max(range(len(levels)), key=lambda index: standing.counts[index])
    bars = [charts.Bar(word, count) for word, count in zip(levels, standing.counts, strict=True)]
    return charts.distribution(
        "levels",
        bars,
        sentence=_("Most organisations stand at: %(level)s") % {"level": levels[place]},
        heads=(_("Level"), _("Organisations")),
        language=language(),
        off_scale=tables.OFF_SCALE,
    )


def trend_chart(found: Movement) -> charts.Chart:
    """Mean and floor from campaign to campaign."""
    points = []
    for campaign, line in zip(found.campaigns, found.lines, strict=True):
        when = campaign.opens_at.strftime("%Y-%m")
        points += [
            charts.Point(when, round(value, 2), series)
            for series, value in ((_("Mean level"), line.mean), (_("Weakest group"), line.floor))
            if value is not None
        ]
    return charts.trend(
        "trend",
        points,
        sentence=_trend_sentence([line for line in found.lines if line.mean is not None]),
        heads=(_("Campaign"), _("Series"), _("Level")),
        language=language(),
        decimals=2,
    )


def headline(board: Board) -> str:
    """The one sentence on top of the board."""
    total = board.total
    if total.answered is None or total.meets is None:
        return _("Too few organisations stand behind this to show numbers.")
    if not total.answered:
        return _("No organisation has answered yet.")
    return _("%(meets)s of %(answered)s organisations that answered meet their target. %(weakest)s.") % {
        "meets": f"{total.meets:,}",
        "answered": f"{total.answered:,}",
        "weakest": weakest_sentence(board),
    }


def weakest_sentence(board: Board) -> str:
    if board.weakest is None:
        return _("There are no levels to compare yet")
    sector, group, level = board.weakest
    return _("The weakest is %(group)s in %(sector)s, at level %(level)s") % {
        "group": tables.group_titles(board)[group],
        "sector": tables.words(board.sector_names[sector][1]),
        "level": f"{level:.1f}",
    }


def _map_sentence(board: Board) -> str:
    known = [line for line in board.provinces if line.share_meeting is not None]
    if not known:
        return _("No province has an answer to show yet")
    best = max(known, key=lambda line: line.share_meeting or 0.0)
    return _("%(province)s comes closest to its targets: %(share)s meet them") % {
        "province": tables.words(board.province_names[best.key][1]),
        "share": f"{best.share_meeting:.0%}",
    }


def _trend_sentence(lines: list[Line]) -> str:
    if len(lines) < 2 or lines[0].mean is None or lines[-1].mean is None:
        return _("One campaign so far: there is nothing to compare")
    values = {"before": f"{lines[0].mean:.2f}", "after": f"{lines[-1].mean:.2f}"}
    if lines[-1].mean >= lines[0].mean:
        return _("The mean level rose from %(before)s to %(after)s") % values
    return _("The mean level fell from %(before)s to %(after)s") % values
