"""`sipar orgs import` and `sipar orgs export`: the register as a file on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import django
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sipar.config import up

REFUSED = 2
SHOWN = 50
STEPS = {
    "read": "Reading the file",
    "compare": "Comparing with the register",
    "organisations": "Writing organisations",
    "contacts": "Writing contacts",
    "assets": "Writing assets",
    "constituencies": "Resolving constituencies",
    "commit": "Checking references",
}
console = Console(stderr=True, highlight=False)
orgs = typer.Typer(help="The register: import and export it as CSV or XLSX.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(orgs, name="orgs")


@orgs.command("import")
def take(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX with the columns of the register.", exists=True, dir_okay=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Load a register file whole or not at all. Ends with 2 and a list of problems where a row is wrong."""
    with up.database(os.environ):
        django.setup()
        result = _take(file, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _tell(result)
    if result["problem_count"]:
        raise typer.Exit(REFUSED)


@orgs.command("export")
def give(
    file: Annotated[Path, typer.Argument(help="Where to write; the ending, .csv or .xlsx, says which.")],
) -> None:
    """Write every organisation of the register in the columns that the import reads."""
    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise typer.BadParameter("the name must end in .csv or .xlsx")
    with up.database(os.environ):
        django.setup()
        from django.utils import timezone

        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.orgs.export import as_csv, as_xlsx, register_file

        with acting(system(), reason="sipar orgs export"):
            frame = register_file(today=timezone.now().date())
        file.write_bytes(as_xlsx(frame) if file.suffix.lower() == ".xlsx" else as_csv(frame))
    console.print(f"{frame.height:,} organisations were written to {file}")


def _take(file: Path, *, dry_run: bool) -> dict[str, Any]:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.formats.limits import too_large
    from sipar.formats.tables import read_table
    from sipar.orgs.import_actions import LIMITS, MOST_PROBLEMS, load_checked
    from sipar.orgs.import_check import check_register
    from sipar.orgs.import_columns import SENTENCES
    from sipar.orgs.import_load import difference, register_codes, staged

    now = timezone.now()
    with _progress() as bar:
        task = bar.add_task(STEPS["read"], total=len(STEPS))

        def tell(step: str, done: int = 0, total: int = 1) -> None:
            bar.update(task, completed=list(STEPS).index(step), description=STEPS[step])

        if file.stat().st_size > LIMITS.max_bytes:
            raise too_large(LIMITS)
        table = read_table(file.read_bytes(), file.name, LIMITS)
        with acting(system(), reason=f"sipar orgs import {file.name}"[:200]):
            checked = check_register(table, register_codes())
            result: dict[str, Any] = {
                "rows": checked.organisations.height,
                "problem_count": checked.problems.height,
                "problems": [
                    {"line": line, "column": column, "value": value, "code": code,
                     "reason": f"{SENTENCES[code]} {detail}".strip()}
                    for line, column, value, code, detail in checked.problems.head(MOST_PROBLEMS).iter_rows()
                ],
                "loaded": False,
            }  # fmt: skip
            if result["problem_count"]:
                return result
            if dry_run:
                tell("compare")
                with staged(checked):
                    outcome = difference(checked, today=now.date())
                counts = (outcome.added, outcome.changed, outcome.unchanged)
            else:
                counts = load_checked(system(), checked, now=now, tell=tell)
                tell("commit")
        bar.update(task, completed=len(STEPS), description="Done")
    return result | dict(zip(("added", "changed", "unchanged"), counts, strict=True)) | {"loaded": not dry_run}


def _tell(result: dict[str, Any]) -> None:
    if not result["problem_count"]:
        verb = "" if result["loaded"] else "would be "
        typer.echo(
            f"{result['rows']:,} rows: {result['added']:,} {verb}added, {result['changed']:,} {verb}changed,"
            f" {result['unchanged']:,} unchanged"
        )
        return
    listing = Table("Line", "Column", "What stands there", "Reason", box=None, pad_edge=False)
    for problem in result["problems"][:SHOWN]:
        listing.add_row(str(problem["line"]), problem["column"], problem["value"], problem["reason"])
    console.print(listing, markup=False)
    console.print(f"{result['problem_count']:,} problems. Nothing was loaded.")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=False)
