"""A background run ends with a sentence, however its work ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import Ended, closing, start_run, system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Invalid
from sipar.formats.problems import FormatProblem

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def run(cast: Cast) -> int:
    with acting(cast.nadia, reason="ask for something"):
        return start_run(cast.nadia, kind="test.work", now=NOW).pk


def ended(run: int) -> tuple[str, str, dict[str, object]]:
    with acting(system(), reason="look"):
        found = BackgroundRun.objects.get(pk=run)
    return found.state, found.sentence, found.result


def refuse(problem: Exception) -> None:
    raise problem


def test_work_that_is_done_says_so_and_keeps_its_result(run: int) -> None:
    with closing(run, failed="It broke.") as end:
        end.sentence, end.result = "Three were counted.", {"counted": 3}
    assert ended(run) == ("done", "Three were counted.", {"counted": 3})


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Invalid("The day has passed."), "The day has passed."),
        (FormatProblem("x.y", "This is no number.", "line 3"), "line 3: This is no number."),
    ],
)
def test_what_is_refused_closes_the_run_with_the_words_of_the_refusal(
    run: int, problem: Exception, sentence: str
) -> None:
    with closing(run, failed="It broke.", kept={"question": 1}):
        refuse(problem)
    assert ended(run) == ("failed", sentence, {"question": 1})


def test_what_nobody_foresaw_closes_the_run_and_reaches_the_log(run: int) -> None:
    with pytest.raises(ZeroDivisionError), closing(run, failed="It broke."):
        _ = 1 / 0
    assert ended(run) == ("failed", "It broke.", {})


def test_work_that_another_has_leaves_the_run_open(run: int) -> None:
    with closing(run, failed="It broke."):
        refuse(Ended())
    assert ended(run)[0] == "waiting"
