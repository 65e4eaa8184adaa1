"""Notices to programs: what an organisation was told, finding by finding, and its answers."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from ninja import Router, Schema, Status

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.notices import selectors
from sipar.notices.actions import Answer, answer
from sipar.notices.letters import lines_of
from sipar.notices.models import Finding, Notice
from sipar.people.gates import ORGANISATION_OR_TEAM
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

router = Router(tags=["notices"])
ANSWERERS = Gate("notice_answerers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope="answer")
MOST = 100


class NoticeOut(Schema):
    """One notice; `severity` is that of its worst finding, from 0 (information) to 4 (critical)."""

    number: str
    organisation: str | None
    team: str
    state: str
    tlp: str
    severity: int
    findings: int
    reminder: int
    made_at: datetime
    told_at: datetime | None
    answered_at: datetime | None


class ToldFinding(Schema):
    finding: int
    kind: str
    classification: str
    severity: int
    asset: str
    source: str
    cves: list[str]
    first_seen: datetime
    last_seen: datetime
    count: int
    due_on: date | None
    state: str


class NoticeWithFindings(NoticeOut):
    lines: list[ToldFinding]


class NoticeAnswer(Schema):
    """`kind` is fixed, not_mine, accepted (needs `until`, and the CISO or head) or need_help; `findings` empty: all."""

    kind: str
    note: str = ""
    until: date | None = None
    contact: str = ""
    phone: str = ""
    findings: list[int] = []


class NoticeAnswered(Schema):
    notice: str
    answered: int
    help: str


@router.get(
    "/notices", auth=Entry(ORGANISATION_OR_TEAM), response={200: list[NoticeOut], **PROBLEMS}, summary="Notices"
)
def list_notices(request: ActorRequest, state: str = "") -> list[dict[str, object]]:
    """The latest hundred in this state ("waiting": told and not answered); all of them without one."""
    known = state if state in ("waiting", "troubled", *Notice.STATES) else ""
    return [_notice(row) for row in selectors.notices_open_to(request.actor, state=known)[:MOST]]


@router.get(
    "/notices/{notice_number}",
    auth=Entry(ORGANISATION_OR_TEAM),
    response={200: NoticeWithFindings, **PROBLEMS},
    summary="One notice with its findings",
)
def read_notice(request: ActorRequest, notice_number: str) -> dict[str, object]:
    found = selectors.access_notice(request.actor, notice_number)
    return _notice(found) | {"lines": [_line(row) for row in lines_of(found)]}


@router.post(
    "/notices/{notice_number}/answer",
    auth=Entry(ANSWERERS),
    response={201: NoticeAnswered, **PROBLEMS},
    summary="Say what became of findings",
)
def answer_notice(request: ActorRequest, notice_number: str, body: NoticeAnswer) -> Status[dict[str, object]]:
    """Fixed, not mine, accepted until a day, or that help is needed; for some findings or for all that are open."""
    found = selectors.access_notice(request.actor, notice_number)
    rows = [row for row in lines_of(found) if row.state != "closed"]
    if body.findings:
        unknown = set(body.findings) - {row.pk for row in rows}
        if unknown:
            raise Invalid("This notice has no such open finding.", code="notice.findings")
        rows = [row for row in rows if row.pk in set(body.findings)]
    said = Answer(**body.dict(exclude={"findings"}))
    made = answer(request.actor, rows, said, notice=found, now=timezone.now())
    return Status(201, {"notice": found.number, "answered": len(made), "help": made[0].help_number})


def _notice(row: Notice) -> dict[str, object]:
    return {
        "number": row.number,
        "organisation": row.organisation.identifier if row.organisation is not None else None,
        "team": row.team.code,
        "state": row.state,
        "tlp": row.tlp,
        "severity": row.severity,
        "findings": row.findings_count,
        "reminder": row.reminder,
        "made_at": row.made_at,
        "told_at": row.sent_at,
        "answered_at": row.answered_at,
    }


def _line(row: Finding) -> dict[str, object]:
    names = ("kind", "classification", "severity", "asset", "source", "cves", "first_seen", "last_seen", "count",
             "due_on", "state")  # fmt: skip
    return {"finding": row.pk} | {name: getattr(row, name) for name in names}
