"""The board of one's own CERT."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.incidents.models import Incident
from sipar.incidents.situation_selectors import levels_of_scale
from sipar.incidents.situation_words import language, level_step, level_word, words
from sipar.incidents.team_board_selectors import TeamBoard, team_board_of, teams_to_show
from sipar.obligations.words import SERVICES
from sipar.people.gates import TEAM
from sipar.ui import charts


@gate(TEAM)
@require_GET
def team_board(request: ActorRequest) -> HttpResponse:
    """Load, ages, service levels and severity of the reader's own CERT."""
    board = team_board_of(request.actor, request.GET.get("cert", "")[:60], now=timezone.now())
    context: dict[str, Any] = {
        "board": board,
        "trail": [{"url": reverse("duty_desk"), "label": _("On duty")}],
        "sentence": _sentence(board),
        "teams": [(team.code, words(team.name)) for team in teams_to_show(request.actor)],
        "states": [(state, str(Incident.STATES[state])) for state in Incident.OPEN_STATES],
        "loads": [
            {"name": load.name, "total": load.total,
             "cells": [load.states.get(state, 0) for state in Incident.OPEN_STATES]}
            for load in board.loads
        ],
        "ages": _ages_chart(board) if board.open else None,
        "severities": [
            {"step": level_step(level), "word": level_word(level), "number": board.severities[level],
             "url": f"{reverse('cases')}?state=open&severity={level}" if level else ""}
            for level in levels_of_scale() if board.severities.get(level)
        ],
        "services": [
            {
                "service": service,
                "title": SERVICES.get((service.code, service.stage))
                or SERVICES.get((service.code, ""), service.stage),
            }
            for service in board.services
        ],
    }  # fmt: skip
    return render(request, "incidents/board_team.html", context)


def _sentence(board: TeamBoard) -> str:
    name = words(board.team.name)
    if not board.open and not board.unaccepted:
        return _("%(team)s has no open case.") % {"team": name}
    said = ngettext("%(team)s has one open case", "%(team)s has %(number)s open cases", board.open) % {
        "team": name, "number": f"{board.open:,}",
    }  # fmt: skip
    nobodys = sum(load.total for load in board.loads if not load.name)
    if nobodys:
        said = ngettext(
            "%(said)s, one of them with nobody in charge", "%(said)s, %(n)s of them with nobody in charge", nobodys
        ) % {"said": said, "n": f"{nobodys:,}"}
    if board.kept_lately is None:
        return f"{said}."
    return _("%(said)s; %(share)s of what it owed in the last 30 days was done in time.") % {
        "said": said, "share": f"{board.kept_lately:.0%}",
    }  # fmt: skip


def _ages_chart(board: TeamBoard) -> charts.Chart:
    labels = (_("up to a day"), _("up to a week"), _("up to 30 days"), _("up to 90 days"), _("older"))
    old = sum(board.ages[3:])
    sentence = (
        ngettext("One open case is older than 30 days", "%(n)s open cases are older than 30 days", old)
        % {"n": f"{old:,}"}
        if old
        else _("No open case is older than 30 days")
    )
    bars = [charts.Bar(label, float(number)) for label, number in zip(labels, board.ages, strict=True)]
    return charts.bars("ages", bars, sentence=sentence, heads=(_("Age"), _("Open cases")), language=language())
