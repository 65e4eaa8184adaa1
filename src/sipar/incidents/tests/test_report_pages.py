"""The pages of reporting, from the first button to the receipt."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.cast import Cast

from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Artefact, Entry, Incident, Report
from sipar.incidents.report_actions import save_report
from sipar.obligations.models import Submission


def moments_ago(**span: int) -> str:
    """A time of the form's own picker, in Pakistan's zone."""
    return (datetime.now(UTC) - timedelta(**span) + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")


def begun(client: Client, cast: Cast) -> str:
    answer = client.post("/report/new/", {"organisation": cast.organisations["alpha"].identifier})
    assert answer.status_code == 302, answer.content[:500]
    return str(answer["Location"]).strip("/").split("/")[1]


def answers(**more: str) -> dict[str, str]:
    return {
        "version": "0",
        "summary": "Screens in the dispatch centre are locked.",
        "aware_at": moments_ago(minutes=20),
        "affected_systems": "Dispatch centre",
        "contact": "Bilal, 0300 0000000",
        "severity": "critical",
    } | more


def filled(client: Client, cast: Cast) -> str:
    number = begun(client, cast)
    answer = client.post(f"/report/{number}/", answers())
    assert answer.status_code == 302, answer.content[:2000]
    return number


def test_a_reporter_tells_the_first_stage_and_gets_a_receipt(cast: Cast) -> None:
    client = cast.client("ayesha")
    assert b"Report now" in client.get("/report/").content
    number = filled(client, cast)
    check = client.get(f"/report/{number}/check/")
    assert b"Screens in the dispatch centre are locked." in check.content
    sent = client.post(f"/report/{number}/send/", {"stage": "early_warning", "once": "a"})
    assert sent["Location"] == f"/report/{number}/receipt/1/"
    receipt = client.get(sent["Location"])
    assert number.encode() in receipt.content
    assert b"Your duties and their clocks" in receipt.content
    assert client.get("/report/").status_code == 200


def test_sending_twice_sends_once(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = filled(client, cast)
    for _ in range(2):
        assert client.post(f"/report/{number}/send/", {"stage": "early_warning", "once": "a"}).status_code == 302
    with acting(cast.ayesha, reason="look"):
        assert Submission.objects.count() == 1


def test_the_first_page_asks_only_what_everybody_is_asked(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = begun(client, cast)
    page = client.get(f"/report/{number}/").content.decode()
    assert all(f'name="{name}"' in page for name in ("summary", "aware_at", "affected_systems", "contact"))
    assert 'name="users_affected"' not in page
    assert 'name="sector"' not in page


def test_a_later_stage_asks_only_what_is_missing_and_shows_what_changed(cast: Cast) -> None:
    client = cast.client("bilal")
    number = filled(client, cast)
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    page = client.get(f"/report/{number}/?stage=notification").content.decode()
    before_told, _sign, told = page.partition("<summary>What you told before")
    assert 'name="summary"' not in before_told
    assert 'name="summary"' in told
    changed = {"version": "1", "stage": "notification", "severity": "high"}
    assert client.post(f"/report/{number}/", changed).status_code == 302
    assert client.post(f"/report/{number}/send/", {"stage": "notification"}).status_code == 302
    receipt = client.get(f"/report/{number}/receipt/2/").content.decode()
    assert "What changed since the report before" in receipt
    assert "<del>Critical" in receipt


def test_autosave_keeps_single_fields_and_says_which_is_wrong(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = begun(client, cast)
    url = f"/report/{number}/save/"
    saved = client.post(url, {"summary": "Locked.", "version": "0"})
    assert saved.json() == {"saved": True, "version": 1}
    wrong = client.post(url, {"aware_at": "2999-01-01T00:00", "version": "1"})
    assert wrong.status_code == 422
    assert wrong["Content-Type"] == "application/problem+json"
    assert (wrong.json()["errors"][0]["where"], wrong.json()["version"]) == ("aware_at", 1)
    stale = client.post(url, {"summary": "Other", "version": "0"})
    assert (stale.status_code, stale.json()["code"]) == (409, "report.version")
    assert client.post(url, {"summary": "Other", "version": "x" * 40}).status_code == 409


def test_a_box_for_a_guess_is_kept_and_taken_back(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = begun(client, cast)
    url = f"/report/{number}/save/"
    client.post(url, {"aware_at": moments_ago(hours=1), "estimate-aware_at": "on", "version": "0"})
    with acting(cast.ayesha, reason="look"):
        assert Report.objects.get().estimates == ["aware_at"]
    client.post(f"/report/{number}/", answers(version="1") | {"estimate-shown-aware_at": "1"})
    with acting(cast.ayesha, reason="look"):
        assert Report.objects.get().estimates == []


def test_a_form_that_is_wrong_keeps_what_was_typed(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = begun(client, cast)
    answer = client.post(
        f"/report/{number}/", answers(aware_at="2999-01-01T00:00", summary="<script>alert(1)</script>")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This time is still to come." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)</script>" not in page


def test_who_holds_the_pen_is_said(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = begun(client, cast)
    client.post(f"/report/{number}/save/", {"summary": "Locked.", "version": "0"})
    other = cast.client("bilal")
    assert b"Ayesha is writing this report now" in other.get(f"/report/{number}/").content
    assert other.post(f"/report/{number}/save/", {"severity": "low", "version": "1"}).json()["code"] == "report.pen"
    client.post(f"/report/{number}/leave/")
    assert other.post(f"/report/{number}/save/", {"severity": "low", "version": "1"}).status_code == 200


@pytest.mark.parametrize("name", ["bushra", "parveen", "nadia", "hamid", "kamran", "mina", "omar", "adil", "chand"])
def test_a_draft_is_not_there_for_anybody_else(cast: Cast, name: str) -> None:
    number = filled(cast.client("ayesha"), cast)
    client = cast.client(name)
    for path in ("", "check/", "receipt/1/"):
        assert client.get(f"/report/{number}/{path}").status_code in (403, 404)
    for path in ("", "save/", "attach/", "send/", "discard/", "not-reporting/", "delay/", "twin/", "leave/"):
        assert client.post(f"/report/{number}/{path}", {"version": "1", "summary": "x"}).status_code in (403, 404)
    with acting(cast.ayesha, reason="look"):
        assert Incident.objects.get(number=number).state == "draft"


def test_a_foreign_organisation_cannot_be_reported_for(cast: Cast) -> None:
    client = cast.client("bushra")
    answer = client.post("/report/new/", {"organisation": cast.organisations["alpha"].identifier})
    assert answer.status_code == 404


def test_receipts_are_the_organisations_own(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = filled(client, cast)
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    for path in ("", "document/", "proof/"):
        for name in ("bushra", "parveen", "hamid", "kamran"):
            assert cast.client(name).get(f"/report/{number}/receipt/1/{path}").status_code in (403, 404)


def test_the_receipt_gives_the_document_and_its_proof(cast: Cast) -> None:
    client = cast.client("bilal")
    number = filled(client, cast)
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    with acting(system(), reason="seal"):
        ledger.seal(now=datetime.now(UTC))
    document = client.get(f"/report/{number}/receipt/1/document/")
    assert json.loads(document.content)["facts"]["summary"].startswith("Screens")
    proof = client.get(f"/report/{number}/receipt/1/proof/")
    assert proof.status_code == 200
    assert "digest" in proof.json()


def test_files_are_attached_to_a_draft_and_named_in_the_submission(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = filled(client, cast)
    file = SimpleUploadedFile("note.txt", b"pay us")
    assert client.post(f"/report/{number}/attach/", {"file": file}).status_code == 302
    assert client.post(f"/report/{number}/attach/", {}).status_code == 422
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    with acting(cast.ayesha, reason="look"):
        artefact = Artefact.objects.get()
        assert Submission.objects.get().artefacts == [{"name": "note.txt", "size": 6, "sha256": artefact.sha256}]


def test_twins_of_the_own_organisation_are_offered_and_a_draft_gives_way(cast: Cast) -> None:
    client = cast.client("ayesha")
    first = filled(client, cast)
    client.post(f"/report/{first}/send/", {"stage": "early_warning"})
    second = begun(client, cast)
    assert first in client.get(f"/report/{second}/").content.decode()
    assert client.post(f"/report/{second}/twin/", {"other": first}).status_code == 302
    with acting(cast.ayesha, reason="look"):
        assert Incident.objects.get(number=second).state == "discarded"
        assert Entry.objects.filter(code="said_to_be_twin").count() == 1


def test_another_organisations_case_is_never_offered_or_taken_as_a_twin(cast: Cast) -> None:
    client = cast.client("ayesha")
    first = filled(client, cast)
    client.post(f"/report/{first}/send/", {"stage": "early_warning"})
    other = cast.client("bushra")
    answer = other.post("/report/new/", {"organisation": cast.organisations["beta"].identifier})
    number = str(answer["Location"]).strip("/").split("/")[1]
    assert first not in other.get(f"/report/{number}/").content.decode()
    assert other.post(f"/report/{number}/twin/", {"other": first}).status_code == 404


def test_a_duty_officer_writes_for_a_caller_and_the_organisation_sees_it(cast: Cast) -> None:
    client = cast.client("parveen")
    found = client.get("/report/?q=Alpha").content.decode()
    assert "Alpha Power" in found
    body = {"organisation": cast.organisations["alpha"].identifier, "team": cast.teams["power"].code}
    number = str(client.post("/report/call/", body)["Location"]).strip("/").split("/")[1]
    said = {"version": "0", "summary": "The caller says that screens are locked."}
    assert client.post(f"/report/{number}/", said).status_code == 302
    assert client.post(f"/report/{number}/send/", {"stage": "early_warning"}).status_code == 302
    with acting(cast.ayesha, reason="look"):
        incident = Incident.objects.get(number=number)
        submission = Submission.objects.get()
    assert (incident.state, incident.door, submission.door) == ("reported", "telephone", "telephone")
    assert (submission.signature, submission.signed_by_id) == ("", None)
    assert cast.client("ayesha").get(f"/report/{number}/receipt/1/").status_code == 200
    assert client.get(f"/report/{number}/").status_code == 404
    with acting(cast.parveen, reason="look"):
        assert not Report.objects.exists()


def test_a_cert_writes_only_for_its_own_constituency_and_as_itself(cast: Cast) -> None:
    client = cast.client("parveen")
    beta = {"organisation": cast.organisations["beta"].identifier, "team": cast.teams["power"].code}
    assert client.post("/report/call/", beta).status_code == 404
    assert "Beta Bank" not in client.get("/report/?q=Beta").content.decode().replace("Beta bank", "")
    alpha = {"organisation": cast.organisations["alpha"].identifier, "team": cast.teams["national"].code}
    assert client.post("/report/call/", alpha).status_code == 403
    assert cast.client("ayesha").post("/report/call/", alpha).status_code == 403


def test_another_cert_does_not_see_what_is_written_for_a_caller(cast: Cast) -> None:
    client = cast.client("parveen")
    body = {"organisation": cast.organisations["alpha"].identifier, "team": cast.teams["power"].code}
    number = str(client.post("/report/call/", body)["Location"]).strip("/").split("/")[1]
    for name in ("nadia", "hamid", "bushra"):
        assert cast.client(name).get(f"/report/{number}/").status_code == 404


def test_the_national_cert_takes_a_call_for_a_constituent_of_another_cert(cast: Cast) -> None:
    client = cast.client("nadia")
    body = {"organisation": cast.organisations["gamma"].identifier, "team": cast.teams["national"].code}
    number = str(client.post("/report/call/", body)["Location"]).strip("/").split("/")[1]
    client.post(f"/report/{number}/", {"version": "0", "summary": "Ransom note."})
    assert client.post(f"/report/{number}/send/", {"stage": "early_warning"}).status_code == 302
    with acting(system(), reason="look"):
        assert Incident.objects.get(number=number).state == "reported"


def test_a_delay_is_explained_before_the_limit_and_only_for_what_was_sent(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = filled(client, cast)
    assert client.post(f"/report/{number}/delay/", {"reason": "All hands are busy."}).status_code == 409
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    assert client.post(f"/report/{number}/delay/", {"reason": " "}).status_code == 422
    assert client.post(f"/report/{number}/delay/", {"reason": "All hands are busy."}).status_code == 302
    with acting(cast.parveen, reason="look"):
        assert Entry.objects.filter(code="delay_explained").count() == 1


def test_saving_after_a_case_is_closed_is_refused(cast: Cast) -> None:
    client = cast.client("ayesha")
    number = filled(client, cast)
    client.post(f"/report/{number}/send/", {"stage": "early_warning"})
    with acting(system(), reason="close"):
        incident = Incident.objects.get(number=number)
        Incident.objects.filter(pk=incident.pk).update(state="open")
        Incident.objects.filter(pk=incident.pk).update(state="closed")
        incident.refresh_from_db()
    with acting(cast.ayesha, reason="try"), pytest.raises(Exception, match="closed"):
        save_report(cast.ayesha, incident, facts={"severity": "low"}, estimates=None, version=1, now=datetime.now(UTC))
