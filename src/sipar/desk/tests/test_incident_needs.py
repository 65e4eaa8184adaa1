"""What incidents put on a desk, on whose, and in which order."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.numbers import case_number
from sipar.desk.needs import Moment, Need
from sipar.desk.selectors import needs_of
from sipar.incidents.content_actions import send_message
from sipar.incidents.custody_actions import hand_over, return_case
from sipar.incidents.models import EmergencyReport, Incident, MailboxTrouble, Task
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.obligations.models import Duty
from sipar.obligations.scan import scan


def desk(cast: Cast, name: str, *, later: timedelta = timedelta(0)) -> list[Need]:
    with acting(cast.actors[name], reason="look"):
        return needs_of(cast.actors[name], Moment(now=NOW + later, zone=UTC))


def said(cast: Cast, name: str, *, later: timedelta = timedelta(0)) -> str:
    return "\n".join(f"{need.sentence} {need.detail}" for need in desk(cast, name, later=later))


def test_a_case_that_is_offered_stands_on_the_desks_of_that_cert_only(cast: Cast) -> None:
    reported(cast)
    assert "One case waits for acceptance." in said(cast, "danish")
    for name in ("farah", "ayesha", "bushra", "kamran", "omar"):
        assert "waits for acceptance" not in said(cast, name), name


def test_an_accepted_case_leaves_the_next_service_and_no_offer(cast: Cast) -> None:
    number = accepted(cast)
    found = said(cast, "danish")
    assert "waits for acceptance" not in found
    assert number in found


def test_what_is_late_stands_before_what_comes_later(cast: Cast) -> None:
    accepted(cast)
    scan(now=NOW + timedelta(days=5))
    found = desk(cast, "danish", later=timedelta(days=5))
    assert [need.hurts_at for need in found] == sorted(need.hurts_at for need in found)
    assert any("late" in need.sentence for need in found)


def test_a_draft_and_a_running_clock_stand_on_the_desk_of_the_organisation_alone(cast: Cast) -> None:
    number = accepted(cast)
    with acting(system(), reason="a clock and a draft"):
        incident = case_of(system(), number)
        Duty.objects.create(
            kind="statutory", incident=incident, organisation_id=incident.organisation_id, code="eu-nis2",
            stage="notification", state="running", clock="running", anchor_at=NOW, opened_at=NOW,
            due_at=NOW + timedelta(hours=72),
        )  # fmt: skip
        draft = Incident.objects.create(
            number=case_number(NOW), organisation=cast.organisations["alpha"], door="web", opened_by_id=1, opened_at=NOW
        )
    found = said(cast, "ayesha")
    assert f"case {number}" in found
    assert f"Finish your report {draft.number}" in found
    for name in ("parveen", "nadia", "bushra"):
        assert draft.number not in said(cast, name), name


def test_a_mailbox_that_cannot_be_read_stands_with_the_cert_whose_mails_it_holds(cast: Cast) -> None:
    with acting(system(), reason="a mailbox fails"):
        MailboxTrouble.objects.create(
            setting="SIPAR_FEEDS_MAIL", team=cast.teams["national"], problem="cert cannot read INBOX", since=NOW,
            tried_at=NOW,
        )  # fmt: skip
    sentence = "The mailbox of feeds cannot be read."
    assert sentence not in said(cast, "nadia")
    assert sentence in said(cast, "nadia", later=timedelta(minutes=10))
    assert sentence not in said(cast, "parveen", later=timedelta(minutes=10))
    with acting(system(), reason="it goes on"):
        MailboxTrouble.objects.update(since=timezone.now() - timedelta(hours=3), tried_at=timezone.now())
    page = cast.client("nadia").get("/report/").content.decode()
    assert "The mailbox of feeds</strong> · cannot be read since:" in page
    assert "cert cannot read INBOX" in page
    assert "Every mail was read." not in page


def test_a_task_and_a_message_stand_with_whom_they_are_for(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="work"):
        incident = case_of(cast.parveen, number)
        send_message(cast.parveen, incident, body="Please isolate the server.", now=NOW)
        for title, whom in (("Take an image", cast.parveen.account), ("Isolate the server", None)):
            Task.objects.create(
                incident=incident, organisation_id=incident.organisation_id, team=cast.teams["power"], title=title,
                for_organisation=whom is None, assigned_to_id=whom, created_by_id=1, created_at=NOW,
            )  # fmt: skip
    assert "Take an image" in said(cast, "parveen")
    assert "Take an image" not in said(cast, "danish")
    assert "Isolate the server" in said(cast, "ayesha")
    assert f"A message in case {number} waits for you." in said(cast, "ayesha")
    assert number not in said(cast, "bushra")


def test_an_emergency_stands_first_until_somebody_has_called(cast: Cast) -> None:
    with acting(system(), reason="emergency"):
        incident = Incident.objects.create(
            number=case_number(NOW), state="reported", door="emergency", lead_team=cast.teams["power"],
            viewers=[cast.teams["power"].pk], opened_by_id=1, opened_at=NOW, reported_at=NOW,
        )  # fmt: skip
        call = EmergencyReport.objects.create(
            incident=incident, team=cast.teams["power"], organisation_said="Somebody", caller_name="X", phone="1",
            received_at=NOW - timedelta(minutes=5),
        )  # fmt: skip
    assert "Call back: Somebody" in desk(cast, "danish")[0].sentence
    assert "Somebody" not in said(cast, "farah")
    with acting(system(), reason="called"):
        EmergencyReport.objects.filter(pk=call.pk).update(state="refused")
    assert "Call back" not in said(cast, "danish")


def test_what_came_back_stands_with_whom_offered_it(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="offer"):
        hand_over(cast.parveen, case_of(cast.parveen, number), to=cast.teams["bank"], reason="Yours", now=NOW)
    assert "One case waits for acceptance." in said(cast, "farah")
    with acting(cast.farah, reason="return"):
        return_case(cast.farah, case_of(cast.farah, number), reason="Not ours", now=NOW)
    assert f"returned case {number}" in said(cast, "parveen")
    assert "returned case" not in said(cast, "danish")


def test_every_line_of_a_desk_opens(cast: Cast) -> None:
    number = accepted(cast)
    reported(cast)
    with acting(cast.parveen, reason="work"):
        send_message(cast.parveen, case_of(cast.parveen, number), body="Hello", now=NOW)
    for name in ("ayesha", "parveen", "danish", "nadia", "hamid"):
        found = {need.href for need in desk(cast, name)}
        assert [address for address in found if cast.client(name).get(address).status_code != 200] == [], name


def test_the_page_more_lists_what_does_not_fit(cast: Cast) -> None:
    page = cast.client("hamid").get("/more/").content.decode()
    assert all(f'href="{address}"' in page for address in ("/board/", "/teams/", "/ledger/", "/law/"))
    assert cast.client("kamran").get("/more/").status_code == 200
