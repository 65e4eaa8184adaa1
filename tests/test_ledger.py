"""The ledger proves that nothing was edited, removed or reordered."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction

from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import Event
from sipar.core.problems import NotFound
from sipar.orgs.models import Contact
from tests.cast import NOW, Cast


def sealed_contact(cast: Cast) -> int:
    with acting(cast.ayesha, reason="name a contact"):
        contact = Contact.objects.create(organisation=cast.organisations["alpha"], kind="ciso", name="Bilal")
        event = Event.objects.get(table_name="orgs_contact", row_key=str(contact.pk)).pk
    with acting(system(), reason="seal"):
        ledger.seal(now=NOW)
    return event


def test_a_sealed_ledger_verifies_and_sealing_twice_adds_nothing(cast: Cast) -> None:
    sealed_contact(cast)
    with acting(system(), reason="verify"):
        assert ledger.seal(now=NOW) == 0
        verdict = ledger.verify()
    assert verdict.ok
    assert verdict.events == verdict.sealed > 0


def test_an_event_says_who_did_what_and_why(cast: Cast) -> None:
    event = sealed_contact(cast)
    with acting(cast.bilal, reason="look"):
        found = Event.objects.get(pk=event)
    assert (found.actor_id, found.reason, found.operation) == (cast.ayesha.account, "name a contact", "insert")
    assert found.body["name"] == "Bilal"


def test_an_organisation_keeps_a_proof_of_its_own_event_that_holds_by_itself(cast: Cast) -> None:
    event = sealed_contact(cast)
    with acting(cast.ayesha, reason="ask for proof"):
        proof = ledger.proof_for(event)
    assert ledger.check_proof(proof)
    proof["position"] += 1
    assert not ledger.check_proof(proof)


def test_another_organisation_gets_no_proof_of_it(cast: Cast) -> None:
    event = sealed_contact(cast)
    with acting(cast.bushra, reason="pry"), pytest.raises(NotFound):
        ledger.proof_for(event)


def test_the_application_cannot_write_edit_or_remove_events(cast: Cast) -> None:
    event = sealed_contact(cast)
    for attempt in (
        lambda: Event.objects.filter(pk=event).update(reason="innocent"),
        lambda: Event.objects.filter(pk=event).delete(),
        lambda: Event.objects.create(at=NOW, transaction=1, action="", reason="", table_name="x", row_key="1",
                                     operation="insert", body={}),
    ):  # fmt: skip
        with acting(system(), reason="tamper"), pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.django_db(databases=["default", "owner"], transaction=False)
def test_even_the_owner_of_the_tables_cannot_remove_events(cast: Cast) -> None:
    with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("delete from core_event")
