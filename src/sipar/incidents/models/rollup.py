"""The Government CERT's periodic report to the National CERT, and the period that the operator has set for it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard, holds

IN_DESKS = "{column} = any ((select guard.desks())::bigint[])"
ROLLUP = "select 1 from incidents_rollup r where r.id = rollup_id"
SIGNERS = ("duty_officer", "team_head")


class RollUpPeriod(models.Model):
    """How often a roll-up is due: the operator's policy. The CERT Rules say "regularly" and no period.

    Append-only; the newest row counts, and where there is none no period is set.
    """

    class Every(models.TextChoices):
        NONE = "none", _("No period")
        WEEK = "week", _("Every week")
        MONTH = "month", _("Every month")
        QUARTER = "quarter", _("Every quarter")

    every = models.CharField(max_length=8, choices=Every)
    days_to_send = models.PositiveSmallIntegerField(default=5, help_text="days after the end of a period")
    reason = models.TextField()
    set_by_id = models.BigIntegerField()
    set_at = models.DateTimeField()

    guard = Guard(select=SIGNED_IN, write="", insert=f"({SYSTEM} or (select guard.heads_nation()))", append_only=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="incidents_rollup_days", condition=models.Q(days_to_send__gte=1, days_to_send__lte=90)
            )
        ]


class RollUp(models.Model):
    """One report of a period as it was signed and sent: figures, notable cases and remarks, kept as they were."""

    number = models.CharField(max_length=20, unique=True)
    from_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    to_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    figures = models.JSONField()
    notable = models.JSONField(default=list)
    remarks = models.TextField(blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the signed document")
    signature = models.CharField(max_length=20, help_text="the second factor that was shown")
    sent_by_id = models.BigIntegerField()
    sent_at = models.DateTimeField()

    guard = Guard(
        select=f"({SYSTEM} or {IN_DESKS.format(column='from_team_id')} or {IN_DESKS.format(column='to_team_id')})",
        write="",
        insert=f"({SYSTEM} or ({IN_DESKS.format(column='from_team_id')} and {holds(*SIGNERS)}))",
        append_only=True,
        redact=("figures", "notable", "remarks"),
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["-until"], name="incidents_rollup_latest")]
        constraints = [models.UniqueConstraint(fields=["from_team", "since", "until"], name="incidents_rollup_once")]


class RollUpReceipt(models.Model):
    """That the National CERT has received a roll-up, once."""

    rollup = models.OneToOneField(RollUp, models.PROTECT, related_name="receipt")
    words = models.TextField(blank=True)
    received_by_id = models.BigIntegerField()
    received_at = models.DateTimeField()

    guard = Guard(
        select=f"exists ({ROLLUP})",
        write="",
        insert=f"({SYSTEM} or exists ({ROLLUP} and {IN_DESKS.format(column='r.to_team_id')}))",
        append_only=True,
        redact=("words",),
        walled=True,
    )
