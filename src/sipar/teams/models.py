"""CERTs as a tree: legal basis, constituency, duty roster, profile and maturity of each team."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard, holds, of_organisation

# The head of the team that covers the whole nation resolves constituencies, as Sipar itself does at set-up.
RESOLVES = f"({SYSTEM} or ((select guard.sees_all()) and {holds('team_head')}))"
TEAM_WRITES = f"({SYSTEM} or (select guard.sees_all()) or {{column}} in (select guard.teams()))"


class Team(models.Model):
    """A CERT, or the Council at the top of the page, with the rule that says who its constituents are."""

    class Tier(models.TextChoices):
        """The seven tiers of the CERT Rules 2023, rule 3."""

        NATIONAL = "national", _("National CERT")
        GOVERNMENT = "government", _("Government CERT")
        FEDERAL = "federal", _("Federal CERT")
        PROVINCIAL = "provincial", _("Provincial CERT")
        CII = "cii", _("Critical information infrastructure CERT")
        SECTORAL = "sectoral", _("Sectoral CERT")
        ORGANISATIONAL = "organisational", _("Organisational CERT")

    code = models.CharField(max_length=60, unique=True)
    name = models.JSONField()
    tier = models.CharField(max_length=15, choices=Tier)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    organisation = models.ForeignKey("orgs.Organisation", models.SET_NULL, null=True, blank=True, related_name="+")
    legal_basis = models.CharField(max_length=300, blank=True)
    notification_reference = models.CharField(max_length=200, blank=True)
    notification_date = models.DateField(null=True, blank=True)
    notification_status = models.CharField(max_length=30, blank=True)
    source = models.TextField(blank=True)
    rule = models.JSONField(default=dict)
    covers_all = models.BooleanField(default=False)
    profile = models.JSONField(default=dict, help_text="RFC 2350, section by section")
    services = models.JSONField(default=list, help_text="codes of the FIRST CSIRT Services Framework")
    emergency_phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)

    guard = Guard(
        select=SIGNED_IN,
        write=f"({SYSTEM} or ({holds('team_head')} and ((select guard.sees_all()) or id in (select guard.teams()))))",
    )

    class Meta:
        ordering = ["code"]


class Membership(models.Model):
    """That an organisation belongs to a team's constituency, as resolved from the rule, with the reasons."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="memberships")
    lead = models.BooleanField(default=False)

    guard = of_organisation(also_select="team_id in (select guard.teams())", write=RESOLVES, recorded=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "organisation"], name="teams_membership_once")]
        indexes = [models.Index(fields=["organisation", "lead"], name="teams_membership_lead")]


class DutyShift(models.Model):
    """Who is on duty for a team, from when to when."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="shifts")
    account = models.ForeignKey("people.Account", models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    guard = Guard(
        select=f"({SYSTEM} or (select guard.sees_all()) or team_id in (select guard.teams()))",
        write=TEAM_WRITES.format(column="team_id"),
    )

    class Meta:
        indexes = [models.Index(fields=["team", "starts_at"], name="teams_dutyshift_when")]
        constraints = [
            models.CheckConstraint(name="teams_dutyshift_order", condition=Q(ends_at__gt=models.F("starts_at")))
        ]


class MaturitySelfAssessment(models.Model):
    """A team's SIM3 self-assessment: one level per parameter, in the order of the shipped list."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="maturity")
    model_version = models.CharField(max_length=20)
    levels = models.BinaryField()
    comments = models.JSONField(default=dict)
    assessed_at = models.DateTimeField()
    assessed_by_id = models.BigIntegerField()

    guard = Guard(
        select=f"({SYSTEM} or (select guard.sees_all()) or team_id in (select guard.teams())"
        f" or {holds('council_member', 'council_secretary')})",
        write=TEAM_WRITES.format(column="team_id"),
        append_only=True,
    )


class ConstituencyDispute(models.Model):
    """A conflict of responsibility put to the Council: an organisation without a lead team, or with several."""

    class Kind(models.TextChoices):
        WITHOUT_TEAM = "without_team", _("No team")
        SEVERAL_LEADS = "several_leads", _("Several leads")

    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="disputes")
    kind = models.CharField(max_length=20, choices=Kind)
    raised_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    recommended_by_id = models.BigIntegerField(null=True)
    recommended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"((select guard.sees_all()) or {holds('council_member', 'council_secretary')})",
        write=f"({RESOLVES} or {holds('council_secretary')})",
        organisation="organisation_id",
    )

    class Meta:
        indexes = [models.Index(fields=["settled_at", "raised_at"], name="teams_dispute_open")]


class ConstituencyDraft(models.Model):
    """A rule that somebody would like to put in place of the present one; applied by the national team."""

    TRANSITIONS: ClassVar = {"drafted": ("applied", "discarded"), "applied": (), "discarded": ()}

    team = models.ForeignKey(Team, models.CASCADE, related_name="drafts")
    rule = models.JSONField()
    reason = models.TextField()
    drafted_by_id = models.BigIntegerField()
    drafted_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="drafted")
    decided_by_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    guard = Guard(
        select=TEAM_WRITES.format(column="team_id"),
        write=f"({holds('team_head')} and {TEAM_WRITES.format(column='team_id')})",
        transitions=TRANSITIONS,
    )
