"""Reading registers of risks. A risk is open where nothing decided about it holds today: this is never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from sipar.assessments.models import RoadmapItem
from sipar.core.acting import Actor
from sipar.core.models import Event
from sipar.core.problems import not_open
from sipar.orgs.models import Organisation
from sipar.risks.treatment_models import Appetite, Risk, RiskReview, Treatment

STATES = ("open", "treated", "overdue", "closed")
ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Holding:
    """A treatment, and whether it holds today; where it does not, why: `expired`, `dropped` or `ended`."""

    treatment: Treatment
    state: str

    @property
    def holds(self) -> bool:
        return self.state == "holds"


@dataclass(frozen=True)
class RegisterLine:
    """A risk of a register with what holds; `expired` is what ran out and nothing took its place."""

    risk: Risk
    holding: tuple[Treatment, ...]
    expired: tuple[Treatment, ...]
    overdue: bool

    @property
    def state(self) -> str:
        if self.risk.closed_at is not None:
            return "closed"
        return "treated" if self.holding else "open"


@dataclass(frozen=True)
class RegisterCounts:
    """How many risks of a register are open, treated, past their review, and closed."""

    open: int
    treated: int
    overdue: int
    closed: int


@dataclass(frozen=True)
class Ending:
    """A signed acceptance or an insurance that ran out, or soon will; `until` is the last day that it holds."""

    risk: Risk
    kind: str
    until: date
    decided_on: date


def in_force(today: date) -> Q:
    """The condition that a treatment holds on this day."""
    alive = Q(ended_at=None) & (Q(until=None) | Q(until__gte=today))
    return alive & ~Q(kind=Treatment.Kind.MITIGATE, roadmap_item__state="dropped")


def risks_of(organisation: Organisation, *, today: date, state: str = "") -> QuerySet[Risk]:
    """The register of one organisation that the actor watches; `state` is one of `STATES`, everything otherwise."""
    rows = Risk.objects.filter(organisation=organisation).select_related("organisation")
    if state == "closed":
        return rows.exclude(closed_at=None).order_by("-closed_at", "-pk")
    holding = Exists(Treatment.objects.filter(in_force(today), risk=OuterRef("pk")))
    live = {
        "open": rows.filter(~holding, closed_at=None),
        "treated": rows.filter(holding, closed_at=None),
        "overdue": rows.filter(closed_at=None, review_on__lt=today),
    }
    return live.get(state, rows).order_by(F("closed_at").desc(nulls_first=True), "review_on", "pk")


def lines_of(risks: Iterable[Risk], *, today: date) -> list[RegisterLine]:
    """Risks as lines of a register, in the order given; one query for all of them."""
    shown = list(risks)
    by_risk: dict[int, list[Treatment]] = {risk.pk: [] for risk in shown}
    rows = Treatment.objects.filter(risk__in=by_risk, ended_at=None).select_related("roadmap_item")
    for row in rows.order_by("decided_at", "pk"):
        by_risk[row.risk_id].append(row)
    return [_line(risk, by_risk[risk.pk], today) for risk in shown]


def counts_of(organisation: Organisation, *, today: date) -> RegisterCounts:
    """What stands in the register of an organisation, in two queries."""
    rows = Risk.objects.filter(organisation=organisation)
    found = rows.aggregate(
        live=Count("pk", filter=Q(closed_at=None)),
        overdue=Count("pk", filter=Q(closed_at=None, review_on__lt=today)),
        closed=Count("pk", filter=~Q(closed_at=None)),
    )
    treated = Treatment.objects.filter(in_force(today), risk__organisation=organisation, risk__closed_at=None)
    number = treated.aggregate(number=Count("risk", distinct=True))["number"]
    return RegisterCounts(found["live"] - number, number, found["overdue"], found["closed"])


def open_risks_by_organisation(organisations: Sequence[int], *, today: date) -> dict[int, int]:
    """How many risks are open in each of these registers; organisations without any are left out."""
    holding = Exists(Treatment.objects.filter(in_force(today), risk=OuterRef("pk")))
    rows = Risk.objects.filter(~holding, organisation__in=organisations, closed_at=None)
    return dict(rows.order_by().values_list("organisation").annotate(number=Count("pk")))


def access_risk(actor: Actor, risk: int) -> Risk:
    """One risk of an organisation that the actor watches; raises NotFound otherwise."""
    found = Risk.objects.select_related("organisation").filter(pk=risk).first()
    if found is None:
        raise not_open("risk")
    return found


def access_treatment(actor: Actor, treatment: int) -> Treatment:
    """One treatment of a risk that the actor watches; raises NotFound otherwise."""
    found = Treatment.objects.select_related("risk__organisation").filter(pk=treatment).first()
    if found is None:
        raise not_open("treatment")
    return found


def treatments_of(risk: Risk, *, today: date) -> list[Holding]:
    """Everything that was ever decided about a risk, the newest first, and what became of it."""
    rows = Treatment.objects.filter(risk=risk).select_related("roadmap_item").order_by("-decided_at", "-pk")
    return [Holding(row, state_of(row, today=today)) for row in rows]


def reviews_of(risk: Risk) -> list[RiskReview]:
    """Every review of a risk, the newest first."""
    return list(RiskReview.objects.filter(risk=risk).order_by("-reviewed_at", "-pk"))


def state_of(treatment: Treatment, *, today: date) -> str:
    """`holds`, or why it does not: `expired`, `dropped` (its roadmap item), `ended`."""
    if treatment.ended_at is not None:
        return "ended"
    if treatment.until is not None and treatment.until < today:
        return "expired"
    item = treatment.roadmap_item
    return "dropped" if item is not None and item.state == "dropped" else "holds"


def items_to_mitigate(risk: Risk) -> list[RoadmapItem]:
    """The items of the organisation's roadmap that can mitigate a risk, those of its own requirement first."""
    rows = RoadmapItem.objects.filter(organisation=risk.organisation_id).exclude(state="dropped")
    found = list(rows.order_by("due_on", "pk")[:500])
    return sorted(found, key=lambda item: not risk.requirement or item.requirement != risk.requirement)


def endings(organisations: Sequence[int], *, today: date) -> list[Ending]:
    """Acceptances and insurances that ran out or end within 30 days, and that nothing took the place of.

    What ran out is left out where something else holds about the risk; the first to end stands first.
    """
    others = Treatment.objects.filter(in_force(today), risk=OuterRef("risk"))
    rows = Treatment.objects.filter(
        Q(until__gte=today) | ~Exists(others),
        organisation__in=organisations, ended_at=None, until__lte=today + ENDS_SOON, risk__closed_at=None,
    ).select_related("risk")  # fmt: skip
    return [
        Ending(row.risk, row.kind, row.until, row.decided_at.date())
        for row in rows.order_by("until", "pk")[:20]
        if row.until is not None
    ]


def reviews_due(organisations: Sequence[int], *, until: date) -> QuerySet[Risk]:
    """Risks to be looked at until a day, the first due first."""
    rows = Risk.objects.filter(organisation__in=organisations, closed_at=None, review_on__lte=until)
    return rows.order_by("review_on", "pk")


def appetite_of(organisation: Organisation) -> Appetite | None:
    """What the organisation says is too much now, or None where it never said."""
    return appetites_of(organisation).first()


def appetites_of(organisation: Organisation) -> QuerySet[Appetite]:
    """What the organisation ever said is too much, the newest first."""
    return Appetite.objects.filter(organisation=organisation).order_by("-set_at", "-pk")


def ledger_event_of(treatment: Treatment) -> int | None:
    """The number of the ledger event that recorded a treatment, or None where the actor does not see it."""
    rows = Event.objects.filter(table_name=Treatment._meta.db_table, row_key=str(treatment.pk), operation="insert")
    return rows.values_list("pk", flat=True).first()


def _line(risk: Risk, treatments: list[Treatment], today: date) -> RegisterLine:
    states = [(row, state_of(row, today=today)) for row in treatments]
    holding = tuple(row for row, state in states if state == "holds")
    lapsed = () if holding else tuple(row for row, state in states if state in ("expired", "dropped"))
    return RegisterLine(risk, holding, lapsed, overdue=risk.closed_at is None and risk.review_on < today)
