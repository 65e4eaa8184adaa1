"""What was taken in: feeds, raw files by their hash, batches, and what was wrong with them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import Guard
from sipar.teams.models import Team

# The CERT whose feed it is, and the CERT that covers the nation. Rows tell about organisations: nobody else's.
OF_TEAM = "((select guard.sees_all()) or team_id = any ((select guard.desks())::bigint[]))"
# Administrators see how a feed is set up and how it does, not what it says.
OF_TEAM_OR_HEALTH = f"({OF_TEAM} or (select guard.holds('administrator')))"


class Feed(models.Model):
    """One source that a CERT takes in. `reader` names the folder in `sipar.feeds` that reads it.

    `settings` is the reader's own: a field mapping, an address to pull, a folder to watch, a mail sender to trust;
    secrets are named by environment variable, never stored. `complete`: a report holds everything that there was to
    see, so that absence from it is evidence of repair.
    """

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    reader = models.SlugField(max_length=40)
    team = models.ForeignKey(Team, models.PROTECT, related_name="feeds")
    settings = models.JSONField(default=dict)
    tlp = models.CharField(max_length=15, default="amber")
    complete = models.BooleanField(default=False)
    every_hours = models.PositiveIntegerField(default=24)
    keep_days = models.PositiveIntegerField(default=400)
    enabled = models.BooleanField(default=True)
    pull_state = models.JSONField(default=dict)
    next_pull_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    guard = Guard(select=OF_TEAM_OR_HEALTH, write=OF_TEAM, silent=("pull_state", "next_pull_at"))

    class Meta:
        ordering = ["code"]


class RawFile(models.Model):
    """A file as it came, kept unchanged under its SHA-256, with where it came from."""

    class Door(models.TextChoices):
        FOLDER = "folder", _("Watched folder")
        COMMAND = "command", _("Command line")
        PAGE = "page", _("Dropped on the page")
        PULL = "pull", _("Fetched")
        MAIL = "mail", _("Mail")
        PUSH = "push", _("API")
        DEMONSTRATION = "demonstration", _("Demonstration")

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="files")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    name = models.CharField(max_length=255)
    tlp = models.CharField(max_length=15)
    door = models.CharField(max_length=15, choices=Door)
    provenance = models.JSONField(default=dict)
    account_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()

    guard = Guard(select=OF_TEAM, write=OF_TEAM, append_only=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "sha256"], name="feeds_rawfile_once")]


class Batch(models.Model):
    """The manifest of one raw file: it is worked on by one worker at a time and counted exactly once.

    `attempt` counts the workers that began it: only the latest may end it. `accepted_by_id` is who said that a report
    which was held is right as it is. `code` and `sentence` tell why it is held or failed. `rows` grows while it is
    read.
    """

    TRANSITIONS: ClassVar = {
        "received": ("running", "held", "discarded"),
        "held": ("received", "discarded"),
        "running": ("done", "failed", "received", "held"),
        "failed": ("received", "discarded"),
        "done": (),
        "discarded": (),
    }
    STATES: ClassVar = {
        "received": _("Received"),
        "held": _("Held: it needs a decision"),
        "running": _("Being read"),
        "done": _("Done"),
        "failed": _("Failed"),
        "discarded": _("Discarded"),
    }

    raw_file = models.OneToOneField(RawFile, models.PROTECT, related_name="batch")
    feed = models.ForeignKey(Feed, models.PROTECT, related_name="batches")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="received")
    report_type = models.CharField(max_length=80, blank=True)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    rows = models.BigIntegerField(default=0)
    kept = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    routed = models.BigIntegerField(default=0)
    unclaimed = models.BigIntegerField(default=0)
    complete = models.BooleanField(default=False)
    lookup = models.CharField(max_length=64, blank=True)
    parts = models.JSONField(default=list)
    attempt = models.SmallIntegerField(default=0)
    accepted_by_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=60, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=OF_TEAM_OR_HEALTH,
        write=OF_TEAM,
        transitions=TRANSITIONS,
        silent=("started_at", "report_type", "rows", "attempt"),
    )

    class Meta:
        indexes = [
            models.Index(fields=["feed", "-received_at"], name="feeds_batch_of"),
            models.Index(
                fields=["received_at"],
                name="feeds_batch_waiting",
                condition=models.Q(state__in=("received", "running")),
            ),
        ]


class QuarantinedRow(models.Model):
    """A line that could not be read: which one, why, and its beginning. It never stops the batch."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="quarantine")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    line = models.BigIntegerField()
    column = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=60)
    excerpt = models.CharField(max_length=300)

    guard = Guard(select=OF_TEAM, write=OF_TEAM, recorded=False)

    class Meta:
        indexes = [models.Index(fields=["batch", "line"], name="feeds_quarantinedrow_of")]


class Drift(models.Model):
    """A report whose columns are not what they were: new, missing, renamed or of another type."""

    class Kind(models.TextChoices):
        NEW = "new", _("New column")
        MISSING = "missing", _("Missing column")
        RENAMED = "renamed", _("Renamed column")
        TYPE = "type", _("Another type of value")

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="drifts")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="drifts")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    report_type = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)
    column = models.CharField(max_length=80)
    detail = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField()
    settled_by_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    guard = Guard(select=OF_TEAM_OR_HEALTH, write=OF_TEAM)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "report_type", "kind", "column"],
                condition=models.Q(settled_at__isnull=True),
                name="feeds_drift_once",
            ),
        ]
