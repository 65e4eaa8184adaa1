"""Vulnerabilities as the world lists them, what organisations run, and which of it is affected.

What is imported (vulnerabilities, statements, ranges) is no ledger event row by row: the import is. Components and
matches follow from the bills of materials and can be computed again; uploads and dismissals are what people did.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SIGNED_IN, SYSTEM, Guard, reference
from sipar.orgs.models import Organisation
from sipar.people.roles import TEAM_ROLES

# The organisation's own people and the staff of its CERTs, as for every exposure.
WATCHED = "((select guard.sees_all()) or organisation_id in (select guard.watched()))"
_STAFF = "(select guard.holds(" + ", ".join(f"'{role}'" for role in TEAM_ROLES) + "))"


class Vulnerability(models.Model):
    """One CVE with what every list says of it. `listed` means: another list names it, no record of it is here yet.

    `priority` runs from 0 to 1, with `reasons` and `uncertainty` as the priority model writes them.
    """

    class State(models.TextChoices):
        PUBLISHED = "published", _("Published")
        REJECTED = "rejected", _("Rejected")
        LISTED = "listed", _("Listed elsewhere")

    cve = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.LISTED)
    title = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    assigner = models.CharField(max_length=60, blank=True)
    published = models.DateField(null=True)
    updated = models.DateTimeField(null=True)
    cwes = ArrayField(models.CharField(max_length=12), default=list)
    cvss = models.FloatField(null=True)
    cvss_vector = models.CharField(max_length=200, blank=True)
    cvss_version = models.CharField(max_length=5, blank=True)
    epss = models.FloatField(null=True)
    epss_percentile = models.FloatField(null=True)
    epss_on = models.DateField(null=True)
    kev_added = models.DateField(null=True)
    kev_due = models.DateField(null=True)
    kev_gone = models.DateField(null=True, help_text="newest entry of the catalogue that listed it no more")
    ransomware = models.BooleanField(default=False)
    exploitation = models.CharField(max_length=10, blank=True)
    automatable = models.CharField(max_length=5, blank=True)
    technical_impact = models.CharField(max_length=10, blank=True)
    vendor = models.CharField(max_length=200, blank=True)
    product = models.CharField(max_length=400, blank=True)
    priority = models.FloatField(null=True)
    reasons = models.JSONField(default=list)
    uncertainty = models.JSONField(default=dict)

    guard = reference(recorded=False)

    class Meta:
        indexes = [
            models.Index(fields=["-kev_added"], name="vulnerabilities_kev", condition=Q(kev_added__isnull=False)),
            models.Index(fields=["-published", "-id"], name="vulnerabilities_published"),
            models.Index(fields=["vendor", "product"], name="vulnerabilities_product"),
        ]


class Advisory(models.Model):
    """A CSAF document that was read: the newest version of it is what counts."""

    namespace = models.CharField(max_length=300)
    identifier = models.CharField(max_length=200)
    publisher = models.CharField(max_length=200)
    title = models.CharField(max_length=300, blank=True)
    version = models.CharField(max_length=40, blank=True)
    category = models.CharField(max_length=60, blank=True)
    tlp = models.CharField(max_length=20, blank=True)
    released = models.DateTimeField()
    statements = models.IntegerField(default=0)

    guard = reference(recorded=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "identifier"], name="vulnerabilities_advisory_once"),
        ]


class Import(models.Model):
    """One file that was read: what it held, what it changed, and what of it could not be taken."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    unread = models.IntegerField(default=0)
    problems = models.JSONField(default=list)
    imported_at = models.DateTimeField()

    guard = reference()

    class Meta:
        indexes = [models.Index(fields=["-imported_at"], name="vulnerabilities_import_at")]


class Source(models.Model):
    """Where a file is fetched from, and what its server said of it last."""

    code = models.SlugField(max_length=40, unique=True)
    url = models.URLField(max_length=500)
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=500, blank=True)
    fetched_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    guard = reference(*TEAM_ROLES)


class RangeFile(models.Model):
    """The table of version ranges that is in use: a Parquet file in the lake, named by its digest."""

    digest = models.CharField(max_length=64)
    rows = models.IntegerField()
    products = models.IntegerField()
    cves = models.IntegerField()
    made_at = models.DateTimeField()

    guard = reference(recorded=False)


class Alias(models.Model):
    """Two names of one product (`vendor:product` or `pkg:type/name`): what is called `name` is looked at as `means`."""

    name = models.CharField(max_length=400, unique=True)
    means = models.CharField(max_length=400)
    note = models.CharField(max_length=300, blank=True)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    guard = reference(*TEAM_ROLES)


class Inventory(models.Model):
    """A list of products of an organisation: what it declared in the register, or the bill of one system."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="inventories")
    name = models.CharField(max_length=100)
    declared = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    guard = Guard(select=WATCHED, write=WATCHED, organisation="organisation_id", walled=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="vulnerabilities_inventory_once"),
        ]


class Upload(models.Model):
    """A bill of materials that was handed in, with the difference to the one before."""

    inventory = models.ForeignKey(Inventory, models.CASCADE, related_name="uploads")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=20)
    components = models.IntegerField()
    unnamed = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    examples = models.JSONField(default=dict)
    run_id = models.BigIntegerField(null=True)
    uploaded_by_id = models.BigIntegerField()
    uploaded_at = models.DateTimeField()

    guard = Guard(select=WATCHED, write=WATCHED, organisation="organisation_id", walled=True)

    class Meta:
        indexes = [models.Index(fields=["inventory", "-uploaded_at"], name="vulnerabilities_upload_of")]


class Component(models.Model):
    """A product that an organisation runs. `key` is what it is compared by; empty where neither CPE, purl nor vendor
    name it. `unsure` says why it cannot be compared, and `unsure_cves` for how many CVEs."""

    class Unsure(models.TextChoices):
        MISSING = "missing", _("Tell us the version")
        UNREADABLE = "unreadable", _("The version cannot be compared")

    inventory = models.ForeignKey(Inventory, models.CASCADE, related_name="components")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    name = models.CharField(max_length=300)
    vendor = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=200, blank=True)
    cpe = models.CharField(max_length=400, blank=True)
    purl = models.CharField(max_length=400, blank=True)
    key = models.CharField(max_length=400, blank=True)
    part = models.CharField(max_length=1, blank=True)
    unsure = models.CharField(max_length=10, blank=True, choices=Unsure)
    unsure_cves = models.IntegerField(default=0)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    guard = Guard(select=WATCHED, write=WATCHED, organisation="organisation_id", recorded=False)

    class Meta:
        indexes = [
            models.Index(fields=["inventory"], name="vulnerabilities_component_now", condition=Q(removed_at=None)),
            models.Index(fields=["key"], name="vulnerabilities_component_key"),
        ]


class Dismissal(models.Model):
    """That a match is false or does not matter: for one component, for a product of an organisation, or nationally.

    It ends by itself on `until`. `justification` is one of the VEX justifications, `reason` the words.
    """

    class Scope(models.TextChoices):
        COMPONENT = "component", _("This component")
        PRODUCT = "product", _("This product, everywhere in the organisation")
        NATION = "nation", _("This product, in every organisation")

    class Justification(models.TextChoices):
        """VEX justifications (CSAF 2.0 flags), and two of ours."""

        COMPONENT_ABSENT = "component_not_present", _("The component is not there")
        CODE_ABSENT = "vulnerable_code_not_present", _("The vulnerable code is not there")
        NOT_IN_PATH = "vulnerable_code_not_in_execute_path", _("The vulnerable code is never run")
        NOT_CONTROLLED = (
            "vulnerable_code_cannot_be_controlled_by_adversary", _("An attacker cannot reach the vulnerable code"),
        )  # fmt: skip
        MITIGATED = "inline_mitigations_already_exist", _("Protections that are built in prevent it")
        WRONG_PRODUCT = "wrong_product", _("It is another product")
        BACKPORTED = "backported", _("The fix was brought back into this version")

    scope = models.CharField(max_length=10, choices=Scope)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    component = models.ForeignKey(Component, models.CASCADE, null=True, related_name="+")
    key = models.CharField(max_length=400)
    cve = models.CharField(max_length=20)
    justification = models.CharField(max_length=60, choices=Justification)
    reason = models.TextField()
    until = models.DateField()
    made_by_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"((organisation_id is null and {SIGNED_IN}) or {WATCHED})",
        write=f"((organisation_id is null and ({SYSTEM} or {_STAFF})) or {WATCHED})",
        organisation="organisation_id",
        walled=True,
    )

    class Meta:
        indexes = [models.Index(fields=["cve", "key"], name="vulnerabilities_dismissal_of")]


class Match(models.Model):
    """A component that a CVE affects. `why` says which range of which source, in which order, by which alias.

    `dismissed_by` is the person's dismissal; `verdict` what the vendor says (not_affected, fixed). A match is gone
    where the component, the range or the record no longer says so.
    """

    TRANSITIONS: ClassVar = {
        "open": ("dismissed", "gone"), "dismissed": ("open", "gone"), "gone": ("open", "dismissed"),
    }  # fmt: skip
    STATES: ClassVar = {"open": _("Affected"), "dismissed": _("Dismissed"), "gone": _("No longer affected")}

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    component = models.ForeignKey(Component, models.CASCADE, related_name="matches")
    vulnerability = models.ForeignKey(Vulnerability, models.CASCADE, related_name="matches")
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="open")
    why = models.JSONField(default=dict)
    verdict = models.CharField(max_length=20, blank=True)
    dismissal = models.ForeignKey(Dismissal, models.SET_NULL, null=True, related_name="+")
    found_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    guard = Guard(
        select=WATCHED, write=WATCHED, organisation="organisation_id", transitions=TRANSITIONS, recorded=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["component", "vulnerability"], name="vulnerabilities_match_once"),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "vulnerability"], name="vulnerabilities_match_open", condition=Q(state="open")
            ),
            models.Index(fields=["vulnerability"], name="vulnerabilities_match_of"),
        ]
