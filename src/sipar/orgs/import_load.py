"""Carrying a checked register into the database: staged by COPY, compared and applied by a few statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, LiteralString

import polars as pl
from django.db import connection

from sipar.core.copying import copy_in
from sipar.orgs.import_check import CheckedRegister, RegisterCodes
from sipar.orgs.models import Ministry, Province, Sector

Tell = Callable[[str, int, int], None]
LOCK = 7_310_002
EXAMPLES = 8
# Each file column with the columns of the table it fills; all of them are texts or keys.
_FIELDS: dict[str, LiteralString] = {
    "name": "name",
    "name_ur": "name_ur",
    "ownership": "ownership",
    "sector": "sector_id",
    "subsector": "subsector_id",
    "province": "province_id",
    "ministry": "ministry_id",
    "tier": "tier",
    "size": "size",
    "registration_number": "registration_number",
    "website": "website",
    "fictional": "is_fictional",
    "active": "is_active",
}


@dataclass(frozen=True)
class Difference:
    """What applying would do, in organisations; examples for people: identifiers with names or changed columns."""

    added: int
    changed: int
    unchanged: int
    examples: dict[Literal["added", "changed"], list[dict[str, Any]]]


def register_codes() -> RegisterCodes:
    """The codes that the register knows now."""
    sectors = list(Sector.objects.values_list("code", "parent__code"))
    return RegisterCodes(
        sectors=frozenset(code for code, parent in sectors if parent is None),
        subsectors={code: parent for code, parent in sectors if parent is not None},
        provinces=frozenset(Province.objects.values_list("code", flat=True)),
        ministries=frozenset(Ministry.objects.values_list("code", flat=True)),
    )


@contextmanager
def staged(checked: CheckedRegister) -> Iterator[None]:
    """The file in the temporary tables `staged` and `staged_asset` while the body runs, inside a transaction."""
    with connection.cursor() as cursor:
        # The statistics of the register can be older than what an import just brought; a nested loop over a hundred
        # thousand rows is the one plan that would not come back.
        cursor.execute("set local enable_nestloop = off")
        cursor.execute(_CREATE)
        copy_in("staged", _rows(checked))
        copy_in("staged_asset", checked.assets)
        cursor.execute("analyze staged; analyze staged_asset")
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop table staged, staged_asset")
        cursor.execute("set local enable_nestloop to default")


def difference(checked: CheckedRegister, *, today: date) -> Difference:
    """What applying the staged file would do. Call inside `staged`."""
    fields = _fields_of(checked)
    facts: dict[str, Any] = {"kinds": checked.asset_kinds, "today": today}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ADDED)
        (added,) = cursor.fetchone()
        cursor.execute(f"create temporary table touched on commit drop as {_touched(fields)}", facts)
        cursor.execute("select count(*) from touched")
        (changed,) = cursor.fetchone()
        cursor.execute(_EXAMPLES_ADDED, [EXAMPLES])
        new = [{"identifier": identifier, "name": name} for identifier, name in cursor.fetchall()]
        cursor.execute(_examples_changed(fields), [EXAMPLES])
        heads = ("identifier", "name", *(name for name, _ in fields))
        other = [dict(zip(heads, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("drop table touched")
    examples: dict[Literal["added", "changed"], list[dict[str, Any]]] = {
        "added": new,
        "changed": [
            {
                "identifier": row["identifier"],
                "name": row["name"],
                "columns": [name for name, _ in fields if row[name]] or ["contacts or assets"],
            }
            for row in other
        ],
    }
    return Difference(added, changed, checked.organisations.height - added - changed, examples)


def apply(checked: CheckedRegister, *, today: date, tell: Tell) -> None:
    """Bring organisations, points of contact and assets to what the staged file says. Call inside `staged`."""
    fields = _fields_of(checked)
    facts: dict[str, Any] = {"kinds": checked.asset_kinds, "today": today}
    steps: list[tuple[str, str]] = [
        ("organisations", _update(fields)),
        ("organisations", _INSERT),
        ("contacts", _UPDATE_CONTACTS),
        ("contacts", _INSERT_CONTACTS),
        ("assets", _INSERT_ASSETS),
        ("assets", _MARK_ASSETS),
        ("assets", _END_ASSETS),
    ]
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        for done, (step, statement) in enumerate(steps):
            tell(step, done, len(steps))
            cursor.execute(statement, facts)


def _fields_of(checked: CheckedRegister) -> list[tuple[str, LiteralString]]:
    """The columns that the file has: a column that it leaves out stays as it is in the register."""
    return [(name, column) for name, column in _FIELDS.items() if name in checked.columns]


def _rows(checked: CheckedRegister) -> pl.DataFrame:
    keys = {
        "sector": dict(Sector.objects.filter(parent=None).values_list("code", "pk")),
        "subsector": dict(Sector.objects.exclude(parent=None).values_list("code", "pk")),
        "province": dict(Province.objects.values_list("code", "pk")),
        "ministry": dict(Ministry.objects.values_list("code", "pk")),
    }
    return checked.organisations.select(
        "identifier",
        *(
            pl.col(name).replace_strict(keys[name], default=None, return_dtype=pl.Int64) if name in keys
            else pl.col(name) == "yes" if name == "fictional"
            else pl.col(name) != "no" if name == "active"
            else pl.col(name).cast(pl.Int64) if name == "tier"
            else pl.col(name)
            for name in _FIELDS
        ),
        "contact_name", "contact_email", "contact_phone",
    )  # fmt: skip


_CREATE = """
    create temporary table staged (
        identifier text primary key, name text not null, name_ur text, ownership text, sector_id bigint not null,
        subsector_id bigint, province_id bigint not null, ministry_id bigint, tier smallint, size text,
        registration_number text, website text, is_fictional boolean, is_active boolean,
        contact_name text, contact_email text, contact_phone text
    ) on commit drop;
    create temporary table staged_asset (
        identifier text, kind text, value text, mark text, primary key (identifier, kind, value)
    ) on commit drop
"""
_COUNT_ADDED = """
    select count(*) from staged s where not exists (
        select 1 from orgs_organisation o where o.identifier = s.identifier)
"""
_EXAMPLES_ADDED = """
    select s.identifier, s.name from staged s
    where not exists (select 1 from orgs_organisation o where o.identifier = s.identifier)
    order by s.identifier limit %s
"""
# The point of contact that a file speaks of is the oldest one of its organisation.
_POINT = """
    select distinct on (c.organisation_id) c.id, c.organisation_id, c.name, c.email, c.phone from orgs_contact c
    where c.kind = 'point_of_contact' order by c.organisation_id, c.id
"""
# What other sources brought is not the register file's to end: only what people keep by hand.
_ENDED = """
    a.kind = any(%(kinds)s) and a.source = 'manual' and (a.valid_until is null or a.valid_until > %(today)s)
    and not exists (
        select 1 from staged_asset x where x.identifier = s.identifier and x.kind = a.kind and x.value = a.value)
"""


def _differs(fields: list[tuple[str, LiteralString]]) -> str:
    staged_columns = ", ".join(f"s.{column}" for _, column in fields)
    kept_columns = ", ".join(f"o.{column}" for _, column in fields)
    return f"({staged_columns}) is distinct from ({kept_columns})"


def _touched(fields: list[tuple[str, LiteralString]]) -> str:
    return f"""
        select o.id from staged s join orgs_organisation o on o.identifier = s.identifier where {_differs(fields)}
        union
        select o.id from staged s join orgs_organisation o on o.identifier = s.identifier
            left join ({_POINT}) c on c.organisation_id = o.id
            where s.contact_name <> ''
                and (s.contact_name, s.contact_email, s.contact_phone) is distinct from (c.name, c.email, c.phone)
        union
        select o.id from staged_asset x join orgs_organisation o on o.identifier = x.identifier
            where not exists (
                select 1 from orgs_asset a where a.organisation_id = o.id and a.kind = x.kind and a.value = x.value
                    and (a.valid_until is null or a.valid_until > %(today)s) and a.mark = coalesce(x.mark, a.mark))
        union
        select o.id from staged s join orgs_organisation o on o.identifier = s.identifier
            join orgs_asset a on a.organisation_id = o.id where {_ENDED}
    """  # noqa: S608 - constants of ours


def _examples_changed(fields: list[tuple[str, LiteralString]]) -> str:
    flags = "".join(f", s.{column} is distinct from o.{column}" for _, column in fields)
    return f"""
        select o.identifier, o.name{flags} from touched t join orgs_organisation o on o.id = t.id
        join staged s on s.identifier = o.identifier order by o.identifier limit %s
    """  # noqa: S608 - constants of ours


def _update(fields: list[tuple[str, LiteralString]]) -> str:
    changes = ", ".join(f"{column} = s.{column}" for _, column in fields)
    return f"""
        update orgs_organisation o set {changes} from staged s
        where o.identifier = s.identifier and {_differs(fields)}
    """  # noqa: S608 - constants of ours


_INSERT = """
    insert into orgs_organisation (identifier, name, name_ur, ownership, sector_id, subsector_id, province_id,
        ministry_id, tier, size, registration_number, website, is_fictional, is_active, law_facts)
    select s.identifier, s.name, s.name_ur, s.ownership, s.sector_id, s.subsector_id, s.province_id,
        s.ministry_id, s.tier, s.size, s.registration_number, s.website, s.is_fictional, s.is_active, '{}'
    from staged s where not exists (select 1 from orgs_organisation o where o.identifier = s.identifier)
"""
_UPDATE_CONTACTS = f"""
    update orgs_contact k set name = s.contact_name, email = s.contact_email, phone = s.contact_phone
    from staged s join orgs_organisation o on o.identifier = s.identifier
        join ({_POINT}) c on c.organisation_id = o.id
    where k.id = c.id and s.contact_name <> ''
        and (s.contact_name, s.contact_email, s.contact_phone) is distinct from (c.name, c.email, c.phone)
"""  # noqa: S608 - constants of ours
_INSERT_CONTACTS = """
    insert into orgs_contact (organisation_id, kind, name, email, phone)
    select o.id, 'point_of_contact', s.contact_name, s.contact_email, s.contact_phone
    from staged s join orgs_organisation o on o.identifier = s.identifier
    where s.contact_name <> '' and not exists (
        select 1 from orgs_contact c where c.organisation_id = o.id and c.kind = 'point_of_contact')
"""
# A file without the column of marks leaves them as they are.
_INSERT_ASSETS = """
    insert into orgs_asset as a (organisation_id, kind, value, note, source, mark)
    select o.id, x.kind, x.value, '', 'manual', coalesce(x.mark, '')
    from staged_asset x join orgs_organisation o on o.identifier = x.identifier
    where not exists (
        select 1 from orgs_asset h where h.organisation_id = o.id and h.kind = x.kind and h.value = x.value
            and (h.valid_until is null or h.valid_until > %(today)s))
    on conflict (organisation_id, kind, value) do update
        set valid_until = null, source = 'manual', mark = coalesce(nullif(excluded.mark, ''), a.mark)
"""
_MARK_ASSETS = """
    update orgs_asset a set mark = x.mark
    from staged_asset x join orgs_organisation o on o.identifier = x.identifier
    where a.organisation_id = o.id and a.kind = x.kind and a.value = x.value and x.mark <> a.mark
"""
_END_ASSETS = f"""
    update orgs_asset a set valid_until = greatest(%(today)s, a.valid_from)
    from staged s join orgs_organisation o on o.identifier = s.identifier
    where a.organisation_id = o.id and {_ENDED}
"""  # noqa: S608 - constants of ours
