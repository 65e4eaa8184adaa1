"""The register over the API: list, read, assets of one organisation, export."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date
from typing import Annotated, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from sipar.core.acting import Actor
from sipar.core.api import PROBLEMS, Entry
from sipar.core.problems import Invalid, Place
from sipar.orgs import actions, policy, selectors
from sipar.orgs.export import as_csv, as_xlsx, register_file
from sipar.orgs.gates import ASSET_KEEPERS, EXPORTERS
from sipar.orgs.models import Asset, Organisation
from sipar.orgs.selectors import OrganisationFilter
from sipar.orgs.views import download
from sipar.people.gates import REGISTER_READERS

router = Router(tags=["organisations"])
AssetKind = Literal["prefix", "asn", "domain", "product", "technology", "cryptography"]
Code = Annotated[str, Field(max_length=60)]


class OrganisationOut(Schema):
    identifier: str
    name: str
    name_ur: str
    ownership: str
    sector: str
    subsector: str | None
    province: str
    ministry: str | None
    tier: int
    size: str
    registration_number: str
    website: str
    is_fictional: bool
    is_active: bool

    @classmethod
    def of(cls, row: Organisation) -> OrganisationOut:
        """The organisation as the API shows it, codes for what has a code."""
        return cls(
            identifier=row.identifier,
            name=row.name,
            name_ur=row.name_ur,
            ownership=row.ownership,
            sector=row.sector.code,
            subsector=row.subsector.code if row.subsector else None,
            province=row.province.code,
            ministry=row.ministry.code if row.ministry else None,
            tier=row.tier,
            size=row.size,
            registration_number=row.registration_number,
            website=row.website,
            is_fictional=row.is_fictional,
            is_active=row.is_active,
        )


class OrganisationList(Schema):
    """`next` is the cursor of the following page, null on the last one."""

    items: list[OrganisationOut]
    next: str | None


class AssetOut(Schema):
    id: int
    kind: AssetKind
    value: str
    note: str
    valid_from: date | None
    valid_until: date | None
    source: str
    mark: str


class AssetIn(Schema):
    kind: AssetKind
    value: Annotated[str, Field(min_length=1, max_length=400)]
    note: Annotated[str, Field(max_length=400)] = ""
    valid_from: date | None = None
    valid_until: date | None = None
    mark: Literal["", "nat", "shared", "cloud", "dynamic"] = ""


class OrganisationQuery(Schema):
    q: Annotated[str, Field(max_length=200)] = ""
    sector: Code = ""
    province: Code = ""
    tier: Literal["", "1", "2", "3", "4"] = ""
    ministry: Code = ""
    ownership: Literal["", "public", "private"] = ""
    cert: Code = ""
    inactive: bool = False

    def wanted(self) -> OrganisationFilter:
        parts = self.model_dump(exclude={"q"})
        return OrganisationFilter(text=self.q.replace("\x00", ""), **parts)


@router.get(
    "", auth=Entry(REGISTER_READERS), response={200: OrganisationList, **PROBLEMS}, operation_id="organisations_list"
)
def list_organisations(
    request: HttpRequest,
    query: Query[OrganisationQuery],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=800)] = "",
) -> OrganisationList:
    """The organisations that you may see, by name."""
    found = selectors.organisations(query.wanted()).select_related("subsector")
    if cursor:
        name, key = _position(cursor)
        found = found.filter(Q(name__gt=name) | Q(name=name, pk__gt=key))
    rows = list(found[: limit + 1])
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return OrganisationList(items=[OrganisationOut.of(row) for row in rows[:limit]], next=following)


@router.get("/register.{form}", auth=Entry(EXPORTERS), operation_id="organisations_export", response=PROBLEMS)
def export(request: HttpRequest, form: Literal["csv", "xlsx"], query: Query[OrganisationQuery]) -> HttpResponse:
    """The register in the columns of the import, as CSV or XLSX."""
    policy.require_may_export(_actor(request))
    wanted = query.wanted()
    chosen = list(selectors.organisations(wanted).values_list("pk", flat=True)) if wanted.is_set else None
    frame = register_file(today=timezone.now().date(), wanted=chosen)
    return download(as_xlsx(frame) if form == "xlsx" else as_csv(frame), form)


@router.get(
    "/{identifier}",
    auth=Entry(REGISTER_READERS),
    response={200: OrganisationOut, **PROBLEMS},
    operation_id="organisations_read",
)
def read_organisation(request: HttpRequest, identifier: str) -> OrganisationOut:
    """One organisation by its identifier."""
    return OrganisationOut.of(_organisation(request, identifier))


@router.get(
    "/{identifier}/assets",
    auth=Entry(REGISTER_READERS),
    response={200: list[AssetOut], **PROBLEMS},
    operation_id="assets_list",
)
def list_assets(
    request: HttpRequest, identifier: str, kind: AssetKind | None = None, ended: bool = False
) -> list[Asset]:
    """The first 1,000 assets in force, or those that ended."""
    organisation = _organisation(request, identifier)
    today = timezone.now().date()
    return list(selectors.assets_of(organisation, today=today, kind=kind or "", ended=ended)[:1_000])


@router.post(
    "/{identifier}/assets",
    auth=Entry(ASSET_KEEPERS),
    response={201: AssetOut, **PROBLEMS},
    operation_id="assets_add",
)
def add_asset(request: HttpRequest, identifier: str, asset: AssetIn) -> Status[Asset]:
    """Add an asset; it is kept in its canonical spelling."""
    organisation = _organisation(request, identifier)
    return Status(201, actions.keep_asset(_actor(request), organisation, **asset.model_dump()))


@router.post(
    "/{identifier}/assets/{asset}/end",
    auth=Entry(ASSET_KEEPERS),
    response={200: AssetOut, **PROBLEMS},
    operation_id="assets_end",
)
def end_asset(request: HttpRequest, identifier: str, asset: Annotated[int, Field(ge=1, le=2**63 - 1)]) -> Asset:
    """Say that an asset no longer holds from today on."""
    organisation = _organisation(request, identifier)
    kept = selectors.access_asset(_actor(request), organisation, asset)
    return actions.end_asset(_actor(request), organisation, kept, today=timezone.now().date())


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _organisation(request: HttpRequest, identifier: str) -> Organisation:
    return selectors.access_organisation(_actor(request), identifier.replace("\x00", ""))


def _cursor(row: Organisation) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.name, row.pk]).encode()).decode()


def _position(cursor: str) -> tuple[str, int]:
    try:
        name, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _bad_cursor() from error
    if not isinstance(name, str) or not isinstance(key, int) or "\x00" in name or not 0 <= key < 2**63:
        raise _bad_cursor()
    return name, key


def _bad_cursor() -> Invalid:
    sentence = "Use the cursor as the last answer gave it."
    return Invalid(sentence, code="cursor", places=[Place("cursor", sentence)])
