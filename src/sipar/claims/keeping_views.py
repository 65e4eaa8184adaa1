"""Pages that bring claims in: imports with their difference, and the national ranges."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.claims import actions, import_actions, policy, selectors, words
from sipar.claims.forms import ClaimFileForm, RangeForm
from sipar.claims.gates import CLAIM_KEEPERS, CLAIM_READERS
from sipar.claims.models import ClaimImport, NationalRange
from sipar.claims.views import ROWS, trail
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.formats.problems import FormatProblem
from sipar.teams.models import Team
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

SHOWN_IMPORTS = 20
PROBLEM_COLUMNS = (
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("value", gettext_lazy("What stands there")),
    Column("reason", gettext_lazy("Reason")),
)
RANGE_COLUMNS = (
    Column("value", gettext_lazy("Value")),
    Column("kind", gettext_lazy("Kind")),
    Column("holder", gettext_lazy("Holder")),
    Column("team", gettext_lazy("CERT")),
    Column("mark", gettext_lazy("Whose machines"), optional=True),
    Column("source", gettext_lazy("Source"), optional=True),
    Column("valid_from", gettext_lazy("Holds from"), optional=True),
    Column("valid_until", gettext_lazy("Ends on"), optional=True),
    Column("change", gettext_lazy("Change")),
)


@gate(CLAIM_KEEPERS)
@require_http_methods(["GET", "HEAD", "POST"])
def claim_imports(request: ActorRequest) -> HttpResponse:
    """Upload a file of claims; what it would change is shown before anything does."""
    policy.require_may_import(request.actor)
    form = ClaimFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "file"}
        upload = form.cleaned_data["file"]
        try:
            found = import_actions.preview_claims(
                request.actor, upload.chunks(), name=upload.name, now=timezone.now(), **said
            )
            return redirect("claim_import", found.pk)
        except Invalid as problem:
            add_problem(form, problem)
        except FormatProblem as problem:
            form.add_error("file", str(problem))
    context = {
        "form": form,
        "imports": list(selectors.imports()[:SHOWN_IMPORTS]),
        "trail": trail(),
    }
    return render(request, "claims/imports.html", context, status=422 if form.errors else 200)


@gate(CLAIM_KEEPERS)
@require_safe
def claim_import(request: ActorRequest, import_number: int) -> HttpResponse:
    """One import: what it would add, change and end, or did."""
    policy.require_may_import(request.actor)
    found = selectors.access_import(request.actor, import_number)
    numbers = {row["organisation"] for kind in ("added", "changed", "ended") for row in found.examples.get(kind, [])}
    names = {number: row.name for number, row in selectors.names_of(number for number in numbers if number).items()}
    context = {
        "import": found,
        "state_in_words": ClaimImport.STATES[found.state],
        "groups": [
            (title, _examples(found.examples.get(kind, []), names))
            for kind, title in (
                ("added", _("Some that are added")),
                ("changed", _("Some that change")),
                ("ended", _("Some that end")),
            )
        ],
        "problems": [
            {"line": line, "value": value, "reason": words.PROBLEMS.get(code, code), "detail": detail}
            for line, value, code, detail in found.problems
        ],
        "columns": PROBLEM_COLUMNS,
        "trail": [*trail(), {"url": reverse("claim_imports"), "label": _("Imports")}],
    }
    return render(request, "claims/import.html", context)


@gate(CLAIM_KEEPERS)
@require_POST
def claim_import_apply(request: ActorRequest, import_number: int) -> HttpResponse:
    found = selectors.access_import(request.actor, import_number)
    import_actions.apply_claims(request.actor, found, now=timezone.now())
    messages.success(request, _("The claims are in use. The lookup is compiled anew in the background."))
    return redirect("claim_import", found.pk)


@gate(CLAIM_KEEPERS)
@require_POST
def claim_import_discard(request: ActorRequest, import_number: int) -> HttpResponse:
    import_actions.discard_claims(request.actor, selectors.access_import(request.actor, import_number))
    messages.success(request, _("The preview was discarded. The claims are as they were."))
    return redirect("claim_imports")


@gate(CLAIM_READERS)
@require_safe
def national_ranges(request: ActorRequest) -> HttpResponse:
    """What the nation announces and holds, and which CERT answers where no organisation does."""
    kind, text = request.GET.get("kind", ""), request.GET.get("q", "").replace("\x00", "")[:200]
    kind = kind if kind in NationalRange.Kind.values else ""
    team, ended = request.GET.get("team", "").replace("\x00", "")[:60], request.GET.get("ended") == "1"
    rows = selectors.ranges(today=timezone.now().date(), kind=kind, team=team, text=text, ended=ended)
    context = {
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "columns": RANGE_COLUMNS,
        "kinds": NationalRange.Kind.choices,
        "teams": [(row.code, row.code) for row in Team.objects.order_by("code")],
        "kind": kind, "text": text, "team": team, "ended": ended,
        "may_keep": policy.may_keep_claims(request.actor),
        "trail": trail(),
    }  # fmt: skip
    return render(request, "claims/ranges.html", context)


@gate(CLAIM_KEEPERS)
@require_http_methods(["GET", "HEAD", "POST"])
def keep_range(request: ActorRequest, range_number: int | None = None) -> HttpResponse:
    """Add a national range, or change one."""
    policy.require_may_keep_ranges(request.actor)
    kept = selectors.access_range(request.actor, range_number) if range_number is not None else None
    initial = {name: getattr(kept, name) for name in RangeForm.base_fields} if kept else None
    form = RangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.keep_range(request.actor, kept=kept, **form.cleaned_data)
            return redirect("national_ranges")
        except Invalid as problem:
            add_problem(form, problem)
    context = {
        "form": form,
        "heading": _("Change a national range") if kept else _("Add a national range"),
        "kept": kept,
        "trail": [*trail(), {"url": reverse("national_ranges"), "label": _("National ranges")}],
    }
    return render(request, "claims/range.html", context, status=422 if form.errors else 200)


@gate(CLAIM_KEEPERS)
@require_POST
def end_range(request: ActorRequest, range_number: int) -> HttpResponse:
    policy.require_may_keep_ranges(request.actor)
    found = selectors.access_range(request.actor, range_number)
    actions.end_range(request.actor, found, today=timezone.now().date())
    messages.success(request, _("The range ended today."))
    return redirect("national_ranges")


def _examples(rows: list[dict[str, Any]], names: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "kind": words.KINDS.get(row["kind"], row["kind"]),
            "value": row["value"],
            "who": names.get(row["organisation"], "") or row["holder"],
            "is_organisation": row["organisation"] in names,
            "what": [words.COLUMNS.get(name, name) for name in row["what"]],
        }
        for row in rows
    ]
