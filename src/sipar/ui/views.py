"""Pages of the frame itself: the theme switch, refusals, and the gallery of components."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sipar.core.api import answer
from sipar.core.gates import PUBLIC, gate
from sipar.core.http import for_programs
from sipar.core.problems import NotFound
from sipar.ui.context import THEME_COOKIE, THEMES
from sipar.ui.problems import page

A_YEAR = 365 * 24 * 60 * 60


@gate(PUBLIC)
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back to where the person was."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(
        request,
        status=400,
        heading=_("Sipar could not read this request"),
        sentence=_("Something in the address or the form was not as expected. Nothing was changed."),
        next_step=_("Go back, reload the page and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(
        request,
        status=403,
        heading=_("Your role does not allow this"),
        sentence=_("The page exists, but it is not part of what your role does. Nothing was changed."),
        next_step=_("If you need it for your work, ask the head of your organisation or team for the role."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if for_programs(request):
        sentence = "The address may be mistyped or old, or what it names is not open to your role."
        return answer(request, NotFound(sentence))
    return page(
        request,
        status=404,
        heading=_("There is nothing here that you may see"),
        sentence=_("The address may be mistyped or old, or what it names is not open to your role."),
        next_step=_("Use the search on top, or start from your desk."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request,
        status=403,
        heading=_("This form is too old"),
        sentence=_("It was opened before you signed in, or the browser refuses cookies. Nothing was changed."),
        next_step=_("Go back, reload the page and send the form again."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request in the context: whatever broke must not break this page too."""
    return HttpResponse(render_to_string("500.html"), status=500)
