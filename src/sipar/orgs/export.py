"""The register as a file with the same columns that the import reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from django.db import connection

from sipar.formats.tables import Sheet, write_csv, write_xlsx
from sipar.orgs.import_columns import ASSET_COLUMNS, NAMES

_ORGANISATIONS = """
    select o.id, o.identifier, o.name, o.name_ur, o.ownership, s.code, u.code, p.code, m.code, o.tier::text, o.size,
        o.registration_number, o.website, c.name, c.email, c.phone,
        case when o.is_fictional then 'yes' else 'no' end, case when o.is_active then 'yes' else 'no' end
    from orgs_organisation o
    join orgs_sector s on s.id = o.sector_id left join orgs_sector u on u.id = o.subsector_id
    join orgs_province p on p.id = o.province_id left join orgs_ministry m on m.id = o.ministry_id
    left join (
        select distinct on (organisation_id) organisation_id, name, email, phone from orgs_contact
        where kind = 'point_of_contact' order by organisation_id, id
    ) c on c.organisation_id = o.id
    where %(every)s or o.id = any(%(wanted)s) order by o.identifier
"""
_ASSETS = """
    select organisation_id, kind, string_agg(value, '; ' order by value) from orgs_asset
    where (valid_until is null or valid_until > %(today)s) and (%(every)s or organisation_id = any(%(wanted)s))
    group by organisation_id, kind
"""
_MARKS = """
    select organisation_id, string_agg(value || '=' || mark, '; ' order by value) from orgs_asset
    where mark <> '' and (valid_until is null or valid_until > %(today)s)
        and (%(every)s or organisation_id = any(%(wanted)s))
    group by organisation_id
"""
_HEAD = (
    "id", "identifier", "name", "name_ur", "ownership", "sector", "subsector", "province", "ministry", "tier", "size",
    "registration_number", "website", "contact_name", "contact_email", "contact_phone", "fictional", "active",
)  # fmt: skip


def register_file(*, today: date, wanted: Sequence[int] | None = None) -> pl.DataFrame:
    """The organisations that the actor sees, or those among `wanted`, in the columns of the import, all texts."""
    facts: dict[str, Any] = {"every": wanted is None, "wanted": list(wanted or ()), "today": today}
    schema: dict[str, type[pl.DataType]] = {name: pl.Int64 if name == "id" else pl.String for name in _HEAD}
    with connection.cursor() as cursor:
        cursor.execute(_ORGANISATIONS, facts)
        frame = pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")
        cursor.execute(_ASSETS, facts)
        assets = pl.DataFrame(
            cursor.fetchall(), schema={"id": pl.Int64, "kind": pl.String, "values": pl.String}, orient="row"
        )
        cursor.execute(_MARKS, facts)
        marks = pl.DataFrame(cursor.fetchall(), schema={"id": pl.Int64, "marks": pl.String}, orient="row")
    frame = frame.join(marks, on="id", how="left", maintain_order="left")
    for column, kind in ASSET_COLUMNS.items():
        of_kind = assets.filter(pl.col("kind") == kind).select("id", pl.col("values").alias(column))
        frame = frame.join(of_kind, on="id", how="left", maintain_order="left")
    return frame.with_columns(pl.all().exclude("id").fill_null("")).select(NAMES)


def as_csv(frame: pl.DataFrame) -> bytes:
    return write_csv(NAMES, frame)


def as_xlsx(frame: pl.DataFrame) -> bytes:
    return write_xlsx([Sheet(name="Register", header=NAMES, rows=frame)])
