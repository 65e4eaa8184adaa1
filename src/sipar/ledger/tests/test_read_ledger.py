"""The ledger's pages: each reads their own part, the ombudsman reads who and why, never what."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256

import pytest
from tests.cast import NOW, Cast

from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun, Event
from sipar.ledger.tasks import verify_ledger
from sipar.orgs.models import Contact

SECRET = "+92 000 7654321"


@pytest.fixture
def event(cast: Cast) -> int:
    """Ayesha named a contact of Alpha; it is sealed."""
    with acting(cast.ayesha, reason="name a contact"):
        contact = Contact.objects.create(
            organisation=cast.organisations["alpha"], kind="ciso", name="Bilal", phone=SECRET
        )
        number = Event.objects.get(table_name="orgs_contact", row_key=str(contact.pk)).pk
    with acting(system(), reason="seal"):
        ledger.seal(now=NOW)
    return number


def test_the_organisation_reads_what_was_done_to_it(cast: Cast, event: int) -> None:
    page = cast.client("bilal").get("/ledger/").content.decode()
    assert "name a contact" in page
    assert "Ayesha" in page
    detail = cast.client("bilal").get(f"/ledger/events/{event}/").content.decode()
    assert SECRET in detail


def test_another_organisation_reads_none_of_it(cast: Cast, event: int) -> None:
    client = cast.client("bushra")
    assert "name a contact" not in client.get("/ledger/").content.decode()
    assert client.get(f"/ledger/events/{event}/").status_code == 404
    assert client.get(f"/ledger/events/{event}/proof.json").status_code == 404
    assert client.get(f"/api/ledger/events/{event}/proof").status_code == 404


def test_the_ombudsman_reads_who_and_why_but_not_what(cast: Cast, event: int) -> None:
    client = cast.client("omar")
    page = client.get("/ledger/").content.decode()
    assert "name a contact" in page
    detail = client.get(f"/ledger/events/{event}/").content.decode()
    assert "phone" in detail
    assert SECRET not in detail
    assert SECRET not in client.get(f"/ledger/events/{event}/proof.json").content.decode()


@pytest.mark.parametrize("person", ["kamran", "mina", "chand"])
def test_roles_without_a_part_in_it_are_refused(cast: Cast, event: int, person: str) -> None:
    assert cast.client(person).get("/ledger/").status_code == 403
    assert cast.client(person).get(f"/ledger/events/{event}/").status_code == 403


def test_a_proof_taken_home_holds_by_itself_and_hashes_the_entry(cast: Cast, event: int) -> None:
    response = cast.client("bilal").get(f"/ledger/events/{event}/proof.json")
    assert "attachment" in response["Content-Disposition"]
    proof = json.loads(response.content)
    assert ledger.check_proof(proof)
    assert sha256(b"\x00" + proof["entry"].encode()).digest() == b64decode(proof["leaf"])
    assert SECRET in proof["entry"]


def test_the_api_gives_the_checkpoint_and_the_same_proof(cast: Cast, event: int) -> None:
    client = cast.client("bilal")
    seal = client.get("/api/ledger/checkpoint").json()
    proof = client.get(f"/api/ledger/events/{event}/proof").json()
    assert seal["size"] == proof["checkpoint"]["size"]
    assert seal["root"] == proof["checkpoint"]["root"]
    assert ledger.check_proof(proof)


def test_an_unsealed_ledger_says_so(cast: Cast) -> None:
    client = cast.client("omar")
    assert "has not been sealed yet" in client.get("/ledger/").content.decode()
    assert client.get("/api/ledger/checkpoint").status_code == 404


def test_filters_narrow_the_list_and_the_page_goes_on_by_number(cast: Cast, event: int) -> None:
    client = cast.client("bilal")
    with acting(cast.bilal, reason="look"):
        record = Event.objects.get(pk=event)
    assert "name a contact" in client.get(f"/ledger/?record=orgs_contact/{record.row_key}").content.decode()
    assert "name a contact" not in client.get("/ledger/?operation=delete").content.decode()
    assert "name a contact" not in client.get(f"/ledger/?before={event}").content.decode()
    assert client.get("/ledger/?before=nonsense&noun=nothing&record=%00").status_code in (200, 400, 422)


def test_the_ombudsman_verifies_in_the_background_and_reads_the_verdict(cast: Cast, event: int) -> None:
    client = cast.client("omar")
    response = client.post("/ledger/verify/")
    assert response.status_code == 302
    with acting(cast.omar, reason="look"):
        run = BackgroundRun.objects.get(kind="ledger.verify")
    assert "checked" in client.get(response["Location"]).content.decode()
    verify_ledger(run.pk)
    page = client.get(response["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "are as they were written" in page
    assert "hx-get" not in page


def test_only_those_who_watch_the_others_start_a_verification(cast: Cast, event: int) -> None:
    assert cast.client("bilal").post("/ledger/verify/").status_code == 403
    assert cast.client("adil").post("/ledger/verify/").status_code == 302
    with acting(cast.adil, reason="look"):
        run = BackgroundRun.objects.get(kind="ledger.verify")
    assert cast.client("omar").get(f"/ledger/verify/{run.pk}/").status_code == 404
