"""An organisation's register of risks: what is done about each, who owns it, when it is looked at, what is too much."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import Guard
from sipar.risks.policy import WATCHED
from sipar.risks.treatment_policy import OWN


class Risk(models.Model):
    """One line of an organisation's register: what could happen, who owns it, when it is looked at again.

    `scenario`, `requirement` and `provider` tie it to the model, by their keys; a risk that the model does not know has
    none of them, and may state its own loss. Whether it is open is never stored: see `treatment_selectors`.
    """

    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="risks")
    title = models.CharField(max_length=250)
    description = models.TextField(blank=True)
    scenario = models.CharField(max_length=60, blank=True)
    requirement = models.CharField(max_length=120, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    stated_loss = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, help_text="of the stated loss")
    owner_name = models.CharField(max_length=200)
    review_on = models.DateField()
    version = models.IntegerField(default=0, help_text="counts what was done to it; a stale page signs nothing")
    opened_by_id = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_by_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_note = models.TextField(blank=True)

    guard = Guard(select=WATCHED, write=OWN, organisation="organisation_id", walled=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "review_on"], name="risks_risk_of"),
            models.Index(fields=["review_on"], name="risks_risk_review", condition=Q(closed_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                name="risks_risk_stated_loss", condition=Q(stated_loss=None) | Q(stated_loss__gte=0)
            ),
        ]


class Treatment(models.Model):
    """What is done about a risk. It holds until its day, until it is ended, or until its roadmap item is dropped.

    An acceptance is a signature: `document` is what was signed, `digest` its SHA-256, `second_factor` how.
    """

    class Kind(models.TextChoices):
        ACCEPT = "accept", _("Accept")
        MITIGATE = "mitigate", _("Mitigate")
        TRANSFER = "transfer", _("Transfer")
        AVOID = "avoid", _("Avoid")

    risk = models.ForeignKey(Risk, models.CASCADE, related_name="treatments")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.TextField()
    until = models.DateField(null=True)
    roadmap_item = models.ForeignKey("assessments.RoadmapItem", models.PROTECT, null=True, related_name="+")
    insurer = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, help_text="of the amount")
    decided_by_id = models.BigIntegerField()
    decided_as = models.CharField(max_length=30)
    decided_at = models.DateTimeField()
    second_factor = models.CharField(max_length=20, blank=True)
    document = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    ended_by_id = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_note = models.TextField(blank=True)

    guard = Guard(select=WATCHED, write=OWN, organisation="organisation_id", walled=True)

    class Meta:
        indexes = [
            models.Index(fields=["risk"], name="risks_treatment_of"),
            models.Index(fields=["organisation", "until"], name="risks_treatment_until", condition=Q(ended_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["risk", "kind"], condition=Q(ended_at=None), name="risks_treatment_one_of_a_kind"
            ),
            models.CheckConstraint(
                name="risks_treatment_signed",
                condition=~Q(kind="accept") | (~Q(second_factor="") & ~Q(digest="") & Q(until__isnull=False)),
            ),
            models.CheckConstraint(
                name="risks_treatment_item", condition=~Q(kind="mitigate") | Q(roadmap_item__isnull=False)
            ),
            models.CheckConstraint(
                name="risks_treatment_insured",
                condition=~Q(kind="transfer") | (Q(amount__gt=0) & Q(until__isnull=False)),
            ),
        ]


class RiskReview(models.Model):
    """Somebody looked at a risk and said how it stands; never changed, never removed."""

    risk = models.ForeignKey(Risk, models.CASCADE, related_name="reviews")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    note = models.TextField()
    next_on = models.DateField()
    reviewed_by_id = models.BigIntegerField()
    reviewed_at = models.DateTimeField()

    guard = Guard(select=WATCHED, write=OWN, organisation="organisation_id", append_only=True, walled=True)


class Appetite(models.Model):
    """How much an organisation is ready to lose how often; the newest counts, the earlier ones stay.

    `points` is a list of [loss, years]: more than this loss at most once in so many years, both rising.
    """

    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    points = models.JSONField()
    currency = models.CharField(max_length=3)
    reason = models.TextField(blank=True)
    set_by_id = models.BigIntegerField()
    set_as = models.CharField(max_length=30)
    set_at = models.DateTimeField()

    guard = Guard(select=WATCHED, write=OWN, organisation="organisation_id", append_only=True, walled=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-set_at"], name="risks_appetite_newest")]
