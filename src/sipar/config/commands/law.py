"""`sipar law`: the regimes that ship, checking a file, generating incidents, and what a law would have asked."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import django
import typer
from rich.console import Console
from rich.table import Table

from sipar.config import up
from sipar.config.commands.house import console, progress_bar
from sipar.core.problems import Invalid, not_open

if TYPE_CHECKING:
    from sipar.law.grammar import Regime
    from sipar.obligations.replay_source import Source
    from sipar.obligations.replaying import Document, Law

REFUSED = 2
MAX_REGIME = 64 * 1024
law = typer.Typer(help="Regimes: the laws as data, checked, and replayed over incidents.", no_args_is_help=True)
out = Console(highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC; a year before the last.")]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last one; today.")]


def register(app: typer.Typer) -> None:
    app.add_typer(law, name="law")


@law.command("list")
def show_all(as_json: Json = False) -> None:
    """List the regimes that come with Sipar, and what each is worth as law."""
    from sipar.law.regimes import shipped

    if as_json:
        typer.echo(json.dumps([_summary(regime) for regime in shipped()], ensure_ascii=False))
        return
    table = Table("regime", "version", "status", "title", "duties")
    for regime in shipped():
        table.add_row(regime.regime, str(regime.version), regime.status, regime.title.en, str(len(regime.duties)))
    out.print(table)


@law.command("show")
def show(
    regime: Annotated[str, typer.Argument(help="Identifier of a shipped regime, or a regime file.")],
    as_json: Json = False,
) -> None:
    """Say what one regime asks: whom it binds, and each duty with its clock and where that is written."""
    django.setup()
    found = _regime(regime)
    if as_json:
        typer.echo(found.model_dump_json(by_alias=True))
        return
    out.print(f"[bold]{found.title.en}[/bold]  {found.regime} version {found.version}  {found.status}")
    out.print(f"Binds: {found.binds.when}  ({found.binds.cite})", markup=False)
    table = Table("stage", "when", "due", "to", "written in")
    for duty in found.duties:
        due = json.dumps(duty.due.model_dump(exclude_none=True))
        table.add_row(duty.stage, duty.when, due, ", ".join(duty.to), duty.cite)
    out.print(table)


@law.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A regime file (YAML).")],
    as_json: Json = False,
) -> None:
    """Check a regime file, and name every fault with its line. Ends with 2 if there is one."""
    from sipar.law.regimes import problems_of

    django.setup()
    problems = problems_of(_bytes(file))
    if as_json:
        found = [{"code": each.code, "where": each.where, "sentence": each.sentence} for each in problems]
        typer.echo(json.dumps({"file": str(file), "ok": not problems, "problems": found}, ensure_ascii=False))
    elif problems:
        for each in problems:
            typer.echo(f"{file}: {each}", err=True)
    else:
        typer.echo(f"{file}: nothing is wrong with it")
    if problems:
        raise typer.Exit(REFUSED)


@law.command("generate")
def generate(
    file: Annotated[Path, typer.Argument(help="Where to write: .parquet or .csv.")],
    incidents: Annotated[int, typer.Option(help="How many.", min=1)] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same incidents.", min=0)] = 1,
    since: Since = None,
    until: Until = None,
) -> None:
    """Generate a history of incidents, marked as generated: about nobody, resting on written assumptions."""
    django.setup()
    from sipar.obligations.replay_source import generated_source

    begin, end = _period(since, until)
    table = generated_source(incidents, seed, since=begin, until=end).table
    if file.suffix == ".parquet":
        table.write_parquet(file)
    elif file.suffix == ".csv":
        table.write_csv(file)
    else:
        raise Invalid("Name a file that ends in .parquet or .csv.", code="law.file")
    console.print(f"{file}: {table.height:,} generated incidents")


@law.command("replay")
def replay(
    regime: Annotated[list[str], typer.Option("--regime", help="A regime file or identifier; give several times.")],
    incidents: Annotated[str, typer.Option(help="A Parquet or CSV file, generated:NUMBER:SEED, or nation.")],
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option(help="Write every number into this CSV file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the result as PDF.")] = None,
) -> None:
    """Say what laws would have asked of incidents: reports, load, lateness, penalties, and how two drafts differ."""
    with up.database(os.environ) if incidents == "nation" else nullcontext():
        django.setup()
        laws = [_law(each) for each in regime]
        begin, end = _period(since, until)
        document = _replayed(laws, incidents, begin, end, csv=csv, pdf=pdf)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    _print(document)


def _replayed(
    laws: list[Law], incidents: str, since: datetime, until: datetime, *, csv: Path | None, pdf: Path | None
) -> Document:
    from sipar.obligations.register_facts import served_nation
    from sipar.obligations.replay_words import csv_of, html_of
    from sipar.obligations.replaying import run_replay
    from sipar.ui.pdf import pdf_of

    with progress_bar() as bar:
        task = bar.add_task("Reading the incidents", total=len(laws) + 1)
        source = _source(incidents, since, until)
        bar.update(task, completed=1, description=f"Replaying over {source.table.height:,} incidents")
        document = run_replay(
            laws,
            source,
            since=since,
            until=until,
            time_zone=served_nation().time_zone,
            progress=lambda done: bar.update(task, completed=done + 1),
        )
    if csv is not None:
        csv.write_bytes(csv_of(document))
    if pdf is not None:
        pdf.write_bytes(pdf_of(html_of(document, "en", now=datetime.now(UTC))))
    return document


def _source(incidents: str, since: datetime, until: datetime) -> Source:
    from sipar.obligations.replay_source import NATION, file_source, generated_asked, source_of

    if incidents == NATION:
        from sipar.core.acting import acting
        from sipar.core.jobs import system

        actor = system()
        with acting(actor, reason="sipar law replay"):
            return source_of(actor, incidents, since=since, until=until)
    if incidents.startswith("generated:"):
        return generated_asked(incidents, since=since, until=until)
    return file_source(Path(incidents))


def _law(named: str) -> Law:
    from sipar.law.compiling import compile_regime
    from sipar.obligations.replaying import Law

    found = _regime(named)
    return Law(found.regime, found.version, compile_regime(found))


def _regime(named: str) -> Regime:
    from sipar.law.regimes import parse, shipped

    known = next((regime for regime in shipped() if regime.regime == named), None)
    if known is not None:
        return known
    path = Path(named)
    if not path.is_file():
        raise not_open("regime")
    return parse(_bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REGIME + 1)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", code="law.file") from error
    if len(data) > MAX_REGIME:
        raise Invalid(f"{path}: a regime file has at most {MAX_REGIME // 1024} KB.", code="law.file")
    return data


def _period(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    end = until.replace(tzinfo=UTC) if until else now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = since.replace(tzinfo=UTC) if since else datetime(end.year - 1, end.month, min(end.day, 28), tzinfo=UTC)
    if begin >= end:
        raise Invalid("The first day must come before the last.", code="law.period")
    return begin, end


def _summary(regime: Regime) -> dict[str, object]:
    return {
        "regime": regime.regime,
        "version": regime.version,
        "status": regime.status,
        "is_law": regime.is_law,
        "jurisdiction": regime.jurisdiction,
        "title": regime.title.en,
        "duties": [duty.stage for duty in regime.duties],
        "digest": regime.digest,
    }


def _print(document: Document) -> None:
    from sipar.obligations.replay_words import headline

    out.print(headline(document))
    if document["generated"]:
        out.print("[bold]These incidents are generated: they happened to nobody.[/bold]")
    for each in document["laws"]:
        table = Table("stage", "reports", "may apply", "in time", "late", "not filed", title=each["title"]["en"])
        for row in each["stages"]:
            counts = (row[name] for name in ("reports", "undetermined", "in_time", "late", "missing"))
            table.add_row(row["stage"], *("under 5" if count is None else f"{count:,}" for count in counts))
        out.print(table)


@law.command("schema")
def schema() -> None:
    """Print the JSON Schema of a regime file; docs/reference/regime.schema.json is this."""
    from sipar.law.regimes import json_schema

    typer.echo(json.dumps(json_schema(), indent=1, sort_keys=True, ensure_ascii=False))
