"""The pages of the board. The first picture comes with the page; the others come when a reader scrolls to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.board import selectors, tables
from sipar.board.policy import BOARD, sees_exact_numbers
from sipar.board.rollup import Line
from sipar.board.selectors import Board, Names
from sipar.board.trends import movement
from sipar.board.views import pictures
from sipar.board.views.frame import Question, csv_response, filters, question_of, required_question
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.notices.exposure_nation import national_exposure
from sipar.notices.exposure_nation_views import rows_of
from sipar.notices.exposure_pictures import national_sentence
from sipar.notices.exposure_policy import may_read_nation
from sipar.notices.exposure_words import sector_names

ROWS = 50
PIECES = ("distribution", "trend", "tiers", "certs", "unanswered", "exposure")


@gate(BOARD)
@require_GET
def show(request: ActorRequest) -> HttpResponse:
    """The board: one sentence, the map, the heat map, the sectors; the rest on the way down."""
    question = question_of(request)
    if question is None:
        return render(request, "board/nothing.html")
    board = selectors.board_of(request.actor, question.campaign, question.scope)
    context = {
        **filters(request, question),
        "board": board,
        "headline": pictures.headline(board),
        "places": _places(board),
        "map": pictures.province_map(board, url=lambda code: question.address(changes={"province": code}))
        if board.crosses
        else None,
        "heatmap": _heat(board, question) if board.crosses else None,
        "lines": _rows(board.sectors, board.sector_names, question, "sector"),
        "table": tables.sectors(board),
        "pieces": [
            {"name": name, "url": question.address("board_piece", args=(name,)), "label": label}
            for name, label in _piece_labels(board, exposure=may_read_nation(request.actor))
        ],
        "csv_sectors": question.address("board_csv", args=("sectors",)),
        "csv_provinces": question.address("board_csv", args=("provinces",)),
        "csv_heat": question.address("board_csv", args=("heat",)),
        "requirements_url": question.address("board_requirements"),
        "organisations_url": question.address("board_organisations") if board.exact else "",
        "link": question.address(),
    }
    return render(request, "board/show.html", context)


@gate(BOARD)
@require_GET
def piece(request: ActorRequest, name: str) -> HttpResponse:
    """One further picture: a fragment for htmx, a whole page for everybody else."""
    if name not in PIECES:
        raise not_open("picture")
    question = required_question(request)
    context = _PIECE_CONTEXTS[name](request, question) | {
        "piece": f"board/pieces/{name}.html",
        "campaign": question.campaign,
        "board_url": question.address(),
        "link": question.address("board_piece", args=(name,)),
        "csv": reverse("exposure_nation_csv", args=["sectors"])
        if name == "exposure"
        else question.address("board_csv", args=(name if name != "distribution" else "groups",)),
    }
    return render(request, f"board/pieces/{name}.html" if request.htmx else "board/piece.html", context)


@gate(BOARD)
@require_GET
def requirements(request: ActorRequest) -> HttpResponse:
    """Every requirement of one group of the framework, the furthest from its target first."""
    question = required_question(request)
    board = selectors.board_of(request.actor, question.campaign, question.scope)
    titles = tables.group_titles(board)
    chosen = request.GET.get("group", "")
    if chosen and chosen not in titles:
        raise not_open("group")
    members = _members(board, chosen)
    standings = [each for each in board.requirements if not chosen or each.key in members]
    standings.sort(key=lambda each: -(each.gap or 0.0))
    page = Paginator(standings, ROWS).get_page(request.GET.get("page"))
    names = {requirement.id: tables.words(requirement.title) for requirement in board.framework.requirements}
    rows = [
        {"standing": each, "name": names[each.key],
         "url": question.address("board_requirement", args=(each.key,))} for each in page
    ]  # fmt: skip
    context = {
        **filters(request, question), "board": board, "page": page, "rows": rows, "group": chosen,
        "group_options": list(titles.items()), "board_url": question.address(), "places": _places(board),
        "csv": question.address("board_csv", args=("requirements",)),
    }  # fmt: skip
    return render(request, "board/requirements.html", context)


@gate(BOARD)
@require_GET
def requirement(request: ActorRequest, identifier: str) -> HttpResponse:
    """One requirement over the organisations in scope."""
    question = required_question(request)
    board = selectors.board_of(request.actor, question.campaign, question.scope)
    place = board.framework.positions.get(identifier)
    if place is None:
        raise not_open("requirement")
    found = board.requirements[place] if board.requirements else None
    asked = board.framework.requirements[place]
    context = {
        "board": board, "standing": found, "requirement": asked, "campaign": question.campaign,
        "chart": pictures.requirement_chart(board, found) if found else None, "places": _places(board),
        "board_url": question.address(), "requirements_url": question.address("board_requirements"),
        "csv": question.address("board_csv", args=("requirements",)),
    }  # fmt: skip
    return render(request, "board/requirement.html", context)


@gate(BOARD)
@require_GET
def organisations(request: ActorRequest) -> HttpResponse:
    """The organisations behind the numbers, weakest first, for those who may see names."""
    question = required_question(request)
    rows = selectors.organisations_at(
        request.actor, question.campaign, question.scope, below_target=request.GET.get("below") == "1"
    )
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {**filters(request, question), "page": page, "board_url": question.address()}
    return render(request, "board/organisations.html", context)


@gate(BOARD)
@require_GET
def csv(request: ActorRequest, name: str) -> HttpResponse:
    """A table of the board as CSV, under the same rules as its page."""
    make = _CSV.get(name)
    if make is None:
        raise not_open("table")
    question = required_question(request)
    return csv_response(make(request, question), question)


def _board(request: ActorRequest, question: Question, *, by_team: bool = False, levels: bool = True) -> Board:
    return selectors.board_of(request.actor, question.campaign, question.scope, by_team=by_team, levels=levels)


def _unanswered_table(request: ActorRequest, question: Question) -> tables.Table:
    rows = selectors.who_has_not_answered(request.actor, question.campaign, question.scope)[:100_000]
    header = ("identifier", "name", "sector", "province", "tier", "state", "answered")
    return tables.Table(
        "unanswered", _("Who has not answered"), header, header,
        tuple(
            (
                row.organisation.identifier, row.organisation.name, tables.words(row.organisation.sector.name),
                tables.words(row.organisation.province.name), row.organisation.tier, row.state, row.answered,
            )
            for row in rows
        ),
    )  # fmt: skip


_CSV: dict[str, Callable[[ActorRequest, Question], tables.Table]] = {
    "sectors": lambda request, question: tables.sectors(_board(request, question, levels=False)),
    "provinces": lambda request, question: tables.provinces(_board(request, question, levels=False)),
    "tiers": lambda request, question: tables.tiers(_board(request, question, levels=False)),
    "certs": lambda request, question: tables.teams(
        _board(request, question, by_team=True, levels=False), selectors.team_names()
    ),
    "heat": lambda request, question: tables.heat(_board(request, question)),
    "groups": lambda request, question: tables.groups(_board(request, question)),
    "requirements": lambda request, question: tables.requirements(_board(request, question)),
    "trend": lambda request, question: tables.trend(movement(request.actor, question.campaign, question.scope)),
    "unanswered": _unanswered_table,
}


def _distribution(request: ActorRequest, question: Question) -> dict[str, Any]:
    board = _board(request, question)
    return {"chart": pictures.distribution_chart(board), "table": tables.groups(board), "board": board}


def _trend(request: ActorRequest, question: Question) -> dict[str, Any]:
    found = movement(request.actor, question.campaign, question.scope)
    return {"chart": pictures.trend_chart(found), "paired": found.paired, "table": tables.trend(found)}


def _tiers(request: ActorRequest, question: Question) -> dict[str, Any]:
    board = _board(request, question, levels=False)
    return {"lines": _rows(board.tiers, tables.tier_names(), question, "tier"), "table": tables.tiers(board)}


def _certs(request: ActorRequest, question: Question) -> dict[str, Any]:
    names = selectors.team_names()
    board = _board(request, question, by_team=True, levels=False)
    lines = _rows(board.teams(names), tables.with_nobody(names), question, "cert")
    return {"lines": lines, "table": tables.teams(board, names)}


def _unanswered(request: ActorRequest, question: Question) -> dict[str, Any]:
    board = _board(request, question, levels=False)
    context: dict[str, Any] = {
        "board": board,
        "by_sector": _rows(board.sectors, board.sector_names, question, "sector"),
    }
    if sees_exact_numbers(request.actor):
        rows = selectors.who_has_not_answered(request.actor, question.campaign, question.scope)
        context["page"] = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return context


def _exposure(request: ActorRequest, question: Question) -> dict[str, Any]:
    """The whole nation's, whatever the filters say: aggregates of exposure are not cut further."""
    found = national_exposure(request.actor)
    sectors = sector_names()
    return {
        "sector_rows": rows_of(found.sectors, sectors),
        "exposure_sentence": national_sentence(found),
        "exact": found.exact,
    }


_PIECE_CONTEXTS: dict[str, Callable[[ActorRequest, Question], dict[str, Any]]] = {
    "distribution": _distribution,
    "trend": _trend,
    "tiers": _tiers,
    "certs": _certs,
    "unanswered": _unanswered,
    "exposure": _exposure,
}


def _piece_labels(board: Board, *, exposure: bool) -> list[tuple[str, str]]:
    labels = {
        "distribution": _("How the answers are distributed"),
        "trend": _("How it moved between campaigns"),
        "tiers": _("By criticality tier"),
        "certs": _("By CERT that leads"),
        "unanswered": _("Who has not answered"),
    }
    if exposure and board.scope.is_everything:
        labels["exposure"] = _("What is exposed")
    whole_only = ("tiers", "certs")
    cut = board.exact or board.scope.is_everything
    return [(name, label) for name, label in labels.items() if cut or name not in whole_only]


def _rows(lines: list[Line], names: Names, question: Question, filter_name: str) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "label": tables.words(names[line.key][1]),
            "url": question.address(changes={filter_name: names[line.key][0]}) if names[line.key][0] else "",
        }
        for line in lines
    ]


def _heat(board: Board, question: Question) -> Any:
    return pictures.heat_map(
        board,
        row_url=lambda code: question.address(changes={"sector": code}),
        cell_url=lambda code, group: question.address("board_requirements", changes={"sector": code, "group": group}),
    )


def _places(board: Board) -> str:
    """The scope in words, empty for everything."""
    parts = []
    if board.scope.sector is not None:
        parts.append(tables.words(board.sector_names[board.scope.sector][1]))
    if board.scope.province is not None:
        parts.append(tables.words(board.province_names[board.scope.province][1]))
    if board.scope.tier is not None:
        parts.append(tables.words(tables.tier_names()[board.scope.tier][1]))
    if board.scope.team is not None:
        parts.append(tables.words(selectors.team_names()[board.scope.team][1]))
    return ", ".join(parts)


def _members(board: Board, group: str) -> set[str]:
    rules = board.framework.rules
    place = rules.top_groups.index(group) if group else -1
    return {
        requirement.id
        for requirement, top in zip(board.framework.requirements, rules.top_group, strict=True)
        if top == place
    }
