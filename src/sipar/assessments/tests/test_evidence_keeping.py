"""Evidence: what is taken, who may, and that nothing of it is lost."""

from __future__ import annotations

import pytest
from tests.cast import NOW, Cast

from sipar.assessments.evidence_actions import (
    MOST_FOR_ONE_ANSWER,
    add_evidence_file,
    add_evidence_link,
    remove_evidence,
)
from sipar.assessments.models import Assessment, Campaign, Evidence
from sipar.assessments.selectors import access_evidence, evidence_of
from sipar.assessments.tests.answering import alpha, assessment_of
from sipar.core.acting import acting
from sipar.core.files import read_file
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound

PDF = b"%PDF-1.7\nA policy.\n%%EOF\n"


def add(cast: Cast, person: str, assessment: Assessment, position: int = 4) -> Evidence:
    actor = cast.actors[person]
    with acting(actor, reason="evidence"):
        return add_evidence_file(actor, assessment.pk, position, content=PDF, name="policy.pdf", now=NOW)


def test_a_file_is_kept_with_its_hash_beside_the_answer(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    piece = add(cast, "ayesha", assessment)
    with acting(cast.parveen, reason="look"):
        (found,) = evidence_of(assessment)[4]
        assert found.file is not None
        assert found.pk == piece.pk
        assert found.file.sha256 == piece.file.sha256  # type: ignore[union-attr]
        assert read_file(found.file) == PDF
        assert found.title == "policy.pdf"


def test_a_link_must_be_a_web_address(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with acting(cast.ayesha, reason="evidence"):
        add_evidence_link(cast.ayesha, assessment.pk, 0, link="https://alpha.example/a", now=NOW)
        for bad in ("javascript:alert(1)", "ftp://alpha.example/", "no address", ""):
            with pytest.raises(Invalid):
                add_evidence_link(cast.ayesha, assessment.pk, 0, link=bad, now=NOW)


@pytest.mark.parametrize(("name", "content"), [("a.exe", b"MZ\x90\x00"), ("a.pdf", b""), ("a.pdf", b"plain words")])
def test_other_files_are_refused(cast: Cast, campaign: Campaign, name: str, content: bytes) -> None:
    assessment = alpha(campaign)
    with acting(cast.ayesha, reason="evidence"), pytest.raises(Invalid):
        add_evidence_file(cast.ayesha, assessment.pk, 0, content=content, name=name, now=NOW)


def test_removed_evidence_leaves_the_answer_but_not_the_history(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    piece = add(cast, "ayesha", assessment)
    with acting(cast.ayesha, reason="remove"):
        remove_evidence(cast.ayesha, assessment.pk, piece.pk, now=NOW)
        assert evidence_of(assessment) == {}
        assert access_evidence(cast.ayesha, assessment.pk, piece.pk).removed_at == NOW
        with pytest.raises(Conflict):
            remove_evidence(cast.ayesha, assessment.pk, piece.pk, now=NOW)


def test_evidence_is_reached_only_through_its_own_assessment(cast: Cast, campaign: Campaign) -> None:
    piece = add(cast, "ayesha", alpha(campaign))
    beta = assessment_of(campaign, "PK-T-0002")
    with acting(cast.nadia, reason="look"), pytest.raises(NotFound):
        access_evidence(cast.nadia, beta.pk, piece.pk)
    with acting(cast.bushra, reason="pry"), pytest.raises(NotFound):
        remove_evidence(cast.bushra, alpha_key(piece), piece.pk, now=NOW)
    with acting(cast.bushra, reason="pry"), pytest.raises(NotFound):
        remove_evidence(cast.bushra, beta.pk, piece.pk, now=NOW)


def alpha_key(piece: Evidence) -> int:
    return piece.assessment_id


@pytest.mark.parametrize("person", ["parveen", "nadia", "mina"])
def test_readers_add_no_evidence(cast: Cast, campaign: Campaign, person: str) -> None:
    with pytest.raises(Forbidden):
        add(cast, person, alpha(campaign))


def test_after_submission_evidence_stays_as_it_is(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    piece = add(cast, "ayesha", assessment)
    with acting(system(), reason="as if submitted"):
        Assessment.objects.filter(pk=assessment.pk).update(state="submitted")
    with pytest.raises(Conflict):
        add(cast, "ayesha", assessment)
    with acting(cast.ayesha, reason="remove"), pytest.raises(Conflict):
        remove_evidence(cast.ayesha, assessment.pk, piece.pk, now=NOW)


def test_one_answer_carries_a_bounded_number_of_pieces(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with acting(cast.ayesha, reason="evidence"):
        for number in range(MOST_FOR_ONE_ANSWER):
            add_evidence_link(cast.ayesha, assessment.pk, 0, link=f"https://alpha.example/{number}", now=NOW)
        with pytest.raises(Invalid):
            add_evidence_link(cast.ayesha, assessment.pk, 0, link="https://alpha.example/more", now=NOW)
        with pytest.raises(Invalid):
            add_evidence_link(cast.ayesha, assessment.pk, 900, link="https://alpha.example/", now=NOW)
