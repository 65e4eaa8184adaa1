"""The pages and operations of feeds: a report from the drop to its rows, what is held, and who sees none of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.feeds.models import Batch, Drift, Feed
from sipar.feeds.tests.plain import report_of
from sipar.feeds.tests.stage import claim, make_feed, plain_reader, receive
from sipar.feeds.working import work_off
from sipar.people.tokens import create_token


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, settings: object) -> Iterator[None]:
    settings.VAR = tmp_path  # type: ignore[attr-defined]
    with plain_reader():
        yield


def body(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def test_an_analyst_drops_a_report_and_sees_its_rows_with_owner_and_reason(cast: Cast) -> None:
    claim(cast, "alpha", "198.51.0.0/24")
    feed = make_feed(cast)
    client = cast.client("nadia")
    assert "Drop its first report" in body(client, "/feeds/")
    file = SimpleUploadedFile("2026-10-31-plain.csv", report_of(300))
    answer = client.post("/feeds/drop/", {"file": file, "feed": feed.code, "tlp": ""})
    assert answer.status_code == 302
    page = answer["Location"]
    assert "It waits for the worker." in body(client, page)
    assert len(work_off(feed.pk)) == 1
    assert client.get(f"{page}progress/")["HX-Refresh"] == "true"
    shown = body(client, page)
    for words in ("Alpha Power", "The closest network around the address is claimed", "Nobody claims it", "198.51.0.7"):
        assert words in shown
    unclaimed = body(client, f"{page}?owner=unclaimed")
    assert "198.51.1.3" in unclaimed
    assert "198.51.0.7<" not in unclaimed
    again = client.post("/feeds/drop/", {"file": SimpleUploadedFile("x.csv", report_of(300)), "feed": feed.code})
    assert again["Location"] == page


def test_a_cert_reads_its_own_reports_only_and_an_administrator_none(cast: Cast) -> None:
    feed = make_feed(cast, team="power")
    receive(feed, report_of(5), name="2026-10-31-hidden.csv")
    (batch,) = work_off(feed.pk)
    assert "hidden.csv" in body(cast.client("parveen"), f"/feeds/{feed.code}/")
    assert cast.client("farah").get(f"/feeds/{feed.code}/").status_code == 404
    assert cast.client("farah").get(f"/feeds/reports/{batch.pk}/").status_code == 404
    admin = cast.client("adil")
    assert "hidden.csv" not in body(admin, f"/feeds/{feed.code}/")
    assert admin.get(f"/feeds/reports/{batch.pk}/").status_code in (403, 404)
    for person in ("ayesha", "kamran", "mina", "chand"):
        assert cast.client(person).get("/feeds/").status_code == 403


def test_a_held_report_is_accepted_on_its_page(cast: Cast) -> None:
    feed = make_feed(cast)
    for place, size in enumerate((40, 40, 40, 11)):
        day = f"2026-10-2{place}"
        receive(feed, report_of(size, day=day), name=f"{day}-plain.csv", now=NOW - timedelta(days=9 - place))
    held = work_off(feed.pk)[-1]
    client = cast.client("nadia")
    assert "Decide about the report that is held" in body(client, "/feeds/")
    assert "much smaller" in body(client, f"/feeds/reports/{held.pk}/")
    assert client.post(f"/feeds/reports/{held.pk}/accept/").status_code == 302
    assert [batch.state for batch in work_off(feed.pk)] == ["done"]
    assert client.post(f"/feeds/reports/{held.pk}/discard/").status_code == 409


def test_refused_rows_and_drifts_stand_on_pages(cast: Cast) -> None:
    feed = make_feed(cast)
    receive(feed, report_of(4).replace(b"kind\n", b"kind,colour\n") + b"<script>alert(1)</script>\n")
    (batch,) = work_off(feed.pk)
    client = cast.client("nadia")
    refused = body(client, f"/feeds/reports/{batch.pk}/refused/")
    assert "&lt;script&gt;" in refused
    assert "<script>alert" not in refused
    page = body(client, f"/feeds/{feed.code}/")
    assert "New column" in page
    with acting(system(), reason="look"):
        drift = Drift.objects.get().pk
    assert client.post(f"/feeds/drifts/{drift}/settle/").status_code == 302
    assert "New column" not in body(client, f"/feeds/{feed.code}/")


FORM = {
    "code": "new-feed", "name": "New feed", "reader": "example", "tlp": "green", "every_hours": 24, "keep_days": 90,
    "enabled": "on", "settings": "",
}  # fmt: skip


def test_a_feed_is_set_up_and_changed_on_its_form(cast: Cast) -> None:
    client, team = cast.client("nadia"), cast.teams["national"].pk
    made = client.post(
        "/feeds/new/", FORM | {"team": team, "pull_url": "https://feed.example/a.csv", "settings": '{"block": 4096}'}
    )
    assert made.status_code == 302, made.content.decode()
    with acting(system(), reason="look"):
        feed = Feed.objects.get(code="new-feed")
        assert feed.settings == {"block": 4096, "pull": {"url": "https://feed.example/a.csv"}}
        assert feed.next_pull_at is not None
    assert client.post("/feeds/new-feed/edit/", FORM | {"name": "Renamed", "enabled": ""}).status_code == 302
    with acting(system(), reason="look"):
        changed = Feed.objects.get(code="new-feed")
        assert (changed.name, changed.enabled, changed.settings) == ("Renamed", False, {})
        assert changed.next_pull_at is None


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"code": "drop"}, "code"),
        ({"reader": "no-such"}, "reader"),
        ({"settings": "[1]"}, "settings"),
        ({"settings": "{"}, "settings"),
        ({"pull_url": "file:///etc/passwd"}, "pull_url"),
        ({"pull_url": "https://user:secret@feed.example/"}, "pull_url"),
        ({"pull_url": "https://feed.example/", "pull_token": "SIPAR_SECRET_KEY"}, "pull_token"),
        ({"mail_from": "nobody"}, "mail_from"),
    ],
)
def test_a_feed_that_is_set_up_wrongly_is_refused_beside_its_field(
    cast: Cast, wrong: dict[str, str], place: str
) -> None:
    client = cast.client("nadia")
    answer = client.post("/feeds/new/", FORM | {"team": cast.teams["national"].pk} | wrong)
    assert answer.status_code == 422
    assert place in answer.context["form"].errors


def pushing(cast: Cast, person: str, scopes: tuple[str, ...]) -> dict[str, str]:
    actor = cast.actors[person]
    with acting(actor, reason="make a token"):
        _token, text = create_token(actor, name="push", scopes=scopes, lifetime=timedelta(days=1), now=NOW)
    return {"Authorization": f"Bearer {text}"}


@pytest.mark.usefixtures("_recent_tokens")
def test_a_program_hands_in_a_report_with_a_token_of_its_scope(cast: Cast) -> None:
    feed = make_feed(cast, team="power")
    client = Client()
    address = f"/api/feeds/{feed.code}/reports?name=2026-10-31-plain.csv"

    def push(person: str, *scopes: str, data: bytes = b"") -> int:
        headers = pushing(cast, person, scopes)
        sent = data or report_of(10)
        return client.post(address, sent, content_type="application/octet-stream", headers=headers).status_code

    assert push("parveen", "read") == 403
    assert push("farah", "feeds") == 404
    assert push("ayesha", "feeds") == 403
    assert push("parveen", "feeds") == 201
    assert push("parveen", "feeds") == 200
    (batch,) = work_off(feed.pk)
    found = client.get(f"/api/feeds/reports/{batch.pk}", headers=pushing(cast, "parveen", ("read",)))
    assert (found.json()["state"], found.json()["kept"], found.json()["feed"]) == ("done", 10, feed.code)
    with acting(system(), reason="look"):
        assert Batch.objects.get().raw_file.door == "push"


@pytest.fixture
def _recent_tokens() -> Iterator[None]:
    """Tokens of the cast are made at its time."""
    import time_machine

    with time_machine.travel(NOW, tick=True):
        yield
