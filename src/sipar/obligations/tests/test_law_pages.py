"""The pages of laws and drafts: what stands on them, who gets in, and that no text is ever lost."""

from __future__ import annotations

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.law.regimes import shipped
from sipar.obligations.law_actions import save_draft
from sipar.obligations.models import Regime
from sipar.obligations.tests.law import DRAFT, SHORTER, hire

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["bilal", "parveen", "kamran", "mina", "omar", "adil", "chand"])
def test_everybody_reads_the_laws(cast: Cast, name: str) -> None:
    page = cast.client(name).get("/law/").content.decode()
    assert "Pakistan CERT Rules 2023" in page
    assert "Unverified preset, not law" in page
    assert ("Write a draft" in page) == (name == "mina")


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("code", [regime.regime for regime in shipped()])
def test_every_regime_has_a_page_with_its_clocks_and_citations(cast: Cast, code: str, language: str) -> None:
    client = cast.client("bilal")
    client.cookies["django_language"] = language
    answer = client.get(f"/law/{code}/")
    assert answer.status_code == 200
    page = answer.content.decode()
    regime = next(each for each in shipped() if each.regime == code)
    assert all(duty.cite.split(",")[0] in page.replace("&amp;", "&") for duty in regime.duties)
    assert ("sp-law-not" in page) == (regime.status != "in_force")


def test_a_clock_is_said_in_plain_words(cast: Cast) -> None:
    page = cast.client("bilal").get("/law/eu-nis2/").content.decode()
    assert "24 hours after:" in page
    assert "the submission of: Incident notification" in page
    assert "Sipar never applies a penalty" in page


def test_what_does_not_exist_is_not_open(cast: Cast) -> None:
    client = cast.client("bilal")
    for address in ("/law/nothing/", "/law/eu-nis2/?version=99", "/law/eu-nis2/?version=x", "/law/eu-nis2/?version=²"):
        assert client.get(address).status_code == 404


def test_a_draft_is_written_in_the_page_and_marked_as_not_law(cast: Cast) -> None:
    client = cast.client("mina")
    assert "regime: my-draft" in client.get("/law/drafts/new/").content.decode()
    answer = client.post("/law/drafts/new/", {"text": DRAFT})
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "This is a draft, not law" in page
    assert "72 hours after:" in page


def test_a_draft_begins_with_the_text_of_a_law(cast: Cast) -> None:
    page = cast.client("mina").get("/law/drafts/new/?from=eu-gdpr").content.decode()
    assert "regime: eu-gdpr" in page
    assert "status: draft" in page
    assert "status: in_force" not in page


def test_wrong_text_is_kept_and_each_fault_is_placed(cast: Cast) -> None:
    wrong = DRAFT.replace("hours: 72", "hours: many").replace("when: significant", "when: grave")
    answer = cast.client("mina").post("/law/drafts/new/", {"text": wrong})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "hours: many" in page
    assert "when: grave" in page
    assert "duties/0" in page
    with acting(cast.mina, reason="look"):
        assert not Regime.objects.filter(is_draft=True).exists()


def test_text_beyond_64_kb_is_kept_in_the_page_but_not_saved(cast: Cast) -> None:
    long = DRAFT + "# zulu\n" * 12_000
    answer = cast.client("mina").post("/law/drafts/new/", {"text": long})
    assert answer.status_code == 422
    assert answer.content.decode().count("# zulu") == 12_000


def test_hostile_text_comes_back_as_text(cast: Cast) -> None:
    hostile = DRAFT.replace("A draft act", "</textarea><script>alert(1)</script>")
    client = cast.client("mina")
    answer = client.post("/law/drafts/new/", {"text": hostile})
    assert answer.status_code == 302
    code = answer["Location"].rstrip("/").split("/")[-1]
    for address in (f"/law/{code}/", f"/law/{code}/write/", "/law/", "/law/replay/", f"/law/{code}/compare/"):
        assert "<script>alert(1)" not in client.get(address).content.decode()
    text = client.get(f"/law/{code}/text/")
    assert text["Content-Type"].startswith("application/yaml")
    assert text["Content-Disposition"].startswith("attachment")


def test_checking_says_what_is_wrong_and_keeps_nothing(cast: Cast) -> None:
    client = cast.client("mina")
    assert "Nothing is wrong with it" in client.post("/law/drafts/check/", {"text": DRAFT}).content.decode()
    said = client.post("/law/drafts/check/", {"text": DRAFT.replace("hours: 72", "hours: -1")}).content.decode()
    assert "duties/0/due" in said
    assert "line 20, duties/0/due/hours" in said
    with acting(cast.mina, reason="look"):
        assert not Regime.objects.filter(is_draft=True).exists()


def test_what_changed_between_two_versions_stands_side_by_side(cast: Cast) -> None:
    with acting(cast.mina, reason="write"):
        code = save_draft(cast.mina, DRAFT, now=NOW).code
        save_draft(cast.mina, SHORTER, code=code, base=1, now=NOW)
    page = cast.client("mina").get(f"/law/{code}/compare/").content.decode()
    assert 'class="removed"' in page
    assert "hours: 24" in page


def test_saving_over_a_newer_version_keeps_the_text_and_asks(cast: Cast) -> None:
    client = cast.client("mina")
    with acting(cast.mina, reason="write"):
        code = save_draft(cast.mina, DRAFT, now=NOW).code
        save_draft(cast.mina, SHORTER, code=code, base=1, now=NOW)
    mine = DRAFT.replace("hours: 72", "hours: 48")
    answer = client.post(f"/law/{code}/write/", {"text": mine, "base": 1})
    assert answer.status_code == 409
    assert "hours: 48" in answer.content.decode()
    assert client.post(f"/law/{code}/write/", {"text": mine, "base": 2}).status_code == 302


def test_the_head_of_the_nation_switches_a_preset_with_a_reason_and_others_do_not(cast: Cast) -> None:
    address = "/law/pk-preset-72h-unverified/switch/"
    client = cast.client("hamid")
    assert client.post(address, {"enabled": "yes", "reason": " "}).status_code == 422
    assert client.post(address, {"enabled": "yes", "reason": "asked for by the Council"}).status_code == 302
    page = client.get("/law/pk-preset-72h-unverified/").content.decode()
    assert "asked for by the Council" in page
    assert "Switch off" in page
    for name in ("parveen", "bilal", "mina", "nadia", "kamran"):
        assert cast.client(name).post(address, {"enabled": "no", "reason": "no"}).status_code == 403
    hire(cast, "zoya", "authority_policy")
    assert cast.client("zoya").post(address, {"enabled": "no", "reason": "done"}).status_code == 302


def test_a_draft_cannot_be_switched_on(cast: Cast) -> None:
    answer = cast.client("hamid").post("/law/pk-csa-draft/switch/", {"enabled": "yes", "reason": "try"})
    assert answer.status_code == 422
