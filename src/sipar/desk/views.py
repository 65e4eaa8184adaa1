"""My desk, the home of every role."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.desk.needs import Moment
from sipar.desk.selectors import changes_since_yesterday, needs_of
from sipar.people.gates import EVERYONE
from sipar.ui import navigation
from sipar.ui.context import nation_zone


@gate(EVERYONE)
@require_GET
def show(request: ActorRequest) -> HttpResponse:
    """What needs me now, then what changed since yesterday."""
    moment = Moment(now=timezone.now(), zone=nation_zone())
    context = {
        "needs": needs_of(request.actor, moment),
        "changes": changes_since_yesterday(request.actor, moment),
    }
    return render(request, "desk/desk.html", context)


@gate(EVERYONE)
@require_GET
def more(request: ActorRequest) -> HttpResponse:
    """The sections that do not fit beside the page."""
    return render(request, "desk/more.html", {"sections": navigation.more_entries(request.actor)})
