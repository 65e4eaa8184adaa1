"""The parts of a case in the browser: with htmx and without, refusals beside the fields, nothing of another case."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from tests.cast import Cast

import sipar.formats
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.models import Framework
from sipar.incidents.models import (
    AffectedRequirement,
    Artefact,
    Campaign,
    CaseLink,
    Custody,
    Entry,
    Incident,
    Indicator,
    Playbook,
    Task,
)
from sipar.incidents.tests.cases import accepted

HTMX = {"HX-Request": "true"}
PLAYBOOK = (Path(sipar.formats.__file__).parent / "tests/fixtures/playbook-ransomware.json").read_bytes()
POLYGLOT = "\"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'${7*7}"
PARTS = ("timeline", "messages", "notes", "tasks", "artefacts", "indicators", "requirements", "similar", "impact")


def upload(name: str, content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def post(client: Client, case: str, path: str, /, **values: object) -> int:
    return client.post(f"/cases/{case}/{path}/", values).status_code


def body_of(client: Client, address: str, headers: dict[str, str] | None = None) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, address
    return response.content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_a_page_and_a_piece_for_htmx(cast: Cast, part: str) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    page = body_of(client, f"/cases/{number}/{part}/")
    piece = body_of(client, f"/cases/{number}/{part}/", HTMX)
    assert f'id="case-{part}"' in page
    assert f'id="case-{part}"' in piece
    assert "<html" in page
    assert "<html" not in piece


@pytest.mark.parametrize(("part", "status"), [("notes", 404), ("similar", 404), ("tasks", 200), ("messages", 200)])
def test_an_organisation_has_no_page_of_what_is_among_teams(cast: Cast, part: str, status: int) -> None:
    number = accepted(cast)
    assert cast.client("ayesha").get(f"/cases/{number}/{part}/").status_code == status
    assert cast.client("bushra").get(f"/cases/{number}/{part}/").status_code == 404


def test_a_message_is_sent_without_a_script_and_read_by_the_other_side(cast: Cast) -> None:
    number = accepted(cast)
    response = cast.client("ayesha").post(f"/cases/{number}/messages/", {"body": "The relay is down"})
    assert response.status_code == 302
    assert response["Location"] == f"/cases/{number}/#case-messages"
    page = body_of(cast.client("parveen"), f"/cases/{number}/messages/")
    assert "The relay is down" in page
    with acting(system(), reason="look"):
        assert Entry.objects.get(kind="message").read_at is not None


def test_what_was_wrong_stands_beside_its_field_and_nothing_typed_is_lost(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    future = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    response = client.post(
        f"/cases/{number}/timeline/", {"body": "Typed", "happened_at": future, "audience": "team"}, headers=HTMX
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "Typed" in page
    assert "must lie between" in page
    assert "<html" not in page
    lines = "203.0.113.7\nnot an indicator"
    response = client.post(f"/cases/{number}/indicators/", {"lines": lines, "tlp": "green"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Line 2" in page
    assert "not an indicator" in page
    with acting(system(), reason="look"):
        assert not Indicator.objects.exists()


def test_an_event_is_told_in_the_nations_own_time(cast: Cast) -> None:
    number = accepted(cast)
    assert post(cast.client("ayesha"), number, "timeline", body="Opened", happened_at="2026-10-01T12:00") == 302
    with acting(system(), reason="look"):
        assert Entry.objects.get(kind="event").happened_at == datetime.fromisoformat("2026-10-01T07:00:00+00:00")


def test_a_task_goes_from_the_cert_to_the_organisation_and_is_done_there(cast: Cast) -> None:
    number = accepted(cast)
    parveen, ayesha = cast.client("parveen"), cast.client("ayesha")
    assert post(parveen, number, "tasks", title="Save the logs", for_organisation="on") == 302
    assert post(parveen, number, "tasks", title="Trace the sender") == 302
    page = body_of(ayesha, f"/cases/{number}/tasks/")
    assert "Save the logs" in page
    assert "Trace the sender" not in page
    with acting(system(), reason="look"):
        theirs, ours = Task.objects.order_by("position")
    assert "Save the logs" in body_of(ayesha, f"/cases/{number}/tasks/{theirs.pk}/")
    assert ayesha.get(f"/cases/{number}/tasks/{ours.pk}/").status_code == 404
    assert post(ayesha, number, f"tasks/{ours.pk}/settle", state="done") == 404
    assert post(ayesha, number, f"tasks/{theirs.pk}/settle", state="dropped") == 422
    assert post(ayesha, number, f"tasks/{theirs.pk}/settle", state="done", outcome="Kept") == 302
    assert post(parveen, number, f"tasks/{theirs.pk}/reopen") == 302
    assert post(parveen, number, f"tasks/{ours.pk}/plan", assigned_to=cast.parveen.account) == 302
    assert post(parveen, number, f"tasks/{ours.pk}/plan", assigned_to=cast.nadia.account) == 422
    assert post(ayesha, number, "tasks", title="For you") == 403
    with acting(system(), reason="look"):
        assert {task.title: (task.state, task.assigned_to_id) for task in Task.objects.all()} == {
            "Save the logs": ("open", None), "Trace the sender": ("open", cast.parveen.account),
        }  # fmt: skip


def test_a_dangerous_file_comes_in_as_it_is_and_goes_out_only_confirmed_as_bytes(cast: Cast) -> None:
    number = accepted(cast)
    page = b"<!doctype html><script>alert(document.cookie)</script>"
    ayesha, parveen = cast.client("ayesha"), cast.client("parveen")
    assert post(ayesha, number, "artefacts", file=upload("invoice.html", page), kind="malware") == 302
    with acting(system(), reason="look"):
        kept = Artefact.objects.get()
    assert kept.quarantined
    assert post(ayesha, number, f"artefacts/{kept.pk}/copy", purpose="mine", confirmed="on") == 403
    assert post(parveen, number, f"artefacts/{kept.pk}/copy", purpose="sandbox") == 422
    assert post(parveen, number, f"artefacts/{kept.pk}/copy", confirmed="on") == 422
    response = parveen.post(f"/cases/{number}/artefacts/{kept.pk}/copy/", {"purpose": "sandbox", "confirmed": "on"})
    assert b"".join(response.streaming_content) == page  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="invoice.html.quarantine"'
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert post(parveen, number, f"artefacts/{kept.pk}/custody", what="examined", holder="Lab", purpose="look") == 200
    shown = body_of(parveen, f"/cases/{number}/artefacts/{kept.pk}/")
    assert sha256(page).hexdigest() in shown
    with acting(system(), reason="look"):
        assert list(Custody.objects.order_by("pk").values_list("what", flat=True)) == [
            "received", "downloaded", "examined",
        ]  # fmt: skip


def test_every_id_must_belong_to_the_case_in_the_address(cast: Cast, framework: Framework) -> None:
    first, second = accepted(cast), accepted(cast)
    client = cast.client("parveen")
    known = "GV.OC-01"
    assert post(client, first, "tasks", title="Mine") == 302
    assert post(client, first, "artefacts", file=upload("a.log", b"x"), kind="evidence", audience="team") == 302
    assert post(client, first, "indicators", lines="evil.example", tlp="green") == 302
    assert post(client, first, "requirements", framework=framework.pk, requirement=known, how="failed") == 302
    assert post(client, first, "links", number=second, kind="related") == 302
    third = accepted(cast)
    with acting(system(), reason="look"):
        keys = {model: model.objects.get().pk for model in (Task, Artefact, Indicator, AffectedRequirement, CaseLink)}
    wrong = [
        ("get", f"tasks/{keys[Task]}"), ("post", f"tasks/{keys[Task]}/plan"), ("post", f"tasks/{keys[Task]}/settle"),
        ("post", f"tasks/{keys[Task]}/reopen"), ("get", f"artefacts/{keys[Artefact]}"),
        ("post", f"artefacts/{keys[Artefact]}/copy"), ("post", f"artefacts/{keys[Artefact]}/custody"),
        ("post", f"indicators/{keys[Indicator]}/remove"),
        ("post", f"requirements/{keys[AffectedRequirement]}/remove"), ("post", f"links/{keys[CaseLink]}/remove"),
    ]  # fmt: skip
    for method, path in wrong:
        address = f"/cases/{third}/{path}/"
        assert getattr(client, method)(address, {"state": "done"}).status_code == 404, path
        assert getattr(cast.client("bushra"), method)(f"/cases/{first}/{path}/").status_code == 404, path
    with acting(system(), reason="look"):
        assert all(model.objects.count() == 1 for model in keys)
        assert Task.objects.get().state == "open"


def test_hostile_text_stays_text_in_every_part(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    for path, values in (
        ("timeline", {"body": POLYGLOT, "happened_at": "2026-10-01T12:00", "audience": "everyone"}),
        ("messages", {"body": POLYGLOT}),
        ("notes", {"body": POLYGLOT, "audience": "teams"}), ("tasks", {"title": POLYGLOT, "detail": POLYGLOT}),
        ("artefacts", {"file": upload('"><svg onload=alert(1)>.txt', b"x"), "kind": "evidence",
                       "description": POLYGLOT, "audience": "everyone"}),
        ("indicators", {"lines": f"evil.example {POLYGLOT}", "tlp": "green"}),
    ):  # fmt: skip
        assert post(client, number, path, **values) == 302, path
    with acting(system(), reason="look"):
        task, file = Task.objects.get(), Artefact.objects.get()
    for path in (*PARTS, f"tasks/{task.pk}", f"artefacts/{file.pk}"):
        page = body_of(client, f"/cases/{number}/{path}/")
        assert "<script>alert" not in page, path
        assert "<svg onload" not in page, path
        assert "onerror=alert(2)>" not in page, path


def test_indicators_leave_as_csv_below_the_cap_and_run_nothing(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    assert post(client, number, "indicators", lines="green.example =HYPERLINK(1)", tlp="green") == 302
    assert post(client, number, "indicators", lines="red.example", tlp="red") == 302
    default = body_of(client, f"/cases/{number}/indicators.csv")
    assert "green.example" in default
    assert "red.example" not in default
    assert ",=HYPERLINK" not in default
    assert "red.example" in body_of(client, f"/cases/{number}/indicators.csv?tlp=red")
    assert client.get(f"/cases/{number}/indicators.csv?tlp=none").status_code == 422
    assert cast.client("bushra").get(f"/cases/{number}/indicators.csv").status_code == 404


def test_a_playbook_is_brought_in_read_applied_and_given_back(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    assert client.post("/cases/playbooks/", {"file": upload("p.json", b"{}")}).status_code == 422
    assert client.post("/cases/playbooks/", {"file": upload("p.json", PLAYBOOK)}).status_code == 302
    with acting(system(), reason="look"):
        kept = Playbook.objects.get()
    page = body_of(client, f"/cases/playbooks/{kept.pk}/")
    assert json.loads(PLAYBOOK)["name"] in page
    assert json.loads(body_of(client, f"/cases/playbooks/{kept.pk}/cacao.json")) == json.loads(PLAYBOOK)
    assert post(client, number, "tasks/playbook", playbook=kept.pk) == 302
    assert post(client, number, "tasks/playbook", playbook=kept.pk) == 409
    assert post(client, number, "tasks/playbook", playbook=999_999) == 422
    assert cast.client("ayesha").get("/cases/playbooks/").status_code == 403
    assert cast.client("nadia").post(f"/cases/playbooks/{kept.pk}/remove/").status_code == 403
    assert kept.name in body_of(cast.client("nadia"), "/cases/playbooks/")


def test_a_requirement_is_found_and_named(cast: Cast, framework: Framework) -> None:
    number = accepted(cast)
    client = cast.client("ayesha")
    page = body_of(client, f"/cases/{number}/requirements/?q=backup")
    assert 'name="requirement" value="' in page
    assert post(client, number, "requirements", framework=framework.pk, requirement="NO-1", how="failed") == 422
    known = page.split('name="requirement" value="')[1].split('"')[0]
    chosen = page.split('name="framework" value="')[1].split('"')[0]
    assert post(client, number, "requirements", framework=chosen, requirement=known, how="missing") == 302
    assert known in body_of(client, f"/cases/{number}/requirements/")


def test_a_national_incident_is_opened_joined_and_read_without_naming_victims(cast: Cast) -> None:
    number = accepted(cast)
    hamid, parveen = cast.client("hamid"), cast.client("parveen")
    opened = hamid.post("/cases/campaigns/open/", {"title": "A wave", "summary": "Since Sunday", "tlp": "amber"})
    with acting(system(), reason="look"):
        wave = Campaign.objects.get()
    assert opened["Location"] == f"/cases/campaigns/{wave.number}/"
    assert post(parveen, number, "campaign/join", campaign=wave.number, reason="") == 422
    assert post(parveen, number, "campaign/join", campaign=wave.number, reason="same note") == 302
    assert "Alpha Power" in body_of(parveen, f"/cases/campaigns/{wave.number}/")
    assert "fewer than 5" in body_of(parveen, "/cases/campaigns/")
    with acting(system(), reason="hide the case from the national one"):
        Incident.objects.update(viewers=[cast.teams["power"].pk])
    page = body_of(hamid, f"/cases/campaigns/{wave.number}/")
    assert "Alpha Power" not in page
    assert number not in page
    assert parveen.post(f"/cases/campaigns/{wave.number}/closed/").status_code == 403
    assert parveen.post(f"/cases/campaigns/{wave.number}/change/", {"title": "x", "tlp": "red"}).status_code == 403
    assert hamid.post(f"/cases/campaigns/{wave.number}/closed/").status_code == 302
    for name in ("ayesha", "kamran", "omar"):
        assert cast.client(name).get(f"/cases/campaigns/{wave.number}/").status_code == 403
    assert post(parveen, number, "campaign/leave", reason="another actor") == 302


def test_the_case_page_holds_all_parts(cast: Cast) -> None:
    number = accepted(cast)
    page = body_of(cast.client("parveen"), f"/cases/{number}/")
    for part in ("timeline", "messages", "tasks", "artefacts", "indicators", "requirements", "similar"):
        assert f'id="case-{part}"' in page, part
    page = body_of(cast.client("ayesha"), f"/cases/{number}/")
    assert 'id="case-notes"' not in page
    assert 'id="case-similar"' not in page
