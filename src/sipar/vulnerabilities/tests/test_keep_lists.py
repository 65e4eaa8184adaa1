"""Lists that come by themselves: fetched every night, fetched now, or given as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.cast import Cast
from tests.sites import Site, serving

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Invalid
from sipar.vulnerabilities import tasks
from sipar.vulnerabilities.list_fetching import fetch_every_list, fetch_list
from sipar.vulnerabilities.models import Import, Source, Vulnerability
from sipar.vulnerabilities.tests.samples import cve_record, kev

LISTS = "/vulnerabilities/lists/"
ADDRESS = "https://lists.example/kev.json"


@pytest.fixture(autouse=True)
def _loopback_is_open(settings: Any) -> None:
    settings.FEEDS_ALLOW = "127.0.0.0/8"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site("kev.json", kev("CVE-2024-10001"))) as server:
        yield server


def kept(code: str, url: str) -> Source:
    with acting(system(), reason="keep a list"):
        return Source.objects.create(code=code, url=url)


def again(source: Source) -> Source:
    with acting(system(), reason="look"):
        return Source.objects.get(pk=source.pk)


def last_run() -> BackgroundRun:
    with acting(system(), reason="look"):
        return BackgroundRun.objects.latest("pk")


def digest(content: bytes) -> str:
    """The name under which a file is kept."""
    return sha256(content).hexdigest()


def listed() -> set[str]:
    with acting(system(), reason="look"):
        return set(Vulnerability.objects.filter(kev_added__isnull=False).values_list("cve", flat=True))


def test_a_list_is_read_when_it_has_changed_and_asked_for_by_its_mark(cast: Cast, site: Site) -> None:
    source = kept("kev", site.url)
    made = fetch_list(source)
    assert made is not None
    assert (made.kind, made.added) == ("kev", 1)
    assert fetch_list(again(source)) is None
    assert [mark for _path, mark in site.asked] == [None, '"one"']
    assert listed() == {"CVE-2024-10001"}


def test_a_list_that_cannot_be_fetched_says_so_and_keeps_no_other_waiting(cast: Cast, site: Site) -> None:
    broken, whole = kept("broken", site.url.replace("kev.json", "cut")), kept("whole", site.url)
    with pytest.raises(Invalid):
        fetch_list(broken)
    assert fetch_every_list() == 1
    assert "ended in the middle" in again(broken).problem
    assert again(whole).problem == ""
    assert listed() == {"CVE-2024-10001"}


def test_what_is_no_list_changes_nothing_and_is_asked_for_anew(cast: Cast, site: Site) -> None:
    source, site.body = kept("kev", site.url), b"<html>sign in</html>"
    assert fetch_every_list() == 0
    assert again(source).problem
    site.body = kev("CVE-2024-10002")
    assert fetch_every_list() == 1
    assert site.asked[-1][1] is None
    assert listed() == {"CVE-2024-10002"}


def test_the_national_cert_adds_a_list_sees_it_fetched_and_ends_it(cast: Cast, site: Site) -> None:
    client = cast.client("nadia")
    assert client.post(LISTS, {"code": "kev", "url": ADDRESS}).status_code == 302
    with acting(system(), reason="let the address lead to the test"):
        Source.objects.filter(code="kev").update(url=site.url)
        source = Source.objects.get(code="kev")
    run = last_run()
    assert "is being read" in client.get(LISTS).content.decode()
    tasks.fetch_one.func(source.pk, run.pk)
    page = client.get(LISTS).content.decode()
    assert "1 new, 0 changed, 0 as they were, 0 refused." in page
    assert client.post(f"{LISTS}{source.pk}/fetch/").status_code == 302
    tasks.fetch_one.func(source.pk, last_run().pk)
    assert "The list has not changed." in client.get(LISTS).content.decode()
    assert client.post(f"{LISTS}{source.pk}/end/").status_code == 302
    with acting(system(), reason="look"):
        assert not Source.objects.exists()
    assert listed() == {"CVE-2024-10001"}


def test_a_file_is_read_where_no_server_can_be_reached(cast: Cast) -> None:
    client = cast.client("nadia")
    content = kev("CVE-2024-10001", "CVE-2024-10002")
    file = SimpleUploadedFile("kev.json", content)
    assert client.post(f"{LISTS}file/", {"file": file}).status_code == 302
    run = last_run()
    with acting(system(), reason="look"):
        assert not Import.objects.exists()
    tasks.read_given.func(digest(content), "kev.json", run.pk)
    assert last_run().sentence == "2 new, 0 changed, 0 as they were, 0 refused."
    assert listed() == {"CVE-2024-10001", "CVE-2024-10002"}


def test_a_list_that_was_read_says_what_was_wrong_in_it_and_where(cast: Cast) -> None:
    client = cast.client("nadia")
    content = json.dumps(cve_record()).encode() + b"\n{broken <b>"
    client.post(f"{LISTS}file/", {"file": SimpleUploadedFile("cves.jsonl", content)})
    assert "cves.jsonl, line 2" not in client.get(LISTS).content.decode()
    tasks.read_given.func(digest(content), "cves.jsonl", last_run().pk)
    for name in ("nadia", "parveen"):
        page = cast.client(name).get(LISTS).content.decode()
        assert "cves.jsonl, line 2" in page
        assert "<b>" not in page


def test_a_file_that_is_no_list_ends_its_run_with_the_reason(cast: Cast) -> None:
    client = cast.client("nadia")
    client.post(f"{LISTS}file/", {"file": SimpleUploadedFile("kev.json", b"[1, 2")})
    tasks.read_given.func(digest(b"[1, 2"), "kev.json", last_run().pk)
    assert last_run().state == "failed"
    assert last_run().sentence in client.get(LISTS).content.decode().replace("&#x27;", "'")


def test_where_no_list_is_kept_the_page_says_with_which_to_begin(cast: Cast) -> None:
    client = cast.client("nadia")
    assert "Begin with the catalogue" in client.get(LISTS).content.decode()
    kept("kev", ADDRESS)
    assert "Begin with the catalogue" not in client.get(LISTS).content.decode()


@pytest.mark.parametrize(
    ("code", "url"),
    [
        ("kev", "http://lists.example/kev.json"), ("kev", "https://u:p@lists.example/kev.json"), ("KEV!", ADDRESS),
        ("kev", "https://[::1/kev.json"), ("kev", "file:///etc/passwd"), ("kev", ""),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_kept_is_refused_on_the_form(cast: Cast, code: str, url: str) -> None:
    assert cast.client("nadia").post(LISTS, {"code": code, "url": url}).status_code == 422
    with acting(system(), reason="look"):
        assert not Source.objects.exists()


def test_other_certs_see_the_lists_and_change_none(cast: Cast) -> None:
    source, client = kept("kev", ADDRESS), cast.client("parveen")
    page = client.get(LISTS).content.decode()
    assert ADDRESS in page
    assert "Fetch now" not in page
    for address, data in (
        (LISTS, {"code": "epss", "url": ADDRESS}), (f"{LISTS}{source.pk}/fetch/", {}), (f"{LISTS}{source.pk}/end/", {}),
        (f"{LISTS}file/", {"file": SimpleUploadedFile("kev.json", kev("CVE-2024-10001"))}),
    ):  # fmt: skip
        assert client.post(address, data).status_code == 403
    assert cast.client("ayesha").get(LISTS).status_code == 403
    assert again(source).url == ADDRESS
