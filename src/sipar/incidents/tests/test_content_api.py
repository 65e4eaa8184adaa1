"""The contents of a case to programs: the same walls as in the browser, and no field that may not be set."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.cast import Cast

import sipar.formats
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.models import Framework
from sipar.incidents.models import Artefact, Entry, Indicator, Task
from sipar.incidents.tests.cases import accepted
from sipar.people.tokens import create_token

PLAYBOOK = (Path(sipar.formats.__file__).parent / "tests/fixtures/playbook-ransomware.json").read_bytes()


class Program:
    """A program with the session of one person."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> tuple[int, Any]:
        options: dict[str, Any] = {}
        if body is not None:
            options = {"data": json.dumps(body), "content_type": "application/json"}
        response = getattr(self.client, method)(f"/api/cases/{path}", **options)
        return response.status_code, json.loads(response.content) if response.content else None

    def upload(self, path: str, name: str, content: bytes, **values: object) -> tuple[int, Any]:
        file = io.BytesIO(content)
        file.name = name
        response = self.client.post(f"/api/cases/{path}", {"file": file, **values})
        return response.status_code, json.loads(response.content)


def program(cast: Cast, name: str) -> Program:
    return Program(cast.client(name))


def test_messages_and_their_receipts_by_program(cast: Cast) -> None:
    number = accepted(cast)
    ayesha, parveen = program(cast, "ayesha"), program(cast, "parveen")
    status, line = ayesha.ask("post", f"{number}/messages", {"body": "Relay down"})
    assert (status, line["kind"], line["team"], line["read_at"]) == (201, "message", None, None)
    status, listed = parveen.ask("get", f"{number}/messages")
    assert (status, [one["body"] for one in listed["lines"]]) == (200, ["Relay down"])
    assert parveen.ask("post", f"{number}/messages/receipt") == (200, {"opened": 1})
    assert ayesha.ask("get", f"{number}/messages")[1]["lines"][0]["read_at"] is not None
    assert program(cast, "nadia").ask("post", f"{number}/messages", {"body": "x"})[0] == 403
    assert program(cast, "bushra").ask("get", f"{number}/messages")[0] == 404
    assert program(cast, "kamran").ask("get", f"{number}/messages")[0] == 403


def test_notes_never_reach_the_organisation_by_program(cast: Cast) -> None:
    number = accepted(cast)
    parveen, ayesha = program(cast, "parveen"), program(cast, "ayesha")
    assert parveen.ask("post", f"{number}/notes", {"body": "among us", "audience": "teams"})[0] == 201
    for path in ("notes", "timeline"):
        assert "among us" in json.dumps(parveen.ask("get", f"{number}/{path}")[1])
        assert "among us" not in json.dumps(ayesha.ask("get", f"{number}/{path}")[1])
    assert ayesha.ask("post", f"{number}/notes", {"body": "me too"})[0] == 403


def test_fields_that_are_not_offered_change_nothing(cast: Cast) -> None:
    number = accepted(cast)
    planted = {"body": "x", "team": 1, "written_by_id": 1, "read_at": "2020-01-01T00:00:00Z", "organisation_id": 1}
    assert program(cast, "ayesha").ask("post", f"{number}/messages", planted)[0] in (201, 422)
    status, answer = program(cast, "ayesha").upload(
        f"{number}/artefacts", "a.exe", b"MZ\x90\x00", sha256="0" * 64, quarantined="false", team="1"
    )
    assert status == 201
    assert answer["quarantined"] is True
    assert answer["sha256"] == sha256(b"MZ\x90\x00").hexdigest()
    with acting(system(), reason="look"):
        assert Artefact.objects.get().team_id is None
        for entry in Entry.objects.filter(kind="message"):
            assert (entry.team_id, entry.written_by_id, entry.read_at) == (None, cast.ayesha.account, None)


def test_tasks_and_playbooks_by_program(cast: Cast) -> None:
    number, other = accepted(cast), accepted(cast)
    parveen, ayesha = program(cast, "parveen"), program(cast, "ayesha")
    status, made = parveen.upload("playbooks", "p.json", PLAYBOOK)
    assert status == 201
    assert parveen.ask("get", f"playbooks/{made['id']}") == (200, json.loads(PLAYBOOK))
    status, tasks = parveen.ask("post", f"{number}/tasks/playbook", {"playbook": made["id"]})
    assert (status, [task["playbook"] for task in tasks]) == (201, [made["id"]] * len(tasks))
    status, task = parveen.ask("post", f"{number}/tasks", {"title": "Save the logs", "for_organisation": True})
    assert status == 201
    assert [one["title"] for one in ayesha.ask("get", f"{number}/tasks")[1]] == ["Save the logs"]
    for verb, path, body in (
        ("put", f"tasks/{task['id']}/plan", {}), ("post", f"tasks/{task['id']}/settle", {"state": "done"}),
        ("post", f"tasks/{task['id']}/reopen", None),
    ):  # fmt: skip
        assert parveen.ask(verb, f"{other}/{path}", body)[0] == 404, path
    assert ayesha.ask("post", f"{number}/tasks/{tasks[0]['id']}/settle", {"state": "done"})[0] == 404
    assert ayesha.ask("post", f"{number}/tasks/{task['id']}/settle", {"state": "done"})[1]["state"] == "done"
    assert ayesha.ask("get", "playbooks")[0] == 403
    assert program(cast, "nadia").ask("delete", f"playbooks/{made['id']}")[0] == 403
    with acting(system(), reason="look"):
        assert Task.objects.filter(state="open").count() == len(tasks)


def test_files_by_program_leave_as_bytes_and_only_from_their_own_case(cast: Cast) -> None:
    number, other = accepted(cast), accepted(cast)
    ayesha, parveen = program(cast, "ayesha"), program(cast, "parveen")
    status, made = ayesha.upload(f"{number}/artefacts", "page.html", b"<script>1</script>", kind="malware")
    assert (status, made["quarantined"], made["custody"][0]["what"]) == (201, True, "received")
    copy = f"artefacts/{made['id']}/copy"
    asked = {"purpose": "sandbox", "confirmed": True}
    assert ayesha.ask("post", f"{number}/{copy}", asked)[0] == 403
    assert parveen.ask("post", f"{other}/{copy}", asked)[0] == 404
    assert parveen.ask("post", f"{number}/{copy}", {"purpose": "sandbox"})[0] == 409
    response = parveen.client.post(
        f"/api/cases/{number}/{copy}", data=json.dumps(asked), content_type="application/json"
    )  # fmt: skip
    assert b"".join(response.streaming_content) == b"<script>1</script>"  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].endswith('.quarantine"')
    step = {"what": "examined", "holder": "Lab", "purpose": "look"}
    assert parveen.ask("post", f"{number}/artefacts/{made['id']}/custody", step)[0] == 201
    assert ayesha.ask("post", f"{number}/artefacts/{made['id']}/custody", step)[0] == 403
    chain = parveen.ask("get", f"{number}/artefacts/{made['id']}")[1]["custody"]
    assert [link["what"] for link in chain] == ["received", "downloaded", "examined"]
    assert program(cast, "bushra").ask("get", f"{number}/artefacts")[0] == 404


def test_indicators_requirements_and_links_by_program(cast: Cast, framework: Framework) -> None:
    number, other = accepted(cast), accepted(cast)
    parveen = program(cast, "parveen")
    status, refused = parveen.ask("post", f"{number}/indicators", {"lines": "evil.example\nnope nope"})
    assert (status, refused["code"]) == (422, "indicator.lines")
    assert refused["errors"][0]["detail"].startswith("Line 2")
    assert parveen.ask("post", f"{number}/indicators", {"lines": "evil[.]example", "tlp": "red"}) == (
        201, {"new": 1, "known": 0},
    )  # fmt: skip
    assert parveen.ask("get", f"{number}/indicators")[1] == []
    (row,) = parveen.ask("get", f"{number}/indicators?tlp=red")[1]
    assert parveen.ask("delete", f"{other}/indicators/{row['id']}")[0] == 404
    assert program(cast, "nadia").ask("delete", f"{number}/indicators/{row['id']}")[0] == 403
    body = {"framework": framework.pk, "requirement": "NO-1", "how": "failed"}
    assert parveen.ask("post", f"{number}/requirements", body)[0] == 422
    assert parveen.ask("post", f"{number}/links", {"number": other})[0] == 201
    (link,) = parveen.ask("get", f"{number}/links")[1]
    assert parveen.ask("get", f"{number}/similar")[0] == 200
    third = accepted(cast)
    assert parveen.ask("delete", f"{third}/links/{link['id']}")[0] == 404
    assert parveen.ask("delete", f"{other}/links/{link['id']}")[0] == 204
    assert parveen.ask("delete", f"{number}/indicators/{row['id']}")[0] == 204
    with acting(system(), reason="look"):
        assert not Indicator.objects.exists()


def test_a_national_incident_by_program(cast: Cast) -> None:
    number = accepted(cast)
    hamid, parveen, ayesha = (program(cast, name) for name in ("hamid", "parveen", "ayesha"))
    status, made = hamid.ask("post", "campaigns", {"title": "A wave"})
    assert (status, made["victims"]) == (201, 0)
    join = {"national_incident": made["number"], "reason": "same note"}
    assert hamid.ask("post", f"{number}/campaign/join", join)[0] == 403
    assert parveen.ask("post", f"{number}/campaign/join", join)[0] == 204
    shown = parveen.ask("get", f"campaigns/{made['number']}")[1]
    assert (shown["victims"], shown["exact"], shown["sectors"]) == (None, False, [])
    assert [case["number"] for case in shown["cases"]] == [number]
    assert parveen.ask("put", f"campaigns/{made['number']}", {"title": "Mine"})[0] == 403
    assert hamid.ask("post", f"campaigns/{made['number']}/state", {"state": "closed"})[1]["state"] == "closed"
    assert parveen.ask("post", f"{number}/campaign/leave", {"reason": "another actor"})[0] == 204
    for path in ("campaigns", f"campaigns/{made['number']}"):
        assert ayesha.ask("get", path)[0] == 403


@pytest.mark.parametrize(("scopes", "status"), [(("read",), 403), (("read", "cases"), 201)])
def test_a_token_writes_into_a_case_only_with_the_scope(cast: Cast, scopes: tuple[str, ...], status: int) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="make a token"):
        _token, text = create_token(
            cast.ayesha, name="a program", scopes=scopes, lifetime=timedelta(days=1), now=timezone.now()
        )
    headers = {"Authorization": f"Bearer {text}"}
    written = Client().post(
        f"/api/cases/{number}/messages", json.dumps({"body": "Relay down"}), "application/json", headers=headers
    )
    assert written.status_code == status
    assert Client().get(f"/api/cases/{number}/messages", headers=headers).status_code == 200
