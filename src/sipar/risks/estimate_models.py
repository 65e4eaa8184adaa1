"""What experts are asked, what they say, how it turned out; and what our own reports make of the numbers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard, holds
from sipar.people.roles import TEAM_ROLES
from sipar.risks.policy import NATIONAL_STAFF

EXPERTS = holds(*TEAM_ROLES, "authority_policy")
OWN = "expert_id = (select guard.actor())"


class EstimateQuestion(models.Model):
    """A number that experts are asked for: how often a scenario strikes, what it costs, or one to practise on.

    `scenario` is the key in the assumptions and `most` the largest number that can be. The truth, once it is known,
    says how good the estimates were.
    """

    class Kind(models.TextChoices):
        FREQUENCY = "frequency", _("How often it happens")
        LOSS = "loss", _("What it costs")
        PRACTICE = "practice", _("A question to practise on")

    TRANSITIONS: ClassVar = {"open": ("settled", "withdrawn"), "settled": (), "withdrawn": ()}
    STATES: ClassVar = {"open": _("Open"), "settled": _("Truth known"), "withdrawn": _("Withdrawn")}

    kind = models.CharField(max_length=10, choices=Kind)
    scenario = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=400)
    unit = models.CharField(max_length=60)
    most = models.FloatField()
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    truth = models.FloatField(null=True)
    truth_source = models.CharField(max_length=400, blank=True)
    taken_into = models.ForeignKey("risks.AssumptionSet", models.SET_NULL, null=True, related_name="+")
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    ended_by_id = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    guard = Guard(select=EXPERTS, write=NATIONAL_STAFF, transitions=TRANSITIONS)

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="risks_question_latest")]
        constraints = [
            models.CheckConstraint(
                name="risks_question_settled_has_truth", condition=~Q(state="settled") | Q(truth__gt=0)
            )
        ]


class ExpertEstimate(models.Model):
    """What one expert says: the truth lies between low and high with this confidence, best is as likely over as under.

    Experts see their own alone until the end, so that nobody follows the others.
    """

    question = models.ForeignKey(EstimateQuestion, models.CASCADE, related_name="estimates")
    expert_id = models.BigIntegerField()
    low = models.FloatField()
    best = models.FloatField()
    high = models.FloatField()
    confidence = models.FloatField()
    note = models.CharField(max_length=400, blank=True)
    given_at = models.DateTimeField()

    guard = Guard(select=f"({OWN} or {NATIONAL_STAFF})", write=f"({SYSTEM} or ({OWN} and {EXPERTS}))")

    class Meta:
        indexes = [models.Index(fields=["expert_id"], name="risks_estimate_of_expert")]
        constraints = [models.UniqueConstraint(fields=["question", "expert_id"], name="risks_estimate_once")]


class ReportUpdate(models.Model):
    """A number of the assumptions before and after the nation's own reports of a time.

    `criteria` names the reports that count: codes of RSIT classes, "ransomware", or both. `reported_low` and
    `reported_high` are between which shares of all events are reported; `rate` turns a euro into the currency.
    `digest` is that of the assumptions as they were read.
    """

    class Kind(models.TextChoices):
        FREQUENCY = "frequency", _("How often it happens")
        LOSS = "loss", _("What it costs")

    TRANSITIONS: ClassVar = {"waiting": ("done", "failed"), "done": (), "failed": ()}
    STATES: ClassVar = {"waiting": _("Being worked out"), "done": _("Done"), "failed": _("No answer")}

    kind = models.CharField(max_length=10, choices=Kind)
    scenario = models.CharField(max_length=60)
    assumptions = models.ForeignKey("risks.AssumptionSet", models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    since = models.DateField()
    until = models.DateField()
    criteria = models.JSONField()
    reported_low = models.FloatField(default=1.0)
    reported_high = models.FloatField(default=1.0)
    rate = models.FloatField(default=1.0)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="waiting")
    background = models.BigIntegerField(null=True, help_text="the BackgroundRun that shows its progress")
    result = models.JSONField(default=dict)
    sentence = models.TextField(blank=True)
    taken_into = models.ForeignKey("risks.AssumptionSet", models.SET_NULL, null=True, related_name="+")
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    # Counts of few reports stay with those who see the reports' organisations.
    guard = Guard(
        select="(select guard.sees_all())",
        write="(select guard.sees_all())",
        transitions=TRANSITIONS,
        redact=("result",),
    )

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="risks_update_latest")]
