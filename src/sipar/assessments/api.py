"""REST operations of assessments: read them, answer them, add evidence, read signed versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from sipar.assessments.actions import save_answers
from sipar.assessments.answer_changes import LONGEST_COMMENT, LONGEST_REASON, Change, level_from, level_to, text_from
from sipar.assessments.evidence_actions import add_evidence_file, add_evidence_link
from sipar.assessments.list_selectors import queue
from sipar.assessments.models import Assessment, Evidence
from sipar.assessments.progress import progress_of
from sipar.assessments.selectors import (
    access_assessment,
    answer_at,
    evidence_of,
    notes_of,
    unconfirmed,
    versions_of,
    working_levels,
)
from sipar.core.acting import Actor
from sipar.core.api import PROBLEMS, Entry, Whole, Window
from sipar.core.files import MAX_BYTES
from sipar.core.gates import Gate
from sipar.core.problems import Invalid, Place
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.gates import ASSESSMENT_READERS
from sipar.people.roles import ORGANISATION_ROLES

router = Router(tags=["assessments"])

ANSWERING = Gate("answering", frozenset(ORGANISATION_ROLES), scope="answer")

State = Literal["open", "submitted", "returned", "accepted"]


class AssessmentOut(Schema):
    """One organisation in one campaign. `mean` and `floor` are those of what counts, once something was signed."""

    id: int
    organisation: str
    campaign: str
    state: State
    profile: str
    version: int
    submissions: int
    answered: int
    mean: float | None
    floor: float | None
    gaps: int | None
    meets_target: bool | None
    submitted_at: datetime | None


class AssessmentPage(Schema):
    total: int
    items: list[AssessmentOut]


class EvidenceOut(Schema):
    """A file (`sha256`, `size`) or a link."""

    id: int
    title: str
    link: str
    sha256: str | None
    size: int | None


class AnswerOut(Schema):
    """`level` is a whole number of the scale, `na`, or null. `carried`: last year's, not confirmed yet."""

    requirement: str
    level: int | Literal["na"] | None
    comment: str
    reason: str
    carried: bool
    evidence: list[EvidenceOut]


class AssessmentDetail(AssessmentOut):
    framework: str
    framework_version: str
    levels: list[AnswerOut]


class AnswerIn(Schema):
    """A change of one answer; what is left out stays as it is."""

    requirement: Annotated[str, Field(max_length=120)]
    level: int | Literal["na"] | None = None
    comment: Annotated[str, Field(max_length=LONGEST_COMMENT)] | None = None
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] | None = None


class AnswersIn(Schema):
    """`version` is the save that the caller has seen; changes of answers that others wrote since are refused."""

    version: Whole
    answers: Annotated[list[AnswerIn], Field(max_length=5_000)]


class SavedOut(Schema):
    version: int
    written: list[str]
    settled: int
    unconfirmed: int
    missing: int


class EvidenceIn(Schema):
    requirement: Annotated[str, Field(max_length=120)]
    title: Annotated[str, Field(max_length=250)] = ""
    link: Annotated[str, Field(max_length=500)] = ""


class VersionOut(Schema):
    """A signed version; `digest` is SHA-256 over the canonical form of `snapshot`."""

    number: int
    signed_at: datetime
    signed_by: str
    signed_as: str
    digest: str
    snapshot: dict[str, Any]


class AssessmentWindow(Window):
    state: State | None = None


@router.get("/", auth=Entry(ASSESSMENT_READERS), response={200: AssessmentPage, **PROBLEMS})
def list_assessments(request: HttpRequest, window: Query[AssessmentWindow]) -> Any:
    """The assessments open to the caller, those handed in longest ago first."""
    rows = queue(_actor(request), state=window.state or "")
    return {"total": rows.count(), "items": [_summary(row) for row in window.of(rows)]}


@router.get("/{int:assessment_id}", auth=Entry(ASSESSMENT_READERS), response={200: AssessmentDetail, **PROBLEMS})
def get_assessment(request: HttpRequest, assessment_id: int) -> Any:
    """One assessment with every answer as it is being written."""
    assessment = access_assessment(_actor(request), assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    levels, notes = working_levels(assessment, framework), notes_of(assessment)
    carried, evidence = unconfirmed(assessment, framework), evidence_of(assessment)
    answers = []
    for position, requirement in enumerate(framework.requirements):
        answer = answer_at(position, levels, notes)
        answers.append(
            {
                "requirement": requirement.id,
                "level": level_to(answer.level),
                "comment": answer.comment,
                "reason": answer.reason,
                "carried": bool(carried[position]),
                "evidence": [_evidence(piece) for piece in evidence.get(position, ())],
            }
        )
    return _summary(assessment) | {
        "framework": framework.catalogue.identifier,
        "framework_version": framework.catalogue.version,
        "levels": answers,
    }


@router.put("/{int:assessment_id}/answers", auth=Entry(ANSWERING), response={200: SavedOut, **PROBLEMS})
def put_answers(request: HttpRequest, assessment_id: int, body: AnswersIn) -> Any:
    """Change answers, all of them or none."""
    actor = _actor(request)
    assessment = access_assessment(actor, assessment_id)
    framework = loaded(assessment.campaign.framework_id)
    changes = [_change(place, answer, framework) for place, answer in enumerate(body.answers)]
    saved = save_answers(actor, assessment_id, changes, version=body.version, now=timezone.now())
    progress = progress_of(saved.assessment, framework)
    return {
        "version": saved.assessment.version,
        "written": [framework.requirements[position].id for position in saved.written],
        "settled": progress.settled,
        "unconfirmed": progress.unconfirmed,
        "missing": progress.missing,
    }


@router.post("/{int:assessment_id}/evidence", auth=Entry(ANSWERING), response={201: EvidenceOut, **PROBLEMS})
def post_evidence(
    request: HttpRequest, assessment_id: int, body: Form[EvidenceIn], file: File[UploadedFile | None] = None
) -> Any:
    """Put a file or a link beside an answer."""
    actor, now = _actor(request), timezone.now()
    assessment = access_assessment(actor, assessment_id)
    position = _position(body.requirement, loaded(assessment.campaign.framework_id), "requirement")
    if (file is None) == (not body.link):
        raise _refused("file", _("Send either a file or a link."))
    if file is None:
        made = add_evidence_link(actor, assessment_id, position, link=body.link, title=body.title, now=now)
        return Status(201, _evidence(made))
    if (file.size or 0) > MAX_BYTES:
        raise _refused("file", _("The file is larger than %(most)s MB.") % {"most": MAX_BYTES // 2**20})
    made = add_evidence_file(
        actor, assessment_id, position, content=file.read(), name=file.name or "", title=body.title, now=now
    )
    return Status(201, _evidence(made))


@router.get(
    "/{int:assessment_id}/versions", auth=Entry(ASSESSMENT_READERS), response={200: list[VersionOut], **PROBLEMS}
)
def list_versions(request: HttpRequest, assessment_id: int) -> Any:
    """Every signed version, the newest first."""
    return [
        {
            "number": version.number,
            "signed_at": version.signed_at,
            "signed_by": version.signed_by.name,
            "signed_as": version.signed_as,
            "digest": version.digest,
            "snapshot": version.snapshot,
        }
        for version in versions_of(access_assessment(_actor(request), assessment_id))
    ]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _summary(row: Assessment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "organisation": row.organisation.identifier,
        "campaign": row.campaign.code,
        "state": row.state,
        "profile": row.profile,
        "version": row.version,
        "submissions": row.submissions,
        "answered": row.answered,
        "mean": row.mean,
        "floor": row.floor,
        "gaps": row.gaps,
        "meets_target": row.meets_target,
        "submitted_at": row.submitted_at,
    }


def _evidence(piece: Evidence) -> dict[str, Any]:
    file = piece.file
    return {
        "id": piece.pk,
        "title": piece.title,
        "link": piece.link,
        "sha256": file.sha256 if file else None,
        "size": file.size if file else None,
    }


def _change(place: int, answer: AnswerIn, framework: LoadedFramework) -> Change:
    where = f"answers/{place}"
    given = answer.model_fields_set
    return Change(
        position=_position(answer.requirement, framework, f"{where}/requirement"),
        level=level_from(answer.level, framework, f"{where}/level") if "level" in given else None,
        comment=text_from(answer.comment, where, longest=LONGEST_COMMENT) if "comment" in given else None,
        reason=text_from(answer.reason, where, longest=LONGEST_REASON) if "reason" in given else None,
        where=(where,),
    )


def _position(requirement: str, framework: LoadedFramework, where: str) -> int:
    position = framework.positions.get(requirement)
    if position is None:
        raise _refused(where, _("The framework has no requirement of this number."))
    return position


def _refused(where: str, sentence: str) -> Invalid:
    return Invalid(_("The request could not be read."), code="answer.input", places=[Place(where, sentence)])
