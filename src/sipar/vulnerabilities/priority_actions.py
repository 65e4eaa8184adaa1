"""How likely each vulnerability is to be exploited, learnt anew from what this installation has imported."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.copying import json_of_codes, stage
from sipar.vulnerabilities import range_files
from sipar.vulnerabilities.selectors import known

if TYPE_CHECKING:
    import polars as pl

_STAGE: Final = """
create temporary table likelihood (cve text primary key, probability double precision, reasons jsonb, uncertainty jsonb)
on commit drop
"""
_WRITE: Final = """
update vulnerabilities_vulnerability v
set priority = l.probability, reasons = l.reasons, uncertainty = l.uncertainty
from likelihood l where l.cve = v.cve
    and (v.priority is distinct from l.probability or v.reasons <> l.reasons or v.uncertainty <> l.uncertainty)
"""


@action("vulnerability.estimate")
def estimate_likelihoods(actor: Actor, *, now: datetime) -> int:
    """Write likelihood of exploitation, reasons and interval on every vulnerability; returns how many moved.

    What is listed already is certain and keeps no estimate. Nothing is written where there is nothing to learn from:
    no listing, or records of nothing but what is listed.
    """
    estimated = _estimated(now)
    if estimated is None:
        return 0
    stage(_STAGE, "likelihood", estimated)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE)
        return int(cursor.rowcount)


def _estimated(now: datetime) -> pl.DataFrame | None:
    import polars as pl

    from sipar.exposure.likelihood import estimate, learn

    frame = known(None)
    affected = range_files.current().group_by("cve").agg(pl.col("block").n_unique().cast(pl.Int64).alias("affected"))
    cves = frame.select(
        "cve", "published", "cvss", pl.col("cvss_vector").alias("vector"), "automatable", "technical_impact",
        "exploitation", "vendor", "product",
    ).join(affected, on="cve", how="left", maintain_order="left")  # fmt: skip
    listed = frame.filter(pl.col("kev_added").is_not_null()).select(
        "cve", pl.col("kev_added").alias("added"), "vendor", "product", "ransomware"
    )
    try:
        model = learn(cves.drop_nulls("published"), listed, on=now.date())
    except ValueError:
        return None
    asked = cves.filter(~pl.col("cve").is_in(listed["cve"].implode()))
    found = estimate(model, asked, listed, on=now.date())
    return found.select(
        "cve",
        pl.col("probability").round(6),
        json_of_codes("because").alias("reasons"),
        pl.struct(pl.col("low").round(6), pl.col("high").round(6)).struct.json_encode().alias("uncertainty"),
    )
