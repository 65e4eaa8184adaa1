from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.assessments.gap_selectors import gaps_of
from sipar.assessments.models import Assessment, Campaign, RoadmapItem
from sipar.assessments.roadmap_actions import Plan, Upload, add_items, close_item, move_item, plan_item
from sipar.assessments.roadmap_selectors import access_item, closes_a_cycle, items_by_sector, overdue_by_organisation
from sipar.assessments.roadmap_timeline import WIDTH, timeline
from sipar.assessments.tests.review_stage import submitted
from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.frameworks.selectors import loaded

DUE = date(2026, 12, 1)


@pytest.fixture
def alpha(cast: Cast, campaign: Campaign) -> Assessment:
    return submitted(cast, campaign, "alpha")


def planned(cast: Cast, assessment: Assessment, number: int, *, due: date = DUE) -> list[RoadmapItem]:
    """The first gaps of Alpha on its roadmap."""
    with acting(cast.ayesha, reason="plan"):
        gaps = gaps_of(assessment, loaded(assessment.campaign.framework_id))
        names = [gap.requirement.id for gap in gaps[:number]]
        return add_items(cast.ayesha, assessment, names, due_on=due, owner_name="IT", now=NOW)


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {"title": "Close it", "target_level": 3, "due_on": DUE}
    return Plan(**(values | changes))


def test_gaps_go_on_the_roadmap_once(cast: Cast, alpha: Assessment) -> None:
    assert len(planned(cast, alpha, 3)) == 3
    assert len(planned(cast, alpha, 4)) == 1
    with acting(cast.parveen, reason="look"):
        assert RoadmapItem.objects.filter(organisation=alpha.organisation_id, state="planned").count() == 4


def test_what_is_no_gap_is_not_planned(cast: Cast, alpha: Assessment) -> None:
    with acting(cast.ayesha, reason="plan"), pytest.raises(Invalid) as refused:
        add_items(cast.ayesha, alpha, ["NOT.A-GAP"], due_on=DUE, owner_name="", now=NOW)
    assert refused.value.places[0].where == "NOT.A-GAP"


@pytest.mark.parametrize("person", ["parveen", "nadia", "chand"])
def test_only_the_organisation_plans(cast: Cast, alpha: Assessment, person: str) -> None:
    item = planned(cast, alpha, 1)[0]
    actor = cast.actors[person]
    with acting(actor, reason="meddle"):
        found = access_item(actor, item.pk, now=NOW)
        for refused in (
            lambda: plan_item(actor, found, plan()),
            lambda: move_item(actor, found, "doing"),
            lambda: add_items(actor, alpha, [], due_on=DUE, owner_name="", now=NOW),
        ):
            with pytest.raises(Forbidden):
                refused()


@pytest.mark.parametrize("person", ["bushra", "kamran"])
def test_strangers_do_not_find_the_item(cast: Cast, alpha: Assessment, person: str) -> None:
    item = planned(cast, alpha, 1)[0]
    with acting(cast.actors[person], reason="look"), pytest.raises(NotFound):
        access_item(cast.actors[person], item.pk, now=NOW)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"starts_on": DUE + timedelta(days=1)}, "due_on"),
        ({"cost": Decimal(-1)}, "cost"),
        ({"cost": Decimal("NaN")}, "cost"),
        ({"target_level": 9}, "target_level"),
        ({"title": "  "}, "title"),
        ({"depends_on": 10**9}, "depends_on"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(cast: Cast, alpha: Assessment, changes: dict[str, Any], where: str) -> None:
    item = planned(cast, alpha, 1)[0]
    with acting(cast.ayesha, reason="plan"), pytest.raises(Invalid) as refused:
        plan_item(cast.ayesha, access_item(cast.ayesha, item.pk, now=NOW), plan(**changes))
    assert refused.value.places[0].where == where


def test_items_do_not_wait_for_each_other_in_a_circle(cast: Cast, alpha: Assessment) -> None:
    one, two, three = planned(cast, alpha, 3)
    with acting(cast.ayesha, reason="plan"):
        for item, before in ((two, one), (three, two)):
            plan_item(cast.ayesha, access_item(cast.ayesha, item.pk, now=NOW), plan(depends_on=before.pk))
        for before in (three, one):
            with pytest.raises(Invalid) as refused:
                plan_item(cast.ayesha, access_item(cast.ayesha, one.pk, now=NOW), plan(depends_on=before.pk))
            assert refused.value.code == "roadmap.cycle"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_whatever_is_asked_for_no_circle_ever_stands(wishes: list[tuple[int, int]]) -> None:
    waits_for: dict[int, int | None] = dict.fromkeys(range(10))
    for item, wanted in wishes:
        if not closes_a_cycle(waits_for, item, wanted):
            waits_for[item] = wanted
    for start in waits_for:
        seen: set[int] = set()
        current: int | None = start
        while current is not None:
            assert current not in seen
            seen.add(current)
            current = waits_for[current]


def test_an_item_of_another_organisation_is_not_waited_for(cast: Cast, campaign: Campaign, alpha: Assessment) -> None:
    item = planned(cast, alpha, 1)[0]
    submitted(cast, campaign, "beta")
    with acting(cast.bushra, reason="plan"):
        beta = Assessment.objects.select_related("campaign", "organisation").get(campaign=campaign)
        gap = gaps_of(beta, loaded(campaign.framework_id))[0].requirement.id
        foreign = add_items(cast.bushra, beta, [gap], due_on=DUE, owner_name="", now=NOW)[0]
    with acting(cast.ayesha, reason="plan"), pytest.raises(Invalid):
        plan_item(cast.ayesha, access_item(cast.ayesha, item.pk, now=NOW), plan(depends_on=foreign.pk))


def test_an_item_is_closed_with_what_shows_it_after_what_it_waits_for(cast: Cast, alpha: Assessment) -> None:
    one, two = planned(cast, alpha, 2)
    with acting(cast.ayesha, reason="close"):
        plan_item(cast.ayesha, access_item(cast.ayesha, two.pk, now=NOW), plan(depends_on=one.pk))
        for item in (one, two):
            move_item(cast.ayesha, access_item(cast.ayesha, item.pk, now=NOW), "doing")
        with pytest.raises(Conflict) as waits:
            close_item(cast.ayesha, access_item(cast.ayesha, two.pk, now=NOW), note="Done.", upload=None, now=NOW)
        assert waits.value.code == "roadmap.waits"
        with pytest.raises(Invalid):
            close_item(cast.ayesha, access_item(cast.ayesha, one.pk, now=NOW), note=" ", upload=None, now=NOW)
        upload = Upload(name="proof.txt", content=b"seen")
        close_item(cast.ayesha, access_item(cast.ayesha, one.pk, now=NOW), note="", upload=upload, now=NOW)
        close_item(cast.ayesha, access_item(cast.ayesha, two.pk, now=NOW), note="Done.", upload=None, now=NOW)
        with pytest.raises(Conflict):
            move_item(cast.ayesha, access_item(cast.ayesha, two.pk, now=NOW), "dropped")
        assert access_item(cast.ayesha, one.pk, now=NOW).closed_at == NOW
    page = cast.client("parveen").get(reverse("roadmap_evidence", args=[one.pk]))
    assert page.content == b"seen"
    assert cast.client("bushra").get(reverse("roadmap_evidence", args=[one.pk])).status_code == 404


def test_the_database_refuses_a_jump_over_a_state(cast: Cast, alpha: Assessment) -> None:
    item = planned(cast, alpha, 1)[0]
    with acting(cast.ayesha, reason="jump"), pytest.raises(DatabaseError), transaction.atomic():
        RoadmapItem.objects.filter(pk=item.pk).update(state="done")


def test_overdue_items_are_visible_upward(cast: Cast, alpha: Assessment) -> None:
    late = timezone.now().date() - timedelta(days=30)
    planned(cast, alpha, 2, due=late)
    today = timezone.now().date()
    with acting(cast.parveen, reason="look"):
        line = overdue_by_organisation(cast.parveen, today=today, now=NOW)[0]
        assert (line["overdue"], line["since"]) == (2, late)
        assert [(sector.live, sector.overdue) for sector in items_by_sector(today=today)] == [(2, 2)]
    page = cast.client("parveen").get(reverse("roadmap"))
    assert "Alpha Power" in page.text
    assert "2" in page.text
    own = cast.client("parveen").get(reverse("organisation_roadmap", args=["PK-T-0001"]), {"state": "overdue"})
    assert own.text.count("Overdue</span>") >= 2
    assert cast.client("bushra").get(reverse("organisation_roadmap", args=["PK-T-0001"])).status_code == 404


def test_the_organisation_plans_through_its_pages(cast: Cast, alpha: Assessment) -> None:
    client = cast.client("ayesha")
    with acting(cast.ayesha, reason="look"):
        names = [gap.requirement.id for gap in gaps_of(alpha, loaded(alpha.campaign.framework_id))[:2]]
    add = reverse("roadmap_add", args=[alpha.pk])
    assert client.post(add, {"due_on": "2026-12-01"}).status_code == 422
    assert client.post(add, {"requirements": names, "due_on": "soon"}).status_code == 422
    assert client.post(add, {"requirements": names, "due_on": "2026-12-01", "owner_name": "IT"}).status_code == 302
    page = client.get(reverse("roadmap"))
    assert "<svg viewBox" in page.text
    assert "data-drag" in page.text
    with acting(cast.ayesha, reason="look"):
        item = RoadmapItem.objects.first()
    assert item is not None
    place = reverse("roadmap_item", args=[item.pk])
    bad: dict[str, Any] = {"title": "T", "target_level": 3, "starts_on": "2027-01-01", "due_on": "2026-12-01"}
    assert client.post(place, bad).status_code == 422
    assert client.post(place, bad | {"starts_on": "", "cost": "1500.50"}).status_code == 302
    dates = {"starts_on": "2026-12-01", "due_on": "2027-02-01"}
    assert client.post(reverse("roadmap_dates", args=[item.pk]), dates).status_code == 302
    assert client.post(reverse("roadmap_state", args=[item.pk]), {"state": "doing"}).status_code == 302
    assert client.post(reverse("roadmap_close", args=[item.pk]), {"note": ""}).status_code == 422
    proof = SimpleUploadedFile("proof.txt", b"seen", content_type="text/plain")
    assert client.post(reverse("roadmap_close", args=[item.pk]), {"note": "Done.", "file": proof}).status_code == 302
    closed = client.get(place)
    assert "proof.txt" in closed.text
    assert (
        "1,500.50" in client.get(reverse("roadmap"), {"format": "csv"}).text
        or "1500.5" in client.get(reverse("roadmap"), {"format": "csv"}).text
    )


@pytest.mark.parametrize(("person", "status"), [("parveen", 200), ("chand", 200), ("bushra", 404), ("kamran", 403)])
def test_each_role_reads_as_much_of_an_item_as_it_may(cast: Cast, alpha: Assessment, person: str, status: int) -> None:
    item = planned(cast, alpha, 1)[0]
    client = cast.client(person)
    page = client.get(reverse("roadmap_item", args=[item.pk]))
    assert page.status_code == status
    assert "Save" not in page.text or status != 200
    assert client.post(reverse("roadmap_dates", args=[item.pk]), {"due_on": "2026-12-24"}).status_code in (403, 404)
    assert client.get("/api/roadmap").status_code == (403 if person == "kamran" else 200)


def test_the_api_lists_items_by_state(cast: Cast, alpha: Assessment) -> None:
    planned(cast, alpha, 3, due=date(2026, 1, 1))
    answer = cast.client("ayesha").get("/api/roadmap?state=overdue&limit=2").json()
    assert (answer["total"], len(answer["items"])) == (3, 2)
    assert cast.client("bushra").get("/api/roadmap").json() == {"items": [], "total": 0}
    assert cast.client("ayesha").get("/api/roadmap?limit=0").status_code == 422


def test_the_list_asks_as_often_for_thirty_as_for_one(cast: Cast, alpha: Assessment) -> None:
    planned(cast, alpha, 1)
    client = cast.client("ayesha")
    client.get(reverse("roadmap"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("roadmap"))
    planned(cast, alpha, 30)
    with CaptureQueriesContext(connection) as thirty:
        client.get(reverse("roadmap"))
    assert len(thirty) == len(one)


@given(
    days=st.lists(
        st.tuples(st.integers(-400, 400), st.one_of(st.none(), st.integers(0, 300))), min_size=1, max_size=60
    ),
    mirrored=st.booleans(),
)
def test_every_bar_of_the_picture_lies_inside_it(days: list[tuple[int, int | None]], *, mirrored: bool) -> None:
    today = date(2026, 11, 2)
    items = [
        RoadmapItem(
            pk=number,
            due_on=today + timedelta(days=due),
            starts_on=None if length is None else today + timedelta(days=due - length),
            state="planned",
        )
        for number, (due, length) in enumerate(days, start=1)
    ]
    picture = timeline(items, today=today, mirrored=mirrored)
    assert picture is not None
    assert picture.left_out == max(0, len(items) - 40)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 4 and bar.width > 0 for bar in picture.bars)
    assert 0 <= picture.today_x <= WIDTH
    assert {bar.kind for bar in picture.bars} <= {"planned", "overdue"}
