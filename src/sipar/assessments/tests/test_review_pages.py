from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.cast import Cast

from sipar.assessments.models import Assessment, Campaign, Review
from sipar.assessments.tests.review_stage import submitted, with_evidence
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import loaded


@pytest.fixture
def waiting(cast: Cast, campaign: Campaign) -> Assessment:
    row = submitted(cast, campaign, "alpha")
    with_evidence(row, 4)
    return row


def requirement(campaign: Campaign, position: int) -> str:
    with acting(system(), reason="look up"):
        return loaded(campaign.framework_id).requirements[position].id


def post(client: Client, name: str, *args: object, **data: object) -> Any:
    return client.post(reverse(name, args=args), data)


def test_the_queue_shows_what_waits_and_links_to_it(cast: Cast, waiting: Assessment) -> None:
    page = cast.client("parveen").get(reverse("reviews"))
    assert page.status_code == 200
    assert reverse("review", args=[waiting.pk]) in page.text
    assert "Alpha Power" in page.text


def test_the_queue_of_another_cert_is_empty_and_says_so(cast: Cast, campaign: Campaign) -> None:
    submitted(cast, campaign, "beta")
    page = cast.client("parveen").get(reverse("reviews"))
    assert "Beta Bank" not in page.text
    assert "Nothing waits for you" in page.text


@pytest.mark.parametrize("person", ["ayesha", "bushra", "kamran", "mina"])
def test_who_does_not_review_does_not_enter(cast: Cast, waiting: Assessment, person: str) -> None:
    client = cast.client(person)
    assert client.get(reverse("reviews")).status_code == 403
    assert client.get(reverse("review", args=[waiting.pk])).status_code == 403


def test_the_answer_stands_beside_its_evidence_target_and_flags(
    cast: Cast, campaign: Campaign, waiting: Assessment
) -> None:
    page = cast.client("parveen").get(reverse("review", args=[waiting.pk]), {"at": requirement(campaign, 4)})
    assert page.status_code == 200
    for words in ("https://alpha.example/policy", "Signed in May.", "Target", "Last year", 'data-key-press="a"'):
        assert words in page.text
    bare = cast.client("parveen").get(reverse("review", args=[waiting.pk]), {"at": requirement(campaign, 5)})
    assert "Claimed without evidence" in bare.text


def test_accepting_goes_on_to_the_next_undecided_answer(cast: Cast, campaign: Campaign, waiting: Assessment) -> None:
    client = cast.client("parveen")
    answer = post(client, "review_decide", waiting.pk, 4, submission=1, seen_level=2, decision="accept")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?at={requirement(campaign, 5)}")
    with acting(cast.parveen, reason="look"):
        assert Review.objects.get(assessment=waiting).decision == "accept"


def test_a_return_without_a_reason_comes_back_with_the_error_and_keeps_nothing(cast: Cast, waiting: Assessment) -> None:
    client = cast.client("parveen")
    page = post(client, "review_decide", waiting.pk, 4, submission=1, seen_level=2, decision="return", reason="")
    assert page.status_code == 422
    assert "There is a problem" in page.text
    page = post(
        client, "review_decide", waiting.pk, 4, submission=1, seen_level=2, decision="adjust", to_level=2, reason="x"
    )
    assert page.status_code == 422
    with acting(cast.parveen, reason="look"):
        assert not Review.objects.filter(assessment=waiting).exists()


def test_a_stale_form_is_answered_with_conflict(cast: Cast, waiting: Assessment) -> None:
    client = cast.client("parveen")
    assert (
        post(client, "review_decide", waiting.pk, 4, submission=0, seen_level=2, decision="accept").status_code == 409
    )
    assert (
        post(client, "review_decide", waiting.pk, 4, submission=1, seen_level=3, decision="accept").status_code == 409
    )


def test_a_whole_review_ends_in_accepted(cast: Cast, waiting: Assessment) -> None:
    client = cast.client("nadia")
    with acting(cast.nadia, reason="look"):
        group = next(iter(loaded(waiting.campaign.framework_id).sections))
    assert post(client, "review_section", waiting.pk, submission=1, group=group).status_code == 302
    assert post(client, "review_finish", waiting.pk, submission=1, decision="accept").status_code == 302
    with acting(cast.nadia, reason="look"):
        assert Assessment.objects.get(pk=waiting.pk).state == "accepted"
    assert client.get(reverse("review", args=[waiting.pk])).status_code == 200


def test_a_consultant_reads_and_recommends_within_the_engagement_only(
    cast: Cast, campaign: Campaign, waiting: Assessment
) -> None:
    beta = submitted(cast, campaign, "beta")
    client = cast.client("chand")
    assert client.get(reverse("review", args=[waiting.pk])).status_code == 200
    assert client.get(reverse("review", args=[beta.pk])).status_code == 404
    assert "Recommend to accept" in client.get(reverse("review", args=[waiting.pk])).text
    assert post(client, "review_finish", waiting.pk, submission=1, decision="accept").status_code == 403


def test_what_is_drawn_is_verified_on_site(cast: Cast, waiting: Assessment) -> None:
    client = cast.client("parveen")
    assert post(client, "review_site", waiting.pk, size=3, seed=7).status_code == 302
    with acting(cast.parveen, reason="look"):
        position = waiting.samples.get().positions[0]
    wrong = post(client, "review_site_answer", waiting.pk, position, submission=1, seen_level=2, to_level=1, reason="")
    assert wrong.status_code == 422
    post(client, "review_site_answer", waiting.pk, position, submission=1, seen_level=2, to_level=1, reason="Seen.")
    page = client.get(reverse("review_site", args=[waiting.pk]))
    assert "Seen." in page.text
    assert post(client, "review_site", waiting.pk, size=0, seed=7).status_code == 422


def test_the_leader_draws_whom_to_visit(cast: Cast, campaign: Campaign, waiting: Assessment) -> None:
    client = cast.client("nadia")
    assert client.get(reverse("review_visits", args=[campaign.code])).status_code == 200
    drawn = post(client, "review_visits", campaign.code, organisations=2, size=3, seed=1)
    assert drawn.status_code == 302
    assert "Alpha Power" in client.get(reverse("review_visits", args=[campaign.code])).text
    refused = post(cast.client("parveen"), "review_visits", campaign.code, organisations=2, size=3, seed=1)
    assert refused.status_code == 403


def test_the_queue_asks_the_database_as_often_for_four_as_for_one(
    cast: Cast, campaign: Campaign, waiting: Assessment
) -> None:
    client = cast.client("nadia")
    client.get(reverse("reviews"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("reviews"))
    for key in ("beta", "gamma", "delta"):
        submitted(cast, campaign, key)
    with CaptureQueriesContext(connection) as four:
        client.get(reverse("reviews"))
    assert len(four) == len(one)
