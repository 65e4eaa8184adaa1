"""What organisations run: bills of materials that they hand in, and products that they declared in the register."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import polars as pl
from django.db import connection
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.copying import stage
from sipar.core.problems import Invalid, Place
from sipar.core.text import turns_direction
from sipar.formats.cpe import slug
from sipar.formats.inventory import Component as Listed
from sipar.formats.inventory import read_inventory
from sipar.orgs.models import Asset, Organisation
from sipar.routing.products.names import Name, of_cpe, of_purl, of_words
from sipar.vulnerabilities.models import Component, Inventory, Upload
from sipar.vulnerabilities.policy import require_may_keep_inventory

DECLARED = "register"
MOST_INVENTORIES = 500
EXAMPLES = 10
_CREATE = """
create temporary table staged_component (
    name text, vendor text, version text, cpe text, purl text, key text, part text
) on commit drop
"""
_SAME = "c.inventory_id = %(inventory)s and c.removed_at is null"
_EQUAL = "(c.name, c.vendor, c.version, c.cpe, c.purl) = (s.name, s.vendor, s.version, s.cpe, s.purl)"
_ADD = f"""
insert into vulnerabilities_component (inventory_id, organisation_id, name, vendor, version, cpe, purl, key, part,
    unsure, unsure_cves, added_at)
select %(inventory)s, %(organisation)s, s.name, s.vendor, s.version, s.cpe, s.purl, s.key, s.part, '', 0, %(now)s
from staged_component s
where not exists (select 1 from vulnerabilities_component c where {_SAME} and {_EQUAL})
"""  # noqa: S608
_REMOVE = f"""
update vulnerabilities_component c set removed_at = %(now)s
where {_SAME} and not exists (select 1 from staged_component s where {_EQUAL})
"""  # noqa: S608


@dataclass(frozen=True)
class Difference:
    """How many components are new and gone, with some of each."""

    added: int
    removed: int
    examples: dict[str, list[str]]


@action("inventory.upload")
def upload_inventory(
    actor: Actor, organisation: Organisation, data: bytes, *, file_name: str, inventory: str, now: datetime
) -> Upload:
    """Take in a bill of materials: it replaces what this inventory held. Raises FormatProblem or Invalid.

    What is affected is worked out afterwards, by `matching_actions.match_components`.
    """
    require_may_keep_inventory(actor, organisation.pk)
    name = " ".join(inventory.split())
    if not name or len(name) > 100 or name == DECLARED or turns_direction(name):
        sentence = _("Give the system a short name of its own.")
        raise Invalid(sentence, code="inventory.name", places=[Place("inventory", sentence)])
    kind, components = read_inventory(data, file_name)
    held = Inventory.objects.filter(organisation=organisation, name=name).first()
    if held is None and Inventory.objects.filter(organisation=organisation).count() >= MOST_INVENTORIES:
        raise Invalid(_("There are too many inventories: remove one first."), code="inventory.many")
    held = held or Inventory.objects.create(organisation=organisation, name=name, made_at=now)
    named = [(entry, name_of(entry)) for entry in components]
    difference = _replace(held, named, now=now)
    return Upload.objects.create(
        inventory=held,
        organisation=organisation,
        file_name=file_name[:255],
        sha256=sha256(data).hexdigest(),
        format=kind,
        components=len(components),
        unnamed=sum(1 for _entry, found in named if found is None),
        added=difference.added,
        removed=difference.removed,
        examples=difference.examples,
        uploaded_by_id=actor.account,
        uploaded_at=now,
    )


@action("inventory.remove")
def remove_inventory(actor: Actor, inventory: Inventory, *, now: datetime) -> None:
    """The system is no longer there: its components are gone, and with the next matching what affected them."""
    require_may_keep_inventory(actor, inventory.organisation_id)
    if inventory.declared:
        raise Invalid(_("Products of the register are taken out there."), code="inventory.declared")
    Component.objects.filter(inventory=inventory, removed_at=None).update(removed_at=now)


@action("inventory.follow_register")
def follow_register(actor: Actor, *, organisation: int | None, now: datetime) -> int:
    """Bring the products that organisations declared in the register into their inventories; returns how many changed.

    One organisation, or all. Called before matching.
    """
    assets = Asset.objects.filter(kind=Asset.Kind.PRODUCT)
    held = {inventory.organisation_id: inventory for inventory in _declared(organisation)}
    if organisation is not None:
        assets = assets.filter(organisation_id=organisation)
    declared: dict[int, list[str]] = {owner: [] for owner in held}
    for owner, value in assets.filter(valid_until=None).values_list("organisation_id", "value"):
        declared.setdefault(owner, []).append(value)
    changed = 0
    for owner, values in declared.items():
        mine = held.get(owner) or Inventory.objects.create(
            organisation_id=owner, name=DECLARED, declared=True, made_at=now
        )
        named = [(entry, name_of(entry)) for entry in map(_declared_product, values)]
        difference = _replace(mine, named, now=now)
        changed += difference.added + difference.removed
    return changed


def _declared(organisation: int | None) -> list[Inventory]:
    found = Inventory.objects.filter(declared=True)
    return list(found if organisation is None else found.filter(organisation_id=organisation))


def _declared_product(value: str) -> Listed:
    """A product as the register holds it: a CPE, a purl, or `vendor product version` in words."""
    plain = value.strip()[:300]
    if plain.casefold().startswith("cpe:"):
        name = of_cpe(plain)
        return Listed(
            name=name.key.replace(":", " ") if name else plain, version=name.version if name else "", cpe=plain
        )
    if plain.casefold().startswith("pkg:"):
        name = of_purl(plain)
        return Listed(name=plain.partition("@")[0], version=name.version if name else "", purl=plain)
    return Listed(name=plain)


def name_of(entry: Listed) -> Name | None:
    """What a component is compared by: its CPE, else its purl, else vendor and name; None where nothing names it."""
    found = of_cpe(entry.cpe) if entry.cpe else None
    found = found or (of_purl(entry.purl) if entry.purl else None)
    if found is None and slug(entry.vendor):
        found = of_words(entry.vendor, entry.name)
    return found


def _replace(inventory: Inventory, named: list[tuple[Listed, Name | None]], *, now: datetime) -> Difference:
    """Let the inventory hold these components and no others."""
    before = Counter(Component.objects.filter(inventory=inventory, removed_at=None).values_list("name", "version"))
    after = Counter((entry.name, entry.version) for entry, _name in named)
    frame = pl.DataFrame(
        [
            (
                entry.name, entry.vendor, entry.version or (name.version[:200] if name else ""), entry.cpe, entry.purl,
                name.key[:400] if name else "", name.part if name else "",
            )
            for entry, name in named
        ],
        schema=dict.fromkeys(("name", "vendor", "version", "cpe", "purl", "key", "part"), pl.String),
        orient="row",
    )  # fmt: skip
    stage(_CREATE, "staged_component", frame.unique(maintain_order=True))
    facts: dict[str, Any] = {"inventory": inventory.pk, "organisation": inventory.organisation_id, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_ADD, facts)
        added = cursor.rowcount
        cursor.execute(_REMOVE, facts)
        removed = cursor.rowcount
    examples = {
        "added": _told((after - before).keys()),
        "removed": _told((before - after).keys()),
    }
    return Difference(added=added, removed=removed, examples=examples)


def _told(names: object) -> list[str]:
    return [f"{name} {version}".strip() for name, version in sorted(names)][:EXAMPLES]  # type: ignore[call-overload]
