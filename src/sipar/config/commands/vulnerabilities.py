"""`sipar vulnerabilities ...`: files about vulnerabilities in, and what is affected out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import django
import typer
from rich.console import Console

from sipar.config import up

if TYPE_CHECKING:
    from sipar.vulnerabilities.models import Import

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
    from sipar.vulnerabilities.list_fetching import read_list

    with console.status(f"Reading {name}"):
        return _counts(read_list(place, name))


def _fetch(code: str, url: str) -> dict[str, Any] | None:
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.vulnerabilities.list_fetching import fetch_list
    from sipar.vulnerabilities.source_actions import remember

    sipar = system()
    with acting(sipar, reason="sipar vulnerabilities fetch"):
        source = remember(sipar, code=code, url=url)
    with console.status(f"Fetching {code}"):
        made = fetch_list(source)
    return _counts(made) if made else None


def _counts(made: Import) -> dict[str, Any]:
    fields = ("kind", "name", "added", "changed", "unchanged", "refused", "unread", "problems")
    return {field: getattr(made, field) for field in fields}


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
