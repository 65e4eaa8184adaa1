"""The pages of exposure, knocked on by those who may see them and by those who may not."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.exposure_counting import count_exposure
from sipar.notices.exposure_course import median_days, open_by_day
from sipar.notices.exposure_selectors import search_findings
from sipar.notices.models import Decision, Finding
from sipar.notices.tests.exposed import DAY, expose, finding, keep, more_of_sector


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


def test_an_organisation_says_of_several_findings_at_once_that_they_are_fixed(
    cast: Cast, exposed: dict[str, Finding]
) -> None:
    client = cast.client("bilal")
    chosen = {"finding": [exposed["rdp"].pk, exposed["cve"].pk], "kind": "fixed", "back": "/exposure/"}
    assert client.post("/exposure/findings/decide/", chosen)["Location"] == "/exposure/"
    assert "noted for 2 findings" in body(client, "/exposure/")
    with acting(cast.bilal, reason="look"):
        assert set(Decision.objects.values_list("finding", "kind")) == {
            (exposed["rdp"].pk, "fixed"), (exposed["cve"].pk, "fixed"),
        }  # fmt: skip


@pytest.mark.parametrize("name", ["bushra", "farah", "mina", "kamran"])
def test_nobody_else_answers_for_an_organisation(cast: Cast, exposed: dict[str, Finding], name: str) -> None:
    cast.client(name).post(
        "/exposure/findings/decide/", {"finding": exposed["rdp"].pk, "kind": "not_mine", "note": "x"}
    )
    with acting(system(), reason="look"):
        assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "fixed"},
        {"kind": "accepted", "note": "Old", "until": "tomorrow"},
        {"kind": "nonsense"},
        {"kind": "fixed", "back": "https://evil.example/"},
    ],
)
def test_an_answer_that_says_too_little_changes_nothing_and_leads_back_here(
    cast: Cast, exposed: dict[str, Finding], said: dict[str, str]
) -> None:
    chosen = {} if said == {"kind": "fixed"} else {"finding": exposed["beta"].pk}
    response = cast.client("bilal").post("/exposure/findings/decide/", {**chosen, **said})
    assert response.status_code == 404 or response["Location"] == "/exposure/"
    with acting(system(), reason="look"):
        assert not Decision.objects.exists()


def test_the_observations_of_a_finding_come_from_the_lake_newest_first(cast: Cast, exposed: dict[str, Finding]) -> None:
    found = exposed["rdp"]
    keep([(found, found.last_seen, "192.0.2.7"), (found, found.last_seen - 2 * DAY, "192.0.2.7")])
    keep([(exposed["beta"], found.last_seen, "198.51.100.9")])
    page = body(cast.client("parveen"), f"/exposure/findings/{found.pk}/sightings/")
    assert page.count("192.0.2.7</bdi>") == 2
    assert "198.51.100.9" not in page


def test_the_search_box_finds_findings_of_ones_own_only(cast: Cast, exposed: dict[str, Finding]) -> None:
    assert "vpn.alpha.example" in body(cast.client("bilal"), "/search/?q=vpn.alpha")
    for name in ("bushra", "farah", "kamran", "mina", "omar"):
        assert "vpn.alpha.example" not in body(cast.client(name), "/search/?q=vpn.alph")


def test_an_address_finds_what_is_ranked_what_waits_and_what_is_closed(cast: Cast, exposed: dict[str, Finding]) -> None:
    with acting(cast.bilal, reason="test"):
        found = {finding.pk for finding in search_findings("192.0.2.", most=9)}
        assert found == {exposed["rdp"].pk, exposed["repaired"].pk}
    with acting(system(), reason="test"):
        assert [finding.pk for finding in search_findings("203.0.113.", most=9)] == [exposed["nobody"].pk]
    assert exposed["nobody"].priority is None
    assert exposed["repaired"].priority is None


def test_an_organisations_page_tells_its_exposure_to_those_who_watch_it(
    cast: Cast, exposed: dict[str, Finding]
) -> None:
    address = f"/organisations/{cast.organisations['alpha'].identifier}/"
    assert "2 findings are open" in body(cast.client("parveen"), address)
    assert "findings are open" not in body(cast.client("mina"), address)


def test_the_sector_is_compared_only_where_five_others_are(cast: Cast, exposed: dict[str, Finding]) -> None:
    assert "Fewer than five others" in body(cast.client("bilal"), "/exposure/")
    with acting(system(), reason="more of the sector"):
        for place, made in enumerate(more_of_sector(cast, 7)):
            for _ in range(4 * place):
                finding(made)
        count_exposure(system(), now=NOW)
    page = body(cast.client("bilal"), "/exposure/")
    assert "Fewer than five others" not in page
    assert "PK-X-" not in page


def test_open_findings_by_day_follow_what_came_and_what_went() -> None:
    """Two are open: one for three days, one for long; a third was open from five until two days ago."""
    found = open_by_day(2, bytes([3, 5]), bytes([2]), days=7)
    assert found == [1, 2, 2, 3, 2, 2, 2]
    assert median_days(bytes([1, 4, 30])) == 4.0
    assert median_days(b"") is None


@pytest.mark.parametrize(
    "query", ["page=-1&days=x&kind=none", "q=%27%22%3Cscript%3E", "severity=9", "sector=x", "cert=x", "page=99999999"]
)
def test_a_strange_question_is_answered_or_refused_but_breaks_nothing(
    cast: Cast, exposed: dict[str, Finding], query: str
) -> None:
    client, own = cast.client("nadia"), cast.client("bilal")
    number = exposed["rdp"].pk
    for address in ("/exposure/", "/exposure/findings/", "/exposure/csv/kinds/", "/exposure/nation/", "/api/findings"):
        assert client.get(f"{address}?{query}").status_code in (200, 404, 422), address
    assert own.get(f"/exposure/?{query}").status_code == 200
    assert own.get(f"/exposure/findings/{number}/sightings/?before={query}").status_code == 422


def test_programs_read_findings_and_how_an_organisation_stands(cast: Cast, exposed: dict[str, Finding]) -> None:
    client = cast.client("parveen")
    rows = client.get("/api/findings").json()
    assert [row["asset"] for row in rows] == ["vpn.alpha.example", "192.0.2.7:3389/tcp"]
    assert client.get(f"/api/findings/{exposed['beta'].pk}").status_code == 404
    identifier = cast.organisations["alpha"].identifier
    assert client.get(f"/api/organisations/{identifier}/exposure").json()["open"] == 2
    assert cast.client("mina").get(f"/api/organisations/{identifier}/exposure").status_code == 403
