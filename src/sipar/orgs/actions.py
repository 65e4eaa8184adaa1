"""Changing the register by hand: organisations, contacts and assets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from sipar.claims.tasks import compile_soon
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.core.text import turns_direction
from sipar.formats.asset_values import normalise_asset
from sipar.formats.problems import FormatProblem
from sipar.orgs import policy
from sipar.orgs.models import Asset, Contact, Organisation
from sipar.orgs.tasks import resolve_after_change

FIELDS = (
    "name", "name_ur", "ownership", "sector", "subsector", "province", "ministry", "tier", "size",
    "registration_number", "website", "is_active",
)  # fmt: skip
# By what reports find an organisation.
CLAIMED = frozenset({"prefix", "asn", "domain"})
# What constituency rules speak of: a change here can hand the organisation to another CERT.
RULED = frozenset({"ownership", "sector", "subsector", "province", "ministry", "tier", "is_active"})


@action("organisation.add")
def add_organisation(actor: Actor, *, identifier: str, fields: Mapping[str, Any]) -> Organisation:
    """A new organisation in the register. `fields` are of `FIELDS`; raises Invalid with each field that is wrong."""
    sentence = "Organisations are added by the national CERT."
    policy.require(policy.may_add_organisation(actor), sentence, "organisation.forbidden")
    if Organisation.objects.filter(identifier=identifier).exists():
        raise Conflict("An organisation with this identifier is in the register.", code="organisation.repeated")
    organisation = Organisation(identifier=identifier, **_known(fields))
    _check(organisation)
    organisation.save(force_insert=True)
    resolve_after_change.defer()
    return organisation


@action("organisation.change")
def change_organisation(actor: Actor, organisation: Organisation, fields: Mapping[str, Any]) -> Organisation:
    """Change an organisation's entry; its identifier stays. Constituencies follow in the background."""
    policy.require_may_change_organisation(actor, organisation)
    changed = {name for name, value in _known(fields).items() if getattr(organisation, name) != value}
    for name in changed:
        setattr(organisation, name, fields[name])
    _check(organisation)
    if changed:
        organisation.save(update_fields=sorted(changed))
    if changed & RULED:
        resolve_after_change.defer()
    return organisation


@action("organisation.keep_contact")
def keep_contact(
    actor: Actor,
    organisation: Organisation,
    *,
    kind: str,
    name: str,
    email: str = "",
    phone: str = "",
    contact: Contact | None = None,
) -> Contact:
    """Add a contact, or change one of this organisation."""
    policy.require_may_change_assets(actor, organisation)
    kept = contact or Contact(organisation=organisation)
    if kept.organisation_id != organisation.pk:
        raise Conflict("The contact belongs to another organisation.", code="organisation.contact")
    kept.kind, kept.name, kept.email, kept.phone = kind, name.strip(), email.strip().lower(), phone.strip()
    if not kept.email and not kept.phone:
        sentence = "A contact needs an e-mail address or a telephone number."
        raise Invalid(sentence, code="organisation.contact", places=[Place("email", sentence)])
    _check(kept)
    kept.save()
    return kept


@action("organisation.remove_contact")
def remove_contact(actor: Actor, organisation: Organisation, contact: Contact) -> None:
    """Remove a contact; the ledger keeps who it was."""
    policy.require_may_change_assets(actor, organisation)
    Contact.objects.filter(pk=contact.pk, organisation=organisation).delete()


@action("organisation.keep_asset")
def keep_asset(
    actor: Actor,
    organisation: Organisation,
    *,
    kind: str,
    value: str,
    note: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    mark: str = "",
    asset: Asset | None = None,
) -> Asset:
    """Add an asset in its canonical spelling, or change one of this organisation. `valid_until` is the first day on
    which it no longer holds. An asset that an import brought is kept by hand from then on: no import changes it."""
    policy.require_may_change_assets(actor, organisation)
    kept = asset or Asset(organisation=organisation)
    if kept.organisation_id != organisation.pk:
        raise Conflict("The asset belongs to another organisation.", code="organisation.asset")
    kept.kind, kept.value = kind, spelled(kind, value)
    kept.note, kept.valid_from, kept.valid_until = note.strip(), valid_from, valid_until
    kept.source, kept.mark = "manual", mark
    if mark and kind not in CLAIMED:
        sentence = "Only prefixes, AS numbers and domains can be marked."
        raise Invalid(sentence, code="organisation.asset", places=[Place("mark", sentence)])
    if valid_from and valid_until and valid_until <= valid_from:
        sentence = "It must end after it begins."
        raise Invalid(sentence, code="organisation.asset", places=[Place("valid_until", sentence)])
    same = Asset.objects.filter(organisation=organisation, kind=kind, value=kept.value).exclude(pk=kept.pk)
    if same.exists():
        sentence = "The organisation has this asset already."
        raise Invalid(sentence, code="organisation.asset", places=[Place("value", sentence)])
    _check(kept)
    kept.save()
    if kind in CLAIMED:
        compile_soon()
    return kept


@action("organisation.end_asset")
def end_asset(actor: Actor, organisation: Organisation, asset: Asset, *, today: date) -> Asset:
    """Say that an asset no longer holds from today on; it stays for its history."""
    policy.require_may_change_assets(actor, organisation)
    if asset.organisation_id != organisation.pk:
        raise Conflict("The asset belongs to another organisation.", code="organisation.asset")
    if asset.valid_until is None or asset.valid_until > today:
        asset.valid_until = max(today, asset.valid_from) if asset.valid_from else today
        asset.source = "manual"
        asset.save(update_fields=["valid_until", "source"])
        if asset.kind in CLAIMED:
            compile_soon()
    return asset


def spelled(kind: str, value: str) -> str:
    """The canonical spelling of an asset; raises Invalid with the field that is wrong."""
    if kind not in Asset.Kind.values:
        sentence = "There is no such kind of asset."
        raise Invalid(sentence, code="organisation.asset", places=[Place("kind", sentence)])
    try:
        return normalise_asset(kind, value)
    except FormatProblem as problem:
        sentence = problem.sentence[:1].upper() + problem.sentence[1:] + "."
        raise Invalid(sentence, code=problem.code, places=[Place("value", sentence)]) from problem


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise Invalid("An organisation has no such field.", places=[Place(name, "Unknown.") for name in unknown])
    return dict(fields)


def _check(row: Organisation | Contact | Asset) -> None:
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
        turning = [name for name, value in vars(row).items() if isinstance(value, str) and turns_direction(value)]
        if turning:
            raise ValidationError(dict.fromkeys(turning, "This holds marks that turn the direction of the text."))
        subsector = row.subsector if isinstance(row, Organisation) else None
        if isinstance(row, Organisation) and subsector is not None and subsector.parent_id != row.sector_id:
            raise ValidationError({"subsector": "This subsector does not belong to the sector."})
    except ValidationError as error:
        places = [Place(field, sentence) for field, said in error.message_dict.items() for sentence in said]
        raise Invalid("Something in the entry is not right.", code="organisation.invalid", places=places) from error
