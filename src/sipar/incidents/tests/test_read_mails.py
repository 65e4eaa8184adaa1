"""Mails that are no report wait for a person, who takes them up for an organisation or sets them aside."""

from __future__ import annotations

from datetime import UTC
from email.message import EmailMessage

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.desk.needs import Moment
from sipar.desk.selectors import needs_of
from sipar.incidents.artefact_actions import LARGEST
from sipar.incidents.mail_actions import receive_mail, refuse_mail
from sipar.incidents.models import Artefact, InboundMail, Incident

WORDS = "Help, nothing works since 9 o'clock. <script>x()</script>\nWe are Alpha Power."


@pytest.fixture
def mail(cast: Cast) -> InboundMail:
    return arrived()


def arrived(body: str = WORDS, *, name: str = "<1@alpha.example>", automatic: bool = False) -> InboundMail:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Bilal <bilal@alpha.example>", "cert@cert.example", "URGENT"
    made["Message-ID"] = name
    if automatic:
        made["Auto-Submitted"] = "auto-replied"
    made.set_content(body)
    made.add_attachment(b"10:00 locked", maintype="text", subtype="plain", filename="log.txt")
    with acting(system(), reason="a mail comes"):
        return receive_mail(system(), made.as_bytes(), now=timezone.now())


def take_up(cast: Cast, mail: InboundMail, *, person: str = "nadia", organisation: str = "alpha") -> int:
    body = {"organisation": cast.organisations[organisation].identifier}
    return cast.client(person).post(f"/report/mails/{mail.pk}/take-up/", body).status_code


def set_aside(cast: Cast, mail: InboundMail, *, person: str = "nadia") -> int:
    return cast.client(person).post(f"/report/mails/{mail.pk}/set-aside/", {"note": "an advertisement"}).status_code


def state(mail: InboundMail) -> str:
    with acting(system(), reason="look"):
        return InboundMail.objects.get(pk=mail.pk).state


def test_a_mail_that_is_no_report_waits_at_the_desk_of_the_national_cert_and_of_nobody_else(
    cast: Cast, mail: InboundMail
) -> None:
    address = f"/report/mails/{mail.pk}/"
    with acting(cast.nadia, reason="look at my desk"):
        needs = needs_of(cast.nadia, Moment(now=timezone.now(), zone=UTC))
    assert "A mail waits to be read." in [need.sentence for need in needs]
    nadia = cast.client("nadia")
    assert address in nadia.get("/report/").content.decode()
    assert "Read the mail: URGENT" in nadia.get(reverse("duty_desk")).content.decode()
    page = nadia.get(address).content.decode()
    assert "Help, nothing works since 9 o&#x27;clock." in page
    assert "<script>x()" not in page
    for name, status in {"parveen": 404, "farah": 404, "bilal": 403, "kamran": 403, "mina": 403, "omar": 403}.items():
        client = cast.client(name)
        assert client.get(address).status_code == status, name
        assert client.get(f"{address}original/").status_code == status, name
        assert address not in client.get("/report/").content.decode(), name
        assert take_up(cast, mail, person=name) == status, name
        assert set_aside(cast, mail, person=name) == status, name
    assert state(mail) == "waiting"


def test_whoever_called_the_organisation_begins_its_report_with_the_words_and_files_of_the_mail(
    cast: Cast, mail: InboundMail
) -> None:
    assert take_up(cast, mail) == 302
    with acting(cast.nadia, reason="look"):
        incident = Incident.objects.select_related("report").get()
        assert Artefact.objects.get().name == "log.txt"
        kept = InboundMail.objects.get(pk=mail.pk)
    assert (incident.state, incident.organisation_id) == ("draft", cast.organisations["alpha"].pk)
    assert incident.report.facts["summary"] == f"URGENT\n{WORDS}"
    assert (kept.state, kept.incident_id, kept.settled_by_id) == ("taken", incident.pk, cast.accounts["nadia"].pk)
    assert cast.client("nadia").get(f"/report/{incident.number}/").status_code == 200
    page = cast.client("nadia").get(f"/report/mails/{mail.pk}/").content.decode()
    assert f"/report/{incident.number}/" in page
    assert "take-up" not in page

    assert take_up(cast, mail, person="hamid", organisation="beta") == 409
    with acting(system(), reason="look"):
        assert Incident.objects.count() == 1


def test_a_mail_that_was_set_aside_is_listed_with_its_word_and_can_still_be_taken_up(
    cast: Cast, mail: InboundMail
) -> None:
    assert set_aside(cast, mail) == 302
    assert state(mail) == "aside"
    nadia = cast.client("nadia")
    start = nadia.get("/report/").content.decode()
    assert "Every mail was read." in start
    assert f"/report/mails/{mail.pk}/" in start
    assert "an advertisement" in nadia.get(f"/report/mails/{mail.pk}/").content.decode()
    assert take_up(cast, mail) == 302
    assert state(mail) == "taken"


def test_a_mail_waits_again_where_the_report_that_was_begun_from_it_is_given_up(cast: Cast, mail: InboundMail) -> None:
    assert take_up(cast, mail, organisation="beta") == 302
    with acting(system(), reason="look"):
        number = Incident.objects.get().number
    assert cast.client("nadia").post(f"/report/{number}/discard/").status_code == 302
    assert state(mail) == "waiting"
    assert take_up(cast, mail) == 302
    with acting(system(), reason="look"):
        assert Incident.objects.get(state="draft").organisation == cast.organisations["alpha"]


def test_no_sql_sets_a_mail_aside_that_became_a_report(cast: Cast, mail: InboundMail) -> None:
    assert take_up(cast, mail) == 302
    with acting(cast.nadia, reason="hide it"), pytest.raises(DatabaseError), transaction.atomic():
        InboundMail.objects.filter(pk=mail.pk).update(state="aside")


def test_a_file_that_a_case_does_not_take_stays_in_the_mail_and_the_rest_comes_along(
    cast: Cast, mail: InboundMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LARGEST, "attachment", 5)
    assert take_up(cast, mail) == 302
    with acting(cast.nadia, reason="look"):
        assert not Artefact.objects.exists()
        assert Incident.objects.get().report.facts["summary"].startswith("URGENT")
    assert b"log.txt" in b"".join(cast.client("nadia").get(f"/report/mails/{mail.pk}/original/"))


def test_the_mail_as_it_came_is_saved_and_never_shown(cast: Cast, mail: InboundMail) -> None:
    answer = cast.client("nadia").get(f"/report/mails/{mail.pk}/original/")
    content = b"".join(answer)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert b"nothing works" in content


def test_a_mail_without_words_says_where_to_read_it(cast: Cast) -> None:
    empty = arrived("", name="<2@alpha.example>")
    with acting(system(), reason="a mail comes"):
        large = refuse_mail(
            system(), "too-large:1", problem="the mail is too large: 99,000,000 bytes", now=timezone.now()
        )
    nadia = cast.client("nadia")
    assert "open it in a mail program" in nadia.get(f"/report/mails/{empty.pk}/").content.decode()
    assert "too large to be fetched" in nadia.get(f"/report/mails/{large.pk}/").content.decode()
    assert nadia.get(f"/report/mails/{large.pk}/original/").status_code == 404
    assert take_up(cast, large) == 302


def test_an_automatic_answer_waits_for_nobody(cast: Cast) -> None:
    assert state(arrived(automatic=True)) == "aside"
    assert "Mails to read" not in cast.client("nadia").get("/report/").content.decode()


def test_a_word_that_is_too_long_is_refused_and_the_mail_goes_on_waiting(cast: Cast, mail: InboundMail) -> None:
    answer = cast.client("nadia").post(f"/report/mails/{mail.pk}/set-aside/", {"note": "x" * 2_001})
    assert answer.status_code == 422
    assert "2000" in answer.content.decode()
    assert state(mail) == "waiting"
