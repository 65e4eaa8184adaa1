"""One mail for a person and run, never twice, with nothing of a case in it; and the calendar under a secret address."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from icalendar import Calendar
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Incident
from sipar.obligations.actions import recompute
from sipar.obligations.calendar_feed import calendar_of, reader_of
from sipar.obligations.models import CalendarFeed, Reminder
from sipar.obligations.reading_actions import mark_reminders_read, renew_calendar, revoke_calendar
from sipar.obligations.reminders import deliver_reminders, perhaps_not_sent
from sipar.obligations.scan import scan
from sipar.obligations.selectors import count_by_state, duties_of_person, unread_reminders
from sipar.obligations.tests.cases import BOUND, SERIOUS, draft_of, tell

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECRET = "the turbine hall in block seven"


@pytest.fixture
def incident(cast: Cast) -> Incident:
    """A draft of Alpha on which India's and Europe's clocks run."""
    found = tell(draft_of(cast), aware_at=NOW, summary=SECRET, **BOUND, **SERIOUS)
    with acting(cast.bilal, reason="compute"):
        recompute(cast.bilal, found, reason="told", now=NOW)
    return found


def outbox() -> list[EmailMessage]:
    return list(mail.outbox)


def tokens_waiting() -> list[str]:
    with acting(system(), reason="read"):
        return list(Reminder.objects.filter(mailed_at=None).values_list("mail_token", flat=True))


def test_each_person_gets_one_mail_that_bundles_everything(cast: Cast, incident: Incident) -> None:
    scan(now=NOW + 60 * HOUR)
    assert deliver_reminders(now=NOW + 60 * HOUR) == 2
    assert sorted(message.to[0] for message in outbox()) == ["ayesha@test.example", "bilal@test.example"]
    assert all("CERT-In" in message.body and "2022/2555" in message.body for message in outbox())


def test_a_second_run_sends_nothing(incident: Incident) -> None:
    scan(now=NOW + 5 * HOUR)
    assert deliver_reminders(now=NOW + 5 * HOUR) == 2
    assert deliver_reminders(now=NOW + 5 * HOUR) == 0
    assert len(outbox()) == 2


def test_a_mail_tells_number_stage_law_and_time_and_nothing_of_the_case(incident: Incident) -> None:
    scan(now=NOW + 5 * HOUR)
    deliver_reminders(now=NOW + 5 * HOUR)
    text = f"{outbox()[0].subject} {outbox()[0].body}"
    assert incident.number in text
    assert "1 h 0 min left" in text
    assert SECRET not in text
    assert "Alpha" not in text


def test_the_message_id_follows_from_the_token_that_was_committed_before(incident: Incident) -> None:
    scan(now=NOW + 5 * HOUR)
    deliver_reminders(now=NOW + 5 * HOUR)
    with acting(system(), reason="read"):
        tokens = set(Reminder.objects.values_list("mail_token", flat=True))
    assert {message.extra_headers["Message-ID"] for message in outbox()} == {f"<{token}@localhost>" for token in tokens}


def test_a_crash_while_sending_never_sends_twice_and_is_noticed(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(now=NOW + 5 * HOUR)
    real = EmailMessage.send

    def dies(message: EmailMessage, *args: Any, **kwargs: Any) -> int:
        real(message, *args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmailMessage, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        deliver_reminders(now=NOW + 5 * HOUR)
    monkeypatch.setattr(EmailMessage, "send", real)
    assert deliver_reminders(now=NOW + 5 * HOUR) == 1
    assert len({message.to[0] for message in outbox()}) == len(outbox()) == 2
    with acting(system(), reason="look after the mail"):
        assert perhaps_not_sent(now=NOW + 5 * HOUR).count() == 0
        assert perhaps_not_sent(now=NOW + 6 * HOUR).count() == 1


def test_a_server_that_is_away_loses_no_reminder(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(now=NOW + 5 * HOUR)
    real = EmailMessage.send

    def refuses(message: EmailMessage, *args: Any, **kwargs: Any) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", refuses)
    assert deliver_reminders(now=NOW + 5 * HOUR) == 0
    assert tokens_waiting() == ["", ""]
    monkeypatch.setattr(EmailMessage, "send", real)
    assert deliver_reminders(now=NOW + 5 * HOUR) == 2


def test_one_refused_address_does_not_keep_the_others_waiting(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(now=NOW + 5 * HOUR)
    real = EmailMessage.send

    def refuses_one(message: EmailMessage, *args: Any, **kwargs: Any) -> int:
        if message.to == ["ayesha@test.example"]:
            raise smtplib.SMTPRecipientsRefused({})
        return int(real(message, *args, **kwargs) or 0)

    monkeypatch.setattr(EmailMessage, "send", refuses_one)
    assert deliver_reminders(now=NOW + 5 * HOUR) == 1
    assert deliver_reminders(now=NOW + 5 * HOUR) == 0


def test_somebody_whose_role_ended_after_the_reminder_gets_no_mail(cast: Cast, incident: Incident) -> None:
    scan(now=NOW + 5 * HOUR)
    with acting(system(), reason="end a role"):
        cast.accounts["ayesha"].grants.update(valid_until=NOW + 5 * HOUR)
    deliver_reminders(now=NOW + 5 * HOUR)
    assert [message.to[0] for message in outbox()] == ["bilal@test.example"]


def test_a_person_sees_and_puts_aside_only_own_reminders(cast: Cast, incident: Incident) -> None:
    scan(now=NOW + 5 * HOUR)
    with acting(cast.ayesha, reason="read"):
        assert unread_reminders(cast.ayesha).count() == 1
        assert mark_reminders_read(cast.ayesha, now=NOW) == 1
        assert unread_reminders(cast.ayesha).count() == 0
    with acting(cast.bilal, reason="read"):
        assert unread_reminders(cast.bilal).count() == 1
        foreign = Reminder.objects.filter(account_id=cast.ayesha.account)
        assert (foreign.count(), foreign.update(read_at=None)) == (0, 0)


def test_own_deadlines_are_those_of_ones_organisation(cast: Cast, incident: Incident) -> None:
    with acting(cast.ayesha, reason="read"):
        assert duties_of_person(cast.ayesha, states=["running"]).count() == 3
        assert count_by_state(cast.ayesha)["running"] == 3
    for stranger in (cast.bushra, cast.parveen, cast.nadia):
        with acting(stranger, reason="read"):
            assert duties_of_person(stranger).count() == 0


def test_the_calendar_has_number_stage_law_and_utc_and_nothing_of_the_case(cast: Cast, incident: Incident) -> None:
    with acting(cast.ayesha, reason="read"):
        data = calendar_of(cast.ayesha, now=NOW)
    events: list[Any] = Calendar.from_ical(data).walk("VEVENT")
    assert [event["dtstart"].dt for event in events] == [NOW + 6 * HOUR, NOW + 24 * HOUR, NOW + 72 * HOUR]
    assert incident.number in events[0]["summary"]
    assert SECRET.encode() not in data
    assert b"Alpha" not in data


def test_a_calendar_address_dies_when_it_is_renewed_or_revoked(cast: Cast) -> None:
    with acting(cast.ayesha, reason="make"):
        first = renew_calendar(cast.ayesha, now=NOW)
        second = renew_calendar(cast.ayesha, now=NOW)
        assert first not in str(CalendarFeed.objects.values().get())
    assert reader_of(first, now=NOW) is None
    opened = reader_of(second, now=NOW)
    assert opened is not None
    assert opened.account == cast.ayesha.account
    with acting(cast.ayesha, reason="revoke"):
        assert revoke_calendar(cast.ayesha)
    assert reader_of(second, now=NOW) is None


def test_a_calendar_address_dies_with_the_role_and_with_the_account(cast: Cast) -> None:
    with acting(cast.ayesha, reason="make"):
        token = renew_calendar(cast.ayesha, now=NOW)
    account = cast.accounts["ayesha"]
    with acting(system(), reason="end the role"):
        account.grants.update(valid_until=NOW)
    assert reader_of(token, now=NOW) is None
    with acting(system(), reason="give it back, close the account"):
        account.grants.update(valid_until=None)
        account.is_active = False
        account.save(update_fields=["is_active"])
    assert reader_of(token, now=NOW) is None
