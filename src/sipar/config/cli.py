"""The `sipar` command.

Exit codes: 0 done; 1 the work was done and found something wrong (a failed check, a missed figure); 2 the call or
its input was refused, with a sentence that says why; 3 something that Sipar needs is missing (database, disk, port).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import typer

from sipar import __version__

REFUSED = 2
MISSING = 3

app = typer.Typer(
    name="sipar",
    help="The working platform of a national cybersecurity authority and its CERTs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
# What stands at the top, in no group of its own.
HOUSE = ("up", "migrate", "doctor", "openapi")
GROUPS = (
    "house",
    "demo",
    "frameworks",
    "orgs",
    "posture",
    "oscal",
    "ledger",
    "duties",
    "law",
    "claims",
    "feeds",
    "vulnerabilities",
    "risks",
    "bench",
)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; every expected failure ends in one plain sentence and a documented exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
    from django.core.exceptions import ImproperlyConfigured

    from sipar.core.machine import MachineProblem
    from sipar.core.problems import Problem
    from sipar.formats.problems import FormatProblem

    for group in _groups_for(sys.argv[1:]):
        importlib.import_module(f"sipar.config.commands.{group}").register(app)
    try:
        app()
    except Problem as problem:
        _say(f"{problem.title}: {problem.sentence}")
        for place in problem.places[:20]:
            _say(f"  {place.where}: {place.sentence}")
        sys.exit(REFUSED)
    except FormatProblem as problem:
        _say(f"This file cannot be taken: {problem}")
        sys.exit(REFUSED)
    except MachineProblem as problem:
        _say(str(problem))
        sys.exit(MISSING)
    except ImproperlyConfigured as problem:
        _say(f"The configuration cannot be used: {problem}")
        sys.exit(MISSING)


def _groups_for(arguments: Sequence[str]) -> Sequence[str]:
    """The group whose command is called; all of them where help or a mistake needs them: `sipar up` waits for none."""
    word = arguments[0] if arguments else ""
    if word in HOUSE:
        return ("house",)
    return (word,) if word in GROUPS and word != "house" else GROUPS


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
