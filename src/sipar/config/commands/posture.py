"""`sipar posture`: the board on the command line."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import django
import typer
from rich.console import Console
from rich.table import Table

from sipar.config import up


class By(StrEnum):
    sector = "sector"
    province = "province"
    tier = "tier"
    team = "team"
    group = "group"
    requirement = "requirement"


def register(app: typer.Typer) -> None:
    app.command("posture")(posture)


def posture(
    campaign: Annotated[str, typer.Option(help="Code of the campaign; the newest where it is left out.")] = "",
    by: Annotated[By, typer.Option(help="What to roll up by.")] = By.sector,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Show where the nation stands in a campaign, exactly as the database says now."""
    with up.database(os.environ):
        django.setup()
        from sipar.board import selectors, tables
        from sipar.board.reading import Scope
        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.core.problems import not_open

        actor = system()
        with acting(actor, reason="sipar posture"):
            found = selectors.access_campaign(actor, campaign) if campaign else selectors.latest_campaign(actor)
            if found is None:
                raise not_open("campaign")
            board = selectors.board_of(actor, found, Scope(), by_team=by is By.team)
            makers = {
                By.sector: lambda: tables.sectors(board),
                By.province: lambda: tables.provinces(board),
                By.tier: lambda: tables.tiers(board),
                By.team: lambda: tables.teams(board, selectors.team_names()),
                By.group: lambda: tables.groups(board),
                By.requirement: lambda: tables.requirements(board),
            }
            table = makers[by]()
            total = asdict(board.total)
    if as_json:
        rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
        typer.echo(
            json.dumps({"campaign": found.code, "by": by.value, "total": total, "rows": rows}, ensure_ascii=False)
        )
        return
    shown = Table(*(str(head) for head in table.heads), title=f"{found.code}: {table.caption}")
    for row in table.rows:
        shown.add_row(*("–" if cell is None else str(cell) for cell in row))
    Console().print(shown)
