"""V1 to V4, V10, V11, V13 for cases, reports, duties and help: acting on another object, or on more of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Entry, Incident
from sipar.people.models import Grant
from sipar.support.models import SupportRequest
from tests.cast import NOW
from tests.leaks.case_writes import (
    BY_DESK,
    BY_NAME,
    BY_ORGANISATION,
    CASE_WRITES,
    KEPT,
    REQUIREMENT,
    everything,
    status_of,
    undone,
    values,
)
from tests.leaks.writes import Fields
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Nadia and Hamid read Alpha's case in full; the others read a part of the register, or nothing.
READERS = ("nadia", "hamid", "bushra", "farah", "dara", "mina", "kamran", "chand", "omar", "adil")
NESTED = ("task_id", "artefact_id", "row_id", REQUIREMENT, "link_id", "extract", "assignment_id", "lesson_id")


def test_every_write_is_in_order_for_those_who_may_and_refused_to_all_who_only_read(world: World) -> None:
    """V1, V2, V5, V10: first that each request does something, then that nobody else does anything with it."""
    of, before = values(world, "alpha"), everything()
    own = world.cast.client("bilal"), world.cast.client("parveen")
    wrong: list[tuple[str, str, int]] = []
    for write in CASE_WRITES:
        with undone():
            status = status_of(write, own[write.person == "parveen"], of)
            if status >= 400 or everything() == before:
                wrong.append((write.name, write.person, status))
    assert wrong == []
    for person in (*READERS, "bilal"):
        browser = world.cast.client(person)
        for write in BY_DESK if person == "bilal" else CASE_WRITES:
            # Who reads the case in full may take a copy of a file, and the chain of custody says so.
            if person in ("nadia", "hamid") and write.name.endswith("copy"):
                continue
            status = status_of(write, browser, of)
            # A program that asks twice for its own draft opens one of its own organisation; a stranger finds none.
            if status not in (403, 404, 409, 422):
                wrong.append((write.name, person, status))
    assert wrong == []
    assert everything() == before


def test_the_parts_of_one_case_are_not_found_under_another(world: World) -> None:
    """V1, V10, V13: Parveen's CERT has both cases and Bilal works for both, so that only the parent can refuse."""
    cast, alpha, beta = world.cast, values(world, "alpha"), values(world, "beta")
    power = cast.teams["power"]
    with acting(system(), reason="one CERT and one person for both"):
        for row in Incident.objects.filter(organisation=cast.organisations["beta"]).exclude(state="draft"):
            Incident.objects.filter(pk=row.pk).update(lead_team=power, viewers=sorted({*row.viewers, power.pk}))
        SupportRequest.objects.filter(organisation=cast.organisations["beta"]).update(team=power, viewers=[power.pk])
        Grant.objects.create(
            account=cast.accounts["bilal"], role="ciso", organisation=cast.organisations["beta"], valid_from=NOW
        )
    before, found = everything(), []
    browsers = {"bilal": cast.client("bilal"), "parveen": cast.client("parveen")}
    mixed = alpha | {name: beta[name] for name in NESTED}
    # The number of another kind of record of this very case, which no record of the right kind has.
    with acting(system(), reason="look"):
        lines = Entry.objects.filter(incident__number=alpha["number"]).order_by("-pk")
        strange = alpha | dict.fromkeys(NESTED, lines[0].pk)
    nested = [write for write in CASE_WRITES if write.address(mixed) != write.address(alpha)]
    assert len(nested) > 10
    for write in nested:
        for wanted in (mixed, strange):
            status = status_of(write, browsers[write.person], wanted)
            if status not in (404, 409):
                found.append((write.name, status))
    for address in (
        "/cases/{number}/tasks/{task_id}/", "/cases/{number}/artefacts/{artefact_id}/",
        "/api/cases/{number}/artefacts/{artefact_id}",
    ):  # fmt: skip
        for browser in browsers.values():
            answer = browser.get(address.format(**mixed))
            found += [] if answer.status_code == 404 else [(address, answer.status_code)]
    for address in ("indicators/{row_id}", "links/{link_id}", "shares/{access}"):
        place = f"/api/cases/{{number}}/{address}".format(**mixed | {"access": beta["access"]})
        status = browsers["parveen"].delete(place).status_code
        found += [] if status == 404 else [(place, status)]
    assert found == []
    assert everything() == before


def test_what_a_body_names_must_be_open_and_belong_there(world: World) -> None:
    """V1, V3: numbers of Beta in the body of requests about Alpha's case; records that stand already."""
    alpha, beta, before = values(world, "alpha"), values(world, "beta"), everything()
    crossed: list[tuple[str, Fields]] = [
        ("link", {"number": beta["number"]}), ("json link", {"number": beta["number"]}),
        ("merge", {"into": beta["number"]}), ("twin", {"other": beta["number"]}),
        ("assign", {"account": world.cast.accounts["farah"].pk}),
        ("json plan", {"assigned_to": world.cast.accounts["farah"].pk}),
        ("dispatch", {"account": world.cast.accounts["farah"].pk}),
        ("json report", {"organisation": "PK-T-0002"}),
        ("add task", {"assigned_to": world.cast.accounts["farah"].pk}),
    ]  # fmt: skip
    wrong = []
    for name, extra in crossed:
        write = BY_NAME[name]
        answer = write.send(world.cast.client(write.person), alpha, extra)
        if answer.status_code not in (403, 404, 409, 422) or "secret of beta" in answer.content.decode():
            wrong.append((name, answer.status_code))
    bilal = world.cast.client("bilal")
    asking = {
        "title": "x", "needs": "x", "urgency": "now", "mode": "remote", "contact": "x", "phone": "1",
        "organisation": alpha["identifier"], "case": beta["number"],
    }  # fmt: skip
    wrong += [("ask", 0)] if bilal.post("/support/new/", asking).status_code not in (404, 422) else []
    status = bilal.post("/api/support", json.dumps(asking), "application/json").status_code
    wrong += [("api ask", status)] if status not in (404, 422) else []
    assert wrong == []
    assert everything() == before


def greedy(world: World) -> Fields:
    """Every field of a case that somebody might hope to set."""
    cast, beta = world.cast, values(world, "beta")
    team, person = cast.teams["national"].pk, cast.accounts["bushra"].pk
    return {
        "id": beta["task_id"], "pk": beta["task_id"], "incident": beta["number"], "incident_id": 2, "request_id": 2,
        "organisation_id": cast.organisations["beta"].pk, "viewers": [team], "lead_team": team, "lead_team_id": team,
        "offered_team": team, "offered_team_id": team, "accepted_at": "2020-01-01", "assigned_to_id": person,
        "severity_score": 1.0, "severity_level": "low", "eu_scale": "red", "merged_into": 1, "campaign_id": 1,
        "verified_at": "2020-01-01", "opened_by_id": person, "reported_at": "2020-01-01", "closed_at": "2020-01-01",
        "door": "telephone", "given_by_id": person, "written_by_id": person, "written_by": person, "team_id": team,
        "created_by_id": person, "done_by_id": person, "added_by_id": person, "sha256": "0" * 64, "path": "/etc/passwd",
        "media_type": "text/html", "quarantined": "", "size": 1, "position": 9, "step": "x", "digest": "0" * 64,
        "signed_by_id": person, "signature": "totp", "asked_by_id": person, "accepted_by_id": person, "rating": 5,
        "met_at": "2020-01-01", "due_at": None, "read_at": "2020-01-01", "decided_by_id": person, "basis": "lead",
        "entered_by_team": team, "editing_by_id": person, "closing_report": "x", "feedback": "x", "escalations": 9,
    }  # fmt: skip


def picture(known: dict[str, set[Any]], but: frozenset[str]) -> str:
    """Everything, with the numbers of new records made alike: two runs of one request give two numbers."""
    alike, tables, numbers = [], everything(but=but), []
    for model in KEPT:
        label = model._meta.label
        points = {
            field.attname: field.related_model._meta.label  # type: ignore[union-attr]
            for field in model._meta.concrete_fields
            if field.is_relation
        }
        for row in tables[label]:
            for name, target in points.items():
                if target in known and row[name] is not None and row[name] not in known[target]:
                    row[name] = "new"
            if row["id"] not in known[label]:
                row["id"] = "new"
                numbers += [row["number"]] if isinstance(row.get("number"), str) else []
            alike.append((label, sorted(row.items())))
    shown = repr(alike)
    for number in numbers:
        shown = shown.replace(number, "new")
    return shown


def test_fields_that_a_form_does_not_have_set_nothing_of_a_case(world: World) -> None:
    """V4: each request as it is, and with every field of a case beside it: both leave the same, or it is refused."""
    of, extra, wrong = values(world, "alpha"), greedy(world), []
    known = {label: {row["id"] for row in rows} for label, rows in everything().items()}
    browsers = {person: world.cast.client(person) for person in ("bilal", "parveen")}
    but = frozenset({"digest"})
    with time_machine.travel(NOW, tick=False):
        for write in CASE_WRITES:
            real, pictures, status = write.body(of).keys(), [], 0
            more = {name: value for name, value in extra.items() if name not in real and value is not None}
            if not write.is_json:
                more = {name: value for name, value in more.items() if not isinstance(value, list)}
            for added in ({}, more):
                with undone():
                    status = status_of(write, browsers[write.person], of, added)
                    pictures.append(picture(known, but))
            if pictures[0] != pictures[1] and status != 422:
                wrong.append((write.name, status))
    assert wrong == []


def test_one_wrong_part_of_many_stops_the_whole_of_it(world: World) -> None:
    """V11: lines of indicators, facts of a report, facts of a split."""
    of, before = values(world, "alpha"), everything()
    mixed: list[tuple[str, Fields]] = [
        ("indicators", {"lines": "good.example\nno indicator at all"}),
        ("json indicators", {"lines": "good.example\nno indicator at all"}),
        ("patch report", {"facts": {"summary": "x", "no_such_fact": 1}}),
        ("save report", {"summary": "x", "aware_at": "yesterday"}),
        ("split", {"facts": ["aware_at", "no_such_fact"]}),
    ]
    statuses = {
        name: BY_NAME[name].send(world.cast.client(BY_NAME[name].person), of, extra).status_code
        for name, extra in mixed
    }
    assert {name: status for name, status in statuses.items() if status != 422} == {}
    assert everything() == before


TURNED = "Annual report \u202efdp.exe"
TEXTS = [
    ("escalate", "reason"), ("share", "reason"), ("split", "title"), ("link", "note"), ("join", "reason"),
    ("add task", "title"), ("add task", "detail"), ("custody", "holder"), ("custody", "purpose"), ("event", "body"),
    ("message", "body"), ("settle task", "outcome"), ("file", "description"), ("requirement", "note"),
    ("delay", "reason"), ("hand help over", "reason"), ("dispatch", "task"),
    ("json event", "body"), ("json task", "title"), ("save report", "summary"),
]  # fmt: skip
POLYGLOT = "'\"></textarea></title><x-evil onload=x()><script>x()</script>{{ 20|add:22 }}"


def test_hostile_text_is_kept_as_it_was_written_and_what_reads_as_another_is_refused(world: World) -> None:
    """V15: a null and marks that turn direction are refused, or left out of a report that somebody under attack
    pastes; the rest is kept letter by letter."""
    of, before, wrong = values(world, "alpha"), everything(), []
    browsers = {person: world.cast.client(person) for person in ("bilal", "parveen")}
    for name, field in TEXTS:
        write = BY_NAME[name]
        for bad in ("nul\x00l", TURNED):
            with undone():
                status = status_of(write, browsers[write.person], of, {field: bad})
                kept = everything()
                if (status != 422 and kept == before) or [one for one in ("\\x00", "\u202e") if one in repr(kept)]:
                    wrong.append((name, field, bad[:4], status))
        with undone():
            status = status_of(write, browsers[write.person], of, {field: POLYGLOT})
            if status >= 400 or POLYGLOT not in [
                value for rows in everything().values() for row in rows for value in _texts(row)
            ]:
                wrong.append((name, field, "kept", status))
    assert wrong == []


def _texts(row: Fields) -> list[Any]:
    nested = [value for value in row.values() if isinstance(value, dict)]
    return [*row.values(), *(each for one in nested for each in one.values())]


def test_writes_are_named_once() -> None:
    assert len({write.name for write in CASE_WRITES}) == len(BY_DESK) + len(BY_ORGANISATION)
