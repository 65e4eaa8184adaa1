"""The pages of exposure, knocked on by those who may see them and by those who may not."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.cast import Cast

from sipar.notices.models import Finding
from sipar.notices.tests.exposed import expose


@pytest.fixture
def exposed(cast: Cast) -> dict[str, Finding]:
    return expose(cast)


def body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return response.content.decode()


def test_an_organisation_reads_what_to_fix_first_with_the_reason(cast: Cast, exposed: dict[str, Finding]) -> None:
    page = body(cast.client("bilal"), "/exposure/")
    assert "The world sees 2 things to fix, one of them critical." in page
    assert page.index("vpn.alpha.example") < page.index("192.0.2.7:3389/tcp")
    assert "known to be exploited" in page
    assert "198.51.100.9" not in page


def test_a_finding_shows_its_facts_and_who_may_answer(cast: Cast, exposed: dict[str, Finding]) -> None:
    address = f"/exposure/findings/{exposed['rdp'].pk}/"
    assert "What do you say about it?" in body(cast.client("bilal"), address)
    assert "What do you say about it?" not in body(cast.client("parveen"), address)


def test_a_cert_reads_its_constituency_and_drills_down_by_address(cast: Cast, exposed: dict[str, Finding]) -> None:
    client = cast.client("parveen")
    page = body(client, "/exposure/")
    assert "2 findings are open, 1 of them critical" in page
    assert "198.51.100.9" not in page
    cut = body(client, "/exposure/?kind=accessible-rdp")
    assert "One finding is open, 0 of them critical" in cut
    assert "vpn.alpha.example" not in cut
    assert "192.0.2.7:3389/tcp" in body(client, "/exposure/findings/?q=192.0.2.7")
    assert "192.0.2.7:3389/tcp" not in body(client, "/exposure/findings/?q=192.0.2.9")
    assert "vpn.alpha.example" in body(client, "/exposure/findings/?q=cve-2024-21762")


def test_the_national_cert_sees_everything_and_what_nobody_claims(cast: Cast, exposed: dict[str, Finding]) -> None:
    client = cast.client("nadia")
    assert "4 findings are open" in body(client, "/exposure/")
    unclaimed = body(client, "/exposure/findings/?unclaimed=1")
    assert "203.0.113.5" in unclaimed
    assert "192.0.2.7" not in unclaimed


@pytest.mark.parametrize("name", ["bushra", "farah", "mina", "kamran", "chand", "omar", "adil"])
def test_a_stranger_reads_nothing_of_alpha(cast: Cast, exposed: dict[str, Finding], name: str) -> None:
    client = cast.client(name)
    identifier = cast.organisations["alpha"].identifier
    for address in (
        f"/exposure/organisations/{identifier}/",
        f"/exposure/organisations/{identifier}/csv/findings/",
        f"/exposure/findings/{exposed['rdp'].pk}/",
        f"/exposure/findings/{exposed['rdp'].pk}/sightings/",
    ):
        assert client.get(address).status_code in (403, 404), address
    for address in ("/exposure/", "/exposure/findings/?q=192.0.2.7", "/exposure/csv/findings/", "/exposure/nation/"):
        assert "192.0.2.7:" not in client.get(address).content.decode()


def test_the_council_reads_numbers_only_where_five_stand_behind_them(cast: Cast, exposed: dict[str, Finding]) -> None:
    page = body(cast.client("kamran"), "/exposure/nation/")
    assert "Too few organisations stand behind this to show numbers." in page
    assert "You read aggregates" in page
    rows = body(cast.client("kamran"), "/exposure/nation/csv/sectors/")
    assert ",1," not in rows
    assert "One organisation of about 4 has an open critical finding." in body(
        cast.client("nadia"), "/exposure/nation/"
    )


@pytest.mark.parametrize("name", ["findings", "closed", "kinds", "course"])
def test_each_table_of_an_organisation_downloads(cast: Cast, exposed: dict[str, Finding], name: str) -> None:
    identifier = cast.organisations["alpha"].identifier
    assert body(cast.client("bilal"), f"/exposure/organisations/{identifier}/csv/{name}/").count("\n") >= 2


@pytest.mark.parametrize("name", ["findings", "course", "kinds", "severities", "sectors", "provinces"])
def test_each_table_of_a_constituency_downloads(cast: Cast, exposed: dict[str, Finding], name: str) -> None:
    assert body(cast.client("nadia"), f"/exposure/csv/{name}/").count("\n") >= 2


def test_before_anything_was_seen_the_pages_say_what_to_do(cast: Cast) -> None:
    assert "check that they are complete" in body(cast.client("bilal"), "/exposure/")
    assert "Take in a feed" in body(cast.client("parveen"), "/exposure/")
    assert "No organisation has an open critical finding" in body(cast.client("nadia"), "/exposure/nation/")
