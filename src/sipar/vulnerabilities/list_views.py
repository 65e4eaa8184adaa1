"""The page of lists: where they come from, how old they are, and bringing them up to date."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core.files import clean_name, keep_bytes
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.formats.limits import MEGABYTE
from sipar.orgs.policy import is_national
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column
from sipar.vulnerabilities import list_asking, policy, selectors, source_actions
from sipar.vulnerabilities.forms import ListForm, SourceForm
from sipar.vulnerabilities.gates import STAFF
from sipar.vulnerabilities.views import trail

LARGEST = 512 * MEGABYTE
RUNS, IMPORTS = 3, 10
# How long a run that has ended is told of.
TOLD = timedelta(hours=1)
COLUMNS = (
    Column("code", gettext_lazy("List")),
    Column("fetched", gettext_lazy("Last fetched")),
    Column("state", gettext_lazy("State")),
    Column("do", gettext_lazy("To do")),
)
IMPORT_COLUMNS = (
    Column("name", gettext_lazy("File")),
    Column("read", gettext_lazy("Read")),
    Column("added", gettext_lazy("New"), numeric=True),
    Column("changed", gettext_lazy("Changed"), numeric=True),
    Column("refused", gettext_lazy("Refused"), numeric=True),
)


@gate(STAFF)
@require_http_methods(["GET", "POST"])
def list_sources(request: ActorRequest) -> HttpResponse:
    """The lists that are fetched every night; the National CERT adds addresses."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source = source_actions.remember(request.actor, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            list_asking.ask_to_fetch(request.actor, source, now=timezone.now())
            messages.success(request, _("Kept. The list is being fetched."))
            return redirect("vulnerability_lists")
    return _page(request, form, ListForm())


@gate(STAFF)
@require_POST
def list_given(request: ActorRequest) -> HttpResponse:
    """Read a list from a file, where the server that has it cannot be reached."""
    policy.require_may_keep_lists(request.actor)
    form = ListForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            stored = keep_bytes(file.chunks(), largest=LARGEST)
            list_asking.give_list(request.actor, stored, name=clean_name(file.name), now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The file is kept and being read."))
            return redirect("vulnerability_lists")
    return _page(request, SourceForm(), form)


@gate(STAFF)
@require_POST
def list_fetch(request: ActorRequest, source: int) -> HttpResponse:
    list_asking.ask_to_fetch(request.actor, selectors.access_source(source), now=timezone.now())
    return redirect("vulnerability_lists")


@gate(STAFF)
@require_POST
def list_end(request: ActorRequest, source: int) -> HttpResponse:
    source_actions.forget(request.actor, selectors.access_source(source))
    messages.success(request, _("This list is fetched no more. What was read from it stays."))
    return redirect("vulnerability_lists")


@gate(STAFF)
@require_safe
def list_run(request: ActorRequest, run: int) -> HttpResponse:
    """How far one of my runs is: a part of the page for htmx, the page otherwise."""
    found = selectors.runs_of_lists(request.actor).filter(pk=run).first()
    if found is None:
        raise not_open("run")
    if not request.htmx:
        return redirect("vulnerability_lists")
    return render(request, "vulnerabilities/_list_run.html", {"run": found})


def _page(request: ActorRequest, source_form: SourceForm, list_form: ListForm) -> HttpResponse:
    context = {
        "source_form": source_form,
        "list_form": list_form,
        "sources": selectors.sources(),
        "runs": selectors.runs_of_lists(request.actor, since=timezone.now() - TOLD)[:RUNS],
        "imports": selectors.newest_imports(IMPORTS),
        "keeps": is_national(request.actor),
        "columns": COLUMNS,
        "import_columns": IMPORT_COLUMNS,
        "trail": trail(),
    }
    refused = source_form.errors or list_form.errors
    return render(request, "vulnerabilities/lists.html", context, status=422 if refused else 200)
