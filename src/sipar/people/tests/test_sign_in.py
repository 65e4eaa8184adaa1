"""Signing in: password, second factor, providers, throttling, sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from tests.cast import PASSWORD, Cast

from sipar.people.models import Account

PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider": "openid_connect", "provider_id": "state-id", "name": "State Identity",
                "client_id": "sipar", "secret": "s", "settings": {"server_url": "https://id.example"},
            }
        ]
    },
    "saml": {
        "APPS": [
            {
                "provider": "saml", "name": "Bank Identity", "client_id": "bank",
                "settings": {"idp": {"entity_id": "https://idp.example", "sso_url": "https://idp.example/sso"}},
            }
        ]
    },
}  # fmt: skip

OnCommit = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture(autouse=True)
def _no_attempts_left_over(settings: Any) -> None:
    cache.clear()
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def password_step(client: Client, person: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": f"{person}@test.example", "password": password})


def confirm_password(client: Client) -> None:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_the_sign_in_page_opens_for_a_visitor(client: Client, db: None) -> None:
    page = client.get(reverse("account_login"))
    assert page.status_code == 200
    assert b"Sign in to Sipar" in page.content


def test_a_reporter_signs_in_with_a_password(cast: Cast, client: Client) -> None:
    assert password_step(client, "ayesha").status_code == 302
    assert client.get(reverse("me")).status_code == 200


def test_a_wrong_password_is_refused_in_the_same_words_as_an_unknown_address(cast: Cast, client: Client) -> None:
    wrong, unknown = password_step(client, "ayesha", "wrong"), password_step(client, "nobody", "wrong")
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert client.get(reverse("me")).status_code == 302


def test_guessing_a_password_is_throttled(cast: Cast, client: Client) -> None:
    for _ in range(5):
        password_step(client, "ayesha", "wrong")
    refused = password_step(client, "ayesha")
    assert refused.status_code in (200, 429)
    assert client.get(reverse("me")).status_code == 302


def test_a_role_that_sees_more_than_its_organisation_is_led_to_a_second_factor_first(
    cast: Cast, client: Client
) -> None:
    password_step(client, "nadia")
    for address in (reverse("me"), reverse("token_new"), "/"):
        assert client.get(address).headers.get("Location") in (reverse("second_factor"), None)
    assert client.get(reverse("me")).headers["Location"] == reverse("second_factor")
    page = client.get(reverse("second_factor"))
    assert reverse("mfa_add_webauthn").encode() in page.content
    assert reverse("mfa_activate_totp").encode() in page.content


def test_a_part_of_a_page_is_not_filled_with_the_second_factor_page(cast: Cast, client: Client) -> None:
    password_step(client, "nadia")
    answer = client.get(reverse("me"), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("second_factor")


def test_the_api_refuses_a_session_without_its_second_factor(cast: Cast, client: Client) -> None:
    password_step(client, "nadia")
    assert client.get("/api/me").status_code == 403


def test_setting_up_an_app_opens_the_session_and_shows_recovery_codes_once(
    cast: Cast, client: Client, django_capture_on_commit_callbacks: OnCommit
) -> None:
    password_step(client, "nadia")
    confirm_password(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    # The test's transaction commits after the request: what a commit writes into the session is saved here.
    done.wsgi_request.session.save()
    assert done.headers["Location"] == reverse("mfa_view_recovery_codes")
    first, second = (client.get(reverse("mfa_view_recovery_codes")) for _ in range(2))
    codes = first.context["unused_codes"]
    assert len(codes) == 10
    assert b"data:text/plain" in first.content
    assert codes[0].encode() in first.content
    assert codes[0].encode() not in second.content
    assert client.get(reverse("me")).status_code == 200


def test_the_secret_of_an_app_is_not_readable_in_the_database(cast: Cast) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.accounts["nadia"], secret)
    assert secret not in str(Authenticator.objects.get(user=cast.accounts["nadia"]).data)


def test_a_password_alone_does_not_sign_in_where_an_app_is_set_up(cast: Cast, client: Client) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.accounts["nadia"], secret)
    step = password_step(client, "nadia")
    assert step.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert b"authenticator app" in client.get(reverse("mfa_authenticate")).content
    assert client.get(reverse("me")).status_code == 302
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert client.post(reverse("mfa_authenticate"), {"code": code_now(secret)}).status_code == 302
    assert client.get(reverse("me")).status_code == 200


def test_a_recovery_code_works_once(cast: Cast) -> None:
    TOTP.activate(cast.accounts["nadia"], generate_totp_secret())
    code = RecoveryCodes.activate(cast.accounts["nadia"]).get_unused_codes()[0]
    first, second = Client(), Client()
    for browser in (first, second):
        password_step(browser, "nadia")
        browser.post(reverse("mfa_authenticate"), {"code": code})
    assert first.get(reverse("me")).status_code == 200
    assert second.get(reverse("me")).status_code == 302


def test_a_session_from_before_the_second_factor_must_show_it(cast: Cast, client: Client) -> None:
    password_step(client, "nadia")
    TOTP.activate(cast.accounts["nadia"], generate_totp_secret())
    assert client.get(reverse("me")).headers["Location"] == reverse("second_factor")
    assert client.get(reverse("second_factor")).headers["Location"].startswith(reverse("mfa_reauthenticate"))


def test_who_knows_the_password_only_cannot_replace_the_second_factor(cast: Cast, client: Client) -> None:
    password_step(client, "nadia")
    confirm_password(client)
    TOTP.activate(cast.accounts["nadia"], generate_totp_secret())
    for name in ("mfa_deactivate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes", "account_change_password"):
        answer = client.post(reverse(name))
        assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    assert Authenticator.objects.filter(user=cast.accounts["nadia"], type="totp").exists()


@pytest.mark.parametrize(
    "name",
    [
        "mfa_index", "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_generate_recovery_codes",
        "account_change_password", "usersessions_list", "socialaccount_connections", "account_logout", "account_email",
        "account_reauthenticate",
    ],
)  # fmt: skip
def test_every_page_of_sign_in_wears_our_frame(cast: Cast, name: str) -> None:
    browser = cast.client("ayesha")
    confirm_password(browser)
    page = browser.get(reverse(name), follow=True)
    assert page.status_code == 200
    assert b"sp-top" in page.content
    assert page.content.count(b"<h1>") == 1
    assert b"style=" not in page.content


@pytest.mark.parametrize(
    "name",
    ["account_reset_password", "account_reset_password_done", "account_reset_password_from_key_done",
     "account_signup", "account_inactive", "socialaccount_login_cancelled", "socialaccount_login_error"],
)  # fmt: skip
def test_every_page_of_a_visitor_wears_our_frame(client: Client, db: None, name: str) -> None:
    page = client.get(reverse(name))
    assert page.status_code in (200, 401)
    assert b"sp-narrow" in page.content
    assert page.content.count(b"<h1>") == 1


def test_nobody_registers_by_themself(client: Client, db: None) -> None:
    client.post(reverse("account_signup"), {"email": "new@test.example", "password1": PASSWORD, "password2": PASSWORD})
    assert not Account.objects.filter(email="new@test.example").exists()


def test_leaving_needs_a_post(cast: Cast) -> None:
    browser = cast.client("ayesha")
    browser.get(reverse("account_logout"))
    assert browser.get(reverse("me")).status_code == 200
    browser.post(reverse("account_logout"))
    assert browser.get(reverse("me")).status_code == 302


def test_a_forgotten_password_is_set_by_a_link_that_works_once(cast: Cast, client: Client) -> None:
    client.post(reverse("account_reset_password"), {"email": "ayesha@test.example"})
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    form = client.get(link, follow=True)
    new = "several words nobody knows"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert password_step(Client(), "ayesha", new).status_code == 302
    assert b"no longer works" in Client().get(link, follow=True).content


def test_asking_for_a_link_says_the_same_for_an_unknown_address_and_mails_nobody(cast: Cast, client: Client) -> None:
    answer = client.post(reverse("account_reset_password"), {"email": "nobody@test.example"})
    assert answer.headers["Location"] == reverse("account_reset_password_done")
    assert mail.outbox == []


def test_a_person_ends_a_session_of_their_own_and_of_nobody_else(cast: Cast) -> None:
    other, mine = Client(), Client()
    password_step(other, "ayesha")
    password_step(mine, "ayesha")
    stranger = cast.client("bushra")
    session = UserSession.objects.get(session_key=other.session.session_key)
    assert stranger.post(reverse("session_end", args=[session.pk])).status_code == 404
    assert other.get(reverse("me")).status_code == 200
    assert mine.post(reverse("session_end", args=[session.pk])).status_code == 302
    assert other.get(reverse("me")).status_code == 302
    assert mine.get(reverse("me")).status_code == 200


@override_settings(SOCIALACCOUNT_PROVIDERS=PROVIDERS)
def test_configured_providers_are_buttons_on_the_sign_in_page(client: Client, db: None) -> None:
    page = client.get(reverse("account_login")).content
    assert b"Continue with State Identity" in page
    assert b"Continue with Bank Identity" in page


def provider_sign_in(person: Account, *, subject: str, email: str) -> tuple[Any, Any]:
    """What happens when the provider answers with this subject and this address; the request and the response."""
    request = RequestFactory().get("/accounts/oidc/state-id/login/callback/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    request.actor = None  # type: ignore[attr-defined]
    account = SocialAccount(provider="state-id", uid=subject, extra_data={"email": email, "email_verified": True})
    from allauth.core import context

    with override_settings(SOCIALACCOUNT_PROVIDERS=PROVIDERS), context.request_context(request):
        response = complete_social_login(request, SocialLogin(user=Account(email=email), account=account))
    return request, response


def test_an_identity_is_never_linked_to_an_account_by_its_e_mail(cast: Cast) -> None:
    nadia = cast.accounts["nadia"]
    request, response = provider_sign_in(nadia, subject="stranger", email=nadia.email)
    assert not request.user.is_authenticated
    assert not SocialAccount.objects.exists()
    assert response.status_code in (200, 302)


def test_an_identity_signs_in_by_its_subject_whatever_its_e_mail_says(cast: Cast) -> None:
    ayesha = cast.accounts["ayesha"]
    SocialAccount.objects.create(user=ayesha, provider="state-id", uid="subject-1")
    request, _ = provider_sign_in(ayesha, subject="subject-1", email=cast.accounts["nadia"].email)
    assert request.user == ayesha
