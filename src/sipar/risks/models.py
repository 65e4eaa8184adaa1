"""What the nation's loss rests on, runs of the model and their results; treatments, plans and estimates beside them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard
from sipar.orgs.models import Organisation
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate, ReportUpdate
from sipar.risks.exchange_models import ScenarioImport
from sipar.risks.plan_models import InvestmentPlan, PlanDetail, PlanPublication
from sipar.risks.policy import NATION, NATIONAL_STAFF, WATCHED
from sipar.risks.treatment_models import Appetite, Risk, RiskReview, Treatment
from sipar.risks.treatment_policy import OWN

__all__ = [
    "Appetite", "AssumptionSet", "Dependency", "EstimateQuestion", "ExpertEstimate", "InvestmentPlan",
    "OrganisationLoss", "PlanDetail", "PlanPublication", "ReportUpdate", "Risk", "RiskReview", "Run", "RunDetail",
    "RunPublication", "ScenarioImport", "Treatment",
]  # fmt: skip

SIGNED_IN = "(select guard.actor()) is not null"


class AssumptionSet(models.Model):
    """One version of everything that the model rests on, as `sipar.risk.assumptions` reads it. In use: at most one."""

    TRANSITIONS: ClassVar = {"draft": ("in_use", "discarded"), "in_use": ("retired",), "retired": (), "discarded": ()}
    STATES: ClassVar = {
        "draft": _("Draft"),
        "in_use": _("In use"),
        "retired": _("Replaced"),
        "discarded": _("Discarded"),
    }

    number = models.IntegerField(unique=True)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="draft")
    title = models.CharField(max_length=200)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    based_on = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    version = models.IntegerField(default=0, help_text="counts the saves of a draft; a stale save is refused")
    made_by_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    used_by_id = models.BigIntegerField(null=True)
    used_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"(state in ('in_use', 'retired') and {SIGNED_IN}) or {NATION}",
        write=NATIONAL_STAFF,
        transitions=TRANSITIONS,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="in_use"), name="risks_assumptions_one_in_use"),
        ]


class Dependency(models.Model):
    """An organisation rests on a shared provider, by the provider's key in the assumptions."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="dependencies")
    provider = models.CharField(max_length=60)
    note = models.CharField(max_length=400, blank=True)
    stated_by_id = models.BigIntegerField()
    stated_at = models.DateTimeField()

    guard = Guard(select=WATCHED, write=OWN, organisation="organisation_id", walled=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "provider"], name="risks_dependency_once"),
        ]


class Run(models.Model):
    """The model run once: with which assumptions, seed and inputs.

    `inputs` is the digest of the kept file (register, levels, dependencies, exposure) that the run was made from, so
    that it can be repeated to the same bits; `losses` the digest of the kept years.
    """

    TRANSITIONS: ClassVar = {
        "waiting": ("running", "cancelled", "failed"),
        "running": ("done", "cancelled", "failed"),
        "done": (),
        "cancelled": (),
        "failed": (),
    }
    STATES: ClassVar = {
        "waiting": _("Waiting"),
        "running": _("Running"),
        "done": _("Done"),
        "cancelled": _("Cancelled"),
        "failed": _("Failed"),
    }

    assumptions = models.ForeignKey(AssumptionSet, models.PROTECT, related_name="runs")
    campaign = models.ForeignKey("assessments.Campaign", models.PROTECT, null=True, related_name="+")
    repeats = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=200)
    seed = models.BigIntegerField()
    years = models.IntegerField()
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="waiting")
    background = models.BigIntegerField(null=True, help_text="the BackgroundRun that shows its progress")
    engine = models.CharField(max_length=40, blank=True)
    inputs = models.CharField(max_length=64, blank=True)
    losses = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"(state = 'done' and {SIGNED_IN}) or {NATION}",
        write=NATIONAL_STAFF,
        transitions=TRANSITIONS,
    )

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="risks_run_latest")]


class RunPublication(models.Model):
    """What a run says of the nation, its sectors and provinces, with small cells hidden."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="publication")
    result = models.JSONField()

    guard = Guard(select=NATION, write=SYSTEM, recorded=False)


class RunDetail(models.Model):
    """The same run unrounded and with every cell, for those who may see the organisations behind the numbers."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="detail")
    result = models.JSONField()
    prices = models.CharField(max_length=64, blank=True, help_text="the kept file of what each gap costs a year")

    guard = Guard(select="(select guard.sees_all())", write=SYSTEM, recorded=False)


class OrganisationLoss(models.Model):
    """What a run says of one organisation: its mean year, its curve, its gaps priced, and its sector beside it.

    `curve` is a list of [loss, probability of losing more in a year]; `benchmark` is empty where its sector is small.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="organisations")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    mean = models.FloatField()
    shortfall = models.FloatField()
    curve = models.JSONField(default=list)
    scenarios = models.JSONField(default=list)
    gaps = models.JSONField(default=list)
    benchmark = models.JSONField(default=dict)

    guard = Guard(select=WATCHED, write=SYSTEM, organisation="organisation_id", recorded=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "organisation"], name="risks_loss_once")]
        indexes = [models.Index(fields=["organisation", "-run"], name="risks_loss_of")]
