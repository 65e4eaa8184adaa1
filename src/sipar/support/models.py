"""A request for operational or technical help, from the call to the lessons."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard, holds
from sipar.people.roles import TEAM_ROLES

SEES_REQUEST = f"({SYSTEM} or organisation_id in (select guard.own()) or viewers && (select guard.desks()))"
WRITES_REQUEST = SEES_REQUEST
IN_SEEN_REQUEST = "exists (select 1 from support_supportrequest r where r.id = request_id)"
BY_DESKS = f"({SYSTEM} or cardinality((select guard.desks())) > 0)"


def of_request(
    *, desks_only: bool = False, append_only: bool = False, redact: tuple[str, ...] = (), by_both: bool = False
) -> Guard:
    """A table that hangs on a request by `request_id`: whoever sees the request reads it; CERTs write it.

    `by_both`: the organisation writes it too, as when its asking hands the request to its first CERT.
    """
    return Guard(
        select=f"({BY_DESKS} and {IN_SEEN_REQUEST})" if desks_only else IN_SEEN_REQUEST,
        write=IN_SEEN_REQUEST if by_both else f"({BY_DESKS} and {IN_SEEN_REQUEST})",
        # What CERTs alone see, the ledger keeps from the organisation too.
        organisation=None if desks_only else "organisation_id",
        append_only=append_only,
        redact=redact,
        walled=True,
    )


class SupportRequest(models.Model):
    """What an institution needs, how urgently, where, and who brings it. `viewers` are the teams that see it."""

    TRANSITIONS: ClassVar = {
        "asked": ("accepted", "withdrawn", "declined"),
        "accepted": ("dispatched", "working", "asked", "withdrawn"),
        "dispatched": ("working", "accepted"),
        "working": ("done", "asked"),
        "done": ("working", "closed"),
        "closed": (),
        "withdrawn": (),
        "declined": ("asked",),
    }
    STATES: ClassVar = {
        "asked": _("Asked, nobody has accepted yet"),
        "accepted": _("Accepted"),
        "dispatched": _("A team is on its way"),
        "working": _("Help is there"),
        "done": _("Done, waiting for your feedback"),
        "closed": _("Closed"),
        "withdrawn": _("Withdrawn"),
        "declined": _("Declined"),
    }

    class Urgency(models.TextChoices):
        NOW = "now", _("Now: we cannot work")
        HOURS = "hours", _("Within hours")
        DAYS = "days", _("Within days")
        PLANNED = "planned", _("Planned")

    class Mode(models.TextChoices):
        REMOTE = "remote", _("Remote")
        ON_SITE = "on_site", _("On site")
        EITHER = "either", _("Whichever is faster")

    number = models.CharField(max_length=20, unique=True)
    organisation = models.ForeignKey("orgs.Organisation", models.PROTECT, related_name="support_requests")
    incident = models.ForeignKey(
        "incidents.Incident", models.SET_NULL, null=True, blank=True, related_name="support_requests"
    )
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="asked")
    title = models.CharField(max_length=200)
    needs = models.TextField()
    services = models.JSONField(default=list, help_text="codes of the FIRST CSIRT Services Framework")
    urgency = models.CharField(max_length=8, choices=Urgency)
    mode = models.CharField(max_length=8, choices=Mode)
    place = models.CharField(max_length=300, blank=True)
    access = models.TextField(blank=True, help_text="whom to ask for, gates, systems, clearances")
    contact = models.CharField(max_length=200)
    phone = models.CharField(max_length=40)
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="support_requests")
    viewers = ArrayField(models.BigIntegerField(), default=list)
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    accepted_by_id = models.BigIntegerField(null=True)
    accepted_at = models.DateTimeField(null=True)
    eta = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True, help_text="claimed by the scan: who has not accepted by then")
    escalations = models.SmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    closing_report = models.TextField(blank=True)
    rating = models.PositiveSmallIntegerField(null=True)
    feedback = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    guard = Guard(
        select=SEES_REQUEST,
        write=WRITES_REQUEST,
        insert=f"({SYSTEM} or organisation_id in (select guard.own()) or {holds(*TEAM_ROLES)})",
        organisation="organisation_id",
        redact=("title", "needs", "place", "access", "contact", "phone", "closing_report", "feedback"),
        transitions=TRANSITIONS,
        walled=True,
    )

    class Meta:
        indexes = [
            GinIndex(fields=["viewers"], name="support_viewers"),
            models.Index(fields=["team", "state"], name="support_of_team"),
            models.Index(fields=["organisation", "-asked_at"], name="support_of_organisation"),
            models.Index(fields=["escalate_at"], name="support_escalate", condition=Q(escalate_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(name="support_rating", condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5))
        ]

    def __str__(self) -> str:
        return self.number


class Handover(models.Model):
    """A request that went from one CERT to another: asked for, escalated because nobody accepted, or handed over."""

    request = models.ForeignKey(SupportRequest, models.CASCADE, related_name="handovers")
    organisation_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, help_text="routed, escalated, handed_over, declined")
    from_team = models.ForeignKey("teams.Team", models.PROTECT, null=True, related_name="+")
    to_team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    guard = of_request(append_only=True, redact=("reason",), by_both=True)


class Assignment(models.Model):
    """Who was sent, for which part, with what equipment; from the roster of the team or beyond it."""

    request = models.ForeignKey(SupportRequest, models.CASCADE, related_name="assignments")
    organisation_id = models.BigIntegerField()
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    account = models.ForeignKey("people.Account", models.PROTECT, related_name="+")
    mode = models.CharField(max_length=8, choices=SupportRequest.Mode)
    task = models.CharField(max_length=200)
    equipment = models.CharField(max_length=400, blank=True)
    assigned_by_id = models.BigIntegerField()
    assigned_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    guard = of_request(redact=("task", "equipment"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "account"], condition=Q(released_at=None), name="support_assignment_once"
            )
        ]


class Effort(models.Model):
    """Time that a person spent on a request, in minutes."""

    request = models.ForeignKey(SupportRequest, models.CASCADE, related_name="efforts")
    organisation_id = models.BigIntegerField()
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    account_id = models.BigIntegerField()
    on = models.DateField()
    minutes = models.PositiveIntegerField()
    what = models.CharField(max_length=200)
    written_at = models.DateTimeField()

    guard = of_request(desks_only=True, append_only=True, redact=("what",))

    class Meta:
        constraints = [
            models.CheckConstraint(name="support_effort_of_a_day", condition=Q(minutes__gte=1, minutes__lte=1440))
        ]


class Lesson(models.Model):
    """What was learnt: the requirement that failed, and the roadmap item that it became."""

    request = models.ForeignKey(SupportRequest, models.CASCADE, related_name="lessons")
    organisation_id = models.BigIntegerField()
    framework = models.ForeignKey("frameworks.Framework", models.PROTECT, related_name="+")
    requirement = models.CharField(max_length=80)
    text = models.TextField()
    roadmap_item_id = models.BigIntegerField(null=True)
    written_by_id = models.BigIntegerField()
    written_at = models.DateTimeField()

    guard = of_request(redact=("text",), by_both=True)
