"""The register in a browser: a risk from a gap to a signed acceptance, and what is lost by no refusal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.assessments.tests.test_submit_pages import code_of, forget_second_factor
from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.desk.needs import Moment
from sipar.desk.selectors import needs_of
from sipar.risks.tests.registering import TODAY, accept, fresh, item_of, put, stage_run
from sipar.risks.treatment_models import Risk, Treatment

ALPHA = "/risks/organisation/PK-T-0001/"
DAY = (TODAY + timedelta(days=90)).isoformat()


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=True):
        yield


def place(risk: Risk, rest: str = "") -> str:
    return f"/risks/organisation/register/{risk.pk}/{rest}"


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def treatments() -> list[Treatment]:
    with acting(system(), reason="look"):
        return list(Treatment.objects.order_by("pk"))


def test_a_priced_gap_becomes_a_risk_with_the_price_of_the_model(cast: Cast, campaign: Campaign) -> None:
    stage_run(cast, campaign)
    client = cast.client("ayesha")
    form = text(client, f"{ALPHA}register/new/?requirement=PR.AA-01")
    assert 'value="PR.AA-01"' in form
    said = {"title": "Stolen passwords", "owner_name": "Ayesha", "review_on": DAY, "requirement": "PR.AA-01"}
    answer = client.post(f"{ALPHA}register/new/", said)
    with acting(system(), reason="look"):
        made = Risk.objects.get()
    assert answer["Location"] == place(made)
    assert "USD 12 thousand" in text(client, place(made))


def test_a_refused_line_keeps_what_was_typed(cast: Cast) -> None:
    client = cast.client("ayesha")
    answer = client.post(f"{ALPHA}register/new/", {"title": "Flood", "owner_name": "", "review_on": "2020-01-01"})
    assert answer.status_code == 422
    assert 'value="Flood"' in answer.content.decode()
    with acting(system(), reason="look"):
        assert not Risk.objects.exists()


def test_the_ciso_signs_an_acceptance_and_gets_its_proof(cast: Cast) -> None:
    stage_run(cast)
    risk = put(cast, scenario="ransomware")
    client = cast.client("bilal")
    assert "Sign the acceptance" in text(client, place(risk))
    said = {"version": "0", "reason": "We can pay that.", "until": DAY, "statement": "yes"}
    assert client.post(place(risk, "accept/"), said)["Location"] == place(risk)
    (made,) = treatments()
    page = text(client, place(risk))
    assert "Something is done about this risk." in page
    signed = client.get(f"/risks/organisation/treatments/{made.pk}/signed.json")
    assert json.loads(signed.content)["loss_a_year"] == 40_000.0
    assert client.get(f"/risks/organisation/treatments/{made.pk}/proof.json").status_code == 404
    with acting(system(), reason="seal"):
        ledger.seal(now=NOW)
    proof = json.loads(client.get(f"/risks/organisation/treatments/{made.pk}/proof.json").content)
    assert proof["digest"] == made.digest


def test_an_old_second_factor_is_asked_for_again_and_a_code_does(cast: Cast) -> None:
    risk = put(cast)
    client = cast.client("bilal")
    forget_second_factor(client)
    said = {"version": "0", "reason": "We can pay that.", "until": DAY, "statement": "yes"}
    refused = client.post(place(risk, "accept/"), said)
    assert refused.status_code == 403
    assert "We can pay that." in refused.content.decode()
    assert treatments() == []
    client.post(place(risk, "accept/"), said | {"code": code_of(cast, "bilal")})
    assert [row.second_factor for row in treatments()] == ["totp"]


def test_nothing_is_signed_without_saying_so_or_by_a_reporter(cast: Cast) -> None:
    risk = put(cast)
    said = {"version": "0", "reason": "We can pay that.", "until": DAY}
    assert cast.client("bilal").post(place(risk, "accept/"), said).status_code == 422
    assert cast.client("ayesha").post(place(risk, "accept/"), said | {"statement": "yes"}).status_code == 403
    assert "Sign the acceptance" not in text(cast.client("ayesha"), place(risk))
    assert treatments() == []


def test_mitigating_transferring_avoiding_and_taking_back(cast: Cast, campaign: Campaign) -> None:
    stage_run(cast, campaign)
    risk, item = put(cast), item_of(cast, campaign)
    client = cast.client("ayesha")
    ways = {
        "mitigate": {"roadmap_item": str(item.pk), "reason": "Fewer ways in."},
        "transfer": {"insurer": "Shield (fictional)", "amount": "250000", "until": DAY, "reason": "All but fines."},
        "avoid": {"reason": "We switch it off."},
    }
    for version, (way, said) in enumerate(ways.items()):
        answer = client.post(place(risk, f"treat/{way}/"), said | {"version": str(version)})
        assert answer.status_code == 302, way
    assert [row.kind for row in treatments()] == list(ways)
    page = text(client, place(risk))
    assert "Close the gap of alpha" in page
    assert "USD 250 thousand" in page
    client.post(f"/risks/organisation/treatments/{treatments()[0].pk}/end/", {"note": "Another way."})
    assert treatments()[0].end_note == "Another way."


def test_a_stale_page_changes_nothing_and_says_so(cast: Cast) -> None:
    risk = put(cast)
    client = cast.client("ayesha")
    client.post(place(risk, "review/"), {"version": "0", "note": "As before.", "next_on": DAY})
    answer = client.post(place(risk, "close/"), {"version": "0", "note": "Gone."})
    assert answer.status_code == 409
    assert "Somebody changed this risk since you looked." in answer.content.decode()
    assert fresh(risk).closed_at is None
    assert client.post(place(risk, "close/"), {"version": "1", "note": "Gone."}).status_code == 302
    assert client.post(place(risk, "reopen/"), {"version": "2"}).status_code == 302
    assert fresh(risk).closed_at is None


def test_the_register_is_listed_filtered_and_given_as_csv(cast: Cast) -> None:
    stage_run(cast)
    accept(cast.bilal, put(cast, title="Held", scenario="outage"), days=30)
    put(cast, title="Left")
    client = cast.client("parveen")
    both, left = text(client, f"{ALPHA}register/"), text(client, f"{ALPHA}register/?state=open")
    assert "Held" in both
    assert "Left" in both
    assert "Held" not in left
    assert "Put a risk on the register" not in both
    table = list(csv.DictReader(io.StringIO(text(client, f"{ALPHA}register/?format=csv").lstrip("\ufeff"))))
    assert [(row["title"], row["state"], row["treatments"]) for row in table] == [
        ("Held", "treated", "accept"), ("Left", "open", ""),
    ]  # fmt: skip
    assert float(table[0]["loss_a_year"]) == 10_000.0


def test_an_acceptance_stands_on_the_desk_before_it_ends_and_after(cast: Cast) -> None:
    risk = put(cast)
    accept(cast.bilal, risk, days=40)

    def told(person: str, days: int) -> str:
        with acting(cast.actors[person], reason="look"):
            found = needs_of(cast.actors[person], Moment(now=NOW + timedelta(days=days), zone=UTC))
        return "\n".join(need.sentence for need in found)

    assert "The acceptance of" not in told("bilal", 5)
    assert f"The acceptance of “{risk.title}” ends" in told("bilal", 20)
    assert f"The acceptance of “{risk.title}” has ended: the risk is open again." in told("ayesha", 41)
    assert f"Look at the risk “{risk.title}” again." in told("ayesha", 80)
    assert risk.title not in told("bushra", 41) + told("parveen", 41)


def test_a_program_keeps_the_register_but_signs_nothing(cast: Cast, campaign: Campaign) -> None:
    stage_run(cast, campaign)
    client = cast.client("bilal")
    body = {"title": "Flood", "owner_name": "Bilal", "review_on": DAY, "stated_loss": "5000.00", "currency": "USD"}
    made = client.post("/api/risks/organisations/PK-T-0001/register", json.dumps(body), "application/json")
    assert made.status_code == 201, made.content
    number = made.json()["number"]
    address = f"/api/risks/register/{number}"
    plan = {"kind": "avoid", "reason": "We move uphill.", "version": 0}
    treated = client.post(f"{address}/treatments", json.dumps(plan), "application/json")
    assert (treated.status_code, treated.json()["state"]) == (201, "treated")
    refused = client.post(
        f"{address}/treatments", json.dumps({"kind": "accept", "reason": "x", "version": 1}), "application/json"
    )
    assert refused.status_code == 422
    end = f"/api/risks/treatments/{treated.json()['treatments'][0]['number']}/end"
    assert client.post(end, json.dumps({"note": "No."}), "application/json").json()["state"] == "open"
    review = {"note": "Seen.", "next_on": DAY, "version": 2}
    assert client.post(f"{address}/reviews", json.dumps(review), "application/json").status_code == 201
    assert [row["title"] for row in client.get("/api/risks/organisations/PK-T-0001/register").json()] == ["Flood"]
    assert cast.client("bushra").get(address).status_code == 404
    assert cast.client("parveen").post(f"{address}/reviews", json.dumps(review), "application/json").status_code == 403
