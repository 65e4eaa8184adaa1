"""`sipar risks`: scenarios come in and go out, a run is worked out and repeated to the same bits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from tests.cast import NOW, Cast
from typer.testing import CliRunner

from sipar.config.commands import risks as command
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Invalid
from sipar.formats.problems import FormatProblem
from sipar.risks import tasks
from sipar.risks.actions import use_assumptions
from sipar.risks.models import AssumptionSet, Run

SOURCE = {"text": "Survey of 2024", "quality": "published"}
DOCUMENT = {
    "currency": "USD",
    "year": 2025,
    "scenarios": [
        {
            "key": "ransomware",
            "title": {"en": "Ransomware"},
            "event": "malware",
            "frequency": {"mean": 0.2, "source": SOURCE},
            "loss": {"primary": {"shape": "lognormal", "low": 10_000, "high": 900_000}, "source": SOURCE},
        }
    ],
}


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


@pytest.fixture
def used(cast: Cast, app: typer.Typer, tmp_path: Path) -> typer.Typer:
    """The same, with the first assumptions taken in and put to use."""
    file = tmp_path / "first.json"
    file.write_text(json.dumps(DOCUMENT))
    said = told(app, "import", str(file), "--draft", "First")
    assert (said["added_count"], said["draft"]) == (1, 1)
    with acting(system(), reason="use"):
        use_assumptions(system(), AssumptionSet.objects.get(), reason="To begin with.", now=NOW)
    return app


def told(app: typer.Typer, *arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(app, ["risks", *arguments, "--json"])
    assert done.exit_code == 0, done.exception
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_file_waits_until_a_draft_is_made_of_it(used: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("key,frequency\nransomware,0.3\nother,-1\n")
    waiting = told(used, "import", str(file))
    assert (waiting["changed_count"], waiting["refusal_count"], waiting["draft"]) == (1, 1, None)
    done = CliRunner().invoke(used, ["risks", "import", str(file), "--draft", "Newer"])
    assert "1 changed" in done.stdout
    assert "Draft 2 holds them" in done.stdout
    refused = CliRunner().invoke(used, ["risks", "import", str(file), "--currency", "rupees"])
    assert isinstance(refused.exception, Invalid)


def test_scenarios_leave_in_the_form_of_the_files_ending_and_come_back_the_same(
    used: typer.Typer, tmp_path: Path
) -> None:
    for name in ("out.csv", "out.xlsx", "out.json"):
        file = tmp_path / name
        assert CliRunner().invoke(used, ["risks", "export", str(file)]).exit_code == 0
        back = told(used, "import", str(file))
        assert (back["added_count"], back["refusal_count"], back["changed_count"]) == (0, 0, 0)
    levels = tmp_path / "scale.json"
    levels.write_text('{"threat": {"1": 0.2}, "vulnerability": {"1": 1}, "impact": {"3": [10000, 900000]}}')
    given = ["risks", "export", str(tmp_path / "monarc.json"), "--format", "monarc"]
    assert isinstance(CliRunner().invoke(used, given).exception, Invalid)
    assert CliRunner().invoke(used, [*given, "--scale", str(levels)]).exit_code == 0
    levels.write_text('{"impact": {"3": [1]}}')
    assert isinstance(CliRunner().invoke(used, [*given, "--scale", str(levels)]).exception, Invalid)


def test_a_run_is_worked_out_and_repeated_to_the_same_bits(used: typer.Typer, tmp_path: Path) -> None:
    run = told(used, "run", "--years", "1000", "--seed", "7")
    again = told(used, "repeat", str(run["run"]))
    assert again["same_bits"] is True
    assert again["losses"] == run["losses"]
    file = tmp_path / "years.csv"
    assert CliRunner().invoke(used, ["risks", "export", str(file), "--run", str(run["run"])]).exit_code == 0
    assert len(file.read_text().splitlines()) == 1001


def test_the_queued_job_of_a_run_that_a_command_finished_leaves_its_progress_done(used: typer.Typer) -> None:
    told(used, "run", "--years", "1000")
    with acting(system(), reason="read"):
        run = Run.objects.get()
    tasks.run_model(run.pk)
    with acting(system(), reason="read"):
        progress = BackgroundRun.objects.get(pk=run.background or 0)
    assert (progress.state, progress.sentence) == (BackgroundRun.State.DONE, "The result is ready.")


def test_nothing_runs_before_assumptions_are_in_use(cast: Cast, app: typer.Typer, tmp_path: Path) -> None:
    assert isinstance(CliRunner().invoke(app, ["risks", "run"]).exception, Conflict)
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(DOCUMENT | {"scenarios": []}))
    assert isinstance(CliRunner().invoke(app, ["risks", "import", str(file)]).exception, FormatProblem)
