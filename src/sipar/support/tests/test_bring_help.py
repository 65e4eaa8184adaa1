"""Bringing help: people, arrival, effort, closing report, feedback, lessons; and the pages of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign, RoadmapItem
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.frameworks.models import Framework
from sipar.people.models import Account
from sipar.support import work_actions
from sipar.support.actions import accept_request
from sipar.support.models import Assignment, Effort, Lesson, SupportRequest
from sipar.support.tests.test_ask_for_help import asked, now_read


def now_seen(request: SupportRequest) -> SupportRequest:
    """The request as the actor sees it now."""
    return SupportRequest.objects.select_related("organisation", "team").get(pk=request.pk)


@pytest.fixture
def accepted(cast: Cast) -> SupportRequest:
    """Alpha's request, accepted by Parveen."""
    request = asked(cast)
    with acting(cast.parveen, reason="accept"):
        return accept_request(cast.parveen, request, eta=NOW + timedelta(hours=1), now=NOW)


@pytest.fixture
def working(cast: Cast, accepted: SupportRequest) -> SupportRequest:
    with acting(cast.parveen, reason="arrive"):
        work_actions.arrive(cast.parveen, accepted, now=NOW + timedelta(minutes=50))
        return now_seen(accepted)


def test_only_people_of_the_cert_are_sent_and_each_once(cast: Cast, accepted: SupportRequest) -> None:
    def send(actor: Actor, account: Account) -> Assignment:
        return work_actions.dispatch(
            actor, accepted, account, mode="on_site", task="Forensic images", equipment="Two disks", now=NOW
        )

    stranger, parveen = cast.accounts["bushra"], cast.accounts["parveen"]
    with acting(cast.parveen, reason="send"):
        with pytest.raises(Invalid):
            send(cast.parveen, stranger)
        send(cast.parveen, parveen)
        with pytest.raises(Invalid):
            send(cast.parveen, parveen)
    assert now_read(accepted).state == "dispatched"
    with acting(cast.ayesha, reason="see who comes"):
        assert Assignment.objects.get(request=accepted).task == "Forensic images"
        with pytest.raises(Forbidden):
            send(cast.ayesha, parveen)


def test_the_effort_account_is_the_certs_and_adds_up(cast: Cast, working: SupportRequest) -> None:
    with acting(cast.parveen, reason="account"):
        for minutes in (90, 45):
            work_actions.write_effort(
                cast.parveen, working, on=NOW.date(), minutes=minutes, what="Filtering with the provider", now=NOW
            )
        with pytest.raises(Invalid):
            work_actions.write_effort(cast.parveen, working, on=NOW.date(), minutes=1441, what="Too long", now=NOW)
        assert sum(Effort.objects.filter(request=working).values_list("minutes", flat=True)) == 135
    with acting(cast.ayesha, reason="look"):
        assert not Effort.objects.exists()


def test_the_closing_report_frees_everybody_and_feedback_closes(cast: Cast, working: SupportRequest) -> None:
    with acting(cast.parveen, reason="finish"):
        with pytest.raises(Invalid):
            work_actions.finish_request(cast.parveen, working, report="", now=NOW)
        work_actions.finish_request(cast.parveen, working, report="Filtered upstream; renew the contract.", now=NOW)
        done = SupportRequest.objects.get(pk=working.pk)
        with pytest.raises(Forbidden):
            work_actions.give_feedback(cast.parveen, done, rating=5, text="", now=NOW)
    with acting(cast.ayesha, reason="close"):
        with pytest.raises(Invalid):
            work_actions.give_feedback(cast.ayesha, done, rating=6, text="", now=NOW)
        work_actions.give_feedback(cast.ayesha, done, rating=4, text="Faster next time.", now=NOW)
        with pytest.raises(Conflict):
            work_actions.give_feedback(cast.ayesha, now_seen(done), rating=5, text="", now=NOW)
    found = now_read(working)
    assert (found.state, found.rating) == ("closed", 4)


def test_a_lesson_names_a_requirement_and_becomes_a_roadmap_item(
    cast: Cast, working: SupportRequest, framework: Framework, campaign: Campaign
) -> None:
    with acting(cast.parveen, reason="write what was learnt"):
        with pytest.raises(Invalid):
            work_actions.write_lesson(cast.parveen, working, framework, "XX.YY-99", text="No.", now=NOW)
        lesson = work_actions.write_lesson(
            cast.parveen, working, framework, "PR.IR-04", text="Order capacity for floods.", now=NOW
        )
    due = (timezone.now() + timedelta(days=90)).date()
    with acting(cast.bushra, reason="look"):
        assert not Lesson.objects.exists()
    with acting(cast.bilal, reason="plan"):
        item = work_actions.plan_lesson(cast.bilal, working, lesson, due_on=due, now=NOW)
        again = work_actions.plan_lesson(cast.bilal, working, lesson, due_on=due, now=NOW)
        assert RoadmapItem.objects.get(pk=item).requirement == "PR.IR-04"
        assert again == item


def test_the_page_shows_each_side_its_next_step(cast: Cast, accepted: SupportRequest) -> None:
    page = reverse("support_request", args=[accepted.number])
    theirs, ours = cast.client("ayesha").get(page), cast.client("parveen").get(page)
    assert reverse("support_arrive", args=[accepted.number]) not in theirs.text
    assert reverse("support_withdraw", args=[accepted.number]) in theirs.text
    assert reverse("support_arrive", args=[accepted.number]) in ours.text
    assert reverse("support_withdraw", args=[accepted.number]) not in ours.text


def test_the_form_asks_and_keeps_what_was_written_when_something_is_wrong(cast: Cast) -> None:
    client = cast.client("ayesha")
    form = {
        "organisation": "PK-T-0001", "title": "Mail is down", "urgency": "hours", "needs": "Since this morning.",
        "phone": "+92 51 1", "contact": "Ayesha", "mode": "remote",
    }  # fmt: skip
    refused = client.post(reverse("support_ask"), form | {"phone": ""})
    assert refused.status_code == 422
    assert "Since this morning." in refused.text
    foreign = client.post(reverse("support_ask"), form | {"organisation": "PK-T-0002"})
    assert foreign.status_code == 422
    kept = client.post(reverse("support_ask"), form)
    assert kept.status_code == 302
    with acting(system(), reason="look"):
        assert SupportRequest.objects.get().title == "Mail is down"
    assert "Mail is down" in client.get(reverse("support_list")).text
    assert "Mail is down" not in cast.client("bushra").get(reverse("support_list")).text
