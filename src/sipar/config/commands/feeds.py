"""`sipar feeds`: set up feeds, take in files, and see how the feeds do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import django
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from sipar.config import up

if TYPE_CHECKING:
    from sipar.feeds.models import Batch
    from sipar.feeds.pipeline import Taken
    from sipar.feeds.selectors import FeedHealth

FOUND_WRONG = 1
console = Console(stderr=True, highlight=False)
feeds = typer.Typer(help="Feeds: what comes in, how it does, and taking in files by hand.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def register(app: typer.Typer) -> None:
    app.add_typer(feeds, name="feeds")


@feeds.command("ingest")
def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="Reports as they came, packed or not.", exists=True, dir_okay=False)
    ],
    feed: Annotated[str, typer.Option(help="Code of the feed; without it the one that recognises the file.")] = "",
    tlp: Annotated[str, typer.Option(help="clear, green, amber, amber+strict or red; without it the feed's.")] = "",
    as_json: Json = False,
) -> None:
    """Take in files now. Ends with 1 where one failed or is held for a decision."""
    with up.database(os.environ):
        django.setup()
        ended = _ingest(files, feed, tlp)
        found = [_batch(batch) for batch in ended]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(_line(one))
    if any(one["state"] != "done" for one in found):
        raise typer.Exit(FOUND_WRONG)


@feeds.command("list")
def listing(as_json: Json = False) -> None:
    """Every feed with its reader and its CERT."""
    with up.database(os.environ):
        django.setup()
        rows = [_feed(one) for one in _health()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("code", "name", "reader", "CERT", "TLP", "on")
    for row in rows:
        table.add_row(
            row["code"], row["name"], row["reader"], row["team"], row["tlp"], "yes" if row["enabled"] else "no"
        )
    Console().print(table, markup=False)


@feeds.command("status")
def status(as_json: Json = False) -> None:
    """How the feeds do. Ends with 1 where one needs somebody."""
    with up.database(os.environ):
        django.setup()
        rows = [_doing(one) for one in _health()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        table = Table("code", "last report", "rows", "refused", "held", "failed", "drifts", "late", "next")
        for row in rows:
            numbers = [str(row[name]) for name in ("rows", "quarantined", "held", "failed", "drifts")]
            table.add_row(
                row["code"], row["received_at"] or "never", *numbers, "yes" if row["late"] else "", row["next"]
            )
        Console().print(table, markup=False)
    if any(row["next"] != "nothing" for row in rows):
        raise typer.Exit(FOUND_WRONG)


@feeds.command("add")
def add(
    code: Annotated[str, typer.Argument(help="Small letters, digits and hyphens; it names the feed for ever.")],
    reader: Annotated[str, typer.Option(help="Which reader reads it.")],
    team: Annotated[str, typer.Option(help="Code of the CERT whose feed it is; without it the National CERT.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    tlp: Annotated[str, typer.Option(help="TLP of its reports.")] = "amber",
    complete: Annotated[bool, typer.Option(help="A report holds all there is to see.")] = False,
    every_hours: Annotated[int, typer.Option(help="How often a report comes.")] = 24,
    keep_days: Annotated[int, typer.Option(help="How long observations are kept.")] = 400,
    settings: Annotated[Path | None, typer.Option(help="JSON file with the settings of its reader and doors.")] = None,
) -> None:
    """Set up a feed."""
    with up.database(os.environ):
        django.setup()
        from django.utils import timezone

        from sipar.core.acting import acting
        from sipar.core.jobs import system
        from sipar.core.problems import not_open
        from sipar.feeds.actions import FeedFacts, save_feed
        from sipar.teams.models import Team

        sipar = system()
        with acting(sipar, reason=f"sipar feeds add {code}"[:200]):
            rows = Team.objects.filter(code=team) if team else Team.objects.filter(covers_all=True)
            owner = rows.order_by("pk").first()
            if owner is None:
                raise not_open("CERT")
            facts = FeedFacts(
                code=code, name=name or code, reader=reader, team=owner.pk, tlp=tlp, complete=complete,
                every_hours=every_hours, keep_days=keep_days, settings=_settings(settings),
            )  # fmt: skip
            save_feed(sipar, facts, now=timezone.now())
    typer.echo(f"{code} is set up for {owner.code}.")


def _settings(file: Path | None) -> dict[str, Any]:
    from sipar.core.problems import Invalid

    if file is None:
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Invalid(f"{file.name} cannot be read as JSON.", code="feed.settings") from error
    if not isinstance(found, dict):
        raise Invalid(f"{file.name} must hold a JSON object.", code="feed.settings")
    return found


def _ingest(files: list[Path], code: str, tlp: str) -> list[Batch]:
    from sipar.core.acting import acting
    from sipar.core.files import keep_bytes, read_once
    from sipar.core.jobs import system
    from sipar.feeds.door_actions import pieces, receive_by_sipar
    from sipar.feeds.doors import LARGEST_FILE
    from sipar.feeds.models import Batch, RawFile
    from sipar.feeds.recognising import feed_for
    from sipar.feeds.selectors import access_feed
    from sipar.feeds.working import work_off

    sipar = system()
    wanted: dict[int, None] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[int, TaskID] = {}

        def tell(batch: Batch, taken: Taken) -> None:
            if batch.pk not in tasks:
                tasks[batch.pk] = bar.add_task(batch.raw_file.name, total=None, rows="")
            bar.update(tasks[batch.pk], rows=f"{taken.rows:,} rows")

        feeds_of: dict[int, None] = {}
        for path in files:
            with acting(sipar, reason=f"sipar feeds ingest {path.name}"[:200]):
                feed = access_feed(sipar, code) if code else feed_for(path)
            with read_once(path) as file:
                stored = keep_bytes(pieces(file), largest=LARGEST_FILE)
            received = receive_by_sipar(
                feed, stored, name=path.name, door=RawFile.Door.COMMAND, provenance={"path": str(path)}, tlp=tlp,
                begin=False,
            )  # fmt: skip
            wanted[received.batch.pk] = None
            feeds_of[feed.pk] = None
        for number in feeds_of:
            work_off(number, tell=tell)
        for task in tasks.values():
            bar.update(task, total=1.0, completed=1.0)
    with acting(sipar, reason="say what came of it"):
        rows = Batch.objects.select_related("raw_file", "feed").in_bulk(wanted)
        return [rows[number] for number in wanted]


def _health() -> list[FeedHealth]:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.feeds.selectors import health

    with acting(system(), reason="sipar feeds"):
        return health(now=timezone.now())


def _feed(one: FeedHealth) -> dict[str, Any]:
    document = one.as_document()
    return {name: document[name] for name in ("code", "name", "reader", "team", "tlp", "enabled")}


def _doing(one: FeedHealth) -> dict[str, Any]:
    received = one.received_at.isoformat(timespec="minutes") if one.received_at else None
    return one.as_document() | {"received_at": received}


def _batch(batch: Batch) -> dict[str, Any]:
    names = (
        "rows",
        "kept",
        "duplicates",
        "quarantined",
        "routed",
        "unclaimed",
        "report_type",
        "lookup",
        "code",
        "sentence",
    )
    return {
        "batch": batch.pk,
        "file": batch.raw_file.name,
        "sha256": batch.raw_file.sha256,
        "feed": batch.feed.code,
        "state": batch.state,
        **{name: getattr(batch, name) for name in names},
    }


def _line(one: dict[str, Any]) -> str:
    said = f"{one['file']}: {one['rows']:,} rows, {one['kept']:,} kept, {one['duplicates']:,} there before"
    said += f", {one['quarantined']:,} refused, {one['routed']:,} with an owner"
    return said if one["state"] == "done" else f"{one['file']}: {one['state']}. {one['sentence']}"
