"""What to fix first: the priority of open findings, their reasons, and the day that a directive in use gives them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.copying import fetch, json_of_codes, stage

if TYPE_CHECKING:
    import polars as pl

AT_ONCE = 200_000
_READ: Final = """
select f.id, f.severity, o.tier, f.reopened, (f.first_seen at time zone 'UTC')::date, array_to_string(f.cves, ' ')
from notices_finding f left join orgs_organisation o on o.id = f.organisation_id
where f.state in ('open', 'stale', 'reopened') and f.id > %(after)s and (not %(new)s or f.priority is null)
order by f.id limit %(most)s
"""
_STAGE: Final = """
create temporary table ranked (id bigint primary key, priority double precision, reasons jsonb, due_on date)
on commit drop
"""
_WRITE: Final = """
update notices_finding f set priority = r.priority, reasons = r.reasons, due_on = r.due_on
from ranked r where r.id = f.id
    and (f.priority is distinct from r.priority or f.reasons <> r.reasons or f.due_on is distinct from r.due_on)
"""


@action("finding.rank")
def rank_findings(actor: Actor, *, now: datetime, only_new: bool = False) -> int:
    """Write priority, reasons and last day on the open findings, or on those that have none; returns how many moved.

    A last day stands only where `SIPAR_DIRECTIVE` names a published timeline.
    """
    import polars as pl

    from sipar.vulnerabilities.selectors import known

    schema = pl.Schema({
        "id": pl.Int64, "severity": pl.Int64, "tier": pl.Int64, "reopened": pl.Int64, "first_seen": pl.Date,
        "cves": pl.String,
    })  # fmt: skip
    moved, after = 0, 0
    while True:
        rows = fetch(_READ, {"after": after, "new": only_new, "most": AT_ONCE}, schema)
        if rows.is_empty():
            return moved
        after = int(rows["id"].to_list()[-1])
        findings = rows.with_columns(pl.col("cves").fill_null("").str.extract_all("[^ ]+"))
        named = findings["cves"].explode(empty_as_null=False, keep_nulls=False).unique().to_list()
        stage(_STAGE, "ranked", _ranked(findings, known(named).rename({"priority": "likelihood"})))
        with connection.cursor() as cursor:
            cursor.execute(_WRITE)
            moved += cursor.rowcount


def _ranked(findings: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    from sipar.exposure.decisions import tables
    from sipar.exposure.priority import due_days, rank

    ranked = rank(findings, facts).with_columns(json_of_codes("reasons"))
    directive = tables().get(settings.DIRECTIVE)
    if directive is None:
        return ranked.with_columns(pl.lit(None, dtype=pl.Date).alias("due_on"))
    return ranked.join(due_days(findings, facts, directive), on="id", how="left", maintain_order="left")
