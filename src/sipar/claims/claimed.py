"""Every claim of the register and of the nation as one table, and whether it has changed since it was last read."""

from __future__ import annotations

from hashlib import sha256

import polars as pl
from django.db import connection

from sipar.claims.models import Conflict
from sipar.routing.claims import CLAIM_SCHEMA

# Assets and national ranges have numbers of their own; a range stands under its number with a minus before it.
_CLAIMS = """
    select a.id, a.organisation_id, null::bigint, a.kind, a.value, a.valid_from, a.valid_until, a.source, a.mark
    from orgs_asset a join orgs_organisation o on o.id = a.organisation_id
    where a.kind in ('prefix', 'asn', 'domain') and o.is_active
    union all
    select -r.id, null, r.team_id, r.kind, r.value, r.valid_from, r.valid_until, r.source, r.mark
    from claims_nationalrange r
    order by 1
"""
_FINGERPRINT = f"""
    select count(*), sum(hashtextextended(c::text, 0)::numeric), sum(hashtextextended(c::text, 1)::numeric)
    from ({_CLAIMS}) c
"""  # noqa: S608 - constants of ours
_SETTLED = "select kind, value, winner_id from claims_conflict where state = 'settled' order by kind, value"


def claims_table() -> pl.DataFrame:
    """All claims in the columns of CLAIM_SCHEMA, also those that ended. An `id` below zero is a national range.

    Call as Sipar: everybody else would read only what they see.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS)
        return pl.DataFrame(cursor.fetchall(), schema=CLAIM_SCHEMA, orient="row")


def fingerprint() -> str:
    """A digest of every claim and every decision about conflicts, told without carrying them out of the database."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT)
        claims = cursor.fetchone()
        cursor.execute(_SETTLED)
        return sha256(repr((claims, cursor.fetchall())).encode()).hexdigest()


def settled() -> dict[tuple[str, str], int | None]:
    """What people decided about conflicts: the claim that wins by kind and value, None where all may stand."""
    rows = Conflict.objects.filter(state="settled")
    return {(kind, value): winner for kind, value, winner in rows.values_list("kind", "value", "winner_id")}
