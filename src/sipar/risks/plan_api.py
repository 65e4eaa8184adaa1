"""Plans to programs: which there are, what one buys, and asking for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, not_open
from sipar.risks.plan_actions import ask_plan
from sipar.risks.plan_models import InvestmentPlan
from sipar.risks.plan_selectors import access_plan, plannable_runs, plans_seen, result_of
from sipar.risks.policy import MODEL_GATE, NATION_GATE

router = Router(tags=["risk"])
# A token that asks for plans carries the scope of decisions.
ASKING = Gate("risk_plan", MODEL_GATE.roles, scope="risk")
MOST = 100


class PlanOut(Schema):
    """`question` is what was asked; `state` one of waiting, running, done, cancelled, failed."""

    plan: int
    title: str
    run: int
    based_on: int | None
    state: str
    sentence: str
    question: dict[str, Any]
    asked_at: datetime
    ended_at: datetime | None
    pushed_at: datetime | None


class PlanWithResult(PlanOut):
    """`result` is null before the plan is solved; `exact` is whether every cell is in it, none merged."""

    result: dict[str, Any] | None
    exact: bool


class PlanIn(Schema):
    """`run` is the run whose prices count, by default the one that counts; `based_on` the plan that is changed."""

    title: str = Field(max_length=200)
    run: int | None = None
    based_on: int | None = None
    question: dict[str, Any]


@router.get("/plans", auth=Entry(NATION_GATE), response={200: list[PlanOut], **PROBLEMS}, summary="Plans")
def list_plans(request: ActorRequest) -> list[dict[str, object]]:
    """The newest hundred."""
    return [_plan(row) for row in plans_seen(request.actor)[:MOST]]


@router.get("/plans/{plan}", auth=Entry(NATION_GATE), response={200: PlanWithResult, **PROBLEMS}, summary="One plan")
def read_plan(request: ActorRequest, plan: int) -> dict[str, object]:
    """What a plan buys."""
    found = access_plan(request.actor, plan)
    result, exact = result_of(request.actor, found)
    return _plan(found) | {"result": result, "exact": exact}


@router.post("/plans", auth=Entry(ASKING), response={202: PlanOut, **PROBLEMS}, summary="Ask for a plan")
def post_plan(request: ActorRequest, body: PlanIn) -> Any:
    """Solved in the background; a token needs the scope `review`."""
    actor = request.actor
    before = access_plan(actor, body.based_on) if body.based_on is not None else None
    runs = plannable_runs(actor)
    if not runs:
        raise Conflict("There is no run whose prices a plan could rest on.", code="risk.no_prices")
    run = next((row for row in runs if row.pk == body.run), None) if body.run is not None else runs[0]
    if before is not None and body.run is None:
        run = before.run
    if run is None:
        raise not_open("run")
    made = ask_plan(actor, run, body.question, title=body.title, based_on=before, now=timezone.now())
    return Status(202, _plan(made))


def _plan(row: InvestmentPlan) -> dict[str, object]:
    return {
        "plan": row.pk,
        "title": row.title,
        "run": row.run_id,
        "based_on": row.based_on_id,
        "state": row.state,
        "sentence": row.sentence,
        "question": row.question,
        "asked_at": row.asked_at,
        "ended_at": row.ended_at,
        "pushed_at": row.pushed_at,
    }
