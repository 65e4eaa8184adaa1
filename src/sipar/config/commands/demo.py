"""`sipar demo load` and `sipar demo code`: the invented nation, and the second factor of its people."""

from __future__ import annotations

import json
import os
import time
from typing import Annotated

import django
import typer

from sipar.config import up
from sipar.config.commands.house import console, progress_bar

demo = typer.Typer(help="The demonstration nation: invented organisations, campaigns and people.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(demo, name="demo")


@demo.command("load")
def load(
    organisations: Annotated[int, typer.Option(help="How many organisations.", min=50, max=200_000)] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same nation.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is there as JSON.")] = False,
) -> None:
    """Load the demonstration nation. A load that was stopped goes on; a complete one changes nothing."""
    with up.database(os.environ, say=console.print):
        django.setup()
        from django.utils import timezone

        from sipar import demonstration
        from sipar.config import installation

        installation.bring_up_to_date(say=console.print)
        begun = time.monotonic()
        with progress_bar() as bar:
            task = bar.add_task("Loading", total=1.0)
            loaded = demonstration.load(
                organisations=organisations,
                seed=seed,
                now=timezone.now(),
                progress=lambda done, total, what: bar.update(task, completed=done, total=total, description=what),
            )
        figures = _figures()
    if as_json:
        typer.echo(json.dumps({"loaded": loaded, "seconds": round(time.monotonic() - begun, 2), **figures}))
        return
    verb = "Loaded" if loaded else "Was there already:"
    console.print(f"{verb} {figures['organisations']:,} organisations and {figures['assessments']:,} assessments")


def _figures() -> dict[str, int]:
    from sipar.assessments.models import Assessment
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.orgs.models import Organisation

    with acting(system(), reason="sipar demo load"):
        return {
            "organisations": Organisation.objects.filter(is_fictional=True).count(),
            "assessments": Assessment.objects.count(),
        }


@demo.command("code")
def code(
    email: Annotated[str, typer.Argument(help="E-mail address of a demonstration account.")],
) -> None:
    """Print the second-factor code that a demonstration account needs now."""
    with up.database(os.environ):
        django.setup()
        from sipar.core.problems import not_open
        from sipar.people.demonstration import current_code
        from sipar.people.models import Account

        account = Account.objects.filter(email=email.lower(), is_demonstration=True, is_active=True).first()
        if account is None:
            raise not_open("demonstration account")
        typer.echo(current_code(account))
