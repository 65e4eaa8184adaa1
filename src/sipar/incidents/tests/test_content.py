"""What each side says in a case, and what never crosses: notes, other cases' rows, looks that write nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from sipar.incidents import content_actions as say
from sipar.incidents import task_actions
from sipar.incidents.content_selectors import (
    access_artefact,
    access_task,
    audiences_of,
    entries_of,
    links_of,
    messages_of,
    notes_of,
    tasks_of,
)
from sipar.incidents.content_tasks import tell_of_message
from sipar.incidents.message_recipients import recipients_of
from sipar.incidents.models import Access, BreakGlass, CaseLink, Entry, Incident, Task
from sipar.incidents.projections import Projection
from sipar.incidents.selectors import audience_of
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.people.actions import grant_role
from sipar.people.models import Account

BODY = "The second relay is down too."


def seen(actor: Actor, number: str) -> tuple[Incident, Projection]:
    case = case_of(actor, number)
    return case, audience_of(actor, case, now=NOW)


def behind_glass(number: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("select id, organisation_id from guard.case_behind_glass(%s)", [number])
        key, organisation = cursor.fetchone()
    return key, organisation


def mailbox() -> list[str]:
    return sorted(address for letter in mail.outbox for address in letter.to)


def test_a_message_goes_from_the_organisation_to_its_cert_and_back(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        say.send_message(cast.ayesha, case_of(cast.ayesha, number), body=BODY, now=NOW)
    with acting(cast.parveen, reason="read"):
        case, projection = seen(cast.parveen, number)
        assert say.read_messages(cast.parveen, case, now=NOW) == 1
        say.send_message(cast.parveen, case, body="Cut the link to the vendor.", now=NOW + timedelta(minutes=1))
        assert say.read_messages(cast.parveen, case, now=NOW) == 0
        assert [entry.body for entry in messages_of(case, projection)] == ["Cut the link to the vendor.", BODY]
    with acting(cast.bilal, reason="read"):
        case, projection = seen(cast.bilal, number)
        latest, first = messages_of(case, projection)
        assert first.read_at == NOW
        assert latest.read_at is None
        assert say.read_messages(cast.bilal, case, now=NOW) == 1


def test_who_sees_the_case_without_working_on_it_writes_no_message_and_leaves_no_receipt(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        say.send_message(cast.ayesha, case_of(cast.ayesha, number), body=BODY, now=NOW)
    with acting(cast.nadia, reason="look"):
        case, projection = seen(cast.nadia, number)
        assert [entry.body for entry in messages_of(case, projection)] == [BODY]
        assert say.read_messages(cast.nadia, case, now=NOW) == 0
        with pytest.raises(Forbidden):
            say.send_message(cast.nadia, case, body="From above", now=NOW)
    with acting(cast.bushra, reason="pry"), pytest.raises(NotFound):
        case_of(cast.bushra, number)


def test_a_draft_and_a_merged_case_take_no_messages(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        case = case_of(cast.ayesha, number)
        case.state = "merged"
        with pytest.raises(Conflict):
            say.send_message(cast.ayesha, case, body=BODY, now=NOW)


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 10_001, "bell\x07", "turned \u202e around"])
def test_empty_endless_and_invisible_text_is_refused(cast: Cast, body: str) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        case = case_of(cast.ayesha, number)
        with pytest.raises(Invalid) as refused:
            say.send_message(cast.ayesha, case, body=body, now=NOW)
    assert refused.value.places[0].where == "body"


def test_notes_stay_among_teams_and_those_of_one_team_in_it(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="note"):
        case = case_of(cast.parveen, number)
        say.add_note(cast.parveen, case, body="ours alone", audience="team", now=NOW)
        say.add_note(cast.parveen, case, body="for the CERTs", audience="teams", now=NOW)
        with pytest.raises(Invalid):
            say.add_note(cast.parveen, case, body="for all", audience="everyone", now=NOW)
    read = {}
    for name in ("parveen", "nadia", "ayesha", "bilal"):
        with acting(cast.actors[name], reason="read"):
            case, projection = seen(cast.actors[name], number)
            assert not (projection.name == "organisation" and notes_of(case, projection).exists())
            read[name] = sorted(Entry.objects.filter(kind="note").values_list("body", flat=True))
    assert read == {
        "parveen": ["for the CERTs", "ours alone"], "nadia": ["for the CERTs"], "ayesha": [], "bilal": [],
    }  # fmt: skip
    with acting(cast.ayesha, reason="write a note"), pytest.raises(Forbidden):
        say.add_note(cast.ayesha, case_of(cast.ayesha, number), body="me too", now=NOW)


def test_an_organisation_cannot_write_into_the_teams_own_pages_even_by_the_database(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="forge"):
        case = case_of(cast.ayesha, number)
        with pytest.raises(Invalid):
            say.add_event(cast.ayesha, case, body="hidden", happened_at=NOW, audience="teams", now=NOW)
        with pytest.raises(DatabaseError), transaction.atomic():
            Entry.objects.create(
                incident=case, organisation_id=case.organisation_id, kind="note", audience="teams", body="forged",
                happened_at=NOW, written_by_id=cast.ayesha.account, written_at=NOW,
            )  # fmt: skip


def test_a_broken_glass_looks_and_writes_nothing(cast: Cast) -> None:
    with acting(system(), reason="make it ordinary"):
        organisation = cast.organisations["alpha"]
        organisation.tier = 3
        organisation.save()
    number = accepted(cast)
    with acting(cast.nadia, reason="break the glass"):
        assert not Incident.objects.exists()
        key, organisation_key = behind_glass(number)
        BreakGlass.objects.create(
            incident_id=key, organisation_id=organisation_key, account_id=cast.nadia.account, reason="a wave",
            opened_at=NOW, until=NOW + timedelta(days=3650),
        )  # fmt: skip
        case, projection = seen(cast.nadia, number)
        assert projection.name == "full"
        for attempt in (
            lambda: say.add_note(cast.nadia, case, body="looked", now=NOW),
            lambda: say.send_message(cast.nadia, case, body="hello", now=NOW),
            lambda: task_actions.add_task(cast.nadia, case, title="Do it", now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_an_event_keeps_its_own_time_and_stands_there_in_the_timeline(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="tell"):
        case, projection = seen(cast.ayesha, number)
        say.add_event(cast.ayesha, case, body="Mail opened", happened_at=NOW - timedelta(days=9), now=NOW)
        lines = list(entries_of(case, projection))
        assert lines[-1].body == "Mail opened"
        for when in (NOW + timedelta(hours=1), NOW.replace(year=1999), NOW.replace(tzinfo=None)):
            with pytest.raises(Invalid) as refused:
                say.add_event(cast.ayesha, case, body="No", happened_at=when, now=NOW)
            assert refused.value.places[0].where == "happened_at"


def test_a_team_that_coordinates_sees_events_but_neither_messages_nor_tasks(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        say.send_message(cast.ayesha, case_of(cast.ayesha, number), body=BODY, now=NOW)
    with acting(cast.parveen, reason="work"):
        case = case_of(cast.parveen, number)
        task_actions.add_task(cast.parveen, case, title="Cut the link", now=NOW)
        say.add_event(cast.parveen, case, body="Link cut", happened_at=NOW, now=NOW)
    with acting(system(), reason="let them coordinate"):
        Access.objects.filter(team=cast.teams["national"]).update(projection="coordination")
    with acting(cast.nadia, reason="coordinate"):
        case, projection = seen(cast.nadia, number)
        assert projection.name == "coordination"
        assert audiences_of(cast.nadia, [case], now=NOW)[case.pk] == projection
        assert {entry.kind for entry in entries_of(case, projection)} == {"event", "system"}
        assert not messages_of(case, projection).exists()
        assert not tasks_of(case, projection).exists()


def test_many_cases_are_seen_as_one_by_one(cast: Cast) -> None:
    accepted(cast)
    reported(cast)
    for name in ("ayesha", "parveen", "nadia"):
        actor = cast.actors[name]
        with acting(actor, reason="compare"):
            cases = list(Incident.objects.all())
            together = audiences_of(actor, cases, now=NOW)
            assert together == {case.pk: audience_of(actor, case, now=NOW) for case in cases}


def test_a_mail_names_the_case_and_nothing_that_was_written(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="write"):
        entry = say.send_message(cast.ayesha, case_of(cast.ayesha, number), body="<b>secret</b> relay", now=NOW)
    tell_of_message.func(entry.pk)
    assert mailbox() == ["danish@test.example", "parveen@test.example"]
    letter = mail.outbox[0]
    assert number in letter.subject
    text = str(letter.message())
    assert "secret" not in text
    assert "Alpha" not in text
    assert "Dispatch" not in text


def test_a_certs_message_is_announced_to_the_reporter_and_the_ciso_only(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="write"):
        entry = say.send_message(cast.parveen, case_of(cast.parveen, number), body=BODY, now=NOW)
    tell_of_message.func(entry.pk)
    assert mailbox() == ["ayesha@test.example", "bilal@test.example"]


def test_whoever_lost_the_role_before_the_mail_leaves_is_not_told(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="write"):
        entry = say.send_message(cast.parveen, case_of(cast.parveen, number), body=BODY, now=NOW)
    with acting(system(), reason="end a role"):
        grant = cast.accounts["ayesha"].grants.get()
        grant.valid_until = NOW
        grant.save()
        people = recipients_of(Entry.objects.select_related("incident").get(pk=entry.pk), now=NOW)
    assert [account.name for account in people] == ["Bilal"]


def test_the_person_in_charge_is_told_alone(cast: Cast) -> None:
    number = accepted(cast)
    with acting(system(), reason="hire"):
        account = Account.objects.create(email="zara@test.example", name="Zara", created_at=NOW)
        grant_role(system(), account, "analyst", team=cast.teams["power"].pk, now=NOW - timedelta(days=1))
        Incident.objects.filter(number=number).update(assigned_to_id=account.pk)
    with acting(cast.ayesha, reason="write"):
        entry = say.send_message(cast.ayesha, case_of(cast.ayesha, number), body=BODY, now=NOW)
        entry.incident.refresh_from_db()
    with acting(system(), reason="look"):
        assert [one.name for one in recipients_of(Entry.objects.get(pk=entry.pk), now=NOW)] == ["Zara"]


def test_the_organisation_sees_and_closes_what_it_is_asked_to_do_and_no_other_task(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="plan"):
        case = case_of(cast.parveen, number)
        ours = task_actions.add_task(cast.parveen, case, title="Trace the sender", now=NOW)
        theirs = task_actions.add_task(
            cast.parveen, case, title="Save the logs", for_organisation=True, due_at=NOW + timedelta(days=1), now=NOW
        )
        with pytest.raises(Invalid):
            task_actions.add_task(cast.parveen, case, title="Late", due_at=NOW - timedelta(days=1), now=NOW)
    with acting(cast.ayesha, reason="work"):
        case, projection = seen(cast.ayesha, number)
        assert [task.title for task in tasks_of(case, projection)] == ["Save the logs"]
        with pytest.raises(NotFound):
            access_task(case, projection, ours.pk)
        with pytest.raises(Invalid):
            task_actions.settle_task(cast.ayesha, case, theirs, state="dropped", now=NOW)
        task_actions.settle_task(cast.ayesha, case, theirs, state="done", outcome="Kept on tape", now=NOW)
        with pytest.raises(Conflict):
            task_actions.settle_task(cast.ayesha, case, theirs, state="done", now=NOW)
        with pytest.raises(Forbidden):
            task_actions.reopen_task(cast.ayesha, case, theirs, now=NOW)
        with pytest.raises(Forbidden):
            task_actions.add_task(cast.ayesha, case, title="For you", now=NOW)
        assert Task.objects.get(pk=theirs.pk).outcome == "Kept on tape"
    with acting(cast.parveen, reason="check"):
        task_actions.reopen_task(cast.parveen, case_of(cast.parveen, number), theirs, now=NOW)
        assert Task.objects.get(pk=theirs.pk).state == "open"


def test_a_task_is_given_to_a_colleague_and_to_nobody_outside_the_team(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="plan"):
        case = case_of(cast.parveen, number)
        task = task_actions.add_task(cast.parveen, case, title="Trace", now=NOW)
        task_actions.change_task(
            cast.parveen, case, task, due_at=NOW + timedelta(hours=3), assigned_to=cast.parveen.account, now=NOW
        )
        assert Task.objects.get(pk=task.pk).assigned_to_id == cast.parveen.account
        for stranger in (cast.nadia.account, cast.ayesha.account, 999_999):
            with pytest.raises(Invalid):
                task_actions.change_task(cast.parveen, case, task, due_at=None, assigned_to=stranger, now=NOW)
    with acting(cast.nadia, reason="interfere"):
        case = case_of(cast.nadia, number)
        with pytest.raises(Forbidden):
            task_actions.settle_task(cast.nadia, case, task, state="done", now=NOW)


def test_rows_of_one_case_do_not_exist_in_another(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    with acting(cast.parveen, reason="mix"):
        case, projection = seen(cast.parveen, first)
        task = task_actions.add_task(cast.parveen, case, title="Mine", now=NOW)
        other, _ = seen(cast.parveen, second)
        with pytest.raises(NotFound):
            access_task(other, projection, task.pk)
        # V13: the number of one kind of thing opens no other kind.
        with pytest.raises(NotFound):
            access_artefact(case, projection, task.pk)


def test_a_link_is_known_to_those_who_see_both_cases(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    with acting(cast.parveen, reason="link"):
        case, projection = seen(cast.parveen, first)
        other = case_of(cast.parveen, second)
        link = say.link_cases(cast.parveen, case, other, kind="related", note="same mail", now=NOW)
        for attempt in ((case, other), (other, case)):
            with pytest.raises(Conflict):
                say.link_cases(cast.parveen, *attempt, kind="related", now=NOW)
        with pytest.raises(Invalid):
            say.link_cases(cast.parveen, case, case, now=NOW)
        assert [one.number for _link, one in links_of(case, projection)] == [second]
        assert [one.number for _link, one in links_of(other, projection)] == [first]
    with acting(system(), reason="hide one"):
        hidden = Incident.objects.get(number=second)
        Access.objects.filter(incident=hidden, team=cast.teams["national"]).delete()
        hidden.viewers = [cast.teams["power"].pk]
        hidden.save()
    with acting(cast.nadia, reason="look"):
        case, projection = seen(cast.nadia, first)
        assert links_of(case, projection) == []
        assert not CaseLink.objects.exists()
    with acting(cast.ayesha, reason="look"):
        case, projection = seen(cast.ayesha, first)
        assert links_of(case, projection) == []
        with pytest.raises(Problem):
            say.link_cases(cast.ayesha, case, case_of(cast.ayesha, second), now=NOW)
    with acting(cast.parveen, reason="unlink"):
        say.unlink_cases(cast.parveen, case_of(cast.parveen, first), link, now=NOW)
        assert not CaseLink.objects.exists()
