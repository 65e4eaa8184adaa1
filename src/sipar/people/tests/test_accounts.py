"""Accounts and roles: two people behind every role, nobody for themself, and an end that counts at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.people.actions import (
    RolePlace,
    approve_request,
    ask_for_colleague,
    ask_for_role,
    close_account,
    grant_role,
    open_account,
    refuse_request,
    revoke_grant,
)
from sipar.people.models import Account, Grant, GrantRequest
from sipar.people.selectors import access_account, access_grant, actor_of


@pytest.fixture(autouse=True)
def _mail_in_memory(settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def asked(cast: Cast, role: str = "ombudsman", person: str = "ayesha", **place: int) -> GrantRequest:
    with acting(cast.adil, reason="ask"):
        return ask_for_role(cast.adil, cast.accounts[person], role, RolePlace(**place), reason="needed", now=NOW)


def roles(cast: Cast, person: str) -> set[str]:
    return {grant.role for grant in actor_of(cast.accounts[person], now=timezone.now()).grants}


def test_a_second_administrator_approves_what_the_first_one_asked_for(cast: Cast) -> None:
    request = asked(cast)
    assert "ombudsman" not in roles(cast, "ayesha")
    with acting(cast.sana, reason="approve"):
        grant = approve_request(cast.sana, request, now=NOW)
    assert (grant.granted_by_id, grant.approved_by_id) == (cast.adil.account, cast.sana.account)
    assert "ombudsman" in roles(cast, "ayesha")


def test_the_one_who_asked_cannot_approve(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.adil, reason="approve"), pytest.raises(Forbidden) as refusal:
        approve_request(cast.adil, request, now=NOW)
    assert refusal.value.code == "account.second_person"


def test_the_database_refuses_one_person_in_both_parts(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.adil, reason="approve by hand"), pytest.raises(DatabaseError), transaction.atomic():
        GrantRequest.objects.filter(pk=request.pk).update(state="approved", decided_by=cast.adil.account)


def test_an_administrator_asks_for_no_role_of_their_own(cast: Cast) -> None:
    with acting(cast.adil, reason="ask"), pytest.raises(Forbidden) as refusal:
        ask_for_role(cast.adil, cast.accounts["adil"], "ombudsman", RolePlace(), reason="me", now=NOW)
    assert refusal.value.code == "account.own"


def test_an_administrator_approves_no_role_for_themself(cast: Cast) -> None:
    request = asked(cast, person="sana")
    with acting(cast.sana, reason="approve"), pytest.raises(Forbidden):
        approve_request(cast.sana, request, now=NOW)


def test_nobody_but_sipar_itself_gives_a_role_without_a_second_person(cast: Cast) -> None:
    with acting(cast.adil, reason="grant"), pytest.raises(Forbidden):
        grant_role(cast.adil, cast.accounts["ayesha"], "ombudsman", now=NOW)


@pytest.mark.parametrize("person", ["ayesha", "nadia", "hamid", "omar", "kamran"])
def test_others_neither_open_accounts_nor_ask_for_roles(cast: Cast, person: str) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="try"):
        with pytest.raises(Forbidden):
            open_account(actor, email="x@test.example", name="X", now=NOW)
        with pytest.raises(Forbidden):
            ask_for_role(actor, cast.accounts["bushra"], "ombudsman", RolePlace(), reason="x", now=NOW)
        with pytest.raises(NotFound):
            access_account(actor, cast.accounts["bushra"].pk)


def test_a_decided_request_cannot_be_decided_again(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.sana, reason="refuse"):
        refuse_request(cast.sana, request, now=NOW)
        with pytest.raises(Conflict):
            approve_request(cast.sana, request, now=NOW)
    assert "ombudsman" not in roles(cast, "ayesha")


def test_the_same_role_is_not_asked_for_twice(cast: Cast) -> None:
    asked(cast)
    with pytest.raises(Conflict):
        asked(cast)


@pytest.mark.parametrize(
    ("role", "place"), [("analyst", {}), ("ombudsman", {"organisation": 1}), ("system", {}), ("emperor", {})]
)
def test_a_role_without_its_place_is_refused(cast: Cast, role: str, place: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        asked(cast, role, "ayesha", **place)


def test_standards_inspection_and_decision_stay_three_people(cast: Cast) -> None:
    request = asked(cast, "inspector")
    with acting(cast.sana, reason="approve"):
        approve_request(cast.sana, request, now=NOW)
    with pytest.raises(Conflict) as refusal:
        asked(cast, "adjudicator")
    assert refusal.value.code == "account.separated"


def test_a_revoked_role_is_gone_in_the_next_request_of_the_same_session(cast: Cast) -> None:
    """V23."""
    browser = cast.client("kamran")
    assert browser.get(reverse("me")).status_code == 200
    with acting(cast.adil, reason="revoke"):
        for grant in Grant.objects.filter(account=cast.accounts["kamran"]):
            revoke_grant(cast.adil, grant, now=timezone.now())
    assert browser.get(reverse("me")).status_code == 403


def test_a_role_with_an_end_is_revoked_before_it(cast: Cast) -> None:
    with acting(cast.adil, reason="ask"):
        request = ask_for_role(
            cast.adil, cast.accounts["ayesha"], "auditor", RolePlace(),
            reason="a while", valid_until=timezone.now() + timedelta(days=30), now=NOW,
        )  # fmt: skip
    with acting(cast.sana, reason="approve and revoke"):
        revoke_grant(cast.sana, approve_request(cast.sana, request, now=NOW), now=timezone.now())
    assert "auditor" not in roles(cast, "ayesha")


def test_an_administrator_does_not_revoke_their_own_roles_or_close_their_own_account(cast: Cast) -> None:
    with acting(cast.adil, reason="own"):
        with pytest.raises(Forbidden):
            revoke_grant(cast.adil, Grant.objects.get(account=cast.accounts["adil"]), now=NOW)
        with pytest.raises(Forbidden):
            close_account(cast.adil, cast.accounts["adil"], now=NOW)


def test_a_closed_account_is_signed_out_and_has_no_role(cast: Cast) -> None:
    victim, administrator = cast.client("nadia"), cast.client("adil")
    answer = administrator.post(reverse("account_close", args=[cast.accounts["nadia"].pk]))
    assert answer.status_code == 302
    assert victim.get(reverse("me")).headers["Location"].startswith(reverse("account_login"))
    assert roles(cast, "nadia") == set()


def test_a_role_of_one_account_is_not_reached_through_another(cast: Cast) -> None:
    """V1."""
    with acting(cast.adil, reason="mix"):
        grant = Grant.objects.get(account=cast.accounts["nadia"])
        with pytest.raises(NotFound):
            access_grant(cast.adil, cast.accounts["ayesha"], grant.pk)
    address = reverse("role_revoke", args=[cast.accounts["ayesha"].pk, grant.pk])
    assert cast.client("adil").post(address).status_code == 404
    assert roles(cast, "nadia") == {"analyst"}


def test_a_ciso_asks_for_a_colleague_whom_an_administrator_lets_in(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    form = {"name": "Daud", "email": "daud@test.example", "reason": "answers for networks"}
    assert cast.client("bilal").post(reverse("colleagues"), form).status_code == 302
    colleague = Account.objects.get(email="daud@test.example")
    assert not colleague.is_active
    with acting(cast.sana, reason="look"):
        request = GrantRequest.objects.get(account=colleague)
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("sana").post(reverse("role_approve", args=[request.pk]))
    colleague = Account.objects.get(pk=colleague.pk, is_active=True)
    actor = actor_of(colleague, now=timezone.now())
    assert [(grant.role, grant.organisation) for grant in actor.grants] == [
        ("reporter", cast.organisations["alpha"].pk)
    ]
    assert "daud@test.example" in mail.outbox[0].to


def test_a_ciso_asks_for_no_other_organisation_and_no_other_role(cast: Cast) -> None:
    beta = cast.organisations["beta"].pk
    with acting(cast.bilal, reason="abroad"):
        with pytest.raises(Forbidden):
            ask_for_colleague(cast.bilal, beta, email="x@test.example", name="X", reason="x", now=NOW)
        for role, organisation in (("reporter", beta), ("head", cast.organisations["alpha"].pk)):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                GrantRequest.objects.create(
                    account=cast.accounts["bushra"], role=role, organisation_id=organisation,
                    asked_by_id=cast.bilal.account, asked_at=NOW, reason="x",
                )  # fmt: skip
    assert cast.client("ayesha").get(reverse("colleagues")).status_code == 403


def test_a_ciso_sees_own_requests_only(cast: Cast) -> None:
    asked(cast)
    with acting(cast.bilal, reason="look"):
        assert not GrantRequest.objects.exists()


def test_accounts_are_administered_on_pages_that_others_cannot_open(cast: Cast) -> None:
    asked(cast, "analyst", team=cast.teams["power"].pk)
    administrator = cast.client("sana")
    page = administrator.get(reverse("accounts"))
    assert b"Approve" in page.content
    assert administrator.get(reverse("account_new")).status_code == 200
    assert b"Ask for a role" in administrator.get(reverse("account", args=[cast.accounts["nadia"].pk])).content
    own = administrator.get(reverse("account", args=[cast.accounts["sana"].pk]))
    assert b"Ask for a role" not in own.content
    for person in ("ayesha", "hamid", "omar"):
        assert cast.client(person).get(reverse("accounts")).status_code == 403
    assert b"Approve" not in cast.client("adil").get(reverse("accounts")).content


def test_the_form_names_an_organisation_by_its_number_and_keeps_what_was_typed(cast: Cast) -> None:
    address = reverse("account", args=[cast.accounts["omar"].pk])
    administrator = cast.client("adil")
    wrong = administrator.post(address, {"role": "ciso", "organisation_number": "PK-T-9999", "reason": "kept words"})
    assert wrong.status_code == 422
    assert b"kept words" in wrong.content
    misfit = administrator.post(address, {"role": "ciso", "reason": "x"})
    assert misfit.status_code == 422
    right = administrator.post(address, {"role": "ciso", "organisation_number": "PK-T-0001", "reason": "x"})
    assert right.status_code == 302
    with acting(cast.adil, reason="look"):
        assert GrantRequest.objects.get().organisation_id == cast.organisations["alpha"].pk


def test_an_address_is_opened_once(cast: Cast) -> None:
    form = {"name": "Again", "email": "ayesha@test.example", "language": "en"}
    assert cast.client("adil").post(reverse("account_new"), form).status_code == 422


def test_my_account_is_mine_to_change_and_speaks_my_language(cast: Cast) -> None:
    browser = cast.client("ayesha")
    assert browser.post(reverse("me"), {"name": "Ayesha Khan", "language": "ur"}).status_code == 302
    account = Account.objects.get(pk=cast.accounts["ayesha"].pk)
    assert (account.name, account.language) == ("Ayesha Khan", "ur")
    assert b'dir="rtl"' in browser.get(reverse("me")).content
    extra = {"name": "X", "language": "en", "is_system": "on", "email": "evil@test.example", "is_active": ""}
    browser.post(reverse("me"), extra)
    account.refresh_from_db()
    assert account.email == "ayesha@test.example"
    assert (account.is_system, account.is_active) == (False, True)
