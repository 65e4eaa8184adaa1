"""The boards: who reaches them, who counts what, and what small numbers do not tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.numbers import case_number
from sipar.core.problems import Forbidden, NotFound
from sipar.incidents.duty_desk_selectors import DutyDesk, duty_desk_of
from sipar.incidents.models import Access, EmergencyReport, Incident
from sipar.incidents.situation_selectors import Situation, situation_of
from sipar.incidents.team_board_selectors import team_board_of
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.incidents.triage_actions import assign, score_severity
from sipar.obligations.models import Duty
from sipar.obligations.scan import scan
from sipar.people.actions import grant_role, open_account
from sipar.people.selectors import actor_of

BOARDS = ("/duty/", "/duty/team/", "/situation/", "/roll-ups/")


def join(cast: Cast, name: str, role: str, **place: int) -> Actor:
    """Another person for these tests, who can sign in as well."""
    with acting(system(), reason="set up a person"):
        account = open_account(
            system(), email=f"{name}@test.example", name=name.title(), password="correct horse battery", now=NOW
        )
        grant_role(system(), account, role, now=NOW - timedelta(days=30), **place)  # type: ignore[arg-type]
    cast.accounts[name] = account
    cast.actors[name] = actor_of(account, now=NOW, verified=True)
    return cast.actors[name]


def many(cast: Cast, numbers: dict[tuple[str, str], int]) -> None:
    """Open cases of the power CERT, so many for each (organisation, severity)."""
    rows = [
        Incident(
            number=case_number(NOW), organisation=cast.organisations[key], state="open", door="web", title="Secret",
            lead_team=cast.teams["power"], viewers=[cast.teams["power"].pk], sector=cast.organisations[key].sector,
            province=cast.organisations[key].province, severity_level=level, opened_by_id=1, opened_at=NOW,
            reported_at=NOW - timedelta(days=3), outlook="worsening",
        )
        for (key, level), number in numbers.items() for _ in range(number)
    ]  # fmt: skip
    with acting(system(), reason="many cases"):
        Incident.objects.bulk_create(rows)


def situation(actor: Actor) -> Situation:
    with acting(actor, reason="look at the situation"):
        found = situation_of(actor, now=NOW)
        assert found.sectors is not None
        return found


def desk(actor: Actor) -> DutyDesk:
    with acting(actor, reason="look at the desk"):
        return duty_desk_of(actor, now=NOW)


# Who comes in


@pytest.mark.parametrize("name", ["ayesha", "bilal", "chand", "omar", "adil", "mina"])
@pytest.mark.parametrize("address", BOARDS)
def test_nobody_but_certs_and_readers_of_aggregates_comes_to_a_board(cast: Cast, name: str, address: str) -> None:
    assert cast.client(name).get(address).status_code == 403


@pytest.mark.parametrize("name", ["parveen", "danish", "farah", "nadia", "hamid"])
def test_staff_of_certs_come_to_their_boards(cast: Cast, name: str) -> None:
    accepted(cast)
    for address in ("/duty/", "/duty/?wall=1", "/duty/team/", "/situation/", "/situation/?wall=1"):
        assert cast.client(name).get(address).status_code == 200, address


def test_the_council_reads_the_situation_and_no_other_board(cast: Cast) -> None:
    assert cast.client("kamran").get("/situation/").status_code == 200
    assert [cast.client("kamran").get(address).status_code for address in ("/duty/", "/duty/team/", "/roll-ups/")] == [
        403, 403, 403,
    ]  # fmt: skip


# The situation


def test_the_national_cert_counts_cases_that_it_does_not_see(cast: Cast) -> None:
    many(cast, {("gamma", "high"): 2, ("delta", "low"): 1})
    found = situation(cast.nadia)
    assert (found.total, found.severe, found.exact) == (3, 2, True)
    with acting(cast.nadia, reason="no row"):
        assert not Incident.objects.filter(organisation=cast.organisations["gamma"]).exists()


def test_another_cert_counts_nothing_of_it(cast: Cast) -> None:
    many(cast, {("alpha", "high"): 3})
    assert situation(cast.parveen).total == 3
    assert situation(cast.farah).total == 0
    assert sum(situation(cast.farah).weeks) == 0


def test_the_trend_counts_what_was_reported_and_not_what_was_no_incident(cast: Cast) -> None:
    many(cast, {("alpha", "high"): 3})
    with acting(system(), reason="reject one"):
        Incident.objects.filter(pk=Incident.objects.values_list("pk", flat=True)[0]).update(state="closed")
        one = Incident.objects.filter(state="open").first()
        assert one is not None
        Incident.objects.filter(pk=one.pk).update(state="rejected")
    for person in (cast.nadia, cast.parveen):
        assert situation(person).weeks[-1] == sum(situation(person).weeks) == 2


def test_the_council_sees_no_number_below_five_and_none_that_gives_one_away(cast: Cast) -> None:
    many(cast, {("alpha", "high"): 40, ("beta", "high"): 3, ("gamma", "low"): 30, ("delta", "low"): 20})
    found = situation(cast.kamran)
    assert not found.exact
    small = [
        cell
        for table in (found.sectors, found.provinces, found.teams, found.outlooks)
        for line in table.lines for cell in (*line.cells, line.total)
        if cell is not None and 0 < cell < 5
    ]  # fmt: skip
    assert small == []
    by_sector = {line.key: line for line in found.sectors.lines}
    hidden = [line for line in by_sector.values() if line.total is None]
    assert by_sector[cast.organisations["beta"].sector_id] in hidden
    assert len(hidden) != 1, "one hidden line would be the total less the others"


def test_the_council_is_told_nothing_of_three_cases(cast: Cast) -> None:
    many(cast, {("alpha", "high"): 3})
    found = situation(cast.kamran)
    assert found.total is None
    assert found.severe is None
    page = cast.client("kamran").get("/situation/").content.decode()
    assert "Too few incidents" in page
    assert "/cases/" not in page


def test_the_weeks_of_the_council_are_rounded_to_five(cast: Cast) -> None:
    many(cast, {("alpha", "high"): 7})
    assert all(number % 5 == 0 for number in situation(cast.kamran).weeks)


def test_the_functions_of_the_nation_tell_an_organisation_and_a_sectoral_cert_nothing(cast: Cast) -> None:
    from django.db import connection

    many(cast, {("alpha", "high"): 9})
    for name in ("ayesha", "farah", "parveen", "omar", "mina", "chand"):
        with acting(cast.actors[name], reason="try"), connection.cursor() as cursor:
            cursor.execute("select count(*) from guard.incident_situation()")
            assert cursor.fetchone() == (0,), name
            cursor.execute("select count(*) from guard.incident_trend(%s, %s)", [NOW - timedelta(days=90), NOW])
            assert cursor.fetchone() == (0,), name
            cursor.execute("select count(*) from guard.open_campaigns()")
            assert cursor.fetchone() == (0,), name
            cursor.execute(
                "select count(*) from guard.rollup_cases(%s, %s, %s)",
                [cast.teams["pk-government"].pk, NOW - timedelta(days=90), NOW],
            )
            assert cursor.fetchone() == (0,), name


def test_an_organisation_cannot_ask_for_the_situation_in_code_either(cast: Cast) -> None:
    with acting(cast.ayesha, reason="try"), pytest.raises(Forbidden):
        situation_of(cast.ayesha, now=NOW)


def test_a_case_shared_as_indicators_counts_without_its_place(cast: Cast) -> None:
    number = accepted(cast)
    with acting(system(), reason="share"):
        incident = case_of(system(), number)
        Access.objects.create(
            incident=incident, organisation_id=incident.organisation_id, team=cast.teams["bank"], basis="shared",
            projection="indicators", given_by_id=1, given_at=NOW,
        )  # fmt: skip
        Incident.objects.filter(pk=incident.pk).update(viewers=[*incident.viewers, cast.teams["bank"].pk])
    found = situation(cast.farah)
    assert found.total == 1
    assert {key for part in ("sector", "province", "team") for key, _ in found.counts[part]} == {None}


def test_the_page_of_another_cert_names_nothing_of_the_case(cast: Cast) -> None:
    accepted(cast, title="Dispatch centre down")
    for address in ("/duty/", "/situation/", "/duty/team/"):
        page = cast.client("farah").get(address).content.decode()
        assert "Dispatch centre" not in page
        assert "Alpha Power" not in page


# On duty


def test_what_is_offered_waits_and_is_gone_once_accepted(cast: Cast) -> None:
    number = reported(cast)
    before = desk(cast.danish)
    assert [row.case.incident.number for row in before.waiting.rows if row.case] == [number]
    assert before.waiting.rows[0].may_accept
    assert before.waiting.rows[0].due is not None
    assert before.next_due.total >= 1
    with acting(cast.danish, reason="accept"):
        from sipar.incidents.custody_actions import accept

        accept(cast.danish, case_of(cast.danish, number), now=NOW)
    after = desk(cast.danish)
    assert after.waiting.total == 0
    assert [row.case.incident.number for row in after.unassigned.rows if row.case] == [number]
    assert after.unassigned.rows[0].may_work
    with acting(cast.danish, reason="take it"):
        assign(cast.danish, case_of(cast.danish, number), account=cast.accounts["danish"].pk, now=NOW)
    assert desk(cast.danish).unassigned.total == 0


def test_another_cert_has_nothing_of_it_on_its_desk(cast: Cast) -> None:
    accepted(cast)
    found = desk(cast.farah)
    assert {part.total for part in (found.late, found.next_due, found.waiting, found.unassigned, found.incoming)} == {0}


def test_a_missed_clock_moves_from_next_to_late(cast: Cast) -> None:
    reported(cast)
    with acting(cast.danish, reason="look"):
        later = NOW + timedelta(days=2)
        found = duty_desk_of(cast.danish, now=later)
    assert found.late.total >= 1
    assert found.late.rows[0].due is not None
    assert found.late.rows[0].due <= later


def test_an_unverified_report_stands_first_and_asks_for_a_call(cast: Cast) -> None:
    reported(cast)
    with acting(system(), reason="emergency"):
        incident = Incident.objects.create(
            number=case_number(NOW), state="reported", door="emergency", lead_team=cast.teams["power"],
            viewers=[cast.teams["power"].pk], opened_by_id=1, opened_at=NOW, reported_at=NOW,
        )  # fmt: skip
        EmergencyReport.objects.create(
            incident=incident, team=cast.teams["power"], organisation_said="Somebody", caller_name="X", phone="1",
            received_at=NOW,
        )  # fmt: skip
    first = desk(cast.danish).waiting.rows[0]
    assert first.emergency is not None
    assert "Call back" in cast.client("danish").get("/duty/").content.decode()
    assert desk(cast.farah).waiting.total == 0


def test_the_desk_shows_the_keys_of_the_row(cast: Cast) -> None:
    reported(cast)
    page = cast.client("danish").get("/duty/").content.decode()
    assert 'data-row-key="a"' in page
    assert 'hx-trigger="every 30s"' in page
    assert "/accept/" in page


def test_the_desk_asks_no_more_with_more_on_it(cast: Cast) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    reported(cast)
    with CaptureQueriesContext(connection) as few:
        desk(cast.danish)
    for _ in range(4):
        reported(cast)
    with CaptureQueriesContext(connection) as more:
        desk(cast.danish)
    assert len(more) <= len(few) + 1


# The board of a CERT


def test_the_board_of_a_cert_counts_by_person_and_by_state(cast: Cast) -> None:
    number = accepted(cast)
    reported(cast)
    with acting(cast.parveen, reason="work"):
        incident = case_of(cast.parveen, number)
        assign(cast.parveen, incident, account=cast.accounts["danish"].pk, now=NOW)
        score_severity(cast.parveen, incident, choices={"functional_impact": "denial_critical"}, now=NOW)
        found = team_board_of(cast.parveen, "", now=NOW)
    assert found.open == 2
    assert {load.name: load.states for load in found.loads} == {
        "": {"reported": 1}, "Danish": {"open": 1}, "Parveen": {},
    }  # fmt: skip
    assert found.unaccepted == 1
    assert sum(found.severities.values()) == 2


def test_a_service_given_too_late_counts_as_missed(cast: Cast) -> None:
    reported(cast)
    scan(now=NOW + timedelta(days=2))
    with acting(cast.parveen, reason="look"):
        services = team_board_of(cast.parveen, "", now=NOW + timedelta(days=3)).services
        assert Duty.objects.filter(state="breached").exists()
    accept = next(service for service in services if service.stage == "accept")
    assert (accept.owed_lately, accept.missed_lately, accept.owed, accept.missed) == (1, 1, 1, 1)


def test_the_board_of_another_cert_is_not_there(cast: Cast) -> None:
    with acting(cast.farah, reason="try"), pytest.raises(NotFound):
        team_board_of(cast.farah, cast.teams["power"].code, now=NOW)
    assert cast.client("farah").get(f"/duty/team/?cert={cast.teams['power'].code}").status_code == 404
