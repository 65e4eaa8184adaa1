"""Questions to experts, how well each expert did, everybody's answers as one; and what reports made of the numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.case_selectors import names_of
from sipar.incidents.classification import rsit
from sipar.risk.experts import Answered, Interval, Pooled, Score, pool, score, weigh
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate, ReportUpdate
from sipar.risks.models import AssumptionSet

RANSOMWARE = "ransomware"
MOST_QUESTIONS, MOST_UPDATES = 200, 50
LONGEST_CHAIN = 200


@dataclass(frozen=True)
class Opinion:
    """What one expert says, how well they did before, and what they weigh here."""

    name: str
    estimate: ExpertEstimate
    record: Score
    weight: float


@dataclass(frozen=True)
class Opinions:
    """Everybody's answer to one question, the heaviest first, and all of them as one."""

    lines: list[Opinion]
    pooled: Pooled


@dataclass(frozen=True)
class ExpertRecord:
    """How well one expert did over all questions whose truth is known."""

    name: str
    record: Score


def questions_seen(actor: Actor) -> list[EstimateQuestion]:
    """The questions, open ones first, then the newest, with how many have answered as far as the actor sees them."""
    found = EstimateQuestion.objects.annotate(answers=Count("estimates")).order_by("-asked_at", "-pk")
    rows = list(found[:MOST_QUESTIONS])
    return sorted(rows, key=lambda row: row.state != "open")


def access_question(actor: Actor, question: int) -> EstimateQuestion:
    """One question; raises NotFound where there is none that the actor may see."""
    found = EstimateQuestion.objects.select_related("taken_into").filter(pk=question).first()
    if found is None:
        raise not_open("question")
    return found


def own_estimate(actor: Actor, question: EstimateQuestion) -> ExpertEstimate | None:
    return ExpertEstimate.objects.filter(question=question, expert_id=actor.account).first()


def own_estimates(actor: Actor) -> dict[int, ExpertEstimate]:
    """The actor's own answers by question."""
    return {row.question_id: row for row in ExpertEstimate.objects.filter(expert_id=actor.account)}


def record_of(actor: Actor) -> Score:
    """How well the actor's own estimates held."""
    return _records([actor.account])[actor.account]


def records_seen(actor: Actor) -> list[ExpertRecord]:
    """Every expert's record, the best calibrated first; for who may not see the others their own alone."""
    experts = sorted(set(ExpertEstimate.objects.values_list("expert_id", flat=True)))
    records, names = _records(experts), names_of(set(experts))
    rows = [ExpertRecord(names.get(expert, ""), records[expert]) for expert in experts]
    return sorted(rows, key=lambda row: (-min(row.record.questions, 1), -row.record.calibration, row.name))


def pool_of(actor: Actor, question: EstimateQuestion) -> Opinions | None:
    """All answers to a question and the pool of them; None where the actor sees no answer.

    A truth weighs experts for other questions, never for its own.
    """
    estimates = list(ExpertEstimate.objects.filter(question=question).order_by("given_at", "pk"))
    if not estimates:
        return None
    experts = [row.expert_id for row in estimates]
    records, names = _records(experts, without=question.pk), names_of(set(experts))
    intervals = [interval_of(row) for row in estimates]
    weights = weigh([records[expert] for expert in experts])
    lines = [
        Opinion(names.get(row.expert_id, ""), row, records[row.expert_id], weight)
        for row, weight in zip(estimates, weights, strict=True)
    ]
    return Opinions(sorted(lines, key=lambda line: -line.weight), pool(intervals, weights))


def interval_of(estimate: ExpertEstimate) -> Interval:
    return Interval(estimate.low, estimate.best, estimate.high, estimate.confidence)


def bases(actor: Actor) -> list[AssumptionSet]:
    """What a new draft may begin from: the assumptions in use and the drafts, in use first, then the newest."""
    rows = AssumptionSet.objects.filter(state__in=("in_use", "draft")).order_by("-number")
    return sorted(rows, key=lambda row: row.state != "in_use")


def ancestors_of(base: AssumptionSet) -> set[int]:
    """This version and every one that it goes back to."""
    parents = dict(AssumptionSet.objects.values_list("pk", "based_on_id"))
    found: set[int] = set()
    current: int | None = base.pk
    while current is not None and current not in found and len(found) < LONGEST_CHAIN:
        found.add(current)
        current = parents.get(current)
    return found


def criteria_known() -> dict[str, Mapping[str, str]]:
    """By what reports may be counted: the mark of ransomware, and the classes of RSIT, with their titles."""
    return {
        RANSOMWARE: {"en": "Ransomware, of whatever class", "ur": "رینسم ویئر، قسم جو بھی ہو"},
        **{group.code: group.title for group in rsit().classes},
    }


def updates_seen(actor: Actor) -> QuerySet[ReportUpdate]:
    """What reports were asked to change, the newest first."""
    found = ReportUpdate.objects.select_related("assumptions", "taken_into").order_by("-asked_at", "-pk")
    return found.defer("assumptions__document", "taken_into__document")[:MOST_UPDATES]


def access_update(actor: Actor, update: int) -> ReportUpdate:
    """One of them; raises NotFound where there is none that the actor may see."""
    found = ReportUpdate.objects.select_related("assumptions", "taken_into").filter(pk=update).first()
    if found is None:
        raise not_open("answer")
    return found


def _records(experts: Iterable[int], *, without: int | None = None) -> dict[int, Score]:
    """The record of each expert, from the settled questions that the actor sees, but one."""
    wanted = set(experts)
    answers: dict[int, list[Answered]] = defaultdict(list)
    rows = ExpertEstimate.objects.filter(expert_id__in=wanted, question__state="settled").select_related("question")
    for row in rows.exclude(question=without).order_by("pk"):
        answers[row.expert_id].append(Answered(interval_of(row), row.question.truth or 0.0))
    return {expert: score(answers[expert]) for expert in wanted}
