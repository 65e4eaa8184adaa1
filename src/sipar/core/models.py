"""The ledger's tables: events as the triggers write them, the Merkle leaves over them, and signed checkpoints."""

from __future__ import annotations

from django.db import models

from sipar.core.guards import SEES, SIGNED_IN, SYSTEM, Guard, holds

OWN = f"(account_id = (select guard.actor()) or {SYSTEM})"
OF_ORGANISATION = f"(organisation_id is not null and {SEES.format(column='organisation_id')})"
# Cases are walled: of their events, only the organisation's own people and the ombudsman learn.
NOT_WALLED = "(not guard.is_walled(table_name) or organisation_id in (select guard.own()))"


class Event(models.Model):
    """One row written somewhere: by whom, in which action, why, and what changed. Written by triggers only."""

    at = models.DateTimeField()
    transaction = models.BigIntegerField()
    actor_id = models.BigIntegerField(null=True)
    action = models.TextField()
    reason = models.TextField()
    table_name = models.TextField()
    row_key = models.TextField()
    operation = models.CharField(max_length=6)
    organisation_id = models.BigIntegerField(null=True)
    body = models.JSONField()

    guard = Guard(
        select=f"(actor_id = (select guard.actor()) or {holds('ombudsman')} or ({OF_ORGANISATION} and {NOT_WALLED}))",
        recorded=False,
        append_only=True,
    )

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="core_event_organisation"),
            models.Index(fields=["table_name", "row_key"], name="core_event_row"),
        ]


class Leaf(models.Model):
    """The place of one event in the Merkle log (RFC 6962): `hash` is SHA-256 over 0x00 and the event's text."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    guard = Guard(select=SIGNED_IN, write="", insert=SYSTEM, recorded=False, append_only=True)


class Checkpoint(models.Model):
    """A signed statement: the first `size` leaves have this `root`. `frontier` lets the next one go on from here."""

    at = models.DateTimeField()
    size = models.BigIntegerField(unique=True)
    root = models.BinaryField()
    frontier = models.BinaryField()
    signature = models.BinaryField()

    guard = Guard(select=SIGNED_IN, write="", insert=SYSTEM, recorded=False, append_only=True)


class StoredFile(models.Model):
    """A file outside the web root, kept under its SHA-256; served only through a view that asks who may read it."""

    organisation_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=120)
    name = models.CharField(max_length=255)
    stored_at = models.DateTimeField()

    guard = Guard(
        select=f"({OWN} or {OF_ORGANISATION})",
        write=OWN,
        insert=f"({OWN} and (organisation_id is null or {OF_ORGANISATION}))",
        organisation="organisation_id",
    )


class BackgroundRun(models.Model):
    """A piece of background work as its starter sees it: progress, result, or a plain sentence why it stopped."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    account_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    sentence = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=OWN,
        write=OWN,
        recorded=False,
    )
