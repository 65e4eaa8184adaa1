"""The second factor of the person who signs: shown lately in this session, or now as a code."""

from __future__ import annotations

from datetime import UTC, datetime

from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sipar.assessments.submit_actions import SECOND_FACTOR_LASTS, SecondFactor
from sipar.core.problems import Invalid, Place

CODE_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


def factors_of(account_id: int) -> set[str]:
    """The kinds of second factor that an account has set up; recovery codes alone are none."""
    kinds = set(Authenticator.objects.filter(user_id=account_id).values_list("type", flat=True))
    return kinds if kinds - {Authenticator.Type.RECOVERY_CODES} else set()


def shown_lately(request: HttpRequest, *, now: datetime) -> SecondFactor | None:
    """The second factor of this session, if it was shown within the last five minutes."""
    for record in reversed(request.session.get("account_authentication_methods", [])):
        if record.get("method") != "mfa":
            continue
        shown = datetime.fromtimestamp(record["at"], UTC)
        if now - SECOND_FACTOR_LASTS <= shown <= now:
            return SecondFactor(str(record.get("type", "mfa")), shown)
    return None


def shown_for(request: HttpRequest, *, now: datetime, unsigned: str) -> SecondFactor | None:
    """The second factor of who sends a form: a code typed into it, else one shown within the last five minutes.

    The code of the app or a recovery code is checked, throttled by allauth; one that does not hold raises Invalid with
    the sentence `unsigned`.
    """
    code = request.POST.get("code", "").strip()[:64]
    if not code:
        return shown_lately(request, now=now)
    form = ReauthenticateForm({"code": code}, user=request.user)
    if not form.is_valid():
        sentence = " ".join(form.errors.get("code", [])) or _("This code is not right.")
        raise Invalid(unsigned, code="second_factor.code", places=[Place("code", sentence)])
    form.save()
    return SecondFactor(str(form.authenticator.type), now)
