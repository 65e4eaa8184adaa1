"""V15 to V18 and V20: what people write is shown as they wrote it, and is never run, followed or fetched."""

from __future__ import annotations

import json
import re
import socket
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

import sipar
from sipar.assessments.models import AnswerNote, Campaign, Engagement, Evidence, RoadmapItem
from sipar.board.report import report_html
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import StoredFile
from sipar.orgs.models import Asset, Contact, Designation, Organisation, RegisterImport
from sipar.people.models import Account, ApiToken, GrantRequest
from sipar.teams.models import ConstituencyDispute, ConstituencyDraft, Team
from sipar.ui.pdf import pdf_of
from tests.cast import NOW, PASSWORD
from tests.doors import doors_open_to, every_door, read_whole
from tests.leaks.writes import BY_NAME, WRITES, examples, state_of
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# One text that breaks out of an element, an attribute, a script and a template, each part with a trace of its own.
POLYGLOT = (
    "'\"></textarea></title><x-evil onload=x()><script>x()</script><svg onload=x()>"
    '<a href="javascript:x()">{{ 20|add:22 }}{% debug %}{% load static %}${6*7}'
)
# Short enough for a name of forty letters.
SHORT = "'\"><x-evil onload=x()>{{ 20|add:22 }}"
NAMES = ("ayesha", "bilal", "parveen", "nadia", "hamid", "mina", "chand", "omar", "adil", "kamran")


class Found(HTMLParser):
    """What a browser would run: scripts in the page, handlers, addresses of scripts, and elements of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "x-evil" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.faults.append(tag)
        for name, value in attributes:
            if re.fullmatch(r"on[a-z]+", name) or name in ("style", "srcdoc"):
                self.faults.append(f"{tag} {name}")
            if re.match(r"\s*(javascript|vbscript|data:text)", value or "", re.IGNORECASE) and name in ("href", "src"):
                self.faults.append(f"{tag} {name}={value}")


def faults_in(html: str) -> list[str]:
    parser = Found()
    parser.feed(html)
    evaluated = [trace for trace in ("<x-evil", "onload=x()>42", "SECRET_KEY", "x()</script>") if trace in html]
    return parser.faults + evaluated


def poison(world: World) -> None:
    """Put the text wherever a person can write one: in every such column, of Alpha and of what stands beside it."""
    alpha, both = world.cast.organisations["alpha"], {"en": POLYGLOT, "ur": POLYGLOT}
    with acting(system(), reason=POLYGLOT):
        Organisation.objects.filter(pk=alpha.pk).update(name=POLYGLOT, name_ur=POLYGLOT, registration_number=SHORT)
        Contact.objects.update(name=POLYGLOT, email=SHORT, phone=SHORT)
        Asset.objects.update(value=POLYGLOT, note=POLYGLOT)
        Designation.objects.update(asset_name=POLYGLOT, function=POLYGLOT)
        AnswerNote.objects.update(comment=POLYGLOT, not_applicable_reason=POLYGLOT)
        Evidence.objects.update(title=POLYGLOT)
        StoredFile.objects.update(name=f"{SHORT}.txt")
        RoadmapItem.objects.update(title=POLYGLOT, owner_name=POLYGLOT, closing_note=POLYGLOT)
        Campaign.objects.update(name=both, purpose=both)
        Engagement.objects.update(firm=SHORT)
        GrantRequest.objects.update(reason=POLYGLOT)
        ConstituencyDispute.objects.update(reason=POLYGLOT)
        ConstituencyDraft.objects.update(reason=POLYGLOT)
        RegisterImport.objects.update(
            file_name=SHORT, problem_count=1, problems=[[2, "name", POLYGLOT, "choice", POLYGLOT]],
            account_id=world.cast.accounts["nadia"].pk,
        )  # fmt: skip
        Team.objects.update(
            name=both, email=SHORT, emergency_phone=SHORT, legal_basis=POLYGLOT, notification_reference=SHORT
        )
        ApiToken.objects.update(name=SHORT)
    Account.objects.filter(is_system=False).update(name=SHORT)


@pytest.mark.parametrize(
    ("person", "language"), [*((person, "en") for person in NAMES), ("bilal", "ur"), ("nadia", "ur")]
)
def test_no_page_runs_what_somebody_wrote(world: World, person: str, language: str) -> None:
    """V15, V16: every page, as every role, with the hostile text in every column that people fill."""
    poison(world)
    Account.objects.filter(is_system=False).update(language=language)
    browser, faults, shown = world.cast.client(person), [], 0
    values = world.examples("alpha")
    for door in doors_open_to(world.cast.actors[person]):
        response = read_whole(browser.get(door.address(values)))
        if response.headers.get("Content-Type", "").startswith("text/html"):
            page = response.content.decode()
            faults += [(door.route, fault) for fault in faults_in(page)]
            shown += "&lt;x-evil" in page
    assert faults == []
    assert shown > 3


@pytest.mark.parametrize(
    ("write", "field"),
    [
        ("answer", "comment-3"), ("answer", "reason-3"), ("evidence", "title-0"), ("delegate", "note"),
        ("change item", "title"), ("change item", "owner_name"), ("add contact", "name"), ("add asset", "note"),
        ("candidate", "asset_name"), ("candidate", "function"), ("plan gap", "owner_name"),
    ],
)  # fmt: skip
def test_hostile_text_is_kept_letter_by_letter_and_a_null_is_refused(world: World, write: str, field: str) -> None:
    """V15: escaping is for the page that shows it; what is kept is what was written, and what cannot be is refused."""
    of, how = examples(world, "alpha"), BY_NAME[write]
    browser, before = world.cast.client(how.person), state_of(world, "alpha")
    assert how.send(browser, of, {field: "nul\x00l"}).status_code == 422
    assert state_of(world, "alpha") == before
    assert how.send(browser, of, {field: POLYGLOT}).status_code < 400
    assert state_of(world, "alpha") != before
    for address in ("", "sections/GV.OC/", "check/"):
        page = browser.get(f"/assessments/{of['assessment']}/{address}")
        assert page.status_code == 200
        assert faults_in(page.content.decode()) == []


TURNED = "Annual report \u202efdp.exe"


@pytest.mark.parametrize(
    ("write", "field"),
    [
        ("answer", "comment-3"), ("evidence", "title-0"), ("delegate", "note"), ("api evidence", "title"),
        ("change item", "title"), ("change item", "owner_name"), ("add contact", "name"), ("add asset", "note"),
    ],
)  # fmt: skip
def test_a_name_that_reads_as_another_is_refused(world: World, write: str, field: str) -> None:
    """V15: marks that turn the direction of what follows; a joiner and a plain direction mark are taken."""
    of, how, before = examples(world, "alpha"), BY_NAME[write], state_of(world, "alpha")
    browser = world.cast.client(how.person)
    assert how.send(browser, of, {field: TURNED}).status_code == 422
    assert state_of(world, "alpha") == before
    assert how.send(browser, of, {field: "می\u200cروم \u200f."}).status_code < 400


def test_the_entry_of_an_organisation_reads_as_it_is_written(world: World) -> None:
    alpha = world.cast.organisations["alpha"]
    entry = {"name": TURNED, "ownership": "private", "tier": "1", "size": "large", "sector": alpha.sector_id,
             "province": alpha.province_id}  # fmt: skip
    browser, address = world.cast.client("nadia"), reverse("organisation_change", args=[alpha.identifier])
    assert browser.post(address, entry).status_code == 422
    assert browser.post(address, entry | {"name": "Alpha Power"}).status_code == 302


@pytest.mark.parametrize("write", [write for write in WRITES if not write.is_json], ids=lambda write: write.name)
def test_a_form_that_is_shown_again_escapes_what_was_typed(world: World, write: Any) -> None:
    """V15, reflected: a refused form carries the input back."""
    of = examples(world, "alpha")
    bad = dict.fromkeys(write.body(of), POLYGLOT)
    response = write.send(world.cast.client(write.person), of, bad)
    assert response.status_code < 500
    assert faults_in(response.content.decode()) == []


def test_a_search_is_shown_as_it_was_typed(world: World) -> None:
    for address in (reverse("organisations"), reverse("accounts"), reverse("ledger"), reverse("reviews")):
        for person in ("nadia", "adil"):
            query = dict.fromkeys(("q", "record", "noun", "sort", "sector", "state", "page", "cert"), POLYGLOT)
            response = world.cast.client(person).get(address, query)
            assert response.status_code < 500
            assert faults_in(response.content.decode()) == []


@pytest.mark.parametrize("name", ["logo.svg", "page.html", "x.xml", "x.png", "x.pdf", "x.docm", "x.txt.svg"])
def test_a_picture_that_carries_script_is_no_evidence(world: World, name: str) -> None:
    """V15: SVG and HTML are refused whatever their name; as text they are given out as a download that nothing runs."""
    of, browser = examples(world, "alpha"), world.cast.client("ayesha")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script></svg>'
    for kind in ("image/svg+xml", "image/png", "text/plain"):
        upload = SimpleUploadedFile(name, svg, content_type=kind)
        assert BY_NAME["api evidence"].send(browser, of, {"link": "", "file": upload}).status_code == 422
        answer = browser.post(f"/roadmap/{of['item']}/close/", {"note": "x", "file": SimpleUploadedFile(name, svg)})
        assert answer.status_code in (409, 422)
    upload = SimpleUploadedFile("x.txt", svg, content_type="image/svg+xml")
    made = json.loads(BY_NAME["api evidence"].send(browser, of, {"link": "", "file": upload}).content)
    given = browser.get(reverse("evidence_file", args=[of["assessment"], made["id"]]))
    assert given.headers["Content-Type"] == "text/plain"
    assert given.headers["Content-Disposition"].startswith("attachment")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_every_answer_carries_a_policy_that_runs_nothing_of_a_page(world: World, monkeypatch: Any) -> None:
    """V15: pages, parts, downloads, refusals and failures; the policy has no exception."""
    values, without = world.examples("alpha"), []
    people: list[Client] = [Client(), *(world.cast.client(person) for person in ("bilal", "nadia", "adil"))]
    for browser in people:
        browser.raise_request_exception = False
        for door in every_door():
            for method in door.methods:
                response = read_whole(getattr(browser, method)(door.address(values)))
                if not is_strict(response.headers.get("Content-Security-Policy", "")):
                    without.append((method, door.route, response.status_code))
    assert without == []
    for address in ("/nowhere/", "/static/nowhere.js", "/api/nowhere", "/accounts/login/", "/%00", "/theme/"):
        assert is_strict(Client().get(address).headers.get("Content-Security-Policy", "")), address
    monkeypatch.setattr("sipar.desk.views.needs_of", lambda *_: 1 / 0)
    failed = people[2].get("/")
    assert failed.status_code == 500
    assert is_strict(failed.headers["Content-Security-Policy"])
    assert "ZeroDivisionError" not in failed.content.decode()


def is_strict(policy: str) -> bool:
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    scripts = parts.get("script-src", parts.get("default-src", "*"))
    return "default-src" in parts and not any(word in scripts for word in ("unsafe", "*", "http", "data:"))


def test_a_report_shows_hostile_names_and_runs_none(world: World, monkeypatch: Any) -> None:
    """V16: the report in HTML and PDF; drawing it asks no machine for anything (V20)."""
    poison(world)
    monkeypatch.setattr(socket.socket, "connect", refuse_to_connect)
    for language in ("en", "ur"):
        with acting(world.cast.hamid, reason="report"):
            document = report_html(world.cast.hamid, Campaign.objects.get(), language, now=NOW)
        body = document.partition("</style>")[2]
        assert "&lt;x-evil" in body
        assert [fault for fault in faults_in(body) if not fault.endswith(" style")] == []
    assert pdf_of(document).startswith(b"%PDF")


def refuse_to_connect(*_: Any) -> None:
    raise AssertionError("somebody wants to speak to another machine")


def test_mail_speaks_plain_text_and_links_to_this_house_only(world: World, client: Client, settings: Any) -> None:
    """V18: names are not turned into HTML of a mail, and a strange Host header makes no link."""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.ALLOWED_HOSTS = ["testserver"]
    Account.objects.filter(pk=world.cast.accounts["ayesha"].pk).update(name=f"{SHORT}\r\nBcc: evil@evil.example")
    client.post(reverse("account_reset_password"), {"email": "ayesha@test.example"})
    strange = client.post(reverse("account_reset_password"), {"email": "ayesha@test.example"}, headers={"host": "evil"})
    assert strange.status_code == 400
    (letter,) = mail.outbox
    assert letter.to == ["ayesha@test.example"]
    assert not letter.bcc
    assert not getattr(letter, "alternatives", [])
    assert letter.content_subtype == "plain"
    assert set(re.findall(r"https?://([^/\s]+)", str(letter.body))) == {"testserver"}
    assert "42" not in str(letter.body).replace(SHORT, "").split("/password/")[0]


PLACES = (
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example/",
    "///evil.example", "http:///evil.example", "javascript:x()", "data:text/html,x", "/\t/evil.example",
    "https://testserver@evil.example", "//evil.example/%2e%2e", "\x01//evil.example", " https://evil.example",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_nothing_leads_out_of_the_house(world: World, place: str) -> None:
    """V18: signing in, the language, the theme, signing out, showing the second factor."""
    signing_in = {"login": "ayesha@test.example", "password": PASSWORD, "next": place}
    browser = world.cast.client("ayesha")
    answers = [
        Client().post(reverse("account_login"), signing_in),
        Client().post(reverse("account_login") + "?" + "next=" + place.replace("\x01", "%01"), signing_in),
        browser.post(reverse("set_language"), {"language": "ur", "next": place}),
        browser.post(reverse("set_language"), {"language": "ur"}, headers={"referer": place.strip("\x01")}),
        browser.post(reverse("set_theme"), {"theme": "dark", "next": place}),
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": place}),
        browser.post(reverse("account_logout"), {"next": place}),
    ]
    led = [answer.headers["Location"] for answer in answers if answer.status_code in (301, 302, 303)]
    assert len(led) >= 5
    assert [address for address in led if not re.match(r"/(?![/\\])[\x20-\x7e]*\Z", address)] == []
    assert [address for address in led if "evil" in address.partition("?")[0]] == []


INSIDE = (
    "file:///etc/passwd", "data:text/html,x", "javascript:x()", "gopher://127.0.0.1:6379/", "ftp://10.0.0.1/",
    "\\\\10.0.0.1\\share", "//127.0.0.1/", "jar:http://10.0.0.1!/", "https://", "https://a b/",
)  # fmt: skip


@pytest.mark.parametrize("link", INSIDE)
def test_evidence_is_no_address_of_a_machine_or_a_file(world: World, link: str) -> None:
    """V20: such a link is refused, on the page and in the API."""
    of, browser, before = examples(world, "alpha"), world.cast.client("ayesha"), state_of(world, "alpha")
    assert BY_NAME["api evidence"].send(browser, of, {"link": link}).status_code == 422
    assert BY_NAME["evidence"].send(browser, of, {"link-0": link}).status_code == 422
    assert state_of(world, "alpha") == before


def test_sipar_opens_no_link_that_somebody_gave(world: World, monkeypatch: Any) -> None:
    """V20: an address inside the network is only ever text; reading it back, exporting and reporting open nothing."""
    of, browser = examples(world, "alpha"), world.cast.client("ayesha")
    opened = []
    monkeypatch.setattr(socket, "create_connection", lambda *place, **_: opened.append(place))
    for link in ("http://127.0.0.1:5432/", "http://169.254.169.254/latest/", "http://[::1]/", "https://10.0.0.1/"):
        assert BY_NAME["api evidence"].send(browser, of, {"link": link}).status_code == 201
    for address in ("workbook/", "sections/GV.OC/", "check/"):
        assert browser.get(f"/assessments/{of['assessment']}/{address}").status_code == 200
    for document in ("plan", "results", "poam"):
        assert browser.get(f"/gaps/{of['assessment']}/oscal/{document}.json").status_code == 200
    assert opened == []


def test_nothing_in_the_code_reads_objects_from_bytes() -> None:
    """V17: no pickle, no marshal, no shelf, no unsafe YAML; sessions are JSON."""
    unsafe = re.compile(
        r"^\s*(import|from) (pickle|marshal|shelve|dill|jsonpickle)\b|yaml\.(unsafe_)?load\((?!.*Loader=_)"
    )
    source = Path(sipar.__file__).parent
    faults = [
        f"{file.relative_to(source)}:{number}"
        for file in source.rglob("*.py")
        if "tests" not in file.parts
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if unsafe.search(line)
    ]
    assert faults == []
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")
