"""Findings counted: for each CERT and the nation by place and kind, and for each organisation.

A million findings cannot be counted anew for every page. These rows are counted from them by
`exposure_counting.count_exposure`, all in one statement, and say when.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from sipar.core.guards import SYSTEM, Guard
from sipar.orgs.models import Organisation, Province, Sector
from sipar.teams.models import Team

OF_TEAM = "((select guard.sees_all()) or team_id = any ((select guard.desks())::bigint[]))"
WATCHED = "((select guard.sees_all()) or organisation_id in (select guard.watched()))"


class ExposureCell(models.Model):
    """The findings of one CERT's constituency (`team` null: of the whole nation) in one place, of one kind.

    `opened`, `ended` and `repairs` hold one byte for each finding that was first seen, closed, or repaired in the last
    90 days: how many days ago the first two, how many days it took the last. A byte a finding keeps medians and trends
    of every cut exact. Sector and province are null for findings of addresses that nobody claims.
    """

    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    sector = models.ForeignKey(Sector, models.CASCADE, null=True, related_name="+")
    province = models.ForeignKey(Province, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=80)
    severity = models.SmallIntegerField()
    live = models.BigIntegerField()
    stale = models.BigIntegerField()
    fresh = models.BigIntegerField()
    opened = models.BinaryField()
    ended = models.BinaryField()
    repairs = models.BinaryField()

    guard = Guard(select=OF_TEAM, write=SYSTEM, recorded=False)

    class Meta:
        indexes = [models.Index(fields=["team"], name="notices_exposurecell_team")]


class ExposureStanding(models.Model):
    """How many open findings one organisation has, by severity from 0 to 4, and how fast it repaired lately (days)."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, primary_key=True, related_name="exposure")
    live = models.IntegerField()
    by_severity = ArrayField(models.IntegerField())
    fresh = models.IntegerField()
    ended = models.IntegerField()
    repairs = models.IntegerField()
    repair_days = models.FloatField(null=True)
    oldest_at = models.DateTimeField(null=True)

    guard = Guard(select=WATCHED, write=SYSTEM, recorded=False)


class ExposureCount(models.Model):
    """When the findings were counted: one row."""

    counted_at = models.DateTimeField()

    guard = Guard(select="(select guard.actor()) is not null", write=SYSTEM, recorded=False)
