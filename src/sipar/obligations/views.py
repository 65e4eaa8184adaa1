"""My deadlines, one deadline with its history, the decision not to report, reminders, and my calendar."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from sipar.core.acting import acting
from sipar.core.gates import PUBLIC, gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.law.facts import shipped_facts
from sipar.obligations.actions import decide_not_to_report
from sipar.obligations.calendar_feed import calendar_of, reader_of
from sipar.obligations.forms import DecisionForm
from sipar.obligations.models import CalendarFeed, Duty
from sipar.obligations.policy import may_decide_not_to_report
from sipar.obligations.reading_actions import mark_reminders_read, renew_calendar, revoke_calendar
from sipar.obligations.reminders import mail_is_unsure
from sipar.obligations.selectors import (
    LATE,
    RUNNING,
    STATES_OF,
    WAITING,
    access_duty,
    count_by_state,
    decisions_of,
    duties_of_person,
    history_of,
    shown_parts,
    unread_reminders,
)
from sipar.people.gates import ORGANISATION, ORGANISATION_OR_TEAM
from sipar.people.models import Account
from sipar.ui.problems import problem_page
from sipar.ui.tables import Column

ROWS = 50
MOST_REMINDERS = 10
OPEN = (LATE, RUNNING, WAITING)


@gate(ORGANISATION_OR_TEAM)
@require_GET
def my_duties(request: ActorRequest) -> HttpResponse:
    """What the person has to see to, the nearest deadline first; `?state=` and `?kind=` narrow it."""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    state = state if state in STATES_OF else ""
    kind = kind if kind in Duty.Kind.values else ""
    rows = duties_of_person(request.actor, states=(state,) if state else OPEN, kind=kind)
    reminders = list(unread_reminders(request.actor)[:MOST_REMINDERS])
    context = {
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "counts": count_by_state(request.actor),
        "reminders": reminders,
        "unsure": {each.pk for each in reminders if mail_is_unsure(each, now=timezone.now())},
        "state": state,
        "kind": kind,
        "states": [
            ("late", _("Late")), ("running", _("Running")), ("waiting", _("Clock not started")),
            ("done", _("Done")), ("ended", _("No longer asked")),
        ],
        "kinds": Duty.Kind.choices,
        "columns": [
            Column("what", _("What")), Column("due", _("Deadline")), Column("number", _("Number")),
            Column("state", _("State")),
        ],
    }  # fmt: skip
    return render(request, "obligations/duties.html", context)


@gate(ORGANISATION_OR_TEAM)
@require_GET
def duty(request: ActorRequest, duty_id: int) -> HttpResponse:
    """One deadline: where it comes from, everything that moved it, and whether it was ever missed."""
    return render(
        request, "obligations/duty.html", _duty_page(request, access_duty(request.actor, duty_id, now=timezone.now()))
    )


@gate(ORGANISATION)
@require_POST
def decide(request: ActorRequest, duty_id: int) -> HttpResponse:
    """Record the decision not to report under the law of this duty."""
    found = access_duty(request.actor, duty_id, now=timezone.now())
    if found.incident is None or found.kind != Duty.Kind.STATUTORY:
        raise not_open("duty")
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return render(request, "obligations/duty.html", _duty_page(request, found, form=form), status=422)
    decide_not_to_report(
        request.actor,
        found.incident,
        code=found.code,
        stage="" if form.cleaned_data["whole"] else found.stage,
        reason=form.cleaned_data["reason"],
        now=timezone.now(),
    )
    return HttpResponseRedirect(reverse("duty", args=[found.pk]))


@gate(ORGANISATION_OR_TEAM)
@require_POST
def read_reminders(request: ActorRequest) -> HttpResponse:
    """Put all of the person's reminders aside."""
    mark_reminders_read(request.actor, now=timezone.now())
    return HttpResponseRedirect(reverse("my_duties"))


@gate(ORGANISATION_OR_TEAM)
@require_GET
def my_calendar(request: ActorRequest) -> HttpResponse:
    """Whether the person has a calendar address, and since when."""
    return _calendar_page(request)


@gate(ORGANISATION_OR_TEAM)
@require_POST
def renew_my_calendar(request: ActorRequest) -> HttpResponse:
    """Make a new address, shown on the answer and never again."""
    token = renew_calendar(request.actor, now=timezone.now())
    response = _calendar_page(request, address=request.build_absolute_uri(reverse("calendar_feed", args=[token])))
    response["Cache-Control"] = "no-store"
    return response


@gate(ORGANISATION_OR_TEAM)
@require_POST
def revoke_my_calendar(request: ActorRequest) -> HttpResponse:
    """End the address."""
    revoke_calendar(request.actor)
    return HttpResponseRedirect(reverse("my_calendar"))


@gate(PUBLIC)
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The deadlines of whoever made this address, as the roles that they hold now let them see them.

    Nobody has signed in here: the secret says who reads, so the view opens `acting` itself, for reading only.
    """
    now = timezone.now()
    actor = reader_of(token, now=now)
    if actor is None:
        return problem_page(request, not_open("calendar"))
    with acting(actor, reason="read the calendar of deadlines"), translation.override(actor.language):
        data = calendar_of(actor, now=now)
    response = HttpResponse(data, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    return response


def _calendar_page(request: ActorRequest, *, address: str = "") -> HttpResponse:
    feed = CalendarFeed.objects.filter(account_id=request.actor.account).first()
    context = {
        "address": address,
        "since": feed.created_at if feed else None,
        "trail": [{"url": reverse("my_duties"), "label": _("My deadlines")}],
    }
    return render(request, "obligations/calendar.html", context)


def _duty_page(request: ActorRequest, found: Duty, *, form: DecisionForm | None = None) -> dict[str, Any]:
    parts = shown_parts(request.actor, found, now=timezone.now())
    history, decisions = history_of(found), decisions_of(found) if parts.reasons else []
    wrote = {each.by_id for each in history} | {each.decided_by_id for each in decisions}
    names = dict(Account.objects.filter(pk__in=wrote).values_list("pk", "name"))
    facts = shipped_facts()
    language = get_language() or "en"
    titles = {name: fact.title.model_dump().get(language) or fact.title.en for name, fact in facts.items()}
    for line in history:
        line.by = names.get(line.by_id, "")  # type: ignore[attr-defined]
        line.facts = [titles.get(name, name) for name in line.facts if parts.shows_fact(name)]
    for decision in decisions:
        decision.by = names.get(decision.decided_by_id, "")  # type: ignore[attr-defined]
    decides = (
        found.kind == Duty.Kind.STATUTORY
        and found.state in ("waiting", "running")
        and found.incident is not None
        and may_decide_not_to_report(request.actor, found.incident)
    )
    return {
        "duty": found,
        "history": history,
        "decisions": decisions,
        "anchor": titles.get(found.anchor, ""),
        "form": (form or DecisionForm()) if decides else None,
        "trail": [{"url": reverse("my_duties"), "label": _("My deadlines")}],
    }
