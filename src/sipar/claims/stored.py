"""The claims in the database that an import speaks of, and carrying a difference into it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import polars as pl
from django.db import connection

from sipar.claims.difference import CLAIMED, STORED, Difference
from sipar.claims.models import NationalRange
from sipar.core.copying import fetch, stage
from sipar.orgs.models import Asset, Organisation

_STORED: Final = """
    select a.kind, a.value, a.organisation_id, null::bigint, a.note, a.mark, a.valid_from, a.valid_until, a.id, a.source
    from orgs_asset a where a.kind in ('prefix', 'asn', 'domain') and a.source in ('manual', %(source)s)
    union all
    select r.kind, r.value, null, r.team_id, r.holder, r.mark, r.valid_from, r.valid_until, r.id, r.source
    from claims_nationalrange r where r.source in ('manual', %(source)s)
"""
_OTHERS: Final = """
    select a.kind, a.value, a.organisation_id from orgs_asset a
    where a.kind in ('prefix', 'asn', 'domain') and a.source not in ('manual', %(source)s)
"""
_OF_OTHERS: Final = ("kind", "value", "organisation")
_STAGE: Final = """
create temporary table carried (
    step text, id bigint, kind text, value text, organisation bigint, team bigint, holder text, mark text,
    valid_from date, valid_until date
) on commit drop
"""
# Assets where an organisation holds the claim, national ranges where none does.
_CARRY: Final = (
    """
    insert into orgs_asset (organisation_id, kind, value, note, source, mark, valid_from, valid_until)
    select organisation, kind, value, holder, %(source)s, mark, valid_from, valid_until
    from carried where step = 'add' and organisation is not null
    """,
    """
    insert into claims_nationalrange (team_id, kind, value, holder, source, mark, valid_from, valid_until)
    select team, kind, value, holder, %(source)s, mark, valid_from, valid_until
    from carried where step = 'add' and organisation is null
    """,
    """
    update orgs_asset a set note = c.holder, mark = c.mark, valid_from = c.valid_from, valid_until = c.valid_until
    from carried c where c.step = 'change' and c.organisation is not null and a.id = c.id
    """,
    """
    update claims_nationalrange r set team_id = c.team, holder = c.holder, mark = c.mark, valid_from = c.valid_from,
        valid_until = c.valid_until
    from carried c where c.step = 'change' and c.organisation is null and r.id = c.id
    """,
    # What was to begin later, and now will not, ends on the day on which it would have begun.
    """
    update orgs_asset a set valid_until = greatest(a.valid_from, %(today)s)
    from carried c where c.step = 'end' and c.organisation is not null and a.id = c.id
    """,
    """
    update claims_nationalrange r set valid_until = greatest(r.valid_from, %(today)s)
    from carried c where c.step = 'end' and c.organisation is null and r.id = c.id
    """,
)


def stored_claims(source: str) -> pl.DataFrame:
    """The claims of this source and those that people keep by hand, as STORED, also those that ended.

    One organisation holds a value once, whatever its source: what another source brought counts as kept here.
    """
    own = fetch(_STORED, {"source": source}, pl.Schema(STORED))
    others = fetch(_OTHERS, {"source": source}, pl.Schema({name: STORED[name] for name in _OF_OTHERS}))
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
    changed = pl.concat([difference.reopened, difference.changed])
    steps = {"add": difference.added, "change": changed, "end": difference.ended}
    carried = [
        rows.select(pl.lit(step).alias("step"), *([] if step == "add" else ["id"]), *CLAIMED)
        for step, rows in steps.items()
    ]
    stage(_STAGE, "carried", pl.concat(carried, how="diagonal"))
    with connection.cursor() as cursor:
        for statement in _CARRY:
            cursor.execute(statement, {"source": source, "today": today})
