"""Answering a notice by its link and signed in, what may be said by whom, and what follows from it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.notices.actions import Answer, answer, close_fixed, close_notices, decide, settle_ownership
from sipar.notices.addresses import answer_secret
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.models import Decision, Finding, Notice, OwnershipQuestion
from sipar.notices.tests.exposed import expose
from sipar.notices.tests.telling import register_address, use_rules
from sipar.support.models import SupportRequest

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture
def notice(cast: Cast) -> Notice:
    """A notice to Alpha of two findings, shown now in the clock of the machine."""
    from django.utils import timezone

    cache.clear()
    expose(cast)
    use_rules(cast)
    register_address(cast, "alpha", "oncall@alpha.example")
    make_bundles(now=NOW)
    with acting(system(), reason="show"):
        Notice.objects.update(state="shown", made_at=timezone.now())
        return Notice.objects.get()


def link(notice: Notice) -> str:
    return f"/answer/{answer_secret(notice.number)}/"


def rows(cast: Cast) -> list[Finding]:
    with acting(system(), reason="look"):
        found = Finding.objects.filter(organisation=cast.organisations["alpha"], state="open")
        return list(found.select_related("organisation").order_by("-severity"))


def decisions() -> list[Decision]:
    with acting(system(), reason="look"):
        return list(Decision.objects.order_by("pk"))


def test_the_link_shows_the_bundle_and_nothing_else_and_looking_changes_nothing(cast: Cast, notice: Notice) -> None:
    response = Client().get(link(notice))
    body = response.content.decode()
    assert response.status_code == 200
    assert "vpn.alpha.example" in body
    assert "192.0.2.7:3389/tcp" in body
    assert "192.0.2.8" not in body
    assert "198.51.100.9" not in body
    assert "Beta" not in body
    assert response["Cache-Control"] == "private, no-store"
    assert decisions() == []
    with acting(system(), reason="look"):
        assert Notice.objects.get().state == "shown"


@pytest.mark.parametrize("secret", ["x" * 43, "N26-AAAA-AAAA", "%00", "../..", "' or 1=1"])
def test_a_wrong_link_opens_nothing(notice: Notice, secret: str) -> None:
    assert Client().get(f"/answer/{secret}/").status_code in (400, 404)


def test_whoever_tries_many_links_is_turned_away_for_an_hour(notice: Notice) -> None:
    client = Client(REMOTE_ADDR="203.0.113.77")
    statuses = [client.get(f"/answer/{number:043}/").status_code for number in range(32)]
    assert statuses == [404] * 30 + [429] * 2
    assert client.get(link(notice)).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.78").get(link(notice)).status_code == 200


def test_a_link_lives_half_a_year(notice: Notice) -> None:
    with acting(system(), reason="age"):
        Notice.objects.update(made_at=NOW - timedelta(days=400))
    assert Client().get(link(notice)).status_code == 404


def test_fixed_is_said_in_two_steps_without_signing_in(cast: Cast, notice: Notice) -> None:
    client = Client(enforce_csrf_checks=False)
    first, second = rows(cast)
    chosen = {"finding": [first.pk, second.pk], "kind": "fixed"}
    response = client.post(link(notice), chosen)
    assert response.status_code == 200
    assert b"Confirm" in response.content
    assert decisions() == []
    response = client.post(link(notice), chosen | {"step": "confirm", "note": "Behind the VPN now."})
    assert response.status_code == 302
    assert "looked" not in client.get(response["Location"]).content.decode()
    made = decisions()
    assert [(row.kind, row.note, row.notice_id) for row in made] == [("fixed", "Behind the VPN now.", notice.pk)] * 2
    with acting(system(), reason="look"):
        assert Notice.objects.get().state == "answered"
        assert {row.state for row in Finding.objects.filter(pk__in=[first.pk, second.pk])} == {"open"}


def test_a_form_from_another_page_is_refused(cast: Cast, notice: Notice) -> None:
    client = Client(enforce_csrf_checks=True)
    said = {"finding": rows(cast)[0].pk, "kind": "fixed", "step": "confirm"}
    assert client.post(link(notice), said).status_code == 403
    assert decisions() == []


def test_a_link_answers_only_for_its_own_findings_and_accepts_no_risk(cast: Cast, notice: Notice) -> None:
    with acting(system(), reason="look"):
        foreign = Finding.objects.get(organisation=cast.organisations["beta"])
    client = Client()
    said = {"step": "confirm", "kind": "fixed", "finding": foreign.pk}
    assert client.post(link(notice), said).status_code == 422
    said = {"step": "confirm", "kind": "accepted", "finding": rows(cast)[0].pk, "note": "x", "until": "2099-01-01"}
    assert client.post(link(notice), said).status_code == 422
    assert decisions() == []


def test_not_mine_asks_the_cert_and_closes_once_it_agrees(cast: Cast, notice: Notice) -> None:
    finding = rows(cast)[0]
    said = {"step": "confirm", "kind": "not_mine", "finding": finding.pk}
    assert Client().post(link(notice), said).status_code == 422
    assert Client().post(link(notice), said | {"note": "We sold it in May."}).status_code == 302
    client = cast.client("parveen")
    assert "We sold it in May." in client.get("/notices/questions/").content.decode()
    with acting(cast.parveen, reason="settle") as parveen:
        question = OwnershipQuestion.objects.get()
        settle_ownership(parveen, question, theirs=False, answer="The register was old.", now=NOW)
        closed = Finding.objects.get(pk=finding.pk)
        assert (closed.state, closed.closed_by) == ("closed", "not_mine")
        with pytest.raises(Conflict):
            settle_ownership(parveen, question, theirs=True, answer="No.", now=NOW)


def test_a_question_is_settled_by_the_cert_alone(cast: Cast, notice: Notice) -> None:
    finding = rows(cast)[0]
    with acting(cast.bilal, reason="say") as bilal:
        decide(bilal, finding, kind="not_mine", note="Not ours.", now=NOW)
        decide(bilal, finding, kind="not_mine", note="Really not.", now=NOW)
        with pytest.raises(Forbidden):
            settle_ownership(bilal, OwnershipQuestion.objects.get(), theirs=False, answer="Mine.", now=NOW)
    with acting(cast.bushra, reason="look"):
        assert not OwnershipQuestion.objects.exists()
        assert not Decision.objects.exists()


def test_need_help_opens_one_request_with_every_system_in_it(cast: Cast, notice: Notice) -> None:
    first, second = rows(cast)
    said = {"step": "confirm", "kind": "need_help", "finding": [first.pk, second.pk], "note": "How?"}
    assert Client().post(link(notice), said).status_code == 422
    response = Client().post(link(notice), said | {"contact": "Bilal", "phone": "+92 300 1"})
    assert response.status_code == 302
    with acting(system(), reason="look"):
        request = SupportRequest.objects.get()
    assert (request.contact, request.phone, request.urgency) == ("Bilal", "+92 300 1", "hours")
    assert "vpn.alpha.example" in request.needs
    assert {row.help_number for row in decisions()} == {request.number}


def test_only_the_ciso_or_the_head_accepts_a_risk_and_only_for_a_time(cast: Cast, notice: Notice) -> None:
    finding = rows(cast)[0]
    until = (NOW + timedelta(days=30)).date()
    with acting(cast.ayesha, reason="accept") as ayesha, pytest.raises(Forbidden):
        decide(ayesha, finding, kind="accepted", note="Later.", until=until, now=NOW)
    with acting(cast.bilal, reason="accept") as bilal:
        for wrong in (None, NOW.date(), date(2099, 1, 1)):
            with pytest.raises(Invalid):
                decide(bilal, finding, kind="accepted", note="Later.", until=wrong, now=NOW)
        with pytest.raises(Invalid):
            decide(bilal, finding, kind="accepted", note="", until=until, now=NOW)
        assert decide(bilal, finding, kind="accepted", note="Later.", until=until, now=NOW).until == until


def test_nobody_answers_for_another_organisation_or_for_two_at_once(cast: Cast, notice: Notice) -> None:
    alpha = rows(cast)[0]
    with acting(system(), reason="look"):
        beta = Finding.objects.get(organisation=cast.organisations["beta"])
    with acting(cast.bushra, reason="answer") as bushra, pytest.raises(Forbidden):
        decide(bushra, alpha, kind="fixed", now=NOW)
    with acting(system(), reason="answer") as sipar, pytest.raises(Invalid):
        answer(sipar, [alpha, beta], Answer(kind="fixed"), now=NOW)


def test_what_was_fixed_and_is_not_seen_for_a_week_is_closed_with_its_notice(cast: Cast, notice: Notice) -> None:
    told = rows(cast)
    with acting(cast.bilal, reason="answer") as bilal:
        answer(bilal, told, Answer(kind="fixed"), notice=notice, now=NOW)
    with acting(system(), reason="close") as sipar:
        assert close_fixed(sipar, now=NOW + timedelta(days=6)) == 0
        seen = Finding.objects.filter(organisation=cast.organisations["alpha"], state="open").order_by("pk")[0]
        Finding.objects.filter(pk=seen.pk).update(last_seen=NOW + timedelta(days=2))
        assert close_fixed(sipar, now=NOW + timedelta(days=8)) == 1
        assert close_notices(sipar, now=NOW) == 0
        Finding.objects.filter(pk=seen.pk).update(state="closed", closed_by="absent")
        assert close_notices(sipar, now=NOW) == 1
        assert Notice.objects.get().state == "closed"
        with pytest.raises(Conflict):
            decide(sipar, Finding.objects.get(pk=seen.pk), kind="fixed", now=NOW)


def test_the_organisation_answers_signed_in_and_others_see_nothing(cast: Cast, notice: Notice) -> None:
    address = f"/notices/{notice.number}/"
    client = cast.client("bilal")
    body = client.get(address).content.decode()
    assert "Risk accepted" in body
    said = {"finding": rows(cast)[0].pk, "kind": "accepted", "note": "Soon.", "step": "confirm", "until": "2026-12-24"}
    assert client.post(f"{address}answer/", said).status_code in (302, 422)
    assert "Risk accepted" not in cast.client("ayesha").get(address).content.decode().split("<fieldset")[1]
    assert cast.client("bushra").get(address).status_code == 404
    assert cast.client("mina").get(address).status_code == 403
    assert notice.number in cast.client("parveen").get("/notices/").content.decode()
    assert notice.number not in cast.client("bushra").get("/notices/").content.decode()


def test_the_desk_says_that_a_notice_waits_and_that_a_mail_is_in_doubt(cast: Cast, notice: Notice) -> None:
    assert b"waits for your answer" in cast.client("bilal").get("/").content
    with acting(system(), reason="doubt"):
        Notice.objects.update(state="closed")
    other = use_rules(cast)
    with acting(system(), reason="doubt"):
        made = Notice.objects.get()
        made.pk, made.number, made.aggregation, made.state, made.rule_set = None, "N26-AAAA-AAAA", "x", "sending", other
        made.save()
        Notice.objects.filter(number="N26-AAAA-AAAA").update(state="in_doubt")
    assert b"is in doubt" in cast.client("parveen").get("/").content
    body = cast.client("parveen").get("/notices/N26-AAAA-AAAA/").content
    assert b"It arrived" in body
    assert b"It arrived" not in cast.client("bilal").get("/notices/N26-AAAA-AAAA/").content
