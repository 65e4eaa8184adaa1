"""Plans from the question to the roadmaps, on their pages and for programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign, RoadmapItem
from sipar.core.acting import acting
from sipar.core.jobs import Ended, system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.risks import plan_tasks
from sipar.risks.models import Run
from sipar.risks.plan_actions import ask_plan, ask_push, cancel_plan
from sipar.risks.plan_files import kept_table
from sipar.risks.plan_forms import initial_of
from sipar.risks.plan_models import InvestmentPlan, PlanDetail
from sipar.risks.plan_selectors import choices_of, result_of
from sipar.risks.plan_working import perform
from sipar.risks.tests.planning import QUESTION, priced_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, int]]:
    """What was put in the queue, instead of a queue."""
    wanted: list[tuple[str, int]] = []
    monkeypatch.setattr(settings, "VAR", tmp_path)
    monkeypatch.setattr(plan_tasks.solve_plan, "defer", lambda *, plan: wanted.append(("solve", plan)))
    monkeypatch.setattr(plan_tasks.push_plan, "defer", lambda *, plan: wanted.append(("push", plan)))
    return wanted


@pytest.fixture
def run(cast: Cast, campaign: Campaign) -> Run:
    return priced_run(cast, campaign)


def ask(
    cast: Cast, run: Run, *, by: str = "nadia", based_on: InvestmentPlan | None = None, **changes: Any
) -> InvestmentPlan:
    with acting(cast.actors[by], reason="plan"):
        return ask_plan(cast.actors[by], run, QUESTION | changes, title="Programme", based_on=based_on, now=NOW)


def solved(cast: Cast, run: Run, **changes: Any) -> InvestmentPlan:
    plan = ask(cast, run, **changes)
    perform(plan, now=NOW)
    return again(plan)


def again(plan: InvestmentPlan) -> InvestmentPlan:
    with acting(system(), reason="look"):
        return InvestmentPlan.objects.select_related("run__assumptions", "run__campaign").get(pk=plan.pk)


def result(cast: Cast, plan: InvestmentPlan, person: str = "nadia") -> dict[str, Any]:
    with acting(cast.actors[person], reason="read"):
        found, _ = result_of(cast.actors[person], plan)
    assert found is not None
    return found


def test_a_plan_keeps_its_budget_and_proves_how_good_it_is(cast: Cast, run: Run) -> None:
    plan = solved(cast, run)
    found = result(cast, plan)
    assert plan.state == "done"
    assert 0 < found["cost"] <= 600_000
    assert found["gap"] <= 0.005
    ours, evenly, worst = (row["value"] for row in found["simple"])
    assert ours >= max(evenly, worst)
    values = [row["value"] for row in found["frontier"]]
    assert values == sorted(values)


def test_the_same_question_has_the_same_answer(cast: Cast, run: Run) -> None:
    first, second = solved(cast, run), solved(cast, run)
    with acting(system(), reason="look"):
        one, other = (PlanDetail.objects.get(plan=plan) for plan in (first, second))
    assert (one.candidates, one.chosen) == (other.candidates, other.chosen)


def test_components_milestones_capacities_and_what_is_left_out_bind(cast: Cast, run: Run) -> None:
    plan = solved(
        cast, run, components={"services": 0.0}, capacities={"engineers": [1, 1]},
        milestones=[{"component": "safeguards", "by": 2027, "least": 1}], without={"sectors": ["finance"]},
    )  # fmt: skip
    found = result(cast, plan)
    assert [row["key"] for row in found["by"]["component"]] == ["safeguards"]
    assert [row["key"] for row in found["by"]["sector"]] == ["energy"]
    assert found["measures"] == 2
    assert found["by_year"][0]["measures"] == 1


def test_what_cannot_be_kept_fails_with_the_limit_named(cast: Cast, run: Run) -> None:
    plan = ask(cast, run, milestones=[{"component": "safeguards", "by": 2027, "least": 99}])
    with pytest.raises(FormatProblem, match="more measures than"):
        perform(plan, now=NOW)
    assert again(plan).state == "failed"
    assert "milestones/safeguards/2027" in again(plan).sentence


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"budgets": [-1]}, "number-range"),
        ({"currency": "PKR"}, "currency-mix"),
        ({"components": {"statues": 0.5}}, "unknown-name"),
        ({"capacities": {"horses": [1, 1]}}, "unknown-name"),
    ],
)
def test_a_question_that_is_not_sound_is_refused_before_anything_is_kept(
    cast: Cast, run: Run, queue: list[tuple[str, int]], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ask(cast, run, **changes)
    assert refused.value.code == code
    assert queue == []
    with acting(system(), reason="look"):
        assert not InvestmentPlan.objects.exists()


@pytest.mark.parametrize("person", ["kamran", "ayesha", "parveen", "mina"])
def test_only_the_national_cert_and_the_authority_ask_for_plans(cast: Cast, run: Run, person: str) -> None:
    with pytest.raises(Forbidden):
        ask(cast, run, by=person)


def test_a_cancelled_plan_keeps_nothing(cast: Cast, run: Run) -> None:
    plan = ask(cast, run)

    def cancel(done: int, total: int) -> None:
        with acting(cast.nadia, reason="cancel"):
            if InvestmentPlan.objects.filter(pk=plan.pk, state="running").exists():
                cancel_plan(cast.nadia, plan, now=NOW)

    with pytest.raises(Ended):
        perform(plan, now=NOW, say=cancel)
    assert again(plan).state == "cancelled"
    with acting(system(), reason="look"):
        assert not PlanDetail.objects.exists()


def test_a_changed_plan_keeps_what_has_begun_and_leaves_out_what_is_withdrawn(cast: Cast, run: Run) -> None:
    before = solved(cast, run)
    with acting(system(), reason="look"):
        detail = PlanDetail.objects.get(plan=before)
    chosen = kept_table(detail.chosen)
    begun = set(chosen.filter(chosen["year"] == 2027)["measure"])
    later = chosen.filter(chosen["year"] == 2028)["measure"].to_list()
    after = solved(
        cast, run, based_on=before, keep_until=2027, budgets=[300_000.0, 200_000.0], without={"measures": later}
    )
    with acting(system(), reason="look"):
        new = kept_table(PlanDetail.objects.get(plan=after).chosen)
    assert begun <= set(new.filter(new["year"] == 2027)["measure"])
    assert not set(later) & set(new["measure"])


def test_a_plan_goes_on_roadmaps_once_and_each_organisation_sees_its_own(
    cast: Cast, run: Run, campaign: Campaign, queue: list[tuple[str, int]]
) -> None:
    plan = solved(cast, run, without={"kinds": ["support", "replace_provider"]}, budgets=[900_000.0])
    with acting(cast.nadia, reason="push"):
        ask_push(cast.nadia, plan, now=NOW)
    with pytest.raises(Conflict), acting(cast.nadia, reason="push"):
        ask_push(cast.nadia, plan, now=NOW)
    assert queue[-1] == ("push", plan.pk)
    plan_tasks.push_plan(plan.pk)
    done = again(plan)
    assert (done.pushed_items, done.pushed_organisations) == (5, 2)
    with acting(cast.bilal, reason="read"):
        mine = list(RoadmapItem.objects.filter(campaign=campaign))
    assert {item.organisation_id for item in mine} == {cast.organisations["alpha"].pk}
    assert len(mine) == 3
    assert all(item.starts_on is not None and item.starts_on.year == 2027 for item in mine)
    assert all(item.target_level > 0 for item in mine)
    with pytest.raises(Conflict), acting(cast.hamid, reason="push"):
        ask_push(cast.hamid, done, now=NOW)
    plan_tasks.push_plan(plan.pk)
    with acting(system(), reason="look"):
        assert RoadmapItem.objects.count() == 5


def test_what_is_on_a_roadmap_already_stays_as_it_is(cast: Cast, run: Run, campaign: Campaign) -> None:
    plan = solved(cast, run, without={"kinds": ["support", "replace_provider"]}, budgets=[900_000.0])
    with acting(system(), reason="plan"):
        detail = PlanDetail.objects.get(plan=plan)
    row = kept_table(detail.chosen).row(0, named=True)
    with acting(system(), reason="plan"):
        RoadmapItem.objects.create(
            organisation_id=row["organisation"], campaign=campaign, requirement=row["requirement"], target_level=1,
            title="Ours", due_on=NOW.date(), created_at=NOW,
        )  # fmt: skip
    with acting(cast.nadia, reason="push"):
        ask_push(cast.nadia, plan, now=NOW)
    plan_tasks.push_plan(plan.pk)
    assert again(plan).pushed_items == 4
    with acting(system(), reason="look"):
        kept = RoadmapItem.objects.get(organisation=row["organisation"], requirement=row["requirement"])
    assert kept.title == "Ours"


def test_those_who_see_no_organisation_put_nothing_on_roadmaps(cast: Cast, run: Run) -> None:
    plan = solved(cast, run)
    with pytest.raises(Forbidden), acting(cast.parveen, reason="push"):
        ask_push(cast.parveen, plan, now=NOW)


# Pages


def form(**changes: str) -> dict[str, str]:
    return {
        "title": "Programme", "total": "0.6", "first_year": "2027", "years": "2", "objective": "mean", "gap": "0.5",
        "seconds": "10",
    } | changes  # fmt: skip


def test_the_journey_from_a_budget_to_the_plan(cast: Cast, run: Run, queue: list[tuple[str, int]]) -> None:
    client = cast.client("nadia")
    assert "Make a plan" in client.get("/risks/plans/").content.decode()
    assert client.get("/risks/plans/new/").status_code == 200
    response = client.post("/risks/plans/new/", form())
    plan = queue[-1][1]
    assert response["Location"] == f"/risks/plans/{plan}/"
    assert "Looking for the plan" in client.get(response["Location"]).content.decode()
    plan_tasks.solve_plan(plan)
    assert client.get(response["Location"], headers={"HX-Request": "true"})["HX-Redirect"] == response["Location"]
    page = client.get(response["Location"]).content.decode()
    assert "Put it on the roadmaps" in page
    assert "Spread evenly" in page
    assert "Programme" in client.get("/risks/plans/").content.decode()
    measures = client.get(f"/risks/plans/{plan}/measures/?component=safeguards").content.decode()
    assert "Alpha Power (fictional)" in measures
    assert "A common watch" not in measures


def test_a_form_with_mistakes_says_where(cast: Cast, run: Run) -> None:
    client = cast.client("nadia")
    for changes, words in (
        ({"total": "-1"}, "greater than or equal to 0"),
        ({"total": "0"}, "needs money"),
        ({"by_year": "1 two"}, "numbers with spaces"),
        ({"by_year": "nan 1"}, "none of them below zero"),
        ({"least_0": "3"}, "a number of measures and a year"),
        ({"benefit_years": "1"}, "at least the years"),
    ):
        response = client.post("/risks/plans/new/", form(**changes))
        assert response.status_code == 422
        assert words in response.content.decode()


def test_a_changed_plan_begins_with_the_question_of_the_one_before(
    cast: Cast, run: Run, queue: list[tuple[str, int]]
) -> None:
    client = cast.client("nadia")
    client.post("/risks/plans/new/", form(by_year="0.2 0.4", share_0="50", least_0="1", until_0="2028", capacity_0="3"))
    before = again(InvestmentPlan(pk=queue[-1][1]))
    perform(before, now=NOW)
    filled = initial_of(before.title, before.question, choices_of(before.run))
    assert (filled["by_year"], filled["share_0"], filled["least_0"], filled["capacity_0"]) == ("0.2 0.4", 50, 1, 3)
    assert client.get(f"/risks/plans/{before.pk}/change/").status_code == 200
    client.post(f"/risks/plans/{before.pk}/change/", form(keep_until="2027"))
    after = again(InvestmentPlan(pk=queue[-1][1]))
    assert after.based_on_id == before.pk
    plan_tasks.solve_plan(after.pk)
    assert "After the change" in client.get(f"/risks/plans/{after.pk}/").content.decode()


def test_the_council_reads_sums_and_no_organisation(cast: Cast, run: Run) -> None:
    plan = solved(cast, run)
    client = cast.client("kamran")
    page = client.get(f"/risks/plans/{plan.pk}/").content.decode()
    assert "Alpha Power" not in page
    assert "Put it on the roadmaps" not in page
    assert client.get(f"/risks/plans/{plan.pk}/measures/").status_code == 404
    assert client.get(f"/risks/plans/{plan.pk}/measures.csv").status_code == 404
    assert client.get("/risks/plans/new/").status_code == 403
    shown = result(cast, plan, "kamran")
    assert shown["next"] == []
    assert {row["key"] for row in shown["by"]["sector"]} <= {"", "_others"}


def test_measures_are_taken_home_as_csv_and_xlsx(cast: Cast, run: Run) -> None:
    plan = solved(cast, run)
    client = cast.client("nadia")
    content = client.get(f"/risks/plans/{plan.pk}/measures.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) == result(cast, plan)["measures"]
    assert {row["identifier"] for row in rows if row["kind"] == "close_gap"} <= {"PK-T-0001", "PK-T-0002"}
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(result(cast, plan)["cost"])
    assert client.get(f"/risks/plans/{plan.pk}/measures.xlsx").content.startswith(b"PK")
    assert client.get(f"/risks/plans/{plan.pk}/measures.exe").status_code == 404


def test_without_a_run_the_page_says_what_is_missing(cast: Cast, campaign: Campaign) -> None:
    client = cast.client("nadia")
    assert "Run the model first" in client.get("/risks/plans/").content.decode()
    assert "Run the model first" in client.get("/risks/plans/new/").content.decode()


def test_programs_ask_for_plans_and_read_them(cast: Cast, run: Run, queue: list[tuple[str, int]]) -> None:
    client = cast.client("nadia")
    plan = solved(cast, run)
    assert client.get("/api/risks/plans").json()[0]["plan"] == plan.pk
    assert client.get(f"/api/risks/plans/{plan.pk}").json()["result"]["cost"] > 0
    body = {"title": "By program", "question": QUESTION}
    response = client.post("/api/risks/plans", body, content_type="application/json")
    assert response.status_code == 202
    assert queue[-1] == ("solve", response.json()["plan"])
    wrong = client.post("/api/risks/plans", body | {"question": {"budgets": []}}, content_type="application/json")
    assert wrong.status_code == 422
    assert cast.client("kamran").post("/api/risks/plans", body, content_type="application/json").status_code == 403


def test_a_failed_task_says_so_to_whoever_asked(cast: Cast, run: Run) -> None:
    plan = ask(cast, run, milestones=[{"component": "safeguards", "by": 2027, "least": 99}])
    plan_tasks.solve_plan(plan.pk)
    with acting(cast.nadia, reason="look"):
        progress = BackgroundRun.objects.get(pk=plan.background or 0)
    assert (progress.state, "more measures" in progress.sentence) == ("failed", True)
