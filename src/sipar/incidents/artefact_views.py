"""Files, indicators and affected requirements of a case."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import bytes_response, download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.incidents import artefact_actions, indicator_actions, requirement_actions
from sipar.incidents.case_policy import CASE_READERS
from sipar.incidents.content_forms import (
    ArtefactForm,
    ContentForm,
    CustodyForm,
    HandOutForm,
    IndicatorsForm,
    RequirementForm,
)
from sipar.incidents.content_parts import Look
from sipar.incidents.content_policy import may_write
from sipar.incidents.content_selectors import (
    access_artefact,
    access_indicator,
    access_requirement,
    custody_of,
    indicators_of,
)
from sipar.incidents.content_views import after, case_address, do_with, reached, show_part
from sipar.incidents.models import Artefact

INDICATOR_HEADER = ("kind", "value", "tlp", "note", "first_seen", "last_seen", "added_at")
DEFAULT_CAP = "amber"


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def artefacts(request: ActorRequest, number: str) -> HttpResponse:
    """The files of a case, and one more."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "artefacts")
    form = ArtefactForm(request.POST, request.FILES, for_desk=look.desk is not None)

    def deed(values: dict[str, Any]) -> None:
        file = values.pop("file")
        artefact_actions.receive_artefact(
            request.actor, look.incident, file.chunks(), name=file.name, now=look.now, **values
        )  # fmt: skip

    return do_with(request, look, "artefacts", form, deed, said=_("The file is kept."))


@gate(CASE_READERS)
@require_GET
def artefact(request: ActorRequest, number: str, artefact_id: int) -> HttpResponse:
    """One file with its chain of custody."""
    look = reached(request, number)
    return _artefact_page(request, look, access_artefact(look.incident, look.projection, artefact_id))


@gate(CASE_READERS)
@require_POST
def hand_out(request: ActorRequest, number: str, artefact_id: int) -> HttpResponseBase:
    """A copy of a file, as bytes to save; recorded in its chain of custody."""
    look = reached(request, number)
    found = access_artefact(look.incident, look.projection, artefact_id)
    form = HandOutForm(request.POST, artefact=found)
    if form.is_valid():
        try:
            name = artefact_actions.hand_out_artefact(
                request.actor, look.incident, found, now=look.now, **form.cleaned_data
            )
        except Invalid as problem:
            form.refuse(problem)
        else:
            return bytes_response(found.sha256, name=name)
    return _artefact_page(request, look, found, copy=form)


@gate(CASE_READERS)
@require_POST
def extend_chain(request: ActorRequest, number: str, artefact_id: int) -> HttpResponse:
    """A further link in the chain of custody."""
    look = reached(request, number)
    found = access_artefact(look.incident, look.projection, artefact_id)
    form = CustodyForm(request.POST)
    if form.is_valid():
        try:
            artefact_actions.record_custody(
                request.actor, look.incident, found, now=look.now, **form.cleaned_data
            )  # fmt: skip
        except Invalid as problem:
            form.refuse(problem)
        else:
            return _artefact_page(request, look, found)
    return _artefact_page(request, look, found, chain=form)


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def indicators(request: ActorRequest, number: str) -> HttpResponse:
    """The indicators of a case, and more of them, pasted line by line."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "indicators")
    form = IndicatorsForm(request.POST)
    added: list[indicator_actions.Added] = []

    def deed(values: dict[str, Any]) -> None:
        added.append(indicator_actions.add_indicators(request.actor, look.incident, now=look.now, **values))

    response = do_with(request, look, "indicators", form, deed)
    if added and not request.htmx:
        _say_added(request, added[0])
    return response


@gate(CASE_READERS)
@require_POST
def remove_indicator(request: ActorRequest, number: str, row_id: int) -> HttpResponse:
    """Take out an indicator that was a mistake."""
    look = reached(request, number)
    found = access_indicator(look.incident, look.projection, row_id)
    indicator_actions.remove_indicator(request.actor, look.incident, found, now=look.now)
    return after(request, look, "indicators")


@gate(CASE_READERS)
@require_GET
def export_indicators(request: ActorRequest, number: str) -> HttpResponse:
    """The indicators as CSV, no stricter than `?tlp=` (TLP:AMBER without one)."""
    look = reached(request, number)
    rows = list(indicators_of(look.incident, look.projection))
    kept = indicator_actions.exported(
        rows, projection=look.projection, cap=request.GET.get("tlp", DEFAULT_CAP)
    )  # fmt: skip
    table = [
        (row.kind, row.value, row.tlp, row.note, row.first_seen, row.last_seen, row.added_at) for row in kept
    ]  # fmt: skip
    return download_table(INDICATOR_HEADER, table, name=f"indicators-{look.incident.number}.csv")


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def requirements(request: ActorRequest, number: str) -> HttpResponse:
    """Which control failed: the list, a search in the loaded frameworks, and one more."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "requirements")
    return do_with(
        request, look, "requirements", RequirementForm(request.POST),
        lambda values: requirement_actions.add_requirement(request.actor, look.incident, now=look.now, **values),
    )  # fmt: skip


@gate(CASE_READERS)
@require_POST
def remove_requirement(request: ActorRequest, number: str, row_id: int) -> HttpResponse:
    """Take a requirement out of the list."""
    look = reached(request, number)
    found = access_requirement(look.incident, look.projection, row_id)
    requirement_actions.remove_requirement(request.actor, look.incident, found, now=look.now)
    return after(request, look, "requirements")


def _artefact_page(
    request: ActorRequest,
    look: Look,
    found: Artefact,
    *,
    copy: ContentForm | None = None,
    chain: ContentForm | None = None,
) -> HttpResponse:
    desk = look.desk
    context = {
        "trail": [
            {"url": case_address(look.incident), "label": look.incident.number},
            {"url": f"{case_address(look.incident)}#case-artefacts", "label": _("Files")},
        ],
        "incident": look.incident,
        "artefact": found,
        "custody": custody_of([found]).get(found.pk, []),
        "copy": (copy or HandOutForm(artefact=found)) if not found.quarantined or desk is not None else None,
        "chain": (chain or CustodyForm()) if desk is not None and may_write(request.actor, look.incident) else None,
    }
    return render(request, "incidents/case/artefact.html", context, status=422 if copy or chain else 200)


def _say_added(request: ActorRequest, added: indicator_actions.Added) -> None:
    said = ngettext("%(new)s indicator was added.", "%(new)s indicators were added.", added.new) % {"new": added.new}
    messages.success(request, said)
