"""The register: organisations, what they run, who answers for them, and which of them are critical."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SEES, SYSTEM, Guard, of_organisation, reference


class Sector(models.Model):
    """A sector, or a subsector where `parent` is set; from the nation profile."""

    code = models.CharField(max_length=60, unique=True)
    name = models.JSONField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="subsectors")
    position = models.SmallIntegerField(default=0)

    guard = reference()

    class Meta:
        ordering = ["position", "code"]


class Province(models.Model):
    """A province or territory of the first order; from the nation profile."""

    code = models.CharField(max_length=20, unique=True)
    name = models.JSONField()
    position = models.SmallIntegerField(default=0)

    guard = reference()

    class Meta:
        ordering = ["position", "code"]


class Ministry(models.Model):
    """A ministry, regulator or provincial department that answers for organisations."""

    code = models.CharField(max_length=40, unique=True)
    name = models.JSONField()
    kind = models.CharField(max_length=30)
    position = models.SmallIntegerField(default=0)

    guard = reference()

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "ministries"


class Organisation(models.Model):
    """One public or private organisation. `identifier` is the nation's own number for it and never changes."""

    class Ownership(models.TextChoices):
        PUBLIC = "public", _("Public")
        PRIVATE = "private", _("Private")

    class Size(models.TextChoices):
        MICRO = "micro", _("Micro (under 10 people)")
        SMALL = "small", _("Small (10 to 49)")
        MEDIUM = "medium", _("Medium (50 to 249)")
        LARGE = "large", _("Large (250 and more)")

    identifier = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=250)
    name_ur = models.CharField(max_length=250, blank=True)
    ownership = models.CharField(max_length=10, choices=Ownership)
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="organisations")
    subsector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="+")
    province = models.ForeignKey(Province, models.PROTECT, related_name="organisations")
    ministry = models.ForeignKey(Ministry, models.PROTECT, null=True, blank=True, related_name="organisations")
    tier = models.PositiveSmallIntegerField(choices=[(tier, str(tier)) for tier in (1, 2, 3, 4)])
    size = models.CharField(max_length=10, choices=Size)
    registration_number = models.CharField(max_length=60, blank=True)
    website = models.URLField(max_length=300, blank=True)
    law_facts = models.JSONField(
        default=dict, blank=True, help_text="what laws ask of the register beyond these columns, such as a licence"
    )
    is_fictional = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    guard = Guard(
        select=SEES.format(column="id"),
        write="((select guard.writes_all()) or id in (select guard.writable()))",
        insert="((select guard.writes_all()) or (select guard.holds('analyst', 'team_head')))",
        organisation="id",
    )

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["sector", "province", "tier"], name="orgs_organisation_class"),
            models.Index(fields=["name", "id"], name="orgs_organisation_by_name"),
            models.Index(fields=["ministry"], name="orgs_organisation_ministry"),
        ]
        constraints = [
            models.CheckConstraint(name="orgs_organisation_tier", condition=Q(tier__gte=1, tier__lte=4)),
        ]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """Whom to call or write at an organisation."""

    class Kind(models.TextChoices):
        POINT_OF_CONTACT = "point_of_contact", _("Point of contact, day and night")
        CISO = "ciso", _("Chief information security officer")
        HEAD = "head", _("Head of organisation")
        TECHNICAL = "technical", _("Technical contact")

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)

    guard = of_organisation()

    class Meta:
        indexes = [models.Index(fields=["organisation"], name="orgs_contact_organisation")]


class Asset(models.Model):
    """What an organisation answers for: a prefix, an AS number, a domain, a product or a technology, over a time."""

    class Kind(models.TextChoices):
        PREFIX = "prefix", _("Network prefix")
        ASN = "asn", _("AS number")
        DOMAIN = "domain", _("Domain")
        PRODUCT = "product", _("Product (CPE or purl)")
        TECHNOLOGY = "technology", _("Technology in use")
        CRYPTOGRAPHY = "cryptography", _("Cryptography in use")

    class Mark(models.TextChoices):
        """Why an address alone does not say whose machine it was: what is seen there accuses no single tenant."""

        NAT = "nat", _("Addresses shared by many users (NAT)")
        SHARED = "shared", _("Shared hosting")
        CLOUD = "cloud", _("Cloud range of many tenants")
        DYNAMIC = "dynamic", _("Addresses that change hands")

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="assets")
    kind = models.CharField(max_length=15, choices=Kind)
    value = models.CharField(max_length=400)
    note = models.CharField(max_length=400, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=60, default="manual")
    mark = models.CharField(max_length=10, choices=Mark, blank=True)

    guard = of_organisation()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "value"], name="orgs_asset_once"),
        ]
        indexes = [models.Index(fields=["kind", "value"], name="orgs_asset_value")]


# The list of critical infrastructure is itself sensitive: people engaged for an assessment do not see it.
_CONCERNED = (
    "((select guard.{all}()) or (organisation_id in (select guard.visible())"
    " and (select guard.holds('ciso', 'head', 'analyst', 'team_head', 'duty_officer', 'ministry_officer'{also}))))"
)


class Designation(models.Model):
    """Critical infrastructure designation: listed -> graded -> designated by the ministry -> reviewed each year.

    The people who list, grade and designate are different ones; the gazette reference is part of designating. In the
    yearly review the national CERT grades again and the ministry confirms. Ending a designation takes two people too.
    Source: CII guidelines as in framework.md 1.6 (PECA 2016; NCSP 2021).
    """

    TRANSITIONS: ClassVar = {
        "listed": ("graded", "withdrawn"),
        "graded": ("designated", "graded", "withdrawn"),
        "designated": ("designated", "withdrawn"),
        "withdrawn": (),
    }
    STATES: ClassVar = {
        "listed": _("Listed as a candidate"),
        "graded": _("Graded, waiting for the ministry"),
        "designated": _("Designated"),
        "withdrawn": _("Withdrawn"),
    }

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="designations")
    asset_name = models.CharField(max_length=250)
    function = models.TextField()
    state = models.CharField(max_length=12, choices=list(STATES.items()), default="listed")
    listed_by_id = models.BigIntegerField()
    listed_at = models.DateTimeField()
    grade = models.CharField(max_length=1, blank=True)
    criteria = models.JSONField(default=dict)
    criteria_version = models.CharField(max_length=40, blank=True)
    graded_by_id = models.BigIntegerField(null=True)
    graded_at = models.DateTimeField(null=True)
    designated_by_id = models.BigIntegerField(null=True)
    designated_at = models.DateTimeField(null=True)
    gazette_reference = models.CharField(max_length=120, blank=True)
    confirmed_by_id = models.BigIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    review_due_on = models.DateField(null=True)
    withdrawal_asked_by_id = models.BigIntegerField(null=True)
    withdrawn_by_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)

    guard = Guard(
        select=_CONCERNED.format(all="sees_all", also=", 'reporter'"),
        write=_CONCERNED.format(all="writes_all", also=""),
        organisation="organisation_id",
        transitions=TRANSITIONS,
    )

    class Meta:
        indexes = [
            models.Index(fields=["state", "review_due_on"], name="orgs_designation_state"),
            models.Index(fields=["organisation"], name="orgs_designation_of"),
        ]
        constraints = [
            models.CheckConstraint(
                name="orgs_designation_two_people",
                condition=(Q(graded_by_id__isnull=True) | ~Q(graded_by_id=F("listed_by_id")))
                & (Q(designated_by_id__isnull=True) | ~Q(designated_by_id=F("graded_by_id")))
                & (Q(designated_by_id__isnull=True) | ~Q(designated_by_id=F("listed_by_id")))
                & (Q(confirmed_by_id__isnull=True) | ~Q(confirmed_by_id=F("graded_by_id"))),
            ),
            models.CheckConstraint(
                name="orgs_designation_gazette",
                condition=~Q(state="designated")
                | (~Q(gazette_reference="") & Q(designated_by_id__isnull=False) & Q(graded_by_id__isnull=False)),
            ),
            models.CheckConstraint(
                name="orgs_designation_withdrawal",
                condition=~Q(state="withdrawn")
                | (
                    ~Q(withdrawn_reason="")
                    & Q(withdrawn_by_id__isnull=False)
                    & (
                        Q(designated_by_id__isnull=True)
                        | (Q(withdrawal_asked_by_id__isnull=False) & ~Q(withdrawn_by_id=F("withdrawal_asked_by_id")))
                    )
                ),
            ),
        ]


class RegisterImport(models.Model):
    """An uploaded register file between preview and decision. Nothing is loaded before a person says so.

    `problems` holds at most 1,000 of them, as [line, column, value, code]; `problem_count` counts all. `applying`
    means that a background run has taken it; it goes back to `preview` where that run fails.
    """

    TRANSITIONS: ClassVar = {
        "preview": ("applying", "applied", "discarded"),
        "applying": ("applied", "preview"),
        "applied": (),
        "discarded": (),
    }
    STATES: ClassVar = {
        "preview": _("Waiting for your decision"),
        "applying": _("Being loaded"),
        "applied": _("Loaded"),
        "discarded": _("Discarded"),
    }

    account_id = models.BigIntegerField()
    file_name = models.CharField(max_length=255)
    file_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=list(STATES.items()), default="preview")
    rows = models.IntegerField()
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    examples = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    problem_count = models.IntegerField(default=0)
    run_id = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM})",
        write=f"(account_id = (select guard.actor()) or {SYSTEM})",
        transitions=TRANSITIONS,
    )

    class Meta:
        indexes = [models.Index(fields=["account_id", "-uploaded_at"], name="orgs_registerimport_mine")]


class Look(models.Model):
    """That somebody from outside opened an organisation's page, once for each person and day: the organisation sees it.

    `place` is the code of the team or ministry that the person looked for, or the role where there is neither.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="looks")
    account_id = models.BigIntegerField()
    place = models.CharField(max_length=60)
    on = models.DateField()

    guard = Guard(
        select=SEES.format(column="organisation_id"),
        insert=f"(account_id = (select guard.actor()) and {SEES.format(column='organisation_id')})",
        organisation="organisation_id",
        append_only=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "account_id", "on"], name="orgs_look_once"),
        ]
