"""Playbooks that every CERT may use: the list, one of them in words, in and out as CACAO 2.0."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core import files
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.incidents import playbook_actions
from sipar.incidents.content_forms import PlaybookForm
from sipar.incidents.content_policy import teams_of
from sipar.people.gates import TEAM
from sipar.ui.tables import Column

SHOWN = 50


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def playbooks(request: ActorRequest) -> HttpResponse:
    """Every playbook, and bringing in one more for the actor's own CERT."""
    form = PlaybookForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            kept = _import(request, form)
        except Invalid as problem:
            for place in problem.places:
                form.add_error("file", f"{place.where}: {place.sentence}")
        else:
            messages.success(request, _("The playbook is kept."))
            return redirect("playbook", kept)
    page = Paginator(playbook_actions.playbooks(), SHOWN).get_page(request.GET.get("page"))
    columns = [
        Column("name", _("Playbook")),
        Column("team", _("CERT")),
        Column("imported_at", _("Brought in"), optional=True),
    ]
    context = {"page": page, "columns": columns, "form": form}
    return render(request, "incidents/playbooks.html", context, status=422 if form.errors else 200)


@gate(TEAM)
@require_GET
def playbook(request: ActorRequest, playbook_id: int) -> HttpResponse:
    """One playbook: its steps in the order in which they become tasks."""
    found = playbook_actions.access_playbook(request.actor, playbook_id)
    context = {
        "trail": [{"url": reverse("playbooks"), "label": _("Playbooks")}],
        "playbook": found,
        "steps": playbook_actions.steps_of(found),
        "remarks": playbook_actions.remarks_on(found),
        "may_remove": found.team_id in teams_of(request.actor),
    }
    return render(request, "incidents/playbook.html", context)


@gate(TEAM)
@require_GET
def download(request: ActorRequest, playbook_id: int) -> HttpResponse:
    """The playbook as CACAO 2.0 JSON."""
    found = playbook_actions.access_playbook(request.actor, playbook_id)
    name = f"{found.identifier}.json"
    return files.download(playbook_actions.exported(found), name=name, media_type="application/json")


@gate(TEAM)
@require_POST
def remove(request: ActorRequest, playbook_id: int) -> HttpResponse:
    """Take a playbook of one's own CERT away."""
    playbook_actions.remove_playbook(
        request.actor, playbook_actions.access_playbook(request.actor, playbook_id)
    )  # fmt: skip
    messages.success(request, _("The playbook is removed."))
    return redirect("playbooks")


def _import(request: ActorRequest, form: PlaybookForm) -> int:
    file = form.cleaned_data["file"]
    # One byte more than may be tells the reader that there are too many.
    data = file.read(playbook_actions.LARGEST_BYTES + 1)
    team = teams_of(request.actor)[0]
    return playbook_actions.import_playbook(request.actor, data, team=team, now=timezone.now()).pk
