"""Signing: who may, with what, and what a signed version holds for good."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.assessments.answer_changes import Change
from sipar.assessments.evidence_actions import add_evidence_link
from sipar.assessments.models import Assessment, Campaign, Submission
from sipar.assessments.selectors import access_version, ledger_event_of
from sipar.assessments.submissions import canonical, differences
from sipar.assessments.submit_actions import SecondFactor, submit_assessment
from sipar.assessments.tests.answering import FRESH, alpha, carry, fill, save
from sipar.core import ledger
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.people.actions import grant_role
from sipar.people.selectors import actor_of
from sipar.posture.levels import NOT_APPLICABLE


def sign(
    actor: Actor,
    assessment: Assessment,
    *,
    version: int,
    factor: SecondFactor | None = FRESH,
    accept_missing: bool = False,
) -> Submission:
    with acting(actor, reason="sign"):
        return submit_assessment(
            actor, assessment.pk, version=version, second_factor=factor, accept_missing=accept_missing, now=NOW
        )


def test_signing_makes_a_version_that_counts(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment, level=2)
    submission = sign(cast.bilal, assessment, version=1)
    after = alpha(campaign)
    assert (after.state, after.submissions, after.submitted_by_id) == ("submitted", 1, cast.bilal.account)
    assert bytes(after.standing or b"") == bytes([2]) * 106
    assert after.mean == 2.0
    assert (submission.signed_as, submission.second_factor) == ("ciso", "totp")
    text = json.dumps(submission.snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert submission.digest == sha256(text.encode()).hexdigest()
    assert canonical(submission.snapshot) == text.encode()


def test_the_digest_covers_levels_comments_and_evidence(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    save(cast.ayesha, assessment, Change(0, comment="A comment."), version=1)
    save(cast.ayesha, assessment, Change(1, level=NOT_APPLICABLE, reason="None here."), version=2)
    with acting(cast.ayesha, reason="evidence"):
        add_evidence_link(cast.ayesha, assessment.pk, 2, link="https://alpha.example/policy", title="Policy", now=NOW)
    snapshot = sign(cast.bilal, assessment, version=3).snapshot
    names = list(snapshot["levels"])
    assert snapshot["levels"][names[1]] == "na"
    assert snapshot["comments"] == {names[0]: "A comment."}
    assert snapshot["not_applicable"] == {names[1]: "None here."}
    assert snapshot["evidence"] == {names[2]: [{"title": "Policy", "link": "https://alpha.example/policy"}]}


def test_a_reporter_does_not_sign_unless_the_role_was_delegated(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    with pytest.raises(Forbidden):
        sign(cast.ayesha, assessment, version=1)
    with acting(system(), reason="delegate the role"):
        grant_role(
            system(), cast.accounts["ayesha"], "ciso", organisation=cast.organisations["alpha"].pk,
            valid_until=NOW + timedelta(days=3650), now=NOW - timedelta(days=1),
        )  # fmt: skip
    sign(actor_of(cast.accounts["ayesha"], now=NOW, verified=True), assessment, version=1)


@pytest.mark.parametrize(
    "factor", [None, SecondFactor("totp", NOW - timedelta(minutes=6)), SecondFactor("totp", NOW + timedelta(minutes=1))]
)
def test_signing_needs_a_second_factor_of_the_last_five_minutes(
    cast: Cast, campaign: Campaign, factor: SecondFactor | None
) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    with pytest.raises(Forbidden) as refusal:
        sign(cast.bilal, assessment, version=1, factor=factor)
    assert refusal.value.code == "second_factor"
    assert alpha(campaign).state == "open"


@pytest.mark.parametrize("person", ["parveen", "nadia", "chand", "mina"])
def test_nobody_outside_the_organisation_signs_for_it(cast: Cast, campaign: Campaign, person: str) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    with pytest.raises(Forbidden):
        sign(cast.actors[person], assessment, version=1)
    with pytest.raises(NotFound):
        sign(cast.bushra, assessment, version=1)


def test_a_token_cannot_sign(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    token = Actor(cast.bilal.account, "t", cast.bilal.grants, scopes=frozenset({"answer"}), verified=True)
    with pytest.raises(Forbidden):
        sign(token, assessment, version=1)


def test_carried_answers_that_nobody_confirmed_cannot_be_signed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, dict.fromkeys(range(106), 1))
    with pytest.raises(Invalid) as refusal:
        sign(cast.bilal, assessment, version=0, accept_missing=True)
    assert [place.where for place in refusal.value.places] == ["carried"]
    save(cast.ayesha, assessment, *(Change(position, confirm=True) for position in range(106)))
    assert bytes(sign(cast.bilal, assessment, version=1).levels) == bytes([1]) * 106


def test_missing_answers_are_handed_in_only_knowingly(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(0, level=2))
    with pytest.raises(Invalid) as refusal:
        sign(cast.bilal, assessment, version=1)
    assert [place.where for place in refusal.value.places] == ["accept_missing"]
    assert "105 requirements" in refusal.value.places[0].sentence
    sign(cast.bilal, assessment, version=1, accept_missing=True)


def test_what_changed_after_checking_is_not_signed_unseen(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    save(cast.ayesha, assessment, Change(0, level=0), version=1)
    with pytest.raises(Conflict):
        sign(cast.bilal, assessment, version=1)


def test_a_returned_assessment_is_signed_again_and_the_difference_is_said_in_words(
    cast: Cast, campaign: Campaign
) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment, level=2)
    first = sign(cast.bilal, assessment, version=1)
    with pytest.raises(Conflict):
        sign(cast.bilal, assessment, version=1)
    with acting(system(), reason="return"):
        Assessment.objects.filter(pk=assessment.pk).update(state="returned")
    save(cast.ayesha, assessment, Change(0, level=3, comment="Better now."), Change(1, level=1), version=1)
    save(cast.ayesha, assessment, Change(2, level=NOT_APPLICABLE, reason="Sold."), version=2)
    second = sign(cast.bilal, assessment, version=3)
    assert second.number == 2
    found = [(difference.kind, difference.sentence) for difference in differences(first.snapshot, second.snapshot)]
    assert found == [
        ("raised", "Raised from level 2 to level 3."),
        ("text", "A comment was added."),
        ("lowered", "Lowered from level 2 to level 1."),
        ("changed", "Changed from level 2 to not applicable."),
        ("text", "A reason why it does not apply was given."),
    ]
    assert differences(second.snapshot, second.snapshot) == []


def test_a_draft_after_a_return_leaves_what_counts_alone(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment, level=2)
    sign(cast.bilal, assessment, version=1)
    with acting(system(), reason="return"):
        Assessment.objects.filter(pk=assessment.pk).update(state="returned")
    save(cast.ayesha, assessment, Change(0, level=0), version=1)
    after = alpha(campaign)
    assert after.mean == 2.0
    assert bytes(after.standing or b"")[0] == 2
    assert bytes(after.levels or b"")[0] == 0


def test_a_signed_version_cannot_be_changed_or_removed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    submission = sign(cast.bilal, assessment, version=1)
    with acting(cast.bilal, reason="tamper"):
        with pytest.raises(DatabaseError), transaction.atomic():
            Submission.objects.filter(pk=submission.pk).update(digest="0" * 64)
        with pytest.raises(DatabaseError), transaction.atomic():
            Submission.objects.filter(pk=submission.pk).delete()


def test_the_receipt_proves_itself_from_the_ledger(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    submission = sign(cast.bilal, assessment, version=1)
    with acting(system(), reason="seal"):
        ledger.seal(now=NOW)
    with acting(cast.bilal, reason="ask for proof"):
        event = ledger_event_of(submission)
        assert event is not None
        assert ledger.check_proof(ledger.proof_for(event))
        assert access_version(cast.bilal, assessment.pk, 1).digest == submission.digest
        with pytest.raises(NotFound):
            access_version(cast.bilal, assessment.pk, 2)
    with acting(cast.bushra, reason="pry"):
        assert ledger_event_of(submission) is None
        with pytest.raises(NotFound):
            access_version(cast.bushra, assessment.pk, 1)
