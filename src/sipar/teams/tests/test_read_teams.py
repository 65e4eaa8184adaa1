"""CERTs: the tree, a team, who belongs to it and why."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.orgs.models import Organisation
from sipar.teams.actions import resolve_constituencies
from sipar.teams.models import Membership, Team
from sipar.teams.selectors import chain_of, team_sizes, why


@pytest.mark.parametrize("person", ["ayesha", "parveen", "nadia", "kamran", "adil", "chand", "omar"])
def test_everyone_reads_the_tree_and_a_team(cast: Cast, person: str) -> None:
    browser = cast.client(person)
    page = browser.get(reverse("teams"))
    assert page.status_code == 200
    assert cast.teams["power"].name["en"] in page.content.decode()
    one = browser.get(reverse("team", args=[cast.teams["power"].code]))
    assert one.status_code == 200
    assert one.content.count(b"<h1>") == 1


def test_the_tree_speaks_urdu(cast: Cast) -> None:
    browser = cast.client("nadia")
    browser.cookies["django_language"] = "ur"
    assert cast.teams["power"].name["ur"] in browser.get(reverse("teams")).content.decode()


def test_a_notification_that_is_not_known_is_said_to_be_unknown(cast: Cast) -> None:
    sipar = system()
    with acting(sipar, reason="forget"):
        Team.objects.filter(pk=cast.teams["power"].pk).update(notification_status="unknown", notification_reference="")
    page = cast.client("nadia").get(reverse("team", args=[cast.teams["power"].code])).content.decode()
    assert "Not known" in page
    assert "The number of the notification is not known." in page


def test_the_council_knows_how_large_a_constituency_is_without_seeing_it(cast: Cast) -> None:
    with acting(cast.kamran, reason="look"):
        assert team_sizes()[cast.teams["power"].pk].leads == 1
        assert not Membership.objects.exists()


def test_members_are_seen_by_the_team_and_the_national_cert_only(cast: Cast) -> None:
    address = reverse("team_members", args=[cast.teams["power"].code])
    assert b"Alpha Power" in cast.client("parveen").get(address).content
    assert b"Alpha Power" in cast.client("nadia").get(address).content
    for person in ("ayesha", "kamran", "omar"):
        assert cast.client(person).get(address).status_code == 403
    abroad = reverse("team_members", args=[cast.teams["national"].code])
    assert cast.client("parveen").get(abroad).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_members(cast: Cast) -> None:
    address = reverse("team_members", args=[cast.teams["power"].code])
    browser = cast.client("parveen")
    with CaptureQueriesContext(connection) as few:
        browser.get(address)
    sipar, alpha = system(), cast.organisations["alpha"]
    with acting(sipar, reason="more members"):
        for number in range(10):
            Organisation.objects.create(
                identifier=f"PK-T-1{number:03}", name=f"More {number}", ownership="private", sector=alpha.sector,
                province=alpha.province, ministry=alpha.ministry, tier=1, size="large", is_fictional=True,
            )  # fmt: skip
        resolve_constituencies(sipar, now=NOW)
    with CaptureQueriesContext(connection) as many:
        assert b"More 9" in browser.get(address).content
    assert len(many) == len(few)


def test_why_an_organisation_belongs_to_a_team_is_open_to_those_who_see_it(cast: Cast) -> None:
    address = reverse("team_why", args=[cast.teams["power"].code, "PK-T-0001"])
    page = cast.client("ayesha").get(address).content.decode()
    assert "Why Alpha Power (fictional) belongs here" in page
    assert "Sector" in page
    assert cast.client("parveen").get(address).status_code == 200
    for person in ("bushra", "kamran", "adil"):
        assert cast.client(person).get(address).status_code == 404
    beta = reverse("team_why", args=[cast.teams["power"].code, "PK-T-0002"])
    assert cast.client("parveen").get(beta).status_code == 404
    assert b"does not belong here" in cast.client("nadia").get(beta).content


def test_the_explanation_agrees_with_the_membership_table(cast: Cast) -> None:
    with acting(cast.nadia, reason="compare"):
        table = set(Membership.objects.values_list("team_id", "organisation__identifier", "lead"))
        for team in Team.objects.all():
            for organisation in cast.organisations.values():
                answer = why(cast.nadia, team, organisation.identifier)
                assert answer.member == ((team.pk, organisation.identifier, answer.lead) in table)


def test_the_reporting_chain_goes_up_to_the_national_team(cast: Cast) -> None:
    with acting(cast.ayesha, reason="look"):
        chain = chain_of(cast.organisations["alpha"].pk)
        assert chain[0] == cast.teams["power"]
        assert chain[-1] == cast.teams["national"]
        assert chain_of(cast.organisations["beta"].pk) == []


def test_the_api_tells_the_tree_a_team_its_size_and_why(cast: Cast) -> None:
    code = cast.teams["power"].code
    browser = cast.client("ayesha")
    assert code in {team["code"] for team in browser.get("/api/teams").json()}
    assert browser.get(f"/api/teams/{code}").json()["leads"] == 1
    assert browser.get(f"/api/teams/{code}/members/count").json() == {"members": 1, "leads": 1}
    answer = browser.get(f"/api/teams/{code}/why/PK-T-0001").json()
    assert (answer["member"], answer["lead"]) == (True, True)
    assert browser.get(f"/api/teams/{code}/why/PK-T-0002").status_code == 404
    assert browser.get("/api/teams/nothing").status_code == 404
