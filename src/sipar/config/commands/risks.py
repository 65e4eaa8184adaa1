"""`sipar risks`: run the model, repeat a run to the same bits, bring scenarios in and take them out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import django
import typer

from sipar.config import up
from sipar.config.commands.house import console, progress_bar

if TYPE_CHECKING:
    from sipar.formats.scenario_file import LevelScale
    from sipar.risks.models import AssumptionSet, Run

SHOWN = 50
FOUND = 1
SECONDS_BETWEEN_LOOKS = 0.5
MAX_SCALE = 64 * 1024
risks = typer.Typer(help="Price the risk: run the model, bring scenarios in, take them out.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Version = Annotated[int, typer.Option(min=0, help="Number of the version of the assumptions; the one in use.")]


def register(app: typer.Typer) -> None:
    app.add_typer(risks, name="risks")


@risks.command("run")
def run_model(
    assumptions: Version = 0,
    title: Annotated[str, typer.Option(help="What the run is called.")] = "",
    years: Annotated[int, typer.Option(help="Years to simulate.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same years.", min=0)] = 1,
    as_json: Json = False,
) -> None:
    """Run the model on the register and the answers as they stand, and keep what it says."""
    with up.database(os.environ):
        django.setup()
        _say_run(_worked_out(_asked(assumptions, title=title, years=years, seed=seed)), as_json=as_json)


@risks.command("repeat")
def repeat(
    number: Annotated[int, typer.Argument(metavar="RUN", help="Number of a run that is done.", min=1)],
    as_json: Json = False,
) -> None:
    """Repeat a run from its kept inputs and seed. Ends with 1 where the years do not have the same bits."""
    with up.database(os.environ):
        django.setup()
        made = _worked_out(_asked_again(number))
        same = _same_years(made)
        _say_run(made, as_json=as_json, same_bits=same)
    if not same:
        raise typer.Exit(FOUND)


@risks.command("import")
def take(
    file: Annotated[
        Path,
        typer.Argument(help="CSV, XLSX, JSON, pyfair, MONARC, CISO Assistant.", exists=True, dir_okay=False),
    ],
    assumptions: Version = 0,
    currency: Annotated[str, typer.Option(help="Currency, where the file does not say it.")] = "",
    year: Annotated[int, typer.Option(help="Year of its prices, where the file does not say it.")] = 0,
    scale: Annotated[Path | None, typer.Option(help="JSON that says what levels mean.", exists=True)] = None,
    draft: Annotated[str, typer.Option(help="Title of a new draft to take it into; else the import waits.")] = "",
    as_json: Json = False,
) -> None:
    """Say what a file of scenarios would change; with --draft, make a new draft of it. What is in use stays."""
    with up.database(os.environ):
        django.setup()
        result = _take(file, assumptions, currency=currency, year=year or None, scale=_scale(scale), title=draft)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    typer.echo(
        f"{file.name}: {result['added_count']:,} scenarios new, {result['changed_count']:,} changed,"
        f" {result['unchanged']:,} as they are, {result['refusal_count']:,} cannot be taken"
    )
    for where, code, sentence, written in result["refusals"][:SHOWN]:
        console.print(f"{where}: {sentence} ({code}) {written}", markup=False)
    if result["draft"]:
        typer.echo(f"Draft {result['draft']} holds them; nothing counts before it is put to use.")
    elif result["import"]:
        typer.echo(f"Import {result['import']} waits for a decision under /risks/exchange/{result['import']}/")


@risks.command("export")
def give(
    file: Annotated[Path, typer.Argument(help="Where to write.", dir_okay=False)],
    form: Annotated[
        str, typer.Option("--format", help="csv, xlsx, json, pyfair, ciso, monarc or parquet; by the file's ending.")
    ] = "",
    assumptions: Version = 0,
    scale: Annotated[Path | None, typer.Option(help="JSON that says what MONARC's levels mean.", exists=True)] = None,
    run: Annotated[int, typer.Option(min=0, help="Number of a run: write a table of its results instead.")] = 0,
    table: Annotated[str, typer.Option(help="Table of the results: years, organisations or prices.")] = "years",
) -> None:
    """Write the scenarios of a version, or a table of a run's results."""
    chosen = form or file.suffix.removeprefix(".").lower()
    with up.database(os.environ):
        django.setup()
        content = _result(run, table, chosen) if run else _scenarios(assumptions, chosen, scale=_scale(scale))
    file.write_bytes(content)
    console.print(f"{file}: {len(content):,} bytes", markup=False)


def _asked(assumptions: int, *, title: str, years: int, seed: int) -> Run:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.actions import start_run

    now = timezone.now()
    actor = system()
    with acting(actor, reason="sipar risks run"):
        return start_run(
            actor,
            _version(assumptions),
            title=title or f"Run of {now:%Y-%m-%d %H:%M} UTC",
            years=years,
            seed=seed,
            now=now,
        )


def _asked_again(number: int) -> Run:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.actions import repeat_run
    from sipar.risks.selectors import access_run

    actor = system()
    with acting(actor, reason="sipar risks repeat"):
        return repeat_run(actor, access_run(actor, number), now=timezone.now())


def _worked_out(run: Run) -> Run:
    """The run when it has ended: worked out here, or by a worker that was faster."""
    from django.utils import timezone

    from sipar.core import jobs
    from sipar.core.acting import acting
    from sipar.core.problems import Conflict
    from sipar.risks.models import Run
    from sipar.risks.working import perform

    with progress_bar() as bar:
        task = bar.add_task("Simulating years", total=run.years)
        try:
            sentence = perform(
                run,
                now=timezone.now(),
                say=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except jobs.Ended:
            bar.update(task, description="A worker simulates")
        else:
            jobs.finish(run.background or 0, sentence=sentence, now=timezone.now())
    while True:
        with acting(jobs.system(), reason="read how a run ended"):
            found = Run.objects.select_related("repeats").get(pk=run.pk)
        if found.state not in ("waiting", "running"):
            break
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if found.state != "done":
        raise Conflict(found.sentence or "The run did not end well.", code="risk.state")
    return found


def _same_years(run: Run) -> bool:
    import numpy as np

    from sipar.risks.working import years_of

    return run.repeats is not None and bool(np.array_equal(years_of(run), years_of(run.repeats)))


def _say_run(run: Run, *, as_json: bool, same_bits: bool | None = None) -> None:
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.models import RunDetail
    from sipar.risks.money import money

    with acting(system(), reason="sipar risks"):
        result = RunDetail.objects.get(run=run).result
    told: dict[str, Any] = {
        "run": run.pk, "years": run.years, "seed": run.seed, "losses": run.losses, "inputs": run.inputs,
        "currency": result["currency"], "mean": result["mean"], "shortfall": result["shortfall"],
        "quantiles": result["quantiles"],
    }  # fmt: skip
    if same_bits is not None:
        told["same_bits"] = same_bits
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"Run {run.pk}: {money(result['mean'], result['currency'])} in an average year. {run.sentence}")


def _take(
    file: Path, assumptions: int, *, currency: str, year: int | None, scale: dict[str, list[float]], title: str
) -> dict[str, Any]:
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.formats.limits import Limits, too_large
    from sipar.risks.exchange_actions import LARGEST, preview_scenarios, state_scale, take_scenarios
    from sipar.risks.models import AssumptionSet

    if file.stat().st_size > LARGEST:
        raise too_large(Limits(max_bytes=LARGEST))
    now, actor = timezone.now(), system()
    with acting(actor, reason=f"sipar risks import {file.name}"[:200]):
        if not AssumptionSet.objects.exists():
            return _first(file, title=title)
        found = preview_scenarios(
            actor, file.read_bytes(), name=file.name, base=_version(assumptions), now=now, currency=currency, year=year
        )
        if scale:
            found = state_scale(actor, found, meanings=scale)
        reason = f"Taken from {file.name} by the command line."
        made = take_scenarios(actor, found, title=title, reason=reason, now=now) if title else None
        return {**found.outcome, "import": found.pk, "draft": made.number if made else None}


def _first(file: Path, *, title: str) -> dict[str, Any]:
    """The first assumptions of all come whole, as JSON."""
    from django.utils import timezone

    from sipar.core.jobs import system
    from sipar.core.problems import Invalid
    from sipar.formats.documents import load_json
    from sipar.formats.scenario_file import LIMITS
    from sipar.formats.scenario_table import is_assumptions
    from sipar.risk.assumptions import parse
    from sipar.risks.actions import draft_from

    document = load_json(file.read_bytes(), LIMITS)
    if not is_assumptions(document):
        raise Invalid("The first assumptions are a whole document: JSON with scenarios.", code="risk.document")
    parse(document)
    many = len(document["scenarios"])
    draft = None
    if title:
        reason = f"Taken from {file.name} by the command line."
        draft = draft_from(system(), None, title=title, reason=reason, document=document, now=timezone.now())
    return {
        "added_count": many, "changed_count": 0, "unchanged": 0, "refusal_count": 0, "refusals": [],
        "import": None, "draft": draft.number if draft else None,
    }  # fmt: skip


def _scenarios(assumptions: int, form: str, *, scale: dict[str, list[float]]) -> bytes:
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.exchange_files import scenarios_file

    with acting(system(), reason="sipar risks export"):
        return scenarios_file(_version(assumptions), form, scale=_level_scale(scale)).content


def _result(run: int, table: str, form: str) -> bytes:
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.exchange_files import results_file
    from sipar.risks.selectors import access_run

    actor = system()
    with acting(actor, reason="sipar risks export"):
        return results_file(actor, access_run(actor, run), table, form).content


def _version(number: int) -> AssumptionSet:
    """A version by its number; the one in use for 0. Call inside `acting`."""
    from sipar.core.jobs import system
    from sipar.core.problems import Conflict
    from sipar.risks.selectors import access_assumptions, assumptions_in_use

    if number:
        return access_assumptions(system(), number)
    used = assumptions_in_use(system())
    if used is None:
        raise Conflict("No assumptions are in use: name a version, or put a draft to use.", code="risk.state")
    return used


def _scale(file: Path | None) -> dict[str, list[float]]:
    """What levels mean, by `kind:level`, from {"threat": {"3": 2}, "impact": {"4": [100000, 1000000]}}."""
    if file is None:
        return {}
    from sipar.core.problems import Invalid
    from sipar.formats.documents import load_json
    from sipar.formats.limits import Limits
    from sipar.formats.scenario_file import LEVEL_KINDS, real

    document = load_json(file.read_bytes()[: MAX_SCALE + 1], Limits(max_bytes=MAX_SCALE, max_depth=4))
    made: dict[str, list[float]] = {}
    for kind, levels in document.items() if isinstance(document, dict) else ():
        if kind not in LEVEL_KINDS or not isinstance(levels, dict):
            raise Invalid(f"A scale has {', '.join(LEVEL_KINDS)}.", code="risk.scale")
        for level, numbers in levels.items():
            listed = numbers if isinstance(numbers, list) else [numbers]
            if len(listed) != (2 if kind == "impact" else 1):
                raise Invalid(f"{kind} {level}: an impact has two numbers, others one.", code="risk.scale")
            made[f"{kind}:{level}"] = [real(number, f"{kind} {level}") for number in listed]
    return made


def _level_scale(stated: dict[str, list[float]]) -> LevelScale | None:
    from sipar.formats.scenario_file import LevelScale
    from sipar.risks.exchange_reading import with_scale

    return with_scale(LevelScale(), stated) if stated else None
