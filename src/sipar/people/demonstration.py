"""The demonstration's people: sign in as any of them with one button, on the machine that runs Sipar only."""

from __future__ import annotations

import ipaddress
from base64 import b32decode
from binascii import Error as NotBase32
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Forbidden, Invalid, NotFound, not_open
from sipar.people.models import Account
from sipar.people.models import Grant as GrantRow
from sipar.people.production import refuse_in_production
from sipar.people.roles import ROLES
from sipar.people.selectors import grants_in_force
from sipar.people.sign_in import has_second_factor, open_session

__all__ = [
    "Example", "current_code", "examples", "is_offered", "not_offered", "refuse_in_production", "seed_second_factor",
    "sign_in_as",
]  # fmt: skip

# What each role does, for somebody who sees Sipar for the first time.
PURPOSES: dict[str, str | Promise] = {
    "reporter": _("Answers the assessment of an organisation."),
    "ciso": _("Checks and signs the answers of an organisation."),
    "head": _("Sees where the own organisation stands."),
    "analyst": _("Reviews the answers of the CERT's constituents."),
    "duty_officer": _("Watches what is due and what came in."),
    "team_head": _("Leads a CERT: constituency, duty roster, maturity."),
    "council_member": _("Sees the nation in aggregates, never one organisation."),
    "council_secretary": _("Puts disputes before the Council and keeps its decisions."),
    "authority_policy": _("Sets standards and reads the national figures."),
    "inspector": _("Inspects whether duties are met."),
    "adjudicator": _("Decides cases."),
    "auditor": _("Audits within one engagement."),
    "consultant": _("Helps within one engagement, and sees nothing else."),
    "ministry_officer": _("Sees the organisations of one ministry and designates critical ones."),
    "partner": _("Exchanges with a foreign CERT."),
    "administrator": _("Manages accounts and roles, and sees no case."),
    "ombudsman": _("Verifies the ledger."),
}


@dataclass(frozen=True)
class Example:
    """One demonstration account: who it is, in which role, and where."""

    account: int
    name: str
    role: str | Promise
    purpose: str | Promise
    place: dict[str, str] | str


def is_offered(request: HttpRequest) -> bool:
    """Whether signing in without a password is possible: demonstration mode, asked from this very machine."""
    # A forwarding header means that a proxy stands between: the true client is unknown.
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return bool(settings.DEMONSTRATION) and not forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def not_offered() -> NotFound:
    return NotFound("Signing in without a password exists in a demonstration only, on the machine that runs it.")


def examples() -> list[Example]:
    """One demonstration account for each role, tier of CERT and organisation, by role. Call outside `acting`."""
    with acting(system(), reason="list the demonstration roles"):
        rows = (
            grants_in_force(timezone.now())
            .filter(account__is_demonstration=True, account__is_active=True)
            .select_related("account", "organisation", "team", "ministry")
            .order_by("role", "team__tier", "organisation_id", "account_id")
            .distinct("role", "team__tier", "organisation_id")
        )
        order = list(ROLES)
        return [_example(row) for row in sorted(rows, key=lambda row: order.index(row.role))]


def sign_in_as(request: HttpRequest, account: int) -> None:
    """Sign in as a demonstration account, the second factor recorded; refused for every other account and place."""
    if not is_offered(request):
        raise not_offered()
    found = Account.objects.filter(pk=account, is_demonstration=True, is_active=True).first()
    if found is None:
        raise not_open("account")
    if not has_second_factor(found):
        seed_second_factor(found, generate_totp_secret())
    open_session(request, found, method="demonstration")


def seed_second_factor(account: Account, secret: str) -> None:
    """Give a demonstration account an authenticator app with this base32 secret, in place of a former one."""
    _require_demonstration(account)
    try:
        b32decode(secret, casefold=True)
    except NotBase32 as error:
        raise Invalid("The secret of an authenticator app is base32.", code="demonstration.secret") from error
    Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).delete()
    TOTP.activate(account, secret)


def current_code(account: Account, *, now: datetime | None = None) -> str:
    """The six digits that the authenticator app of a demonstration account shows now."""
    _require_demonstration(account)
    found = Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).first()
    if found is None:
        raise NotFound("This demonstration account has no authenticator app: its role needs none.")
    moment = now or timezone.now()
    counter = int(moment.timestamp()) // app_settings.TOTP_PERIOD
    return str(format_hotp_value(hotp_value(decrypt(found.data["secret"]), counter)))


def _require_demonstration(account: Account) -> None:
    if not (settings.DEMONSTRATION and account.is_demonstration):
        raise Forbidden("This exists for the accounts of a demonstration only.", code="demonstration.only")


def _example(row: GrantRow) -> Example:
    place: dict[str, str] | str = ""
    if row.organisation:
        place = row.organisation.name
    elif row.team:
        place = row.team.name
    elif row.ministry:
        place = row.ministry.name
    return Example(row.account_id, row.account.name, ROLES[row.role].title, PURPOSES.get(row.role, ""), place)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
