"""Pages of the register import: upload, preview with every problem, load or discard."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core import jobs
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import Invalid
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import write_csv
from sipar.orgs import import_actions, policy, selectors
from sipar.orgs.forms import RegisterFileForm, add_problem
from sipar.orgs.gates import IMPORTERS
from sipar.orgs.import_columns import COLUMNS, NAMES, SENTENCES
from sipar.orgs.tasks import STEPS, load_register
from sipar.orgs.views import download
from sipar.ui.tables import Column

PROBLEM_COLUMNS = (
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("column", gettext_lazy("Column")),
    Column("value", gettext_lazy("What stands there")),
    Column("reason", gettext_lazy("Reason")),
)
SHOWN_IMPORTS = 20


@gate(IMPORTERS)
@require_http_methods(["GET", "POST"])
def import_register(request: ActorRequest) -> HttpResponse:
    """Upload a register file; what it would change is shown before anything is loaded."""
    policy.require_may_import(request.actor)
    form = RegisterFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            found = import_actions.preview_import(request.actor, upload.chunks(), name=upload.name, now=timezone.now())
            return redirect("import_preview", found.pk)
        except Invalid as problem:
            add_problem(form, problem)
        except FormatProblem as problem:
            form.add_error("file", str(problem))
    context = {
        "form": form,
        "register_columns": COLUMNS,
        "imports": list(selectors.imports_of(request.actor)[:SHOWN_IMPORTS]),
        "trail": [{"url": reverse("organisations"), "label": _("Organisations")}],
    }
    return render(request, "orgs/import.html", context, status=422 if form.errors else 200)


@gate(IMPORTERS)
@require_safe
def import_preview(request: ActorRequest, number: int) -> HttpResponse:
    policy.require_may_import(request.actor)
    found = import_actions.access_import(request.actor, number)
    problems = [
        {"line": line, "column": column, "value": value, "reason": SENTENCES.get(code, code), "detail": detail}
        for line, column, value, code, detail in found.problems
    ]
    context = {
        "import": found,
        "problems": problems,
        "columns": PROBLEM_COLUMNS,
        "run": BackgroundRun.objects.filter(pk=found.run_id).first() if found.run_id else None,
        "trail": [
            {"url": reverse("organisations"), "label": _("Organisations")},
            {"url": reverse("import_register"), "label": _("Import")},
        ],
    }
    return render(request, "orgs/import_preview.html", context)


@gate(IMPORTERS)
@require_POST
def import_apply(request: ActorRequest, number: int) -> HttpResponse:
    """Hand the preview to the worker, which loads it whole or not at all."""
    found = import_actions.access_import(request.actor, number)
    run = jobs.start_run(
        request.actor, kind="register.import", subject=str(found.pk), total=len(STEPS), now=timezone.now()
    )
    import_actions.take_import(request.actor, found, run=run.pk)
    load_register.defer(number=found.pk, run=run.pk)
    messages.success(request, _("The file is being loaded. This page says when it is done."))
    return redirect("import_preview", found.pk)


@gate(IMPORTERS)
@require_POST
def import_discard(request: ActorRequest, number: int) -> HttpResponse:
    import_actions.discard_import(request.actor, import_actions.access_import(request.actor, number))
    messages.success(request, _("The preview was discarded. The register is as it was."))
    return redirect("import_register")


@gate(IMPORTERS)
@require_safe
def import_template(request: ActorRequest) -> HttpResponse:
    """An empty register file with every column."""
    policy.require_may_import(request.actor)
    return download(write_csv(NAMES, [["" for _name in NAMES]]), "csv")
