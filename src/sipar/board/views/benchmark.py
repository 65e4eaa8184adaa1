"""The organisation sees itself among its sector."""

from __future__ import annotations

import numpy as np
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.board.benchmarking import OwnStanding, own_standing
from sipar.board.policy import BENCHMARK
from sipar.board.tables import words
from sipar.board.views.pictures import language
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.core.problems import not_open
from sipar.orgs.models import Organisation
from sipar.ui import charts


@gate(BENCHMARK)
@require_GET
def ours(request: ActorRequest) -> HttpResponse:
    """The organisation's own groups, and where its mean stands among the quartiles of its sector."""
    choices = list(Organisation.objects.filter(pk__in=request.actor.organisations).values_list("pk", "name"))
    wanted = request.GET.get("organisation", "")
    own = whole_number(wanted, most=LARGEST_KEY) or request.actor.organisations[0]
    if wanted and str(own) != wanted:
        raise not_open("organisation")
    standing = own_standing(request.actor, own, campaign=request.GET.get("campaign", "")[:60])
    context = {
        "standing": standing,
        "choices": choices,
        "own": own,
        "sentence": _sentence(standing),
        "chart": _chart(standing) if standing else None,
    }
    return render(request, "board/benchmark.html", context)


def _sentence(standing: OwnStanding | None) -> str:
    if standing is None or standing.sector is None:
        return _("Where we stand, and where our sector stands.")
    quarters = {
        1: _("We stand in the lowest quarter of our sector."),
        2: _("We stand below the middle of our sector."),
        3: _("We stand above the middle of our sector."),
        4: _("We stand in the highest quarter of our sector."),
    }
    return quarters[standing.sector.quarter]


def _chart(standing: OwnStanding) -> charts.Chart:
    framework = standing.framework
    means = standing.scores.group_mean[0]
    bars = [
        charts.Bar(words(framework.groups[key].title), round(float(mean), 2), f"{mean:.2f}")
        for key, mean in zip(framework.rules.top_groups, means, strict=True)
        if not np.isnan(mean)
    ]
    lowest = min(bars, key=lambda bar: bar.value, default=None)
    sentence = _("Our weakest group is %(group)s") % {"group": lowest.label} if lowest else _("Nothing is answered yet")
    return charts.bars("groups", bars, sentence=sentence, heads=(_("Group"), _("Level")), language=language())
