"""The pages on which a duty officer reads a mail that is no report, and says what becomes of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.core.files import bytes_response
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Invalid, Problem, not_open
from sipar.incidents.mail_actions import set_aside_mail, take_up_mail
from sipar.incidents.report_gates import CALL_TAKERS
from sipar.incidents.report_selectors import access_mail, organisations_to_call
from sipar.orgs.selectors import access_organisation


@gate(CALL_TAKERS)
@require_GET
def read(request: ActorRequest, mail: int) -> HttpResponse:
    """What the mail says, and the organisations that it may be about, with the numbers to call."""
    return _page(request, mail)


@gate(CALL_TAKERS)
@require_GET
def original(request: ActorRequest, mail: int) -> HttpResponseBase:
    """The mail as it came, to be saved and opened in a mail program."""
    found = access_mail(request.actor, mail)
    if not found.sha256:
        raise not_open("mail")
    return bytes_response(found.sha256, name=f"mail-{found.pk}.eml")


@gate(CALL_TAKERS)
@require_POST
def take_up(request: ActorRequest, mail: int) -> HttpResponse:
    """Begin the report that the mail should have been."""
    found = access_mail(request.actor, mail)
    organisation = access_organisation(request.actor, request.POST.get("organisation", ""))
    try:
        incident = take_up_mail(request.actor, found, organisation=organisation, now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _page(request, mail, problem=problem)
    messages.success(request, _("The mail's words and files are in the report. Ask the caller for the rest."))
    return redirect("report_form", incident.number)


@gate(CALL_TAKERS)
@require_POST
def set_aside(request: ActorRequest, mail: int) -> HttpResponse:
    """The mail was read and asks for nothing more here."""
    found = access_mail(request.actor, mail)
    try:
        set_aside_mail(request.actor, found, note=request.POST.get("note", ""), now=timezone.now())
    except (Invalid, Conflict) as problem:
        return _page(request, mail, problem=problem)
    messages.success(request, _("Set aside. It stays on record, and can still be taken up."))
    return redirect("report_start")


def _page(request: ActorRequest, mail: int, *, problem: Problem | None = None) -> HttpResponse:
    found = access_mail(request.actor, mail)
    searched = (request.POST.get("q") or request.GET.get("q", "")).strip()
    context = {
        "mail": found,
        "searched": searched,
        "organisations": organisations_to_call(request.actor, searched or _domain_of(found.sender)),
        "problem": problem,
        "trail": [{"url": reverse("report_start"), "label": _("Reports by telephone")}],
    }
    return render(request, "incidents/mail.html", context, status=problem.status if problem else 200)


def _domain_of(sender: str) -> str:
    """Where the sender says to write from: a hint where to look, and proof of nothing."""
    return sender.rpartition("@")[2]
