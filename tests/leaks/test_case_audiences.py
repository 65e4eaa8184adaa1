"""V6 to V9, V22, V23: what is read of a case by those who are given a part of it, everywhere that there is."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from sipar.core.acting import acting
from sipar.core.gates import PUBLIC
from sipar.core.guards import guarded_models
from sipar.core.jobs import system
from sipar.core.models import Event
from sipar.incidents.models import Extract, Incident, Indicator
from sipar.obligations.models import Duty
from tests.doors import every_door
from tests.leaks.sharing import end_shares, share
from tests.test_every_door import content_of, knock
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def plain_indicators(world: World, key: str) -> None:
    """Indicators that may travel say nothing of whose they are."""
    with acting(system(), reason="plain indicators"):
        rows = Indicator.objects.filter(incident__number=world.case_of(key)["number"], tlp="amber")
        rows.update(value="beacon", note="seen")


def test_a_cert_that_is_given_a_narrow_part_learns_nowhere_whose_case_it_is(world: World) -> None:
    """V22: every page, operation and export, asked by Farah with the numbers of all parts of Delta's case."""
    number = share(world, "delta", "bank", "indicators")
    plain_indicators(world, "delta")
    farah, told, opened = world.cast.client("farah"), [], set()
    for door in every_door():
        address = door.address(world.case_of("delta"))
        body = content_of(knock(farah, door, "get", address)).replace(address, "")
        if door.gate is PUBLIC:
            continue
        told += [(door.route, mark) for mark in ("PK-T-0004", "Delta Telecom", "case secret of delta") if mark in body]
        opened |= {door.route} if number in body else set()
    assert told == []
    assert {"cases/", "cases/<str:number>/", "api/cases", "api/cases/{str:number}"} <= opened


def test_who_knows_the_register_does_not_learn_from_other_pages_whose_case_it_is(world: World) -> None:
    """V22: the National CERT has Delta in its register, and is not told that the shared case is Delta's."""
    number = share(world, "delta", "national", "summary")
    nadia, of = world.cast.client("nadia"), world.case_of("delta")
    assert nadia.get(f"/cases/{number}/").status_code == 200
    asked = nadia.get(reverse("support_ask"), {"case": number})
    assert "PK-T-0004" not in asked.content.decode()
    waiting = nadia.get(reverse("emergency_call", args=[of["report/waiting/|number"]]), {"q": "Delta"})
    assert waiting.status_code == 200
    assert number not in waiting.content.decode()
    for query in ("Delta", "PK-T-0004", "case secret of delta"):
        found = nadia.get("/search/", {"q": query})
        assert number not in found.content.decode()
        assert number not in {
            row["number"] for row in nadia.get("/api/cases", {"q": query, "state": ""}).json()["cases"]
        }
        listed = nadia.get(reverse("cases"), {"q": query, "state": ""})
        assert number not in listed.content.decode()
    for narrow in ({"sector": "telecom"}, {"province": "PK-IS"}):
        assert nadia.get("/api/cases", narrow | {"state": ""}).json()["total"] == 0


def test_the_clocks_of_a_case_are_for_those_who_are_shown_them(world: World) -> None:
    """V22: neither the duty nor its history is open to a CERT that sees a summary."""
    share(world, "delta", "bank", "summary")
    with acting(system(), reason="look"):
        duties = list(
            Duty.objects.filter(incident__number=world.case_of("delta")["number"]).values_list("pk", flat=True)
        )
    assert len(duties) > 1
    farah = world.cast.client("farah")
    for duty in duties:
        assert farah.get(reverse("duty", args=[duty])).status_code == 404
        assert farah.get(f"/api/duties/{duty}").status_code == 404
    assert world.cast.client("dara").get(f"/api/duties/{world.case_of('delta')['duty_id']}").status_code == 200


def test_a_share_that_was_taken_back_is_gone_from_every_page_of_the_same_session(world: World) -> None:
    """V23."""
    number = share(world, "delta", "bank", "full")
    farah = world.cast.client("farah")
    assert farah.get(f"/cases/{number}/").status_code == 200
    end_shares(world, "delta")
    left = []
    # Farah's own looks stand in the ledger with their address; the feed is Dara's, under its secret.
    for door in every_door():
        if door.route in ("ledger/", "duties/feed/<str:token>.ics"):
            continue
        address = door.address(world.case_of("delta"))
        body = content_of(knock(farah, door, "get", address)).replace(address, "")
        left += [(door.route, mark) for mark in ("case secret of delta", number) if mark in body]
    assert left == []


def test_what_was_given_to_another_organisation_is_all_that_it_reads(world: World) -> None:
    """V22: an extract for Beta of Alpha's case; Beta reads it where it stands, and the case nowhere."""
    alpha = world.case_of("alpha")
    with acting(system(), reason="give"):
        Extract.objects.filter(incident__number=alpha["number"]).update(
            recipient=world.cast.organisations["beta"], words="Look for these.", facts={}, indicators=[]
        )
    bushra = world.cast.client("bushra")
    assert "Look for these." in bushra.get(reverse("case_extracts")).content.decode()
    assert bushra.get(f"/cases/{alpha['number']}/").status_code == 404
    assert bushra.get(f"/api/cases/{alpha['number']}").status_code == 404
    page = bushra.get(reverse("case_extracts")).content.decode()
    assert [mark for mark in (*world.marks("alpha"), str(alpha["number"])) if mark in page] == []
    assert world.cast.client("ayesha").get(reverse("case_extracts")).content.decode().count("Look for these.") == 0


# The ledger --------------------------------------------------------------------------------------------------------


def walled_events(world: World, key: str) -> list[Event]:
    tables = [model._meta.db_table for model, guard in guarded_models() if guard.walled]
    with acting(system(), reason="look"):
        rows = Event.objects.filter(organisation_id=world.cast.organisations[key].pk, table_name__in=tables)
        return list(rows)


def test_seeing_an_organisation_in_the_register_opens_no_event_of_its_cases(world: World) -> None:
    """V9: rows, reasons, names of actions, one event, its proof; Nadia and Hamid see Delta in the register."""
    events = walled_events(world, "delta")
    one_of_each = {event.table_name: event for event in events}
    assert len(one_of_each) > 15
    for person in ("nadia", "hamid", "parveen", "farah", "mina", "kamran", "chand", "adil", "ayesha"):
        with acting(world.cast.actors[person], reason="look"):
            assert not Event.objects.filter(pk__in=[event.pk for event in events]).exists(), person
    browser, one = world.cast.client("nadia"), events[0]
    assert browser.get(f"/api/ledger/events/{one.pk}/proof").status_code == 404
    assert browser.get(reverse("ledger_event", args=[one.pk])).status_code == 404
    assert browser.get(reverse("ledger_proof", args=[one.pk])).status_code == 404
    for table, event in one_of_each.items():
        page = browser.get(reverse("ledger"), {"record": f"{table}/{event.row_key}"})
        assert [each for each in page.context["page"].entries if each.event.table_name == table] == []
    for person in ("dara", "omar"):
        with acting(world.cast.actors[person], reason="look"):
            assert Event.objects.filter(pk__in=[event.pk for event in events]).exists()


def test_the_ledger_keeps_no_word_of_a_case(world: World) -> None:
    """V9: what is said in a case is redacted in the log itself, whoever reads it."""
    with acting(system(), reason="look"):
        # Why somebody broke the glass is for its organisation to read, for ever.
        rows = Event.objects.exclude(table_name="incidents_breakglass").values_list("table_name", "body", "reason")
        told = {table for table, body, reason in rows if "case secret" in f"{body}{reason}"}
    assert told == set()


def test_the_organisation_learns_nothing_from_the_ledger_of_what_teams_write_among_themselves(world: World) -> None:
    """V9, V22: notes, tasks, files, scores and efforts that its pages do not show are not in its ledger either."""
    alpha = world.case_of("alpha")
    hidden: set[tuple[str, str]] = {
        ("incidents_task", str(alpha["inner_task"])), ("incidents_artefact", str(alpha["inner_artefact"])),
    }  # fmt: skip
    with acting(world.cast.bilal, reason="look"):
        seen = set(
            Event.objects.filter(table_name__in=[table for table, _ in hidden]).values_list("table_name", "row_key")
        )
        notes = Event.objects.filter(table_name="incidents_entry", body__kind="note")
        scores = Event.objects.filter(table_name__in=("incidents_severityscore", "support_effort"))
        assert (seen & hidden, notes.count(), scores.count()) == (set(), 0, 0)
        assert ("incidents_task", str(alpha["task_id"])) in seen
        assert Event.objects.filter(table_name="incidents_entry", body__kind="event").exists()


# Searching and counting --------------------------------------------------------------------------------------------


def test_nobody_finds_or_counts_a_case_that_is_not_theirs(world: World) -> None:
    """V7, V8: search, list, filters and totals for words of Alpha's case, its number and its organisation."""
    for person in ("bushra", "farah", "dara", "mina", "chand", "kamran", "omar", "adil"):
        browser, of = world.cast.client(person), world.case_of("alpha")
        own = {"bushra": 2, "farah": 2, "dara": 2}.get(person, 0)
        for query in ("secret of alpha", str(of["number"]), "Alpha Power", "PK-T-0001", str(of["help_number"])):
            found = browser.get("/search/", {"q": query}).content.decode()
            assert [mark for mark in ("case secret of alpha", f"/{of['number']}/") if mark in found] == []
            if own:
                assert browser.get("/api/cases", {"q": query, "state": ""}).json()["total"] == 0
        if own:
            assert browser.get("/api/cases", {"state": ""}).json()["total"] == own
            assert len(browser.get("/api/support").json()) == 1
            assert browser.get("/api/duties").json()["total"] < 12
        else:
            assert browser.get("/api/cases").status_code == 403
            assert browser.get("/api/support").status_code == 403


def test_a_case_is_similar_only_to_those_that_its_reader_sees(world: World) -> None:
    """V6: Alpha's, Beta's and Delta's cases share an indicator, a type and a cause."""
    with acting(system(), reason="the same attack"):
        Indicator.objects.filter(tlp="amber").update(kind="domain", value="evil.example")
        Incident.objects.exclude(state="draft").update(reported_at="2026-11-02T08:00:00Z")
    of = {key: world.case_of(key) for key in ("alpha", "beta", "delta")}
    for person, sees in (("parveen", {"alpha"}), ("nadia", {"alpha", "beta"})):
        found: Any = world.cast.client(person).get(f"/api/cases/{of['alpha']['number']}/similar")
        numbers = {row["number"] for row in found.json()}
        for key in ("beta", "delta"):
            assert (of[key]["number"] in numbers) is (key in sees)
        page = world.cast.client(person).get(f"/cases/{of['alpha']['number']}/similar/").content.decode()
        assert (str(of["delta"]["number"]) in page) is False
    assert world.cast.client("bilal").get(f"/api/cases/{of['alpha']['number']}/similar").status_code in (200, 404)
    assert str(of["beta"]["number"]) not in world.cast.client("bilal").get(
        f"/api/cases/{of['alpha']['number']}/similar"
    ).content.decode()  # fmt: skip


def test_the_situation_tells_small_numbers_to_nobody_who_does_not_see_the_cases(world: World) -> None:
    """V7: the Council reads no count below five; a CERT counts the cases that it sees."""
    for person in ("kamran", "hamid", "parveen", "farah"):
        page: Any = world.cast.client(person).get(reverse("situation"))
        assert page.status_code == 200
        found = page.context["situation"]
        if person == "kamran":
            numbers = [line.total for table in (found.sectors, found.provinces, found.teams) for line in table.lines]
            assert [number for number in numbers if number is not None and 0 < number < 5] == []
        elif person != "hamid":
            assert sum(line.total or 0 for line in found.sectors.lines) == 2
        text = page.content.decode()
        assert [key for key in ("alpha", "beta", "delta") if f"secret of {key}" in text] == []
