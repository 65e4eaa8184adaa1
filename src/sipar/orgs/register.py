"""The register as one table, for everything that works on the whole nation at once."""

from __future__ import annotations

import polars as pl
from django.db import connection

SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "identifier": pl.String,
    "sector": pl.String,
    "subsector": pl.String,
    "province": pl.String,
    "ministry": pl.String,
    "tier": pl.Int64,
    "ownership": pl.String,
}
_QUERY = """
    select o.id, o.identifier, s.code, u.code, p.code, m.code, o.tier, o.ownership
    from orgs_organisation o
    join orgs_sector s on s.id = o.sector_id
    left join orgs_sector u on u.id = o.subsector_id
    join orgs_province p on p.id = o.province_id
    left join orgs_ministry m on m.id = o.ministry_id
    where o.is_active
    order by o.id
"""


def register_table() -> pl.DataFrame:
    """One row for each active organisation that the actor sees: id and the codes that constituency rules speak of."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY)
        return pl.DataFrame(cursor.fetchall(), schema=SCHEMA, orient="row")
