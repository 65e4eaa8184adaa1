"""The claims in the database that an import speaks of, and carrying a difference into it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl
from django.db import connection
from django.db.models import Q

from sipar.claims.difference import STORED, Difference
from sipar.claims.models import NationalRange
from sipar.orgs.models import Asset, Organisation

BATCH = 5_000
_STORED = """
    select a.kind, a.value, a.organisation_id, null::bigint, a.note, a.mark, a.valid_from, a.valid_until, a.id, a.source
    from orgs_asset a where a.kind in ('prefix', 'asn', 'domain') and a.source in ('manual', %(source)s)
    union all
    select r.kind, r.value, null, r.team_id, r.holder, r.mark, r.valid_from, r.valid_until, r.id, r.source
    from claims_nationalrange r where r.source in ('manual', %(source)s)
"""
_OTHERS = """
    select a.kind, a.value, a.organisation_id from orgs_asset a
    where a.kind in ('prefix', 'asn', 'domain') and a.source not in ('manual', %(source)s)
"""


def stored_claims(source: str) -> pl.DataFrame:
    """The claims of this source and those that people keep by hand, as STORED, also those that ended.

    One organisation holds a value once, whatever its source: what another source brought counts as kept here.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STORED, {"source": source})
        own = pl.DataFrame(cursor.fetchall(), schema=STORED, orient="row")
        cursor.execute(_OTHERS, {"source": source})
        schema = {name: STORED[name] for name in ("kind", "value", "organisation")}
        others = pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")
    return pl.concat([own, others.with_columns(source=pl.lit("manual"))], how="diagonal")


def known_numbers() -> set[int]:
    """The AS numbers of the nation, as far as the register and earlier imports know them."""
    assets = Asset.objects.filter(kind="asn", valid_until=None).values_list("value", flat=True)
    ranges = NationalRange.objects.filter(kind="asn", valid_until=None).values_list("value", flat=True)
    return {int(value.removeprefix("AS")) for value in assets.union(ranges)}


def holders_of_numbers() -> dict[int, int]:
    """Which organisation holds which AS number by hand, where exactly one does."""
    rows = Asset.objects.filter(kind="asn", source="manual", valid_until=None, organisation__is_active=True)
    found: dict[int, set[int]] = {}
    for value, organisation in rows.values_list("value", "organisation_id"):
        found.setdefault(int(value.removeprefix("AS")), set()).add(organisation)
    return {number: holders.pop() for number, holders in found.items() if len(holders) == 1}


def organisations_by_identifier(identifiers: Iterable[str]) -> dict[str, int]:
    """The numbers of the organisations that the actor sees by their identifiers."""
    return dict(Organisation.objects.filter(identifier__in=list(identifiers)).values_list("identifier", "pk"))


def write(difference: Difference, *, source: str, today: date) -> None:
    """Carry a difference into the register and the national ranges."""
    added = difference.added
    Asset.objects.bulk_create(
        (
            Asset(
                organisation_id=row["organisation"], kind=row["kind"], value=row["value"], note=row["holder"],
                source=source, mark=row["mark"], valid_from=row["valid_from"], valid_until=row["valid_until"],
            )
            for row in added.filter(pl.col("organisation").is_not_null()).iter_rows(named=True)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    NationalRange.objects.bulk_create(
        (
            NationalRange(
                team_id=row["team"], kind=row["kind"], value=row["value"], holder=row["holder"],
                source=source, mark=row["mark"], valid_from=row["valid_from"], valid_until=row["valid_until"],
            )
            for row in added.filter(pl.col("organisation").is_null()).iter_rows(named=True)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    _update(pl.concat([difference.reopened, difference.changed]))
    ended = difference.ended
    for model, is_asset in ((Asset, True), (NationalRange, False)):
        rows = ended.filter(pl.col("organisation").is_not_null() if is_asset else pl.col("organisation").is_null())
        wanted = model._default_manager.filter(pk__in=rows["id"].to_list())
        wanted.filter(Q(valid_from=None) | Q(valid_from__lte=today)).update(valid_until=today)
        # What was to begin later, and now will not, ends on the day on which it would have begun.
        for row in wanted.filter(valid_from__gt=today):
            row.valid_until = row.valid_from
            row.save(update_fields=["valid_until"])


def _update(changes: pl.DataFrame) -> None:
    assets, ranges = [], []
    for row in changes.iter_rows(named=True):
        days = {"valid_until": row["valid_until"]}
        if row["organisation"] is not None:
            assets.append(
                Asset(pk=row["id"], note=row["holder"], mark=row["mark"], valid_from=row["valid_from"], **days)
            )
        else:
            ranges.append(
                NationalRange(
                    pk=row["id"], team_id=row["team"], holder=row["holder"], mark=row["mark"],
                    valid_from=row["valid_from"], **days,
                )
            )  # fmt: skip
    Asset.objects.bulk_update(assets, ["note", "mark", "valid_from", "valid_until"], batch_size=1_000)
    NationalRange.objects.bulk_update(ranges, ["team", "holder", "mark", "valid_from", "valid_until"], batch_size=1_000)
