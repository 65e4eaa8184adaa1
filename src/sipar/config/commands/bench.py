"""`sipar bench NAME`: the figures that Sipar must reach, measured here and now."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

import typer
from rich.table import Table

from sipar.bench.figures import Figure, document
from sipar.config.commands.house import console, progress_bar

MISSED = 1
bench = typer.Typer(help="Measure the figures that Sipar must reach.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def register(app: typer.Typer) -> None:
    app.add_typer(bench, name="bench")


@bench.command("posture")
def posture(as_json: Json = False) -> None:
    """Roll up, launch, import and look at a nation of 10,000 organisations x 400 requirements x 3 campaigns."""
    from sipar.bench import posture

    _measure("posture", posture.run, posture.STEPS, as_json=as_json)


@bench.command("oscal")
def oscal(as_json: Json = False) -> None:
    """Check 30,000 OSCAL findings, and find seven faults."""
    from sipar.bench import oscal

    _measure("oscal", oscal.run, oscal.STEPS, as_json=as_json)


@bench.command("intake")
def intake(as_json: Json = False) -> None:
    """File 2,000 reports in two stages with 200 reporters at once, through two accidents."""
    from sipar.bench import intake

    _measure("intake", intake.run, intake.STEPS, as_json=as_json)


@bench.command("law")
def law(as_json: Json = False) -> None:
    """Replay six laws over 1,000,000 incidents, ask all laws about one, and compare 10,000 both ways."""
    from sipar.bench import law

    _measure("law", law.run, law.STEPS, as_json=as_json)


@bench.command("duties")
def duties(as_json: Json = False) -> None:
    """Find what falls due among 1,000,000 open clocks, and look at the situation of 100,000 cases."""
    from sipar.bench import duties

    _measure("duties", duties.run, duties.STEPS, as_json=as_json)


@bench.command("routing")
def routing(as_json: Json = False) -> None:
    """Route 6,000,000 addresses against 50,000 prefixes, and 1,000,000 host names against 20,000 domains."""
    from sipar.bench import routing

    _measure("routing", routing.run, routing.STEPS, as_json=as_json)


@bench.command("findings")
def findings(as_json: Json = False) -> None:
    """Fold 10,000,000 observations of 30 days into findings, twice, and run rules over them on trial."""
    from sipar.bench import findings

    _measure("findings", findings.run, findings.STEPS, as_json=as_json)


@bench.command("exposure")
def exposure(as_json: Json = False) -> None:
    """Look at the pages of exposure over 100,000,000 stored observations and 1,000,000 findings."""
    from sipar.bench import exposure

    _measure("exposure", exposure.run, exposure.STEPS, as_json=as_json)


@bench.command("priority")
def priority(as_json: Json = False) -> None:
    """Learn which vulnerabilities are exploited, and see on what was listed later whether that beats CVSS and SSVC."""
    from sipar.bench import priority

    _measure("priority", priority.run, priority.STEPS, as_json=as_json)


@bench.command("products")
def products(as_json: Json = False) -> None:
    """Match 1,000,000 assets with the version ranges of vulnerability records."""
    from sipar.bench import products

    _measure("products", products.run, products.STEPS, as_json=as_json)


@bench.command("ingest")
def ingest(as_json: Json = False) -> None:
    """Take in 1,000,000 rows from CSV to findings and notices, ten times as many, and some through IntelMQ."""
    from sipar.bench import ingest

    _measure("ingest", ingest.run, ingest.STEPS, as_json=as_json)


@bench.command("risk")
def risk(as_json: Json = False) -> None:
    """Price a nation's risk by two engines that check each other, and a hundred scenarios beside pyfair."""
    from sipar.bench import risk

    _measure("risk", risk.run, risk.STEPS, as_json=as_json)


@bench.command("plan")
def plan(as_json: Json = False) -> None:
    """Plan which of 300,000 measures a programme buys, and plan again after a cut."""
    from sipar.bench import plan

    _measure("plan", plan.run, plan.STEPS, as_json=as_json)


def _measure(name: str, run: Callable[[Callable[[str], object]], list[Figure]], steps: int, *, as_json: bool) -> None:
    """Run a bench with progress on standard error; exit 0 only where every figure is reached."""
    with progress_bar() as bar:
        task = bar.add_task("Beginning", total=float(steps))

        def say(sentence: str) -> None:
            bar.update(task, description=sentence, advance=1.0)

        figures = run(say)
    found = document(name, figures)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        console.print(_table(figures))
    if not found["ok"]:
        raise typer.Exit(MISSED)


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "limit", "reached", "peer", "note")
    for figure in figures:
        value = "not measured" if figure.value is None else f"{figure.value:,.3f} {figure.unit}"
        sign = "at most" if figure.direction == "max" else "at least"
        limit = "" if figure.limit is None else f"{sign} {figure.limit:g}"
        peer = f"{figure.peer.name}: {figure.peer.value}" if figure.peer else ""
        table.add_row(figure.name, value, limit, "yes" if figure.ok else "NO", peer, figure.note)
    return table
