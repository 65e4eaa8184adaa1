"""Claims beyond the register's own assets: national ranges, imports that wait for a decision, conflicts, lookups.

What an organisation claims stands in `orgs.Asset`. What the nation announces and nobody claims stands here, with the
CERT that answers for it.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard
from sipar.teams.models import Team

BY_NATION = "(select guard.writes_all())"
BY_DESKS = f"({SYSTEM} or cardinality((select guard.desks())) > 0)"


class NationalRange(models.Model):
    """A prefix, AS number, domain or the country code itself that belongs to the nation, and who answers for it."""

    class Kind(models.TextChoices):
        PREFIX = "prefix", _("Network prefix")
        ASN = "asn", _("AS number")
        DOMAIN = "domain", _("Domain")
        COUNTRY = "country", _("Country")

    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=255)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    holder = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    mark = models.CharField(max_length=10, blank=True)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)

    guard = Guard(select=BY_DESKS, write=BY_NATION)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value", "source"], name="claims_nationalrange_once"),
        ]


class ClaimImport(models.Model):
    """A file of claims between preview and decision: what it would add, change and end, before anything does."""

    TRANSITIONS: ClassVar = {"preview": ("applied", "discarded"), "applied": (), "discarded": ()}
    STATES: ClassVar = {
        "preview": _("Waiting for your decision"),
        "applied": _("In use"),
        "discarded": _("Discarded"),
    }

    format = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="preview")
    account_id = models.BigIntegerField()
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    ended = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    examples = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    problem_count = models.IntegerField(default=0)
    uploaded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    guard = Guard(select=BY_NATION, write=BY_NATION, transitions=TRANSITIONS)

    class Meta:
        indexes = [models.Index(fields=["-uploaded_at"], name="claims_claimimport_latest")]


class Conflict(models.Model):
    """Two or more organisations claim the same thing, and no rule of precedence says whose it is: a person does.

    `claims` are the numbers of the assets. `winner_id` is the asset that holds, none where all of them may.
    """

    TRANSITIONS: ClassVar = {"open": ("settled", "gone"), "settled": ("open", "gone"), "gone": ("open",)}
    STATES: ClassVar = {
        "open": _("Waiting for a decision"),
        "settled": _("Settled"),
        "gone": _("No longer claimed twice"),
    }

    kind = models.CharField(max_length=10)
    value = models.CharField(max_length=400)
    organisations = ArrayField(models.BigIntegerField(), default=list)
    claims = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    winner_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    found_at = models.DateTimeField()
    settled_by_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    guard = Guard(
        select="((select guard.sees_all()) or organisations && array(select guard.watched()))",
        write=BY_NATION,
        transitions=TRANSITIONS,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="claims_conflict_once"),
            models.CheckConstraint(
                name="claims_conflict_settled", condition=~Q(state="settled") | Q(settled_by_id__isnull=False)
            ),
        ]


class Lookup(models.Model):
    """A compiled lookup: its content hash, what it was made of, and when. The artefact lies in the lake."""

    digest = models.CharField(max_length=64, unique=True)
    claims = models.IntegerField()
    conflicts = models.IntegerField(default=0)
    compiled_at = models.DateTimeField()

    guard = Guard(select=SIGNED_IN, write=SYSTEM, append_only=True)

    class Meta:
        indexes = [models.Index(fields=["-compiled_at"], name="claims_lookup_latest")]
