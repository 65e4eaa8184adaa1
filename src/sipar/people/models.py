"""Accounts, the roles they hold, and the tokens they use. Who may see what hangs on `Grant`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from sipar.core.guards import SEES, SYSTEM, Guard, holds
from sipar.people.roles import ROLES, SEPARATED


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Account:
        account = self.model(email=self.normalize_email(email).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(email=(username or "").lower())


class Account(AbstractBaseUser):
    """A person who can sign in, or Sipar itself (`is_system`), which cannot."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    is_system = models.BooleanField(default=False)
    is_demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = AccountManager()

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """One role of one account in one place, from and until a time; given by another person."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30, choices=[(key, role.title) for key, role in ROLES.items()])
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, null=True, blank=True)
    team = models.ForeignKey("teams.Team", models.CASCADE, null=True, blank=True)
    ministry = models.ForeignKey("orgs.Ministry", models.CASCADE, null=True, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(Account, models.PROTECT, related_name="granted", null=True)
    approved_by = models.ForeignKey(Account, models.PROTECT, related_name="approved", null=True)

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {holds('administrator', 'ombudsman')}"
        f" or (organisation_id is not null and {SEES.format(column='organisation_id')})"
        f" or team_id in (select guard.teams()))",
        write=holds("administrator"),
        organisation="organisation_id",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="people_grant_one_place",
                condition=(
                    (Q(organisation__isnull=False) & Q(team__isnull=True) & Q(ministry__isnull=True))
                    | (Q(organisation__isnull=True) & Q(team__isnull=False) & Q(ministry__isnull=True))
                    | (Q(organisation__isnull=True) & Q(team__isnull=True) & Q(ministry__isnull=False))
                    | (Q(organisation__isnull=True) & Q(team__isnull=True) & Q(ministry__isnull=True))
                ),
            ),
            models.CheckConstraint(
                name="people_grant_place_fits_role",
                condition=(
                    Q(role__in=["reporter", "ciso", "head"], organisation__isnull=False)
                    | Q(role__in=["analyst", "duty_officer", "team_head"], team__isnull=False)
                    | Q(role="ministry_officer", ministry__isnull=False)
                    | Q(
                        role__in=[key for key, role in ROLES.items() if role.place == "nation"],
                        organisation__isnull=True,
                        team__isnull=True,
                        ministry__isnull=True,
                    )
                ),
            ),
            models.CheckConstraint(
                name="people_grant_two_people",
                condition=Q(granted_by__isnull=True) | Q(approved_by__isnull=True) | ~Q(granted_by=F("approved_by")),
            ),
            models.UniqueConstraint(
                name="people_grant_separated_powers",
                fields=["account"],
                condition=Q(role__in=sorted(SEPARATED), valid_until__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["account"], name="people_grant_account")]


class ApiToken(models.Model):
    """A token for programs: only its hash is kept; scoped, expiring, revocable."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    guard = Guard(
        select=f"(account_id = (select guard.actor()) or {SYSTEM})",
        write=f"(account_id = (select guard.actor()) or {SYSTEM})",
        redact=("digest",),
    )


CISO_ASKS_FOR_REPORTER = (
    "(asked_by_id = (select guard.actor()) and state = 'asked' and role = 'reporter' and organisation_id in"
    " (select held.organisation_id from guard.grants() held where held.role = 'ciso'))"
)


class GrantRequest(models.Model):
    """A role asked for by one administrator and waiting for a second one."""

    TRANSITIONS: ClassVar = {"asked": ("approved", "refused"), "approved": (), "refused": ()}

    account = models.ForeignKey(Account, models.CASCADE, related_name="grant_requests")
    role = models.CharField(max_length=30)
    organisation = models.ForeignKey("orgs.Organisation", models.CASCADE, null=True, blank=True)
    team = models.ForeignKey("teams.Team", models.CASCADE, null=True, blank=True)
    ministry = models.ForeignKey("orgs.Ministry", models.CASCADE, null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Account, models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default="asked")
    reason = models.TextField()

    # A CISO may put a reporter of their own organisation before the administrators, and see what became of it.
    guard = Guard(
        select=f"({holds('administrator', 'ombudsman')} or asked_by_id = (select guard.actor()))",
        write=holds("administrator"),
        insert=f"({holds('administrator')} or {CISO_ASKS_FOR_REPORTER})",
        transitions=TRANSITIONS,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="people_grantrequest_two_people",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
            )
        ]
