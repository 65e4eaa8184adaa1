"""Where the incidents of a replay come from: the nation's own without names, generated ones, or a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection

from sipar.core.acting import Actor, current_actor
from sipar.formats.problems import FormatProblem
from sipar.incidents.history import generate
from sipar.incidents.history_assumptions import shipped_assumptions
from sipar.law.facts import shipped_facts
from sipar.law.incident_tables import OBSERVED, fold_small, read_incidents, typed_texts
from sipar.law.table import INSTANT
from sipar.nations.constituency import memberships
from sipar.obligations.policy import require_may_replay_nation
from sipar.obligations.register_facts import served_nation
from sipar.posture.suppression import SMALLEST_CELL

NATION = "nation"
GENERATED = re.compile(r"generated:(\d{1,8}):(\d{1,9})")
MAX_OF_NATION = 1_000_000
_WORDS = ("sector", "subsector", "province", "size", "ownership", "team")
_ROW: dict[str, Any] = {
    "organisation": pl.Int64(),
    **{name: pl.String() for name in ("sector", "subsector", "province", "size", "ownership")},
    "criticality_tier": pl.Int64(),
    "cii_designated": pl.Boolean(),
    "team": pl.String(),
    "facts": pl.String(),
    **{f"submitted_{each}_at": INSTANT for each in OBSERVED},
}


@dataclass(frozen=True)
class Source:
    """A table of incidents; `generated`: about nobody; `exact` false: what is small must be hidden."""

    words: str
    table: pl.DataFrame
    generated: bool
    exact: bool


def source_of(actor: Actor, named: str, *, since: datetime, until: datetime) -> Source:
    """The incidents that `named` stands for: `nation`, or `generated:N:SEED`.

    Raises Forbidden, or FormatProblem saying what is wrong.
    """
    if named == NATION:
        return Source(NATION, nation_incidents(actor, since=since, until=until), generated=False, exact=False)
    return generated_asked(named, since=since, until=until)


def generated_asked(named: str, *, since: datetime, until: datetime) -> Source:
    """The generated incidents that `generated:N:SEED` asks for. Raises FormatProblem."""
    asked = GENERATED.fullmatch(named)
    if asked is None:
        raise FormatProblem("table.generated", "write generated:NUMBER:SEED, such as generated:100000:1", named[:80])
    return generated_source(int(asked[1]), int(asked[2]), since=since, until=until)


def file_source(path: Path) -> Source:
    """The incidents in a Parquet or CSV file of whoever runs the command. Raises FormatProblem."""
    table = read_incidents(path)
    generated = "generated" in table.columns and bool(table["generated"].all())
    return Source(path.name, table, generated=generated, exact=True)


def generated_source(incidents: int, seed: int, *, since: datetime, until: datetime) -> Source:
    """So many generated incidents, each with the CERT that the nation's rules would give it to."""
    try:
        table = generate(shipped_assumptions(), incidents=incidents, seed=seed, since=since, until=until)
    except ValueError as error:
        raise FormatProblem("table.generated", str(error), f"generated:{incidents}:{seed}") from error
    return Source(f"generated:{incidents}:{seed}", with_teams(table), generated=True, exact=True)


def with_teams(table: pl.DataFrame) -> pl.DataFrame:
    """The table with the CERT that leads for each organisation by the nation's rules, where just one does."""
    keys = ["sector", "subsector", "province", "criticality_tier", "ownership"]
    classes = table.select(pl.col(name).cast(pl.String) if name != "criticality_tier" else name for name in keys)
    register = (
        classes.unique(maintain_order=True)
        .with_row_index("id")
        .with_columns(
            pl.col("criticality_tier").alias("tier"),
            pl.lit(None, dtype=pl.String).alias("ministry"),
            pl.lit(None, dtype=pl.String).alias("identifier"),
        )
    )
    found = memberships({team.code: team.constituency for team in served_nation().teams}, register)
    leads = found.filter("lead").group_by("organisation").agg(pl.col("team").first(), pl.len().alias("leads"))
    single = leads.filter(pl.col("leads") == 1).select("organisation", "team")
    named = register.join(single, left_on="id", right_on="organisation", how="left").select(*keys, "team")
    joined = classes.join(named, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return table.with_columns(joined["team"])


def nation_incidents(actor: Actor, *, since: datetime, until: datetime) -> pl.DataFrame:
    """The nation's reported incidents of a period, without names, small groups folded into the unknown.

    Read through `guard.replay_incidents`, which numbers organisations anew at each call and gives no free text. Must
    run inside `acting`; raises Forbidden, and FormatProblem where there are none or too many.
    """
    require_may_replay_nation(actor)
    if current_actor().account != actor.account:
        raise LookupError("the nation's incidents are read as the one who asks")
    facts = shipped_facts()
    wanted = [name for name, fact in facts.items() if fact.source == "incident" and fact.type != "text"]
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from guard.replay_incidents(%s, %s, %s) limit %s", [since, until, wanted, MAX_OF_NATION + 1]
        )
        rows = cursor.fetchall()
    if len(rows) > MAX_OF_NATION:
        raise FormatProblem("table.length", f"more than {MAX_OF_NATION:,} incidents; choose a shorter period")
    if not rows:
        raise FormatProblem("table.length", "no incident was reported in this period")
    table = pl.DataFrame(rows, schema=_ROW, orient="row").with_row_index("incident")
    told = _told(table["facts"], wanted)
    nation = served_nation()
    placed = table.drop("facts").with_columns(
        pl.lit(nation.country).alias("country"), pl.lit(nation.time_zone).alias("time_zone")
    )
    whole = placed.hstack(told).with_columns(pl.col("aware_at").fill_null(pl.col("submitted_first_at")))
    return fold_small(whole, ["sector", "size", "team"], least=SMALLEST_CELL)


def _told(facts: pl.Series, names: list[str]) -> pl.DataFrame:
    """The facts in JSON objects of texts as columns; what does not fit its fact is unknown."""
    record = pl.Struct({name: pl.String() for name in names})
    texts = facts.fill_null("{}").str.json_decode(record).struct.unnest()
    return typed_texts(texts, strict=False)
