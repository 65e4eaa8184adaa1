"""`sipar oscal check` as a person runs it; `export` needs a database and is tested beside the assessments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sipar.config.commands import oscal
from sipar.formats.oscal_bench import CONTROLS, seven_faults, synthetic_results


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    oscal.register(app)
    return app


def check(app: typer.Typer, *arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["oscal", "check", *(str(argument) for argument in arguments)])
    return result.exit_code, result.stdout


def catalogue(path: Path, controls: tuple[str, ...]) -> Path:
    """An OSCAL catalog that knows these controls."""
    metadata = {"title": "Controls", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.1.2"}
    group = {"id": "all", "title": "All", "controls": [{"id": name, "title": name} for name in controls]}
    uuid = "5f2c1a52-8c5b-4d8e-9a4e-1f4b2b7d6c31"
    path.write_text(json.dumps({"catalog": {"uuid": uuid, "metadata": metadata, "groups": [group]}}))
    return path


def test_a_sound_document_passes(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(synthetic_results(20))
    assert check(app, file) == (0, f"{file}: assessment-results, 0 faults\n")


def test_each_of_the_seven_faults_is_found_and_ends_in_exit_code_1(app: typer.Typer, tmp_path: Path) -> None:
    known = catalogue(tmp_path / "catalog.json", CONTROLS)
    for name, data in seven_faults().items():
        file = tmp_path / f"{name}.json"
        file.write_bytes(data)
        code, words = check(app, file, "--catalog", known, "--json")
        (report,) = json.loads(words)
        assert code == 1, name
        assert not report["ok"]
        assert report["counts"]["faults"] >= 1


def test_a_control_that_the_catalogue_does_not_know_is_a_fault_only_where_a_catalogue_is_named(
    app: typer.Typer, tmp_path: Path
) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(synthetic_results(500))
    assert check(app, file)[0] == 0
    code, words = check(app, file, "--catalog", catalogue(tmp_path / "catalog.json", CONTROLS[:3]))
    assert code == 1
    assert "more" in words or "faults" in words


def test_a_file_that_is_no_oscal_is_named_as_such(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "strange.json"
    file.write_text("[]")
    code, words = check(app, file)
    assert code == 1
    assert "no OSCAL document" in words
