"""Plans of what to buy within a programme's money: what was asked, what came out, and what it was solved from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard
from sipar.risks.policy import NATION, NATIONAL_STAFF


class InvestmentPlan(models.Model):
    """One plan: the run whose prices it rests on, and the question as `sipar.risk.plan_question` reads it.

    `pushing` is the background run that puts it on the roadmaps; `pushed_at` stands once it has, which is once only.
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
        "running": _("Being solved"),
        "done": _("Solved"),
        "cancelled": _("Cancelled"),
        "failed": _("No plan"),
    }

    run = models.ForeignKey("risks.Run", models.PROTECT, related_name="plans")
    based_on = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=200)
    question = models.JSONField()
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="waiting")
    background = models.BigIntegerField(null=True, help_text="the BackgroundRun that shows its progress")
    sentence = models.TextField(blank=True)
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    pushing = models.BigIntegerField(null=True)
    pushed_at = models.DateTimeField(null=True)
    pushed_by_id = models.BigIntegerField(null=True)
    pushed_items = models.IntegerField(default=0)
    pushed_organisations = models.IntegerField(default=0)

    guard = Guard(select=NATION, write=NATIONAL_STAFF, transitions=TRANSITIONS)

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="risks_plan_latest")]


class PlanPublication(models.Model):
    """What a plan buys for the nation, its sectors and provinces, with small cells merged."""

    plan = models.OneToOneField(InvestmentPlan, models.CASCADE, primary_key=True, related_name="publication")
    result = models.JSONField()

    guard = Guard(select=NATION, write=SYSTEM, recorded=False)


class PlanDetail(models.Model):
    """The same with every cell, for those who may see the organisations behind it.

    `candidates` (what could be bought), `chosen` (what is) and `limits` are digests of kept files: with the question
    they are everything that is needed to solve the plan again, and to begin another one from it.
    """

    plan = models.OneToOneField(InvestmentPlan, models.CASCADE, primary_key=True, related_name="detail")
    result = models.JSONField()
    candidates = models.CharField(max_length=64)
    chosen = models.CharField(max_length=64)
    limits = models.CharField(max_length=64)

    guard = Guard(select="(select guard.sees_all())", write=SYSTEM, recorded=False)
