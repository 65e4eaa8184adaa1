"""A run that says something of Alpha and Beta, and risks of their registers, to test with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign, RoadmapItem
from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run
from sipar.risks.treatment_actions import Acceptance, Plan, RiskEntry, accept_risk, open_risk, treat_risk
from sipar.risks.treatment_models import Risk, Treatment

FRESH = SecondFactor("totp", NOW)
TODAY = NOW.date()
SOURCE = {"text": "Invented for a test.", "quality": "assumed"}
DOCUMENT: dict[str, Any] = {
    "currency": "USD",
    "year": 2026,
    "scenarios": [
        {"key": "ransomware", "title": {"en": "Ransomware", "ur": "تاوان"}, "frequency": {"source": SOURCE},
         "loss": {"source": {"text": "A published table.", "quality": "published"}}},
        {"key": "outage", "title": {"en": "Outage of the cloud", "ur": "بندش"}, "frequency": {"source": SOURCE},
         "loss": {"source": SOURCE}},
    ],
    "providers": [
        {"key": "cloud", "title": {"en": "Sky Cloud (fictional)", "ur": "اسکائی کلاؤڈ"}, "kind": "cloud",
         "failures": 0.2, "sets_off": {"outage": 0.5}},
        {"key": "power", "title": {"en": "Grid (fictional)", "ur": "گرڈ"}, "kind": "power", "failures": 2.0,
         "sets_off": {"outage": 0.1}},
    ],
    "effects": [],
}  # fmt: skip
CURVE = [[0.0, 0.2], [10_000.0, 0.15], [100_000.0, 0.1], [1_000_000.0, 0.05], [10_000_000.0, 0.01]]
QUARTILES = {
    "organisations": 20, "lower_quartile": 10_000.0, "median": 40_000.0, "upper_quartile": 90_000.0, "quarter": 3,
}  # fmt: skip


def stage_run(cast: Cast, campaign: Campaign | None = None, *, benchmark: dict[str, Any] | None = None) -> Run:
    """Assumptions in use and a run that is done, with a row each for Alpha (50,000 a year) and Beta (70,000)."""
    with acting(system(), reason="stage a run"):
        assumptions = AssumptionSet.objects.create(
            number=1, state="in_use", title="First", document=DOCUMENT, digest="0" * 64, made_by_id=1, made_at=NOW,
            used_at=NOW,
        )  # fmt: skip
        run = Run.objects.create(
            assumptions=assumptions, campaign=campaign, title="November", seed=1, years=10_000, state="done",
            asked_by_id=1, asked_at=NOW, ended_at=NOW,
        )  # fmt: skip
        for key, mean in (("alpha", 50_000.0), ("beta", 70_000.0)):
            OrganisationLoss.objects.create(
                run=run, organisation=cast.organisations[key], mean=mean, shortfall=mean * 20, curve=CURVE,
                scenarios=[{"scenario": "outage", "mean": mean * 0.2}, {"scenario": "ransomware", "mean": mean * 0.8}],
                gaps=[{"requirement": "PR.AA-01", "level": 0.25, "target": 0.75, "mean_reduced": 12_000.0,
                       "shortfall_reduced": 300_000.0}],
                benchmark=QUARTILES if benchmark is None else benchmark,
            )  # fmt: skip
    return run


def put(cast: Cast, *, by: str = "bilal", key: str = "alpha", **said: Any) -> Risk:
    """A risk on the register of Alpha, owned by Ayesha, to be looked at in ninety days."""
    entry: dict[str, Any] = {
        "title": "Ransomware stops the plant",
        "owner_name": "Ayesha",
        "review_on": TODAY + timedelta(days=90),
        "currency": "USD",
    }
    with acting(cast.actors[by], reason="put a risk"):
        return open_risk(cast.actors[by], cast.organisations[key], RiskEntry(**(entry | said)), now=NOW)


def fresh(risk: Risk) -> Risk:
    with acting(system(), reason="look"):
        return Risk.objects.select_related("organisation").get(pk=risk.pk)


def accept(
    actor: Actor, risk: Risk, *, days: int = 100, factor: SecondFactor | None = FRESH, version: int | None = None,
    reason: str = "The plant is shut in spring anyway.",
) -> Treatment:  # fmt: skip
    said = Acceptance(reason=reason, until=TODAY + timedelta(days=days), loss=40_000.0, currency="USD", run=1)
    seen = fresh(risk).version if version is None else version
    with acting(actor, reason="accept"):
        return accept_risk(actor, risk, said, version=seen, second_factor=factor, now=NOW)


def treat(actor: Actor, risk: Risk, kind: str, **said: Any) -> Treatment:
    plan = Plan(**({"kind": kind, "reason": "Because it pays."} | said))
    version = fresh(risk).version
    with acting(actor, reason="treat"):
        return treat_risk(actor, risk, plan, version=version, now=NOW)


def item_of(cast: Cast, campaign: Campaign, key: str = "alpha", **said: Any) -> RoadmapItem:
    values: dict[str, Any] = {
        "requirement": "PR.AA-01", "target_level": 3, "title": f"Close the gap of {key}",
        "due_on": TODAY + timedelta(days=60), "created_at": NOW,
    }  # fmt: skip
    with acting(system(), reason="plan"):
        return RoadmapItem.objects.create(organisation=cast.organisations[key], campaign=campaign, **(values | said))
