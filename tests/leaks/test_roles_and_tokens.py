"""V12, V14, V23, V25, V26: who gives roles to whom, what an end of a role ends, and what a token opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from sipar.assessments.models import Engagement
from sipar.config.api import api
from sipar.core.acting import acting
from sipar.core.api import Entry, operations
from sipar.core.jobs import system
from sipar.orgs.models import Organisation
from sipar.people.models import Account, ApiToken, Grant, GrantRequest
from sipar.people.production import refuse_in_production
from sipar.people.selectors import actor_of
from sipar.people.tokens import SCOPES, create_token
from tests.cast import NOW, Cast
from tests.doors import every_door
from tests.leaks.writes import examples, state_of
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOT_ADMINISTRATORS = ("ayesha", "bilal", "parveen", "nadia", "hamid", "kamran", "mina", "chand", "omar")


def everyones_roles() -> list[Any]:
    with acting(system(), reason="look"):
        return [
            list(Grant.objects.order_by("pk").values_list()),
            list(Account.objects.order_by("pk").values_list("pk", "email", "password", "is_active", "is_system")),
        ]


@pytest.mark.parametrize("person", NOT_ADMINISTRATORS)
def test_nobody_else_acts_on_accounts(world: World, person: str) -> None:
    """V12: every page of administration, about every account, sent by each other role."""
    browser, before = world.cast.client(person), everyones_roles()
    doors = [door for door in every_door() if door.route.startswith("me/accounts/")]
    assert len(doors) > 5
    for subject in ("adil", person):
        values = world.examples("beta") | {"account": world.cast.accounts[subject].pk}
        for door in doors:
            assert browser.post(door.address(values), {"role": "administrator", "reason": "x"}).status_code in (
                403,
                404,
            )
    assert everyones_roles() == before


def test_an_administrator_gains_nothing_alone(world: World) -> None:
    """V12: not for themself, not by deciding on their own request, not through the account of Sipar itself."""
    cast = world.cast
    browser, own, sipar = cast.client("adil"), cast.accounts["adil"].pk, system().account
    role = {"role": "ombudsman", "reason": "needed"}
    with acting(system(), reason="a request about Adil himself"):
        about = GrantRequest.objects.create(
            account=cast.accounts["adil"], role="ombudsman", asked_by=cast.accounts["sana"], asked_at=NOW, reason="x"
        )
    before = everyones_roles()
    refused = [
        browser.post(reverse("account", args=[own]), role),
        browser.post(reverse("account_close", args=[own])),
        browser.post(reverse("account_reopen", args=[own])),
        browser.post(reverse("role_approve", args=[about.pk])),
        browser.post(reverse("account", args=[sipar]), role),
        browser.post(reverse("account_close", args=[sipar])),
        browser.post(reverse("account_reopen", args=[sipar])),
        browser.post(reverse("account_invite", args=[sipar])),
        browser.post(reverse("account", args=[cast.accounts["nadia"].pk]), {"role": "system", "reason": "x"}),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 403, 404, 404, 404, 404, 422]
    assert browser.post(reverse("account", args=[cast.accounts["nadia"].pk]), role).status_code == 302
    with acting(system(), reason="look"):
        asked = GrantRequest.objects.get(account=cast.accounts["nadia"], state="asked", role="ombudsman")
    assert browser.post(reverse("role_approve", args=[asked.pk])).status_code == 403
    assert everyones_roles() == before


def test_a_ciso_does_not_draw_a_powerful_account_into_the_own_organisation(world: World) -> None:
    """V12: naming somebody else's address asks and gives nothing; it does not even say whether the address is known."""
    before = everyones_roles()
    answers = [
        world.cast.client("bilal").post(
            reverse("colleagues"), {"name": "Nadia", "email": email, "reason": "helps", "organisation": "PK-T-0002"}
        )
        for email in ("nadia@test.example", "nobody@test.example")
    ]
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, reverse("colleagues"))
    ] * 2
    grants, accounts = everyones_roles()
    assert grants == before[0]
    assert accounts[:-1] == before[1]
    assert accounts[-1][3] is False


def test_the_database_lets_nobody_become_sipar_itself(world: World) -> None:
    with acting(world.cast.adil, reason="try"):
        for values in ({"is_system": True}, {"is_system": True, "is_active": True}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Account.objects.filter(pk=world.cast.accounts["adil"].pk).update(**values)
    with acting(world.cast.bilal, reason="try"), pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.create(account=world.cast.accounts["bilal"], role="administrator", valid_from=NOW)


def end_role(cast: Cast, person: str) -> None:
    with acting(system(), reason="look"):
        grant = Grant.objects.get(account=cast.accounts[person])
    answer = cast.client("adil").post(reverse("role_revoke", args=[cast.accounts[person].pk, grant.pk]))
    assert answer.status_code == 302


def close_account(cast: Cast, person: str) -> None:
    assert cast.client("adil").post(reverse("account_close", args=[cast.accounts[person].pk])).status_code == 302


@pytest.mark.parametrize("end", [end_role, close_account])
@pytest.mark.parametrize("person", ["ayesha", "parveen", "nadia", "chand", "mina"])
def test_what_ends_is_gone_with_the_next_request_of_the_same_session(
    world: World, person: str, end: Callable[[Cast, str], None]
) -> None:
    """V23, in the browser, with a token, and in the database."""
    cast, browser = world.cast, world.cast.client(person)
    address = f"/organisations/{examples(world, 'alpha')['identifier']}/"
    with acting(cast.actors[person], reason="make a token"):
        _, text = create_token(cast.actors[person], name="t", scopes=SCOPES, lifetime=timedelta(days=9), now=NOW)
    bearer = {"Authorization": f"Bearer {text}"}
    assert browser.get(address).status_code == 200
    assert Client().get("/api/organisations", headers=bearer).status_code == 200
    end(cast, person)
    after = browser.get(address)
    assert after.status_code in (302, 403, 404)
    assert "Alpha" not in after.content.decode()
    assert Client().get("/api/organisations", headers=bearer).status_code in (401, 403)
    with acting(cast.actors[person], reason="with an actor that was kept"):
        assert not Organisation.objects.exists()


def test_an_engagement_that_ended_shows_nothing_more(world: World) -> None:
    """V23 for consultants: ended by hand, and by its window."""
    cast, of = world.cast, examples(world, "alpha")
    browser, address = cast.client("chand"), f"/assessments/{of['assessment']}/"
    assert browser.get(address).status_code == 200
    with acting(system(), reason="look"):
        engagement = Engagement.objects.get()
    ended = cast.client("hamid").post(reverse("engagement_end", args=[of["campaign"], engagement.pk]))
    assert ended.status_code == 302
    assert browser.get(address).status_code == 404
    with acting(cast.chand, reason="look"):
        assert not Organisation.objects.exists()
    with acting(system(), reason="a window that is over"):
        Engagement.objects.update(ended_at=None, valid_until=NOW - timedelta(days=1))
    assert browser.get(address).status_code == 404
    with acting(cast.chand, reason="look"):
        assert not Organisation.objects.exists()


def token(cast: Cast, person: str, *scopes: str, days: int = 1) -> dict[str, str]:
    actor = cast.actors[person]
    with acting(actor, reason="make a token"):
        _, text = create_token(actor, name="t", scopes=scopes, lifetime=timedelta(days=days), now=NOW)
    return {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize("person", ["ayesha", "bilal", "hamid", "nadia"])
def test_a_token_that_reads_writes_nothing(world: World, person: str) -> None:
    """V25: every operation of the API that is no reading."""
    bearer, before = token(world.cast, person, "read"), state_of(world, "alpha")
    writes = [door for door in every_door() if door.route.startswith("api/") and door.methods != ("get",)]
    assert len(writes) > 3
    for door in writes:
        for method in door.methods:
            answer = Client().generic(
                method.upper(), door.address(world.examples("alpha")), "{}", "application/json", headers=bearer
            )
            assert answer.status_code in (403, 422), door.route
            assert answer.status_code == 403 or door.gate is None or door.gate.scope == "read"
    assert state_of(world, "alpha") == before


def test_every_scope_that_an_operation_asks_for_can_be_given(world: World) -> None:
    """V25: an operation with a scope that no token has would be open to browsers only."""
    entries = [entry for *_, entry in operations(api)]
    assert {entry.gate.scope for entry in entries if isinstance(entry, Entry)} <= set(SCOPES)
    of, asset = examples(world, "alpha"), {"kind": "asn", "value": "AS64500"}
    address = f"/api/organisations/{of['identifier']}/assets"
    for scopes, status in ((("read", "answer", "review"), 403), (("register",), 201)):
        bearer = token(world.cast, "bilal", *scopes)
        assert Client().post(address, asset, "application/json", headers=bearer).status_code == status


def test_a_token_that_is_over_or_taken_back_opens_nothing(world: World) -> None:
    """V25, and a token never carries a browser's session or the other way round."""
    cast = world.cast
    bearer = token(cast, "nadia", "read")
    assert Client().get("/api/organisations", headers=bearer).status_code == 200
    with time_machine.travel(NOW + timedelta(days=1, minutes=1)):
        assert Client().get("/api/organisations", headers=bearer).status_code == 401
    for door in every_door():
        if not door.route.startswith("api/") and door.gate is not None and not door.gate.public:
            assert Client().get(door.address(world.examples("alpha")), headers=bearer).status_code in (302, 405)
    assert cast.client("bushra").get("/api/organisations/PK-T-0001", headers=bearer).status_code == 200
    assert cast.client("bushra").get("/api/organisations/PK-T-0001", headers={"Authorization": "x"}).status_code == 404
    with acting(system(), reason="take it back"):
        ApiToken.objects.update(revoked_at=NOW)
    assert Client().get("/api/organisations", headers=bearer).status_code == 401
    assert cast.client("bushra").get("/api/organisations/PK-T-0002", headers=bearer).status_code == 401


def test_a_browser_is_held_to_its_csrf_token_also_by_the_api(world: World) -> None:
    """V25: a page elsewhere cannot make a signed-in browser write through the API."""
    of, browser = examples(world, "alpha"), world.cast.client("bilal")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    before = state_of(world, "alpha")
    asset = {"kind": "asn", "value": "AS64500"}
    address = f"/api/organisations/{of['identifier']}/assets"
    assert strict.post(address, asset, "application/json").status_code == 403
    assert state_of(world, "alpha") == before


def test_production_starts_with_no_account_that_everybody_knows(world: World, settings: Any) -> None:
    """V26."""
    settings.DEMONSTRATION = False
    settings.SECRET_KEY = "".join(map(chr, range(40, 110)))
    refuse_in_production()
    Account.objects.filter(pk=world.cast.accounts["ayesha"].pk).update(is_demonstration=True)
    with pytest.raises(ImproperlyConfigured, match="known passwords"):
        refuse_in_production()
    assert Client().get(reverse("demonstration_sign_in")).status_code == 404
    assert actor_of(world.cast.accounts["ayesha"], now=NOW).grants
