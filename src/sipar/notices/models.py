"""Findings, what people decided about them, the rules by which organisations are told, and what was sent to whom.

A finding is folded from observations by Sipar and can be computed again from the lake, so its rows are not ledger
events; what a person decides about one is (`Decision`), and so is every notice and delivery.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import Guard
from sipar.notices.exposure_models import ExposureCell, ExposureCount, ExposureStanding
from sipar.notices.seeing import IN_WATCHED_FINDING, WATCHES, Tlp
from sipar.notices.telling_models import (
    Channel,
    Delivery,
    DryRun,
    Inhibition,
    Notice,
    NoticeFinding,
    Reply,
    RuleSet,
)
from sipar.orgs.models import Organisation
from sipar.teams.models import Team

__all__ = [
    "Channel", "Decision", "Delivery", "DryRun", "ExposureCell", "ExposureCount", "ExposureStanding", "Finding",
    "Inhibition", "Notice", "NoticeFinding", "OwnershipQuestion", "Reply", "RuleSet", "Tlp",
]  # fmt: skip


OPEN = ("open", "stale", "reopened")


class Finding(models.Model):
    """One thing that is wrong at one place, folded from every observation of it.

    `key` is the 128-bit hash of kind and asset. `organisation` is who answers for the asset; where nobody claims it,
    `team` is the CERT that answers for unclaimed addresses. Severity runs from 0 (information) to 4 (critical).
    `asset` is written as people write it: `192.0.2.7:443/tcp`, `www.alpha.example`, or the claimed prefix where its
    addresses are shared. `evidence` is the latest observation: raw file, line and what the source said.
    """

    TRANSITIONS: ClassVar = {
        "open": ("stale", "closed"),
        "stale": ("open", "closed"),
        "closed": ("reopened",),
        "reopened": ("stale", "closed"),
    }
    STATES: ClassVar = {
        "open": _("Open"),
        "stale": _("Not seen lately"),
        "closed": _("Closed"),
        "reopened": _("Seen again"),
    }
    CLOSINGS: ClassVar = {
        "absent": _("A complete report no longer holds it"),
        "fixed": _("Fixed, and not seen since"),
        "not_mine": _("Not this organisation's"),
        "moved": _("Another organisation answers for the address now"),
        "old": _("Not seen for so long that it says nothing"),
    }

    key = models.UUIDField()
    # An index below begins with the organisation. Folding looks once for all rows whether their owners are there
    # (`folding_sql.STRANGERS`): PostgreSQL would ask for each, half a second for 147,000 of them.
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, related_name="findings", db_index=False, db_constraint=False
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=80)
    classification = models.CharField(max_length=60)
    severity = models.SmallIntegerField()
    asset = models.CharField(max_length=400)
    shared = models.CharField(max_length=10, blank=True)
    claim_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=60)
    cves = ArrayField(models.CharField(max_length=30), default=list)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.BigIntegerField()
    days = models.IntegerField(default=1)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    state_at = models.DateTimeField()
    closed_by = models.CharField(max_length=10, blank=True, choices=list(CLOSINGS.items()))
    reopened = models.IntegerField(default=0)
    evidence = models.JSONField(default=dict)
    priority = models.FloatField(null=True)
    reasons = models.JSONField(default=list)
    due_on = models.DateField(null=True)

    guard = Guard(
        select=WATCHES, write=WATCHES, organisation="organisation_id", transitions=TRANSITIONS, recorded=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "organisation"], name="notices_finding_once", nulls_distinct=False),
            models.CheckConstraint(name="notices_finding_severity", condition=Q(severity__gte=0, severity__lte=4)),
            models.CheckConstraint(name="notices_finding_seen", condition=Q(last_seen__gte=F("first_seen"))),
        ]
        indexes = [
            models.Index(fields=["organisation", "first_seen"], name="notices_finding_course"),
            # What has no priority yet, for minutes only, is not in the long ones: it would enter them twice.
            models.Index(
                F("priority").desc(nulls_last=True), F("severity").desc(), "id",
                name="notices_finding_first", condition=Q(state__in=OPEN, priority__isnull=False),
            ),
            models.Index(
                "kind", F("priority").desc(nulls_last=True), F("severity").desc(), "id",
                name="notices_finding_kind", condition=Q(state__in=OPEN, priority__isnull=False),
            ),
            models.Index(fields=["id"], name="notices_finding_unranked", condition=Q(state__in=OPEN, priority=None)),
            # A team is asked for where nobody owns the address.
            models.Index(fields=["team"], name="notices_finding_team", condition=Q(organisation=None)),
            # For the search box, through guard.search_findings, which looks through what has no priority yet.
            models.Index(
                fields=["asset"], opclasses=["varchar_pattern_ops"], name="notices_finding_asset",
                condition=Q(priority__isnull=False) | Q(state="closed"),
            ),
            GinIndex(fields=["cves"], condition=~Q(cves=[]), name="notices_finding_cves"),
        ]  # fmt: skip


class Decision(models.Model):
    """What a person said about a finding: fixed, not mine, risk accepted until a day, or that they need help."""

    class Kind(models.TextChoices):
        FIXED = "fixed", _("Fixed")
        NOT_MINE = "not_mine", _("Not mine")
        ACCEPTED = "accepted", _("Risk accepted")
        NEED_HELP = "need_help", _("Need help")

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="decisions")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    note = models.TextField(blank=True)
    account_id = models.BigIntegerField(null=True)
    notice_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    until = models.DateField(null=True)
    help_number = models.CharField(max_length=40, blank=True)

    guard = Guard(select=IN_WATCHED_FINDING, write=IN_WATCHED_FINDING, organisation="organisation_id", append_only=True)

    class Meta:
        indexes = [models.Index(fields=["finding", "-decided_at"], name="notices_decision_of")]


class OwnershipQuestion(models.Model):
    """An organisation says that a finding is not its own; the CERT looks at the register and settles it."""

    TRANSITIONS: ClassVar = {"open": ("agreed", "refused"), "agreed": (), "refused": ()}
    STATES: ClassVar = {
        "open": _("Waiting for the CERT"),
        "agreed": _("Not theirs"),
        "refused": _("Theirs after all"),
    }

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="questions")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    note = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    settled_by_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    guard = Guard(select=WATCHES, write=WATCHES, organisation="organisation_id", transitions=TRANSITIONS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finding"], condition=Q(state="open"), name="notices_question_one_open"),
        ]
        indexes = [
            models.Index(fields=["team", "asked_at"], condition=Q(state="open"), name="notices_question_open"),
        ]
