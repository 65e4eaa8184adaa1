"""The case: one incident of one organisation, the team that has it, and everybody who may see it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard, holds
from sipar.incidents.models.guarding import (
    BY_DESKS,
    IN_SEEN_BOTH,
    IN_SEEN_CASE,
    IN_WRITTEN_CASE,
    SEES_CASE,
    WRITES_CASE,
    of_case,
)
from sipar.people.roles import TEAM_ROLES

TLP = [(label, f"TLP:{label.upper()}") for label in ("clear", "green", "amber", "amber+strict", "red")]
PAP = [(label, f"PAP:{label.upper()}") for label in ("clear", "green", "amber", "red")]


class Campaign(models.Model):
    """A national incident: several victims of one actor or cause, with a severity of its own."""

    TRANSITIONS: ClassVar = {"open": ("closed",), "closed": ("open",)}

    number = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    lead_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    tlp = models.CharField(max_length=12, choices=TLP, default="amber")
    state = models.CharField(max_length=6, default="open")
    severity_score = models.FloatField(null=True)
    severity_level = models.CharField(max_length=20, blank=True)
    eu_scale = models.CharField(max_length=8, blank=True)
    outlook = models.CharField(max_length=10, blank=True)
    opened_by_id = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    guard = Guard(
        select=BY_DESKS,
        write=f"({SYSTEM} or {holds(*TEAM_ROLES)})",
        redact=("title", "summary"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        ordering = ["-opened_at"]


class Incident(models.Model):
    """One case. A draft is its organisation's alone; with the first submission the case goes to its CERT.

    `facts` are what the organisation last submitted with what the lead team corrected (vocabulary:
    `sipar.law.facts`); `estimates` names those that are guesses so far. `viewers` are the teams that see the case:
    `Access` says why each of them does. Sector, province and tier stand here as they were when it was reported.
    """

    TRANSITIONS: ClassVar = {
        "draft": ("reported", "discarded"),
        "reported": ("open", "rejected", "merged"),
        "open": ("contained", "resolved", "closed", "merged", "rejected"),
        "contained": ("open", "resolved", "closed", "merged"),
        "resolved": ("open", "closed", "merged"),
        "closed": ("open",),
        "rejected": ("open",),
        "merged": (),
        "discarded": (),
    }
    STATES: ClassVar = {
        "draft": _("Being written"),
        "reported": _("Reported, waiting for acceptance"),
        "open": _("Open"),
        "contained": _("Contained"),
        "resolved": _("Resolved"),
        "closed": _("Closed"),
        "rejected": _("Not an incident"),
        "merged": _("Merged into another case"),
        "discarded": _("Discarded"),
    }
    OPEN_STATES: ClassVar = ("reported", "open", "contained", "resolved")

    class Door(models.TextChoices):
        WEB = "web", _("Web form")
        API = "api", _("REST API")
        EMERGENCY = "emergency", _("Emergency page")
        MAIL = "mail", _("E-mail")
        TELEPHONE = "telephone", _("Telephone")

    number = models.CharField(max_length=20, unique=True, help_text="random, so that it tells nothing of how many")
    organisation = models.ForeignKey(
        "orgs.Organisation", models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="draft")
    title = models.CharField(max_length=200, blank=True)
    door = models.CharField(max_length=10, choices=Door)
    facts = models.JSONField(default=dict)
    estimates = models.JSONField(default=list)
    lead_team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="cases")
    offered_team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    assigned_to_id = models.BigIntegerField(null=True)
    viewers = ArrayField(models.BigIntegerField(), default=list)
    tlp = models.CharField(max_length=12, choices=TLP, default="amber")
    pap = models.CharField(max_length=6, choices=PAP, default="amber")
    rsit_class = models.CharField(max_length=40, blank=True)
    rsit_type = models.CharField(max_length=100, blank=True)
    severity_score = models.FloatField(null=True)
    severity_level = models.CharField(max_length=20, blank=True)
    eu_scale = models.CharField(max_length=8, blank=True)
    outlook = models.CharField(max_length=10, blank=True)
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, blank=True, related_name="incidents")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="twins")
    verified_at = models.DateTimeField(null=True, help_text="null: reported without an account and not called back yet")
    verified_by_id = models.BigIntegerField(null=True)
    sector = models.ForeignKey("orgs.Sector", models.PROTECT, null=True, blank=True, related_name="+")
    province = models.ForeignKey("orgs.Province", models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.PositiveSmallIntegerField(null=True)
    opened_by_id = models.BigIntegerField()
    opened_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True)
    contained_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_summary = models.TextField(blank=True)

    guard = Guard(
        select=SEES_CASE,
        write=WRITES_CASE,
        # Duty officers write for a caller, partners' and emergency reports come through Sipar itself.
        insert=f"({SYSTEM} or organisation_id in (select guard.own()) or {holds(*TEAM_ROLES)})",
        organisation="organisation_id",
        redact=("title", "facts", "estimates", "closing_summary"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        indexes = [
            GinIndex(fields=["viewers"], name="incidents_viewers"),
            models.Index(fields=["organisation", "-opened_at"], name="incidents_of_organisation"),
            models.Index(fields=["lead_team", "state", "-reported_at"], name="incidents_of_team"),
            models.Index(fields=["offered_team"], name="incidents_offered", condition=Q(offered_team__isnull=False)),
            models.Index(
                # Everything that the situation counts by, so that it reads the index alone.
                fields=["sector", "province", "severity_level", "lead_team", "state", "outlook"],
                name="incidents_open_classes",
                condition=Q(state__in=("reported", "open", "contained", "resolved")),
            ),
            models.Index(fields=["reported_at"], include=["state"], name="incidents_reported"),
            models.Index(fields=["campaign"], name="incidents_of_campaign", condition=Q(campaign__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                name="incidents_draft_is_private", condition=~Q(state="draft") | Q(viewers=[]) | Q(door="telephone")
            ),
            models.CheckConstraint(
                name="incidents_reported_has_team",
                condition=Q(state__in=("draft", "discarded")) | Q(lead_team__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Access(models.Model):
    """Why a team sees a case, since when and until when; `Incident.viewers` holds those that stand.

    `projection` names what the team sees of it (`sipar.incidents.projections`).
    """

    class Basis(models.TextChoices):
        LEAD = "lead", _("Has the case")
        CONSTITUENCY = "constituency", _("The organisation is its constituent")
        CRITICAL = "critical", _("Critical infrastructure")
        ESCALATED = "escalated", _("Escalated to it")
        SHARED = "shared", _("Shared with it")
        SUPPORT = "support", _("Helps on the spot")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="accesses")
    organisation_id = models.BigIntegerField(null=True)
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    basis = models.CharField(max_length=12, choices=Basis)
    projection = models.CharField(max_length=15, default="full")
    reason = models.TextField(blank=True)
    given_by_id = models.BigIntegerField()
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = of_case(redact=("reason",))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "team", "basis"], condition=Q(ended_at=None), name="incidents_access_once"
            )
        ]


class BreakGlass(models.Model):
    """A person of the National CERT opened a case that is not theirs, with a reason; its organisation sees who."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="glass")
    organisation_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField()
    reason = models.TextField()
    opened_at = models.DateTimeField()
    until = models.DateTimeField()

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM} or organisation_id in (select guard.own())"
        f" or {holds('ombudsman')})",
        insert=f"(account_id = (select guard.actor()) and (select guard.sees_all()) and {holds(*TEAM_ROLES)})",
        organisation="organisation_id",
        append_only=True,
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["account_id", "until"], name="incidents_breakglass_of")]


class Look(models.Model):
    """That somebody who is not of the organisation opened its case, once for each person and day: it sees who did."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="looks")
    organisation_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField()
    team = models.ForeignKey("teams.Team", models.PROTECT, null=True, related_name="+")
    on = models.DateField()
    at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_CASE,
        insert=f"(account_id = (select guard.actor()) and {IN_SEEN_CASE})",
        organisation="organisation_id",
        append_only=True,
        walled=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "account_id", "on"], name="incidents_look_once"),
        ]


class Extract(models.Model):
    """What a CERT gives another organisation of a case: a copy of the fields of a projection, and nothing beside it.

    The recipient never reaches the case; the extract ends when the CERT takes it back.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="extracts")
    organisation_id = models.BigIntegerField(null=True, help_text="whose case it is")
    recipient = models.ForeignKey("orgs.Organisation", models.PROTECT, related_name="+")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    projection = models.CharField(max_length=15)
    tlp = models.CharField(max_length=12, choices=TLP)
    words = models.TextField(help_text="what the CERT writes to the recipient, and why")
    facts = models.JSONField(default=dict)
    indicators = models.JSONField(default=list)
    given_by_id = models.BigIntegerField()
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"((recipient_id in (select guard.own()) and ended_at is null) or ({BY_DESKS} and {IN_SEEN_CASE}))",
        write=f"({BY_DESKS} and {IN_WRITTEN_CASE})",
        organisation="organisation_id",
        redact=("words", "facts", "indicators"),
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["recipient", "-given_at"], name="incidents_extract_for")]


class Handover(models.Model):
    """An offer of the case to another team, and how it was answered: custody is the chain of accepted ones."""

    TRANSITIONS: ClassVar = {"offered": ("accepted", "returned", "withdrawn")}

    class Kind(models.TextChoices):
        ROUTED = "routed", _("Routed by constituency")
        HANDED_OVER = "handed_over", _("Handed over")
        ESCALATED = "escalated", _("Escalated")
        SPLIT = "split", _("Split from another case")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="handovers")
    organisation_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12, choices=Kind)
    from_team = models.ForeignKey("teams.Team", models.PROTECT, null=True, related_name="+")
    to_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default="offered")
    reason = models.TextField(blank=True)
    offered_by_id = models.BigIntegerField()
    offered_at = models.DateTimeField()
    answered_by_id = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    guard = of_case(redact=("reason", "answer"), transitions=TRANSITIONS)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(state="offered"), name="incidents_handover_one_offer"
            )
        ]
        indexes = [models.Index(fields=["to_team", "state"], name="incidents_handover_waiting")]


class SeverityScore(models.Model):
    """One scoring of a case: inputs, scale version and result, kept as they were."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="scores")
    organisation_id = models.BigIntegerField(null=True)
    scale = models.CharField(max_length=40)
    scale_digest = models.CharField(max_length=64)
    inputs = models.JSONField()
    score = models.FloatField()
    level = models.CharField(max_length=20)
    eu_scale = models.CharField(max_length=8, blank=True)
    outlook = models.CharField(max_length=10, blank=True)
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    scored_by_id = models.BigIntegerField()
    scored_at = models.DateTimeField()

    guard = of_case(desks_only=True, append_only=True, redact=("inputs",))


class CaseLink(models.Model):
    """That two cases belong together (same attack, twin report): known to those who see both."""

    class Kind(models.TextChoices):
        RELATED = "related", _("Related")
        TWIN = "twin", _("The same incident")
        SPLIT = "split", _("Split off")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="links")
    other = models.ForeignKey(Incident, models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=8, choices=Kind)
    note = models.TextField(blank=True)
    linked_by_id = models.BigIntegerField()
    linked_at = models.DateTimeField()

    guard = Guard(
        select=IN_SEEN_BOTH,
        write=f"({BY_DESKS} and {IN_SEEN_BOTH})",
        redact=("note",),
        walled=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "other", "kind"], name="incidents_link_once")]
