"""Pages that keep an organisation's entry, contacts and assets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Invalid
from sipar.formats.asset_values import is_quantum_vulnerable
from sipar.orgs import actions, policy, selectors
from sipar.orgs.forms import AssetForm, ContactForm, OrganisationForm, add_problem
from sipar.orgs.gates import ASSET_KEEPERS, IMPORTERS
from sipar.orgs.models import Asset, Organisation
from sipar.orgs.views import PAGE, back_to, trail
from sipar.people.gates import REGISTER_READERS
from sipar.ui.tables import Column

ASSET_COLUMNS = (
    Column("value", gettext_lazy("Value")),
    Column("kind", gettext_lazy("Kind")),
    Column("valid_from", gettext_lazy("Holds from"), optional=True),
    Column("valid_until", gettext_lazy("Ends on"), optional=True),
    Column("note", gettext_lazy("Note"), optional=True),
    Column("change", gettext_lazy("Change")),
)


@gate(IMPORTERS)
@require_http_methods(["GET", "POST"])
def add_organisation(request: ActorRequest) -> HttpResponse:
    sentence = "Organisations are added by the national CERT."
    policy.require(policy.may_add_organisation(request.actor), sentence, "organisation.forbidden")
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_organisation(
                request.actor, identifier=form.cleaned_data["identifier"], fields=form.entry()
            )
            return redirect("organisation", added.identifier)
        except (Invalid, Conflict) as problem:
            add_problem(form, problem)
    path = [{"url": reverse("organisations"), "label": _("Organisations")}]
    return _form(request, form, _("Add an organisation"), _("It joins its CERTs by their rules at once."), path)


@gate(ASSET_KEEPERS)
@require_http_methods(["GET", "POST"])
def change_organisation(request: ActorRequest, identifier: str) -> HttpResponse:
    organisation = selectors.access_organisation(request.actor, identifier)
    policy.require_may_change_organisation(request.actor, organisation)
    form = OrganisationForm(request.POST or None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_organisation(request.actor, organisation, form.entry())
            return back_to(request.actor, organisation)
        except Invalid as problem:
            add_problem(form, problem)
    path = trail(request.actor, organisation)
    return _form(request, form, _("Change the entry"), _("What the register says of this organisation."), path)


@gate(ASSET_KEEPERS)
@require_http_methods(["GET", "POST"])
def keep_contact(request: ActorRequest, identifier: str, contact: int | None = None) -> HttpResponse:
    organisation = _kept_by(request, identifier)
    kept = selectors.access_contact(request.actor, organisation, contact) if contact is not None else None
    initial = {name: getattr(kept, name) for name in ContactForm.base_fields} if kept else None
    form = ContactForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.keep_contact(request.actor, organisation, contact=kept, **form.cleaned_data)
            return back_to(request.actor, organisation)
        except Invalid as problem:
            add_problem(form, problem)
    heading = _("Change a contact") if kept else _("Add a contact")
    removal = reverse("contact_remove", args=[organisation.identifier, kept.pk]) if kept else ""
    path = trail(request.actor, organisation)
    return _form(request, form, heading, _("Whom a CERT calls or writes, day or night."), path, removal=removal)


@gate(ASSET_KEEPERS)
@require_POST
def remove_contact(request: ActorRequest, identifier: str, contact: int) -> HttpResponse:
    organisation = _kept_by(request, identifier)
    actions.remove_contact(request.actor, organisation, selectors.access_contact(request.actor, organisation, contact))
    return back_to(request.actor, organisation)


@gate(REGISTER_READERS)
@require_safe
def asset_list(request: ActorRequest, identifier: str) -> HttpResponse:
    """Everything that the organisation answers for, in force or ended."""
    organisation = selectors.access_organisation(request.actor, identifier)
    today = timezone.now().date()
    kind = request.GET.get("kind", "")
    kind = kind if kind in Asset.Kind.values else ""
    ended = request.GET.get("ended") == "1"
    page = Paginator(selectors.assets_of(organisation, today=today, kind=kind, ended=ended), PAGE).get_page(
        request.GET.get("page")
    )
    for asset in page:
        weak = asset.kind == "cryptography" and is_quantum_vulnerable(asset.value)
        asset.is_quantum_vulnerable = weak  # type: ignore[attr-defined]
    context = {
        "organisation": organisation,
        "trail": trail(request.actor, organisation),
        "page": page,
        "columns": ASSET_COLUMNS,
        "kinds": Asset.Kind.choices,
        "kind": kind,
        "ended": ended,
        "may_change": policy.may_change_assets(request.actor, organisation),
    }
    return render(request, "orgs/assets.html", context)


@gate(ASSET_KEEPERS)
@require_http_methods(["GET", "POST"])
def keep_asset(request: ActorRequest, identifier: str, asset: int | None = None) -> HttpResponse:
    organisation = _kept_by(request, identifier)
    kept = selectors.access_asset(request.actor, organisation, asset) if asset is not None else None
    initial = {name: getattr(kept, name) for name in AssetForm.base_fields} if kept else None
    form = AssetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.keep_asset(request.actor, organisation, asset=kept, **form.cleaned_data)
            return _to_assets(organisation)
        except Invalid as problem:
            add_problem(form, problem)
    heading = _("Change an asset") if kept else _("Add an asset")
    path = trail(request.actor, organisation)
    return _form(request, form, heading, _("Reports about it will find this organisation."), path)


@gate(ASSET_KEEPERS)
@require_POST
def end_asset(request: ActorRequest, identifier: str, asset: int) -> HttpResponse:
    organisation = _kept_by(request, identifier)
    kept = selectors.access_asset(request.actor, organisation, asset)
    actions.end_asset(request.actor, organisation, kept, today=timezone.now().date())
    messages.success(request, _("The asset ended today."))
    return _to_assets(organisation)


def _to_assets(organisation: Organisation) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("organisation_assets", args=[organisation.identifier]))


def _kept_by(request: ActorRequest, identifier: str) -> Organisation:
    organisation = selectors.access_organisation(request.actor, identifier)
    policy.require_may_change_assets(request.actor, organisation)
    return organisation


def _form(
    request: ActorRequest,
    form: forms.Form,
    heading: str,
    purpose: str,
    path: list[dict[str, str]],
    **context: Any,
) -> HttpResponse:
    """A page with one form; with errors it keeps the input and answers 422."""
    data = {"form": form, "heading": heading, "purpose": purpose, "trail": path} | context
    return render(request, "orgs/form.html", data, status=422 if form.errors else 200)
