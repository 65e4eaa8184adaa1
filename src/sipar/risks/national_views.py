"""The national risk board and what stands around it: scenarios, dependencies, and how far to trust the numbers.

Everything is read from stored results: no page works anything out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.people.roles import TEAM_ROLES
from sipar.risks import national_pictures as pictures
from sipar.risks import selectors
from sipar.risks.models import Run
from sipar.risks.national_graph import graph_of, provider_lines
from sipar.risks.national_reading import DIMENSIONS, Picture, names_of, picture_of
from sipar.risks.national_scenarios import scenario_cards, scenario_facts
from sipar.risks.national_sub import sub_navigation
from sipar.risks.national_trust import engines_chart, past_years, tornado_chart, trust_sentences, verdict_of
from sipar.risks.national_words import DIMENSION_WORDS, three_sentences
from sipar.risks.policy import NATION_GATE, may_model, may_read_nation

CHARTED = ("sector", "scenario")
TABLED = ("tier", "provider", "requirement")
MOST_LINES = 15


@gate(NATION_GATE)
@require_GET
def board(request: ActorRequest) -> HttpResponse:
    """What a bad year costs the nation, and what makes it so; served from the run that counts."""
    if not may_read_nation(request.actor) and request.actor.holds(*TEAM_ROLES):
        return redirect("/risks/organisation/")
    picture = _latest(request)
    if picture is None:
        return render(request, "risks/nothing.html", _nothing(request))
    return render(request, "risks/board.html", {**frame(request), **board_context(picture)})


@gate(NATION_GATE)
@require_GET
def board_csv(request: ActorRequest, run: int, name: str) -> HttpResponse:
    """The contributions of a dimension, the quantiles or the curve of a run as CSV, as its reader may see them."""
    found = selectors.access_run(request.actor, run)
    picture = picture_of(request.actor, found)
    if picture is None:
        raise not_open("run")
    header, rows = table_of(picture, name)
    return download_table(header, rows, name=f"risk-run-{run}-{name}.csv")


@gate(NATION_GATE)
@require_GET
def dependencies(request: ActorRequest) -> HttpResponse:
    """Who rests on whom: shared providers, what their failure costs, and the sectors behind them."""
    picture = _latest(request)
    if picture is None:
        return render(request, "risks/nothing.html", _nothing(request))
    lines = provider_lines(picture)
    context = {
        "picture": picture,
        "graph": graph_of(picture),
        "providers": lines,
        "worst": next((line for line in lines if line.loss is not None), None),
    }
    return render(request, "risks/dependencies.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def scenarios(request: ActorRequest) -> HttpResponse:
    """The library: everything that can happen, how often, and what it costs."""
    used = selectors.assumptions_in_use(request.actor)
    if used is None:
        return render(request, "risks/nothing.html", _nothing(request))
    picture = _latest(request)
    cards = scenario_cards(used.document, picture if picture and picture.run.assumptions_id == used.pk else None)
    context = {"assumptions": used, "cards": cards, "currency": used.document["currency"]}
    return render(request, "risks/scenarios.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def scenario(request: ActorRequest, key: str) -> HttpResponse:
    """One scenario of the library, with the source of each number."""
    used = selectors.assumptions_in_use(request.actor)
    entry = next((each for each in used.document["scenarios"] if each["key"] == key), None) if used else None
    if used is None or entry is None:
        raise not_open("scenario")
    context = {
        "assumptions": used,
        "entry": entry,
        "facts": scenario_facts(
            entry, currency=used.document["currency"], names=names_of(used.document, framework=None)
        ),
        "trail": [{"url": reverse("risk_scenarios"), "label": _("What can happen")}],
    }
    return render(request, "risks/scenario.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def trust(request: ActorRequest) -> HttpResponse:
    """What the answer hangs on, how the two engines agree, and what past years say."""
    picture = _latest(request)
    if picture is None:
        return render(request, "risks/nothing.html", _nothing(request))
    context = {
        "picture": picture,
        "sentences": trust_sentences(picture),
        "tornado": tornado_chart(picture),
        "engines": engines_chart(picture),
        "past": past_years(picture),
        "verdict": verdict_of(picture),
    }
    return render(request, "risks/trust.html", {**frame(request), **context})


def frame(request: ActorRequest) -> dict[str, Any]:
    """What every page of risk has."""
    return {
        "sub_links": sub_navigation(request.actor, request.path),
        "may_model": may_model(request.actor),
    }


def board_context(picture: Picture) -> dict[str, Any]:
    """The board of one run: sentences, curve, contributions, map."""
    charts = [(name, pictures.contributions(picture, name)) for name in CHARTED]
    tables = [
        {"key": name, "title": DIMENSION_WORDS[name], "lines": picture.lines(name)[:MOST_LINES]} for name in TABLED
    ]
    return {
        "picture": picture,
        "run": picture.run,
        "sentences": three_sentences(picture),
        "curve": pictures.exceedance(picture),
        "charts": [
            {"chart": chart, "csv": reverse("risk_csv", args=[picture.run.pk, name])} for name, chart in charts if chart
        ],
        "tables": [table for table in tables if table["lines"]],
        "map": pictures.province_map(picture),
    }


def table_of(picture: Picture, name: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """A table of a run by its name; raises NotFound for names that no run has."""
    if name in DIMENSIONS:
        header = ("key", "name", "mean", "shortfall", "organisations")
        return header, [
            (line.key, line.name, line.mean, line.shortfall, line.organisations) for line in picture.lines(name)
        ]
    if name == "quantiles":
        rows = picture.result["quantiles"]
        return ("level", "value", "low", "high"), [
            (row["level"], row["value"], row.get("low"), row.get("high")) for row in rows
        ]
    if name == "curve":
        return ("loss", "probability_of_more"), [(loss, chance) for loss, chance in picture.result["curve"]]
    raise not_open("table")


def _latest(request: ActorRequest) -> Picture | None:
    found: Run | None = selectors.latest_run(request.actor)
    return picture_of(request.actor, found) if found is not None else None


def _nothing(request: ActorRequest) -> Mapping[str, Any]:
    """Why there is nothing yet, and the next step."""
    used = selectors.assumptions_in_use(request.actor)
    running = next((run for run in selectors.runs_seen(request.actor)[:5] if run.state in ("waiting", "running")), None)
    return {**frame(request), "assumptions": used, "running": running}
