"""What the regimes ask in one case: its facts, the register's, and what was submitted, put before the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from sipar.incidents.models import Incident, Report
from sipar.law.compiling import CompiledDuty
from sipar.law.evaluate import evaluate
from sipar.law.facts import Fact, shipped_facts
from sipar.obligations.clock import serves
from sipar.obligations.models import Submission
from sipar.obligations.regimes import Binding, binding_regimes
from sipar.obligations.register_facts import earlier_cases, register_facts, typed

REGISTER = frozenset(name for name, fact in shipped_facts().items() if fact.source == "register")


@dataclass(frozen=True)
class Asked:
    """A duty that applies (`applies` true) or may apply (null) to a case, with its clock as it stands."""

    binding: Binding
    duty: CompiledDuty
    applies: bool | None
    due_at: datetime | None
    anchor: str
    anchor_at: datetime | None
    clock: str
    served_by: Submission | None

    @property
    def code(self) -> str:
        return self.binding.row.code

    @property
    def stage(self) -> str:
        return self.duty.duty.stage

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.stage


def asked_in(incident: Incident, *, submissions: Sequence[Submission]) -> list[Asked]:
    """Every duty that a binding regime puts, or may put, on the organisation of a case."""
    bindings = binding_regimes(incident.opened_at.date())
    if incident.organisation_id is None or not bindings:
        return []
    earlier = earlier_cases(incident)
    facts = facts_of(incident, earlier)
    served = _served(bindings, submissions)
    rows = [{"incident": 0, "organisation": 0, **facts}]
    rows += [{"incident": number, "organisation": 0, **each} for number, each in enumerate(earlier, start=1)]
    table = evaluate([binding.compiled for binding in bindings], _table(rows), submissions=_filed(served))
    by_key = {(each.row.code, duty.duty.stage): (each, duty) for each in bindings for duty in each.compiled.duties}
    found = []
    for row in table.filter(pl.col("incident") == 0).iter_rows(named=True):
        binding, duty = by_key[(row["regime"], row["stage"])]
        first = served.get((row["regime"], row["stage"]), [None])[0]
        found.append(
            Asked(
                binding=binding,
                duty=duty,
                applies=row["applies"],
                due_at=row["due_at"],
                anchor=row["anchor"] or "",
                anchor_at=row["anchor_at"],
                clock=row["clock"],
                served_by=first,
            )
        )
    return found


def facts_of(incident: Incident, earlier: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What is known of the case (a draft as it is being written), of earlier cases, and of the register, which wins."""
    own: dict[str, Any] = dict(incident.facts)
    if incident.state == "draft":
        written = Report.objects.filter(incident=incident).values_list("facts", flat=True).first()
        own |= written or {}
    told: dict[str, object] = {}
    for case in reversed(earlier):
        told |= {name: value for name, value in case.items() if name in REGISTER}
    return told | typed(own) | register_facts(incident)


def _served(bindings: Sequence[Binding], submissions: Sequence[Submission]) -> dict[tuple[str, str], list[Submission]]:
    """For each duty the submissions that serve it, first one first."""
    ordered = sorted(submissions, key=lambda each: (each.submitted_at, each.number))
    served: dict[tuple[str, str], list[Submission]] = {}
    for binding in bindings:
        for compiled in binding.compiled.duties:
            duty = compiled.duty
            for each in ordered:
                if serves(
                    submitted=each.stage, stage=duty.stage, sort=duty.sort, content=duty.content, facts=each.facts
                ):
                    served.setdefault((binding.row.code, duty.stage), []).append(each)
    return served


def _filed(served: Mapping[tuple[str, str], Sequence[Submission]]) -> pl.DataFrame:
    rows = [(0, code, stage, each.submitted_at) for (code, stage), filed in served.items() for each in filed]
    schema = {"incident": pl.Int64(), "regime": pl.String(), "stage": pl.String(), "submitted_at": _INSTANT}
    return pl.DataFrame(rows, schema=schema, orient="row")


_INSTANT = pl.Datetime("us", "UTC")


def _table(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    known: Mapping[str, Fact] = shipped_facts()
    names = dict.fromkeys(name for row in rows for name in row)
    series = [
        pl.Series(name, [row.get(name) for row in rows], dtype=known[name].dtype if name in known else pl.Int64())
        for name in names
    ]
    return pl.DataFrame(series)
