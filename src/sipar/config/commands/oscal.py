"""`sipar oscal export` and `sipar oscal check`: assessments as OSCAL, and OSCAL documents held against the rules."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import django
import typer

from sipar.config import up
from sipar.formats.catalogue import Catalogue
from sipar.formats.catalogue_file import read_catalogue
from sipar.formats.ciso_library import read_ciso_library
from sipar.formats.oscal_catalog import read_oscal_catalog
from sipar.formats.oscal_check import Report, check
from sipar.formats.oscal_results import FILE_NAMES, control_id
from sipar.formats.problems import FormatProblem

oscal = typer.Typer(help="OSCAL assessment plans, results and POA&Ms (1.1.2 and later).", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(oscal, name="oscal")


@oscal.command("export")
def export(
    assessment: Annotated[int, typer.Argument(help="Number of the assessment, as in its address.", min=1)],
    out: Annotated[Path, typer.Option(help="Folder for the files; made where it is missing.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write one assessment as assessment plan, assessment results and POA&M, side by side in a folder."""
    with up.database(os.environ):
        django.setup()
        documents = _documents(assessment)
    out.mkdir(parents=True, exist_ok=True)
    for model, data in documents.items():
        (out / FILE_NAMES[model]).write_bytes(data)
    written = {model: str(out / FILE_NAMES[model]) for model in documents}
    typer.echo(json.dumps({"assessment": assessment, "files": written}) if as_json else "\n".join(written.values()))


def _documents(assessment: int) -> dict[str, bytes]:
    from django.utils import timezone

    from sipar.assessments.oscal_selectors import POAM, WRITERS, oscal_document
    from sipar.assessments.selectors import access_assessment
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.core.problems import Conflict

    now, actor = timezone.now(), system()
    found = {}
    with acting(actor, reason="sipar oscal export"):
        row = access_assessment(actor, assessment)
        for model in WRITERS:
            try:
                found[model] = oscal_document(row, model, now=now)
            except Conflict as problem:
                # Who meets the target has nothing to plan; the other two documents are still wanted.
                if model != POAM:
                    raise
                typer.echo(f"No POA&M: {problem.sentence}", err=True)
    return found


@oscal.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="OSCAL JSON documents.")],
    catalog: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Catalogue that every control id must stand in."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print counts and faults as JSON.")] = False,
) -> None:
    """Find what is wrong with OSCAL documents, in shape and in what they refer to. Exit code 1: there are faults."""
    catalogs = None if catalog is None else [frozenset(_controls(catalog))]
    reports = {str(file): check(file.read_bytes(), catalogs=catalogs) for file in files}
    if as_json:
        typer.echo(json.dumps([_as_dict(name, report) for name, report in reports.items()]))
    else:
        for name, report in reports.items():
            _say(name, report)
    raise typer.Exit(0 if all(report.ok for report in reports.values()) else 1)


def _controls(catalog: Path) -> Iterator[str]:
    """The control ids of a catalogue: an OSCAL catalog, a CISO Assistant library, or one of Sipar's own files."""
    for requirement in _catalogue(catalog.read_bytes(), catalog.name).requirements:
        yield requirement.id
        yield control_id(requirement.id)


def _catalogue(data: bytes, name: str) -> Catalogue:
    try:
        return read_catalogue(data, name)
    except FormatProblem as problem:
        if problem.code != "catalogue.format":
            raise
        library = None if name.lower().endswith(".json") else read_ciso_library(data, name).catalogue
    return library or read_oscal_catalog(data, name).catalogue


def _as_dict(name: str, report: Report) -> dict[str, object]:
    faults = [{"code": fault.code, "path": fault.path, "sentence": fault.sentence} for fault in report.faults]
    return {"file": name, "model": report.model, "ok": report.ok, "counts": dict(report.counts), "faults": faults}


def _say(name: str, report: Report) -> None:
    faults = report.counts["faults"]
    typer.echo(f"{name}: {report.model or 'no OSCAL document'}, {faults} faults")
    for fault in report.faults:
        typer.echo(f"  {fault.code} {fault.path}: {fault.sentence}")
    if faults > len(report.faults):
        typer.echo(f"  and {faults - len(report.faults)} more")
