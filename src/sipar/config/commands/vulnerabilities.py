"""`sipar vulnerabilities ...`: files about vulnerabilities in, and what is affected out."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import django
import typer
from rich.console import Console

from sipar.config import up

FAILED = 1
SHOWN = 20
console = Console(stderr=True, highlight=False)
vulnerabilities = typer.Typer(help="Vulnerabilities: import lists, match inventories.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def register(app: typer.Typer) -> None:
    app.add_typer(vulnerabilities, name="vulnerabilities")


@vulnerabilities.command("import")
def take(
    files: Annotated[
        list[Path],
        typer.Argument(help="CVE records (JSON, JSON lines, gz, zip, tar, a folder), KEV, EPSS or CSAF.", exists=True),
    ],
    as_json: Json = False,
) -> None:
    """Read each file whole or not at all; the newer replaces the older. Ends with 1 where records were refused."""
    with up.database(os.environ):
        django.setup()
        results = [_take(file, file.name) for file in files]
    _tell(results, as_json=as_json)


@vulnerabilities.command("fetch")
def fetch(
    code: Annotated[str, typer.Argument(help="A name for the source, such as kev.")],
    url: Annotated[str, typer.Option(help="Where it is; kept for the next time.")] = "",
    as_json: Json = False,
) -> None:
    """Download a list if it changed since the last time, and import it. Only public addresses, unless allowed."""
    with up.database(os.environ):
        django.setup()
        result = _fetch(code, url)
    _tell([result] if result else [], as_json=as_json)
    if result is None:
        console.print("The list has not changed.")


@vulnerabilities.command("match")
def match(as_json: Json = False) -> None:
    """Work out what of every inventory is affected."""
    with up.database(os.environ):
        django.setup()
        from dataclasses import asdict

        from django.utils import timezone

        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.vulnerabilities.matching_actions import match_components

        sipar = system()
        with acting(sipar, reason="sipar vulnerabilities match"):
            done = asdict(match_components(sipar, now=timezone.now()))
    if as_json:
        typer.echo(json.dumps(done))
        return
    console.print(
        f"{done['components']:,} products, {done['matches']:,} matches, {done['unsure']:,} without a usable version;"
        f" {done['changed']:,} new or changed, {done['gone']:,} gone"
    )


def _take(place: Path, name: str) -> dict[str, Any]:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.vulnerabilities.import_actions import import_file

    sipar = system()
    with console.status(f"Reading {name}"), acting(sipar, reason=f"sipar vulnerabilities import {name}"[:200]):
        made = import_file(sipar, place, name=name, now=timezone.now())
    fields = ("kind", "name", "added", "changed", "unchanged", "refused", "unread", "problems")
    return {field: getattr(made, field) for field in fields}


def _fetch(code: str, url: str) -> dict[str, Any] | None:
    from django.conf import settings
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.core.problems import Invalid
    from sipar.feeds.fetching import FetchProblem, fetched, networks
    from sipar.vulnerabilities.source_actions import remember, take_note

    sipar = system()
    with acting(sipar, reason="sipar vulnerabilities fetch"):
        source = remember(sipar, code=code, url=url)
    try:
        with (
            fetched(
                source.url, etag=source.etag, last_modified=source.last_modified, allowed=networks(settings.FEEDS_ALLOW)
            ) as answer,
            tempfile.TemporaryDirectory(prefix="sipar-") as folder,
        ):
            result = None
            if answer.changed:
                place = Path(folder) / "list"
                _keep(answer.body, place)
                result = _take(place, answer.name)
            etag, modified = answer.etag, answer.last_modified
    except FetchProblem as problem:
        with acting(sipar, reason="sipar vulnerabilities fetch"):
            take_note(sipar, source, problem=problem.sentence, now=timezone.now())
        raise Invalid(problem.sentence, code=f"fetch.{problem.code}") from problem
    with acting(sipar, reason="sipar vulnerabilities fetch"):
        take_note(sipar, source, etag=etag, last_modified=modified, now=timezone.now())
    return result


def _keep(pieces: Any, place: Path) -> None:
    from sipar.core.problems import Invalid

    most, size = 4 * 1024**3, 0
    with place.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > most:
                raise Invalid("The list is larger than 4 GB.", code="fetch.size")
            file.write(piece)


def _tell(results: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(results, ensure_ascii=False))
    for result in results if not as_json else []:
        console.print(
            f"{result['name']} ({result['kind']}): {result['added']:,} new, {result['changed']:,} changed,"
            f" {result['unchanged']:,} as they were, {result['refused']:,} refused,"
            f" {result['unread']:,} versions that cannot be compared"
        )
        for _code, sentence, where in result["problems"][:SHOWN]:
            console.print(f"  {where}: {sentence}")
    if any(result["refused"] for result in results):
        raise typer.Exit(FAILED)
