"""Assumptions from draft to use, and runs of the model from asked to kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.core.acting import acting
from sipar.core.jobs import Ended, system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.orgs.models import Organisation
from sipar.risks import selectors, tasks
from sipar.risks.actions import cancel_run, discard_draft, repeat_run, save_draft, use_assumptions
from sipar.risks.claiming import LOCKS
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run, RunDetail, RunPublication
from sipar.risks.tests.pricing import again, asked, document, drafted, in_use, peopled, ran
from sipar.risks.working import perform, years_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """What was put in the queue, instead of a queue."""
    wanted: list[int] = []
    monkeypatch.setattr(settings, "VAR", tmp_path)
    monkeypatch.setattr(tasks.run_model, "defer", lambda *, run: wanted.append(run))
    return wanted


def seen(cast: Cast, number: int, by: str = "nadia") -> AssumptionSet:
    with acting(cast.actors[by], reason="look"):
        return selectors.access_assumptions(cast.actors[by], number)


def test_a_draft_that_the_model_cannot_read_is_refused_by_its_place(cast: Cast) -> None:
    wrong = document()
    wrong["scenarios"][0]["frequency"]["mean"] = -1
    with pytest.raises(Invalid) as refused:
        drafted(cast, scenarios=wrong["scenarios"])
    assert refused.value.places[0].where == "scenarios/ransomware/frequency/mean"
    with acting(system(), reason="look"):
        assert not AssumptionSet.objects.exists()


def test_only_the_national_cert_and_the_authority_model(cast: Cast) -> None:
    for name in ("parveen", "kamran", "bilal"):
        with pytest.raises(Forbidden):
            drafted(cast, by=name)


def test_a_draft_put_to_use_replaces_what_was_in_use(cast: Cast) -> None:
    first = in_use(cast)
    second = drafted(cast, base=first)
    with acting(cast.nadia, reason="use"):
        use_assumptions(cast.nadia, second, reason="Newer figures", now=NOW)
    assert (seen(cast, first.number).state, seen(cast, second.number).state) == ("retired", "in_use")
    with acting(cast.bilal, reason="look"):
        used = selectors.assumptions_in_use(cast.bilal)
    assert used is not None
    assert used.number == second.number


def test_a_draft_is_put_to_use_only_with_a_reason(cast: Cast) -> None:
    draft = drafted(cast)
    with acting(cast.nadia, reason="use"), pytest.raises(Invalid):
        use_assumptions(cast.nadia, draft, reason="  ", now=NOW)
    assert seen(cast, draft.number).state == "draft"


def test_a_stale_save_is_refused_and_loses_nothing(cast: Cast) -> None:
    draft = drafted(cast)
    changed = document(year=2025)
    with acting(cast.nadia, reason="save"):
        save_draft(cast.nadia, draft, document=changed, version=draft.version, now=NOW)
    with acting(cast.hamid, reason="save"), pytest.raises(Conflict):
        save_draft(cast.hamid, draft, document=document(year=2024), version=draft.version, now=NOW)
    assert seen(cast, draft.number).document["year"] == 2025


def test_what_is_in_use_cannot_be_changed_or_discarded(cast: Cast) -> None:
    used = in_use(cast)
    with acting(cast.nadia, reason="save"), pytest.raises(Conflict):
        save_draft(cast.nadia, used, document=document(), version=used.version, now=NOW)
    with acting(cast.nadia, reason="discard"), pytest.raises(Conflict):
        discard_draft(cast.nadia, used)


def test_an_organisation_does_not_see_drafts(cast: Cast) -> None:
    draft = drafted(cast)
    with pytest.raises(NotFound):
        seen(cast, draft.number, by="bilal")


def test_a_run_keeps_what_it_says_of_the_nation_and_of_each_organisation(cast: Cast, campaign: Campaign) -> None:
    peopled(campaign)
    run = ran(cast, in_use(cast))
    assert run.state == "done"
    assert run.campaign == campaign
    with acting(system(), reason="look"):
        detail = RunDetail.objects.get(run=run).result
        rows = list(OrganisationLoss.objects.filter(run=run))
        organisations = Organisation.objects.filter(is_active=True).count()
        shown = RunPublication.objects.get(run=run).result
    assert len(rows) == organisations
    assert math.isclose(sum(row.mean for row in rows), detail["mean"]["exact"] or detail["mean"]["value"], rel_tol=0.2)
    assert math.isclose(float(years_of(run).mean()), detail["mean"]["value"], rel_tol=1e-9)
    assert {row["provider"] for row in detail["links"]} == {"cloud"}
    assert all(row["organisations"] is None or row["organisations"] >= 5 for row in shown["links"])
    assert any(row.benchmark for row in rows)


def test_a_run_repeated_has_the_same_bits(cast: Cast, campaign: Campaign, queue: list[int]) -> None:
    peopled(campaign)
    run = ran(cast, in_use(cast))
    with acting(cast.nadia, reason="repeat"):
        repeated = repeat_run(cast.nadia, run, now=NOW)
    more = peopled(campaign, count=0)
    assert not more
    perform(again(repeated), now=NOW)
    found = again(repeated)
    assert found.losses == run.losses
    assert found.sentence == "Repeated to the same bits."
    assert queue == [run.pk, repeated.pk]


def test_a_repeated_run_does_not_look_at_todays_register(cast: Cast, campaign: Campaign) -> None:
    made = peopled(campaign)
    run = ran(cast, in_use(cast))
    with acting(system(), reason="close half of them"):
        Organisation.objects.filter(pk__in=[each.pk for each in made[:20]]).update(is_active=False)
    with acting(cast.nadia, reason="repeat"):
        repeated = repeat_run(cast.nadia, run, now=NOW)
    perform(again(repeated), now=NOW)
    assert again(repeated).losses == run.losses


def test_a_draft_run_on_the_same_inputs_meets_the_same_chance(cast: Cast, campaign: Campaign) -> None:
    peopled(campaign)
    used = in_use(cast)
    run = ran(cast, used)
    calmer = document()
    calmer["scenarios"][0]["frequency"]["mean"] = 0.15
    draft = drafted(cast, base=used, scenarios=calmer["scenarios"])
    other = ran(cast, draft, inputs_of=run)
    assert other.inputs == run.inputs
    assert years_of(other).mean() < years_of(run).mean()


def test_runs_of_drafts_and_repeats_do_not_count(cast: Cast, campaign: Campaign) -> None:
    peopled(campaign, count=10)
    used = in_use(cast)
    run = ran(cast, used)
    ran(cast, drafted(cast, base=used))
    with acting(cast.nadia, reason="repeat"):
        repeated = repeat_run(cast.nadia, run, now=NOW)
    perform(again(repeated), now=NOW)
    with acting(cast.kamran, reason="look"):
        assert selectors.latest_run(cast.kamran) == run


def test_a_cancelled_run_keeps_nothing_and_is_not_taken_up(cast: Cast) -> None:
    run = asked(cast, in_use(cast))
    with acting(cast.nadia, reason="cancel"):
        cancel_run(cast.nadia, run, now=NOW)
    with pytest.raises(Ended):
        perform(run, now=NOW)
    assert again(run).state == "cancelled"
    with acting(system(), reason="look"):
        assert not RunDetail.objects.filter(run=run).exists()


def test_a_run_whose_worker_died_is_begun_again_and_one_that_somebody_works_on_is_left(
    cast: Cast, campaign: Campaign
) -> None:
    peopled(campaign, count=10)
    run = asked(cast, in_use(cast))
    with acting(system(), reason="a worker began it"):
        Run.objects.filter(pk=run.pk).update(state="running")
    with held_elsewhere(LOCKS[Run], run.pk), pytest.raises(Ended):
        perform(run, now=NOW)
    assert again(run).state == "running"
    perform(run, now=NOW)
    assert again(run).state == "done"


@contextmanager
def held_elsewhere(space: int, number: int) -> Iterator[None]:
    """Another session of the database holds the work."""
    parameters = connection.get_connection_params()
    parameters.pop("pool", None)
    with psycopg.connect(**parameters) as other:
        other.execute("select pg_advisory_lock(%s, %s)", [space, number])
        yield


def test_a_run_cancelled_while_it_works_ends_and_keeps_nothing(
    cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    peopled(campaign, count=10)
    run = asked(cast, in_use(cast))
    monkeypatch.setattr("sipar.risks.working.SECONDS_BETWEEN_LOOKS", 0.0)

    def cancel(done: int, total: int) -> None:
        with acting(cast.nadia, reason="cancel"):
            if Run.objects.filter(pk=run.pk, state="running").exists():
                cancel_run(cast.nadia, run, now=NOW)

    with pytest.raises(Ended):
        perform(run, now=NOW, say=cancel)
    assert again(run).state == "cancelled"
    with acting(system(), reason="look"):
        assert not OrganisationLoss.objects.filter(run=run).exists()


def test_the_task_tells_its_starter_how_it_ended(cast: Cast, campaign: Campaign) -> None:
    peopled(campaign, count=10)
    run = asked(cast, in_use(cast))
    tasks.run_model(run.pk)
    with acting(cast.nadia, reason="look"):
        progress = BackgroundRun.objects.get(pk=run.background or 0)
    assert (progress.state, progress.sentence) == ("done", "The result is ready.")


@pytest.mark.parametrize(("name", "value"), [("years", 10), ("years", 10_000_000), ("seed", -1)])
def test_years_and_seed_out_of_range_are_refused(cast: Cast, name: str, value: int) -> None:
    used = in_use(cast)
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(Invalid) as refused:
        asked(cast, used, **wrong)
    assert refused.value.places[0].where == name
