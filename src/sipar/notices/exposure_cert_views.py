"""What a CERT's constituency exposes: by kind, place and time, what to fix first, and the list behind each number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import whole_number
from sipar.core.problems import not_open
from sipar.feeds.selectors import health
from sipar.formats.table_writing import Cell
from sipar.notices import exposure_constituency as selectors
from sipar.notices.exposure_constituency import Constituency, Line
from sipar.notices.exposure_pictures import SPANS, course_chart, kinds_chart, province_map
from sipar.notices.exposure_policy import CONSTITUENCY
from sipar.notices.exposure_selectors import Cut, findings_seen, listed, page_of
from sipar.notices.exposure_sub import sub_navigation
from sipar.notices.exposure_views import CSV_HEADER, ROWS, course_rows, finding_row, lines_of
from sipar.notices.exposure_words import (
    CRITICAL,
    SEVERITIES,
    Names,
    days_in_words,
    kind_word,
    province_names,
    sector_names,
    severity_word,
    words,
)
from sipar.teams.models import Team

FILTERS = ("cert", "kind", "severity", "sector", "province", "new", "unclaimed", "q")
TOP, SHOWN_FEEDS = 12, 10
MOST_ROWS = 20_000
LINE_HEADER = ("code", "name", "open", "not_seen_lately", "new_since_yesterday", "repaired_90_days", "median_days")


def constituency_page(request: ActorRequest) -> HttpResponse:
    """The constituency of one of the reader's CERTs; `?wall=1` for a wall."""
    now = timezone.now()
    team, cut = _asked(request)
    found = selectors.constituency_of(team, cut)
    sectors, provinces = sector_names(), province_names()
    days = 30 if request.GET.get("days") == "30" else 90
    wall = request.GET.get("wall") == "1"
    top = page_of(findings_seen(_of_team(team, cut), now=now), 1, size=TOP)
    context: dict[str, Any] = {
        **_filters(request, found, sectors, provinces),
        "found": found,
        "team": team,
        "wall": wall,
        "sentence": _sentence(found, sectors, provinces),
        "repair": days_in_words(found.total.days),
        "critical": next((line.live for line in found.severities if line.severity == CRITICAL), 0),
        "course": course_chart(found.course, now=now, days=days),
        "kinds": kinds_chart([(line.key, line.live) for line in found.kinds if line.live]),
        "kind_rows": _kind_rows(request, found),
        "sector_rows": _place_rows(request, found.sectors, sectors, "sector"),
        "map": province_map(
            {provinces[line.key][0]: line.live for line in found.provinces if line.key is not None},
            sentence=_map_sentence(found, provinces),
            head=_("Open findings"),
            url=lambda code: address(request, changes={"province": code}),
        ),
        "top": lines_of(top.rows),
        "feeds": [] if wall else health(now=now)[:SHOWN_FEEDS],
        "list_url": address(request, "exposure_findings"),
        "fresh_url": address(request, "exposure_findings", changes={"new": "1"}),
        "unclaimed_url": address(request, "exposure_findings", changes={"unclaimed": "1"}),
        "unclaimed": next((line.live for line in found.sectors if line.key is None), 0),
        "critical_url": address(request, "exposure_findings", changes={"severity": str(CRITICAL)}),
        "spans": [(span, address(request, changes={"days": str(span)})) for span in SPANS],
        "days": days,
        "csv": {name: address(request, "exposure_csv", args=(name,)) for name in _TABLES},
        "wall_url": address(request, changes={"wall": "1"}),
        "desk_url": address(request),
        "link": address(request),
    }
    if wall:
        context["navigation"] = []
    return render(request, "notices/exposure_constituency.html", context)


@gate(CONSTITUENCY)
@require_GET
def exposure_findings(request: ActorRequest) -> HttpResponse:
    """The open findings behind the numbers, what to fix first on top."""
    now = timezone.now()
    team, cut = _asked(request)
    page = page_of(findings_seen(_of_team(team, cut), now=now), whole_number(request.GET.get("page")) or 1, size=ROWS)
    sectors, provinces = sector_names(), province_names()
    context = {
        **_filters(request, None, sectors, provinces),
        "team": team,
        "page": page,
        "lines": lines_of(page.rows),
        "cut": cut,
        "csv": address(request, "exposure_csv", args=("findings",)),
        "back": address(request),
    }
    return render(request, "notices/exposure_findings.html", context)


@gate(CONSTITUENCY)
@require_GET
def exposure_csv(request: ActorRequest, name: str) -> HttpResponse:
    """A table of the constituency's page as CSV, cut as the page is."""
    if name not in _TABLES:
        raise not_open("table")
    now = timezone.now()
    team, cut = _asked(request)
    file = f"exposure-{team.code}-{name}.csv"
    if name == "findings":
        rows = listed(findings_seen(_of_team(team, cut), now=now), 0, MOST_ROWS)
        header = ("organisation", *CSV_HEADER)
        whose = [(row.organisation.identifier if row.organisation else None, *finding_row(row)) for row in rows]
        return download_table(header, whose, name=file)
    found = selectors.constituency_of(team, cut)
    if name == "course":
        return download_table(("day", "open"), course_rows(found.course, now=now), name=file)
    if name == "kinds":
        lines = [(line.key, kind_word(line.key), line) for line in found.kinds]
    elif name == "severities":
        lines = [(str(line.severity), severity_word(line.severity), line) for line in found.severities]
    else:
        names = sector_names() if name == "sectors" else province_names()
        places = found.sectors if name == "sectors" else found.provinces
        lines = [(*names[line.key], line) for line in places]
    return download_table(LINE_HEADER, [_csv_line(code, title, line) for code, title, line in lines], name=file)


_TABLES = ("findings", "course", "kinds", "severities", "sectors", "provinces")


def address(
    request: ActorRequest, name: str = "exposure", *, args: tuple[str, ...] = (), changes: dict[str, str] | None = None
) -> str:
    """A page of the constituency with the filters of this one, changed; an empty change drops a filter."""
    values = {key: request.GET[key] for key in FILTERS if request.GET.get(key)} | (changes or {})
    query = urlencode({key: value for key, value in values.items() if value})
    return f"{reverse(name, args=args)}?{query}" if query else reverse(name, args=args)


def _asked(request: ActorRequest) -> tuple[Team, Cut]:
    team = selectors.team_chosen(request.actor, request.GET.get("cert", "")[:60])
    return team, selectors.cut_from(request.GET)


def _of_team(team: Team, cut: Cut) -> Cut:
    """The cut for single findings: the CERT that covers the nation needs no list of members."""
    return cut if team.covers_all else replace(cut, team=team.pk)


def _filters(request: ActorRequest, found: Constituency | None, sectors: Names, provinces: Names) -> dict[str, Any]:
    chosen = {key: request.GET.get(key, "") for key in FILTERS}
    kinds = {line.key for line in found.kinds} if found else set()
    if chosen["kind"]:
        kinds.add(chosen["kind"])
    teams = selectors.teams_of_desk(request.actor)
    return {
        "chosen": chosen,
        "sector_options": [pair for key, pair in sectors.items() if key is not None],
        "province_options": [pair for key, pair in provinces.items() if key is not None],
        "severity_options": [(str(place), str(word)) for place, word in enumerate(SEVERITIES)],
        "kind_options": sorted(((kind, kind_word(kind)) for kind in kinds), key=lambda pair: pair[1]),
        "team_options": [(team.code, words(team.name)) for team in teams] if len(teams) > 1 else [],
        "clear": reverse("exposure") if any(chosen.values()) else "",
        "here": request.get_full_path(),
        "today": timezone.now().date(),
        "sub_links": sub_navigation(request.actor, request.path),
    }


def _kind_rows(request: ActorRequest, found: Constituency) -> list[dict[str, Any]]:
    return [
        {
            "line": line, "label": kind_word(line.key), "days": days_in_words(line.days), "step": line.severity + 1,
            "severity": severity_word(line.severity), "url": address(request, changes={"kind": line.key}),
        }
        for line in found.kinds
    ]  # fmt: skip


def _place_rows(request: ActorRequest, lines: list[Line], names: Names, key: str) -> list[dict[str, Any]]:
    return [
        {
            "line": line, "label": names[line.key][1], "days": days_in_words(line.days),
            "url": address(request, changes={key: names[line.key][0]} if names[line.key][0] else {"unclaimed": "1"}),
        }
        for line in lines
        if line.key in names
    ]  # fmt: skip


def _csv_line(code: str, title: str, line: Line) -> tuple[Cell, ...]:
    return (code, title, line.live, line.stale, line.fresh, line.repairs, line.days)


def _sentence(found: Constituency, sectors: Names, provinces: Names) -> str:
    """The one sentence on top."""
    if found.counted_at is None:
        return _("Nothing was counted yet.")
    if not found.total.live:
        return _("Nothing is open in this part of the constituency.")
    critical = next((line.live for line in found.severities if line.severity == CRITICAL), 0)
    said = ngettext("One finding is open", "%(number)s findings are open", found.total.live) % {
        "number": f"{found.total.live:,}"
    }
    said = _("%(said)s, %(critical)s of them critical") % {"said": said, "critical": f"{critical:,}"}
    worst = next((line for line in found.sectors if line.key is not None), None)
    if found.cut.sector is not None or worst is None:
        return f"{said}."
    return _("%(said)s; most are in %(sector)s.") % {"said": said, "sector": sectors[worst.key][1]}


def _map_sentence(found: Constituency, provinces: Names) -> str:
    most = next((line for line in found.provinces if line.key is not None and line.live), None)
    if most is None:
        return _("No open finding has a known province")
    return _("Most open findings are in %(place)s: %(number)s") % {
        "place": provinces[most.key][1], "number": f"{most.live:,}",
    }  # fmt: skip
