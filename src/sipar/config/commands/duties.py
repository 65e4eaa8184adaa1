"""`sipar duties`: the clocks by hand."""

from __future__ import annotations

import os
from typing import Annotated

import django
import typer

from sipar.config import up


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Deadlines, reminders and breaches.", no_args_is_help=True)
    group.command("scan")(scan)
    app.add_typer(group, name="duties")


def scan(
    mail: Annotated[bool, typer.Option(help="Also mail the reminders that wait.")] = False,
) -> None:
    """Look at the clocks now, as the worker does every minute: record what fell due and write the reminders."""
    with up.database(os.environ):
        django.setup()
        from django.utils import timezone

        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.obligations.reminders import deliver_reminders, perhaps_not_sent
        from sipar.obligations.scan import scan as look

        done = look()
        typer.echo(f"{done.duties} duties, {done.breaches} breaches recorded, {done.reminders} reminders written")
        if mail:
            typer.echo(f"{deliver_reminders(now=timezone.now())} mails sent")
        with acting(system(), reason="sipar duties scan"):
            unsure = perhaps_not_sent(now=timezone.now()).count()
        if unsure:
            typer.echo(f"{unsure} reminders whose mail was perhaps not sent")
