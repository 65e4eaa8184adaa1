"""What exists is documented: settings, commands, roles, decisions."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import typer

from sipar.config import cli
from sipar.config.environment import VARIABLES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_setting_is_documented(variable: object) -> None:
    assert f"`{variable.name}`" in (DOCS / "reference" / "settings.md").read_text()  # type: ignore[attr-defined]


def test_every_command_is_documented_and_explains_itself() -> None:
    app = typer.Typer()
    for group in cli.GROUPS:
        importlib.import_module(f"sipar.config.commands.{group}").register(app)
    text = (DOCS / "reference" / "commands.md").read_text()
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    for below in app.registered_groups:
        assert below.typer_instance is not None
        names += [f"{below.name} {command.name}" for command in below.typer_instance.registered_commands]
    assert [name for name in names if f"`sipar {name}" not in text] == []
    assert all(command.callback and command.callback.__doc__ for command in app.registered_commands)


@pytest.mark.parametrize("group", cli.GROUPS)
def test_a_command_is_found_where_only_its_own_group_is_loaded(group: str) -> None:
    app = typer.Typer()
    importlib.import_module(f"sipar.config.commands.{group}").register(app)
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    names |= {below.name or "" for below in app.registered_groups}
    assert names == (set(cli.HOUSE) if group == "house" else {group})


def test_every_decision_record_says_context_and_decision() -> None:
    for record in sorted((DOCS / "decisions").glob("*.md")):
        text = record.read_text()
        assert "Context:" in text, record.name
        assert "Decision:" in text, record.name
