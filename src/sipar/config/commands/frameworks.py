"""`sipar frameworks list` and `sipar frameworks import`: requirement catalogues on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import django
import typer

from sipar.config import up
from sipar.formats.limits import DEFAULT_LIMITS, MEGABYTE

REFUSED = 2
frameworks = typer.Typer(help="Requirement catalogues: what is loaded, and loading more.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(frameworks, name="frameworks")


@frameworks.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """List every framework version that is loaded."""
    with up.database(os.environ):
        django.setup()
        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.frameworks.selectors import all_frameworks

        with acting(system(), reason="sipar frameworks list"):
            rows = [
                {
                    "id": row.pk,
                    "identifier": row.identifier,
                    "version": row.version,
                    "title": row.title.get("en", ""),
                    "requirements": row.requirement_count,
                    "status": "retired" if row.retired_at else row.status,
                    "origin": row.origin,
                }
                for row in all_frameworks()
            ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['identifier']} {row['version']}  {row['requirements']} requirements  {row['status']}")


@frameworks.command("import")
def take(
    files: Annotated[list[Path], typer.Argument(help="Framework files; a catalogue before the profiles on it.")],
    version: Annotated[str, typer.Option(help="For a CSV of requirements: the version that it makes.")] = "",
    base: Annotated[int | None, typer.Option(help="For a CSV or a profile: the number of its framework.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was loaded as JSON.")] = False,
) -> None:
    """Load framework files, each whole or not at all. Ends with 2 if one was refused; the others are loaded."""
    with up.database(os.environ):
        django.setup()
        results = [take_one(path, base=base, version=version) for path in files]
    if as_json:
        typer.echo(json.dumps(results, ensure_ascii=False))
    else:
        for result in results:
            typer.echo(_sentence(result), err=not result["loaded"])
    if not all(result["loaded"] for result in results):
        raise typer.Exit(REFUSED)


def take_one(path: Path, *, base: int | None = None, version: str = "") -> dict[str, Any]:
    """Load one file in a transaction of its own; returns what came of it, with every place that is wrong."""
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.core.problems import Problem
    from sipar.frameworks.import_actions import import_framework

    actor = system()
    try:
        data = _bytes_of(path)
        with acting(actor, reason="sipar frameworks import"):
            done = import_framework(actor, data, path.name, base=base, version=version, now=timezone.now())
    except OSError as problem:
        return {"file": str(path), "loaded": False, "problem": problem.strerror or str(problem), "places": []}
    except Problem as problem:
        places = [{"where": place.where, "detail": place.sentence} for place in problem.places]
        return {"file": str(path), "loaded": False, "problem": problem.sentence, "places": places}
    framework, reading = done.framework, done.reading
    return {
        "file": str(path),
        "loaded": True,
        "kind": reading.kind,
        "framework": f"{framework.identifier} {framework.version}" if framework else None,
        "new": done.new,
        "requirements": len(reading.catalogue.requirements) if reading.catalogue else 0,
        "mappings": sum(len(mappings.mappings) for mappings in reading.mapping_sets),
        "profile": reading.profile.id if reading.profile else None,
        "withdrawn": len(reading.withdrawn),
        "notes": reading.notes,
    }


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > DEFAULT_LIMITS.max_bytes:
        raise OSError(0, f"larger than {DEFAULT_LIMITS.max_bytes // MEGABYTE} MB")
    return path.read_bytes()


def _sentence(result: dict[str, Any]) -> str:
    if not result["loaded"]:
        places = "; ".join(f"{place['where']}: {place['detail']}" for place in result["places"])
        return f"{result['file']}: {result['problem']}" + (f" {places}" if places else "")
    if result["profile"]:
        return f"{result['file']}: target profile {result['profile']} of {result['framework']}"
    if result["framework"] is None:
        return f"{result['file']}: {result['mappings']} relations"
    verb = "loaded" if result["new"] else "was loaded already"
    return f"{result['file']}: {result['framework']}, {result['requirements']} requirements, {verb}"
