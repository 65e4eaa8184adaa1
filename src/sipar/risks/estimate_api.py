"""Estimates to programs: what is asked, one's own answer, everybody's as one, and what reports made of the numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.people.roles import TEAM_ROLES
from sipar.risk.experts import Interval
from sipar.risks import estimate_actions, estimate_selectors
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate, ReportUpdate
from sipar.risks.policy import MODEL_GATE, may_model

router = Router(tags=["risks"])
WRITERS = Gate("risk_estimate_api", frozenset({*TEAM_ROLES, "authority_policy"}), scope="risk")
READERS = Gate("risk_reports_api", frozenset(TEAM_ROLES))


class EstimateOut(Schema):
    """The truth lies between low and high with this confidence, as often below best as above."""

    low: float
    best: float
    high: float
    confidence: float
    note: str
    given_at: datetime


class PooledOut(Schema):
    """All answers as one: median and 90 % interval, mean, standard deviation over mean, and of the logarithm."""

    experts: int
    low: float
    best: float
    high: float
    mean: float
    variation: float
    log_mean: float
    log_deviation: float


class QuestionOut(Schema):
    """`kind`: frequency, loss or practice; `state`: open, settled or withdrawn. `pooled`: for modellers."""

    number: int
    kind: str
    scenario: str
    text: str
    unit: str
    state: str
    truth: float | None
    own: EstimateOut | None
    pooled: PooledOut | None = None


class EstimateIn(Schema):
    low: float
    best: float
    high: float
    confidence: float = 0.9
    note: str = ""


class LearntOut(Schema):
    """What reports made of a number. `state`: waiting, done or failed; `result` is empty until it is done."""

    number: int
    kind: str
    scenario: str
    assumptions: int
    since: date
    until: date
    criteria: list[str]
    state: str
    sentence: str
    result: dict[str, Any]
    draft: int | None


@router.get("/questions", auth=Entry(MODEL_GATE), response={200: list[QuestionOut], **PROBLEMS},
            operation_id="list_estimate_questions")  # fmt: skip
def list_questions(request: ActorRequest) -> list[QuestionOut]:
    """What experts are asked, open questions first, with one's own answers."""
    own = estimate_selectors.own_estimates(request.actor)
    return [_question(row, own.get(row.pk)) for row in estimate_selectors.questions_seen(request.actor)]


@router.get("/questions/{question}", auth=Entry(MODEL_GATE), response={200: QuestionOut, **PROBLEMS},
            operation_id="read_estimate_question")  # fmt: skip
def read_question(request: ActorRequest, question: int) -> QuestionOut:
    """One question; with everybody's answers as one for who runs the model."""
    found = estimate_selectors.access_question(request.actor, question)
    made = _question(found, estimate_selectors.own_estimate(request.actor, found))
    opinions = estimate_selectors.pool_of(request.actor, found) if may_model(request.actor) else None
    if opinions is not None:
        pooled = opinions.pooled
        made.pooled = PooledOut(
            experts=len(opinions.lines), low=pooled.low, best=pooled.best, high=pooled.high, mean=pooled.mean,
            variation=pooled.variation, log_mean=pooled.log_mean, log_deviation=pooled.log_deviation,
        )  # fmt: skip
    return made


@router.put("/questions/{question}/estimate", auth=Entry(WRITERS), response={200: QuestionOut, **PROBLEMS},
            operation_id="give_estimate")  # fmt: skip
def give_estimate(request: ActorRequest, question: int, body: EstimateIn) -> QuestionOut:
    """Answer, or answer anew while the question is open."""
    found = estimate_selectors.access_question(request.actor, question)
    interval = Interval(body.low, body.best, body.high, body.confidence)
    given = estimate_actions.give_estimate(request.actor, found, interval, note=body.note, now=timezone.now())
    return _question(found, given)


@router.get("/reports", auth=Entry(READERS), response={200: list[LearntOut], **PROBLEMS},
            operation_id="list_report_updates")  # fmt: skip
def list_reports(request: ActorRequest) -> list[LearntOut]:
    """What the nation's own reports made of the numbers, the newest first; for staff of the National CERT."""
    return [_learnt(row) for row in estimate_selectors.updates_seen(request.actor)]


def _question(row: EstimateQuestion, own: ExpertEstimate | None) -> QuestionOut:
    said = None
    if own is not None:
        said = EstimateOut(
            low=own.low, best=own.best, high=own.high, confidence=own.confidence, note=own.note, given_at=own.given_at
        )
    return QuestionOut(
        number=row.pk, kind=row.kind, scenario=row.scenario, text=row.text, unit=row.unit, state=row.state,
        truth=row.truth, own=said,
    )  # fmt: skip


def _learnt(row: ReportUpdate) -> LearntOut:
    return LearntOut(
        number=row.pk, kind=row.kind, scenario=row.scenario, assumptions=row.assumptions.number, since=row.since,
        until=row.until, criteria=list(row.criteria), state=row.state, sentence=row.sentence, result=row.result,
        draft=row.taken_into.number if row.taken_into is not None else None,
    )  # fmt: skip
