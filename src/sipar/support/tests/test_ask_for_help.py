"""Asking for help: who may, where it goes, and what happens when nobody answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.obligations.models import Duty
from sipar.support.actions import (
    Asking,
    accept_request,
    ask_for_help,
    decline_request,
    escalate_unaccepted,
    hand_over_request,
    withdraw_request,
)
from sipar.support.models import Handover, SupportRequest
from sipar.support.routing import route
from sipar.teams.models import Team

FLOOD = Asking(
    title="Our customer portal is down", needs="A flood since 04:00; our line is full.", urgency="now",
    mode="either", contact="Shift leader", phone="+92 51 0000000",
)  # fmt: skip


def asked(cast: Cast, asking: Asking = FLOOD) -> SupportRequest:
    with acting(cast.ayesha, reason="ask for help"):
        return ask_for_help(cast.ayesha, cast.organisations["alpha"], asking, now=NOW)


def now_read(request: SupportRequest) -> SupportRequest:
    with acting(system(), reason="look"):
        return SupportRequest.objects.get(pk=request.pk)


def test_a_request_goes_to_the_cert_that_leads_the_organisation_with_a_clock_for_its_answer(cast: Cast) -> None:
    request = asked(cast)
    assert request.team_id == cast.teams["power"].pk
    with acting(cast.parveen, reason="look"):
        duty = Duty.objects.get(support_request=request)
        assert (duty.stage, duty.due_at) == ("accept", NOW + timedelta(minutes=15))


def test_what_is_missing_is_named_and_nothing_is_written(cast: Cast) -> None:
    bad = Asking(title=" ", needs="x" * 5_001, urgency="soon", mode="either", contact="a", phone="\u202e1")
    with acting(cast.ayesha, reason="ask"), pytest.raises(Invalid) as refused:
        ask_for_help(cast.ayesha, cast.organisations["alpha"], bad, now=NOW)
    assert {place.where for place in refused.value.places} == {"title", "needs", "urgency", "phone"}
    with acting(system(), reason="look"):
        assert not SupportRequest.objects.exists()


def test_nobody_asks_for_another_organisation_and_other_certs_do_not_see_it(cast: Cast) -> None:
    with acting(cast.bushra, reason="ask"), pytest.raises(Forbidden):
        ask_for_help(cast.bushra, cast.organisations["alpha"], FLOOD, now=NOW)
    request = asked(cast)
    for stranger in (cast.bushra, cast.nadia, cast.kamran, cast.mina, cast.chand, cast.omar):
        with acting(stranger, reason="look"):
            assert not SupportRequest.objects.filter(pk=request.pk).exists()
    page = reverse("support_request", args=[request.number])
    assert cast.client("bushra").get(page).status_code == 404
    assert cast.client("ayesha").get(page).status_code == 200
    assert cast.client("parveen").get(page).status_code == 200


def test_accepting_stops_the_clock_and_promises_a_time(cast: Cast) -> None:
    request = asked(cast)
    later = NOW + timedelta(minutes=10)
    with acting(cast.parveen, reason="accept"):
        with pytest.raises(Invalid):
            accept_request(cast.parveen, request, eta=NOW, now=later)
        accepted = accept_request(cast.parveen, request, eta=NOW + timedelta(hours=1), now=later)
        with pytest.raises(Conflict):
            accept_request(cast.parveen, request, eta=NOW + timedelta(hours=1), now=later)
        stages = dict(Duty.objects.filter(support_request=request).values_list("stage", "state"))
    assert accepted.state == "accepted"
    assert stages == {"accept": "met", "arrive": "running"}
    with acting(cast.ayesha, reason="accept it myself"), pytest.raises(Forbidden):
        accept_request(cast.ayesha, accepted, eta=NOW + timedelta(hours=1), now=later)


def test_what_nobody_accepts_goes_up_the_chain_by_itself_once_for_each_cert(cast: Cast) -> None:
    request = asked(cast)
    sipar = system()
    with acting(sipar, reason="escalate"):
        assert escalate_unaccepted(sipar, now=NOW + timedelta(minutes=14)) == []
        late = NOW + timedelta(minutes=16)
        moved = escalate_unaccepted(sipar, now=late)
        assert [one.pk for one in moved] == [request.pk]
        assert escalate_unaccepted(sipar, now=late) == []
        for _ in range(9):
            late += timedelta(days=1)
            escalate_unaccepted(sipar, now=late)
        tried = list(Handover.objects.filter(request=request).order_by("pk").values_list("to_team", flat=True))
    found = now_read(request)
    assert found.state == "asked"
    assert len(tried) == len(set(tried))
    assert found.team_id == cast.teams["national"].pk
    with acting(cast.nadia, reason="look"):
        assert SupportRequest.objects.filter(pk=request.pk).exists()
    with acting(cast.parveen, reason="escalate"), pytest.raises(Forbidden):
        escalate_unaccepted(cast.parveen, now=late)


def test_declining_needs_a_reason_and_asks_the_next_cert(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.parveen, reason="decline"):
        with pytest.raises(Invalid):
            decline_request(cast.parveen, request, reason=" ", now=NOW)
        moved = decline_request(cast.parveen, request, reason="No network people on shift.", now=NOW)
    assert moved.team_id != cast.teams["power"].pk
    assert moved.state == "asked"


def test_a_hand_over_keeps_the_first_cert_in_the_picture(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.parveen, reason="hand over"):
        moved = hand_over_request(cast.parveen, request, to=cast.teams["national"], reason="Wide attack.", now=NOW)
        assert SupportRequest.objects.filter(pk=request.pk).exists()
    with acting(cast.nadia, reason="accept"):
        assert accept_request(cast.nadia, moved, eta=NOW + timedelta(hours=2), now=NOW).state == "accepted"


def test_only_the_organisation_withdraws(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast.parveen, reason="withdraw"), pytest.raises(Forbidden):
        withdraw_request(cast.parveen, request, now=NOW)
    with acting(cast.bilal, reason="withdraw"):
        withdraw_request(cast.bilal, request, now=NOW)
    assert now_read(request).state == "withdrawn"


def test_capability_wins_over_nearness_and_nearness_breaks_a_tie() -> None:
    near, middle, far = (
        Team(pk=1, services=["6.5"]), Team(pk=2, services=["6.3", "6.4"]), Team(pk=3, services=["6.3", "6.4"]),
    )  # fmt: skip
    chain = [near, middle, far]

    def chosen(needed: list[str], tried: tuple[int, ...] = ()) -> tuple[int, str] | None:
        found = route(chain, needed, tried=tried)
        return (found.team.pk, found.why) if found else None

    assert chosen([]) == (1, "first_contact")
    assert chosen(["6.3", "6.4"]) == (2, "capable")
    assert chosen(["6.3", "6.4"], (2,)) == (3, "capable")
    assert chosen(["6.3", "9.9"]) == (2, "partly")
    assert chosen(["9.9"]) == (1, "first_contact")
    assert chosen([], (1, 2, 3)) is None
