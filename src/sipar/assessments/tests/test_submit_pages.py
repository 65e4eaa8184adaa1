"""The check page, the signature in a browser, and the receipt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from hashlib import sha256

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.core.cache import cache
from django.test import Client
from tests.cast import NOW, Cast

from sipar.assessments.answer_changes import Change
from sipar.assessments.models import Assessment, Campaign, Submission
from sipar.assessments.tests.answering import alpha, carry, fill, save
from sipar.core import ledger
from sipar.core.acting import acting
from sipar.core.jobs import system


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=True):
        yield


def address(assessment: Assessment, rest: str = "") -> str:
    return f"/assessments/{assessment.pk}/{rest}"


def forget_second_factor(client: Client) -> None:
    """As if the second factor had been shown six minutes ago."""
    session = client.session
    session["account_authentication_methods"] = [
        {**record, "at": time.time() - 360} for record in session["account_authentication_methods"]
    ]
    session.save()


def code_of(cast: Cast, person: str) -> str:
    authenticator = Authenticator.objects.get(user=cast.accounts[person], type="totp")
    secret = decrypt(authenticator.data["secret"])
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def test_the_check_page_says_what_is_missing_and_why_something_does_not_apply(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, {5: 1})
    save(cast.ayesha, assessment, Change(0, level=254, reason="We run no such thing."), Change(1, level=2))
    text = cast.client("bilal").get(address(assessment, "check/")).content.decode()
    assert "We run no such thing." in text
    assert "103 requirements have no answer." in text
    assert "1 answer is only carried forward from last year." in text
    assert "Sign and hand in" in text
    assert "Sign and hand in" not in cast.client("ayesha").get(address(assessment, "check/")).content.decode()


def test_whoever_showed_a_second_factor_lately_signs_and_gets_a_receipt(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    client = cast.client("bilal")
    answer = client.post(address(assessment, "submit/"), {"version": "1", "statement": "yes"})
    assert answer["Location"] == address(assessment, "versions/1/")
    text = client.get(answer["Location"]).content.decode()
    with acting(cast.bilal, reason="look"):
        digest = Submission.objects.get().digest
    assert digest in text
    assert "sealed every minute" in text
    assert client.get(address(assessment, "versions/1/proof.json")).status_code == 404
    with acting(system(), reason="seal"):
        ledger.seal(now=NOW)
    proof = json.loads(client.get(address(assessment, "versions/1/proof.json")).content)
    assert proof.pop("digest") == digest
    assert ledger.check_proof(proof)
    signed = client.get(address(assessment, "versions/1/signed.json")).content
    assert sha256(signed).hexdigest() == digest
    for place in ("versions/1/", "versions/1/proof.json", "versions/1/signed.json", "versions/"):
        assert cast.client("bushra").get(address(assessment, place)).status_code == 404


def test_a_code_signs_when_the_second_factor_was_shown_too_long_ago(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    client = cast.client("bilal")
    forget_second_factor(client)
    fields = {"version": "1", "statement": "yes"}
    assert client.post(address(assessment, "submit/"), fields).status_code == 403
    assert client.post(address(assessment, "submit/"), fields | {"code": "000000"}).status_code == 422
    assert alpha(campaign).state == "open"
    assert client.post(address(assessment, "submit/"), fields | {"code": code_of(cast, "bilal")}).status_code == 302
    assert alpha(campaign).state == "submitted"


def test_without_any_second_factor_one_is_set_up_first(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    client = cast.client("bilal", second_factor=False)
    page = client.get(address(assessment, "check/")).content.decode()
    assert "Set up a second factor" in page
    fields = {"version": "1", "statement": "yes"}
    assert client.post(address(assessment, "submit/"), fields).status_code == 403
    assert client.post(address(assessment, "submit/"), fields | {"code": "123456"}).status_code == 422
    assert alpha(campaign).state == "open"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"version": "1"},
        {"statement": "yes"},
        {"version": "0", "statement": "yes"},
        {"version": "9" * 5_000, "statement": "yes"},
    ],
)
def test_an_incomplete_or_stale_signature_is_refused(cast: Cast, campaign: Campaign, fields: dict[str, str]) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    answer = cast.client("bilal").post(address(assessment, "submit/"), fields)
    assert answer.status_code in {409, 422}
    assert alpha(campaign).state == "open"


def test_a_reporter_cannot_sign(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    answer = cast.client("ayesha").post(address(assessment, "submit/"), {"version": "1", "statement": "yes"})
    assert answer.status_code == 403
    assert alpha(campaign).state == "open"


def test_the_versions_page_says_what_changed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("bilal")
    assert b"Nothing is signed yet" in client.get(address(assessment, "versions/")).content
    fill(cast.ayesha, assessment, level=1)
    client.post(address(assessment, "submit/"), {"version": "1", "statement": "yes"})
    with acting(system(), reason="return"):
        Assessment.objects.filter(pk=assessment.pk).update(state="returned")
    save(cast.ayesha, assessment, Change(0, level=3), version=1)
    client.post(address(assessment, "submit/"), {"version": "2", "statement": "yes"})
    text = client.get(address(assessment, "versions/")).content.decode()
    assert "What changed from version" in text
    assert "Raised from level 1 to level 3." in text
    assert (
        "Lowered from level 3 to level 1." in client.get(address(assessment, "versions/?from=2&to=1")).content.decode()
    )
    assert client.get(address(assessment, "versions/?from=x&to=99")).status_code == 200
    assert client.get(address(assessment, "versions/9/")).status_code == 404
