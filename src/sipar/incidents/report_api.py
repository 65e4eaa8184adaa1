"""REST operations of reporting: open, write, attach, send, and read one's own reports."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Header, Query, Router, Schema, Status
from ninja.files import UploadedFile

from sipar.core.acting import Actor
from sipar.core.api import PROBLEMS, Entry, Whole, Window
from sipar.core.files import MAX_BYTES
from sipar.core.numbers import ALPHABET
from sipar.core.problems import Conflict, Invalid, Place
from sipar.incidents.artefact_actions import receive_artefact
from sipar.incidents.models import Artefact, Incident
from sipar.incidents.report_actions import open_case, save_report
from sipar.incidents.report_gates import REPORT_READERS, REPORT_WRITERS
from sipar.incidents.report_selectors import access_report, attachments_of, own_reports
from sipar.obligations.models import Submission
from sipar.obligations.report_clocks import ReportClock, inquiry, submissions_of
from sipar.obligations.submit_actions import submit_stage
from sipar.orgs.selectors import access_organisation

router = Router(tags=["reports"])

Stage = Literal["early_warning", "notification", "intermediate", "progress", "final"]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
Facts = Annotated[dict[str, Any], Field(max_length=200)]
Names = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=200)]


class ReportIn(Schema):
    """A new report. `organisation` is the identifier of the register; facts by the vocabulary, instants as ISO 8601."""

    organisation: Annotated[str, Field(max_length=40)]
    facts: Facts = {}
    estimates: Names = []


class ReportChange(Schema):
    """Facts to keep (null takes one back); what is left out stays. `version` is the save that the caller has seen."""

    version: Whole
    facts: Facts = {}
    estimates: Names | None = None


class SubmissionIn(Schema):
    stage: Stage
    late_reason: Annotated[str, Field(max_length=4_000)] = ""


class ClockOut(Schema):
    """A duty that applies by what is known; `due_at` null: `clock` says why none runs."""

    regime: str
    stage: str
    kind: str
    cite: str
    clock: str
    due_at: datetime | None
    done_at: datetime | None
    waived: bool
    late: bool


class AttachmentOut(Schema):
    name: str
    size: int
    sha256: str
    quarantined: bool


class SubmissionOut(Schema):
    """A stage as it was sent; `digest` is SHA-256 over the canonical document that the receipt gives."""

    number: int
    stage: Stage
    facts: dict[str, Any]
    estimates: list[str]
    changed: dict[str, Any]
    late_reason: str
    door: str
    digest: str
    signature: str
    submitted_at: datetime


class ReportSummary(Schema):
    number: str
    organisation: str
    state: str
    title: str
    opened_at: datetime
    reported_at: datetime | None


class ReportOut(ReportSummary):
    """`asks`: facts that the next stage asks and nobody has given yet."""

    version: int
    facts: dict[str, Any]
    estimates: list[str]
    next_stage: Stage
    asks: list[str]
    clocks: list[ClockOut]
    attachments: list[AttachmentOut]
    submissions: int


class ReportPage(Schema):
    total: int
    items: list[ReportSummary]


@router.get("/reports", auth=Entry(REPORT_READERS), response={200: ReportPage, **PROBLEMS})
def list_reports(request: HttpRequest, window: Query[Window]) -> Any:
    """The reports of the caller's own organisation, drafts too, newest first."""
    rows = own_reports(_actor(request))
    return {"total": rows.count(), "items": [_summary(row) for row in window.of(rows)]}


@router.post("/reports", auth=Entry(REPORT_WRITERS), response={200: ReportOut, 201: ReportOut, **PROBLEMS})
def post_report(request: HttpRequest, body: ReportIn, idempotency_key: Key = None) -> Any:
    """Open a draft, with what is known. The same `Idempotency-Key` gives the same draft again (200)."""
    actor, now = _actor(request), timezone.now()
    organisation = access_organisation(actor, body.organisation)
    number = _number_for(actor, idempotency_key, now) if idempotency_key else ""
    if number and Incident.objects.filter(number=number).exists():
        found = access_report(actor, number)
        if found.organisation_id != organisation.pk:
            raise Conflict(_("This idempotency key was used for another report."), code="report.key")
        return Status(200, _detail(found))
    incident = open_case(actor, organisation=organisation, door=Incident.Door.API, now=now, number=number)
    if body.facts:
        incident.report = save_report(actor, incident, facts=body.facts, estimates=body.estimates, version=0, now=now)
    return Status(201, _detail(incident))


@router.get("/reports/{str:number}", auth=Entry(REPORT_READERS), response={200: ReportOut, **PROBLEMS})
def get_report(request: HttpRequest, number: str) -> Any:
    """One report as it is being written, with what the law asks of it."""
    return _detail(access_report(_actor(request), number))


@router.patch("/reports/{str:number}", auth=Entry(REPORT_WRITERS), response={200: ReportOut, **PROBLEMS})
def patch_report(request: HttpRequest, number: str, body: ReportChange) -> Any:
    """Keep facts; all of them or none."""
    actor = _actor(request)
    incident = access_report(actor, number)
    now = timezone.now()
    incident.report = save_report(
        actor, incident, facts=body.facts, estimates=body.estimates, version=body.version, now=now
    )
    return _detail(incident)


@router.post("/reports/{str:number}/attachments", auth=Entry(REPORT_WRITERS), response={201: AttachmentOut, **PROBLEMS})
def post_attachment(request: HttpRequest, number: str, file: File[UploadedFile]) -> Any:
    """Keep a file of any type beside the report; what may be dangerous is quarantined."""
    actor = _actor(request)
    incident = access_report(actor, number)
    if (file.size or 0) > MAX_BYTES:
        sentence = _("The file is larger than %(most)s MB.") % {"most": MAX_BYTES // 2**20}
        raise Invalid(sentence, code="file.size", places=[Place("file", sentence)])
    made = receive_artefact(actor, incident, file.chunks(), name=file.name or "", now=timezone.now())
    return Status(201, _attachment(made))


@router.post("/reports/{str:number}/submissions", auth=Entry(REPORT_WRITERS), response={201: SubmissionOut, **PROBLEMS})
def post_submission(request: HttpRequest, number: str, body: SubmissionIn, idempotency_key: Key = None) -> Any:
    """Send the report as one stage. The same `Idempotency-Key` sends once and answers with the same submission.

    A token sends unsigned. Later stages need the CISO's or head's own token.
    """
    actor = _actor(request)
    incident = access_report(actor, number)
    made = submit_stage(
        actor,
        incident,
        stage=body.stage,
        signature=None,
        late_reason=body.late_reason,
        idempotency_key=idempotency_key or None,
        now=timezone.now(),
    )
    return Status(201, _submission(made))


@router.get(
    "/reports/{str:number}/submissions", auth=Entry(REPORT_READERS), response={200: list[SubmissionOut], **PROBLEMS}
)
def list_submissions(request: HttpRequest, number: str) -> Any:
    """Every stage that was sent, oldest first, with what changed against the one before."""
    return [_submission(row) for row in submissions_of(access_report(_actor(request), number))]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _number_for(actor: Actor, key: str, now: datetime) -> str:
    """The number that this account's key stands for: as random as any other to whoever does not know the key."""
    digest = int.from_bytes(sha256(f"report:{actor.account}:{key}".encode()).digest())
    letters = "".join(ALPHABET[(digest >> (5 * place)) % 32] for place in range(12))
    return f"K-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _summary(row: Incident) -> dict[str, Any]:
    return {
        "number": row.number,
        "organisation": row.organisation.identifier if row.organisation else "",
        "state": row.state,
        "title": row.title,
        "opened_at": row.opened_at,
        "reported_at": row.reported_at,
    }


def _detail(incident: Incident) -> dict[str, Any]:
    report = incident.report
    asked = inquiry(incident, report, now=timezone.now())
    return _summary(incident) | {
        "version": report.version,
        "facts": report.facts,
        "estimates": report.estimates,
        "next_stage": asked.stage,
        "asks": [fact.name for fact in asked.facts if report.facts.get(fact.name) is None],
        "clocks": [_clock(clock) for clock in asked.clocks],
        "attachments": [_attachment(row) for row in attachments_of(incident)],
        "submissions": Submission.objects.filter(incident=incident).count(),
    }


def _clock(clock: ReportClock) -> dict[str, Any]:
    return {
        "regime": clock.code,
        "stage": clock.stage,
        "kind": clock.sort,
        "cite": clock.cite,
        "clock": clock.clock,
        "due_at": clock.due_at,
        "done_at": clock.done_at,
        "waived": clock.waived,
        "late": clock.late,
    }


def _attachment(row: Artefact) -> dict[str, Any]:
    return {"name": row.name, "size": row.size, "sha256": row.sha256, "quarantined": row.quarantined}


def _submission(row: Submission) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SubmissionOut.model_fields}
