"""What the regimes ask in one case: its facts, the register's, and what was submitted, put before the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sipar.incidents.models import Incident, Report
from sipar.law.assessing import Assessment, RegimeFinding, assess
from sipar.law.assessing import Submission as Filed
from sipar.law.compiling import CompiledDuty, CompiledRegime
from sipar.law.facts import shipped_facts
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
    unsettled: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        return self.binding.row.code

    @property
    def stage(self) -> str:
        return self.duty.duty.stage

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.stage


@dataclass(frozen=True)
class CaseAssessment:
    """What the regimes make of a case: duties that apply or may apply, findings with their citations, open questions.

    `questions` are facts of the incident that would settle what is undetermined; `register_questions` those that
    belong to the register (whom a law binds), which nobody under attack is asked.
    """

    asked: tuple[Asked, ...]
    regimes: tuple[RegimeFinding, ...]
    questions: tuple[str, ...]
    register_questions: tuple[str, ...]


def asked_in(incident: Incident, *, submissions: Sequence[Submission]) -> list[Asked]:
    """Every duty that a binding regime puts, or may put, on the organisation of a case."""
    return list(assessment_of(incident, submissions=submissions).asked)


def assessment_of(incident: Incident, *, submissions: Sequence[Submission] | None = None) -> CaseAssessment:
    """What binds the case, what is undetermined, and the questions that would settle it, the most decisive first."""
    bindings = binding_regimes(incident.opened_at.date())
    if incident.organisation_id is None or not bindings:
        return CaseAssessment((), (), (), ())
    if submissions is None:
        submissions = list(Submission.objects.filter(incident=incident))
    earlier = earlier_cases(incident)
    served = _served(bindings, submissions)
    filed = tuple(Filed(*key, each.submitted_at) for key, several in served.items() for each in several)
    found = _assessed(
        tuple(binding.compiled for binding in bindings),
        frozenset(facts_of(incident, earlier).items()),
        filed,
        tuple(frozenset(each.items()) for each in earlier),
    )
    by_key = {(each.row.code, duty.duty.stage): (each, duty) for each in bindings for duty in each.compiled.duties}
    asked = []
    for duty in found.duties:
        binding, compiled = by_key[(duty.regime, duty.stage)]
        asked.append(
            Asked(
                binding=binding,
                duty=compiled,
                applies=duty.applies,
                due_at=duty.due_at,
                anchor=duty.anchor or "",
                anchor_at=duty.anchor_at,
                clock=duty.clock,
                served_by=served.get((duty.regime, duty.stage), [None])[0],
                unsettled=duty.unsettled,
            )
        )
    return CaseAssessment(
        asked=tuple(asked),
        regimes=found.regimes,
        questions=tuple(name for name in found.questions if name not in REGISTER),
        register_questions=tuple(name for name in found.questions if name in REGISTER),
    )


@lru_cache(maxsize=512)
def _assessed(
    compiled: tuple[CompiledRegime, ...],
    facts: frozenset[tuple[str, object]],
    filed: tuple[Filed, ...],
    related: tuple[frozenset[tuple[str, object]], ...],
) -> Assessment:
    # Saving a report, showing it and sending it ask the same of the same facts, one after the other.
    return assess(compiled, dict(facts), submissions=filed, related=[dict(each) for each in related])


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
