"""Requirement catalogues as they were loaded: immutable, by version; the document is the truth."""

from __future__ import annotations

from django.db import models

from sipar.core.guards import SYSTEM, Guard, reference


class Framework(models.Model):
    """One version of a catalogue. `document` is the whole `sipar.formats.catalogue.Catalogue`; it never changes."""

    identifier = models.CharField(max_length=120)
    version = models.CharField(max_length=60)
    title = models.JSONField()
    publisher = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, default="complete")
    origin = models.CharField(max_length=20, default="shipped")
    requirement_count = models.IntegerField()
    top_level = models.SmallIntegerField()
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    urns = models.JSONField(
        default=dict, help_text="CISO Assistant URN -> requirement, for mapping libraries that follow"
    )
    loaded_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    guard = reference("authority_policy", "team_head")

    class Meta:
        ordering = ["identifier", "-loaded_at"]
        constraints = [models.UniqueConstraint(fields=["identifier", "version"], name="frameworks_framework_version")]


class MappingSet(models.Model):
    """Relations between the requirements of two frameworks, by identifier: [source, target, relation] each."""

    source = models.CharField(max_length=120)
    target = models.CharField(max_length=120)
    pairs = models.JSONField()
    loaded_at = models.DateTimeField()

    guard = reference("authority_policy", "team_head")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "target"], name="frameworks_mappingset_pair")]


class TargetProfile(models.Model):
    """A target profile that came after its catalogue, such as an OSCAL baseline. It never changes either."""

    framework = models.ForeignKey(Framework, models.CASCADE, related_name="target_profiles")
    identifier = models.CharField(max_length=120)
    document = models.JSONField(help_text="a sipar.formats.catalogue.Profile")
    loaded_at = models.DateTimeField()

    guard = reference("authority_policy", "team_head")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "identifier"], name="frameworks_targetprofile_once")
        ]


class Upload(models.Model):
    """A framework file between preview and decision: one for each account, gone once decided."""

    account_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    base = models.ForeignKey(Framework, models.CASCADE, null=True, blank=True, related_name="+")
    version = models.CharField(max_length=60, blank=True)
    uploaded_at = models.DateTimeField()

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM})",
        write=f"(account_id = (select guard.actor()) or {SYSTEM})",
        recorded=False,
    )
