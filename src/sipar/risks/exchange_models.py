"""Files of risk scenarios between preview and decision."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import Guard
from sipar.risks.policy import NATIONAL_STAFF


class ScenarioImport(models.Model):
    """A file of scenarios and what it would make of a version of the assumptions, before anything does.

    `scale` is what the levels of a file that only rates mean, by `kind:level`, as lists of numbers. `outcome` has
    added, changed (lists of [key, place]), unchanged, sections, differences ([path, before, after]), refusals and
    left_out ([place, code, sentence, written]), levels, blocked; lists are cut at 1,000.
    """

    TRANSITIONS: ClassVar = {"preview": ("taken", "discarded"), "taken": (), "discarded": ()}
    STATES: ClassVar = {
        "preview": _("Waiting for your decision"),
        "taken": _("Taken into a draft"),
        "discarded": _("Discarded"),
    }
    FORMS: ClassVar = {
        "table": _("Table of scenarios"),
        "json": _("Scenarios as JSON"),
        "pyfair": _("pyfair model"),
        "monarc": _("MONARC analysis"),
        "ciso": _("CISO Assistant risk scenarios"),
    }

    form = models.CharField(max_length=10, choices=list(FORMS.items()))
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    base = models.ForeignKey("risks.AssumptionSet", models.PROTECT, related_name="+")
    draft = models.ForeignKey("risks.AssumptionSet", models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3, blank=True)
    year = models.IntegerField(null=True)
    scale = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="preview")
    account_id = models.BigIntegerField()
    uploaded_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    guard = Guard(select=NATIONAL_STAFF, write=NATIONAL_STAFF, transitions=TRANSITIONS)

    class Meta:
        indexes = [models.Index(fields=["-uploaded_at"], name="risks_import_latest")]
