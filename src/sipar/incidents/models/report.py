"""The report as it is being written, and what comes in through the doors that have no account."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard, holds
from sipar.incidents.models.case import Incident
from sipar.incidents.models.guarding import WRITES_REPORT
from sipar.people.roles import TEAM_ROLES


class Report(models.Model):
    """What is being written about a case and not submitted yet: the organisation's own, or a caller's.

    CERTs never see it; they see what was submitted. A duty officer who writes for a caller works on the same row
    as long as the case is a telephone draft (`entered_by_team`). `editing_by` holds the pen until `editing_until`.
    """

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="report")
    organisation_id = models.BigIntegerField(null=True)
    entered_by_team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="+")
    facts = models.JSONField(default=dict)
    estimates = models.JSONField(default=list)
    version = models.IntegerField(default=0, help_text="counts the saves; a stale save is refused")
    editing_by_id = models.BigIntegerField(null=True)
    editing_until = models.DateTimeField(null=True)
    saved_by_id = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField(null=True)

    guard = Guard(
        select=WRITES_REPORT,
        write=WRITES_REPORT,
        organisation="organisation_id",
        redact=("facts", "estimates"),
        walled=True,
    )


class EmergencyReport(models.Model):
    """What somebody without an account reported: not verified until a duty officer has called them back."""

    TRANSITIONS: ClassVar = {"waiting": ("verified", "refused"), "verified": (), "refused": ()}

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="emergency")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    organisation_said = models.CharField(max_length=250)
    caller_name = models.CharField(max_length=200)
    caller_role = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40)
    email = models.EmailField(blank=True)
    state = models.CharField(max_length=8, default="waiting")
    received_at = models.DateTimeField()
    called_number = models.CharField(max_length=40, blank=True, help_text="from the register, never the caller's word")
    outcome = models.TextField(blank=True)
    decided_by_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"({SYSTEM} or team_id = any ((select guard.desks())::bigint[]))",
        write=f"({SYSTEM} or (team_id = any ((select guard.desks())::bigint[]) and {holds(*TEAM_ROLES)}))",
        redact=("organisation_said", "caller_name", "caller_role", "phone", "email", "called_number", "outcome"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["state", "received_at"], name="incidents_emergency_waiting")]


class InboundMail(models.Model):
    """A mail that was fetched from the CERT's mailbox, once each by its Message-ID, and what became of it.

    What is no report waits until a person has read it. `sha256` names the mail as it came; empty where nothing of it
    is kept, because it was too large.
    """

    TRANSITIONS: ClassVar = {"waiting": ("taken", "aside"), "aside": ("taken",), "taken": ("waiting",)}
    STATES: ClassVar = {
        "waiting": _("Waits to be read"),
        "taken": _("Taken as a report"),
        "aside": _("Set aside"),
    }

    message_id = models.CharField(max_length=300, unique=True)
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="mails")
    sender = models.CharField(max_length=320)
    subject = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()
    problem = models.TextField(blank=True)
    state = models.CharField(max_length=7, choices=list(STATES.items()), default="waiting")
    note = models.TextField(blank=True)
    settled_by_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"({SYSTEM} or team_id = any ((select guard.desks())::bigint[]))",
        write=f"({SYSTEM} or (team_id = any ((select guard.desks())::bigint[]) and {holds(*TEAM_ROLES)}))",
        insert=SYSTEM,
        redact=("sender", "subject", "text", "problem", "note"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["state", "received_at"], name="incidents_mail_waiting")]


class MailboxTrouble(models.Model):
    """A mailbox that cannot be read, and since when. What comes to it waits there, and nobody knows of it."""

    MAILBOXES: ClassVar = {
        "SIPAR_INTAKE_MAIL": _("The mailbox for reports"),
        "SIPAR_NOTICE_MAIL": _("The mailbox for answers to notices"),
        "SIPAR_FEEDS_MAIL": _("The mailbox of feeds"),
    }

    setting = models.CharField(max_length=40, unique=True, choices=list(MAILBOXES.items()))
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    problem = models.CharField(max_length=300)
    since = models.DateTimeField()
    tried_at = models.DateTimeField()

    guard = Guard(
        select=f"({SYSTEM} or team_id = any ((select guard.desks())::bigint[]))", write=SYSTEM, recorded=False
    )
