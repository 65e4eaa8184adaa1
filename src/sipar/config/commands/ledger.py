"""`sipar ledger verify`: proves that nothing was edited, removed or reordered. Exit code 1 where something was."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import django
import typer

from sipar.config import up
from sipar.config.commands.house import console, progress_bar

ledger = typer.Typer(help="The ledger of everything that was ever written.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(ledger, name="ledger")


@ledger.callback()
def group() -> None:
    """The ledger of everything that was ever written."""


@ledger.command("verify")
def verify(as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False) -> None:
    """Recompute every event and every checkpoint, and check the signatures."""
    with up.database(os.environ):
        django.setup()
        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.core.ledger import Verification
        from sipar.ledger.tasks import sentence_of

        sipar = system()
        with progress_bar() as bar, acting(sipar, reason="sipar ledger verify"):
            verification = Verification()
            task = bar.add_task("Verifying", total=verification.total or 1)
            while verification.step():
                bar.update(task, completed=verification.size)
            bar.update(task, completed=verification.total or 1)
            verdict = verification.verdict()
    if as_json:
        typer.echo(json.dumps(asdict(verdict) | {"ok": verdict.ok}))
    else:
        console.print(sentence_of(verdict))
        for fault in verdict.faults[:20]:
            console.print(f"  {fault}")
    raise typer.Exit(0 if verdict.ok else 1)
