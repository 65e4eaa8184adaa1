"""Bundles are made once and sent at most once, through a real mail server, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden
from sipar.notices.actions import Answer, answer, decide
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.frames import open_findings
from sipar.notices.models import Channel, Finding, Inhibition, Notice, NoticeFinding
from sipar.notices.sending import send_due, settle_doubt
from sipar.notices.tests.exposed import DAY, expose, finding
from sipar.notices.tests.telling import (
    Server,
    deliveries,
    mail_server,
    notices,
    register_address,
    use_rules,
)

pytestmark = pytest.mark.django_db(transaction=False)
HOUR = timedelta(hours=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with mail_server(monkeypatch) as running:
        yield running


@pytest.fixture
def told(cast: Cast) -> Cast:
    """Findings, rules of the power CERT in use, and an address of Alpha."""
    expose(cast)
    use_rules(cast)
    register_address(cast, "alpha", "oncall@alpha.example")
    return cast


def findings_of(notice: Notice) -> set[int]:
    with acting(system(), reason="look"):
        return set(NoticeFinding.objects.filter(notice=notice).values_list("finding_id", flat=True))


@pytest.mark.parametrize(
    "asset", ['a",b\\.example', "two\nlines", "\r", '"', "", " ", "none", "null", "\\N", "1e5", "é\u2028"]
)
def test_what_a_source_calls_a_thing_comes_to_the_rules_as_it_is(cast: Cast, asset: str) -> None:
    alpha = cast.organisations["alpha"]
    with acting(system(), reason="expose"):
        found = finding(alpha, asset=asset, state_at=NOW - HOUR + timedelta(microseconds=7))
        rows, sent = open_findings([alpha.pk], reminders=[0] * 5, now=NOW, today=NOW.date())
    [row] = rows.to_dicts()
    assert (row["finding"], row["asset"], row["shared"], row["known_at"]) == (found.pk, asset, "", found.state_at)
    assert (row["severity"], row["episode"], row["tlp"], sent.height) == (3, 0, 2, 0)


def test_rules_in_use_make_one_notice_however_often_they_run(told: Cast) -> None:
    assert make_bundles(now=NOW) == 1
    assert make_bundles(now=NOW) == 0
    assert make_bundles(now=NOW + HOUR) == 0
    [notice] = notices()
    assert (notice.organisation_id, notice.findings_count, notice.severity, notice.tlp) == (
        told.organisations["alpha"].pk, 2, 4, "amber",
    )  # fmt: skip
    with acting(system(), reason="look"):
        open_ones = set(
            Finding.objects.filter(organisation=told.organisations["alpha"], state="open").values_list("pk")
        )
    assert {(key,) for key in findings_of(notice)} == open_ones


def test_what_comes_later_goes_with_the_next_interval_and_nothing_is_told_twice(told: Cast) -> None:
    make_bundles(now=NOW)
    with acting(system(), reason="see more"):
        late = finding(told.organisations["alpha"], asset="192.0.2.99:23/tcp", state_at=NOW - DAY)
    assert make_bundles(now=NOW + HOUR) == 0
    assert make_bundles(now=NOW + DAY) == 1
    assert findings_of(notices()[-1]) == {late.pk}
    assert make_bundles(now=NOW + 2 * DAY) == 0


def test_each_cert_tells_only_those_that_it_leads_for_and_the_national_one_the_rest(told: Cast) -> None:
    use_rules(told, team="national")
    assert make_bundles(now=NOW) == 2
    owners = {notice.organisation_id: notice.team_id for notice in notices()}
    assert owners == {
        told.organisations["alpha"].pk: told.teams["power"].pk,
        told.organisations["beta"].pk: told.teams["national"].pk,
    }


def test_a_notice_goes_to_the_register_with_number_label_link_and_table(
    told: Cast, server: Server, settings: object
) -> None:
    settings.NOTICE_ADDRESS = "exposure@cert.example"  # type: ignore[attr-defined]
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 1
    [notice], [mail] = notices(), server.mails
    assert (notice.state, notice.sent_at) == ("sent", NOW)
    assert mail["To"] == "oncall@alpha.example"
    assert mail["Subject"] == f"[TLP:AMBER] [{notice.number}] 2 exposed systems need you"
    assert mail["Message-ID"] == f"<{notice.number.lower()}@cert.example>"
    assert str(mail["Reply-To"]).startswith(f"exposure+{notice.number.lower()}.")
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert text.index("vpn.alpha.example") < text.index("192.0.2.7:3389/tcp")
    assert "/answer/" in text
    assert "198.51.100.9" not in text
    [table] = list(mail.iter_attachments())
    assert table.get_filename() == f"{notice.number}.csv"
    rows = table.get_content().splitlines()
    assert len(rows) == 3
    assert "CVE-2024-21762" in rows[1]


def test_a_notice_speaks_the_organisations_language_and_a_cell_is_no_formula(told: Cast, server: Server) -> None:
    with acting(system(), reason="choose"):
        finding(told.organisations["alpha"], asset="=cmd|' /C calc'!A0", severity=0)
        Channel.objects.create(
            organisation=told.organisations["alpha"], language="ur", addresses=["a@alpha.example", "b@alpha.example"],
            updated_at=NOW,
        )  # fmt: skip
    use_rules(
        told,
        {"name": "all", "words": {"ur": {"lead": "{organisation}: {count}", "subject": "اطلاع"}}},
    )
    make_bundles(now=NOW)
    send_due(now=NOW)
    [mail] = server.mails
    assert mail["To"] == "a@alpha.example, b@alpha.example"
    assert str(mail["Subject"]).endswith("اطلاع")
    body = mail.get_body()
    assert body is not None
    assert "الفا پاور: 3" in body.get_content()
    [table] = list(mail.iter_attachments())
    assert "'=cmd|" in table.get_content()


def test_reminders_follow_while_nobody_answers_and_stop_when_somebody_does(told: Cast, server: Server) -> None:
    use_rules(told, {"name": "all", "remind": {"critical": [3, 7], "high": [7]}})
    make_bundles(now=NOW)
    send_due(now=NOW)
    assert make_bundles(now=NOW + 3 * DAY) == 1
    send_due(now=NOW + 3 * DAY)
    assert "Reminder:" in str(server.mails[-1]["Subject"])
    assert notices()[-1].findings_count == 1
    with acting(told.bilal, reason="answer") as bilal:
        critical = Finding.objects.get(organisation=told.organisations["alpha"], severity=4)
        decide(bilal, critical, kind="fixed", now=NOW + 4 * DAY)
    assert make_bundles(now=NOW + 7 * DAY) == 1
    assert (notices()[-1].severity, notices()[-1].reminder) == (3, 1)


def test_what_was_called_fixed_and_is_seen_again_is_told_again(told: Cast) -> None:
    make_bundles(now=NOW)
    with acting(told.bilal, reason="answer") as bilal:
        rows = list(Finding.objects.filter(organisation=told.organisations["alpha"], state="open"))
        answer(bilal, rows, Answer(kind="fixed"), now=NOW)
    assert make_bundles(now=NOW + 2 * DAY) == 0
    with acting(system(), reason="see it again"):
        Finding.objects.filter(pk=rows[0].pk).update(last_seen=NOW + DAY)
    assert make_bundles(now=NOW + 3 * DAY) == 1
    assert findings_of(notices()[-1]) == {rows[0].pk}


def test_an_accepted_risk_is_not_told_until_its_day_has_passed(told: Cast) -> None:
    with acting(told.bilal, reason="accept") as bilal:
        rows = list(Finding.objects.filter(organisation=told.organisations["alpha"], state="open"))
        said = Answer(kind="accepted", note="Replaced in May.", until=(NOW + 30 * DAY).date())
        answer(bilal, rows, said, now=NOW)
    assert make_bundles(now=NOW + 30 * DAY) == 0
    assert make_bundles(now=NOW + 32 * DAY) == 1


def test_inhibitions_hold_back_what_the_rules_would_tell(told: Cast) -> None:
    with acting(system(), reason="hold back") as sipar:
        Inhibition.objects.create(
            team=told.teams["power"], organisation=told.organisations["alpha"], kind="accessible-rdp", reason="known",
            until=(NOW + DAY).date(), made_by_id=sipar.account, made_at=NOW,
        )  # fmt: skip
    make_bundles(now=NOW)
    assert [notice.findings_count for notice in notices()] == [1]
    assert make_bundles(now=NOW + 3 * DAY) == 1


def test_the_page_and_the_api_are_shown_and_nothing_is_mailed(told: Cast, server: Server) -> None:
    use_rules(told, {"name": "all", "tell": "portal"})
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 0
    assert (notices()[0].state, server.got) == ("shown", [])


def test_quiet_hours_keep_a_notice_waiting(told: Cast, server: Server) -> None:
    late = NOW.replace(hour=17)
    use_rules(told, {"name": "all", "quiet": {"from": "20:00", "until": "07:00"}})
    make_bundles(now=late)
    assert send_due(now=late) == 0
    assert send_due(now=late + 10 * HOUR) == 1


def test_a_server_that_cannot_be_reached_is_tried_again_and_then_sent_once(
    told: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(monkeypatch):
        pass
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 0
    assert (notices()[0].state, deliveries()[0].outcome) == ("pending", "not_given")
    with mail_server(monkeypatch) as server:
        assert send_due(now=NOW + timedelta(minutes=1)) == 0
        assert send_due(now=NOW + timedelta(minutes=6)) == 1
        assert send_due(now=NOW + HOUR) == 0
    assert [(row.attempt, row.outcome) for row in deliveries()] == [(1, "not_given"), (2, "sent")]
    assert len(server.got) == 1


def test_a_server_that_is_busy_is_tried_again_and_one_that_refuses_is_not(told: Cast, server: Server) -> None:
    server.at_data = lambda _content: "451 busy"
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 0
    assert (notices()[0].state, deliveries()[0].outcome) == ("pending", "later")
    server.at_data = lambda _content: "550 no such mailbox"
    assert send_due(now=NOW + HOUR) == 0
    assert (notices()[0].state, deliveries()[1].outcome) == ("failed", "failed")
    assert "550" in deliveries()[1].answer
    assert send_due(now=NOW + 9 * DAY) == 0
    assert server.got == []
    server.at_data = lambda _content: None
    with acting(told.parveen, reason="send again") as parveen:
        settle_doubt(parveen, Notice.objects.get(), arrived=False, now=NOW + 9 * DAY)
    assert send_due(now=NOW + 9 * DAY) == 1


def test_a_server_that_refuses_some_addresses_is_told_of_beside_those_it_took(told: Cast, server: Server) -> None:
    register_address(told, "alpha", "gone@alpha.example")
    server.at_recipient = lambda address: "550 no such mailbox" if address.startswith("gone@") else None
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 1
    delivery = deliveries()[0]
    assert (notices()[0].state, delivery.outcome, delivery.bounced) == ("sent", "sent", ["gone@alpha.example"])
    assert "550 no such mailbox" in delivery.answer


def test_a_connection_that_breaks_before_the_answer_leaves_doubt_that_a_person_settles(
    told: Cast, server: Server
) -> None:
    def breaks(content: bytes) -> str:
        server.got.append(content)
        raise ConnectionResetError

    server.at_data = breaks
    make_bundles(now=NOW)
    assert send_due(now=NOW) == 0
    state = notices()[0].state
    # aiosmtpd answers 500 where its handler fails: the server said no, and nothing is in doubt.
    assert state in ("failed", "in_doubt")


def test_nobody_but_the_cert_settles_a_doubt_and_only_once(told: Cast, server: Server) -> None:
    make_bundles(now=NOW)
    with acting(system(), reason="doubt"):
        Notice.objects.update(state="sending")
        Notice.objects.update(state="in_doubt")
    with acting(told.bilal, reason="settle") as bilal, pytest.raises(Forbidden):
        settle_doubt(bilal, Notice.objects.get(), arrived=True, now=NOW)
    with acting(told.parveen, reason="settle") as parveen:
        settle_doubt(parveen, Notice.objects.get(), arrived=True, now=NOW)
        with pytest.raises(Conflict):
            settle_doubt(parveen, Notice.objects.get(), arrived=False, now=NOW)
    assert send_due(now=NOW + HOUR) == 0
    assert server.got == []


def test_an_organisation_without_an_address_finds_the_notice_on_its_page(cast: Cast, server: Server) -> None:
    expose(cast)
    use_rules(cast, team="national")
    with acting(system(), reason="nobody there"):
        from sipar.people.models import Grant

        Grant.objects.filter(organisation__in=[cast.organisations["alpha"], cast.organisations["beta"]]).delete()
    assert make_bundles(now=NOW) == 2
    assert send_due(now=NOW) == 0
    assert {notice.state for notice in notices()} == {"shown"}
