"""Versions of the assumptions: what is in use with its sources, drafts to edit, and what differs between two."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import whole_number
from sipar.core.problems import Conflict, Invalid
from sipar.risks import actions, selectors
from sipar.risks.models import AssumptionSet
from sipar.risks.national_comparing import changes
from sipar.risks.national_contents import contents_of, quality_counts
from sipar.risks.national_editing import (
    IDENTITY,
    LISTS,
    leaves,
    part_of,
    rebuilt,
    with_copy,
    with_part,
    without_part,
)
from sipar.risks.national_forms import CopyForm, DocumentForm, DraftForm, PartForm, ReasonForm, as_text
from sipar.risks.national_labels import path_in_words
from sipar.risks.national_reading import names_of, top_sectors
from sipar.risks.national_views import frame
from sipar.risks.policy import MODEL_GATE, NATION_GATE, require_may_model, require_may_read_nation
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

VERSIONS = 100
COLUMNS = (
    Column("version", gettext_lazy("Version")),
    Column("title", gettext_lazy("Title")),
    Column("state", gettext_lazy("State")),
    Column("made", gettext_lazy("Written")),
    Column("used", gettext_lazy("Put to use")),
)


@gate(NATION_GATE)
@require_GET
def assumptions(request: ActorRequest) -> HttpResponse:
    """Which assumptions are in use, where they come from, and every version there was."""
    require_may_read_nation(request.actor)
    used = selectors.assumptions_in_use(request.actor)
    context = {
        "used": used,
        "qualities": quality_counts(used.document) if used else [],
        "versions": selectors.versions_of_assumptions(request.actor)[:VERSIONS],
        "columns": COLUMNS,
        "form": DraftForm(),
    }
    return render(request, "risks/assumptions.html", {**frame(request), **context})


@gate(NATION_GATE)
@require_GET
def version(request: ActorRequest, number: int) -> HttpResponse:
    """One version with the source of everything in it; a draft can be edited, run and put to use."""
    require_may_read_nation(request.actor)
    return _version_page(request, selectors.access_assumptions(request.actor, number))


@gate(MODEL_GATE)
@require_POST
def begin_draft(request: ActorRequest, number: int) -> HttpResponse:
    """A draft that begins as this version."""
    found = selectors.access_assumptions(request.actor, number)
    form = DraftForm(request.POST)
    if form.is_valid():
        draft = actions.draft_from(request.actor, found, **form.cleaned_data, now=timezone.now())
        messages.success(request, _("A draft. Nothing counts by it before you put it to use."))
        return redirect("risk_version", draft.number)
    return _version_page(request, found, drafting=form, status=422)


@gate(MODEL_GATE)
@require_http_methods(["GET", "POST"])
def part(request: ActorRequest, number: int, address: str) -> HttpResponse:
    """One part of a draft as a form."""
    draft = _draft(request, number)
    names = names_of(draft.document, framework=None)
    found = part_of(draft.document, address)
    fields = leaves(found, document=draft.document, sectors=top_sectors())
    form = PartForm(
        request.POST if request.method == "POST" else None,
        leaves=fields,
        version=draft.version,
        currency=draft.document["currency"],
        sectors=names["sector"],
    )
    if request.method == "POST" and form.is_valid():
        document = with_part(draft.document, address, rebuilt(found, fields, form.values()))
        try:
            actions.save_draft(
                request.actor, draft, document=document, version=form.cleaned_data["version"], now=timezone.now()
            )
        except Invalid as problem:
            form.add_refusal(problem, address)
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            messages.success(request, _("Kept in the draft."))
            return redirect("risk_version", number)
    head = address.partition("/")[0]
    context = {
        "draft": draft,
        "form": form,
        "address": address,
        "title": path_in_words(address, names),
        "fixed": [leaf for leaf in fields if leaf.kind == "fixed"],
        "in_list": head in LISTS,
        "copying": CopyForm() if head in IDENTITY else None,
        "trail": _trail(draft),
    }
    return render(request, "risks/part.html", {**frame(request), **context}, status=422 if form.errors else 200)


@gate(MODEL_GATE)
@require_POST
def part_copy(request: ActorRequest, number: int, address: str) -> HttpResponse:
    """A new entry of a draft that begins as a copy of this one."""
    draft = _draft(request, number)
    head = address.partition("/")[0]
    form = CopyForm(request.POST)
    if head in IDENTITY and not form.is_valid():
        messages.error(request, _("A key has small letters, digits and hyphens."))
        return redirect("risk_part", number, address)
    key = form.cleaned_data["key"] if head in IDENTITY else ""
    document = with_copy(draft.document, address, key=key)
    actions.save_draft(request.actor, draft, document=document, version=draft.version, now=timezone.now())
    last = len(document[head]) - 1
    return redirect("risk_part", number, f"{head}/{key or last}")


@gate(MODEL_GATE)
@require_POST
def part_remove(request: ActorRequest, number: int, address: str) -> HttpResponse:
    """Take an entry out of a draft."""
    draft = _draft(request, number)
    document = without_part(draft.document, address)
    try:
        actions.save_draft(request.actor, draft, document=document, version=draft.version, now=timezone.now())
    except Invalid as problem:
        # Something else in the document still names it.
        messages.error(request, " ".join(f"{place.where}: {place.sentence}" for place in problem.places))
        return redirect("risk_part", number, address)
    messages.success(request, _("Taken out of the draft."))
    return redirect("risk_version", number)


@gate(MODEL_GATE)
@require_http_methods(["GET", "POST"])
def document(request: ActorRequest, number: int) -> HttpResponse:
    """The whole document of a draft as text."""
    draft = _draft(request, number)
    form = DocumentForm(
        request.POST if request.method == "POST" else None,
        initial={"document": as_text(draft.document), "version": draft.version},
    )
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        try:
            actions.save_draft(
                request.actor, draft, document=cleaned["document"], version=cleaned["version"], now=timezone.now()
            )
        except Invalid as problem:
            for place in problem.places:
                form.add_error("document", f"{place.where}: {place.sentence}")
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            messages.success(request, _("Kept in the draft."))
            return redirect("risk_version", number)
    context = {"draft": draft, "form": form, "trail": _trail(draft)}
    return render(request, "risks/document.html", {**frame(request), **context}, status=422 if form.errors else 200)


@gate(MODEL_GATE)
@require_POST
def use(request: ActorRequest, number: int) -> HttpResponse:
    """Put a draft to use."""
    draft = selectors.access_assumptions(request.actor, number)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            actions.use_assumptions(request.actor, draft, **form.cleaned_data, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("In use. The next run that ends is the one that counts."))
            return redirect("risk_version", number)
    return _version_page(request, draft, using=form, status=422)


@gate(MODEL_GATE)
@require_POST
def discard(request: ActorRequest, number: int) -> HttpResponse:
    """Put a draft away."""
    actions.discard_draft(request.actor, selectors.access_assumptions(request.actor, number))
    messages.success(request, _("Discarded."))
    return redirect("risk_assumptions")


@gate(NATION_GATE)
@require_GET
def versions_compare(request: ActorRequest) -> HttpResponse:
    """What differs between two versions."""
    require_may_read_nation(request.actor)
    before = selectors.access_assumptions(request.actor, whole_number(request.GET.get("before")) or 0)
    after = selectors.access_assumptions(request.actor, whole_number(request.GET.get("after")) or 0)
    context = {
        "before": before,
        "after": after,
        "changes": changes(before.document, after.document, names_of(after.document, framework=None)),
        "versions": selectors.versions_of_assumptions(request.actor)[:VERSIONS],
        "trail": _trail(after),
    }
    return render(request, "risks/versions_compare.html", {**frame(request), **context})


def _version_page(
    request: ActorRequest,
    found: AssumptionSet,
    *,
    drafting: DraftForm | None = None,
    using: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    base = found.based_on
    context: dict[str, Any] = {
        "version": found,
        "state_in_words": AssumptionSet.STATES[found.state],
        "contents": contents_of(found),
        "base": base,
        "changes": changes(base.document, found.document, names_of(found.document, framework=None)) if base else [],
        "runs": selectors.runs_of(request.actor, found),
        "drafting": drafting or DraftForm(),
        "using": using or ReasonForm(initial={"reason": found.reason}),
        "trail": _trail(None),
    }
    return render(request, "risks/version.html", {**frame(request), **context}, status=status)


def _draft(request: ActorRequest, number: int) -> AssumptionSet:
    require_may_model(request.actor)
    draft = selectors.access_assumptions(request.actor, number)
    if draft.state != "draft":
        raise Conflict("Only a draft can be changed. Begin a draft from this version.", code="risk.state")
    return draft


def _trail(found: AssumptionSet | None) -> list[dict[str, str]]:
    trail = [{"url": reverse("risk_assumptions"), "label": _("Assumptions")}]
    if found is not None:
        label = _("Version %(version)s") % {"version": found.number}
        trail.append({"url": reverse("risk_version", args=[found.number]), "label": label})
    return trail
