"""The national situation, for a desk and (?wall=1) for a wall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.board.views.pictures import outlines
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.incidents.campaign_selectors import campaigns, spreads_of, victims_shown
from sipar.incidents.situation_selectors import (
    OUTLOOKS,
    SITUATION,
    Situation,
    Table,
    open_national_incidents,
    situation_of,
)
from sipar.incidents.situation_words import (
    Names,
    headline,
    language,
    level_step,
    level_word,
    map_sentence,
    outlook_sentence,
    outlook_word,
    province_names,
    sector_names,
    team_names,
    trend_sentence,
)
from sipar.orgs.models import Sector
from sipar.people.roles import TEAM_ROLES
from sipar.ui import charts
from sipar.ui import map as nation_map
from sipar.ui.heatmap import HeatCell, HeatMap, HeatRow, step_class

MOST_CAMPAIGNS = 8
LABELLED_EVERY = 17


@gate(SITUATION)
@require_GET
def situation(request: ActorRequest) -> HttpResponse:
    """What is open in the nation, where, how severe, who has it, and where it goes."""
    now = timezone.now()
    found = situation_of(request.actor, now=now)
    sectors, provinces, teams = sector_names(), province_names(), team_names()
    staff = request.actor.holds(*TEAM_ROLES)
    wall = request.GET.get("wall") == "1"
    context: dict[str, Any] = {
        "situation": found,
        "headline": headline(found, sectors),
        "staff": staff,
        "wall": wall,
        "heatmap": severity_by_sector(found, sectors, links=staff),
        "map": open_by_province(found, provinces, links=staff),
        "loads": _loads(found.teams, teams),
        "outlook_sentence": outlook_sentence(found),
        "outlooks": [(outlook_word(code), found.outlooks.total_of(code)) for code in OUTLOOKS],
        "trend": trend_chart(found),
        "read_at": now,
        "campaigns": _campaigns() if staff else [],
        "campaign_count": sum(number for _level, _outlook, number in open_national_incidents()),
        "worst_campaigns": _worst(),
    }
    if wall:
        context["navigation"] = []
    return render(request, "incidents/board_situation.html", context)


def severity_by_sector(found: Situation, sectors: Names, *, links: bool) -> HeatMap:
    """Severity down from the worst, a row for each sector that has open cases; zero is plain, hidden is grey."""
    table = found.sectors
    lines = {line.key: line for line in table.lines}
    highest = max((cell or 0 for line in table.lines for cell in line.cells), default=1)

    def cell(number: int | None, level: str, sector: str) -> HeatCell:
        if number is None:
            return HeatCell("–", "sp-step-unknown")
        if not number:
            return HeatCell("0", "")
        url = cases_address(sector=sector, severity=level) if links and level and sector else ""
        return HeatCell(f"{number:,}", step_class(float(number), 0, highest), url)

    rows = tuple(
        HeatRow(
            name,
            tuple(cell(number, level, code) for level, number in zip(found.levels, lines[key].cells, strict=True)),
            cases_address(sector=code) if links and code else "",
        )
        for key, (code, name) in sectors.items()
        if key in lines
    )
    columns = tuple(level_word(level) for level in found.levels)
    words = (_("few"), _("many"), _("too few to show"))
    return HeatMap(_("Open incidents by severity and sector"), _("Sector"), columns, rows, *words)


def open_by_province(found: Situation, provinces: Names, *, links: bool) -> nation_map.Choropleth:
    """Open cases by province on the map."""
    drawn = {outline.properties.code for outline in outlines().features}
    counts = {provinces[line.key][0]: line.total for line in found.provinces.lines if line.key is not None}
    hidden = {code for code, number in counts.items() if number is None}
    values = {code: None if code in hidden else float(counts.get(code) or 0) for code in drawn}
    return nation_map.choropleth(
        outlines(),
        values,
        sentence=map_sentence(found, provinces),
        heads=(_("Province"), _("Open")),
        language=language(),
        lowest=0,
        highest=max((value for value in values.values() if value), default=1.0),
        words=(_("none"), _("many"), _("too few to show")),
        write=lambda value: f"{value:,.0f}",
        url=(lambda code: cases_address(province=code)) if links else None,
    )


def trend_chart(found: Situation) -> charts.Chart:
    """Reported cases week by week over a year."""
    starts = [found.since + timedelta(weeks=week) for week in range(len(found.weeks))]
    labels = [f"{start:%Y-%m-%d}" for start in starts]
    points = [charts.Point(label, float(number)) for label, number in zip(labels, found.weeks, strict=True)]
    chart = charts.trend(
        "reported",
        points,
        sentence=trend_sentence(found),
        heads=(_("Week from"), _("Reported")),
        language=language(),
        decimals=0,
    )
    chart.spec["encoding"]["x"]["axis"]["values"] = labels[::LABELLED_EVERY]
    return chart


def cases_address(**wanted: str) -> str:
    """The list of the open cases that the reader sees, narrowed down."""
    return f"{reverse('cases')}?{urlencode({'state': 'open', **wanted})}"


def _loads(table: Table, teams: Names) -> list[dict[str, Any]]:
    """CERTs with open cases, the fullest desk first."""
    lines = sorted(table.lines, key=lambda line: -(line.total or 0))
    return [
        {"name": teams[line.key][1], "waiting": line.cells[0], "working": line.cells[1], "total": line.total}
        for line in lines
    ]


def _campaigns() -> list[dict[str, Any]]:
    """The open national incidents with as many victims as may be told."""
    rows = list(campaigns().filter(state="open")[:MOST_CAMPAIGNS])
    spreads = spreads_of([row.pk for row in rows])
    sectors = {sector.pk: sector for sector in Sector.objects.filter(parent=None)}
    return [
        {
            "campaign": row,
            "step": level_step(row.severity_level),
            "word": level_word(row.severity_level),
            "outlook": outlook_word(row.outlook),
            "victims": victims_shown(spreads[row.pk], sectors),
        }
        for row in rows
    ]


def _worst() -> list[dict[str, Any]]:
    """The severities of the open national incidents, for readers who see no national incident itself."""
    found: dict[str, int] = {}
    for level, _outlook, number in open_national_incidents():
        found[level] = found.get(level, 0) + number
    ranked = sorted(found.items(), key=lambda pair: -level_step(pair[0]))
    return [{"step": level_step(level), "word": level_word(level), "number": number} for level, number in ranked]
