"""The rules by which organisations are told, how they want to be told, and what was sent to whom."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard
from sipar.notices.seeing import IN_WATCHED_NOTICE, OF_TEAM, WATCHES, Tlp
from sipar.orgs.models import Organisation
from sipar.teams.models import Team


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
    text = models.TextField(blank=True, help_text="the document as its writer wrote it")
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
        PORTAL = "portal", _("On the pages of Sipar only")
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
    answer page is opened by a secret of which only the SHA-256 stands here. What a mail server took is `sent`; what it
    may have taken is `in_doubt` until a person says so; what waits for a later attempt is `pending` again; what came
    back from every address is `failed`.
    """

    TRANSITIONS: ClassVar = {
        "pending": ("sending", "shown", "inhibited"),
        "sending": ("sent", "pending", "failed", "in_doubt"),
        "failed": ("pending", "closed"),
        "in_doubt": ("sent", "pending", "closed"),
        "sent": ("answered", "closed", "failed"),
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
        "failed": _("Did not arrive"),
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
    aggregation = models.CharField(max_length=400)
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
                condition=Q(state="pending"),
            ),
            models.Index(fields=["organisation", "-made_at"], name="notices_notice_of"),
            models.Index(fields=["team", "-made_at"], name="notices_notice_by"),
            models.Index(fields=["secret_digest"], name="notices_notice_secret"),
        ]


class NoticeFinding(models.Model):
    """That a notice tells of a finding, in the episode that began when it had been reopened that many times."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="lines")
    finding = models.ForeignKey("notices.Finding", models.CASCADE, related_name="told")
    episode = models.SmallIntegerField(default=0)

    guard = Guard(select=IN_WATCHED_NOTICE, write=IN_WATCHED_NOTICE, recorded=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "finding"], name="notices_noticefinding_once")]
        indexes = [models.Index(fields=["finding"], name="notices_noticefinding_of")]


class Delivery(models.Model):
    """The send ledger: one attempt to deliver a notice, written before it is tried and completed after.

    An attempt that was taken and never ended is in doubt: Sipar does not send again by itself what may have arrived.
    `bounced` are the recipients from whose servers the mail came back.
    """

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    attempt = models.SmallIntegerField()
    message_id = models.CharField(max_length=200)
    recipients = ArrayField(models.EmailField(), default=list)
    taken_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    bounced = ArrayField(models.EmailField(), default=list)

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
