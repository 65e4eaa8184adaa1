"""The emergency page, open to everybody, and the pages on which a duty officer calls back."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.acting import acting
from sipar.core.gates import PUBLIC, gate
from sipar.core.http import ActorRequest
from sipar.core.jobs import system
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.core.problems import Conflict, Invalid, Place, Problem
from sipar.incidents.custody_reading import national_team
from sipar.incidents.emergency_actions import receive_unverified, refuse_call, verify_call
from sipar.incidents.emergency_forms import EmergencyForm
from sipar.incidents.models import EmergencyReport, Incident
from sipar.incidents.report_gates import CALL_TAKERS
from sipar.incidents.report_selectors import (
    Number,
    access_call,
    attachments_of,
    numbers_to_call,
    organisations_to_call,
    possible_twins,
)
from sipar.incidents.report_words import told
from sipar.orgs.selectors import access_organisation

# One address, and all together, in an hour: beyond that people are asked to call.
MOST_FROM_ONE = 5
MOST_TOGETHER = 200
HOUR = timedelta(hours=1)
SEEN_KEY = "sipar_emergency_number"


@gate(PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def emergency(request: HttpRequest) -> HttpResponse:
    """Report without an account: a form, and the number to call instead."""
    form = EmergencyForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    now = timezone.now()
    try:
        if not _may_knock(request):
            raise Invalid(_("Too many reports came from your address. Please call."), code="emergency.rate")
        sipar = system()
        with acting(sipar, reason="emergency report"):
            if EmergencyReport.objects.filter(received_at__gt=now - HOUR).count() >= MOST_TOGETHER:
                raise Invalid(_("Too many reports are coming in. Please call."), code="emergency.rate")
            kept = receive_unverified(sipar, form.caller(), form.facts(), door=Incident.Door.EMERGENCY, now=now)
    except Invalid as problem:
        for place in problem.places:
            form.add_error(place.where if place.where in form.fields else None, place.sentence)
        if not problem.places:
            form.add_error(None, problem.sentence)
        return _page(request, form, status=429 if problem.code == "emergency.rate" else 422)
    request.session[SEEN_KEY] = kept.incident.number
    return redirect("emergency_received")


@gate(PUBLIC)
@require_GET
def received(request: HttpRequest) -> HttpResponse:
    """The number of the report that this browser sent, and what happens next."""
    number = request.session.get(SEEN_KEY)
    if not number:
        return redirect("emergency")
    return render(request, "incidents/emergency_received.html", {"number": number, "numbers": _numbers()})


@gate(CALL_TAKERS)
@require_GET
def call(request: ActorRequest, number: str) -> HttpResponse:
    """What somebody without an account reported, the organisation in the register, and the numbers to call."""
    return _call_page(request, number)


@gate(CALL_TAKERS)
@require_POST
def verify(request: ActorRequest, number: str) -> HttpResponse:
    """The organisation was called at a number of the register and stands by it."""
    found = access_call(request.actor, number)
    contact = whole_number(request.POST.get("contact"), most=LARGEST_KEY)
    try:
        organisation = access_organisation(request.actor, request.POST.get("organisation", ""))
        if contact is None:
            sentence = _("Say which number of the register you called.")
            raise Invalid(sentence, code="emergency.number", places=[Place("contact", sentence)])
        verify_call(request.actor, found, organisation=organisation, contact=contact, now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _call_page(request, number, problem=problem)
    messages.success(request, _("Verified. The organisation sees the case, and its CERT is asked to take it."))
    return redirect("report_start")


@gate(CALL_TAKERS)
@require_POST
def refuse(request: ActorRequest, number: str) -> HttpResponse:
    """It could not be verified, for a reason that is kept."""
    found = access_call(request.actor, number)
    try:
        refuse_call(request.actor, found, reason=request.POST.get("reason", ""), now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _call_page(request, number, problem=problem)
    messages.success(request, _("Refused, with the reason. It stays on record."))
    return redirect("report_start")


def _page(request: HttpRequest, form: EmergencyForm, *, status: int = 200) -> HttpResponse:
    return render(request, "incidents/emergency.html", {"form": form, "numbers": _numbers()}, status=status)


def _numbers() -> list[Number]:
    with acting(system(), reason="show the number of the National CERT"):
        return numbers_to_call([national_team()])


def _may_knock(request: HttpRequest) -> bool:
    """Whether this address has sent fewer reports than one person in need would within the hour."""
    address = sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()
    key = f"emergency:{address}"
    cache.add(key, 0, timeout=int(HOUR.total_seconds()))
    try:
        return cache.incr(key) <= MOST_FROM_ONE
    except ValueError:
        # The hour ended between the two steps.
        return True


def _call_page(request: ActorRequest, number: str, *, problem: Problem | None = None) -> HttpResponse:
    found = access_call(request.actor, number)
    searched = (request.POST.get("q") or request.GET.get("q") or found.organisation_said).strip()
    context = {
        "call": found,
        "incident": found.incident,
        "told": told(found.incident.facts, found.incident.estimates),
        "attachments": attachments_of(found.incident),
        "searched": searched,
        "organisations": [
            {"row": one.row, "contacts": one.contacts, "twins": _twins(request, found, one.row.pk)}
            for one in organisations_to_call(request.actor, searched)
        ],
        "problem": problem,
        "trail": [{"url": reverse("report_start"), "label": _("Reports by telephone")}],
    }
    return render(request, "incidents/emergency_call.html", context, status=problem.status if problem else 200)


def _twins(request: ActorRequest, found: EmergencyReport, organisation: int) -> list[Incident]:
    """Open cases of the organisation that this may be about, of those that the reader sees."""
    imagined = Incident(pk=found.incident_id, organisation_id=organisation)
    return possible_twins(request.actor, imagined, now=timezone.now())
