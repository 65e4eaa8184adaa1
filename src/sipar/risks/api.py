"""The nation's risk to programs: assumptions and their versions, runs of the model, and what they say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Router, Schema, Status

from sipar.core.api import PROBLEMS, Entry
from sipar.core.gates import Gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.people.roles import TEAM_ROLES
from sipar.risks import actions, selectors
from sipar.risks.models import AssumptionSet, Run
from sipar.risks.policy import NATION_GATE, require_may_read_nation

router = Router(tags=["risks"])
WRITERS = Gate("risk_model_api", frozenset({*TEAM_ROLES, "authority_policy"}), scope="risk")


class AssumptionsOut(Schema):
    """One version of the assumptions without its document. `state`: draft, in_use, retired or discarded."""

    number: int
    state: str
    title: str
    digest: str
    based_on: int | None
    version: int
    made_at: datetime
    used_at: datetime | None
    reason: str


class VersionWithDocument(AssumptionsOut):
    document: dict[str, Any]


class DraftIn(Schema):
    """`document` null: the draft begins as the version."""

    title: str
    reason: str = ""
    document: dict[str, Any] | None = None


class SaveIn(Schema):
    """`version` is the one that you read: a stale save is refused."""

    document: dict[str, Any]
    version: int


class UseIn(Schema):
    reason: str


class RunOut(Schema):
    """`state`: waiting, running, done, cancelled or failed. `counts`: this run is what the board shows."""

    number: int
    assumptions: int
    repeats: int | None
    title: str
    seed: int
    years: int
    state: str
    sentence: str
    inputs: str
    losses: str
    asked_at: datetime
    ended_at: datetime | None
    counts: bool


class RunIn(Schema):
    """`inputs_of`: take the register and answers of this run instead of today's."""

    assumptions: int
    title: str
    years: int = 10_000
    seed: int = 1
    inputs_of: int | None = None


class RunResult(Schema):
    """What a run says. `exact` false: small cells are null, and amounts are rounded to three digits."""

    run: int
    exact: bool
    result: dict[str, Any]


@router.get("/assumptions", auth=Entry(NATION_GATE), response={200: list[AssumptionsOut], **PROBLEMS},
            operation_id="list_risk_assumptions")  # fmt: skip
def list_assumptions(request: ActorRequest) -> list[AssumptionsOut]:
    """Every version of what the model rests on, the newest first."""
    require_may_read_nation(request.actor)
    rows = selectors.versions_of_assumptions(request.actor).select_related("based_on").defer("based_on__document")
    return [_version(row) for row in rows.defer("document")]


@router.get("/assumptions/{number}", auth=Entry(NATION_GATE), response={200: VersionWithDocument, **PROBLEMS},
            operation_id="read_risk_assumptions")  # fmt: skip
def read_assumptions(request: ActorRequest, number: int) -> VersionWithDocument:
    """One version with its document."""
    require_may_read_nation(request.actor)
    found = selectors.access_assumptions(request.actor, number)
    return VersionWithDocument(**_version(found).dict(), document=found.document)


@router.post("/assumptions/{number}/drafts", auth=Entry(WRITERS), response={201: AssumptionsOut, **PROBLEMS},
             operation_id="draft_risk_assumptions")  # fmt: skip
def draft_assumptions(request: ActorRequest, number: int, body: DraftIn) -> Status[AssumptionsOut]:
    """A draft that begins as this version, or with the document that is sent."""
    base = selectors.access_assumptions(request.actor, number)
    made = actions.draft_from(
        request.actor, base, title=body.title, reason=body.reason, document=body.document, now=timezone.now()
    )
    return Status(201, _version(made))


@router.put("/assumptions/{number}", auth=Entry(WRITERS), response={200: AssumptionsOut, **PROBLEMS},
            operation_id="save_risk_assumptions")  # fmt: skip
def save_assumptions(request: ActorRequest, number: int, body: SaveIn) -> AssumptionsOut:
    """Keep a draft anew."""
    draft = selectors.access_assumptions(request.actor, number)
    saved = actions.save_draft(request.actor, draft, document=body.document, version=body.version, now=timezone.now())
    return _version(saved)


@router.post("/assumptions/{number}/use", auth=Entry(WRITERS), response={200: AssumptionsOut, **PROBLEMS},
             operation_id="use_risk_assumptions")  # fmt: skip
def use_assumptions(request: ActorRequest, number: int, body: UseIn) -> AssumptionsOut:
    """Put a draft to use."""
    draft = selectors.access_assumptions(request.actor, number)
    return _version(actions.use_assumptions(request.actor, draft, reason=body.reason, now=timezone.now()))


@router.get("/runs", auth=Entry(NATION_GATE), response={200: list[RunOut], **PROBLEMS}, operation_id="list_risk_runs")
def list_runs(request: ActorRequest) -> list[RunOut]:
    """The latest fifty runs, the newest first."""
    counting = selectors.latest_run(request.actor)
    return [_run(row, counting) for row in selectors.runs_seen(request.actor)[: selectors.RUNS]]


@router.post("/runs", auth=Entry(WRITERS), response={202: RunOut, **PROBLEMS}, operation_id="start_risk_run")
def start_run(request: ActorRequest, body: RunIn) -> Status[RunOut]:
    """Ask for a run; read it again until its state is done."""
    made = actions.start_run(
        request.actor,
        selectors.access_assumptions(request.actor, body.assumptions),
        title=body.title,
        years=body.years,
        seed=body.seed,
        inputs_of=selectors.access_run(request.actor, body.inputs_of) if body.inputs_of is not None else None,
        now=timezone.now(),
    )
    return Status(202, _run(made, None))


@router.get("/runs/{run}", auth=Entry(NATION_GATE), response={200: RunOut, **PROBLEMS}, operation_id="read_risk_run")
def read_run(request: ActorRequest, run: int) -> RunOut:
    """One run and how it stands."""
    return _run(selectors.access_run(request.actor, run), selectors.latest_run(request.actor))


@router.get("/runs/{run}/result", auth=Entry(NATION_GATE), response={200: RunResult, **PROBLEMS},
            operation_id="read_risk_result")  # fmt: skip
def read_result(request: ActorRequest, run: int) -> RunResult:
    """What a run says of the nation, its sectors, provinces, scenarios, providers and requirements."""
    found = selectors.access_run(request.actor, run)
    result, exact = selectors.result_of(request.actor, found)
    if result is None:
        raise not_open("run")
    return RunResult(run=found.pk, exact=exact, result=result)


@router.post("/runs/{run}/cancel", auth=Entry(WRITERS), response={200: RunOut, **PROBLEMS},
             operation_id="cancel_risk_run")  # fmt: skip
def cancel_run(request: ActorRequest, run: int) -> RunOut:
    """End a run before it is done; nothing of it is kept."""
    actions.cancel_run(request.actor, selectors.access_run(request.actor, run), now=timezone.now())
    return _run(selectors.access_run(request.actor, run), None)


@router.post("/runs/{run}/repeat", auth=Entry(WRITERS), response={202: RunOut, **PROBLEMS},
             operation_id="repeat_risk_run")  # fmt: skip
def repeat_run(request: ActorRequest, run: int) -> Status[RunOut]:
    """Ask for the same run again, from the same inputs and seed."""
    made = actions.repeat_run(request.actor, selectors.access_run(request.actor, run), now=timezone.now())
    return Status(202, _run(made, None))


def _version(row: AssumptionSet) -> AssumptionsOut:
    return AssumptionsOut(
        number=row.number,
        state=row.state,
        title=row.title,
        digest=row.digest,
        based_on=row.based_on.number if row.based_on is not None else None,
        version=row.version,
        made_at=row.made_at,
        used_at=row.used_at,
        reason=row.reason,
    )


def _run(row: Run, counting: Run | None) -> RunOut:
    return RunOut(
        number=row.pk,
        assumptions=row.assumptions.number,
        repeats=row.repeats_id,
        title=row.title,
        seed=row.seed,
        years=row.years,
        state=row.state,
        sentence=row.sentence,
        inputs=row.inputs,
        losses=row.losses,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        counts=counting is not None and counting.pk == row.pk,
    )
