"""Pages of frameworks: the list, one version with its requirements, import with preview, coverage, taxonomies."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import CSV, download
from sipar.core.gates import Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.formats.catalogue import Group
from sipar.formats.catalogue_table import write_requirements_csv
from sipar.frameworks import selectors
from sipar.frameworks.actions import restore_framework, retire_framework
from sipar.frameworks.forms import CoverageForm, UploadForm, framework_label
from sipar.frameworks.import_actions import keep_upload, load_upload
from sipar.frameworks.mapping import STRENGTH, Coverage, coverage
from sipar.frameworks.policy import may_load_frameworks
from sipar.frameworks.reading import FrameworkReading
from sipar.frameworks.selectors import Found, LoadedFramework
from sipar.frameworks.taxonomies import NAMES, taxonomy
from sipar.people.gates import EVERYONE
from sipar.ui.heatmap import HeatMap, heat_map
from sipar.ui.tables import Column
from sipar.ui.templatetags.sipar_ui import in_language

LOADERS = Gate("framework_loaders", frozenset({"authority_policy", "team_head"}))
MOST_UNCOVERED = 50
MOST_HEAT_COLUMNS = 40
COLUMNS = (
    Column("title", gettext_lazy("Framework")),
    Column("version", gettext_lazy("Version")),
    Column("publisher", gettext_lazy("Publisher"), optional=True),
    Column("requirements", gettext_lazy("Requirements"), numeric=True),
    Column("state", gettext_lazy("State")),
)
RELATION_WORDS = {
    "equal": gettext_lazy("Asks the same"),
    "superset": gettext_lazy("Covered by something wider"),
    "subset": gettext_lazy("Covered in part"),
    "intersects": gettext_lazy("Shares a part"),
    "none": gettext_lazy("Not covered"),
}


@gate(EVERYONE)
@require_GET
def frameworks(request: ActorRequest) -> HttpResponse:
    """Every framework version that is loaded."""
    context = {
        "frameworks": list(selectors.all_frameworks()[:500]),
        "columns": COLUMNS,
        "may_load": may_load_frameworks(request.actor),
    }
    return render(request, "frameworks/framework_list.html", context)


@gate(EVERYONE)
@require_GET
def framework(request: ActorRequest, number: int) -> HttpResponse:
    """One version: its groups, the requirements of one of them, or what a search finds."""
    row = selectors.access_framework(number)
    loaded = selectors.loaded(number)
    words = request.GET.get("search", "").strip()[:200]
    groups = [group for group in loaded.groups.values() if group.id in loaded.sections]
    chosen = loaded.groups.get(request.GET.get("group", "")) or (groups[0] if groups else None)
    if words:
        found = selectors.search_requirements(loaded, words, get_language() or "en")
    else:
        found = [Found(at, loaded.requirements[at]) for at in loaded.sections.get(chosen.id, [])] if chosen else []
    context = {
        "framework": row,
        "catalogue": loaded.catalogue,
        "trail": _trail(),
        "tree": _tree(loaded),
        "chosen": None if words else chosen,
        "search": words,
        "found": found,
        "scale": loaded.catalogue.scale,
        "may_load": may_load_frameworks(request.actor),
    }
    return render(request, "frameworks/framework_detail.html", context)


@gate(EVERYONE)
@require_GET
def framework_csv(request: ActorRequest, number: int) -> HttpResponse:
    """The requirements of a version as CSV, which comes back in through the import."""
    row = selectors.access_framework(number)
    body = write_requirements_csv(selectors.loaded(number).catalogue)
    return download(body, name=f"framework-{row.pk}-requirements.csv", media_type=f"{CSV}; charset=utf-8")


@gate(LOADERS)
@require_http_methods(["GET", "POST"])
def framework_import(request: ActorRequest) -> HttpResponse:
    """Choose a file; POST shows what it holds and keeps it until its owner decides."""
    form = UploadForm(request.POST or None, request.FILES or None)
    reading: FrameworkReading | None = None
    if request.method == "POST" and form.is_valid():
        file, base = form.cleaned_data["file"], form.cleaned_data["base"]
        try:
            reading = keep_upload(
                request.actor,
                file.read(),
                file.name or "file",
                base=base.pk if base else None,
                version=form.cleaned_data["version"],
                now=timezone.now(),
            )
        except Invalid as problem:
            for place in problem.places:
                form.add_error("file", f"{place.where}: {place.sentence}")
    context: dict[str, Any] = {"form": form, "trail": _trail(), "reading": reading}
    if reading is not None:
        context["counts"] = _counts(reading)
        context["base"] = framework_label(selectors.access_framework(reading.base.framework)) if reading.base else ""
    status = 422 if form.is_bound and reading is None else 200
    return render(request, "frameworks/framework_import.html", context, status=status)


@gate(LOADERS)
@require_POST
def framework_load(request: ActorRequest) -> HttpResponse:
    """Load the file that was looked at."""
    done = load_upload(request.actor, now=timezone.now())
    messages.success(request, _("The file is loaded."))
    return redirect("framework", done.framework.pk) if done.framework else redirect("frameworks")


@gate(LOADERS)
@require_POST
def framework_retire(request: ActorRequest, number: int) -> HttpResponse:
    retire_framework(request.actor, selectors.access_framework(number), now=timezone.now())
    messages.success(request, _("The version is retired. Running campaigns keep it."))
    return redirect("framework", number)


@gate(LOADERS)
@require_POST
def framework_restore(request: ActorRequest, number: int) -> HttpResponse:
    restore_framework(request.actor, selectors.access_framework(number))
    messages.success(request, _("The version is offered again."))
    return redirect("framework", number)


@gate(EVERYONE)
@require_GET
def mapping_coverage(request: ActorRequest) -> HttpResponse:
    """How far answers in one framework cover another."""
    form = CoverageForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "trail": _trail(), "known": selectors.mapping_pairs_known()}
    if form.is_bound and form.is_valid():
        source = selectors.loaded(form.cleaned_data["source"].pk)
        target = selectors.loaded(form.cleaned_data["target"].pk)
        pairs = selectors.relations_between(source.catalogue.identifier, target.catalogue.identifier)
        result = coverage(source.catalogue, target.catalogue, pairs)
        uncovered = [requirement for requirement in target.requirements if result.strongest[requirement.id] == "none"]
        context |= {
            "result": result,
            "pairs": len(pairs),
            "kinds": [(RELATION_WORDS[kind], result.counts[kind]) for kind in (*STRENGTH, "none")],
            "asked": len(target.requirements),
            "uncovered": uncovered[:MOST_UNCOVERED],
            "uncovered_more": max(len(uncovered) - MOST_UNCOVERED, 0),
            "heat": _coverage_heat(result, source, target) if pairs else None,
        }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "frameworks/mapping_coverage.html", context, status=status)


@gate(EVERYONE)
@require_GET
def taxonomies(request: ActorRequest) -> HttpResponse:
    """The shared vocabularies: RSIT, TLP and PAP."""
    context = {"taxonomies": [taxonomy(name) for name in NAMES], "trail": _trail()}
    return render(request, "frameworks/taxonomies.html", context)


def _tree(loaded: LoadedFramework) -> list[dict[str, Any]]:
    """The groups as nested nodes, with how many requirements stand in each itself."""
    below: dict[str | None, list[Group]] = {}
    for group in loaded.catalogue.groups:
        below.setdefault(group.parent, []).append(group)

    def nodes(above: str | None) -> list[dict[str, Any]]:
        return [
            {"group": group, "count": len(loaded.sections.get(group.id, ())), "below": nodes(group.id)}
            for group in below.get(above, ())
        ]

    return nodes(None)


def _counts(reading: FrameworkReading) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    if reading.catalogue:
        found = [
            (_("Groups"), len(reading.catalogue.groups)),
            (_("Requirements"), len(reading.catalogue.requirements)),
            (_("Levels"), len(reading.catalogue.scale)),
            (_("Target profiles"), len(reading.catalogue.profiles)),
        ]
    if reading.profile:
        found.append((_("Requirements asked"), len(reading.profile.requirements)))
    if reading.mapping_sets:
        found.append((_("Relations"), sum(len(mappings.mappings) for mappings in reading.mapping_sets)))
    return found


def _coverage_heat(result: Coverage, source: LoadedFramework, target: LoadedFramework) -> HeatMap:
    columns = result.target_groups[:MOST_HEAT_COLUMNS]
    values = [[float(number) or None for number in row[:MOST_HEAT_COLUMNS]] for row in result.matrix.tolist()]
    return heat_map(
        values,
        sentence=_("How many relations lead from each group to each group"),
        corner=_("From \\ to"),
        rows=[_group_title(source, group) for group in result.source_groups],
        columns=[_group_title(target, group) for group in columns],
        lowest=0,
        highest=float(result.matrix.max(initial=1)),
        words=(_("few"), _("many"), _("none")),
        write=lambda value: f"{value:.0f}",
    )


def _group_title(loaded: LoadedFramework, group: str) -> str:
    return str(in_language(loaded.groups[group].title))


def _trail() -> list[dict[str, str]]:
    return [{"url": reverse("frameworks"), "label": _("Frameworks")}]
