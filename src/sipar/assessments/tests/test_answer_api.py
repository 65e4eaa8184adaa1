"""The REST operations of answering, through tokens and sessions."""

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

from sipar.assessments.answer_changes import Change
from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.tests.answering import alpha, fill, save
from sipar.core.acting import acting
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


def call(method: str, place: str, authorization: str, body: Any = None) -> tuple[int, Any]:
    answer = Client().generic(
        method, f"/api/assessments{place}", "" if body is None else json.dumps(body),
        content_type="application/json", headers={"Authorization": authorization},
    )  # fmt: skip
    return answer.status_code, json.loads(answer.content)


def test_answers_are_read_changed_and_merged(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    bearer = token(cast, "ayesha", "read", "answer")
    status, saved = call(
        "PUT", f"/{assessment.pk}/answers", bearer,
        {"version": 0, "answers": [{"requirement": "GV.OC-01", "level": 2, "comment": "Done."}]},
    )  # fmt: skip
    assert (status, saved["written"], saved["missing"]) == (200, ["GV.OC-01"], 105)
    status, found = call("GET", f"/{assessment.pk}", bearer)
    assert status == 200
    assert found["levels"][0] == {
        "requirement": "GV.OC-01", "level": 2, "comment": "Done.", "reason": "", "carried": False, "evidence": [],
    }  # fmt: skip
    assert call("GET", "/", bearer)[1]["total"] == 1
    body = {"version": 0, "answers": [{"requirement": "GV.OC-01", "level": 1}]}
    status, problem = call("PUT", f"/{assessment.pk}/answers", bearer, body)
    assert (status, problem["code"]) == (409, "answer.conflict")


@pytest.mark.parametrize(
    "answer",
    [
        {"requirement": "XX-1", "level": 1},
        {"requirement": "GV.OC-01", "level": 7},
        {"requirement": "GV.OC-01", "level": "high"},
        {"requirement": "GV.OC-01", "level": "na"},
        {"requirement": "GV.OC-01", "comment": "\u0000"},
    ],
)
def test_a_wrong_answer_is_a_problem_document(cast: Cast, campaign: Campaign, answer: dict[str, Any]) -> None:
    place = f"/{alpha(campaign).pk}/answers"
    status, problem = call("PUT", place, token(cast, "ayesha", "answer"), {"version": 0, "answers": [answer]})
    assert (status, problem["status"]) == (422, 422)
    assert alpha(campaign).version == 0


def test_the_scope_and_the_organisation_decide(cast: Cast, campaign: Campaign) -> None:
    place = f"/{alpha(campaign).pk}"
    body = {"version": 0, "answers": [{"requirement": "GV.OC-01", "level": 1}]}
    assert call("PUT", f"{place}/answers", token(cast, "ayesha", "read"), body)[0] == 403
    assert call("PUT", f"{place}/answers", token(cast, "bushra", "answer"), body)[0] == 404
    assert call("PUT", f"{place}/answers", token(cast, "parveen", "answer", "review"), body)[0] == 403
    assert call("GET", place, token(cast, "bushra", "read"))[0] == 404
    assert call("GET", f"{place}/versions", token(cast, "bushra", "read"))[0] == 404
    assert call("GET", place, token(cast, "kamran", "read"))[0] == 403
    assert call("GET", place, token(cast, "ayesha", "answer"))[0] == 403
    assert call("GET", place, token(cast, "parveen", "read"))[0] == 200
    assert call("GET", place, "Bearer nothing")[0] == 401


def evidence(assessment: Assessment, bearer: str, **fields: Any) -> tuple[int, Any]:
    answer = Client().post(f"/api/assessments/{assessment.pk}/evidence", fields, headers={"Authorization": bearer})
    return answer.status_code, json.loads(answer.content)


def test_evidence_is_a_file_or_a_link(cast: Cast, campaign: Campaign) -> None:
    assessment, bearer = alpha(campaign), token(cast, "ayesha", "answer")
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.7\n%%EOF\n")
    status, made = evidence(assessment, bearer, requirement="GV.OC-01", title="Policy", file=file)
    assert (status, made["title"], len(made["sha256"])) == (201, "Policy", 64)
    status, made = evidence(assessment, bearer, requirement="GV.OC-01", link="https://alpha.example/")
    assert (status, made["sha256"]) == (201, None)
    assert evidence(assessment, bearer, requirement="GV.OC-01")[0] == 422
    assert evidence(assessment, bearer, requirement="XX", link="https://alpha.example/")[0] == 422
    assert (
        evidence(assessment, token(cast, "bushra", "answer"), requirement="GV.OC-01", link="https://a.example/")[0]
        == 404
    )


def test_versions_carry_what_was_signed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    save(cast.ayesha, assessment, Change(0, level=4), version=1)
    cast.client("bilal").post(f"/assessments/{assessment.pk}/submit/", {"version": "2", "statement": "yes"})
    status, (version,) = call("GET", f"/{assessment.pk}/versions", token(cast, "ayesha", "read"))
    assert (status, version["number"], version["signed_as"]) == (200, 1, "ciso")
    assert version["snapshot"]["levels"]["GV.OC-01"] == 4
