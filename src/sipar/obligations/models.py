"""Regimes as they stand, the duties they put on a case with their clocks, and what was done or missed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard, holds
from sipar.incidents.models.guarding import IN_SEEN_CASE, IN_WRITTEN_CASE
from sipar.people.roles import TEAM_ROLES

# A duty hangs on a case or on a request for help: whoever sees that, sees the duty, its history and its breaches.
# What hangs on neither (the periodic roll-up) is its team's.
OF_TEAM_ALONE = (
    "(incident_id is null and support_request_id is null and team_id = any ((select guard.desks())::bigint[]))"
)
IN_SEEN_HELP = "exists (select 1 from support_supportrequest r where r.id = support_request_id)"
IN_SEEN_MATTER = (
    f"({SYSTEM} or (incident_id is not null and {IN_SEEN_CASE})"
    f" or (support_request_id is not null and {IN_SEEN_HELP}) or {OF_TEAM_ALONE})"
)
IN_WRITTEN_MATTER = (
    f"({SYSTEM} or (incident_id is not null and {IN_WRITTEN_CASE})"
    f" or (support_request_id is not null and {IN_SEEN_HELP}) or {OF_TEAM_ALONE})"
)
IN_SEEN_DUTY = "exists (select 1 from obligations_duty d where d.id = duty_id)"
WRITES_HISTORY = f"({SYSTEM} or (case when incident_id is null then {IN_SEEN_DUTY} else {IN_WRITTEN_CASE} end))"
# A draft act is its writer's, and its ministry's; the authority and the head of the National CERT read it.
DRAFTING_ROLES = ("ministry_officer", "authority_policy", "team_head")
OWN_DRAFT = "(written_by_id = (select guard.actor()) or ministry_id in (select guard.ministries()))"
HEADS_NATION = "(select guard.heads_nation())"


class Regime(models.Model):
    """One version of one regime file (`sipar.law.regimes`): shipped, or a draft that a ministry works on.

    Text and digest never change; a new text is a new version. `enabled` says whether it puts duties on cases: drafts
    never do, unverified presets only where an operator switched them on.
    """

    code = models.CharField(max_length=60)
    version = models.IntegerField()
    status = models.CharField(max_length=20)
    title = models.JSONField()
    jurisdiction = models.CharField(max_length=20)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    is_draft = models.BooleanField(default=False)
    enabled = models.BooleanField(default=False)
    effective_from = models.DateField(null=True)
    effective_until = models.DateField(null=True)
    ministry = models.ForeignKey("orgs.Ministry", models.PROTECT, null=True, blank=True, related_name="+")
    written_by_id = models.BigIntegerField()
    written_at = models.DateTimeField()
    note = models.TextField(blank=True)

    guard = Guard(
        select=f"({SIGNED_IN} and (not is_draft or {SYSTEM} or {OWN_DRAFT} or (select guard.holds('authority_policy'))"
        f" or {HEADS_NATION}))",
        write=f"({SYSTEM} or (not is_draft and (select guard.holds('authority_policy'))) or (not is_draft and"
        f" {HEADS_NATION}) or (is_draft and {OWN_DRAFT} and {holds(*DRAFTING_ROLES)}))",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="obligations_regime_once")]


class Duty(models.Model):
    """Something that must be done by a time: what a law asks of the organisation, or what a CERT owes it.

    `due_at` is the deadline as it stands (null: the clock has not started, or no period is known). `next_at` is the
    next moment at which Sipar must act on it (remind, record a breach): the one column that the scan looks at, and
    null once there is nothing more to do. What was missed stays `breached` whatever is corrected later.
    """

    TRANSITIONS: ClassVar = {
        "waiting": ("running", "met", "withdrawn", "waived", "breached"),
        "running": ("waiting", "met", "breached", "withdrawn", "waived"),
        "breached": ("met_late",),
        "withdrawn": ("waiting", "running"),
        "waived": ("waiting", "running"),
        "met": (),
        "met_late": (),
    }
    STATES: ClassVar = {
        "waiting": _("Clock not started"),
        "running": _("Running"),
        "met": _("Done in time"),
        "breached": _("Late"),
        "met_late": _("Done late"),
        "withdrawn": _("No longer asked"),
        "waived": _("Decided not to report"),
    }

    class Kind(models.TextChoices):
        STATUTORY = "statutory", _("Asked by law")
        SERVICE = "service", _("Service level of the CERT")
        SUPPORT = "support", _("Service level of help")

    kind = models.CharField(max_length=10, choices=Kind)
    incident = models.ForeignKey("incidents.Incident", models.CASCADE, null=True, blank=True, related_name="duties")
    support_request = models.ForeignKey(
        "support.SupportRequest", models.CASCADE, null=True, blank=True, related_name="duties"
    )
    organisation = models.ForeignKey("orgs.Organisation", models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="+")
    regime = models.ForeignKey(Regime, models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=60, help_text="code of the regime, or of the service level")
    stage = models.CharField(max_length=40)
    to = models.JSONField(default=list, help_text="roles of the addressees")
    cite = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="waiting")
    clock = models.CharField(max_length=20, help_text="running, not_started, on_request, unknown_period")
    anchor = models.CharField(max_length=60, blank=True)
    anchor_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    step = models.SmallIntegerField(default=0, help_text="how many of its moments have been handled")
    met_at = models.DateTimeField(null=True)
    met_by = models.ForeignKey("obligations.Submission", models.PROTECT, null=True, blank=True, related_name="serves")
    opened_at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_MATTER,
        write=IN_WRITTEN_MATTER,
        organisation="organisation_id",
        silent=("next_at", "step"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "code", "stage"], condition=Q(incident__isnull=False), name="obligations_duty_once"
            ),
            models.UniqueConstraint(
                fields=["support_request", "code", "stage"],
                condition=Q(support_request__isnull=False),
                name="obligations_duty_of_help_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="obligations_duty_next", condition=Q(next_at__isnull=False)),
            models.Index(
                fields=["team", "due_at"],
                name="obligations_duty_of_team",
                condition=Q(state__in=("running", "breached")),
            ),
            models.Index(
                fields=["team", "due_at"],
                name="obligations_duty_service",
                condition=Q(kind__in=("service", "support")),
            ),
            models.Index(
                fields=["organisation", "due_at"],
                name="obligations_duty_of_org",
                condition=Q(state__in=("waiting", "running", "breached")),
            ),
        ]


class Submission(models.Model):
    """One stage of a report as it was signed: the facts word for word, and what changed since the last one."""

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="submissions")
    organisation_id = models.BigIntegerField(null=True)
    number = models.SmallIntegerField()
    stage = models.CharField(max_length=40)
    facts = models.JSONField()
    estimates = models.JSONField(default=list)
    changed = models.JSONField(default=dict, help_text="fact -> [before, after] against the submission before")
    artefacts = models.JSONField(default=list, help_text="SHA-256 of what was attached")
    late_reason = models.TextField(blank=True)
    door = models.CharField(max_length=10)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the signed document")
    signed_by_id = models.BigIntegerField(null=True)
    signature = models.CharField(
        max_length=20, blank=True, help_text="the second factor that was shown; empty: unsigned"
    )
    idempotency_key = models.CharField(max_length=80, null=True, unique=True)
    submitted_at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_CASE,
        write=IN_WRITTEN_CASE,
        organisation="organisation_id",
        append_only=True,
        redact=("facts", "estimates", "changed", "late_reason", "artefacts"),
        walled=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="obligations_submission_once")]


class Decision(models.Model):
    """A decision not to report under one regime, with its reason; kept for ever (as GDPR Art. 33(5) asks)."""

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="decisions")
    organisation_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=60)
    stage = models.CharField(max_length=40, blank=True, help_text="empty: every stage of the regime")
    reason = models.TextField()
    decided_by_id = models.BigIntegerField()
    decided_at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_CASE,
        write=IN_WRITTEN_CASE,
        organisation="organisation_id",
        append_only=True,
        redact=("reason",),
        walled=True,
    )


class Recomputation(models.Model):
    """That a deadline moved, appeared or went, from when to when, and why: history is kept."""

    duty = models.ForeignKey(Duty, models.CASCADE, related_name="recomputations")
    incident = models.ForeignKey("incidents.Incident", models.CASCADE, null=True, related_name="+")
    organisation_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    what = models.CharField(max_length=12, help_text="appeared, moved, started, stopped, withdrawn, returned")
    before = models.DateTimeField(null=True)
    after = models.DateTimeField(null=True)
    facts = models.JSONField(default=list, help_text="names of the facts that changed")
    reason = models.TextField(blank=True)
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_DUTY, write=WRITES_HISTORY, organisation="organisation_id", append_only=True,
        redact=("reason",), walled=True,
    )  # fmt: skip


class Breach(models.Model):
    """That a duty was not met when it fell due, at its true time, whenever that was found. Permanent."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="breaches")
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, null=True, related_name="breaches")
    organisation_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    due_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_DUTY, write="", insert=SYSTEM, organisation="organisation_id", append_only=True, walled=True
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["duty", "due_at"], name="obligations_breach_once")]
        indexes = [models.Index(fields=["organisation_id", "due_at"], name="obligations_breach_of")]


class Reminder(models.Model):
    """One reminder of one duty to one person: written once, then delivered by mail and shown in Sipar."""

    duty = models.ForeignKey(Duty, models.CASCADE, related_name="reminders")
    account_id = models.BigIntegerField()
    moment = models.CharField(max_length=10, help_text="before, last, due, late")
    due_at = models.DateTimeField()
    at = models.DateTimeField(help_text="when it should have come")
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    mail_token = models.CharField(max_length=40, blank=True)
    read_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM})",
        write=f"(account_id = (select guard.actor()) or {SYSTEM})",
        insert=SYSTEM,
        # That somebody was reminded is this row; the ledger tells of duties and breaches, not of the ringing.
        recorded=False,
        walled=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty", "account_id", "moment", "due_at"], name="obligations_reminder_once")
        ]
        indexes = [
            models.Index(fields=["created_at"], name="obligations_reminder_mail", condition=Q(mailed_at=None)),
            models.Index(fields=["account_id", "-at"], name="obligations_reminder_of"),
        ]


class CalendarFeed(models.Model):
    """A secret address under which one person's own deadlines can be subscribed to; only its hash is kept."""

    account_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM})",
        write=f"(account_id = (select guard.actor()) or {SYSTEM})",
        redact=("digest",),
    )


# Which roles remind each other of what: an organisation's people of its duties, a team's of its service levels.
REMINDED_ROLES = {"statutory": ("ciso", "reporter"), "service": TEAM_ROLES, "support": TEAM_ROLES}
