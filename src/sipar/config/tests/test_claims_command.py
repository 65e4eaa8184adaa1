"""`sipar claims`: a file waits or counts, and a question is answered with its reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from tests.cast import Cast
from typer.testing import CliRunner

from sipar.claims.models import ClaimImport, NationalRange
from sipar.config.commands import claims as command
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Invalid, NotFound


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
def file(tmp_path: Path) -> Path:
    made = tmp_path / "claims.csv"
    made.write_text("kind,value,organisation\nprefix,203.0.113.0/24,PK-T-0001\ncountry,PK,\nprefix,nonsense,\n")
    return made


def test_a_file_waits_for_a_decision_until_it_is_applied(cast: Cast, app: typer.Typer, file: Path) -> None:
    waiting = CliRunner().invoke(app, ["claims", "import", str(file), "--json"])
    result = json.loads(waiting.stdout)
    assert (result["state"], result["added"], result["problem_count"]) == ("preview", 2, 1)
    done = CliRunner().invoke(app, ["claims", "import", str(file), "--apply"])
    assert done.stdout == "csv: 2 added, 0 changed, 0 ended, 0 unchanged, 0 kept by hand\n"
    with acting(system(), reason="read"):
        assert NationalRange.objects.get().team == cast.teams["national"]
        assert set(ClaimImport.objects.values_list("state", flat=True)) == {"preview", "applied"}


def test_a_question_is_answered_with_the_claims_as_they_are(cast: Cast, app: typer.Typer, file: Path) -> None:
    CliRunner().invoke(app, ["claims", "import", str(file), "--apply"])
    answer = CliRunner().invoke(app, ["claims", "lookup", "203.0.113.9", "--json"])
    (row,) = json.loads(answer.stdout)["claims"]
    assert (row["organisation"], row["code"], row["match"]) == (
        "PK-T-0001", "won", "203.0.113.9 lies in 203.0.113.0/24."
    )  # fmt: skip
    nobody = CliRunner().invoke(app, ["claims", "lookup", "192.0.2.1"])
    assert nobody.stdout == "Nobody claims it, and it is no range of the nation.\n"
    compiled = CliRunner().invoke(app, ["claims", "compile", "--json"])
    assert json.loads(compiled.stdout)["claims"] == 2


def test_a_wrong_call_is_refused(cast: Cast, app: typer.Typer, file: Path) -> None:
    for arguments, refusal in (
        (["import", str(file), "--format", "whois"], Invalid),
        (["import", str(file), "--team", "nobody"], NotFound),
        (["lookup", "no question"], Invalid),
    ):
        assert isinstance(CliRunner().invoke(app, ["claims", *arguments]).exception, refusal)
