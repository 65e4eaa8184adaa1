"""The demonstration's open doors, and the server that refuses to start with them anywhere else (class V26)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django.urls import reverse
from tests.cast import Cast

from sipar.core.problems import Forbidden, Invalid
from sipar.people import demonstration, production
from sipar.people.models import Account

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
GOOD_KEY = "x7Qp2-Lm9_Zr4Tb8Vc1Nw6Hd3Ks5Jf0Gy-Ea2Ru7Io4Pl9Mk1Xz8Qv"


@pytest.fixture
def demo(cast: Cast) -> Cast:
    Account.objects.filter(is_system=False).update(is_demonstration=True)
    for account in cast.accounts.values():
        account.refresh_from_db()
    return cast


def enters(account: Account, **environment: str) -> tuple[int, int]:
    """The statuses of the sign-in and of the page that follows."""
    browser = Client(**environment)  # type: ignore[arg-type]
    answer = browser.post(reverse("demonstration_sign_in"), {"account": account.pk})
    return answer.status_code, browser.get(reverse("me")).status_code


def test_one_button_signs_in_as_a_role_with_its_second_factor(demo: Cast) -> None:
    page = Client().get(reverse("demonstration_sign_in"))
    assert b"Head of CERT" in page.content
    assert b"Alpha Power (fictional)" in page.content
    assert enters(demo.accounts["hamid"]) == (302, 200)
    assert enters(demo.accounts["ayesha"]) == (302, 200)


def test_a_demonstration_session_stands_among_the_sessions_of_its_account(demo: Cast) -> None:
    browser = Client()
    browser.post(reverse("demonstration_sign_in"), {"account": demo.hamid.account})
    assert b"This browser" in browser.get(reverse("me")).content


def test_the_sign_in_page_offers_one_way_to_a_new_password(demo: Cast) -> None:
    assert Client().get(reverse("account_login")).content.count(reverse("account_reset_password").encode()) == 1


def test_the_sign_in_page_names_the_demonstration_only_in_demonstration_mode(demo: Cast) -> None:
    address = reverse("demonstration_sign_in").encode()
    assert address in Client().get(reverse("account_login")).content
    with override_settings(DEMONSTRATION=False):
        assert address not in Client().get(reverse("account_login")).content


def test_no_other_account_is_entered_without_a_password(demo: Cast) -> None:
    Account.objects.filter(pk=demo.hamid.account).update(is_demonstration=False)
    assert enters(demo.accounts["hamid"]) == (404, 302)
    assert enters(Account.objects.get(is_system=True)) == (404, 302)


def test_a_closed_demonstration_account_is_not_entered(demo: Cast) -> None:
    Account.objects.filter(pk=demo.hamid.account).update(is_active=False)
    assert enters(demo.accounts["hamid"]) == (404, 302)


@pytest.mark.parametrize(
    "environment",
    [{"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": ""}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
     {"HTTP_FORWARDED": "for=127.0.0.1"}],
)  # fmt: skip
def test_nobody_enters_from_another_machine(demo: Cast, environment: dict[str, str]) -> None:
    assert enters(demo.accounts["hamid"], **environment) == (404, 302)
    assert Client(**environment).get(reverse("demonstration_sign_in")).status_code == 404  # type: ignore[arg-type]


@override_settings(DEMONSTRATION=False)
def test_nobody_enters_outside_a_demonstration(demo: Cast) -> None:
    assert enters(demo.accounts["hamid"]) == (404, 302)
    assert Client().get(reverse("demonstration_sign_in")).status_code == 404


@pytest.mark.parametrize("number", ["", "abc", "-1", "9" * 40, "٣"])
def test_a_strange_number_enters_nowhere(demo: Cast, number: str) -> None:
    assert Client().post(reverse("demonstration_sign_in"), {"account": number}).status_code == 404


def test_a_demonstration_person_is_changed_for_another_with_one_button(demo: Cast) -> None:
    browser = Client()
    for person in ("hamid", "ayesha"):
        browser.post(reverse("demonstration_sign_in"), {"account": demo.accounts[person].pk})
        assert browser.get("/api/me").json()["email"] == f"{person}@test.example"


def test_the_current_code_of_a_demonstration_account_signs_in(demo: Cast) -> None:
    hamid = demo.accounts["hamid"]
    demonstration.seed_second_factor(hamid, SECRET)
    demonstration.seed_second_factor(hamid, SECRET)
    browser = Client()
    browser.post(reverse("account_login"), {"login": hamid.email, "password": "correct horse battery staple"})
    browser.post(reverse("mfa_authenticate"), {"code": demonstration.current_code(hamid)})
    assert browser.get(reverse("me")).status_code == 200


def test_codes_of_true_accounts_are_never_told(cast: Cast, demo: Cast) -> None:
    hamid = demo.accounts["hamid"]
    demonstration.seed_second_factor(hamid, SECRET)
    with override_settings(DEMONSTRATION=False), pytest.raises(Forbidden):
        demonstration.current_code(hamid)
    hamid.is_demonstration = False
    with pytest.raises(Forbidden):
        demonstration.current_code(hamid)
    with pytest.raises(Forbidden):
        demonstration.seed_second_factor(hamid, SECRET)


def test_a_secret_that_is_not_base32_is_refused(demo: Cast) -> None:
    with pytest.raises(Invalid):
        demonstration.seed_second_factor(demo.accounts["hamid"], "not base32!")


@override_settings(DEMONSTRATION=False, SECRET_KEY=GOOD_KEY)
def test_production_starts_without_demonstration_accounts(cast: Cast) -> None:
    production.refuse_in_production()
    assert run_checks(databases=["default"]) == []


@override_settings(DEMONSTRATION=False, SECRET_KEY=GOOD_KEY)
def test_production_does_not_start_with_a_demonstration_account(demo: Cast) -> None:
    with pytest.raises(ImproperlyConfigured, match="demonstration accounts"):
        production.refuse_in_production()
    assert [error.id for error in run_checks(databases=["default"])] == ["sipar.E002"]
    Account.objects.filter(is_demonstration=True).update(is_active=False)
    production.refuse_in_production()


@pytest.mark.parametrize("change", [{"SECRET_KEY": "short"}, {"SECRET_KEY": "a" * 80}, {"DEBUG": True},
                                    {"SECRET_KEY": "django-insecure-" + GOOD_KEY}])  # fmt: skip
def test_production_does_not_start_with_a_weak_secret_or_debug_pages(db: None, change: dict[str, Any]) -> None:
    with override_settings(**{"DEMONSTRATION": False, "SECRET_KEY": GOOD_KEY, **change}):
        with pytest.raises(ImproperlyConfigured):
            production.refuse_in_production()
        assert [error.id for error in run_checks()] == ["sipar.E001"]


RELAY = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "mail.example"}}}


@override_settings(DEMONSTRATION=False, SECRET_KEY=GOOD_KEY, MAILERS=RELAY)
def test_production_does_not_mail_from_an_address_that_every_server_refuses(db: None) -> None:
    with (
        override_settings(DEFAULT_FROM_EMAIL="sipar@localhost"),
        pytest.raises(ImproperlyConfigured, match="SIPAR_MAIL_FROM"),
    ):
        production.refuse_in_production()
    with override_settings(DEFAULT_FROM_EMAIL="PKCERT <office@cert.example>"):
        production.refuse_in_production()


def test_a_demonstration_starts_with_what_production_refuses(demo: Cast) -> None:
    demonstration.refuse_in_production()
    assert run_checks(databases=["default"]) == []
