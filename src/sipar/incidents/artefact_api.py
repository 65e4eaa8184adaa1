"""The REST API of files, indicators and affected requirements of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http.response import HttpResponseBase
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from sipar.core.api import PROBLEMS, Entry
from sipar.core.files import bytes_response
from sipar.core.http import ActorRequest
from sipar.incidents import artefact_actions, indicator_actions, requirement_actions
from sipar.incidents.case_policy import CASE_READERS
from sipar.incidents.content_api import reached
from sipar.incidents.content_policy import CASE_WRITERS
from sipar.incidents.content_selectors import (
    access_artefact,
    access_indicator,
    access_requirement,
    artefacts_of,
    custody_of,
    indicators_of,
    requirements_of,
)
from sipar.incidents.models import Artefact, Custody, Indicator

router = Router(tags=["cases"])
READ, WRITE = Entry(CASE_READERS), Entry(CASE_WRITERS)

type Label = Literal["clear", "green", "amber", "amber+strict", "red"]


class LinkInChain(Schema):
    """One link of the chain of custody; the hash was checked at it."""

    what: str
    holder: str
    purpose: str
    sha256: str
    at: datetime


class ArtefactOut(Schema):
    id: int
    name: str
    kind: Literal["attachment", "evidence", "malware"]
    audience: Literal["everyone", "teams", "team"]
    media_type: str
    size: int
    sha256: str
    quarantined: bool
    description: str
    added_at: datetime
    custody: list[LinkInChain]


class ArtefactIn(Schema):
    kind: Literal["attachment", "evidence", "malware"] = "attachment"
    audience: Literal["everyone", "teams", "team"] = "everyone"
    description: Annotated[str, Field(max_length=400)] = ""


class CopyIn(Schema):
    """`confirmed`: that the caller knows that a file in quarantine may be dangerous."""

    purpose: Annotated[str, Field(max_length=400)] = ""
    confirmed: bool = False


class CustodyIn(Schema):
    what: Literal["transferred", "examined", "released"]
    holder: Annotated[str, Field(min_length=1, max_length=200)]
    purpose: Annotated[str, Field(min_length=1, max_length=400)]


class IndicatorsIn(Schema):
    """One indicator on each line, defanged or not, with a note after it."""

    lines: Annotated[str, Field(min_length=1, max_length=400_000)]
    tlp: Label = "amber"


class AddedOut(Schema):
    new: int
    known: int


class IndicatorOut(Schema):
    id: int
    kind: str
    value: str
    tlp: Label
    note: str
    first_seen: datetime | None
    last_seen: datetime | None
    added_at: datetime


class RequirementIn(Schema):
    framework: int
    requirement: Annotated[str, Field(min_length=1, max_length=80)]
    how: Literal["failed", "missing", "bypassed", "helped"]
    note: Annotated[str, Field(max_length=2_000)] = ""


class RequirementOut(Schema):
    """`level` is the organisation's own answer, where it is open to the caller."""

    id: int
    framework: int
    requirement: str
    how: str
    note: str
    level: int | None


@router.get("/{slug:number}/artefacts", auth=READ, response={200: list[ArtefactOut], **PROBLEMS})
def get_artefacts(request: ActorRequest, number: str) -> Any:
    """The files of a case with their chains of custody."""
    incident, projection, _now = reached(request, number)
    rows = list(artefacts_of(incident, projection))
    chains = custody_of(rows)
    return [_artefact(row, chains.get(row.pk, [])) for row in rows]


@router.post("/{slug:number}/artefacts", auth=WRITE, response={201: ArtefactOut, **PROBLEMS})
def post_artefact(request: ActorRequest, number: str, body: Form[ArtefactIn], file: File[UploadedFile]) -> Any:
    """Keep a file: 25 MB at most, suspected malware 100 MB."""
    incident, _projection, now = reached(request, number)
    made = artefact_actions.receive_artefact(
        request.actor, incident, file.chunks(), name=file.name or "", now=now, **body.dict()
    )
    return Status(201, _artefact(made, custody_of([made]).get(made.pk, [])))


@router.get("/{slug:number}/artefacts/{int:artefact_id}", auth=READ, response={200: ArtefactOut, **PROBLEMS})
def get_artefact(request: ActorRequest, number: str, artefact_id: int) -> Any:
    """One file with its chain of custody."""
    incident, projection, _now = reached(request, number)
    found = access_artefact(incident, projection, artefact_id)
    return _artefact(found, custody_of([found]).get(found.pk, []))


@router.post("/{slug:number}/artefacts/{int:artefact_id}/copy", auth=WRITE, response=PROBLEMS)
def post_copy(request: ActorRequest, number: str, artefact_id: int, body: CopyIn) -> HttpResponseBase:
    """The bytes of a file as `application/octet-stream`; recorded in its chain of custody."""
    incident, projection, now = reached(request, number)
    found = access_artefact(incident, projection, artefact_id)
    name = artefact_actions.hand_out_artefact(request.actor, incident, found, now=now, **body.dict())
    return bytes_response(found.sha256, name=name)


@router.post(
    "/{slug:number}/artefacts/{int:artefact_id}/custody", auth=WRITE, response={201: LinkInChain, **PROBLEMS}
)  # fmt: skip
def post_custody(request: ActorRequest, number: str, artefact_id: int, body: CustodyIn) -> Any:
    """Add a link to the chain of custody; the bytes are checked."""
    incident, projection, now = reached(request, number)
    found = access_artefact(incident, projection, artefact_id)
    return Status(201, _link(artefact_actions.record_custody(request.actor, incident, found, now=now, **body.dict())))


@router.get("/{slug:number}/indicators", auth=READ, response={200: list[IndicatorOut], **PROBLEMS})
def get_indicators(request: ActorRequest, number: str, tlp: Annotated[Label, Query()] = "amber") -> Any:
    """The indicators whose label is no stricter than `tlp`."""
    incident, projection, _now = reached(request, number)
    rows = list(indicators_of(incident, projection))
    return [_indicator(row) for row in indicator_actions.exported(rows, projection=projection, cap=tlp)]


@router.post("/{slug:number}/indicators", auth=WRITE, response={201: AddedOut, **PROBLEMS})
def post_indicators(request: ActorRequest, number: str, body: IndicatorsIn) -> Any:
    """Add one indicator for each line: all, or none with a problem for each line that is none."""
    incident, _projection, now = reached(request, number)
    done = indicator_actions.add_indicators(request.actor, incident, lines=body.lines, tlp=body.tlp, now=now)
    return Status(201, {"new": done.new, "known": done.known})


@router.delete("/{slug:number}/indicators/{int:row_id}", auth=WRITE, response={204: None, **PROBLEMS})
def delete_indicator(request: ActorRequest, number: str, row_id: int) -> Any:
    """Take out an indicator that was a mistake."""
    incident, projection, now = reached(request, number)
    found = access_indicator(incident, projection, row_id)
    indicator_actions.remove_indicator(request.actor, incident, found, now=now)
    return Status(204, None)


@router.get("/{slug:number}/requirements", auth=READ, response={200: list[RequirementOut], **PROBLEMS})
def get_affected_requirements(request: ActorRequest, number: str) -> Any:
    """The requirements whose control failed, was missing or bypassed, or helped."""
    incident, projection, _now = reached(request, number)
    return [_requirement(one) for one in requirement_actions.affected(requirements_of(incident, projection))]


@router.post("/{slug:number}/requirements", auth=WRITE, response={201: RequirementOut, **PROBLEMS})
def post_affected_requirement(request: ActorRequest, number: str, body: RequirementIn) -> Any:
    """Name a requirement whose control mattered."""
    incident, _projection, now = reached(request, number)
    made = requirement_actions.add_requirement(request.actor, incident, now=now, **body.dict())
    (shown,) = requirement_actions.affected([made])
    return Status(201, _requirement(shown))


@router.delete("/{slug:number}/requirements/{int:row_id}", auth=WRITE, response={204: None, **PROBLEMS})
def delete_affected_requirement(request: ActorRequest, number: str, row_id: int) -> Any:
    """Take a requirement out of the list."""
    incident, projection, now = reached(request, number)
    found = access_requirement(incident, projection, row_id)
    requirement_actions.remove_requirement(request.actor, incident, found, now=now)
    return Status(204, None)


def _artefact(row: Artefact, chain: list[Custody]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "audience": row.audience,
        "media_type": row.media_type,
        "size": row.size,
        "sha256": row.sha256,
        "quarantined": row.quarantined,
        "description": row.description,
        "added_at": row.added_at,
        "custody": [_link(link) for link in chain],
    }


def _link(link: Custody) -> dict[str, Any]:
    return {
        "what": link.what, "holder": link.holder, "purpose": link.purpose, "sha256": link.sha256, "at": link.at,
    }  # fmt: skip


def _indicator(row: Indicator) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "value": row.value,
        "tlp": row.tlp,
        "note": row.note,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "added_at": row.added_at,
    }


def _requirement(one: requirement_actions.Affected) -> dict[str, Any]:
    return {
        "id": one.row.pk,
        "framework": one.row.framework_id,
        "requirement": one.row.requirement,
        "how": one.row.how,
        "note": one.row.note,
        "level": one.level,
    }
