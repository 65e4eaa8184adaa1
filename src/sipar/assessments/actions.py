"""Answering: every change of an organisation's answers before it signs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from sipar.assessments.answer_changes import Answer, Change, checked, text_from
from sipar.assessments.answer_conflicts import refuse_lost_updates
from sipar.assessments.models import AnswerNote, Assessment, SectionDelegation
from sipar.assessments.policy import require_may_answer
from sipar.assessments.scoring import rescored
from sipar.assessments.selectors import (
    access_assessment,
    answer_at,
    is_open_for_answers,
    last_years_answers,
    notes_of,
    touched_by,
    unconfirmed,
    working_levels,
)
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place, not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.selectors import people_of_organisation
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels


@dataclass(frozen=True)
class Saved:
    """The assessment after a save, and the positions that were written."""

    assessment: Assessment
    framework: LoadedFramework
    written: tuple[int, ...]


@action("assessment.answer")
def save_answers(actor: Actor, assessment_id: int, changes: Sequence[Change], *, version: int, now: datetime) -> Saved:
    """Keep changed answers. `version` is the save that their writer had seen.

    Changes of answers that nobody else wrote since then are merged; a change of one that somebody did is refused
    by name (Conflict `answer.conflict`), and then nothing of this save is kept. Raises Invalid for an answer that
    is not applicable without a reason.
    """
    assessment = open_for_answers(actor, assessment_id, now=now)
    framework = loaded(assessment.campaign.framework_id)
    checked(changes, framework)
    levels, touched = working_levels(assessment, framework), touched_by(assessment, framework)
    waiting = unconfirmed(assessment, framework)
    notes = notes_of(assessment, [change.position for change in changes])
    before = {change.position: answer_at(change.position, levels, notes) for change in changes}
    real = [change for change in changes if _changes_something(change, before[change.position], waiting)]
    refuse_lost_updates(
        real, before=before, touched=touched, version=version, current=assessment.version, framework=framework
    )
    if not real:
        return Saved(assessment, framework, ())
    real = _with_last_years_reasons(real, before, assessment, framework)
    after = {change.position: before[change.position].changed_by(change) for change in real}
    _refuse_missing_reasons(real, after, framework)
    for position, answer in after.items():
        levels[position] = answer.level
    _keep(assessment, framework, levels, touched, list(after), now=now)
    _keep_notes(assessment, {place: answer for place, answer in after.items() if answer != before[place]})
    return Saved(assessment, framework, tuple(after))


@action("assessment.confirm")
def confirm_section(actor: Actor, assessment_id: int, group: str, *, version: int, now: datetime) -> Saved:
    """Keep every carried answer of a section as it was last year."""
    assessment = open_for_answers(actor, assessment_id, now=now)
    framework = loaded(assessment.campaign.framework_id)
    positions = section_of(framework, group)
    waiting = unconfirmed(assessment, framework)
    changes = [
        Change(position, confirm=True, where=(f"confirm-{position}",)) for position in positions if waiting[position]
    ]
    return save_answers(actor, assessment_id, changes, version=version, now=now)


@action("assessment.delegate")
def delegate_section(
    actor: Actor, assessment_id: int, group: str, *, account_id: int, note: str = "", now: datetime
) -> SectionDelegation:
    """Ask a colleague of the same organisation to answer a section; asking another one replaces the first."""
    assessment = open_for_answers(actor, assessment_id, now=now)
    section_of(loaded(assessment.campaign.framework_id), group)
    colleagues = people_of_organisation(assessment.organisation_id, now=now)
    if not colleagues.filter(account_id=account_id, account__is_active=True).exists():
        sentence = _("Choose a person who has a role at this organisation.")
        raise Invalid(sentence, code="delegation.stranger", places=[Place("account", sentence)])
    delegation, _created = SectionDelegation.objects.update_or_create(
        assessment=assessment,
        group=group,
        defaults={
            "organisation_id": assessment.organisation_id,
            "account_id": account_id,
            "asked_by_id": actor.account,
            "asked_at": now,
            "note": text_from(note, "note", longest=500),
            "done_at": None,
        },
    )
    return delegation


@action("assessment.finish_delegation")
def finish_section(actor: Actor, assessment_id: int, group: str, *, now: datetime) -> None:
    """Say that a section one was asked to answer is done."""
    assessment = access_assessment(actor, assessment_id)
    require_may_answer(actor, assessment)
    section_of(loaded(assessment.campaign.framework_id), group)
    delegation = SectionDelegation.objects.filter(assessment=assessment, group=group).first()
    if delegation is None:
        raise not_open("section")
    if actor.account not in (delegation.account_id, delegation.asked_by_id):
        raise Forbidden(_("Only the person who was asked says that a section is done."), code="delegation.forbidden")
    SectionDelegation.objects.filter(pk=delegation.pk, done_at=None).update(done_at=now)


@action("assessment.withdraw_delegation")
def withdraw_delegation(actor: Actor, assessment_id: int, group: str, *, now: datetime) -> None:
    """Take back the request to a colleague; the ledger keeps that it was made."""
    assessment = open_for_answers(actor, assessment_id, now=now)
    section_of(loaded(assessment.campaign.framework_id), group)
    removed, _rows = SectionDelegation.objects.filter(assessment=assessment, group=group).delete()
    if not removed:
        raise not_open("section")


def open_for_answers(actor: Actor, assessment_id: int, *, now: datetime) -> Assessment:
    """The locked assessment, if the actor may answer it now. Raises NotFound, Forbidden or Conflict."""
    assessment = access_assessment(actor, assessment_id)
    require_may_answer(actor, assessment)
    assessment = access_assessment(actor, assessment_id, for_update=True)
    if not is_open_for_answers(assessment, now=now):
        raise Conflict(
            _("This assessment takes no answers now: it is with the reviewers, or its campaign is closed."),
            code="assessment.closed",
        )
    return assessment


def section_of(framework: LoadedFramework, group: str) -> list[int]:
    """The positions of a section; raises NotFound for a group that holds no requirement."""
    positions = framework.sections.get(group)
    if positions is None:
        raise not_open("section")
    return positions


def _changes_something(change: Change, before: Answer, waiting: NDArray[np.bool_]) -> bool:
    settles = bool(waiting[change.position]) and (change.confirm or change.level is not None)
    return settles or before.changed_by(change) != before


def _with_last_years_reasons(
    changes: list[Change], before: dict[int, Answer], assessment: Assessment, framework: LoadedFramework
) -> list[Change]:
    """A carried "not applicable" that is confirmed keeps the reason that was given for it."""
    bare = [
        change.position
        for change in changes
        if change.reason is None
        and before[change.position].changed_by(change).level == NOT_APPLICABLE
        and not before[change.position].reason
    ]
    if not bare:
        return changes
    earlier = last_years_answers(assessment, framework, bare)
    return [
        replace(change, reason=earlier[change.position].reason)
        if change.position in bare and change.position in earlier
        else change
        for change in changes
    ]


def _refuse_missing_reasons(changes: list[Change], after: dict[int, Answer], framework: LoadedFramework) -> None:
    places = [
        Place(
            next((where for where in change.where if where.startswith("reason")), (*change.where, "reason")[0]),
            _("%(requirement)s is marked not applicable. Say why.")
            % {"requirement": framework.requirements[change.position].id},
        )
        for change in changes
        if after[change.position].level == NOT_APPLICABLE and not after[change.position].reason
    ]
    if places:
        raise Invalid(_("An answer that does not apply needs a reason."), code="answer.reason", places=places)


def _keep(
    assessment: Assessment,
    framework: LoadedFramework,
    levels: Levels,
    touched: NDArray[np.uint32],
    positions: list[int],
    *,
    now: datetime,
) -> None:
    """Write the vector and count the save. Scores speak of what counts, so they move only until the first signature."""
    assessment.version += 1
    touched[positions] = assessment.version
    assessment.levels, assessment.touched, assessment.saved_at = levels.tobytes(), touched.tobytes(), now
    assessment.answered = int(np.count_nonzero(levels != UNANSWERED))
    written = ["version", "levels", "touched", "saved_at", "answered"]
    if assessment.standing is None:
        scores = rescored(assessment, levels, framework)
        for name, value in scores.items():
            setattr(assessment, name, value)
        written += [name for name in scores if name != "answered"]
    assessment.save(update_fields=written)


def _keep_notes(assessment: Assessment, answers: dict[int, Answer]) -> None:
    spoken = {place: answer for place, answer in answers.items() if answer.comment or answer.reason}
    silent = [place for place in answers if place not in spoken]
    AnswerNote.objects.bulk_create(
        [
            AnswerNote(
                assessment=assessment,
                organisation_id=assessment.organisation_id,
                position=place,
                comment=answer.comment,
                not_applicable_reason=answer.reason,
            )
            for place, answer in sorted(spoken.items())
        ],
        update_conflicts=True,
        unique_fields=["assessment", "position"],
        update_fields=["comment", "not_applicable_reason"],
    )
    if silent:
        AnswerNote.objects.filter(assessment=assessment, position__in=silent).delete()
