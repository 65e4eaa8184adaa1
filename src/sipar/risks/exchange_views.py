"""Scenarios in and out: files with their difference before anything changes, and files for other programs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core.files import download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import whole_number
from sipar.core.problems import Invalid
from sipar.formats.problems import FormatProblem
from sipar.risks import exchange_actions, selectors
from sipar.risks.exchange_files import SCENARIO_FORMS, Written, scenarios_file
from sipar.risks.exchange_forms import ScaleForm, ScenarioFileForm, TakeForm, beginning
from sipar.risks.exchange_models import ScenarioImport
from sipar.risks.exchange_selectors import access_scenario_import, bases, scenario_imports
from sipar.risks.national_comparing import value_in_words
from sipar.risks.national_labels import path_in_words
from sipar.risks.national_reading import names_of
from sipar.risks.national_sub import sub_navigation
from sipar.risks.policy import MODEL_GATE, NATION_GATE, require_may_model
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

SHOWN_IMPORTS = 20
SHOWN = 200
UNSTATED = "level.unknown"
REFUSED_COLUMNS = (
    Column("reason", gettext_lazy("Reason")),
    Column("where", gettext_lazy("Where")),
    Column("written", gettext_lazy("What stands there"), optional=True),
)
DIFFERENCE_COLUMNS = (
    Column("what", gettext_lazy("Assumption")),
    Column("before", gettext_lazy("Now")),
    Column("after", gettext_lazy("With the file")),
)


@gate(MODEL_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: ActorRequest) -> HttpResponse:
    """Upload a file of scenarios; what it would change is shown before anything does. Below, files to take away."""
    require_may_model(request.actor)
    known = bases(request.actor)
    form = ScenarioFileForm(request.POST or None, request.FILES or None, bases=known)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            found = exchange_actions.preview_scenarios(
                request.actor,
                upload.chunks(),
                name=upload.name,
                base=selectors.access_assumptions(request.actor, form.chosen.number),
                now=timezone.now(),
                currency=form.cleaned_data["currency"],
                year=form.cleaned_data["year"],
            )
            return redirect("risk_import", found.pk)
        except Invalid as problem:
            add_problem(form, problem)
        except FormatProblem as problem:
            form.add_error("file", str(problem))
    imports = list(scenario_imports(request.actor)[:SHOWN_IMPORTS])
    context = {
        "sub_links": sub_navigation(request.actor, request.path),
        "trail": [{"url": reverse("risk_board"), "label": _("Risk")}],
        "form": form,
        "bases": known,
        "imports": imports,
        "files": _files(known, imports),
        "run": selectors.latest_run(request.actor),
    }
    return render(request, "risks/exchange.html", context, status=422 if form.errors else 200)


@gate(MODEL_GATE)
@require_safe
def show_import(request: ActorRequest, scenario_import: int) -> HttpResponse:
    """One import: what it would change, what of it cannot be taken and why."""
    require_may_model(request.actor)
    return _import(request, access_scenario_import(request.actor, scenario_import))


@gate(MODEL_GATE)
@require_POST
def state_scale(request: ActorRequest, scenario_import: int) -> HttpResponse:
    """Say what the levels of a file mean, and see the difference anew."""
    require_may_model(request.actor)
    found = access_scenario_import(request.actor, scenario_import)
    form = _scale_form(found, request.POST)
    if form.is_valid():
        try:
            exchange_actions.state_scale(request.actor, found, meanings=form.meanings)
            return redirect("risk_import", found.pk)
        except Invalid as problem:
            for place in problem.places:
                form.add_error(form.places.get(place.where, [None])[0], place.sentence)
    return _import(request, found, scale=form, status=422)


@gate(MODEL_GATE)
@require_POST
def take_import(request: ActorRequest, scenario_import: int) -> HttpResponse:
    """Make a new draft of the assumptions with what the file says."""
    require_may_model(request.actor)
    found = access_scenario_import(request.actor, scenario_import)
    form = TakeForm(request.POST)
    if form.is_valid():
        try:
            draft = exchange_actions.take_scenarios(request.actor, found, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Draft %(number)s holds them. Nothing counts before it is put to use.")
                             % {"number": draft.number})  # fmt: skip
            return redirect("risk_import", found.pk)
        except Invalid as problem:
            add_problem(form, problem)
    return _import(request, found, take=form, status=422)


@gate(MODEL_GATE)
@require_POST
def discard_import(request: ActorRequest, scenario_import: int) -> HttpResponse:
    """Put a preview away."""
    require_may_model(request.actor)
    found = access_scenario_import(request.actor, scenario_import)
    exchange_actions.discard_scenarios(request.actor, found, now=timezone.now())
    messages.success(request, _("The preview was discarded. The assumptions are as they were."))
    return redirect("risk_exchange")


@gate(NATION_GATE)
@require_safe
def assumptions_file(request: ActorRequest, number: int, form: str) -> HttpResponse:
    """The scenarios of a version in one of the forms; for MONARC by the scale of an import (`?scale=`)."""
    assumptions = selectors.access_assumptions(request.actor, number)
    asked = request.GET.get("scale", "")
    scale = None
    if asked:
        scale = exchange_actions.scale_of(access_scenario_import(request.actor, whole_number(asked) or 0))
    return _saved(scenarios_file(assumptions, form, scale=scale))


def _import(
    request: ActorRequest,
    found: ScenarioImport,
    *,
    scale: ScaleForm | None = None,
    take: TakeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    outcome: dict[str, Any] = found.outcome
    names = names_of(found.base.document, framework=None)
    refused = [row for row in outcome["refusals"] if row[1] != UNSTATED]
    unstated = len(outcome["refusals"]) - len(refused)
    context = {
        "sub_links": sub_navigation(request.actor, reverse("risk_exchange")),
        "trail": [{"url": reverse("risk_exchange"), "label": _("Import and export")}],
        "import": found,
        "form_in_words": ScenarioImport.FORMS.get(found.form, found.form),
        "state_in_words": ScenarioImport.STATES[found.state],
        "outcome": outcome,
        "unstated": unstated,
        "refused_count": outcome["refusal_count"] - unstated,
        "refused": _named(refused),
        "refused_columns": REFUSED_COLUMNS,
        "left_out": _named(outcome["left_out"]),
        "differences": [
            {"what": path_in_words(path, names), "before": value_in_words(before), "after": value_in_words(after)}
            for path, before, after in outcome["differences"][:SHOWN]
        ],
        "difference_columns": DIFFERENCE_COLUMNS,
        "blocked": _named([outcome["blocked"]])[0] if outcome["blocked"] else None,
        "scale": scale or _scale_form(found) if outcome["levels"] else None,
        "take": take or TakeForm(initial=beginning(found.file_name)),
    }
    return render(request, "risks/exchange_import.html", context, status=status)


def _scale_form(found: ScenarioImport, said: Any = None) -> ScaleForm:
    currency = str(found.base.document["currency"])
    return ScaleForm(said, levels=found.outcome["levels"], stated=found.scale, currency=currency)


def _named(rows: list[list[str]]) -> list[dict[str, str]]:
    return [
        {"where": where, "code": code, "reason": _(sentence) if sentence else code, "written": written}
        for where, code, sentence, written in rows[:SHOWN]
    ]


def _files(known: list[Any], imports: list[ScenarioImport]) -> list[dict[str, str]]:
    """Files of the version in use; MONARC only where an import has said what levels mean."""
    used = next((each for each in known if each.state == "in_use"), None)
    if used is None:
        return []
    scaled = next((each for each in imports if each.form == "monarc" and each.scale), None)
    files = []
    for form, words in SCENARIO_FORMS.items():
        address = reverse("risk_assumptions_file", args=[used.number, form])
        if form != "monarc":
            files.append({"url": address, "label": str(words)})
        elif scaled is not None:
            files.append({"url": f"{address}?scale={scaled.pk}", "label": str(words)})
    return files


def _saved(written: Written) -> HttpResponse:
    return download(written.content, name=written.name, media_type=written.media_type)
