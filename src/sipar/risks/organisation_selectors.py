"""What the run that counts says of one organisation, read out of its row and of the assumptions behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import OrganisationFilter, access_organisation, organisations
from sipar.risks.models import AssumptionSet, Dependency, OrganisationLoss, Run
from sipar.risks.selectors import assumptions_in_use, latest_run
from sipar.risks.treatment_models import Risk

type Title = dict[str, str]
type Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Provider:
    """A shared provider of the assumptions: how often it fails in a year, and which scenarios that can set off."""

    key: str
    title: Title
    kind: str
    failures: float | None
    sets_off: tuple[str, ...]


@dataclass(frozen=True)
class RestsOn:
    """A provider that the organisation rests on; `provider` None where the model no longer knows it."""

    dependency: Dependency
    provider: Provider | None


@dataclass(frozen=True)
class ScenarioShare:
    """What one scenario costs the organisation in a mean year, and where its numbers come from."""

    key: str
    title: Title
    mean: float
    frequency_source: str
    loss_source: str
    quality: str


@dataclass(frozen=True)
class PricedGap:
    """A gap with its price: `saved` is what closing it takes off a mean year of the organisation, `worst_saved` what it
    takes off the nation's worst years.

    `level` and `target` count levels of the framework where it is known, else they are shares of the scale.
    """

    requirement: str
    title: Title
    level: float | None
    target: float | None
    saved: float
    worst_saved: float


@dataclass(frozen=True, eq=False)
class Standing:
    """One organisation in the run that counts. `curve`: (loss, probability of more in a year), losses rising."""

    run: Run
    assumptions: AssumptionSet
    currency: str
    year: int | None
    mean: float
    shortfall: float
    curve: Curve
    scenarios: tuple[ScenarioShare, ...]
    gaps: tuple[PricedGap, ...]
    benchmark: Mapping[str, float]


def access_watched(actor: Actor, identifier: str) -> Organisation:
    """An organisation whose risk the actor may read: their own, or of their CERT's constituency. Seeing it in the
    register, as ministries and consultants do, is not enough; raises NotFound then."""
    organisation = access_organisation(actor, identifier.replace("\x00", ""))
    with connection.cursor() as cursor:
        cursor.execute("select guard.sees_all() or %s::bigint in (select guard.watched())", [organisation.pk])
        (watched,) = cursor.fetchone()
    if not watched:
        raise not_open("organisation")
    return organisation


def standing_of(actor: Actor, organisation: Organisation) -> Standing | None:
    """What the run that counts says of an organisation; None before the first run, and where it is not in it."""
    run = latest_run(actor)
    row = OrganisationLoss.objects.filter(run=run, organisation=organisation).first() if run is not None else None
    if run is None or row is None:
        return None
    assumptions = AssumptionSet.objects.get(pk=run.assumptions_id)
    document = assumptions.document
    return Standing(
        run=run,
        assumptions=assumptions,
        currency=str(document.get("currency", "")),
        year=document.get("year"),
        mean=row.mean,
        shortfall=row.shortfall,
        curve=[(float(loss), float(chance)) for loss, chance in row.curve],
        scenarios=_scenarios(row.scenarios, document),
        gaps=_gaps(row.gaps, run),
        benchmark=row.benchmark,
    )


def losses_by_organisation(
    actor: Actor, run: Run, wanted: OrganisationFilter
) -> QuerySet[OrganisationLoss, OrganisationLoss]:
    """What a run says of the organisations that the actor watches and the filter leaves, the largest mean first."""
    rows = OrganisationLoss.objects.filter(run=run).select_related("organisation__sector", "organisation__province")
    if wanted.is_set:
        rows = rows.filter(organisation__in=organisations(wanted).order_by().values("pk"))
    return rows.defer("curve", "scenarios", "gaps", "benchmark").order_by("-mean", "pk")


def providers_known(actor: Actor) -> tuple[Provider, ...]:
    """The shared providers of the assumptions in use, in their order; none before the first version."""
    used = assumptions_in_use(actor)
    return _providers(used.document) if used is not None else ()


def scenarios_known(actor: Actor) -> list[tuple[str, Title]]:
    """(key, title) of each scenario of the assumptions in use, in their order."""
    used = assumptions_in_use(actor)
    return [(str(row["key"]), row["title"]) for row in used.document.get("scenarios", ())] if used is not None else []


def rests_on(actor: Actor, organisation: Organisation) -> list[RestsOn]:
    """The providers that an organisation says it rests on, by when it said so."""
    known = {provider.key: provider for provider in providers_known(actor)}
    rows = Dependency.objects.filter(organisation=organisation).order_by("stated_at", "pk")
    return [RestsOn(row, known.get(row.provider)) for row in rows]


def access_dependency(actor: Actor, organisation: Organisation, dependency: int) -> Dependency:
    """One stated dependency of this very organisation; raises NotFound otherwise."""
    found = Dependency.objects.filter(pk=dependency, organisation=organisation).first()
    if found is None:
        raise not_open("dependency")
    return found


def loss_within(curve: Curve, chance: float) -> float | None:
    """The loss that a year exceeds with this probability, read from the curve; None where the curve ends above it."""
    for loss, exceeded in curve:
        if exceeded <= chance:
            return loss
    return None


def loss_of(risk: Risk, standing: Standing | None, *, currency: str) -> float | None:
    """What a risk of the register costs in a mean year: its scenario, else what closing its gap saves, as the run that
    counts says, else what the organisation states in this currency; None where nobody says."""
    if standing is not None:
        for share in standing.scenarios:
            if share.key == risk.scenario:
                return share.mean
        for gap in standing.gaps:
            if gap.requirement == risk.requirement:
                return gap.saved
    return float(risk.stated_loss) if risk.stated_loss is not None and risk.currency == currency else None


def chance_of_more(curve: Curve, loss: float) -> float | None:
    """The probability that a year loses more than `loss`, by straight lines between the points of the curve; None
    beyond its end, for the model does not tell what is rarer."""
    before = (0.0, curve[0][1]) if curve else (0.0, 0.0)
    for point, exceeded in curve:
        if point >= loss:
            wide = point - before[0]
            share = (loss - before[0]) / wide if wide > 0 else 1.0
            return before[1] + share * (exceeded - before[1])
        before = (point, exceeded)
    return None


def _scenarios(rows: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> tuple[ScenarioShare, ...]:
    known = {str(row["key"]): row for row in document.get("scenarios", ())}
    made = []
    for row in rows:
        key = str(row["scenario"])
        node = known.get(key, {})
        frequency = node.get("frequency", {}).get("source") or {}
        loss = node.get("loss", {}).get("source") or {}
        made.append(
            ScenarioShare(
                key=key,
                title=node.get("title") or {"en": key},
                mean=float(row["mean"]),
                frequency_source=str(frequency.get("text", "")),
                loss_source=str(loss.get("text", "")),
                quality=str(frequency.get("quality", "")),
            )
        )
    return tuple(sorted(made, key=lambda share: -share.mean))


def _gaps(rows: Sequence[Mapping[str, Any]], run: Run) -> tuple[PricedGap, ...]:
    framework = loaded(run.campaign.framework_id) if run.campaign is not None else None
    top = framework.rules.top_level if framework is not None else 1
    titles = {requirement.id: requirement.title for requirement in framework.requirements} if framework else {}

    def scaled(value: object) -> float | None:
        return float(value) * top if isinstance(value, int | float) and value == value else None

    made = [
        PricedGap(
            requirement=str(row["requirement"]),
            title=titles.get(str(row["requirement"]), {}),
            level=scaled(row.get("level")),
            target=scaled(row.get("target")),
            saved=float(row.get("mean_reduced") or 0.0),
            worst_saved=float(row.get("shortfall_reduced") or 0.0),
        )
        for row in rows
    ]
    return tuple(sorted(made, key=lambda gap: (-gap.saved, gap.requirement)))


def _providers(document: Mapping[str, Any]) -> tuple[Provider, ...]:
    return tuple(
        Provider(
            key=str(row["key"]),
            title=row["title"],
            kind=str(row.get("kind", "other")),
            failures=float(row["failures"]) if row.get("failures") is not None else None,
            sets_off=tuple(row.get("sets_off", {})),
        )
        for row in document.get("providers", ())
    )
