"""V6 to V9 and V24: search, filters, counts, charts, the ledger and every download, asked by those who see a part."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import Event
from sipar.people.tokens import create_token
from tests.cast import NOW
from tests.doors import doors_open_to
from tests.leaks.writes import examples
from tests.test_every_door import SEES, SEES_CASES
from tests.world import CASES, World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# What Beta answers to: name in both scripts, number, domain, a name below it, and its sector.
QUESTIONS = ("Beta Bank", "beta", "بیٹا", "PK-T-0002", "beta.example", "www.beta.example", "secret of beta", "bushra")
OUTSIDERS = ("parveen", "mina", "chand")
DAY = timedelta(days=1)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("person", OUTSIDERS)
def test_a_search_neither_shows_nor_counts_what_is_not_open(world: World, person: str, question: str) -> None:
    """V8, on the page, in the API and in both exports. Nadia, who sees everyone, finds Beta by its names."""
    browser = world.cast.client(person)
    page = browser.get(reverse("organisations"), {"q": question})
    assert page.context["page"].paginator.count == 0
    assert browser.get("/api/organisations", {"q": question}).json()["items"] == []
    if person != "chand":
        for form in ("csv", "xlsx"):
            for address in (f"/organisations/register.{form}", f"/api/organisations/register.{form}"):
                assert gives_away(world, "beta", browser.get(address, {"q": question}).content) == []
    if question not in ("secret of beta", "bushra"):
        assert world.cast.client("nadia").get(reverse("organisations"), {"q": question}).context["page"].paginator.count


@pytest.mark.parametrize(
    ("name", "value"),
    [("sector", "finance"), ("province", "PK-SD"), ("ministry", "sbp"), ("cert", "national"), ("inactive", "1")],
)
@pytest.mark.parametrize("person", OUTSIDERS)
def test_a_filter_counts_nothing_that_is_not_open(world: World, person: str, name: str, value: str) -> None:
    """V7: the facets of the register."""
    browser = world.cast.client(person)
    page = browser.get(reverse("organisations"), {name: value})
    assert [row.identifier for row in page.context["page"] if row.identifier != "PK-T-0001"] == []
    assert page.context["page"].paginator.count <= 1
    rows = browser.get("/api/organisations", {name: value.replace("inactive", "true")}).json()["items"]
    assert {row["identifier"] for row in rows} <= {"PK-T-0001"}


@pytest.mark.parametrize("person", ["parveen", "mina"])
def test_the_board_counts_the_own_part_only(world: World, person: str) -> None:
    """V6, V7: totals, lines, heat and the names behind them, whatever is asked for."""
    browser, code = world.cast.client(person), examples(world, "alpha")["campaign"]
    board = browser.get(f"/api/board/{code}").json()
    assert (board["total"]["asked"], board["total"]["answered"]) == (1, 1)
    assert [line["code"] for line in board["sectors"]] == ["energy"]
    for filters in ({"sector": "finance"}, {"province": "PK-SD"}, {"sector": "finance", "tier": "1"}):
        narrowed = browser.get(f"/api/board/{code}", filters)
        assert narrowed.status_code == 200
        assert (narrowed.json()["total"]["asked"], narrowed.json()["total"]["mean"]) == (0, None)
        for name in ("sectors", "provinces", "tiers", "certs", "unanswered"):
            table = browser.get(reverse("board_csv", args=[name]), filters | {"campaign": code})
            assert table.status_code == 200
            assert gives_away(world, "beta", table.content) == []


def test_counts_of_lists_are_those_of_the_own_part(world: World) -> None:
    """V7: what a page says in numbers, and the totals of the API, for who sees one organisation out of four."""
    cast, of = world.cast, examples(world, "alpha")
    for person in ("ayesha", "parveen", "chand"):
        browser = cast.client(person)
        assert browser.get("/api/assessments/").json()["total"] == 1
        assert browser.get("/api/roadmap").json()["total"] == 1
    power = cast.client("parveen")
    assert power.get(f"/api/campaigns/{of['campaign']}/progress").json()["asked"] == 1
    assert power.get(f"/api/campaigns/{of['campaign']}/gaps").json()["organisations"] == 1
    queues = [power.get(reverse("reviews"), {"state": state}) for state in ("submitted", "returned", "accepted")]
    assert sum(page.context["page"].paginator.count for page in queues) == 1
    assert power.get(reverse("roadmap")).context["overdue"] == 1
    outstanding = power.get(reverse("campaign_outstanding", args=[of["campaign"]]))
    assert gives_away(world, "beta", outstanding.content) == []
    assert cast.client("nadia").get("/api/assessments/").json()["total"] == 4


def test_choosing_an_order_tells_nothing_of_what_is_not_open(world: World) -> None:
    """V8: a sorted list is the same rows in another order."""
    browser = world.cast.client("parveen")
    for sort in ("name", "-name", "sector", "memberships__team__code", "contacts__name", "-assessments__mean"):
        rows = browser.get(reverse("organisations"), {"sort": sort}).context["page"].object_list
        assert [row.identifier for row in rows] == ["PK-T-0001"]


@pytest.mark.parametrize("person", ["bushra", "chand", "kamran", "adil"])
def test_the_ledger_of_alpha_is_closed_to_strangers(world: World, person: str) -> None:
    """V9: list, filter by record, one event, its proof, and the same over the API."""
    browser, event = world.cast.client(person), examples(world, "alpha")["event"]
    with acting(system(), reason="look"):
        found = Event.objects.get(pk=event)
    record = {"record": f"{found.table_name}/{found.row_key}"}
    for address, query in (
        (reverse("ledger"), {}), (reverse("ledger"), record), (reverse("ledger_event", args=[event]), {}),
        (reverse("ledger_proof", args=[event]), {}), (f"/api/ledger/events/{event}/proof", {}),
    ):  # fmt: skip
        response = browser.get(address, query)
        assert response.status_code in (200, 403, 404)
        assert gives_away(world, "alpha", response.content) == []
        if response.status_code == 200:
            assert [entry for entry in response.context["page"].entries if entry.event.pk == event] == []
    assert world.cast.client("bilal").get(reverse("ledger_event", args=[event])).status_code == 200


def test_a_secret_never_enters_the_ledger(world: World) -> None:
    """V9: what the log of a peer system gave away."""
    with acting(world.cast.ayesha, reason="make a token"):
        _, text = create_token(world.cast.ayesha, name="t", scopes=("read",), lifetime=DAY, now=NOW)
    cast = world.cast
    cast.client("adil").post(reverse("account_new"), {"name": "N", "email": "n@x.example", "language": "en"})
    with acting(system(), reason="look"):
        bodies = json.dumps(list(Event.objects.values_list("body", flat=True)), default=str, ensure_ascii=False)
    secrets = [text.rpartition("_")[2], *(account.password for account in cast.accounts.values())]
    assert [secret for secret in secrets if secret in bodies] == []


@pytest.mark.parametrize("person", ["ayesha", "bushra", "parveen", "mina", "chand", "kamran", "adil", "omar"])
def test_every_download_holds_the_own_part_only(world: World, person: str) -> None:
    """V24: every door there is, with `?format=csv` too, archives and workbooks unpacked."""
    browser = world.cast.client(person)
    browser.raise_request_exception = False
    hidden = [key for key in world.cast.organisations if key not in SEES[person]]
    cases = [f"case secret of {key}" for key in CASES if key not in SEES_CASES.get(person, set())]
    leaks, downloads = [], set()
    examples = [world.case_of(key) | {"form": form} for key in CASES for form in ("csv", "xlsx")]
    doors = doors_open_to(world.cast.actors[person])
    for address in sorted({door.address(values) for door in doors for values in examples}):
        for query in ("", "?format=csv"):
            response: Any = browser.get(address + query)
            kind = response.headers.get("Content-Type", "")
            if response.status_code != 200 or kind.startswith("text/html"):
                continue
            downloads.add(address)
            content = b"".join(response) if response.streaming else response.content
            # A calendar is its owner's, who has the secret of its address.
            leaks += [(address + query, key) for key in hidden if gives_away(world, key, content)]
            leaks += [(address + query, mark) for mark in cases if mark.encode() in content]
    assert leaks == []
    assert len(downloads) > (2 if person in ("kamran", "adil", "omar") else 10)


def gives_away(world: World, key: str, content: bytes) -> list[str]:
    """The marks of an organisation in a response, in each part of it where it is an archive."""
    texts = [content]
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts = [archive.read(name) for name in archive.namelist()]
    return [mark for mark in world.marks(key) for text in texts if mark.encode() in text]
