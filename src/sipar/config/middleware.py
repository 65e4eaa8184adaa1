"""Every request runs inside `acting`, and every view has a gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect

from sipar.core.acting import Actor, acting
from sipar.core.api import answer
from sipar.core.gates import PUBLIC, gate_of, guards_itself, home_of
from sipar.core.http import for_programs
from sipar.core.problems import Forbidden, Problem
from sipar.people.models import Account
from sipar.people.roles import needs_second_factor
from sipar.people.selectors import actor_of
from sipar.people.sign_in import has_second_factor, passed_second_factor
from sipar.people.tokens import token_actor
from sipar.ui.problems import problem_page

# Where a person sets up a passkey or TOTP; the one page that is open to a role which lacks it.
SECOND_FACTOR_PAGE = "/me/second-factor/"
# Sign-in happens before anybody acts; the libraries' pages there keep their own transactions. In the calendar feed the
# secret of the address says who acts, whoever may be signed in.
BEFORE_ANYBODY_ACTS = ("/accounts/", "/me/demonstration-sign-in/", "/duties/feed/", "/emergency/", "/answer/")

View = Callable[..., HttpResponseBase]


class ActingMiddleware:
    """Open the transaction of the request as the person who signed in, and roll it back when a problem is raised."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor = actor_from(request)
        request.actor = actor  # type: ignore[attr-defined]
        speak_language_of(request, actor)
        if actor is None or request.path_info.startswith(BEFORE_ANYBODY_ACTS):
            return self.get_response(request)
        request.needs_second_factor = lacks_second_factor(actor)  # type: ignore[attr-defined]
        try:
            with acting(actor, reason=f"{request.method} {request.path_info}"):
                response = self.get_response(request)
                render = getattr(response, "render", None)
                if callable(render) and not getattr(response, "is_rendered", True):
                    response = render()
                if response.status_code >= 400 and getattr(response, "sipar_undo", True):
                    raise _Undo(response)
        except _Undo as undo:
            return undo.response
        return response


class _Undo(Exception):
    """Carries an error response out of the transaction, so that nothing of a failed request is kept."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


class GateMiddleware:
    """Refuse a view without a gate, an actor whom the gate does not admit, and a role without its second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if "%00" in request.META.get("QUERY_STRING", ""):
            problem = Problem("The address holds a character that no text has.", code="nul")
            return answer(request, problem) if for_programs(request) else problem_page(request, problem)
        home = home_of(view)
        if home.startswith("allauth.") and hides_a_second_factor(request):
            return go_to(request, f"{reverse('mfa_reauthenticate')}?next=/")
        if guards_itself(view):
            return None
        rule = gate_of(view)
        if rule is None:
            raise LookupError(f"{home}.{view.__name__} declares no gate")
        if rule is PUBLIC:
            return None
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        if actor is None:
            return go_to(request, f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
        if lacks_second_factor(actor):
            return go_to(request, SECOND_FACTOR_PAGE)
        if not rule.admits(actor):
            return problem_page(request, Forbidden("This page is not part of your role."))
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Problem):
            return problem_page(request, exception)
        return None


def actor_from(request: HttpRequest) -> Actor | None:
    """The actor behind a request: by bearer token, else by session; None for a visitor."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer ") and for_programs(request):
        return token_actor(header.removeprefix("Bearer "), now=timezone.now())
    if not request.user.is_authenticated:
        return None
    return actor_of(request.user, now=timezone.now(), verified=passed_second_factor(request))


def lacks_second_factor(actor: Actor) -> bool:
    """Whether the actor's roles need a second factor that this session has not shown."""
    if actor.verified or actor.scopes is not None:
        return False
    return needs_second_factor({grant.role for grant in actor.grants})


# What a session may do that has not shown the second factor of its account: show it, or leave.
SHOWING_IT = ("mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_authenticate", "mfa_login_webauthn",
              "account_login", "account_logout", "account_reauthenticate")  # fmt: skip


def hides_a_second_factor(request: HttpRequest) -> bool:
    """Whether the session, with a password only, is at the pages of an account that has a second factor.

    Otherwise whoever knows the password could replace the factor with their own.
    """
    match = request.resolver_match
    if not isinstance(request.user, Account) or (match and match.url_name in SHOWING_IT):
        return False
    return has_second_factor(request.user) and not passed_second_factor(request)


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also where htmx asked for a part of one."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return redirect(address)


def speak_language_of(request: HttpRequest, actor: Actor | None) -> None:
    """The account's language, until the person chooses another one on this device."""
    if actor is None or settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return
    translation.activate(actor.language)
    request.LANGUAGE_CODE = translation.get_language()
