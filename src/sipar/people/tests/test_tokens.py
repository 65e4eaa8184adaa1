"""API tokens: shown once, kept as a hash, scoped, expiring, revocable (class V25)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.models import Event
from sipar.core.problems import Invalid, NotFound
from sipar.people.models import Account, ApiToken
from sipar.people.tokens import access_token, create_token, revoke_token, token_actor


def made(cast: Cast, person: str = "nadia", *, scopes: tuple[str, ...] = ("read",), days: float = 1) -> str:
    actor = cast.actors[person]
    with acting(actor, reason="make a token"):
        _, text = create_token(actor, name="script", scopes=scopes, lifetime=timedelta(days=days), now=timezone.now())
    return text


def asks(text: str) -> int:
    return Client().get("/api/me", headers={"Authorization": f"Bearer {text}"}).status_code


def test_a_token_says_who_its_owner_is(cast: Cast) -> None:
    answer = Client().get("/api/me", headers={"Authorization": f"Bearer {made(cast)}"}).json()
    assert answer["email"] == "nadia@test.example"
    assert answer["scopes"] == ["read"]
    assert [role["role"] for role in answer["roles"]] == ["analyst"]


@pytest.mark.parametrize("text", ["", "sipar_", "sipar_aa_bb", "nonsense", "sipar_\x00_x"])
def test_a_made_up_token_opens_nothing(cast: Cast, text: str) -> None:
    assert token_actor(text, now=timezone.now()) is None
    if "\x00" not in text:
        assert asks(text) == 401


def test_a_token_with_one_letter_changed_opens_nothing(cast: Cast) -> None:
    text = made(cast)
    assert asks(text[:-1] + ("a" if text[-1] != "a" else "b")) == 401


def test_an_expired_token_opens_nothing(cast: Cast) -> None:
    text = made(cast)
    assert token_actor(text, now=timezone.now() + timedelta(days=2)) is None


def test_a_revoked_token_opens_nothing(cast: Cast) -> None:
    text = made(cast)
    assert asks(text) == 200
    with acting(cast.nadia, reason="revoke"):
        revoke_token(cast.nadia, ApiToken.objects.get(), now=timezone.now())
    assert asks(text) == 401


def test_the_token_of_a_closed_account_opens_nothing(cast: Cast) -> None:
    text = made(cast)
    Account.objects.filter(pk=cast.nadia.account).update(is_active=False)
    assert asks(text) == 401


def test_a_token_without_the_scope_is_refused(cast: Cast) -> None:
    assert asks(made(cast, scopes=("answer",))) == 403


def test_a_token_opens_no_page(cast: Cast) -> None:
    answer = Client().get(reverse("me"), headers={"Authorization": f"Bearer {made(cast)}"})
    assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("scopes", "days"), [((), 1.0), (("everything",), 1.0), (("read",), 0.0), (("read",), 366.0)])
def test_a_token_without_bounds_is_refused(cast: Cast, scopes: tuple[str, ...], days: float) -> None:
    with pytest.raises(Invalid):
        made(cast, scopes=scopes, days=days)


def test_neither_the_database_nor_the_ledger_holds_the_secret(cast: Cast) -> None:
    text = made(cast)
    secret = text.split("_", 2)[2]
    with acting(cast.nadia, reason="look"):
        assert secret not in str(list(ApiToken.objects.values()))
        assert secret not in str(list(Event.objects.values_list("body", flat=True)))


def test_nobody_sees_or_revokes_the_token_of_another(cast: Cast) -> None:
    made(cast)
    with acting(cast.nadia, reason="look"):
        token = ApiToken.objects.get()
    with acting(cast.adil, reason="look"):
        assert not ApiToken.objects.exists()
        with pytest.raises(NotFound):
            access_token(cast.adil, token.pk)
    assert cast.client("adil").post(reverse("token_revoke", args=[token.pk])).status_code == 404


def test_a_token_is_made_on_a_page_that_shows_it_once(cast: Cast) -> None:
    browser = cast.client("ayesha")
    assert browser.get(reverse("token_new")).status_code == 200
    page = browser.post(reverse("token_new"), {"name": "export", "scopes": ["read"], "days": "30"})
    text = page.context["text"]
    assert text in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    mine = browser.get(reverse("me")).content.decode()
    assert "export" in mine
    assert text not in mine
    assert asks(text) == 200
    with acting(cast.ayesha, reason="look"):
        token = ApiToken.objects.get()
    assert browser.post(reverse("token_revoke", args=[token.pk])).status_code == 302
    assert asks(text) == 401


def test_a_form_without_a_scope_is_shown_again(cast: Cast) -> None:
    assert cast.client("ayesha").post(reverse("token_new"), {"name": "x", "days": "30"}).status_code == 422
