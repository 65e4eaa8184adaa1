"""Administration of accounts and roles. What one administrator asks for, another one decides."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Invalid
from sipar.people.actions import (
    approve_request,
    ask_for_role,
    close_account,
    open_account,
    refuse_request,
    reopen_account,
    revoke_grant,
)
from sipar.people.forms import NewAccountForm, RoleForm
from sipar.people.gates import ADMINISTRATOR
from sipar.people.invitations import invite
from sipar.people.policy import may_decide_request
from sipar.people.roles import ROLES
from sipar.people.selectors import (
    access_account,
    access_grant,
    access_request,
    managed_accounts,
    organisation_titles,
    requests_for_roles,
    roles_of_account,
)
from sipar.people.sign_in import end_every_session
from sipar.ui.context import nation_zone
from sipar.ui.tables import Column

COLUMNS = (
    Column("name", gettext_lazy("Name")),
    Column("email", gettext_lazy("E-mail")),
    Column("state", gettext_lazy("State")),
    Column("last_login", gettext_lazy("Last sign-in"), optional=True),
)


@gate(ADMINISTRATOR)
@require_GET
def accounts(request: ActorRequest) -> HttpResponse:
    """What waits for a second administrator, and every account."""
    search = request.GET.get("q", "")[:100]
    page = Paginator(managed_accounts(request.actor, search=search), 50).get_page(request.GET.get("page"))
    waiting = list(requests_for_roles().filter(state="asked")[:50])
    titles = organisation_titles(row.organisation_id for row in waiting if row.organisation_id)
    context = {
        "page": page,
        "columns": COLUMNS,
        "search": search,
        "waiting": [
            {
                "request": row,
                "role": ROLES[row.role].title,
                "organisation": titles.get(row.organisation_id or 0),
                "decides": may_decide_request(request.actor, row),
            }
            for row in waiting
        ],
    }
    return render(request, "people/accounts.html", context)


@gate(ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def new_account(request: ActorRequest) -> HttpResponse:
    """Open an account and send its invitation."""
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account = open_account(request.actor, **form.cleaned_data, now=timezone.now())
        except Conflict as conflict:
            form.add_error("email", _(conflict.sentence))
        else:
            transaction.on_commit(lambda: invite(request, account.email), robust=True)
            messages.success(request, _("The account is open. Now ask for its role."))
            return redirect("account", account.pk)
    return render(request, "people/account_new.html", {"form": form}, status=422 if form.errors else 200)


@gate(ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def account(request: ActorRequest, account: int) -> HttpResponse:
    """One account: its roles, and the form that asks for another one."""
    found = access_account(request.actor, account)
    now = timezone.now()
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        zone = nation_zone()
        try:
            ask_for_role(
                request.actor, found, form.cleaned_data["role"], form.place(),
                reason=form.cleaned_data["reason"], valid_until=form.until(zone), now=now,
            )  # fmt: skip
        except Invalid as problem:
            for place in problem.places:
                form.add_error(place.where if place.where in form.fields else None, _(place.sentence))
        except Conflict as conflict:
            form.add_error(None, _(conflict.sentence))
        else:
            messages.success(request, _("Asked. A second administrator decides."))
            return redirect("account", found.pk)
    rows = roles_of_account(found.pk, now=now)
    titles = organisation_titles(row.organisation_id for row in rows if row.organisation_id)
    context = {
        "account": found,
        "own": found.pk == request.actor.account,
        "roles": [(ROLES[row.role].title, titles.get(row.organisation_id or 0), row) for row in rows],
        "form": form,
    }
    return render(request, "people/account.html", context, status=422 if form.errors else 200)


@gate(ADMINISTRATOR)
@require_POST
def decide(request: ActorRequest, role_request: int, verdict: str) -> HttpResponse:
    """Approve or refuse what another administrator, or a CISO, asked for."""
    found = access_request(request.actor, role_request)
    if verdict == "approve":
        was_open = found.account.is_active
        approve_request(request.actor, found, now=timezone.now())
        if not was_open:
            transaction.on_commit(lambda: invite(request, found.account.email), robust=True)
        messages.success(request, _("The role is given."))
    else:
        refuse_request(request.actor, found, now=timezone.now())
        messages.success(request, _("The request is refused."))
    return redirect("accounts")


@gate(ADMINISTRATOR)
@require_POST
def revoke(request: ActorRequest, account: int, grant: int) -> HttpResponse:
    """Take a role back; it is gone with the next request of that person."""
    found = access_account(request.actor, account)
    revoke_grant(request.actor, access_grant(request.actor, found, grant), now=timezone.now())
    messages.success(request, _("The role has ended."))
    return redirect("account", found.pk)


@gate(ADMINISTRATOR)
@require_POST
def close(request: ActorRequest, account: int) -> HttpResponse:
    """Close an account: roles, tokens and sessions end."""
    found = access_account(request.actor, account)
    close_account(request.actor, found, now=timezone.now())
    end_every_session(found)
    messages.success(request, _("The account is closed."))
    return redirect("account", found.pk)


@gate(ADMINISTRATOR)
@require_POST
def reopen(request: ActorRequest, account: int) -> HttpResponse:
    """Open a closed account again, without roles."""
    found = access_account(request.actor, account)
    reopen_account(request.actor, found)
    messages.success(request, _("The account is open again. It has no role."))
    return redirect("account", found.pk)


@gate(ADMINISTRATOR)
@require_POST
def send_invitation(request: ActorRequest, account: int) -> HttpResponse:
    """Send the link to set a password once more."""
    found = access_account(request.actor, account)
    invite(request, found.email)
    messages.success(request, _("The invitation is on its way."))
    return redirect("account", found.pk)
