"""Campaigns and what organisations answer in them. Answers are a vector: one byte a requirement (design decision 7)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, WRITES, Guard, holds, of_organisation
from sipar.people.roles import ENGAGED_ROLES, TEAM_ROLES

# An organisation writes its own rows, but never a word about itself: these tables are the reviewers'.
BY_REVIEWERS = f"({WRITES.format(column='organisation_id')} and {holds(*TEAM_ROLES, *ENGAGED_ROLES)})"


class Campaign(models.Model):
    """One round of assessment: who is asked (cohort), what (framework, profiles), when, and who leads."""

    TRANSITIONS: ClassVar = {
        "draft": ("launching",),
        "launching": ("open", "draft"),
        "open": ("closed",),
        "closed": ("open",),
    }
    STATES: ClassVar = {
        "draft": _("Draft"),
        "launching": _("Launching"),
        "open": _("Open"),
        "closed": _("Closed"),
    }

    code = models.SlugField(max_length=60, unique=True)
    name = models.JSONField()
    purpose = models.JSONField(default=dict)
    framework = models.ForeignKey("frameworks.Framework", models.PROTECT, related_name="campaigns")
    cohort = models.JSONField(default=dict, help_text="a ConstituencyRule over the register")
    profiles = models.JSONField(default=dict, help_text="criticality tier -> profile identifier")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    lead_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="campaigns")
    previous = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, choices=list(STATES.items()), default="draft")
    organisations = models.IntegerField(default=0)
    created_by_id = models.BigIntegerField()
    launched_at = models.DateTimeField(null=True, blank=True)

    guard = Guard(
        select=SIGNED_IN,
        write=f"({SYSTEM} or {holds('team_head', 'analyst', 'duty_officer')})",
        transitions=TRANSITIONS,
    )

    class Meta:
        ordering = ["-opens_at", "-id"]


class Engagement(models.Model):
    """A consultant or auditor working on named organisations of one campaign, within a window of time."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="engagements")
    account = models.ForeignKey("people.Account", models.PROTECT, related_name="engagements")
    firm = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM} or {holds('team_head', 'analyst', 'ombudsman')})",
        write=f"({SYSTEM} or {holds('team_head')})",
    )


class EngagementScope(models.Model):
    """One organisation in the scope of an engagement."""

    engagement = models.ForeignKey(Engagement, models.CASCADE, related_name="scope")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")

    guard = of_organisation(write=f"({SYSTEM} or ({holds('team_head')} and {WRITES.format(column='organisation_id')}))")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["engagement", "organisation"], name="assessments_engagementscope_once")
        ]


class Assessment(models.Model):
    """One organisation in one campaign.

    `levels` is what the organisation is writing, `carried` its standing answers of the previous campaign, and
    `standing` what counts: the last submission with the reviewers' adjustments. Each is one byte a requirement in
    the order of the framework version (`sipar.posture.levels`), or null where there is nothing yet. A carried answer
    is confirmed once `touched` names the save that wrote it, even where its level stayed the same.
    """

    TRANSITIONS: ClassVar = {
        "open": ("submitted",),
        "submitted": ("returned", "accepted"),
        "returned": ("submitted",),
        "accepted": ("returned",),
    }
    STATES: ClassVar = {
        "open": _("To be answered"),
        "submitted": _("Submitted, waiting for review"),
        "returned": _("Returned with questions"),
        "accepted": _("Accepted"),
    }

    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="assessments")
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="assessments")
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    profile = models.CharField(max_length=120, blank=True)
    levels = models.BinaryField(null=True)
    carried = models.BinaryField(null=True)
    standing = models.BinaryField(null=True)
    version = models.IntegerField(default=0, help_text="counts the saves; a stale save is refused")
    touched = models.BinaryField(null=True, help_text="the save that last wrote each answer, uint32 little-endian")
    submissions = models.SmallIntegerField(default=0)
    answered = models.SmallIntegerField(default=0)
    mean = models.FloatField(null=True)
    floor = models.FloatField(null=True)
    gaps = models.SmallIntegerField(null=True)
    meets_target = models.BooleanField(null=True)
    saved_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by_id = models.BigIntegerField(null=True)
    accepted_at = models.DateTimeField(null=True)

    guard = of_organisation(transitions=TRANSITIONS, redact=("touched",))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "organisation"], name="assessments_assessment_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "campaign"], name="assessments_of_organisation"),
            models.Index(fields=["campaign", "state"], name="assessments_by_state"),
            models.Index(fields=["submitted_at"], name="assessments_review_queue", condition=Q(state="submitted")),
            models.Index(fields=["submitted_at", "id"], name="assessments_by_submission"),
        ]


class AnswerNote(models.Model):
    """What an organisation wrote beside one level: a comment, or why the requirement does not apply."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="notes")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    position = models.SmallIntegerField()
    comment = models.TextField(blank=True)
    not_applicable_reason = models.TextField(blank=True)

    guard = of_organisation()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assessment", "position"], name="assessments_answernote_once")]


class Evidence(models.Model):
    """A file or a link that shows that an answer holds."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="evidence")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    position = models.SmallIntegerField()
    title = models.CharField(max_length=250)
    link = models.URLField(max_length=500, blank=True)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    added_by_id = models.BigIntegerField()
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    guard = of_organisation()

    class Meta:
        indexes = [models.Index(fields=["assessment", "position"], name="assessments_evidence_place")]
        constraints = [
            models.CheckConstraint(
                name="assessments_evidence_one_kind",
                condition=(Q(link="") & Q(file__isnull=False)) | (~Q(link="") & Q(file__isnull=True)),
            )
        ]


class SectionDelegation(models.Model):
    """A colleague asked to answer one section (a group of the framework)."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="delegations")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    group = models.CharField(max_length=120)
    account = models.ForeignKey("people.Account", models.PROTECT, related_name="+")
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    guard = of_organisation()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assessment", "group"], name="assessments_delegation_once")]


class Submission(models.Model):
    """A signed version: never changed, never removed. `snapshot` holds notes and evidence hashes as they were."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="history")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    number = models.SmallIntegerField()
    levels = models.BinaryField()
    snapshot = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    signed_by = models.ForeignKey("people.Account", models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signed_as = models.CharField(max_length=30)
    second_factor = models.CharField(max_length=20, blank=True)

    guard = of_organisation(append_only=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assessment", "number"], name="assessments_submission_number")]


class Review(models.Model):
    """A reviewer's word on one answer (or, with `position` null, on the whole): both values and the reason are kept."""

    class Decision(models.TextChoices):
        ACCEPT = "accept", _("Accept")
        RETURN = "return", _("Return")
        ADJUST = "adjust", _("Adjust")

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="reviews")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    submission_number = models.SmallIntegerField()
    position = models.SmallIntegerField(null=True)
    decision = models.CharField(max_length=10, choices=Decision)
    from_level = models.SmallIntegerField(null=True)
    to_level = models.SmallIntegerField(null=True)
    reason = models.TextField(blank=True)
    on_site = models.BooleanField(default=False)
    recommendation = models.BooleanField(default=False, help_text="a consultant's word; it never changes a level")
    reviewer = models.ForeignKey("people.Account", models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    guard = of_organisation(write=BY_REVIEWERS, append_only=True)

    class Meta:
        indexes = [models.Index(fields=["assessment", "submission_number"], name="assessments_review_of")]
        constraints = [
            models.CheckConstraint(
                name="assessments_review_reason",
                condition=Q(decision="accept") | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="assessments_review_adjust",
                condition=~Q(decision="adjust")
                | Q(position__isnull=False, from_level__isnull=False, to_level__isnull=False),
            ),
        ]


class SiteSample(models.Model):
    """Answers drawn to be verified on site, by a seed that anybody can draw again."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="samples")
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="+")
    positions = models.JSONField()
    seed = models.BigIntegerField()
    drawn_by_id = models.BigIntegerField()
    drawn_at = models.DateTimeField()

    guard = of_organisation(write=BY_REVIEWERS, append_only=True)


class RoadmapItem(models.Model):
    """A gap that somebody closes: owner, date, cost, what it waits for, and the evidence that it is closed."""

    TRANSITIONS: ClassVar = {
        "planned": ("doing", "dropped"),
        "doing": ("done", "planned", "dropped"),
        "done": ("doing",),
        "dropped": ("planned",),
    }
    STATES: ClassVar = {
        "planned": _("Planned"),
        "doing": _("Under way"),
        "done": _("Closed"),
        "dropped": _("Dropped"),
    }

    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, related_name="roadmap")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="roadmap")
    requirement = models.CharField(max_length=120)
    target_level = models.SmallIntegerField()
    title = models.CharField(max_length=250)
    owner_name = models.CharField(max_length=200, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    due_on = models.DateField()
    cost = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    depends_on = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="blocks")
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="planned")
    closing_note = models.TextField(blank=True)
    closing_evidence = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    guard = of_organisation(transitions=TRANSITIONS)

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(
                fields=["due_on"], name="assessments_roadmap_due", condition=Q(state__in=["planned", "doing"])
            ),
            models.Index(fields=["organisation", "state"], name="assessments_roadmap_of"),
        ]
