"""The doors that Sipar goes to: nothing leads inside, nothing is lost, nothing is asked for without need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.cast import NOW, Cast
from tests.sites import Site, serving

from sipar.core.acting import acting
from sipar.core.fetching import FetchProblem, fetched, networks, permitted
from sipar.core.jobs import system
from sipar.core.mailbox import mailbox_from
from sipar.feeds.door_actions import collect_folders, collect_mail, is_authentic, pull_due
from sipar.feeds.models import Batch, Feed
from sipar.feeds.tests.plain import report_of
from sipar.feeds.tests.stage import make_feed, plain_reader
from sipar.incidents.mail_actions import NO_FEED, TOO_LARGE
from sipar.incidents.models import InboundMail
from sipar.incidents.tests.mail_servers import Servers, mail_servers

LOOPBACK = networks("127.0.0.0/8")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.VAR, settings.FEEDS_FOLDER, settings.FEEDS_ALLOW = tmp_path, tmp_path / "incoming", ""
    with plain_reader():
        yield


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104 - refused
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_fetched_from(address: str) -> None:
    assert not permitted(ip_address(address), ())


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909"])
def test_a_public_address_is_fetched_from(address: str) -> None:
    assert permitted(ip_address(address), ())


def test_a_network_that_the_operator_allowed_is_fetched_from_and_no_other() -> None:
    allowed = networks("10.1.2.0/24, fd00:1::/64")
    assert permitted(ip_address("10.1.2.3"), allowed)
    assert permitted(ip_address("::ffff:10.1.2.3"), allowed)
    assert permitted(ip_address("fd00:1::5"), allowed)
    assert not permitted(ip_address("10.1.3.3"), allowed)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://2130706433/"])
def test_a_name_that_leads_inside_is_refused_before_a_connection(url: str) -> None:
    with pytest.raises(FetchProblem) as problem, fetched(url):
        pass
    assert problem.value.code in ("forbidden", "name")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site("2026-10-31-plain.csv", report_of(12))) as server:
        yield server


@pytest.mark.parametrize(("path", "code"), [("inside", "forbidden"), ("round", "redirects"), ("cut", "cut")])
def test_a_server_cannot_send_sipar_inside_around_or_half_a_file(site: Site, path: str, code: str) -> None:
    url = site.url.rpartition("/")[0] + f"/{path}"
    with pytest.raises(FetchProblem) as problem, fetched(url, allowed=LOOPBACK) as answer:
        b"".join(answer.body)
    assert problem.value.code == code


def pulled(feed: Feed) -> Feed:
    with acting(system(), reason="look"):
        feed.refresh_from_db()
    return feed


def test_a_feed_is_fetched_when_due_and_only_where_it_has_changed(cast: Cast, site: Site, settings: Any) -> None:
    settings.FEEDS_ALLOW = "127.0.0.1"
    feed = make_feed(cast, settings={"pull": {"url": site.url}}, next_pull_at=NOW)
    assert pull_due(now=NOW - timedelta(minutes=1)) == 0
    assert pull_due(now=NOW) == 1
    assert pulled(feed).next_pull_at == NOW + timedelta(hours=24)
    assert pull_due(now=NOW + timedelta(hours=24)) == 0
    assert [condition for _path, condition in site.asked] == [None, '"one"']
    with acting(system(), reason="look"):
        raw = Batch.objects.get().raw_file
    assert (raw.name, raw.door, raw.size) == ("2026-10-31-plain.csv", "pull", len(site.body))


def test_failures_are_told_and_tried_again_later_and_later(cast: Cast, site: Site, settings: Any) -> None:
    feed = make_feed(cast, settings={"pull": {"url": site.url}}, next_pull_at=NOW)
    assert pull_due(now=NOW) == 0
    assert "public addresses only" in pulled(feed).pull_state["problem"]
    assert site.asked == []
    waits, now = [], NOW
    for _ in range(4):
        due = pulled(feed).next_pull_at
        assert due is not None
        waits.append((due - now) / timedelta(minutes=1))
        now = due
        pull_due(now=now)
    assert waits == [5, 10, 20, 40]
    settings.FEEDS_ALLOW, site.status = "127.0.0.0/8", 503
    due = pulled(feed).next_pull_at
    assert due is not None
    pull_due(now=due)
    after = pulled(feed).next_pull_at
    assert after is not None
    # Longer than the server asked for is never shorter.
    assert after - due >= timedelta(hours=2)


def put(folder: Path, name: str, data: bytes, *, age: float = 60) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    return path


def test_finished_files_of_a_watched_folder_are_taken_and_gone(cast: Cast, tmp_path: Path) -> None:
    feed = make_feed(cast)
    folder = tmp_path / "incoming" / feed.code
    put(folder, "2026-10-31-plain.csv", report_of(3))
    put(folder, "again.csv", report_of(3))
    put(folder, ".hidden", report_of(4))
    put(folder, "growing.csv.part", report_of(4))
    put(folder, "just-now.csv", report_of(4), age=0)
    put(folder, "empty.csv", b"")
    put(tmp_path, "secret", b"of somebody else")
    (folder / "link.csv").symlink_to(tmp_path / "secret")
    assert collect_folders() == 2
    left = sorted(path.name for path in folder.iterdir())
    assert left == [".hidden", "growing.csv.part", "just-now.csv", "link.csv", "refused"]
    assert [path.name for path in (folder / "refused").iterdir()] == ["empty.csv"]
    with acting(system(), reason="look"):
        assert Batch.objects.get().raw_file.name == "2026-10-31-plain.csv"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Servers]:
    with mail_servers() as servers:
        yield servers


def a_mail(name: str, *, sender: str = "reports@source.example", file: str = "2026-10-31-plain.csv") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = sender, "feeds@cert.example", "Your report", name
    made.set_content("The report of the day.")
    made.add_attachment(report_of(12), maintype="text", subtype="csv", filename=file)
    return made.as_bytes()


def test_files_of_mails_that_a_feed_wants_are_taken_once_and_other_mails_wait_for_people(
    cast: Cast, mailbox: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_feed(cast, settings={"mail": {"from": ["reports@source.example"], "name": "*.csv"}})
    monkeypatch.setattr("sipar.core.mailbox.MAX_BYTES", 50_000)
    machine = a_mail("<5@x>", sender="mx@x.example").replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")
    for mail in (
        a_mail("<1@x>"), a_mail("<2@x>", sender="other@source.example"), a_mail("<3@x>", file="x.zip"),
        a_mail("<4@x>") + b" " * 60_000, machine,
    ):  # fmt: skip
        mailbox.deliver(mail)
    assert collect_mail(mailbox_from(mailbox.url)) == 1
    assert collect_mail(mailbox_from(mailbox.url)) == 0
    assert mailbox.unseen() == 0
    with acting(system(), reason="look"):
        assert [batch.raw_file.name for batch in Batch.objects.all()] == ["2026-10-31-plain.csv"]
        waiting = list(InboundMail.objects.order_by("pk").values_list("message_id", "state", "problem"))
    assert [(name.partition(":")[0], state, why) for name, state, why in waiting] == [
        ("<2@x>", "waiting", NO_FEED), ("<3@x>", "waiting", NO_FEED), ("too-large", "waiting", TOO_LARGE),
    ]  # fmt: skip


MAIL = b"From: reports@source.example\r\nSubject: r\r\n\r\nbody\r\n"
PASSED = b"Authentication-Results: mx.cert.example; spf=pass; dmarc=pass header.from=source.example\r\n"


@pytest.mark.parametrize(
    ("headers", "authentic"),
    [
        (PASSED, True),
        (b"", False),
        (PASSED.replace(b"dmarc=pass", b"dmarc=fail"), False),
        (PASSED.replace(b"mx.cert", b"mx.evil"), False),
        (PASSED.replace(b"header.from=source", b"header.from=other"), False),
        (b"Authentication-Results: mx.cert.example; dmarc=fail header.from=source.example\r\n" + PASSED, False),
    ],
)
def test_a_mail_counts_where_the_own_server_says_first_that_dmarc_held(headers: bytes, authentic: bool) -> None:
    found = is_authentic(headers + MAIL, server="mx.cert.example", sender="reports@source.example")
    assert found is authentic
