"""What the law asks of a report that is being written: which facts, which stage next, and which clocks run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sipar.incidents.models import Incident, Report
from sipar.incidents.report_facts import askable
from sipar.law.facts import Fact
from sipar.obligations.assessing import Asked, CaseAssessment, assessment_of
from sipar.obligations.models import Decision, Submission
from sipar.obligations.submissions import STAGES

# Asked of everybody, whatever the law: the four big questions first, then what a CERT needs to help.
BIG = ("summary", "aware_at", "affected_systems", "contact")
CORE = (*BIG, "incident_class", "severity", "ongoing", "help_needed")
SOON_SHARE = 4


@dataclass(frozen=True)
class ReportClock:
    """One duty that applies to the case as it is written now, with its deadline (None: `clock` says why).

    `late`: the time has passed. `soon`: its last quarter has begun, or less than an hour is left.
    """

    code: str
    regime: Mapping[str, str]
    status: str
    stage: str
    sort: str
    title: Mapping[str, str]
    cite: str
    clock: str
    due_at: datetime | None
    anchor_at: datetime | None
    done_at: datetime | None
    waived: bool
    late: bool
    soon: bool
    reason_before_limit: bool

    @property
    def is_open(self) -> bool:
        return self.done_at is None and not self.waived


@dataclass(frozen=True)
class Inquiry:
    """What a stage asks: `core` of everybody, `needed` by the law that applies, and the clocks that run."""

    stage: str
    core: tuple[Fact, ...]
    needed: tuple[Fact, ...]
    clocks: tuple[ReportClock, ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (*self.core, *self.needed)

    def step(self, name: str) -> tuple[Fact, ...]:
        """The questions of the first page (`first`) or of the one after it (`more`)."""
        return tuple(fact for fact in self.facts if (fact.name in BIG) == (name != "more"))


def inquiry(incident: Incident, report: Report, *, stage: str = "", now: datetime) -> Inquiry:
    """What a stage of this report asks, by what is known so far; the next stage where none is named."""
    submissions = submissions_of(incident)
    found = _assessed(incident, report.facts, submissions)
    clocks = _clocks(incident, found.asked, now=now)
    chosen = stage if stage in STAGES else next_stage(submissions, clocks)
    known = askable()
    wanted = _wanted(found)
    within = [name for name in known if known[name].stage in STAGES[chosen] and name in wanted]
    core = tuple(known[name] for name in CORE if name in known)
    return Inquiry(
        stage=chosen,
        core=core,
        needed=tuple(known[name] for name in within if name not in CORE),
        clocks=clocks,
    )


def clocks_of(incident: Incident, report: Report, *, now: datetime) -> tuple[ReportClock, ...]:
    """The clocks that run by what is written now, the nearest first."""
    return _clocks(incident, _assessed(incident, report.facts, submissions_of(incident)).asked, now=now)


def late_stages(incident: Incident, facts: Mapping[str, Any], *, now: datetime) -> list[str]:
    """The stages whose deadline has passed without a report or a decision not to report, nearest deadline first."""
    clocks = _clocks(incident, _assessed(incident, facts, submissions_of(incident)).asked, now=now)
    return list(dict.fromkeys(clock.stage for clock in clocks if clock.is_open and clock.late))


def next_stage(submissions: Sequence[Submission], clocks: Iterable[ReportClock]) -> str:
    """The stage that is asked next: the earliest that is open and may still be sent; the last one again otherwise."""
    names = list(STAGES)
    last = submissions[-1].stage if submissions else None
    if last is None:
        return names[0]
    open_sorts = {clock.sort for clock in clocks if clock.is_open}
    later = names[names.index(last) :] if last in names else names
    return next((name for name in later if name in open_sorts), "progress" if last != "final" else "final")


def submissions_of(incident: Incident) -> list[Submission]:
    """What was sent of a case, oldest first."""
    return list(Submission.objects.filter(incident=incident).order_by("number"))


def _assessed(incident: Incident, facts: Mapping[str, Any], submissions: Sequence[Submission]) -> CaseAssessment:
    # The case is looked at as it would be, were the report sent now; the row itself is not touched.
    imagined = copy(incident)
    imagined.facts = {**incident.facts, **facts}
    return assessment_of(imagined, submissions=submissions)


def _clocks(incident: Incident, asked: Sequence[Asked], *, now: datetime) -> tuple[ReportClock, ...]:
    waived = set(Decision.objects.filter(incident=incident).values_list("code", "stage"))
    rows = [_clock(each, waived, now=now) for each in asked if each.applies]
    rows.sort(key=lambda clock: (not clock.is_open, clock.due_at is None, clock.due_at or now))
    return tuple(rows)


def _clock(asked: Asked, waived: set[tuple[str, str]], *, now: datetime) -> ReportClock:
    law = asked.duty.duty
    due, start = asked.due_at, asked.anchor_at
    late = due is not None and now > due
    last_part = min((due - start) / SOON_SHARE, timedelta(days=1)) if due and start else timedelta(hours=1)
    rule = asked.binding.compiled.regime.late
    return ReportClock(
        code=asked.code,
        regime=asked.binding.row.title,
        status=asked.binding.row.status,
        stage=asked.stage,
        sort=law.sort,
        title=law.title.model_dump(),
        cite=law.cite,
        clock=asked.clock,
        due_at=due,
        anchor_at=start,
        done_at=asked.served_by.submitted_at if asked.served_by else None,
        waived=asked.served_by is None and bool({asked.key, (asked.code, "")} & waived),
        late=late,
        soon=due is not None and not late and now >= due - last_part,
        reason_before_limit=rule is not None and rule.reason_before_limit,
    )


def _wanted(found: CaseAssessment) -> set[str]:
    """The facts that duties must tell, and those that would settle whether a duty applies at all."""
    bound = {regime.regime for regime in found.regimes if regime.binds}
    wanted: set[str] = set()
    for each in found.asked:
        if each.applies:
            wanted.update(each.duty.duty.content)
        elif each.code in bound:
            # Whom the law binds is the register's business: a reporter under attack is not asked about it.
            wanted.update(each.unsettled)
    return wanted
