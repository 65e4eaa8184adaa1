"""Claims beyond the register's own assets: national ranges, imports that wait for a decision, conflicts, lookups.

What an organisation claims stands in `orgs.Asset`. What the nation announces and nobody claims stands here, with the
CERT that answers for it.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard
from sipar.orgs.models import Asset
from sipar.teams.models import Team

BY_NATION = "(select guard.writes_all())"
BY_DESKS = f"({SYSTEM} or cardinality((select guard.desks())) > 0)"


class NationalRange(models.Model):
    """A prefix, AS number, domain or the country code itself that belongs to the nation, and who answers for it.

    `source` is "manual" for what a person keeps, else the name of the imported source. A range is kept when it ends:
    yesterday's observation is routed by what held yesterday.
    """

    class Kind(models.TextChoices):
        PREFIX = "prefix", _("Network prefix")
        ASN = "asn", _("AS number")
        DOMAIN = "domain", _("Domain")
        COUNTRY = "country", _("Country")

    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=255)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    holder = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=60, default="manual")
    mark = models.CharField(max_length=10, choices=Asset.Mark, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    guard = Guard(select=BY_DESKS, write=BY_NATION)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value", "source"], name="claims_nationalrange_once"),
            models.CheckConstraint(
                name="claims_nationalrange_ends",
                condition=Q(valid_until=None) | Q(valid_from=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]
        indexes = [models.Index(fields=["team", "kind", "value"], name="claims_nationalrange_of")]


class ClaimImport(models.Model):
    """A file of claims between preview and decision: what it would add, change and end, before anything does.

    `source` names what the file is an edition of: claims of an earlier edition that this one no longer holds end.
    `team` answers for what no organisation holds. `by_holder`: what the file gives to the holder of an AS number of the
    register becomes a claim of that organisation. `problems` holds at most 1,000, as [line, value, code, detail].
    """

    TRANSITIONS: ClassVar = {"preview": ("applied", "discarded"), "applied": (), "discarded": ()}
    STATES: ClassVar = {
        "preview": _("Waiting for your decision"),
        "applied": _("In use"),
        "discarded": _("Discarded"),
    }

    class Format(models.TextChoices):
        DELEGATED = "delegated", _("Delegated statistics of a registry (APNIC, RIPE NCC and others)")
        RPSL = "rpsl", _("Objects of a registry: inetnum, route, aut-num")
        BGP = "bgp", _("BGP table: show ip bgp, bgpdump -m, or a list of prefixes with their AS")
        CSV = "csv", _("CSV or XLSX of claims")

    format = models.CharField(max_length=20, choices=Format)
    source = models.CharField(max_length=60)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    by_holder = models.BooleanField(default=False)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="preview")
    account_id = models.BigIntegerField()
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    ended = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    kept = models.IntegerField(default=0, help_text="claims that a person keeps by hand, which no file changes")
    left_out = models.IntegerField(default=0, help_text="lines about other nations, or about nobody")
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
    """A compiled lookup: its content hash, what it was made of, and when. The artefact lies in the lake.

    `fingerprint` tells cheaply whether the claims are still those that it was compiled from.
    """

    digest = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    claims = models.IntegerField()
    conflicts = models.IntegerField(default=0)
    compiled_at = models.DateTimeField()

    guard = Guard(select=SIGNED_IN, write=SYSTEM)

    class Meta:
        indexes = [
            models.Index(fields=["-compiled_at"], name="claims_lookup_latest"),
            models.Index(fields=["fingerprint"], name="claims_lookup_of"),
        ]
