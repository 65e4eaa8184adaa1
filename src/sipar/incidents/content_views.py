"""The parts of a case on their own pages, and what is written into them: timeline, messages, notes, links.

A part is drawn alone for htmx, on a page of its own otherwise; the case page includes the same templates through
`content_context`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.incidents import content_actions as say
from sipar.incidents.campaign_actions import join_campaign, leave_campaign
from sipar.incidents.campaign_selectors import access_campaign, campaigns
from sipar.incidents.case_policy import CASE_READERS
from sipar.incidents.content_forms import (
    ContentForm,
    EventForm,
    JoinForm,
    LeaveForm,
    LinkForm,
    MessageForm,
    NoteForm,
)
from sipar.incidents.content_parts import PARTS, Look, part_of
from sipar.incidents.content_selectors import access_link
from sipar.incidents.models import Incident
from sipar.incidents.projections import Projection
from sipar.incidents.selectors import access_incident, audience_of
from sipar.ui.context import nation_zone

TITLES: dict[str, str | Promise] = {
    "timeline": gettext_lazy("Timeline"),
    "messages": gettext_lazy("Messages"),
    "notes": gettext_lazy("Notes among CERTs"),
    "tasks": gettext_lazy("Tasks"),
    "artefacts": gettext_lazy("Files"),
    "indicators": gettext_lazy("Indicators"),
    "requirements": gettext_lazy("Which control failed"),
    "similar": gettext_lazy("What belongs together"),
    "impact": gettext_lazy("Impact"),
}


def content_context(
    request: ActorRequest, incident: Incident, projection: Projection, *, now: datetime
) -> dict[str, Any]:
    """What `templates/incidents/case/_<part>.html` need on the case page: `parts` by name, None where not shown."""
    look = _look(request, incident, projection, now=now, asked={})
    return {"incident": incident, "projection": projection, "parts": {name: part_of(look, name) for name in PARTS}}


def reached(request: ActorRequest, number: str) -> Look:
    """The case with this number as the reader is shown it; raises NotFound."""
    now = timezone.now()
    incident = access_incident(request.actor, number)
    projection = audience_of(request.actor, incident, now=now)
    return _look(request, incident, projection, now=now, asked=request.GET.dict())


def show_part(
    request: ActorRequest, look: Look, name: str, *, filled: dict[str, ContentForm] | None = None
) -> HttpResponse:
    """One part, with the forms that were filled in wrongly; 422 where there are any. NotFound where not shown."""
    if filled:
        look = Look(look.actor, look.incident, look.projection, look.now, look.zone, look.asked, filled)
    part = part_of(look, name)
    if part is None:
        raise not_open("part")
    context = {
        "incident": look.incident,
        "projection": look.projection,
        "parts": {name: part},
        "title": TITLES[name],
        "template": f"incidents/case/_{name}.html",
        "trail": [{"url": case_address(look.incident), "label": look.incident.number}],
        "alone": True,
    }
    template = context["template"] if request.htmx else "incidents/case/part.html"
    return render(request, str(template), context, status=422 if filled else 200)


def after(request: ActorRequest, look: Look, name: str, *, said: str = "") -> HttpResponse:
    """What follows a deed: the part anew for htmx, else the case page at that part."""
    if request.htmx:
        return show_part(request, reached(request, look.incident.number), name)
    if said:
        notices.success(request, said)
    return redirect(f"{case_address(look.incident)}#case-{name}")


def do_with(
    request: ActorRequest, look: Look, name: str, form: ContentForm, deed: Callable[[dict[str, Any]], object],
    *, said: str = "",
) -> HttpResponse:  # fmt: skip
    """Check a form, do the deed with what it says, and show the part; what was refused stands beside its fields."""
    if form.is_valid():
        try:
            deed(form.cleaned_data)
        except Invalid as problem:
            form.refuse(problem)
        else:
            return after(request, look, name, said=said)
    return show_part(request, look, name, filled={form.part: form})


def case_address(incident: Incident) -> str:
    return reverse("case", args=[incident.number])


def _look(
    request: ActorRequest, incident: Incident, projection: Projection, *, now: datetime, asked: dict[str, str]
) -> Look:
    return Look(request.actor, incident, projection, now, nation_zone(), asked)


@gate(CASE_READERS)
@require_GET
def part(request: ActorRequest, number: str, name: str) -> HttpResponse:
    """A part of a case that is only read here."""
    return show_part(request, reached(request, number), name)


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def timeline(request: ActorRequest, number: str) -> HttpResponse:
    """The timeline, and events that somebody adds with their own time."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "timeline")
    form = EventForm(request.POST, zone=look.zone, for_desk=look.desk is not None)
    return do_with(
        request, look, "timeline", form,
        lambda values: say.add_event(request.actor, look.incident, now=look.now, **values),
    )  # fmt: skip


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def messages(request: ActorRequest, number: str) -> HttpResponse:
    """The messages between the organisation and its CERT; opening them is the receipt."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "messages")
    return do_with(
        request, look, "messages", MessageForm(request.POST),
        lambda values: say.send_message(request.actor, look.incident, now=look.now, **values),
        said=_("The message is sent."),
    )  # fmt: skip


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def notes(request: ActorRequest, number: str) -> HttpResponse:
    """The notes among CERTs."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "notes")
    return do_with(
        request, look, "notes", NoteForm(request.POST),
        lambda values: say.add_note(request.actor, look.incident, now=look.now, **values),
    )  # fmt: skip


@gate(CASE_READERS)
@require_POST
def link(request: ActorRequest, number: str) -> HttpResponse:
    """Link the case with another one that the actor sees too."""
    look = reached(request, number)

    def deed(values: dict[str, Any]) -> None:
        other = access_incident(request.actor, values["number"])
        say.link_cases(
            request.actor, look.incident, other, kind=values["kind"], note=values["note"], now=look.now
        )  # fmt: skip

    return do_with(request, look, "similar", LinkForm(request.POST), deed)


@gate(CASE_READERS)
@require_POST
def unlink(request: ActorRequest, number: str, link_id: int) -> HttpResponse:
    """Take back a link of this case."""
    look = reached(request, number)
    found = access_link(look.incident, look.projection, link_id)
    say.unlink_cases(request.actor, look.incident, found, now=look.now)
    return after(request, look, "similar")


@gate(CASE_READERS)
@require_POST
def join(request: ActorRequest, number: str) -> HttpResponse:
    """Put the case into a national incident."""
    look = reached(request, number)
    form = JoinForm(request.POST, campaigns=campaigns().filter(state="open"))

    def deed(values: dict[str, Any]) -> None:
        campaign = access_campaign(request.actor, values["campaign"])
        join_campaign(request.actor, look.incident, campaign, reason=values["reason"], now=look.now)

    return do_with(request, look, "similar", form, deed)


@gate(CASE_READERS)
@require_POST
def leave(request: ActorRequest, number: str) -> HttpResponse:
    """Take the case out of its national incident."""
    look = reached(request, number)
    return do_with(
        request, look, "similar", LeaveForm(request.POST),
        lambda values: leave_campaign(request.actor, look.incident, reason=values["reason"], now=look.now),
    )  # fmt: skip
