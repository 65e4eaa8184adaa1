"""Vulnerabilities to programs: look up CVEs, hand in a bill of materials, read and dismiss what is affected."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from ninja import File, Form, Router, Schema, Status, UploadedFile

from sipar.core import jobs
from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.formats.inventory import LIMITS
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import access_organisation
from sipar.vulnerabilities import dismissal_actions, inventory_actions, selectors
from sipar.vulnerabilities.gates import READERS, WRITERS
from sipar.vulnerabilities.models import Match, Vulnerability
from sipar.vulnerabilities.tasks import match_organisation
from sipar.vulnerabilities.words import reasons

router = Router(tags=["vulnerabilities"])
MOST = 500


class VulnerabilityOut(Schema):
    cve: str
    state: str
    title: str
    vendor: str
    product: str
    published: date | None
    cvss: float | None
    epss: float | None
    kev_added: date | None
    kev_due: date | None
    ransomware: bool
    exploitation: str
    automatable: str
    technical_impact: str
    priority: float | None


class MatchOut(Schema):
    number: int
    organisation: str
    cve: str
    product: str
    version: str
    inventory: str
    state: str
    verdict: str
    why: list[str]


class UploadOut(Schema):
    inventory: str
    format: str
    components: int
    unnamed: int
    added: int
    removed: int


class DismissIn(Schema):
    """`scope`: component, product or nation; `justification`: a VEX justification, `wrong_product` or `backported`."""

    scope: str
    justification: str
    reason: str
    until: date


@router.get("", auth=Entry(READERS), response={200: list[VulnerabilityOut], **PROBLEMS}, summary="Vulnerabilities")
def list_vulnerabilities(request: ActorRequest, q: str = "", only: str = "") -> list[Vulnerability]:
    """The first five hundred that fit; `only`: kev, ransomware, active, or mine (affecting what the caller sees)."""
    return list(selectors.vulnerabilities(query=q[:200], only=only)[:MOST])


@router.get("/matches", auth=Entry(READERS), response={200: list[MatchOut], **PROBLEMS}, summary="What is affected")
def list_matches(request: ActorRequest, organisation: str = "", state: str = "open") -> list[dict[str, object]]:
    """The first five hundred matches of an organisation, or of all that the caller sees."""
    chosen = _watched(request, organisation) if organisation else None
    return [_match(row) for row in selectors.matches_of(chosen, state=state)[:MOST]]


@router.post(
    "/matches/{match}/dismiss", auth=Entry(WRITERS), response={200: MatchOut, **PROBLEMS}, summary="Dismiss a match"
)
def dismiss(request: ActorRequest, match: int, body: DismissIn) -> dict[str, object]:
    found = selectors.access_match(match, for_update=True)
    said = dismissal_actions.Dismissing(**body.dict())
    dismissal_actions.dismiss(request.actor, found, said, now=timezone.now())
    return _match(selectors.access_match(match))


@router.post(
    "/inventory", auth=Entry(WRITERS), response={201: UploadOut, **PROBLEMS}, summary="Hand in a bill of materials"
)
def upload(
    request: ActorRequest, organisation: Form[str], inventory: Form[str], file: File[UploadedFile]
) -> Status[dict[str, object]]:
    """CycloneDX or SPDX 2; it replaces what this inventory held. Matching follows in the background."""
    owner = _watched(request, organisation)
    if (file.size or 0) > LIMITS.max_bytes:
        raise Invalid("The file is larger than 64 MB.", code="file.size")
    try:
        made = inventory_actions.upload_inventory(
            request.actor, owner, file.read(), file_name=file.name or "bill", inventory=inventory, now=timezone.now()
        )
    except FormatProblem as problem:
        raise Invalid(str(problem), code=problem.code) from problem
    run = jobs.start_run(
        request.actor, kind="vulnerability.match", subject=owner.identifier, total=1, now=timezone.now()
    )
    match_organisation.defer(organisation=owner.pk, run=run.pk)
    return Status(201, {
        "inventory": made.inventory.name, "format": made.format, "components": made.components,
        "unnamed": made.unnamed, "added": made.added, "removed": made.removed,
    })  # fmt: skip


@router.get("/{cve}", auth=Entry(READERS), response={200: VulnerabilityOut, **PROBLEMS}, summary="One vulnerability")
def read_vulnerability(request: ActorRequest, cve: str) -> Vulnerability:
    return selectors.access_vulnerability(cve)


def _match(row: Match) -> dict[str, object]:
    return {
        "number": row.pk,
        "organisation": row.organisation.identifier,
        "cve": row.vulnerability.cve,
        "product": row.component.name,
        "version": row.component.version,
        "inventory": row.component.inventory.name,
        "state": row.state,
        "verdict": row.verdict,
        "why": reasons(row.why, version=row.component.version),
    }


def _watched(request: ActorRequest, identifier: str) -> Organisation:
    organisation = access_organisation(request.actor, identifier.replace("\x00", ""))
    if not selectors.watches(organisation):
        raise not_open("organisation")
    return organisation
