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

from sipar.core.guards import SYSTEM, Guard
from sipar.notices.exposure_models import ExposureCell, ExposureCount, ExposureStanding
from sipar.orgs.models import Organisation
from sipar.teams.models import Team

__all__ = [
    "Channel", "Decision", "Delivery", "DryRun", "ExposureCell", "ExposureCount", "ExposureStanding", "Finding",
    "Inhibition", "Notice", "NoticeFinding", "Reply", "RuleSet", "Tlp",
]  # fmt: skip

# The organisation's own people and the staff of its CERTs; ministries, auditors and consultants do not see exposure.
WATCHES = (
    "((select guard.sees_all()) or organisation_id in (select guard.watched())"
    " or (organisation_id is null and team_id = any ((select guard.desks())::bigint[])))"
)
OF_TEAM = "((select guard.sees_all()) or team_id = any ((select guard.desks())::bigint[]))"
IN_WATCHED_FINDING = "exists (select 1 from notices_finding f where f.id = finding_id)"
IN_WATCHED_NOTICE = "exists (select 1 from notices_notice n where n.id = notice_id)"


class Tlp(models.TextChoices):
    """Traffic Light Protocol 2.0, from what may go everywhere to what may not leave the room."""

    CLEAR = "clear", "TLP:CLEAR"
    GREEN = "green", "TLP:GREEN"
    AMBER = "amber", "TLP:AMBER"
    AMBER_STRICT = "amber+strict", "TLP:AMBER+STRICT"
    RED = "red", "TLP:RED"


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
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="findings")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
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
            models.UniqueConstraint(fields=["organisation", "key"], name="notices_finding_once", nulls_distinct=False),
            models.CheckConstraint(name="notices_finding_severity", condition=Q(severity__gte=0, severity__lte=4)),
            models.CheckConstraint(name="notices_finding_seen", condition=Q(last_seen__gte=F("first_seen"))),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "-priority"],
                name="notices_finding_open",
                condition=Q(state__in=("open", "stale", "reopened")),
            ),
            models.Index(
                F("priority").desc(nulls_last=True), F("severity").desc(), "id",
                name="notices_finding_first", condition=Q(state__in=("open", "stale", "reopened")),
            ),
            models.Index(
                "kind", F("priority").desc(nulls_last=True), F("severity").desc(), "id",
                name="notices_finding_kind", condition=Q(state__in=("open", "stale", "reopened")),
            ),
            # For the search box, through guard.search_findings.
            models.Index(fields=["asset"], opclasses=["varchar_pattern_ops"], name="notices_finding_asset"),
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

    guard = Guard(select=IN_WATCHED_FINDING, write=IN_WATCHED_FINDING, organisation="organisation_id", append_only=True)

    class Meta:
        indexes = [models.Index(fields=["finding", "-decided_at"], name="notices_decision_of")]


class RuleSet(models.Model):
    """The rules by which a CERT tells its constituency, as data: `exposure.rules` says what `document` may hold.

    One rule set of a team is active at a time. What was active stays, so that a notice can name the rules it follows.
    """

    TRANSITIONS: ClassVar = {"draft": ("active", "discarded"), "active": ("retired",), "retired": (), "discarded": ()}
    STATES: ClassVar = {
        "draft": _("Draft"),
        "active": _("In use"),
        "retired": _("Replaced"),
        "discarded": _("Discarded"),
    }

    team = models.ForeignKey(Team, models.PROTECT, related_name="rule_sets")
    version = models.IntegerField()
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="draft")
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    made_by_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    activated_by_id = models.BigIntegerField(null=True)
    activated_at = models.DateTimeField(null=True)

    guard = Guard(select=OF_TEAM, write=OF_TEAM, transitions=TRANSITIONS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "version"], name="notices_ruleset_version"),
            models.UniqueConstraint(fields=["team"], condition=Q(state="active"), name="notices_ruleset_one_active"),
        ]


class DryRun(models.Model):
    """What a rule set would have sent over past days, beside what the active one would have; nothing is sent."""

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="dry_runs")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    result = models.JSONField(default=dict)
    run_id = models.BigIntegerField(null=True)
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(select=OF_TEAM, write=OF_TEAM)

    class Meta:
        indexes = [models.Index(fields=["rule_set", "-asked_at"], name="notices_dryrun_of")]


class Inhibition(models.Model):
    """Somebody is not told of something, for a reason and until a day; empty fields hold for everything."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=80, blank=True)
    asset = models.CharField(max_length=400, blank=True)
    reason = models.TextField()
    until = models.DateField()
    made_by_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(select=OF_TEAM, write=OF_TEAM)

    class Meta:
        indexes = [models.Index(fields=["team", "until"], name="notices_inhibition_of")]


class Channel(models.Model):
    """How an organisation wants to be told: where, in which language, when not, and encrypted with what."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        PORTAL = "portal", _("On this page only")
        API = "api", _("API")

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="notice_channel")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MAIL)
    addresses = ArrayField(models.EmailField(), default=list)
    language = models.CharField(max_length=10, default="en")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    encryption = models.CharField(max_length=10, blank=True)
    public_key = models.TextField(blank=True)
    updated_at = models.DateTimeField()

    guard = Guard(
        select=WATCHES.replace(
            " or (organisation_id is null and team_id = any ((select guard.desks())::bigint[]))", ""
        ),
        write=f"({SYSTEM} or organisation_id in (select guard.watched()) or (select guard.sees_all()))",
        organisation="organisation_id",
    )


class Notice(models.Model):
    """One bundle of findings to one recipient, with a ticket number; it is sent once.

    `aggregation` says what was bundled together, so that a rerun makes no second one for the same interval. The
    answer page is opened by a secret of which only the SHA-256 stands here.
    """

    TRANSITIONS: ClassVar = {
        "pending": ("sending", "shown", "inhibited"),
        "sending": ("sent", "failed", "in_doubt"),
        "failed": ("sending", "inhibited"),
        "in_doubt": ("sent", "sending"),
        "sent": ("answered", "closed"),
        "shown": ("answered", "closed"),
        "answered": ("closed",),
        "inhibited": (),
        "closed": (),
    }
    STATES: ClassVar = {
        "pending": _("Waiting to be sent"),
        "sending": _("Being sent"),
        "sent": _("Sent"),
        "shown": _("On the organisation's page"),
        "failed": _("Could not be sent"),
        "in_doubt": _("Not known whether it went"),
        "answered": _("Answered"),
        "closed": _("Closed"),
        "inhibited": _("Held back"),
    }

    number = models.CharField(max_length=40, unique=True)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="notices")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    rule = models.CharField(max_length=60)
    aggregation = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="pending")
    channel = models.CharField(max_length=10)
    language = models.CharField(max_length=10)
    tlp = models.CharField(max_length=15, choices=Tlp, default=Tlp.AMBER)
    severity = models.SmallIntegerField()
    findings_count = models.IntegerField()
    secret_digest = models.CharField(max_length=64)
    reminder = models.SmallIntegerField(default=0)
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    guard = Guard(select=WATCHES, write=WATCHES, organisation="organisation_id", transitions=TRANSITIONS, walled=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "team", "aggregation"], name="notices_notice_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="notices_notice_due",
                condition=Q(state__in=("pending", "failed")),
            ),
            models.Index(fields=["organisation", "-made_at"], name="notices_notice_of"),
        ]


class NoticeFinding(models.Model):
    """That a notice tells of a finding."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="lines")
    finding = models.ForeignKey(Finding, models.CASCADE, related_name="+")

    guard = Guard(select=IN_WATCHED_NOTICE, write=IN_WATCHED_NOTICE, recorded=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "finding"], name="notices_noticefinding_once")]
        indexes = [models.Index(fields=["finding"], name="notices_noticefinding_of")]


class Delivery(models.Model):
    """The send ledger: one attempt to deliver a notice, written before it is tried and completed after.

    An attempt that was taken and never ended is in doubt: Sipar does not send again by itself what may have arrived.
    """

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    attempt = models.SmallIntegerField()
    message_id = models.CharField(max_length=200)
    recipients = ArrayField(models.EmailField(), default=list)
    taken_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    guard = Guard(select=IN_WATCHED_NOTICE, write=SYSTEM, walled=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "attempt"], name="notices_delivery_attempt")]


class Reply(models.Model):
    """What came back on a notice: a mail to its reply address, or words left on its answer page."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="replies")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    sender = models.CharField(max_length=254)
    text = models.TextField()
    message_id = models.CharField(max_length=998, blank=True)
    received_at = models.DateTimeField()

    guard = Guard(
        select=IN_WATCHED_NOTICE,
        write=IN_WATCHED_NOTICE,
        organisation="organisation_id",
        append_only=True,
        redact=("text",),
        walled=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "message_id"], condition=~Q(message_id=""), name="notices_reply_once"
            ),
        ]
