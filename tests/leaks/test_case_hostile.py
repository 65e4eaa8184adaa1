"""V15, V16, V18, V21, V25 for cases: what somebody writes into one, in pages, files, calendars and mails."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from sipar.assessments.models import Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.content_tasks import tell_of_message
from sipar.incidents.models import Entry, Incident
from sipar.obligations.models import Reminder
from sipar.obligations.reminders import deliver_reminders
from sipar.people.models import Account, Grant
from tests.cast import NOW, Cast
from tests.doors import doors_open_to, read_whole
from tests.leaks.test_hostile_text import SHORT, faults_in
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def hostile(campaign: Campaign, cast: Cast) -> World:
    return build_world(cast, says=SHORT)


def test_no_page_of_a_case_runs_what_somebody_wrote_into_it(hostile: World) -> None:
    """V15, V16: every page there is, for the organisation, its CERT and the National CERT, in both languages."""
    faults, shown, values = [], 0, hostile.case_of("alpha")
    for person, language in (("bilal", "en"), ("parveen", "ur"), ("nadia", "en"), ("omar", "en")):
        Account.objects.filter(is_system=False).update(language=language)
        browser = hostile.cast.client(person)
        for door in doors_open_to(hostile.cast.actors[person]):
            response = read_whole(browser.get(door.address(values)))
            if response.headers.get("Content-Type", "").startswith("text/html"):
                page = response.content.decode()
                faults += [(person, door.route, fault) for fault in faults_in(page)]
                shown += "&lt;x-evil" in page
    assert faults == []
    assert shown > 30


def test_files_and_tables_of_a_case_leave_as_what_they_are(hostile: World) -> None:
    """V15: a name out of a report makes no second header, a cell no formula, a calendar line no second line."""
    of, parveen = hostile.case_of("alpha"), hostile.cast.client("parveen")
    copy: Any = parveen.post(f"/cases/{of['number']}/artefacts/{of['artefact_id']}/copy/", {"purpose": "read"})
    b"".join(copy.streaming_content)
    assert copy.headers["Content-Type"] in ("application/octet-stream", "text/plain")
    assert copy.headers["Content-Disposition"].startswith("attachment")
    assert copy.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    table = parveen.get(f"/cases/{of['number']}/indicators.csv")
    assert not re.search(rb"(^|,)[=+@-]", table.content.replace(b"\r\n", b"\n"), re.MULTILINE)
    feed = Client().get("/duties/feed/calendar-of-alpha.ics")
    assert feed.status_code == 200
    assert b"x-evil" not in feed.content


def letters(settings: Any) -> list[Any]:
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    return list(mail.outbox)


def test_a_mail_about_a_case_says_nothing_of_it_and_goes_to_the_other_side_only(world: World, settings: Any) -> None:
    """V18, V21: messages in both directions; whoever lost the role, or closed the account, hears nothing."""
    letters(settings)
    cast, number = world.cast, world.case_of("alpha")["number"]
    with acting(system(), reason="look"):
        lines = Entry.objects.filter(incident__number=number, kind="message")
        from_desk, from_organisation = lines.get(team__isnull=False), lines.get(team=None)
        Incident.objects.filter(number=number).update(assigned_to_id=None)
    tell_of_message(from_desk.pk)
    tell_of_message(from_organisation.pk)
    sent = [(address, letter) for letter in letters(settings) for address in letter.to]
    staff = {"ayesha@test.example", "bilal@test.example", "parveen@test.example", "danish@test.example"}
    assert {address for address, _ in sent} <= staff
    assert len(sent) >= 3
    for _, letter in sent:
        text = f"{letter.subject}{letter.body}"
        assert "secret" not in text
        assert [*letter.cc, *letter.bcc, *getattr(letter, "alternatives", []), *letter.attachments] == []
    mail.outbox.clear()
    with acting(system(), reason="they left"):
        Grant.objects.filter(account=cast.accounts["ayesha"]).update(valid_until=NOW - timedelta(days=1))
    Account.objects.filter(pk=cast.accounts["bilal"].pk).update(is_active=False)
    tell_of_message(from_desk.pk)
    assert letters(settings) == []


def test_a_reminder_is_its_persons_and_tells_no_word_of_the_case(world: World, settings: Any) -> None:
    """V21: the reminders of three organisations in one run; nobody gets another's."""
    letters(settings)
    numbers = {key: str(world.case_of(key)["number"]) for key in ("alpha", "beta", "delta")}
    deliver_reminders(now=NOW + timedelta(minutes=1))
    whose = {"bilal@test.example": "alpha", "bushra@test.example": "beta", "dara@test.example": "delta"}
    told = {letter.to[0]: f"{letter.subject}{letter.body}" for letter in letters(settings)}
    assert set(told) == set(whose)
    for address, text in told.items():
        assert [key for key, number in numbers.items() if number in text] == [whose[address]]
        assert "secret" not in text
    with acting(world.cast.bushra, reason="look"):
        assert set(Reminder.objects.values_list("account_id", flat=True)) == {world.cast.bushra.account}


def test_a_calendar_holds_what_its_owner_may_see_now(world: World) -> None:
    """V23, V24, V25: a wrong secret, a role that ended, an account that was closed, an address that was renewed."""
    address, other = "/duties/feed/calendar-of-beta.ics", str(world.case_of("alpha")["number"])
    feed = Client().get(address)
    assert feed.status_code == 200
    assert b"VEVENT" in feed.content
    assert other.encode() not in feed.content
    assert b"secret" not in feed.content
    for wrong in ("calendar-of-nobody", "x" * 200, "%00", "calendar-of-beta%0d%0aX-A: b"):
        assert Client().get(f"/duties/feed/{wrong}.ics").status_code == 404
    assert Client().post(address).status_code == 405
    with acting(system(), reason="the role ends"):
        Grant.objects.filter(account=world.cast.accounts["bushra"]).update(valid_until=NOW - timedelta(days=1))
    assert Client().get(address).status_code == 404
    mine = "/duties/feed/calendar-of-alpha.ics"
    assert Client().get(mine).status_code == 200
    world.cast.client("bilal").post(reverse("renew_my_calendar"))
    assert Client().get(mine).status_code == 404
