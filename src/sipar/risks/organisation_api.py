"""An organisation's risk and its register to programs. Acceptances are signed in person, never by a program."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from ninja import Router, Schema, Status

from sipar.assessments.roadmap_views import today_of
from sipar.core.acting import Actor
from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.orgs.selectors import OrganisationFilter
from sipar.risks import organisation_selectors as selectors
from sipar.risks import treatment_selectors as register
from sipar.risks.organisation_actions import remove_dependency, state_dependency
from sipar.risks.policy import ORGANISATION_GATE
from sipar.risks.selectors import latest_run
from sipar.risks.treatment_actions import Plan, RiskEntry, end_treatment, open_risk, review_risk, treat_risk
from sipar.risks.treatment_models import Risk
from sipar.risks.treatment_policy import API_KEEPERS

router = Router(tags=["risks"])
MOST = 500


class OrganisationLossOut(Schema):
    organisation: str
    mean: float
    shortfall: float


class ScenarioOut(Schema):
    key: str
    title: dict[str, str]
    mean: float
    quality: str


class GapOut(Schema):
    """`saved`: what closing it takes off a mean year; `worst_saved`: off the nation's worst years."""

    requirement: str
    level: float | None
    target: float | None
    saved: float
    worst_saved: float


class BenchmarkOut(Schema):
    """Quartiles of the sector's mean years, rounded; `quarter` is where the organisation itself stands, 1 to 4."""

    organisations: int
    lower_quartile: float
    median: float
    upper_quartile: float
    quarter: int


class RestsOnOut(Schema):
    number: int
    provider: str
    title: dict[str, str]
    note: str
    stated_at: datetime


class AppetiteOut(Schema):
    """`points`: [loss, years]: more than this loss at most once in so many years."""

    points: list[list[float]]
    currency: str
    set_at: datetime


class OrganisationRiskOut(Schema):
    """`run` null: the model was not run for it yet. `curve`: [loss, probability of losing more in a year]."""

    organisation: str
    run: int | None
    currency: str
    mean: float | None
    shortfall: float | None
    curve: list[list[float]]
    scenarios: list[ScenarioOut]
    gaps: list[GapOut]
    sector: BenchmarkOut | None
    appetite: AppetiteOut | None
    rests_on: list[RestsOnOut]


class RestsOnIn(Schema):
    provider: str
    note: str = ""


class TreatmentOut(Schema):
    """`state`: holds, expired, dropped (its roadmap item) or ended. `digest`: of what was signed, for an acceptance."""

    number: int
    kind: str
    state: str
    reason: str
    until: date | None
    roadmap_item: int | None
    insurer: str
    amount: Decimal | None
    currency: str
    decided_at: datetime
    decided_as: str
    digest: str


class RiskOut(Schema):
    """`state`: open, treated or closed; `version` is what a change names, so that nothing stale is changed."""

    number: int
    organisation: str
    title: str
    state: str
    owner_name: str
    review_on: date
    overdue: bool
    scenario: str
    requirement: str
    provider: str
    stated_loss: Decimal | None
    currency: str
    version: int


class RiskWithTreatments(RiskOut):
    description: str
    treatments: list[TreatmentOut]


class RiskIn(Schema):
    title: str
    owner_name: str
    review_on: date
    description: str = ""
    scenario: str = ""
    requirement: str = ""
    provider: str = ""
    stated_loss: Decimal | None = None
    currency: str = ""


class TreatmentIn(Schema):
    """`kind`: mitigate (needs `roadmap_item`), transfer (needs `insurer`, `amount`, `until`) or avoid."""

    kind: str
    reason: str
    version: int
    roadmap_item: int | None = None
    insurer: str = ""
    amount: Decimal | None = None
    currency: str = ""
    until: date | None = None


class ReviewIn(Schema):
    note: str
    next_on: date
    version: int


class EndIn(Schema):
    note: str


@router.get(
    "/organisations",
    auth=Entry(ORGANISATION_GATE),
    response={200: list[OrganisationLossOut], **PROBLEMS},
    summary="What incidents may cost each organisation",
)
def list_losses(request: ActorRequest, q: str = "", sector: str = "") -> list[dict[str, object]]:
    """Of the organisations that you watch, the five hundred with the largest mean loss of a year."""
    run = latest_run(request.actor)
    if run is None:
        return []
    wanted = OrganisationFilter(text=q.replace("\x00", ""), sector=sector.replace("\x00", ""))
    rows = selectors.losses_by_organisation(request.actor, run, wanted)[:MOST]
    return [{"organisation": row.organisation.identifier, "mean": row.mean, "shortfall": row.shortfall} for row in rows]


@router.get(
    "/organisations/{identifier}",
    auth=Entry(ORGANISATION_GATE),
    response={200: OrganisationRiskOut, **PROBLEMS},
    summary="The risk of one organisation",
)
def read_organisation_risk(request: ActorRequest, identifier: str) -> dict[str, object]:
    organisation = selectors.access_watched(request.actor, identifier)
    standing = selectors.standing_of(request.actor, organisation)
    said = register.appetite_of(organisation)
    found: dict[str, object] = {
        "organisation": organisation.identifier,
        "run": None, "currency": "", "mean": None, "shortfall": None, "curve": [], "scenarios": [], "gaps": [],
        "sector": None,
        "appetite": said and {"points": said.points, "currency": said.currency, "set_at": said.set_at},
        "rests_on": [_rests_on(row) for row in selectors.rests_on(request.actor, organisation)],
    }  # fmt: skip
    if standing is None:
        return found
    return found | {
        "run": standing.run.pk,
        "currency": standing.currency,
        "mean": standing.mean,
        "shortfall": standing.shortfall,
        "curve": [list(point) for point in standing.curve],
        "scenarios": [
            {"key": row.key, "title": row.title, "mean": row.mean, "quality": row.quality} for row in standing.scenarios
        ],
        "gaps": [
            {"requirement": row.requirement, "level": row.level, "target": row.target, "saved": row.saved,
             "worst_saved": row.worst_saved}
            for row in standing.gaps
        ],
        "sector": standing.benchmark or None,
    }  # fmt: skip


@router.post(
    "/organisations/{identifier}/rests-on",
    auth=Entry(API_KEEPERS),
    response={201: RestsOnOut, **PROBLEMS},
    summary="Say that the organisation rests on a shared provider",
)
def rest_on(request: ActorRequest, identifier: str, body: RestsOnIn) -> Status[dict[str, object]]:
    organisation = selectors.access_watched(request.actor, identifier)
    made = state_dependency(request.actor, organisation, body.provider, note=body.note, now=timezone.now())
    rows = selectors.rests_on(request.actor, organisation)
    return Status(201, next(_rests_on(row) for row in rows if row.dependency.pk == made.pk))


@router.delete(
    "/organisations/{identifier}/rests-on/{dependency}",
    auth=Entry(API_KEEPERS),
    response={204: None, **PROBLEMS},
    summary="Say that it rests on it no more",
)
def rest_no_more(request: ActorRequest, identifier: str, dependency: int) -> Status[None]:
    organisation = selectors.access_watched(request.actor, identifier)
    remove_dependency(request.actor, selectors.access_dependency(request.actor, organisation, dependency))
    return Status(204, None)


@router.get(
    "/organisations/{identifier}/register",
    auth=Entry(ORGANISATION_GATE),
    response={200: list[RiskOut], **PROBLEMS},
    summary="The register of risks of one organisation",
)
def list_risks(request: ActorRequest, identifier: str, state: str = "") -> list[dict[str, object]]:
    """At most five hundred; `state`: open, treated, overdue or closed."""
    organisation = selectors.access_watched(request.actor, identifier)
    today = today_of(timezone.now())
    rows = register.risks_of(organisation, today=today, state=state)[:MOST]
    return [_risk(line) for line in register.lines_of(rows, today=today)]


@router.post(
    "/organisations/{identifier}/register",
    auth=Entry(API_KEEPERS),
    response={201: RiskWithTreatments, **PROBLEMS},
    summary="Put a risk on the register",
)
def add_risk(request: ActorRequest, identifier: str, body: RiskIn) -> Status[dict[str, object]]:
    organisation = selectors.access_watched(request.actor, identifier)
    made = open_risk(request.actor, organisation, RiskEntry(**body.dict()), now=timezone.now())
    return Status(201, _whole(request.actor, made))


@router.get(
    "/register/{risk}",
    auth=Entry(ORGANISATION_GATE),
    response={200: RiskWithTreatments, **PROBLEMS},
    summary="One risk with everything that was decided about it",
)
def read_risk(request: ActorRequest, risk: int) -> dict[str, object]:
    return _whole(request.actor, register.access_risk(request.actor, risk))


@router.post(
    "/register/{risk}/treatments",
    auth=Entry(API_KEEPERS),
    response={201: RiskWithTreatments, **PROBLEMS},
    summary="Mitigate, transfer or avoid a risk",
)
def add_treatment(request: ActorRequest, risk: int, body: TreatmentIn) -> Status[dict[str, object]]:
    found = register.access_risk(request.actor, risk)
    plan = Plan(**body.dict(exclude={"version"}))
    treat_risk(request.actor, found, plan, version=body.version, now=timezone.now())
    return Status(201, _whole(request.actor, found))


@router.post(
    "/register/{risk}/reviews",
    auth=Entry(API_KEEPERS),
    response={201: RiskWithTreatments, **PROBLEMS},
    summary="Say how a risk stands",
)
def add_review(request: ActorRequest, risk: int, body: ReviewIn) -> Status[dict[str, object]]:
    found = register.access_risk(request.actor, risk)
    review_risk(request.actor, found, note=body.note, next_on=body.next_on, version=body.version, now=timezone.now())
    return Status(201, _whole(request.actor, found))


@router.post(
    "/treatments/{treatment}/end",
    auth=Entry(API_KEEPERS),
    response={200: RiskWithTreatments, **PROBLEMS},
    summary="Take back what was decided about a risk",
)
def take_back(request: ActorRequest, treatment: int, body: EndIn) -> dict[str, object]:
    found = register.access_treatment(request.actor, treatment)
    end_treatment(request.actor, found, note=body.note, now=timezone.now())
    return _whole(request.actor, found.risk)


def _whole(actor: Actor, risk: Risk) -> dict[str, object]:
    today = today_of(timezone.now())
    fresh = register.access_risk(actor, risk.pk)
    (line,) = register.lines_of([fresh], today=today)
    treatments = [
        {
            "number": row.treatment.pk, "kind": row.treatment.kind, "state": row.state,
            "reason": row.treatment.reason, "until": row.treatment.until,
            "roadmap_item": row.treatment.roadmap_item_id, "insurer": row.treatment.insurer,
            "amount": row.treatment.amount, "currency": row.treatment.currency, "decided_at": row.treatment.decided_at,
            "decided_as": row.treatment.decided_as, "digest": row.treatment.digest,
        }
        for row in register.treatments_of(fresh, today=today)
    ]  # fmt: skip
    return _risk(line) | {"description": fresh.description, "treatments": treatments}


def _risk(line: register.RegisterLine) -> dict[str, object]:
    risk = line.risk
    return {
        "number": risk.pk, "organisation": risk.organisation.identifier, "title": risk.title, "state": line.state,
        "owner_name": risk.owner_name, "review_on": risk.review_on, "overdue": line.overdue,
        "scenario": risk.scenario, "requirement": risk.requirement, "provider": risk.provider,
        "stated_loss": risk.stated_loss, "currency": risk.currency, "version": risk.version,
    }  # fmt: skip


def _rests_on(row: selectors.RestsOn) -> dict[str, object]:
    return {
        "number": row.dependency.pk,
        "provider": row.dependency.provider,
        "title": row.provider.title if row.provider is not None else {},
        "note": row.dependency.note,
        "stated_at": row.dependency.stated_at,
    }
