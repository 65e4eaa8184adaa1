"""Reading the register. Row-level security has already left out what the actor may not see."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.formats.asset_values import normalise_asset
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Asset, Contact, Designation, Organisation, RegisterImport

SORTS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "id"),
    "identifier": ("identifier",),
    "tier": ("tier", "name", "id"),
    "sector": ("sector__position", "name", "id"),
    "province": ("province__position", "name", "id"),
}
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class OrganisationFilter:
    """What a list is narrowed to; every part may be empty. Codes, not keys; `cert` is a team's code."""

    text: str = ""
    sector: str = ""
    province: str = ""
    tier: str = ""
    ministry: str = ""
    ownership: str = ""
    cert: str = ""
    inactive: bool = False

    @property
    def is_set(self) -> bool:
        return self != OrganisationFilter()


def organisations(wanted: OrganisationFilter, *, sort: str = "name") -> QuerySet[Organisation]:
    """The organisations that the actor sees and the filter leaves, sorted by a key of `SORTS`, `-` for descending.
    An unknown sort key sorts by name; an unknown code matches nothing."""
    found = Organisation.objects.select_related("sector", "province", "ministry").filter(is_active=not wanted.inactive)
    if wanted.text.strip():
        found = found.filter(matching(wanted.text))
    codes = {
        "sector__code": wanted.sector,
        "province__code": wanted.province,
        "ministry__code": wanted.ministry,
        "ownership": wanted.ownership,
    }
    found = found.filter(**{path: code for path, code in codes.items() if code})
    if wanted.tier:
        found = found.filter(tier=int(wanted.tier)) if wanted.tier in {"1", "2", "3", "4"} else found.none()
    if wanted.cert:
        found = found.filter(memberships__team__code=wanted.cert)
    keys = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    return found.order_by(*(F(key).desc() if sort.startswith("-") else key for key in keys))


def organisations_of_actor(actor: Actor) -> QuerySet[Organisation]:
    """The organisations that the actor holds a role in, by name."""
    return Organisation.objects.filter(pk__in=actor.organisations).order_by("name", "id")


def search_organisations(actor: Actor, text: str, limit: int = 10) -> list[Organisation]:
    """Organisations for the search box: by name in both scripts, identifier, domain, address, prefix or AS number."""
    if not text.strip():
        return []
    found = Organisation.objects.filter(matching(text), is_active=True).select_related("sector", "province")
    return list(found.order_by("name", "id")[:limit])


def matching(text: str) -> Q:
    """The condition that an organisation answers to this text, by itself or by an asset in force or ended."""
    clean = text.strip()[:LONGEST_SEARCH]
    found = Q(name__icontains=clean) | Q(name_ur__icontains=clean) | Q(identifier__istartswith=clean)
    assets = _assets_matching(clean)
    return found | Q(pk__in=assets.values("organisation_id")) if assets is not None else found


def _assets_matching(text: str) -> QuerySet[Asset] | None:
    network = _network(text)
    if network is not None:
        # The cast must not meet the values of other kinds, whatever order the planner takes.
        condition = "case when kind = 'prefix' and value ~ '^[0-9a-fA-F.:]+/[0-9]+$' then value::inet >>= %s::inet end"
        return Asset.objects.filter(RawSQL(condition, [network], BooleanField()), kind="prefix")  # noqa: S611 - text is a parameter
    if re.fullmatch(r"(?i)(as)?\d{1,10}", text):
        return Asset.objects.filter(kind="asn", value="AS" + text.upper().removeprefix("AS").lstrip("0"))
    if "." in text:
        try:
            domain = normalise_asset("domain", text)
        except FormatProblem:
            return None
        labels = domain.split(".")
        names = [".".join(labels[start:]) for start in range(len(labels) - 1)]
        return Asset.objects.filter(kind="domain", value__in=names)
    return None


def _network(text: str) -> str | None:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None


def access_organisation(actor: Actor, identifier: str) -> Organisation:
    """The organisation with this identifier; raises NotFound where it does not exist or the actor may not see it."""
    found = (
        Organisation.objects.select_related("sector", "subsector", "province", "ministry")
        .filter(identifier=identifier)
        .first()
    )
    if found is None:
        raise not_open("organisation")
    return found


def access_contact(actor: Actor, organisation: Organisation, contact: int) -> Contact:
    """A contact of this very organisation; raises NotFound otherwise."""
    found = Contact.objects.filter(pk=contact, organisation=organisation).first()
    if found is None:
        raise not_open("contact")
    return found


def access_asset(actor: Actor, organisation: Organisation, asset: int) -> Asset:
    """An asset of this very organisation; raises NotFound otherwise."""
    found = Asset.objects.filter(pk=asset, organisation=organisation).first()
    if found is None:
        raise not_open("asset")
    return found


def access_designation(actor: Actor, designation: int) -> Designation:
    """A designation that the actor may see; raises NotFound otherwise."""
    found = Designation.objects.select_related("organisation__ministry").filter(pk=designation).first()
    if found is None:
        raise not_open("designation")
    return found


def assets_of(organisation: Organisation, *, today: date, kind: str = "", ended: bool = False) -> QuerySet[Asset]:
    """Assets by kind and value: those in force or yet to come, or the ended ones."""
    is_ended = Q(valid_until__isnull=False, valid_until__lte=today)
    found = Asset.objects.filter(is_ended if ended else ~is_ended, organisation=organisation)
    return (found.filter(kind=kind) if kind else found).order_by("kind", "value", "id")


def designations(*, queue: str = "", soon: date | None = None) -> QuerySet[Designation]:
    """Designations that the actor sees. `queue`: `to_grade`, `to_designate`, `reviews_to_grade` (due until `soon`),
    `reviews_to_confirm`, `withdrawals`, or empty for all that stand."""
    found = Designation.objects.select_related("organisation__sector", "organisation__ministry")
    signed = Q(confirmed_at__isnull=True, graded_at__gt=F("designated_at")) | Q(graded_at__gt=F("confirmed_at"))
    queues = {
        "to_grade": Q(state="listed"),
        "to_designate": Q(state="graded"),
        "reviews_to_grade": Q(state="designated", review_due_on__lte=soon) & ~signed,
        "reviews_to_confirm": Q(state="designated") & signed,
        "withdrawals": Q(state="designated", withdrawal_asked_by_id__isnull=False),
        "withdrawn": Q(state="withdrawn"),
    }
    return found.filter(queues.get(queue, ~Q(state="withdrawn"))).order_by("review_due_on", "listed_at", "id")


def imports_of(actor: Actor) -> QuerySet[RegisterImport]:
    """The actor's own imports, newest first, without their lists of problems."""
    return RegisterImport.objects.filter(account_id=actor.account).defer("problems").order_by("-uploaded_at", "-id")


def lead_teams(organisations: Iterable[int]) -> dict[int, dict[str, str]]:
    """The name of the lead CERT of each organisation that has one; the first by code where two claim it."""
    rows = (
        Organisation.objects.filter(pk__in=list(organisations), memberships__lead=True)
        .order_by("-memberships__team__code")
        .values_list("pk", "memberships__team__name")
    )
    return dict(rows)


def organisations_with(keys: list[int]) -> list[Organisation]:
    """The organisations with these keys that the actor sees, by name."""
    return list(Organisation.objects.filter(pk__in=keys))
