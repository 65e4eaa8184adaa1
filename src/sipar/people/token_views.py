"""API tokens of my own: made, shown once, taken back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.people.forms import TokenForm
from sipar.people.gates import EVERYONE
from sipar.people.tokens import access_token, create_token, revoke_token


@gate(EVERYONE)
@never_cache
@require_http_methods(["GET", "POST"])
def new_token(request: ActorRequest) -> HttpResponse:
    """Make a token; the answer to the form is the only page that ever shows it."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token, text = create_token(
            request.actor,
            name=form.cleaned_data["name"],
            scopes=tuple(form.cleaned_data["scopes"]),
            lifetime=form.lifetime(),
            now=timezone.now(),
        )
        return render(request, "people/token_made.html", {"token": token, "text": text})
    return render(request, "people/token_new.html", {"form": form}, status=422 if form.errors else 200)


@gate(EVERYONE)
@require_POST
def revoke(request: ActorRequest, token: int) -> HttpResponse:
    """Take a token back at once."""
    revoke_token(request.actor, access_token(request.actor, token), now=timezone.now())
    messages.success(request, _("The token no longer works."))
    return redirect("me")
