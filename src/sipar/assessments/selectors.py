"""Reading assessments and the answers in them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from numpy.typing import NDArray

from sipar.assessments.answer_changes import Answer
from sipar.assessments.models import AnswerNote, Assessment, Engagement, Evidence, SectionDelegation, Submission
from sipar.core.acting import Actor
from sipar.core.models import Event
from sipar.core.problems import not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.roles import ENGAGED_ROLES, TEAM_ROLES
from sipar.posture.levels import UNANSWERED, Levels

OPEN_STATES = ("open", "returned")
TOUCHED = np.dtype("<u4")
# Vectors stay out of lists: they are what makes a row large.
VECTORS = ("levels", "carried", "standing", "touched")


def assessments_open_to(actor: Actor) -> QuerySet[Assessment]:
    """Every assessment that the actor may read. Row-level security goes by organisation; a consultant's and an
    auditor's engagement is also for one campaign."""
    rows = Assessment.objects.select_related("campaign", "organisation")
    if not actor.holds(*ENGAGED_ROLES) or actor.holds(*TEAM_ROLES):
        return rows
    engagement = Engagement.objects.filter(
        account_id=actor.account,
        campaign=OuterRef("campaign"),
        scope__organisation=OuterRef("organisation"),
        valid_from__lte=Now(),
        valid_until__gt=Now(),
        ended_at=None,
    )
    return rows.filter(Q(organisation__in=actor.organisations) | Exists(engagement))


def access_assessment(actor: Actor, assessment_id: int, *, for_update: bool = False) -> Assessment:
    """The assessment with its campaign and organisation; raises `NotFound` where it is not open to the actor.

    `for_update` locks the row until the transaction ends.
    """
    rows = assessments_open_to(actor)
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=assessment_id).first()
    if found is None:
        raise not_open("assessment")
    return found


def working_levels(assessment: Assessment, loaded: LoadedFramework) -> Levels:
    """A copy of what the organisation is writing, as uint8[R]: its levels, else the carried ones, else unanswered."""
    blob = assessment.levels or assessment.carried
    if blob is None:
        return np.full(len(loaded.requirements), UNANSWERED, dtype=np.uint8)
    return np.frombuffer(bytes(blob), dtype=np.uint8).copy()


def touched_by(assessment: Assessment, loaded: LoadedFramework) -> NDArray[np.uint32]:
    """A copy of the number of the save that last wrote each answer, as uint32[R]; 0 where none did."""
    if assessment.touched is None:
        return np.zeros(len(loaded.requirements), dtype=TOUCHED)
    return np.frombuffer(bytes(assessment.touched), dtype=TOUCHED).copy()


def unconfirmed(assessment: Assessment, loaded: LoadedFramework) -> NDArray[np.bool_]:
    """Which answers stand only because they were carried forward, as bool[R]."""
    if assessment.carried is None:
        return np.zeros(len(loaded.requirements), dtype=np.bool_)
    carried = np.frombuffer(bytes(assessment.carried), dtype=np.uint8)
    untouched = touched_by(assessment, loaded) == 0
    waiting: NDArray[np.bool_] = (carried != UNANSWERED) & untouched & (working_levels(assessment, loaded) == carried)
    return waiting


def is_open_for_answers(assessment: Assessment, *, now: datetime) -> bool:
    """Whether the campaign runs now and the assessment is with the organisation."""
    campaign = assessment.campaign
    runs = campaign.state == "open" and campaign.opens_at <= now <= campaign.closes_at
    return runs and assessment.state in OPEN_STATES


def notes_of(assessment: Assessment, positions: list[int] | None = None) -> dict[int, AnswerNote]:
    """The notes beside the answers by position; of the given positions only, where given."""
    rows = AnswerNote.objects.filter(assessment=assessment)
    if positions is not None:
        rows = rows.filter(position__in=positions)
    return {note.position: note for note in rows}


def answer_at(position: int, levels: Levels, notes: dict[int, AnswerNote]) -> Answer:
    """One answer as it stands, out of the vector and the notes."""
    note = notes.get(position)
    if note is None:
        return Answer(level=int(levels[position]))
    return Answer(level=int(levels[position]), comment=note.comment, reason=note.not_applicable_reason)


def last_years_answers(
    assessment: Assessment, framework: LoadedFramework, positions: list[int] | None = None
) -> dict[int, Answer]:
    """The carried answers by position, with what was written beside them in the campaign before."""
    if assessment.carried is None:
        return {}
    carried = np.frombuffer(bytes(assessment.carried), dtype=np.uint8)
    notes: dict[int, AnswerNote] = {}
    earlier = (
        Assessment.objects.filter(campaign=assessment.campaign.previous_id, organisation=assessment.organisation_id)
        .select_related("campaign")
        .defer(*VECTORS)
        .first()
    )
    if earlier is not None:
        names = loaded(earlier.campaign.framework_id).requirements
        notes = {
            framework.positions[names[place].id]: note
            for place, note in notes_of(earlier).items()
            if place < len(names) and names[place].id in framework.positions
        }
    wanted = np.flatnonzero(carried != UNANSWERED) if positions is None else np.array(positions, dtype=np.intp)
    return {int(place): answer_at(int(place), carried, notes) for place in wanted if carried[place] != UNANSWERED}


def evidence_of(assessment: Assessment, positions: list[int] | None = None) -> dict[int, list[Evidence]]:
    """The evidence that stands beside each position, oldest first; removed pieces are left out."""
    rows = Evidence.objects.filter(assessment=assessment, removed_at=None).select_related("file").order_by("id")
    if positions is not None:
        rows = rows.filter(position__in=positions)
    found: dict[int, list[Evidence]] = {}
    for piece in rows:
        found.setdefault(piece.position, []).append(piece)
    return found


def access_evidence(actor: Actor, assessment_id: int, evidence_id: int) -> Evidence:
    """A piece of evidence of this assessment, removed or not; raises `NotFound` where it is not open to the actor."""
    assessment = access_assessment(actor, assessment_id)
    found = Evidence.objects.filter(pk=evidence_id, assessment=assessment).select_related("file").first()
    if found is None:
        raise not_open("piece of evidence")
    return found


def delegations_of(assessment: Assessment) -> dict[str, SectionDelegation]:
    """Who was asked to answer which section, by group."""
    return {row.group: row for row in SectionDelegation.objects.filter(assessment=assessment).select_related("account")}


def sections_asked_of(actor: Actor) -> QuerySet[SectionDelegation]:
    """The sections that colleagues asked the actor to answer and that are not done yet."""
    return (
        SectionDelegation.objects.filter(
            account_id=actor.account, done_at=None, assessment__state__in=OPEN_STATES,
            assessment__campaign__state="open",
        )
        .select_related("assessment__campaign", "organisation")
        .defer(*(f"assessment__{name}" for name in VECTORS))
        .order_by("assessment__campaign__closes_at", "id")
    )  # fmt: skip


def versions_of(assessment: Assessment) -> list[Submission]:
    """Every signed version, the newest first."""
    return list(Submission.objects.filter(assessment=assessment).select_related("signed_by").order_by("-number"))


def access_version(actor: Actor, assessment_id: int, number: int) -> Submission:
    """One signed version with its assessment; raises `NotFound` where it is not open to the actor."""
    assessment = access_assessment(actor, assessment_id)
    found = Submission.objects.filter(assessment=assessment, number=number).select_related("signed_by").first()
    if found is None:
        raise not_open("version")
    found.assessment = assessment
    return found


def ledger_event_of(submission: Submission) -> int | None:
    """The ledger event that recorded a signed version, or None where the actor may not see it."""
    rows = Event.objects.filter(table_name="assessments_submission", row_key=str(submission.pk), operation="insert")
    return rows.values_list("pk", flat=True).first()


def standing_answers(organisation: int, framework: int) -> Levels | None:
    """The newest answers of an organisation to a framework version that count, as uint8[R]; None where there are
    none, or where they are not open to the actor."""
    rows = Assessment.objects.filter(organisation=organisation, campaign__framework=framework, standing__isnull=False)
    blob = rows.order_by("-campaign__opens_at", "-pk").values_list("standing", flat=True).first()
    return None if blob is None else np.frombuffer(bytes(blob), dtype=np.uint8)
