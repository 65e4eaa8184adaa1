"""What falls due is found, recorded as of its true time, and told once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.obligations.actions import meet_service, move_service, start_service
from sipar.obligations.clock import moments
from sipar.obligations.models import Breach, Duty, Reminder
from sipar.obligations.scan import Claimed, claim, scan
from sipar.obligations.tests.cases import draft_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ACCEPTING: dict[str, Any] = {"code": "acknowledge", "stage": "accept"}


@pytest.fixture
def duty(cast: Cast) -> Duty:
    """A duty of Alpha that fell into force at NOW and is due eight hours later."""
    incident = draft_of(cast)
    with acting(system(), reason="set up"):
        return Duty.objects.create(
            kind="statutory", incident=incident, organisation_id=incident.organisation_id, code="law", stage="report",
            state="running", clock="running", anchor_at=NOW, due_at=NOW + 8 * HOUR, next_at=NOW + 6 * HOUR,
            opened_at=NOW,
        )  # fmt: skip


def at(moment: datetime) -> Claimed:
    return scan(now=moment)


def told(cast: Cast) -> list[tuple[str, str]]:
    """Moments and people of all reminders."""
    names = {account.pk: name for name, account in cast.accounts.items()}
    with acting(system(), reason="read"):
        return [(row.moment, names[row.account_id]) for row in Reminder.objects.order_by("at", "account_id")]


def now_of(duty: Duty) -> Duty:
    with acting(system(), reason="read"):
        return Duty.objects.get(pk=duty.pk)


def test_each_moment_comes_once_for_each_person_and_leads_to_the_next(cast: Cast, duty: Duty) -> None:
    wanted = moments(start=NOW, due=NOW + 8 * HOUR)
    for moment, then in ((wanted.before, wanted.last), (wanted.last, wanted.due), (wanted.due, wanted.late)):
        assert at(moment - timedelta(seconds=1)) == Claimed()
        assert at(moment).reminders == 2
        assert now_of(duty).next_at == then
    at(wanted.late)
    assert now_of(duty).next_at is None
    everyone = ["ayesha", "bilal"]
    assert sorted(told(cast)) == sorted(
        (moment, who) for moment in ("before", "last", "due", "late") for who in everyone
    )


def test_a_breach_is_recorded_at_its_true_time_however_late_somebody_looks(duty: Duty) -> None:
    two_days_later = NOW + 56 * HOUR
    assert at(two_days_later).breaches == 1
    with acting(system(), reason="read"):
        breach = Breach.objects.get()
    assert (breach.duty_id, breach.due_at, breach.recorded_at) == (duty.pk, NOW + 8 * HOUR, two_days_later)
    assert now_of(duty).state == "breached"


def test_reminders_that_nobody_needs_any_more_are_not_sent_after_two_days(cast: Cast, duty: Duty) -> None:
    at(NOW + 56 * HOUR)
    assert told(cast) == [("late", "ayesha"), ("late", "bilal")]


def test_a_second_look_changes_nothing(duty: Duty) -> None:
    at(NOW + 56 * HOUR)
    assert at(NOW + 57 * HOUR) == Claimed()


def test_people_of_other_organisations_hear_nothing(cast: Cast, duty: Duty) -> None:
    at(NOW + 56 * HOUR)
    assert not {who for _, who in told(cast)} & {"bushra", "parveen", "nadia", "omar", "adil"}


def test_somebody_whose_role_has_ended_hears_nothing(cast: Cast, duty: Duty) -> None:
    with acting(system(), reason="end a role"):
        cast.accounts["ayesha"].grants.update(valid_until=NOW)
    at(NOW + 7 * HOUR)
    assert told(cast) == [("before", "bilal")]


def test_the_oldest_comes_first_and_no_batch_takes_more_than_it_should(cast: Cast, duty: Duty) -> None:
    with acting(system(), reason="add one that is due later"):
        Duty.objects.filter(pk=duty.pk).update(stage="second", next_at=NOW + 7 * HOUR)
        older = Duty.objects.create(
            kind="statutory", incident=duty.incident, organisation_id=duty.organisation_id, code="law", stage="first",
            state="running", clock="running", anchor_at=NOW, due_at=NOW + 6 * HOUR, next_at=NOW + HOUR, opened_at=NOW,
        )  # fmt: skip
        assert claim(now=NOW + 8 * HOUR, batch=1).duties == 1
    assert (now_of(older).state, now_of(duty).state) == ("breached", "running")
    assert scan(now=NOW + 8 * HOUR, batch=1).duties == 1
    assert now_of(duty).state == "breached"


def test_the_clock_of_the_database_counts_not_that_of_the_worker(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting(system(), reason="due in an hour of the real clock"):
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            (now,) = cursor.fetchone()
        Duty.objects.filter(pk=duty.pk).update(anchor_at=now, due_at=now + HOUR, next_at=now + 0.75 * HOUR)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(days=3))
    assert scan() == Claimed()
    with acting(system(), reason="due an hour ago"):
        Duty.objects.filter(pk=duty.pk).update(anchor_at=now - 2 * HOUR, due_at=now - HOUR, next_at=now - HOUR)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now - timedelta(days=3))
    assert scan().breaches == 1


def test_a_service_level_reminds_the_team_and_is_missed_like_a_law(cast: Cast) -> None:
    incident = draft_of(cast)
    with acting(system(), reason="start"):
        duty = start_service(
            system(), code="acknowledge", stage="accept", due_at=NOW + HOUR, team=cast.teams["power"], now=NOW,
            incident=incident,
        )  # fmt: skip
    at(NOW + 2 * HOUR)
    assert sorted(told(cast)) == [("late", "danish"), ("late", "parveen")]
    with acting(system(), reason="meet"):
        met = meet_service(system(), code="acknowledge", stage="accept", now=NOW + 3 * HOUR, incident=incident)
    assert met is not None
    assert (met.pk, met.state) == (duty.pk, "met_late")


def test_a_service_level_is_met_in_time_and_begins_anew_when_it_is_owed_again(cast: Cast) -> None:
    incident, of = draft_of(cast), ACCEPTING
    with acting(system(), reason="start, meet, start"):
        first = start_service(system(), **of, due_at=NOW + HOUR, team=cast.teams["power"], now=NOW, incident=incident)
        meet_service(system(), **of, now=NOW + 0.5 * HOUR, incident=incident)
        second = start_service(
            system(), **of, due_at=NOW + 9 * HOUR, team=cast.teams["national"], now=NOW + 8 * HOUR, incident=incident
        )
        moved = move_service(system(), **of, due_at=NOW + 10 * HOUR, now=NOW + 8 * HOUR, incident=incident)
    assert now_of(first).state == "met"
    assert moved is not None
    assert (moved.pk, moved.due_at) == (second.pk, NOW + 10 * HOUR)


def test_moving_a_service_level_does_not_unmake_what_was_missed(cast: Cast) -> None:
    incident, of = draft_of(cast), ACCEPTING
    with acting(system(), reason="start and move too late"):
        duty = start_service(system(), **of, due_at=NOW + HOUR, team=cast.teams["power"], now=NOW, incident=incident)
        move_service(system(), **of, due_at=NOW + 9 * HOUR, now=NOW + 2 * HOUR, incident=incident)
        assert [breach.due_at for breach in Breach.objects.all()] == [NOW + HOUR]
    assert now_of(duty).state == "breached"


@pytest.mark.parametrize("state", ["running", "met", "waived", "withdrawn"])
def test_the_database_lets_nothing_lead_out_of_a_breach_but_doing_it_late(duty: Duty, state: str) -> None:
    at(NOW + 9 * HOUR)
    refused = pytest.raises(DatabaseError, match="cannot go from breached")
    with acting(system(), reason="try"), refused, transaction.atomic():
        Duty.objects.filter(pk=duty.pk).update(state=state)


@pytest.mark.parametrize(
    "statement",
    ["update obligations_breach set due_at = now()", "delete from obligations_breach", "truncate obligations_breach"],
)
def test_the_database_keeps_a_breach_for_ever(duty: Duty, statement: str) -> None:
    at(NOW + 9 * HOUR)
    refused = pytest.raises(DatabaseError)
    with acting(system(), reason="try"), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with acting(system(), reason="read"):
        assert Breach.objects.count() == 1


def test_nobody_but_sipar_writes_a_breach(cast: Cast, duty: Duty) -> None:
    with acting(cast.bilal, reason="try"), pytest.raises(DatabaseError), transaction.atomic():
        Breach.objects.create(duty=duty, due_at=NOW, recorded_at=NOW)
