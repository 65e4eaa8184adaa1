"""A run that is done, with prices, for tests of plans: Alpha and Beta have gaps, Gamma has none."""

from __future__ import annotations

from typing import Any

import polars as pl
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import loaded
from sipar.risks import national_inputs
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run, RunDetail, RunPublication
from sipar.risks.plan_files import keep_table

MEASURES: dict[str, Any] = {
    "close_gap": {"component": "safeguards", "cost": {"per_level": 200_000}, "uses": {"engineers": 1}},
    "support": [
        {"key": "watch", "title": {"en": "A common watch", "ur": "مشترکہ نگرانی"}, "component": "services",
         "for": "nation", "cost": {"fixed": 300_000}, "reduces": 0.05},
    ],
    "replace_provider": [
        {"provider": "cloud", "title": {"en": "A second cloud"}, "component": "services",
         "cost": {"fixed": 400_000}, "reduces": 0.5},
    ],
}  # fmt: skip
QUESTION: dict[str, Any] = {"currency": "USD", "first_year": 2027, "budgets": [300_000.0, 300_000.0], "seconds": 10}


def priced_run(cast: Cast, campaign: Campaign) -> Run:
    """A run that is done: three gaps at Alpha, two at Beta, and a cloud that both rest on."""
    keys = {name: organisation.pk for name, organisation in cast.organisations.items()}
    with acting(system(), reason="make a run with prices"):
        requirements = [requirement.id for requirement in loaded(campaign.framework_id).requirements[:3]]
        assumptions = AssumptionSet.objects.create(
            number=1, state="in_use", title="First", digest="0" * 64, made_by_id=1, made_at=NOW, used_at=NOW,
            document={"currency": "USD", "year": 2026, "measures": MEASURES},
        )  # fmt: skip
        run = Run.objects.create(
            assumptions=assumptions, campaign=campaign, title="Run of the test", seed=1, years=1000, state="done",
            inputs=national_inputs.keep(national_inputs.gather(None)), asked_by_id=1, asked_at=NOW, ended_at=NOW,
        )  # fmt: skip
        prices = [
            (keys[name], requirement, 0.0, 0.5, value, 3 * value)
            for name, values in (("alpha", (90_000.0, 60_000.0, 30_000.0)), ("beta", (80_000.0, 10_000.0)))
            for requirement, value in zip(requirements, values, strict=False)
        ]
        schema = ["organisation", "requirement", "level", "target", "mean_reduced", "shortfall_reduced"]
        result = {
            "currency": "USD",
            "contributions": {"provider": [{"key": "cloud", "mean": 100_000.0, "shortfall": 900_000.0}]},
            "providers": [{"key": "cloud", "loss_when_failing": 5e6, "dependents": 2}],
        }
        RunDetail.objects.create(
            run=run, result=result, prices=keep_table(pl.DataFrame(prices, schema=schema, orient="row"))
        )
        RunPublication.objects.create(run=run, result=result)
        OrganisationLoss.objects.bulk_create(
            OrganisationLoss(run=run, organisation_id=keys[name], mean=mean, shortfall=4 * mean)
            for name, mean in (("alpha", 500_000.0), ("beta", 400_000.0), ("gamma", 100_000.0))
        )
    return run
