"""Requests that write something of a case, a report, a duty or a request for help, each in order as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.test import Client

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Look
from tests.leaks.writes import Fields, Write
from tests.world import World
from tests.world_cases import BY_DUTY, BY_INCIDENT, CASE_TABLES, SHARED_TABLES

WHY = "It belongs there."
TELECOM = "pk-telecom"
WORDS = "A new word."


def _case(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/cases/{of['number']}/{rest.format(**of)}"


def _api(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/api/cases/{of['number']}/{rest.format(**of)}"


def _help(rest: str) -> Callable[[Fields], str]:
    return lambda of: f"/support/{of['help_number']}/{rest.format(**of)}"


def _report(rest: str, number: str = "number") -> Callable[[Fields], str]:
    return lambda of: f"/report/{of[number]}/{rest}"


def _fixed(**body: Any) -> Callable[[Fields], Fields]:
    return lambda _of: dict(body)


def _file(_of: Fields) -> Fields:
    return {"file": SimpleUploadedFile("log.txt", b"a line"), "kind": "evidence", "description": WORDS}


def _desk(name: str, address: Callable[[Fields], str], body: Callable[[Fields], Fields], method: str = "post") -> Write:
    return Write(name, "parveen", address, body, method)


def _own(name: str, address: Callable[[Fields], str], body: Callable[[Fields], Fields], method: str = "post") -> Write:
    return Write(name, "bilal", address, body, method)


def _requirement(of: Fields) -> Fields:
    return {"framework": of["framework_id"], "requirement": "GV.OC-02", "how": "missing", "note": WORDS}


# Only the staff of the CERT that has the case may do these.
BY_DESK: tuple[Write, ...] = (
    _desk("hand over", _case("hand-over/"), _fixed(team=TELECOM, reason=WHY)),
    _desk("escalate", _case("escalate/"), _fixed(projection="full", reason=WHY)),
    _desk("share", _case("share/"), _fixed(team=TELECOM, projection="full", reason=WHY)),
    _desk("classify", _case("classify/"), _fixed(rsit_type="", tlp="green", pap="green")),
    _desk("state", _case("state/"), _fixed(state="contained", words="")),
    _desk("assign", _case("assign/"), lambda of: {"account": ""}),
    _desk("split", _case("split/"), _fixed(title="The mail server", facts=["aware_at"], reason=WHY)),
    _desk("merge", _case("merge/"), lambda of: {"into": of["other_case"], "reason": WHY}),
    _desk("end extract", _case("extracts/{extract}/end/"), _fixed()),
    _desk("link", _case("links/"), lambda of: {"number": of["other_case"], "kind": "twin", "note": WORDS}),
    _desk("unlink", _case("links/{link_id}/remove/"), _fixed()),
    _desk("join", _case("campaign/join/"), lambda of: {"campaign": of["cases/campaigns/|number"], "reason": WHY}),
    _desk("add task", _case("tasks/"), _fixed(title="Keep the logs", detail=WORDS)),
    _desk("apply playbook", _case("tasks/playbook/"), lambda of: {"playbook": of["playbook_id"]}),
    _desk("plan task", _case("tasks/{task_id}/plan/"), _fixed(due_at="2026-11-03T10:00")),
    _desk("custody", _case("artefacts/{artefact_id}/custody/"),
          _fixed(what="examined", holder="Laboratory", purpose=WHY)),
    _desk("json share", _api("shares"), _fixed(team=TELECOM, projection="full", reason=WHY)),
    _desk("json hand over", _api("hand-over"), _fixed(team=TELECOM, reason=WHY)),
    _desk("json classify", _api("classify"), _fixed(tlp="green", pap="green")),
    _desk("json state", _api("state"), _fixed(state="contained")),
    _desk("json task", _api("tasks"), _fixed(title="Keep the logs")),
    _desk("json plan", _api("tasks/{task_id}/plan"), _fixed(due_at="2026-11-03T10:00:00Z"), "put"),
    _desk("json link", _api("links"), lambda of: {"number": of["other_case"], "kind": "twin"}),
    _desk("json custody", _api("artefacts/{artefact_id}/custody"),
          _fixed(what="examined", holder="Laboratory", purpose=WHY)),
    _desk("eta", _help("eta/"), _fixed(eta="2026-11-03T10:00")),
    _desk("hand help over", _help("hand-over/"), lambda of: {"to": of["telecom"], "reason": WHY}),
    _desk("dispatch", _help("dispatch/"),
          lambda of: {"account": of["second_analyst"], "mode": "remote", "task": WORDS}),
    _desk("release", _help("release/{assignment_id}/"), _fixed()),
    _desk("arrive", _help("arrive/"), _fixed()),
)  # fmt: skip
# The organisation's own people may do these; those of a case, the CERT that has it too.
BY_ORGANISATION: tuple[Write, ...] = (
    _own("event", _case("timeline/"), _fixed(body=WORDS, happened_at="2026-11-02T09:00")),
    _own("message", _case("messages/"), _fixed(body=WORDS)),
    _own("settle task", _case("tasks/{task_id}/settle/"), _fixed(state="done", outcome=WORDS)),
    _own("file", _case("artefacts/"), _file),
    _own("copy", _case("artefacts/{artefact_id}/copy/"), _fixed(purpose=WHY)),
    _own("indicators", _case("indicators/"), _fixed(lines="evil.example", tlp="amber")),
    _own("remove indicator", _case("indicators/{row_id}/remove/"), _fixed()),
    _own("requirement", _case("requirements/"), _requirement),
    _own("remove requirement", lambda of: f"/cases/{of['number']}/requirements/{of[REQUIREMENT]}/remove/", _fixed()),
    _own("json event", _api("events"), _fixed(body=WORDS, happened_at="2026-11-02T08:00:00Z")),
    _own("json message", _api("messages"), _fixed(body=WORDS)),
    _own("json settle", _api("tasks/{task_id}/settle"), _fixed(state="done", outcome=WORDS)),
    _own("json copy", _api("artefacts/{artefact_id}/copy"), _fixed(purpose=WHY)),
    _own("json indicators", _api("indicators"), _fixed(lines="evil.example")),
    _own("json requirement", _api("requirements"), _requirement),
    _own("save report", _report("save/", "draft_case"), _fixed(version="0", summary=WORDS)),
    _own("attach", _report("attach/", "draft_case"), _file),
    _own("discard", _report("discard/", "draft_case"), _fixed()),
    _own("delay", _report("delay/"), _fixed(reason=WHY)),
    _own("twin", _report("twin/"), lambda of: {"other": of["other_case"]}),
    _own("patch report", lambda of: f"/api/reports/{of['draft_case']}",
         _fixed(version=0, facts={"summary": WORDS}), "patch"),
    _own("json report", lambda of: "/api/reports", lambda of: {"organisation": of["identifier"]}),
    _own("withdraw help", _help("withdraw/"), _fixed()),
    _own("plan lesson", _help("lesson/{lesson_id}/plan/"), _fixed(due_on="2026-12-01")),
)  # fmt: skip
REQUIREMENT = "cases/<slug:number>/requirements/|row_id"
CASE_WRITES = (*BY_DESK, *BY_ORGANISATION)
BY_NAME = {write.name: write for write in CASE_WRITES}
KEPT: tuple[type[Model], ...] = tuple(
    model for model in (*CASE_TABLES, *BY_INCIDENT, *BY_DUTY, *SHARED_TABLES) if model is not Look
)


def everything(*, but: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of cases, as Sipar itself sees it. Looks are left out: reading leaves those."""
    with acting(system(), reason="take a picture"):
        return {
            model._meta.label: [
                {name: value for name, value in row.items() if name not in but}
                for row in model._default_manager.order_by("pk").values()
            ]
            for model in KEPT
        }


@contextmanager
def undone() -> Iterator[None]:
    """What is written in the body is taken back after it."""
    point = transaction.savepoint_create()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def status_of(write: Write, browser: Client, of: Fields, extra: Fields | None = None) -> int:
    """The status of the answer; files that are given out are closed."""
    answer: Any = write.send(browser, of, extra)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return int(answer.status_code)


def values(world: World, key: str) -> Fields:
    """The examples of one organisation, with what some bodies name beside them."""
    cast = world.cast
    return world.case_of(key) | {
        "identifier": cast.organisations[key].identifier, "telecom": cast.teams["pk-telecom"].pk,
        "second_analyst": cast.accounts["danish"].pk,
    }  # fmt: skip
