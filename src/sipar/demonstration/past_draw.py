"""The past incidents of the demonstration as they are drawn: which happened where, what was reported when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.core.numbers import ALPHABET
from sipar.demonstration.ground import Ground
from sipar.demonstration.incident_words import CONTACT, CONTAINMENT, IMPACT, MEASURES, SYSTEMS, TITLES
from sipar.demonstration.stage_register import LICENCES
from sipar.incidents.history import generate
from sipar.incidents.history_assumptions import shipped_assumptions
from sipar.incidents.report_facts import askable
from sipar.obligations.register_facts import served_nation
from sipar.obligations.submissions import STAGES

YEAR = timedelta(days=365)
# Before the living cases, which are told step by step.
ENDS_BEFORE = timedelta(days=4)
# How many of the generated incidents are reported, roughly; the others nobody hears of.
REPORTED_SHARE = 0.15
ORGANISATIONS_PER_INCIDENT = 5
OBSERVED = {"first": "early_warning", "second": "notification", "third": "intermediate", "final": "final"}


@dataclass
class Past:
    """One past incident of the organisation at `place` of the register; `facts` hold everything that became known."""

    number: str
    place: int
    pattern: str
    severity: str
    title: str
    aware_at: datetime
    facts: dict[str, Any]
    reports: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def reported_at(self) -> datetime:
        return self.reports[0][1]

    def facts_at(self, stage: str) -> dict[str, Any]:
        """The facts that a report of this stage told."""
        known = askable()
        return {name: value for name, value in self.facts.items() if known[name].stage in STAGES[stage]}


def draw_past(ground: Ground) -> list[Past]:
    """Reported incidents of the last twelve months, one for five organisations of the register, oldest first."""
    wanted = max(24, ground.register.size // ORGANISATIONS_PER_INCIDENT)
    table = generate(
        shipped_assumptions(),
        incidents=int(wanted / REPORTED_SHARE),
        seed=ground.seed,
        since=ground.now - YEAR,
        until=ground.now - ENDS_BEFORE,
        organisations=wanted,
    )
    random = ground.random(30)
    reported = table.filter(pl.col("submitted_first_at") < ground.now - ENDS_BEFORE)
    chosen = np.sort(random.permutation(reported.height)[:wanted])
    reported = reported[chosen]
    places = _places(ground, reported["sector"].cast(pl.String).to_list(), random)
    return list(_cases(ground, reported, places, random))


def evaluated(ground: Ground, cases: list[Past], designated: set[int]) -> pl.DataFrame:
    """The cases as a table of the law: what was reported with what the register says, keyed by their place."""
    nation = served_nation()
    register = ground.register.table
    instants = [name for name, fact in askable().items() if fact.type == "instant"]
    rows = []
    for number, case in enumerate(cases):
        one = register.row(case.place, named=True)
        told = {
            name: datetime.fromisoformat(value) if name in instants else value for name, value in case.facts.items()
        }
        rows.append(
            told
            | {name: one[name] for name in ("sector", "subsector", "province", "ownership", "size")}
            | {
                "incident": number,
                "organisation": case.place,
                "country": nation.country,
                "time_zone": nation.time_zone,
                "criticality_tier": one["tier"],
                "cii_designated": case.place in designated,
                **json.loads(LICENCES.get(one["subsector"], "{}")),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col(name).dt.cast_time_unit("us") for name in instants if any(name in row for row in rows)
    )


def _places(ground: Ground, sectors: list[str], random: np.random.Generator) -> list[int]:
    """An organisation of the sector for each incident; the more critical, the more often."""
    table = ground.register.table
    weight = (5.0 - table["tier"].to_numpy()) ** 2
    of_sector: dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
    for sector in {*sectors}:
        found = np.flatnonzero((table["sector"] == sector).to_numpy())
        members = found if len(found) else np.arange(table.height)
        of_sector[sector] = members, weight[members].cumsum() / weight[members].sum()
    return [int(of_sector[one][0][np.searchsorted(of_sector[one][1], random.random())]) for one in sectors]


def _cases(ground: Ground, table: pl.DataFrame, places: list[int], random: np.random.Generator) -> Iterator[Past]:
    known = askable()
    columns = [name for name in table.columns if name in known]
    for row, place in zip(table.iter_rows(named=True), places, strict=True):
        titles, texts = TITLES[row["pattern"]], random.integers(1_000_000, size=5)
        title = titles[texts[0] % len(titles)]
        facts = {name: _plain(row[name]) for name in columns if row[name] is not None}
        facts |= {
            "summary": f"{title}. Noticed by our own staff; we are looking into it.",
            "affected_systems": SYSTEMS[ground.register.table["sector"][place]],
            "contact": CONTACT.format(number=texts[1]),
            "ongoing": False,
            "impact_description": IMPACT[texts[2] % len(IMPACT)],
            "containment_actions": CONTAINMENT[texts[3] % len(CONTAINMENT)],
            "mitigation_measures": MEASURES[texts[4] % len(MEASURES)],
        }
        moments = [(stage, row[f"submitted_{name}_at"]) for name, stage in OBSERVED.items()]
        aware = row["aware_at"]
        letters = random.integers(len(ALPHABET), size=8)
        code = "".join(ALPHABET[one] for one in letters)
        yield Past(
            number=f"{row['submitted_first_at']:%y}-{code[:4]}-{code[4:]}",
            place=place,
            pattern=row["pattern"],
            severity=row["severity"] or "low",
            title=title,
            aware_at=aware,
            facts={name: value for name, value in facts.items() if name not in _LATER or _happened(value, ground.now)},
            reports=[(stage, at) for stage, at in moments if at is not None and at < ground.now],
        )


# Moments that may lie ahead of now for what is still being worked on.
_LATER = frozenset({"activities_recovered_at", "handled_at", "corrective_measure_at", "ransom_paid_at"})


def _happened(value: str, now: datetime) -> bool:
    return datetime.fromisoformat(value) < now


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
