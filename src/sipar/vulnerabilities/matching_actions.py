"""Working out which components are affected, for one organisation or the nation; the rest follows from it.

Matches, dismissals that hold, and findings are brought to what the inventories, the ranges and the dismissals say
now. Doing it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.copying import fetch, stage
from sipar.core.problems import Forbidden
from sipar.vulnerabilities import matching_sql as sql
from sipar.vulnerabilities import range_files
from sipar.vulnerabilities.inventory_actions import follow_register
from sipar.vulnerabilities.locking import lock
from sipar.vulnerabilities.models import Alias


@dataclass(frozen=True)
class Worked:
    """What a matching found and changed."""

    components: int
    matches: int
    unsure: int
    changed: int
    gone: int


@action("vulnerability.match")
def match_components(actor: Actor, *, organisation: int | None = None, now: datetime) -> Worked:
    """Match the components of an organisation, or of all, with the ranges in use. Sipar itself does so."""
    if not actor.holds("system"):
        raise Forbidden("Sipar itself works out what is affected.", code="vulnerability.match")
    # The matcher is for workers and commands: the web server need not load it.
    from sipar.routing.products.matching import match

    lock()
    follow_register(actor, organisation=organisation, now=now)
    facts: dict[str, Any] = {"organisation": organisation, "now": now, "today": now.date()}
    components = fetch(sql.COMPONENTS, facts, sql.COMPONENT_COLUMNS).with_columns(
        pl.col("key", "part", "version").fill_null("")
    )
    ranges = range_files.current()
    aliases = dict(Alias.objects.values_list("name", "means"))
    found = match(components, ranges, aliases=aliases)
    told = _told(found.matches, components, ranges)
    stage(sql.CREATE, "staged_match", told)
    stage(sql.CREATE_UNSURE, "staged_unsure", found.unsure.unique("component"))
    with connection.cursor() as cursor:
        cursor.execute(sql.UNSURE, facts)
        cursor.execute(sql.ADD, facts)
        changed = cursor.rowcount
        cursor.execute(sql.GONE, facts)
        gone = cursor.rowcount
    settle(organisation=organisation, now=now)
    return Worked(
        components=components.height, matches=told.height, unsure=found.unsure.height, changed=changed, gone=gone
    )


def settle(*, organisation: int | None, now: datetime) -> None:
    """Bring what is dismissed, and the findings, to what stands now. Inside the caller's transaction."""
    facts: dict[str, Any] = {"organisation": organisation, "now": now, "today": now.date()}
    with connection.cursor() as cursor:
        cursor.execute(sql.DISMISS, facts)
        cursor.execute("drop table if exists staged_finding")
        cursor.execute(sql.FINDINGS, facts)
        cursor.execute(sql.FINDING_SEEN, facts)
        cursor.execute(sql.FINDING_ADD, facts)
        cursor.execute(sql.FINDING_CLOSE, facts)


def _told(matches: pl.DataFrame, components: pl.DataFrame, ranges: pl.DataFrame) -> pl.DataFrame:
    """Matches with what explains them: the range as its source has it, the alias, and the vendor's word."""
    held = ranges.select(
        "key", "name", "source", "order", "lower", "lower_inclusive", "upper", "upper_inclusive", "note"
    )[matches["range"].to_numpy()]
    said = ranges.select(said_by=pl.col("source"), said=pl.col("note")).with_row_index("verdict_range")
    whole = pl.concat([matches, held], how="horizontal")
    whole = whole.join(components.select("component", own="key"), on="component", how="left", maintain_order="left")
    whole = whole.join(said, on="verdict_range", how="left", maintain_order="left")
    return whole.select(
        "component",
        "cve",
        "verdict",
        why=pl.struct(
            "key", "name", "source", "order", "lower", "lower_inclusive", "upper", "upper_inclusive", "note", "said_by",
            "said", "own", pl.col("own").ne(pl.col("key")).alias("by_alias"),
        ).struct.json_encode(),
    )  # fmt: skip
