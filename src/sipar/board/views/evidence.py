"""The page of evidence for international indicators."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.board.evidence import Evidence, evidence
from sipar.board.policy import BOARD
from sipar.board.tables import words
from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.nations.reference import indicators


@gate(BOARD)
@require_GET
def show(request: ActorRequest) -> HttpResponse:
    """Each figure with its query, by scheme and pillar."""
    found = evidence(request.actor, now=timezone.now())
    schemes = [
        {"scheme": scheme, "items": [item for item in found if item.indicator.scheme == scheme.code]}
        for scheme in indicators().schemes
    ]
    return render(request, "board/indicators.html", {"schemes": schemes})


@gate(BOARD)
@require_GET
def csv(request: ActorRequest) -> HttpResponse:
    """The figures as CSV."""
    rows = [row for item in evidence(request.actor, now=timezone.now()) for row in _rows(item)]
    header = ("indicator", "scheme", "pillar", "sentence", "of", "value", "unit", "status")
    return download_table(header, rows, name="indicators.csv")


def _rows(item: Evidence) -> list[tuple[str | float | None, ...]]:
    indicator = item.indicator
    start = (indicator.identifier, indicator.scheme, indicator.pillar, words(indicator.sentence))
    if item.rows:
        return [(*start, name, float(count), "count", "") for name, count in item.rows]
    status = f"{_('not known')}: {item.unknown}" if item.unknown else ""
    return [(*start, "", item.value, indicator.unit, status)]
