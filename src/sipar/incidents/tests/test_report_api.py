"""The REST operations of reporting, through tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.incidents.models import Incident
from sipar.incidents.tests.reports import FACTS
from sipar.obligations.models import Submission
from sipar.people.tokens import create_token


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def token(cast: Cast, person: str, *scopes: str) -> str:
    actor = cast.actors[person]
    with acting(actor, reason="make a token"):
        _row, text = create_token(actor, name="t", scopes=scopes, lifetime=timedelta(days=1), now=timezone.now())
    return f"Bearer {text}"


def call(method: str, place: str, bearer: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    answer = Client().generic(
        method, f"/api/reports{place}", "" if body is None else json.dumps(body),
        content_type="application/json", headers={"Authorization": bearer, **headers},
    )  # fmt: skip
    return answer.status_code, json.loads(answer.content)


def opened(cast: Cast, bearer: str, **headers: str) -> tuple[int, Any]:
    body = {"organisation": cast.organisations["alpha"].identifier, "facts": FACTS, "estimates": ["aware_at"]}
    return call("POST", "", bearer, body, **headers)


def test_a_program_opens_writes_attaches_and_sends(cast: Cast) -> None:
    bearer = token(cast, "bilal", "read", "report")
    status, report = opened(cast, bearer)
    assert (status, report["state"], report["version"], report["estimates"]) == (201, "draft", 1, ["aware_at"])
    place = f"/{report['number']}"
    status, changed = call("PATCH", place, bearer, {"version": 1, "facts": {"ongoing": True, "severity": None}})
    assert (status, changed["facts"]["ongoing"], "severity" in changed["facts"]) == (200, True, False)
    file = SimpleUploadedFile("log.txt", b"10:00 locked")
    kept = Client().post(f"/api/reports{place}/attachments", {"file": file}, headers={"Authorization": bearer})
    assert kept.status_code == 201
    status, sent = call("POST", f"{place}/submissions", bearer, {"stage": "early_warning"})
    assert (status, sent["number"], sent["door"], sent["signature"]) == (201, 1, "api", "")
    status, detail = call("GET", place, bearer)
    assert (detail["state"], detail["submissions"], detail["attachments"][0]["name"]) == ("reported", 1, "log.txt")
    status, later = call("POST", f"{place}/submissions", bearer, {"stage": "notification"})
    assert (status, later["changed"]) == (201, {})
    assert len(call("GET", f"{place}/submissions", bearer)[1]) == 2
    assert call("GET", "", bearer)[1]["total"] == 1


def test_the_same_key_opens_and_sends_once(cast: Cast) -> None:
    bearer = token(cast, "bilal", "read", "report")
    first, again = (opened(cast, bearer, **{"Idempotency-Key": "open-1"}) for _ in range(2))
    assert (first[0], again[0], first[1]["number"]) == (201, 200, again[1]["number"])
    place = f"/{first[1]['number']}/submissions"
    sent = [call("POST", place, bearer, {"stage": "early_warning"}, **{"Idempotency-Key": "send-1"}) for _ in range(2)]
    assert [status for status, _body in sent] == [201, 201]
    assert sent[0][1] == sent[1][1]
    with acting(cast.bilal, reason="look"):
        assert (Incident.objects.count(), Submission.objects.count()) == (1, 1)


def test_a_token_needs_the_scope_and_its_account_the_role(cast: Cast) -> None:
    assert opened(cast, token(cast, "bilal", "read", "answer"))[0] == 403
    assert opened(cast, token(cast, "parveen", "read", "report"))[0] == 403
    assert opened(cast, token(cast, "kamran", "read", "report"))[0] == 403
    assert opened(cast, token(cast, "bushra", "read", "report"))[0] == 404
    assert opened(cast, "Bearer nothing")[0] == 401


def test_the_report_of_another_organisation_is_not_there(cast: Cast) -> None:
    number = opened(cast, token(cast, "bilal", "read", "report"))[1]["number"]
    for person in ("bushra", "parveen", "hamid"):
        bearer = token(cast, person, "read", "report")
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/submissions", None),
            ("PATCH", "", {"version": 1, "facts": {"severity": "low"}}),
            ("POST", "/submissions", {"stage": "early_warning"}),
        ):
            assert call(method, f"/{number}{path}", bearer, body)[0] == 404, (person, method, path)
        assert number not in json.dumps(call("GET", "", bearer)[1])


def test_a_reporters_token_sends_the_first_stage_only(cast: Cast) -> None:
    bearer = token(cast, "ayesha", "read", "report")
    number = opened(cast, bearer)[1]["number"]
    assert call("POST", f"/{number}/submissions", bearer, {"stage": "early_warning"})[0] == 201
    status, problem = call("POST", f"/{number}/submissions", bearer, {"stage": "notification"})
    assert (status, problem["code"]) == (403, "report.sign")


@pytest.mark.parametrize(
    "body",
    [
        {"version": 1, "facts": {"sector": "finance"}},
        {"version": 1, "facts": {"summary": {"a": 1}}},
        {"version": 1, "facts": []},
        {"version": -1},
        {},
    ],
)
def test_what_has_not_the_documented_shape_is_refused_and_changes_nothing(cast: Cast, body: Any) -> None:
    bearer = token(cast, "bilal", "read", "report")
    number = opened(cast, bearer)[1]["number"]
    status, problem = call("PATCH", f"/{number}", bearer, body)
    assert (status, bool(problem["errors"])) == (422, True)
    assert call("GET", f"/{number}", bearer)[1]["version"] == 1


def test_fields_that_are_not_the_callers_are_not_taken(cast: Cast) -> None:
    bearer = token(cast, "bilal", "read", "report")
    number = opened(cast, bearer)[1]["number"]
    body = {"version": 1, "facts": {}, "state": "closed", "lead_team": 1, "tlp": "clear", "viewers": [1]}
    call("PATCH", f"/{number}", bearer, body)
    with acting(cast.bilal, reason="look"):
        incident = Incident.objects.get(number=number)
    assert (incident.state, incident.lead_team_id, incident.tlp, incident.viewers) == ("draft", None, "amber", [])
