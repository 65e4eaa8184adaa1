"""Real processes on a real database: races, restored backups, and SIGKILL at any moment."""

from __future__ import annotations

import json
import random
import re
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from sipar.core.localdb import DATABASE
from tests.clocks.stage import PATIENCE_SECONDS, Stage, a_stage

pytestmark = pytest.mark.slow

WORKERS = 4
PEOPLE = 2
ROUNDS_OF_KILLING = 2
REPORTERS = 3


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as found:
        yield found


def numbers(stage: Stage, code: str) -> tuple[int, int, int]:
    """Of the duties of a code: breaches, duties with one at their true time, and reminders."""
    [row] = stage.rows(
        "with d as (select * from obligations_duty where code = %s) select"
        " (select count(*) from obligations_breach b join d on d.id = b.duty_id),"
        " (select count(distinct d.id) from obligations_breach b join d on d.id = b.duty_id and d.due_at = b.due_at),"
        " (select count(*) from obligations_reminder r join d on d.id = r.duty_id)",
        [code],
    )
    return row[0], row[1], row[2]


def answers(processes: list[subprocess.Popen[bytes]]) -> list[dict[str, int]]:
    outputs = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes]
    return [json.loads(output.decode().splitlines()[-1]) for output in outputs]


def test_what_fell_due_while_only_a_backup_existed_is_found_after_it_is_restored(stage: Stage) -> None:
    stage.rows(f"create database backup template {DATABASE}", database="postgres")
    assert stage.play("scan", "500", "")["breaches"] == 50
    stage.rows(f"drop database {DATABASE} with (force)", database="postgres")
    stage.rows(f"alter database backup rename to {DATABASE}", database="postgres")
    assert numbers(stage, "backup") == (0, 0, 0)
    assert stage.play("scan", "500", "")["breaches"] == 50
    assert numbers(stage, "backup") == (50, 50, 50 * PEOPLE)


def test_four_workers_racing_record_each_breach_and_send_each_reminder_once(stage: Stage) -> None:
    # What other tests left due is none of this race.
    stage.play("scan", "500", "")
    stage.play("add", "race", "600", "-5", "1")
    start = stage.folder / "start"
    racing = [stage.begin("scan", "10", str(start)) for _ in range(WORKERS)]
    wait_for(lambda: len(list(stage.folder.glob("start.*"))) == WORKERS)
    start.touch()
    found = answers(racing)
    assert sum(each["breaches"] for each in found) == 600
    assert sum(each["reminders"] for each in found) == 600 * PEOPLE
    assert sum(each["breaches"] > 0 for each in found) >= 2, "nobody raced"
    assert numbers(stage, "race") == (600, 600, 600 * PEOPLE)


def test_killing_web_worker_or_database_loses_no_report_and_no_breach_and_makes_none_twice(stage: Stage) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    stage.start("web")
    stage.start("worker")
    stage.wait_for_web()
    stage.play("add", "fire", "400", "0", "14")
    sent: list[str] = []
    stop = threading.Event()
    reporters = [threading.Thread(target=report, args=(stage, sent, stop)) for _ in range(REPORTERS)]
    for reporter in reporters:
        reporter.start()
    victims = ["web", "worker", "postgres"] * ROUNDS_OF_KILLING
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(0.5, 3.0))
        stage.kill(victim)
    stage.wait_for_web()
    # However slow the machine: some were answered, and every reporter got past the last kill.
    wait_for(lambda: len(sent) > REPORTERS)
    stop.set()
    for reporter in reporters:
        reporter.join(timeout=PATIENCE_SECONDS)
    wait_for(lambda: all_breached(stage))
    assert numbers(stage, "fire") == (400, 400, 400 * PEOPLE), f"seed {seed}"
    kept = Counter(number for (number,) in stage.rows(
        "select i.number from obligations_submission s join incidents_incident i on i.id = s.incident_id"
    ))  # fmt: skip
    assert {number for number in sent if kept[number] != 1} == set(), f"seed {seed}"
    assert not [number for number, times in kept.items() if times != 1], f"seed {seed}"
    mailed = Counter(
        identifier for file in (stage.folder / "mail").glob("*") for identifier in message_ids(file.read_text())
    )
    assert mailed, "no mail was sent"
    assert max(mailed.values()) == 1, f"a mail went out twice (seed {seed})"


def report(stage: Stage, sent: list[str], stop: threading.Event) -> None:
    """Report one incident after the other, each until it was acknowledged; what was acknowledged goes into `sent`."""
    while not stop.is_set():
        key = uuid.uuid4().hex
        body = {
            "organisation": "PK-T-0001",
            "facts": {"summary": "Screens are dark.", "aware_at": "2026-11-01T08:00:00+00:00", "contact": "Ayesha"},
        }
        number = until_answered(stage, "/api/reports", body, key=key)["number"]
        until_answered(stage, f"/api/reports/{number}/submissions", {"stage": "early_warning"}, key=key)
        sent.append(number)


def until_answered(stage: Stage, path: str, body: object, *, key: str) -> dict[str, str]:
    """The answer, asked for with the same key until somebody gives one: what any client does that wants to be sure."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status, answer = stage.ask("POST", path, body, key=key)
        if status in (200, 201):
            return dict(answer)
        assert status == 0 or status >= 500, answer
        time.sleep(0.2)
    raise AssertionError("nobody answered")


def all_breached(stage: Stage) -> bool:
    return stage.rows("select count(*) from obligations_duty where code = 'fire' and state = 'running'") == [(0,)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.05)


def message_ids(text: str) -> list[str]:
    return re.findall(r"^Message-ID: (.+)$", text, flags=re.MULTILINE)
