"""My account: who I am here, my roles, my second factor, my sessions; and the one step that comes before all else."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.acting import Actor
from sipar.core.gates import PUBLIC, Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.people import demonstration
from sipar.people.actions import ask_for_colleague, update_own_account
from sipar.people.forms import ColleagueForm, OwnAccountForm
from sipar.people.gates import EVERYONE
from sipar.people.models import Account
from sipar.people.roles import ROLES, needs_second_factor
from sipar.people.selectors import requests_for_roles, roles_of_account, sessions_of
from sipar.people.sign_in import end_session, has_second_factor
from sipar.people.tokens import tokens_of

CISO = Gate("ciso", frozenset({"ciso"}))
A_YEAR = 365 * 24 * 60 * 60


@gate(EVERYONE)
@require_http_methods(["GET", "POST"])
def me(request: ActorRequest) -> HttpResponse:
    """What Sipar knows of me, and what I can change."""
    account = _account(request)
    # A copy, so that a refused form does not rename the person in the frame.
    form = OwnAccountForm(request.POST or None, instance=Account.objects.get(pk=account.pk))
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data["language"]
        update_own_account(request.actor, name=form.cleaned_data["name"], language=language)
        messages.success(request, _("Your account is saved."))
        response = redirect("me")
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=A_YEAR, samesite="Lax", secure=request.is_secure()
        )
        return response
    now = timezone.now()
    context = {
        "form": form,
        "roles": [(ROLES[row.role].title, row) for row in roles_of_account(account.pk, now=now)],
        "second_factors": Authenticator.objects.filter(user=account).exclude(type=Authenticator.Type.RECOVERY_CODES),
        "needs_second_factor": needs_second_factor({grant.role for grant in request.actor.grants}),
        "sessions": sessions_of(account),
        "session_key": request.session.session_key,
        "tokens": tokens_of(request.actor, now=now),
        "is_ciso": request.actor.holds("ciso"),
        "is_administrator": request.actor.holds("administrator"),
    }
    return render(request, "people/me.html", context, status=422 if form.errors else 200)


@gate(EVERYONE)
@require_POST
def end_one_session(request: ActorRequest, session: int) -> HttpResponse:
    """Sign out one of my browsers."""
    end_session(request.actor, session)
    messages.success(request, _("That browser is signed out."))
    return redirect("me")


@gate(PUBLIC)
@require_GET
def second_factor(request: HttpRequest) -> HttpResponse:
    """Why a second factor, and the one next step: set one up, or show the one that is there."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None or not isinstance(request.user, Account):
        return redirect(settings.LOGIN_URL)
    if not getattr(request, "needs_second_factor", False):
        return redirect("/")
    if has_second_factor(request.user):
        return redirect(f"{reverse('mfa_reauthenticate')}?next=/")
    return render(request, "people/second_factor.html")


@gate(CISO)
@require_http_methods(["GET", "POST"])
def colleagues(request: ActorRequest) -> HttpResponse:
    """A CISO asks that a colleague may report for the same organisation."""
    organisation = next(grant.organisation for grant in request.actor.grants if grant.role == "ciso")
    assert organisation is not None
    form = ColleagueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ask_for_colleague(request.actor, organisation, **form.cleaned_data, now=timezone.now())
        messages.success(request, _("An administrator decides. Your colleague gets mail when the account is open."))
        return redirect("colleagues")
    asked = requests_for_roles().filter(asked_by=request.actor.account).order_by("-asked_at")[:50]
    context = {"form": form, "requests": asked}
    return render(request, "people/colleagues.html", context, status=422 if form.errors else 200)


@gate(PUBLIC)
@require_http_methods(["GET", "POST"])
def demonstration_sign_in(request: HttpRequest) -> HttpResponse:
    """The roles of the demonstration, each with a button that signs in as it."""
    if request.method == "POST":
        demonstration.sign_in_as(request, whole_number(request.POST.get("account"), most=LARGEST_KEY) or 0)
        return redirect("/")
    if not demonstration.is_offered(request):
        raise demonstration.not_offered()
    return render(request, "people/demonstration_sign_in.html", {"examples": demonstration.examples()})


def _account(request: ActorRequest) -> Account:
    assert isinstance(request.user, Account)
    return request.user
