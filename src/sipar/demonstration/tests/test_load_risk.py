"""The price of the risk in the demonstration: sourced throughout, worked out, and with something for every page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.plugin import DjangoDbBlocker
from tests.cast import NOW

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.demonstration import stage_risk
from sipar.demonstration.tests.conftest import SIZE
from sipar.formats.catalogue_file import read_catalogue
from sipar.frameworks.actions import SHIPPED
from sipar.orgs.models import Organisation
from sipar.risk.assumptions import parse
from sipar.risk.plan_costs import measures_of
from sipar.risks.models import AssumptionSet, Dependency, OrganisationLoss, Run, RunDetail
from sipar.risks.plan_models import InvestmentPlan, PlanDetail
from sipar.risks.plan_tasks import solve_plan
from sipar.risks.tasks import run_model
from sipar.risks.treatment_models import Treatment


@pytest.fixture(scope="module")
def worked_off(loaded_nation: None, django_db_blocker: DjangoDbBlocker) -> None:
    """What the worker does with the jobs that the load has left, in their order."""
    with django_db_blocker.unblock():
        with acting(system(), reason="look"):
            runs = list(Run.objects.order_by("pk").values_list("pk", flat=True))
            plans = list(InvestmentPlan.objects.values_list("pk", flat=True))
        for run in runs:
            run_model(run)
        for plan in plans:
            solve_plan(plan)


def test_every_number_has_a_source_and_only_published_ones_say_so() -> None:
    read = parse(stage_risk.document(SIZE))
    assert len(read.kinds) == 12
    assert all(kind.title["ur"] for kind in read.kinds)
    assert all(provider.title["ur"] and "fictional" in provider.title["en"] for provider in read.providers)
    sources = [kind.frequency_source.source for kind in read.kinds] + [kind.loss_source.source for kind in read.kinds]
    sources += [effect.source for effect in read.effects] + [one.source.source for one in read.providers]
    assert all(source.text for source in sources)
    published = [source for source in sources if source.quality == "published"]
    assert [source.text for source in published if not source.text.startswith("Cyentia IRIS 20/20")] == []
    assert published
    assert measures_of(stage_risk.document(SIZE)["measures"]).offers


def test_the_effects_are_those_of_requirements_that_the_catalogue_has() -> None:
    path = SHIPPED / "nist-csf-2.0.yaml"
    known = {requirement.id for requirement in read_catalogue(path.read_bytes(), path.name).requirements}
    events = {kind.event for kind in parse(stage_risk.document(SIZE)).kinds}
    for effect in parse(stage_risk.document(SIZE)).effects:
        assert effect.requirement in known
        assert not effect.event or effect.event in events


def test_the_programme_is_planned_within_its_money_and_its_promises() -> None:
    programme = stage_risk.told()["programme"]
    assert sum(programme["question"]["budgets"]) == 77_730_000


def test_a_run_counts_a_change_stands_beside_it_and_everybody_has_a_loss(worked_off: None, nation: None) -> None:
    with acting(system(), reason="look"):
        assert AssumptionSet.objects.get(state="in_use").number == 1
        runs = list(Run.objects.order_by("pk"))
        assert [run.state for run in runs] == ["done", "done"]
        assert runs[0].inputs == runs[1].inputs
        assert OrganisationLoss.objects.filter(run=runs[0]).count() == SIZE
        result = RunDetail.objects.get(run=runs[0]).result
        means = [RunDetail.objects.get(run=run).result["mean"]["value"] for run in runs]
        assert means[1] < means[0]
    assert result["engines_agree"]
    assert {part["key"] for part in result["providers"]} == {"northern-grid", "abrak-cloud", "rabta-backbone"}
    assert all(part["dependents"] for part in result["providers"])
    # An order of magnitude that a reader would believe: between 10,000 and 100,000 dollars for each organisation.
    assert 10_000 < result["mean"]["value"] / SIZE < 100_000


def test_the_plan_keeps_its_limits_and_is_near_the_best(worked_off: None, nation: None) -> None:
    with acting(system(), reason="look"):
        plan = InvestmentPlan.objects.get()
        assert plan.state == "done", plan.sentence
        result = PlanDetail.objects.get(plan=plan).result
    assert result["gap"] <= 0.02
    assert all(row["keeps_limits"] for row in result["simple"] if row["strategy"] == "this plan")
    assert result["frontier"]


def test_featured_organisations_treat_their_risks_each_in_another_way(nation: None) -> None:
    with acting(system(), reason="look"):
        assert set(Treatment.objects.values_list("kind", flat=True)) == {"accept", "mitigate", "transfer", "avoid"}
        accepted = Treatment.objects.get(kind="accept")
        assert accepted.until is not None
        assert NOW.date() < accepted.until < NOW.date() + timedelta(days=30)
        fictional = set(Organisation.objects.filter(is_fictional=True).values_list("pk", flat=True))
        assert set(Dependency.objects.values_list("organisation", flat=True)) <= fictional
