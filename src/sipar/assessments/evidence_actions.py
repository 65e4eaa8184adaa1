"""Evidence beside an answer: files and links, added and taken away while the assessment is open."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from sipar.assessments.actions import open_for_answers
from sipar.assessments.answer_changes import text_from
from sipar.assessments.models import Assessment, Evidence
from sipar.assessments.selectors import access_evidence
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import keep_file
from sipar.core.problems import Conflict, Invalid, Place
from sipar.frameworks.selectors import loaded

MOST_FOR_ONE_ANSWER = 20
LONGEST_TITLE = 250
_address = URLValidator(schemes=["http", "https"])


@action("evidence.add_file")
def add_evidence_file(
    actor: Actor, assessment_id: int, position: int, *, content: bytes, name: str, title: str = "", now: datetime
) -> Evidence:
    """Put a file beside an answer; size, type and name are checked by `core.files`."""
    assessment = _open_at(actor, assessment_id, position, now=now)
    file = keep_file(actor, content, name=name, organisation=assessment.organisation_id, now=now)
    return Evidence.objects.create(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        position=position,
        title=text_from(title, "title", longest=LONGEST_TITLE) or file.name[:LONGEST_TITLE],
        file=file,
        added_by_id=actor.account,
        added_at=now,
    )


@action("evidence.add_link")
def add_evidence_link(
    actor: Actor, assessment_id: int, position: int, *, link: str, title: str = "", now: datetime
) -> Evidence:
    """Put the address of a page beside an answer; Sipar never opens it."""
    assessment = _open_at(actor, assessment_id, position, now=now)
    address = link.strip()
    try:
        _address(address)
    except ValidationError as problem:
        raise _refused("link", _("Give a whole address that begins with https://")) from problem
    if len(address) > 500:
        raise _refused("link", _("This address is longer than 500 characters."))
    return Evidence.objects.create(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        position=position,
        title=text_from(title, "title", longest=LONGEST_TITLE) or address[:LONGEST_TITLE],
        link=address,
        added_by_id=actor.account,
        added_at=now,
    )


@action("evidence.remove")
def remove_evidence(actor: Actor, assessment_id: int, evidence_id: int, *, now: datetime) -> None:
    """Take evidence away from an answer. The row and the file stay: signed versions and the ledger name them."""
    open_for_answers(actor, assessment_id, now=now)
    evidence = access_evidence(actor, assessment_id, evidence_id)
    if not Evidence.objects.filter(pk=evidence.pk, removed_at=None).update(removed_at=now):
        raise Conflict(_("This evidence was removed already."), code="evidence.removed")


def _open_at(actor: Actor, assessment_id: int, position: int, *, now: datetime) -> Assessment:
    assessment = open_for_answers(actor, assessment_id, now=now)
    if not 0 <= position < len(loaded(assessment.campaign.framework_id).requirements):
        raise _refused("position", _("There is no requirement at this position."))
    pieces = Evidence.objects.filter(assessment=assessment, position=position, removed_at=None).count()
    if pieces >= MOST_FOR_ONE_ANSWER:
        raise _refused(
            "file", _("One answer carries at most %(most)s pieces of evidence.") % {"most": MOST_FOR_ONE_ANSWER}
        )
    return assessment


def _refused(where: str, sentence: str) -> Invalid:
    return Invalid(_("This evidence cannot be kept."), code="evidence.input", places=[Place(where, sentence)])
