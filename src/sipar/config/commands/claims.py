"""`sipar claims`: import claims to addresses and names, look one up, compile them."""

from __future__ import annotations

import json
import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import django
import typer
from rich.table import Table

from sipar.config import up
from sipar.config.commands.house import console

if TYPE_CHECKING:
    from sipar.claims.models import ClaimImport

SHOWN = 50
claims = typer.Typer(help="Claims to addresses and names: import, look up, compile.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def register(app: typer.Typer) -> None:
    app.add_typer(claims, name="claims")


@claims.command("import")
def take(
    file: Annotated[
        Path, typer.Argument(help="Delegated file, RPSL objects, BGP table, CSV or XLSX.", exists=True, dir_okay=False)
    ],
    team: Annotated[str, typer.Option(help="Code of the CERT that answers for what no organisation holds.")] = "",
    form: Annotated[str, typer.Option("--format", help="delegated, rpsl, bgp or csv; told by the content.")] = "",
    source: Annotated[str, typer.Option(help="Name of the source that this is an edition of.")] = "",
    by_holder: Annotated[bool, typer.Option("--by-holder", help="Give ranges to holders of the same handle.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Use the claims at once; else the import waits.")] = False,
    as_json: Json = False,
) -> None:
    """Say what a file of claims would change; with --apply, change it. Lines that cannot be taken are left out."""
    with up.database(os.environ):
        django.setup()
        result = _take(file, team=team, form=form, source=source, by_holder=by_holder, apply=apply)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    verb = "" if apply else "would be "
    typer.echo(
        f"{result['source']}: {result['added']:,} {verb}added, {result['changed']:,} {verb}changed,"
        f" {result['ended']:,} {verb}ended, {result['unchanged']:,} unchanged, {result['kept']:,} kept by hand"
    )
    if not apply:
        typer.echo(f"Import {result['id']} waits for a decision under /routing/imports/{result['id']}/")
    for line, value, code, detail in result["problems"][:SHOWN]:
        console.print(f"line {line}: {detail} ({code}): {value}", markup=False)
    if result["problem_count"]:
        console.print(f"{result['problem_count']:,} lines were left out.")


@claims.command("lookup")
def look_up(
    text: Annotated[str, typer.Argument(help="An IP address, a name, an AS number or a country.")],
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On which day; today.")] = None,
    as_json: Json = False,
) -> None:
    """Say whose an address, a name or an AS number is, or was on a day, and why."""
    with up.database(os.environ):
        django.setup()
        rows = _look_up(text, day=day.date() if day else None)
    if as_json:
        typer.echo(json.dumps({"asked": text, "claims": rows}, ensure_ascii=False))
        return
    if not rows:
        typer.echo("Nobody claims it, and it is no range of the nation.")
    for place, row in enumerate(rows):
        who = row["organisation"] or row["team"]
        typer.echo(f"{'' if place else 'It belongs to '}{who}: {row['match']} {row['reason']}")


@claims.command("compile")
def compile_now(as_json: Json = False) -> None:
    """Compile the claims if they changed since the last time, and list what two organisations claim at once."""
    with up.database(os.environ):
        django.setup()
        result = _compile()
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"{result['claims']:,} claims, {result['open_conflicts']:,} open conflicts, {result['digest'][:12]}")
    if result["problems"]:
        listing = Table("Claim", "Value", "Reason", box=None, pad_edge=False)
        for problem in result["problems"][:SHOWN]:
            listing.add_row(str(problem["claim"]), problem["value"], problem["sentence"])
        console.print(listing, markup=False)


def _take(file: Path, *, team: str, form: str, source: str, by_holder: bool, apply: bool) -> dict[str, Any]:
    from django.utils import timezone

    from sipar.claims.import_actions import LARGEST, apply_claims, preview_claims
    from sipar.claims.models import ClaimImport
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.core.problems import Invalid, Place
    from sipar.formats.limits import Limits, too_large
    from sipar.teams.models import Team
    from sipar.teams.selectors import access_team

    if form and form not in ClaimImport.Format.values:
        sentence = f"The formats are {', '.join(ClaimImport.Format.values)}."
        raise Invalid(sentence, code="claims.form", places=[Place("format", sentence)])
    if file.stat().st_size > LARGEST:
        raise too_large(Limits(max_bytes=LARGEST))
    now = timezone.now()
    with acting(system(), reason=f"sipar claims import {file.name}"[:200]):
        answers = access_team(system(), team) if team else Team.objects.filter(tier="national").order_by("code")[0]
        found = preview_claims(
            system(), file.read_bytes(), name=file.name, team=answers, form=form, source=source, by_holder=by_holder,
            now=now,
        )  # fmt: skip
        if apply:
            found = apply_claims(system(), found, now=now)
        return _told(found)


def _told(found: ClaimImport) -> dict[str, Any]:
    names = ("id", "format", "source", "state", "added", "changed", "ended", "unchanged", "kept", "left_out",
             "problem_count", "problems", "examples")  # fmt: skip
    return {name: getattr(found, name) for name in names}


def _look_up(text: str, *, day: date | None) -> list[dict[str, Any]]:
    from django.utils import timezone

    from sipar.claims import selectors, words
    from sipar.claims.lookups import current_lookup
    from sipar.core.acting import acting
    from sipar.core.jobs import system

    now = timezone.now()
    question = selectors.question_of(text)
    with acting(system(), reason="sipar claims lookup"):
        current_lookup(now)
        found = selectors.whose(question, day=day or now.date())
        return [
            {
                "organisation": answer.organisation.identifier if answer.organisation else None,
                "team": answer.team.code if answer.team else None,
                "kind": answer.reason.kind,
                "value": answer.reason.value,
                "code": answer.reason.code,
                "source": answer.reason.source,
                "mark": answer.reason.mark,
                "match": words.match(answer, question),
                "reason": words.standing(answer, found),
            }
            for answer in found.answers
        ]


def _compile() -> dict[str, Any]:
    from django.utils import timezone

    from sipar.claims.lookups import current_lookup
    from sipar.claims.models import Conflict
    from sipar.core.acting import acting
    from sipar.core.jobs import system

    with acting(system(), reason="sipar claims compile"):
        began = time.perf_counter()
        made = current_lookup(timezone.now())
        return {
            "digest": made.digest,
            "claims": made.claims.height,
            "open_conflicts": Conflict.objects.filter(state="open").count(),
            "problems": made.problems.select("claim", "value", "code", "sentence").to_dicts(),
            "seconds": round(time.perf_counter() - began, 3),
        }
