"""The exposure layer of the national board: aggregates for everybody who reads the board, never a name."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.formats.table_writing import Cell
from sipar.notices.exposure_nation import NationalExposure, Place, national_exposure
from sipar.notices.exposure_pictures import course_chart, national_heat, national_sentence, province_map
from sipar.notices.exposure_policy import NATION
from sipar.notices.exposure_sub import sub_navigation
from sipar.notices.exposure_views import course_rows
from sipar.notices.exposure_words import Names, days_in_words, province_names, sector_names
from sipar.people.roles import TEAM_ROLES

TABLES = ("sectors", "provinces", "cells", "course")


@gate(NATION)
@require_GET
def exposure_nation(request: ActorRequest) -> HttpResponse:
    """Organisations with an open critical finding by sector and province, how fast is repaired, where it goes."""
    now = timezone.now()
    found = national_exposure(request.actor)
    sectors, provinces = sector_names(), province_names()
    wall = request.GET.get("wall") == "1"
    staff = request.actor.holds(*TEAM_ROLES)
    heat = national_heat(found, sectors, provinces)
    context: dict[str, Any] = {
        "found": found,
        "staff": staff,
        "wall": wall,
        "sentence": national_sentence(found),
        "repair": days_in_words(found.days),
        "heatmap": heat if heat.rows else None,
        "map": province_map(
            {provinces[place.key][0]: place.critical for place in found.provinces},
            sentence=_("Organisations with an open critical finding, by province"),
            head=_("Organisations"),
        ),
        "sector_rows": rows_of(found.sectors, sectors),
        "course": course_chart(found.course, now=now, days=90) if found.course else None,
        "sub_links": sub_navigation(request.actor, request.path),
        "read_at": now,
        "csv": {name: reverse("exposure_nation_csv", args=[name]) for name in TABLES},
    }
    if wall:
        context["navigation"] = []
    return render(request, "notices/exposure_nation.html", context)


@gate(NATION)
@require_GET
def exposure_nation_csv(request: ActorRequest, name: str) -> HttpResponse:
    """A table of the national layer as CSV, with the same cells hidden."""
    if name not in TABLES:
        raise not_open("table")
    found = national_exposure(request.actor)
    file = f"exposure-nation-{name}.csv"
    if name == "course":
        return download_table(("day", "open"), course_rows(found.course, now=timezone.now()), name=file)
    sectors, provinces = sector_names(), province_names()
    if name == "cells":
        critical = ("sector", "province", "organisations_critical")
        return download_table(critical, _cells(found, sectors, provinces), name=file)
    places, names = (found.sectors, sectors) if name == "sectors" else (found.provinces, provinces)
    header = ("code", "name", "organisations_critical", "median_days")
    return download_table(header, [(*names[place.key], place.critical, place.days) for place in places], name=file)


def rows_of(places: tuple[Place, ...], names: Names) -> list[dict[str, Any]]:
    """Lines of a table of places, those with most organisations first, hidden ones last."""
    ranked = sorted(places, key=lambda place: (place.critical is None, -(place.critical or 0), names[place.key][1]))
    return [
        {"label": names[place.key][1], "critical": place.critical, "days": days_in_words(place.days)}
        for place in ranked
    ]  # fmt: skip


def _cells(found: NationalExposure, sectors: Names, provinces: Names) -> list[tuple[Cell, ...]]:
    return [
        (sectors[sector.key][0], provinces[province.key][0], cell)
        for sector, row in zip(found.sectors, found.cells, strict=True)
        for province, cell in zip(found.provinces, row, strict=True)
    ]
