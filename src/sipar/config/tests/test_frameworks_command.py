"""`sipar frameworks`: each file whole or not at all, with a sentence for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from tests.cast import Cast
from typer.testing import CliRunner

from sipar.config.commands import frameworks as command
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.catalogue_file import write_catalogue
from sipar.frameworks.models import Framework
from sipar.frameworks.tests.test_mapping import catalogue


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command over the database of the test, which is there already."""

    @contextmanager
    def running(_environment: object) -> Iterator[None]:
        yield

    monkeypatch.setattr("sipar.config.up.database", running)
    found = typer.Typer()
    command.register(found)
    found.command("other")(lambda: None)
    return found


def test_files_are_loaded_and_listed(cast: Cast, app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_bytes(write_catalogue(catalogue("house-rules", 3)))
    done = CliRunner().invoke(app, ["frameworks", "import", str(file)])
    assert (done.exit_code, done.stdout) == (0, f"{file}: house-rules 1, 3 requirements, loaded\n")
    again = CliRunner().invoke(app, ["frameworks", "import", str(file)])
    assert again.stdout.endswith("was loaded already\n")
    listed = CliRunner().invoke(app, ["frameworks", "list", "--json"])
    assert ("house-rules", 3) in [(row["identifier"], row["requirements"]) for row in json.loads(listed.stdout)]


def test_a_refused_file_ends_with_2_and_says_where_while_the_others_are_loaded(
    cast: Cast, app: typer.Typer, tmp_path: Path
) -> None:
    good, bad, missing = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "missing.yaml"
    good.write_bytes(write_catalogue(catalogue("house-rules", 3)))
    bad.write_bytes(write_catalogue(catalogue("other-rules", 3)).replace(b"group: even", b"group: nowhere"))
    done = CliRunner().invoke(app, ["frameworks", "import", "--json", str(bad), str(missing), str(good)])
    assert done.exit_code == 2
    results = json.loads(done.stdout)
    assert [result["loaded"] for result in results] == [False, False, True]
    assert results[0]["places"][0]["where"] == "r0"
    assert "nowhere" in results[0]["places"][0]["detail"]
    assert "No such file" in results[1]["problem"]
    with acting(system(), reason="count"):
        assert Framework.objects.exclude(origin="shipped").get().identifier == "house-rules"
