"""The national report: one picture of a campaign, drawn from the same reads as the board, under its reader's rules.

It is drawn once for each language as HTML that stands alone, and as PDF. The data stands beside it in the run's
result, so that report, CSV and JSON say the same. Nothing is fetched: charts and map are SVG inside the document, and
the fonts are Sipar's own files.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import get_language_info, override

from sipar.assessments.models import Campaign
from sipar.board import selectors, tables
from sipar.board.evidence import evidence
from sipar.board.reading import Scope
from sipar.board.selectors import Board
from sipar.board.tables import Table
from sipar.board.trends import movement
from sipar.board.views import pictures
from sipar.core.acting import Actor
from sipar.ui.chart_images import to_svg
from sipar.ui.charts import Chart
from sipar.ui.context import nation

MOST_URGENT = 20


def report_data(actor: Actor, campaign: Campaign, *, now: datetime) -> dict[str, Any]:
    """The report's tables by key, in the active language: {key: {caption, header, heads, rows}}."""
    board = _board(actor, campaign)
    found = (
        tables.sectors(board), tables.provinces(board), tables.tiers(board),
        tables.teams(board, selectors.team_names()), tables.heat(board), tables.groups(board),
        tables.requirements(board), tables.trend(movement(actor, campaign, Scope())), _indicators(actor, now),
    )  # fmt: skip
    return {table.key: asdict(table) for table in found}


def report_html(actor: Actor, campaign: Campaign, language: str, *, now: datetime) -> str:
    """The report in one language as an HTML document without any reference to another file."""
    with override(language):
        board = _board(actor, campaign)
        trend = movement(actor, campaign, Scope())
        urgent = sorted(board.requirements, key=lambda each: -(each.gap or 0.0))[:MOST_URGENT]
        titles = {requirement.id: requirement.title for requirement in board.framework.requirements}
        context = {
            "language": language,
            "direction": "rtl" if get_language_info(language)["bidi"] else "ltr",
            "nation_name": nation().name,
            "authority": nation().authority,
            "campaign": campaign,
            "framework": board.framework.catalogue,
            "board": board,
            "headline": pictures.headline(board),
            "map": pictures.province_map(board),
            "heatmap": pictures.heat_map(board),
            "distribution": _svg(pictures.distribution_chart(board)) if board.groups else "",
            "trend": _svg(pictures.trend_chart(trend)),
            "sectors": tables.sectors(board),
            "tiers": tables.tiers(board),
            "urgent": [{"standing": each, "title": titles[each.key]} for each in urgent],
            "evidence": evidence(actor, now=now),
            "now": now,
            "style": _style("report.css"),
            "map_style": _style("map.css"),
        }
        return render_to_string("board/report/document.html", context)


def _board(actor: Actor, campaign: Campaign) -> Board:
    return selectors.board_of(actor, campaign, Scope(), by_team=True)


def _indicators(actor: Actor, now: datetime) -> Table:
    header = ("indicator", "sentence", "of", "value", "unit", "status")
    rows: list[tuple[tables.Cell, ...]] = []
    for item in evidence(actor, now=now):
        start = (item.indicator.identifier, tables.words(item.indicator.sentence))
        if item.rows:
            rows += [(*start, name, count, "count", "") for name, count in item.rows]
        else:
            rows.append((*start, "", item.value, item.indicator.unit, item.unknown))
    return Table("indicators", "GCI / NCAF", header, header, tuple(rows))


def _svg(chart: Chart) -> str:
    return mark_safe(to_svg(chart.spec))  # noqa: S308 - drawn by us from numbers and escaped words


def _style(name: str) -> str:
    return mark_safe((Path(__file__).parent / "templates" / "board" / "report" / name).read_text("utf-8"))  # noqa: S308
