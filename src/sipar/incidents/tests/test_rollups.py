"""Roll-ups: who sends and receives them, what they may tell, and the clock that the operator's period starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from tests.cast import NOW, Cast

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents.models import Incident, RollUp
from sipar.incidents.rollup_actions import acknowledge, plan_next, send_rollup, set_period, signed_document
from sipar.incidents.rollup_selectors import last_period, rollups_seen, running_period
from sipar.incidents.tests.cases import reported
from sipar.incidents.tests.test_boards import join, many
from sipar.obligations.models import Breach, Duty
from sipar.obligations.scan import scan
from sipar.teams.models import Team

SINCE, UNTIL = NOW - timedelta(days=30), NOW - timedelta(hours=1)
SHOWN = SecondFactor("totp", NOW)
KARACHI = ZoneInfo("Asia/Karachi")


@pytest.fixture
def gul(cast: Cast) -> Actor:
    """The head of the Government CERT, which stands above that of power."""
    with acting(system(), reason="place the CERTs"):
        government = cast.teams["pk-government"]
        Team.objects.filter(pk=cast.teams["power"].pk).update(parent=government)
    return join(cast, "gul", "team_head", team=government.pk)


def send(actor: Actor, **changes: object) -> RollUp:
    asked = {"since": SINCE, "until": UNTIL, "remarks": "Calm.", "signature": SHOWN, "now": NOW} | changes
    with acting(actor, reason="send"):
        return send_rollup(actor, **asked)  # type: ignore[arg-type]


def test_a_roll_up_counts_what_the_certs_below_had_without_a_row_of_it(cast: Cast, gul: Actor) -> None:
    many(cast, {("gamma", "high"): 3, ("delta", "low"): 2})
    with acting(gul, reason="no row"):
        assert not Incident.objects.exists()
    figures = send(gul).figures
    assert figures["cases"] == 5
    assert figures["by_severity"] == {"high": 3, "low": 2}
    assert figures["by_team"][cast.teams["power"].code] == {"cases": 5, "open": 5, "missed": 0}


def test_missed_deadlines_count_where_they_fell_due(cast: Cast, gul: Actor) -> None:
    reported(cast)
    scan(now=NOW + timedelta(days=2))
    late = NOW + timedelta(days=3)
    found = send(gul, since=NOW - timedelta(days=1), until=late, now=late)
    assert found.figures["missed"] == {"service": 1}


def test_a_case_that_is_not_escalated_is_told_by_its_label_only(cast: Cast, gul: Actor) -> None:
    government, national = cast.teams["pk-government"].pk, cast.teams["national"].pk
    many(cast, {("gamma", "severe"): 3})
    with acting(system(), reason="label them"):
        green, red, escalated = Incident.objects.order_by("pk")
        for row, tlp, viewers in (
            (green, "green", [government]), (red, "red", [government]), (escalated, "red", [government, national]),
        ):  # fmt: skip
            Incident.objects.filter(pk=row.pk).update(tlp=tlp, viewers=viewers)
    found = send(gul)
    assert [(line["number"], line["why"]) for line in found.notable if line["why"] == "escalated"] == [
        (escalated.number, "escalated")
    ]
    assert [line["number"] for line in found.notable if line["why"] == "summary"] == [""]
    assert found.figures["withheld"] == 1
    text = signed_document(found).decode()
    assert "Gamma" not in text
    assert "Secret" not in text
    assert red.number not in text


def test_it_is_signed_sent_received_and_never_changes(cast: Cast, gul: Actor) -> None:
    found = send(gul)
    assert found.digest == sha256(signed_document(found)).hexdigest()
    with acting(cast.hamid, reason="receive"):
        seen = rollups_seen(cast.hamid).get()
        assert signed_document(seen) == signed_document(found)
        acknowledge(cast.hamid, seen, words="Thank you.", now=NOW)
        with pytest.raises(Conflict):
            acknowledge(cast.hamid, seen, words="", now=NOW)
    with acting(system(), reason="tamper"), pytest.raises(DatabaseError), transaction.atomic():
        RollUp.objects.update(remarks="Other")


def test_nobody_else_sees_or_sends_one(cast: Cast, gul: Actor) -> None:
    send(gul)
    for name in ("parveen", "farah", "ayesha", "kamran", "omar", "mina"):
        with acting(cast.actors[name], reason="look"):
            assert not RollUp.objects.exists(), name
            with pytest.raises(Forbidden):
                send_rollup(
                    cast.actors[name], since=SINCE, until=UNTIL, remarks="", signature=SHOWN, now=NOW
                )  # fmt: skip
        assert cast.client(name).get("/roll-ups/").status_code == 403
    with acting(gul, reason="acknowledge oneself"), pytest.raises(Forbidden):
        acknowledge(gul, RollUp.objects.get(), words="", now=NOW)


def test_an_analyst_or_a_person_without_a_second_factor_does_not_sign(cast: Cast, gul: Actor) -> None:
    analyst = join(cast, "asad", "analyst", team=cast.teams["pk-government"].pk)
    with pytest.raises(Forbidden):
        send(analyst)
    with pytest.raises(Forbidden):
        send(gul, signature=None)


def test_a_period_is_sent_once_and_only_when_it_is_over(cast: Cast, gul: Actor) -> None:
    send(gul)
    with pytest.raises(Conflict):
        send(gul)
    with pytest.raises(Invalid):
        send(gul, until=NOW + timedelta(hours=1))


def test_without_a_period_no_clock_runs_and_the_page_says_so(cast: Cast, gul: Actor) -> None:
    with acting(system(), reason="plan"):
        assert plan_next(system(), now=NOW, zone=KARACHI) == []
    assert "No period is set" in cast.client("hamid").get("/roll-ups/").content.decode()


def test_the_head_of_the_nation_sets_a_period_and_its_clock_is_missed_or_met(cast: Cast, gul: Actor) -> None:
    with acting(gul, reason="try"), pytest.raises(Forbidden):
        set_period(gul, every="month", days_to_send=5, reason="Decided", now=NOW)
    with acting(cast.hamid, reason="set"):
        set_period(cast.hamid, every="month", days_to_send=5, reason="Meeting of October", now=NOW)
    with acting(system(), reason="plan"):
        first = plan_next(system(), now=NOW, zone=KARACHI)
        assert [duty.pk for duty in plan_next(system(), now=NOW, zone=KARACHI)] == [duty.pk for duty in first]
    begin, end = running_period("month", now=NOW, zone=KARACHI)
    assert first[0].due_at == end + timedelta(days=5)
    with acting(cast.parveen, reason="look"):
        assert not Duty.objects.filter(code="rollup").exists()
    with acting(gul, reason="look"):
        assert Duty.objects.get(code="rollup").state == "running"
    send(gul, since=begin, until=end, now=end + timedelta(days=1))
    with acting(gul, reason="look"):
        assert Duty.objects.get(code="rollup").state == "met"


def test_a_roll_up_that_nobody_sent_is_a_breach(cast: Cast, gul: Actor) -> None:
    with acting(cast.hamid, reason="set"):
        set_period(cast.hamid, every="week", days_to_send=1, reason="Meeting", now=NOW)
    with acting(system(), reason="plan"):
        (duty,) = plan_next(system(), now=NOW, zone=KARACHI)
        assert duty.due_at is not None
    scan(now=duty.due_at + timedelta(hours=1))
    with acting(gul, reason="look"):
        assert Breach.objects.filter(duty=duty).count() == 1
    assert cast.client("gul").get("/duty/").status_code == 200


@pytest.mark.parametrize(
    ("every", "begin", "end"),
    [
        ("week", datetime(2026, 10, 26, tzinfo=KARACHI), datetime(2026, 11, 2, tzinfo=KARACHI)),
        ("month", datetime(2026, 10, 1, tzinfo=KARACHI), datetime(2026, 11, 1, tzinfo=KARACHI)),
        ("quarter", datetime(2026, 7, 1, tzinfo=KARACHI), datetime(2026, 10, 1, tzinfo=KARACHI)),
    ],
)
def test_the_last_period_is_the_last_one_that_is_over(every: str, begin: datetime, end: datetime) -> None:
    assert last_period(every, now=NOW.astimezone(UTC), zone=KARACHI) == (begin, end)


def test_the_pages_lead_from_assembling_to_the_receipt(cast: Cast, gul: Actor) -> None:
    client = cast.client("gul")
    assert client.get("/roll-ups/new/").status_code == 200
    answer = client.post("/roll-ups/new/", {"since": "2026-10-01", "until": "2026-10-31", "remarks": "Calm."})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    page = client.get(answer["Location"])
    assert "Calm." in page.content.decode()
    national = cast.client("hamid")
    assert national.post(f"{answer['Location']}acknowledge/", {"words": "Thanks"}).status_code == 302
    assert "Thanks" in national.get(answer["Location"]).content.decode()
    assert national.get(f"{answer['Location']}document/")["Content-Type"] == "application/json"
    assert cast.client("parveen").get(answer["Location"]).status_code == 404
    assert cast.client("ayesha").get(answer["Location"]).status_code == 403


def test_the_functions_of_roll_ups_tell_staff_of_other_certs_nothing(cast: Cast, gul: Actor) -> None:
    many(cast, {("gamma", "high"): 3})
    for name in ("parveen", "farah", "hamid", "kamran"):
        with acting(cast.actors[name], reason="try"), connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from guard.rollup_cases(%s, %s, %s)", [cast.teams["pk-government"].pk, SINCE, NOW]
            )
            assert cursor.fetchone() == (0,), name
