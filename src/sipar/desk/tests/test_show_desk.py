"""My desk: what needs each role, in the order in which it hurts, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker
from tests.signing_in import signed_in_client

from sipar import demonstration
from sipar.assessments.models import Assessment
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.demonstration.people import PEOPLE
from sipar.desk.needs import Moment
from sipar.desk.selectors import changes_since_yesterday, needs_of
from sipar.people.models import Account, GrantRequest
from sipar.people.selectors import actor_of

EVERYBODY = [person.email.split("@")[0] for person in PEOPLE]


def load(organisations: int = 60) -> None:
    demonstration.load(organisations=organisations, seed=1, now=timezone.now(), progress=lambda *_: None)


@pytest.fixture(scope="module")
def loaded_nation(own_copy: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A nation in a transaction that ends with this file; what a test changes is gone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def nation(loaded_nation: None, db: None) -> None:
    """The loaded nation, for one test."""


def account(key: str) -> Account:
    return Account.objects.get(email=f"{key}@demo.example")


def actor(key: str) -> Actor:
    return actor_of(account(key), now=timezone.now(), verified=True)


def desk(key: str) -> list[str]:
    person = actor(key)
    with acting(person, reason="look at my desk"):
        return [need.sentence for need in needs_of(person, Moment(now=timezone.now(), zone=UTC))]


def holds(sentences: list[str], part: str) -> bool:
    return any(part in sentence for sentence in sentences)


def test_every_role_has_a_desk_that_opens(nation: None) -> None:
    for key in EVERYBODY:
        response = signed_in_client(account(key)).get("/")
        assert response.status_code == 200, key
        assert "What needs me now" in response.content.decode(), key


# A role, and a part of a sentence on its desk.
SAID = (
    ("ciso", "Answer Nationwide assessment 2026."),
    ("reporter", "You were asked to answer the section"),
    ("bank-ciso", "Nationwide assessment 2026 came back with questions"),
    ("national-head", "for your review"),
    ("national-head", "be graded"),
    ("national-head", "have not handed in"),
    ("analyst", "overdue"),
    ("analyst", "claimed by several CERTs"),
    ("duty", "You are on duty for Demonstration Health CERT (fictional)."),
    ("council", "organisations that answered meet their target"),
    ("secretary", "have no CERT"),
    ("ministry", "for your decision"),
    ("consultant", "Your engagement at 2 organisations in Nationwide assessment 2026 ends."),
    ("ombudsman", "ledger"),
)


def test_the_desk_says_what_needs_each_role(nation: None) -> None:
    desks = {key: desk(key) for key, _ in SAID}
    assert [(key, part) for key, part in SAID if not holds(desks[key], part)] == []


def test_every_line_of_a_desk_leads_to_a_page_that_opens_for_its_reader(nation: None) -> None:
    for key in EVERYBODY:
        person, client = actor(key), signed_in_client(account(key))
        with acting(person, reason="look"):
            addresses = {need.href for need in needs_of(person, Moment(now=timezone.now(), zone=UTC))}
        assert [address for address in addresses if client.get(address).status_code != 200] == [], key


def test_a_desk_without_work_says_what_will_stand_there(nation: None) -> None:
    assert desk("inspector") == []
    assert "Nothing waits for you" in signed_in_client(account("inspector")).get("/").content.decode()


def test_nobody_reads_of_what_belongs_to_another_organisation(nation: None) -> None:
    page = signed_in_client(account("bank-ciso")).get("/").content.decode()
    assert "Indus Valley" not in page
    assert not holds(desk("bank-ciso"), "You were asked to answer")
    assert not holds(desk("council"), "wait for your review")
    assert not holds(desk("admin"), "overdue")


def test_what_hurts_first_stands_first(nation: None) -> None:
    person = actor("ciso")
    with acting(person, reason="look"):
        moments = [need.hurts_at for need in needs_of(person, Moment(now=timezone.now(), zone=UTC))]
    assert len(moments) > 2
    assert moments == sorted(moments)


def test_a_role_that_one_administrator_asked_for_waits_for_the_other_one_only(nation: None) -> None:
    with acting(system(), reason="ask"):
        GrantRequest.objects.create(
            account=account("auditor"),
            role="consultant",
            asked_by=account("admin"),
            asked_at=timezone.now(),
            reason="x",
        )
    assert holds(desk("admin2"), "waits for a second administrator")
    assert desk("admin") == []


def test_a_campaign_that_closed_asks_nothing_of_anyone(nation: None) -> None:
    person = actor("ciso")
    later = Moment(now=timezone.now() + timedelta(days=46), zone=UTC)
    with acting(person, reason="look"):
        assert not holds([need.sentence for need in needs_of(person, later)], "Answer Nationwide")


def test_what_others_did_since_yesterday_is_told_in_words(nation: None) -> None:
    from sipar.core.acting import doing

    reviewer = actor("sector-analyst")
    with acting(reviewer, reason="review"), doing("review.accept"):
        Assessment.objects.filter(organisation__identifier="PK-D-000001", campaign__code="zero-trust-2026").update(
            version=9
        )
    moment = Moment(now=timezone.now(), zone=UTC)
    with acting(actor("ciso"), reason="look"):
        told = changes_since_yesterday(actor("ciso"), moment)
    accepted = ("Rabia Toresha", "accepted an assessment")
    assert (told[0].who, str(told[0].what)) == accepted
    with acting(actor("bank-ciso"), reason="look"):
        others = changes_since_yesterday(actor("bank-ciso"), moment)
    with acting(reviewer, reason="look"):
        own = changes_since_yesterday(reviewer, moment)
    assert accepted not in [(change.who, str(change.what)) for change in (*others, *own)]


def test_the_number_of_queries_does_not_grow_with_the_nation(nation: None) -> None:
    clients = {key: signed_in_client(account(key)) for key in ("ciso", "national-head", "council", "ministry")}
    counts: dict[str, list[int]] = {key: [] for key in clients}
    for waiting in (1, 12, 24):
        with acting(system(), reason="grow"):
            rows = Assessment.objects.filter(campaign__code="nation-2026", state="open").values("pk")[:waiting]
            Assessment.objects.filter(pk__in=rows).update(state="submitted", submitted_at=timezone.now())
        for key, client in clients.items():
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/").status_code == 200
            counts[key].append(len(queries))
    # The first page of a process also reads the framework that later ones remember.
    assert all(last <= second <= first for first, second, last in counts.values())
    assert all(first < 45 for first, _, _ in counts.values())
