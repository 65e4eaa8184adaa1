"""The nation's own reports change what is believed: counted over all cases, shown before and after, into a draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils.dateparse import parse_date
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.incidents.models import Incident
from sipar.risks import estimate_tasks
from sipar.risks.actions import discard_draft, draft_from, use_assumptions
from sipar.risks.estimate_actions import ask_update, take_update
from sipar.risks.estimate_counting import days_by_year
from sipar.risks.estimate_models import ReportUpdate
from sipar.risks.estimate_tasks import work_out_update
from sipar.risks.estimate_working import perform
from sipar.risks.models import AssumptionSet

pytestmark = pytest.mark.django_db
SOURCE = {"text": "Survey of 2024", "quality": "published"}
SINCE, UNTIL = date(2024, 1, 1), date(2026, 1, 1)


def scenario(**changes: Any) -> dict[str, Any]:
    return {
        "key": "ransomware", "title": {"en": "Ransomware stops the work", "ur": ""}, "event": "malware",
        "frequency": {"mean": 0.2, "variation": 0.5, "source": SOURCE},
        "loss": {"primary": {"shape": "lognormal", "mu": 11.0, "sigma": 1.5}, "source": SOURCE},
        "scale": {"size": {"large": 2.0}, "tier": {"1": 5.0}},
    } | changes  # fmt: skip


def based(cast: Cast, **changes: Any) -> AssumptionSet:
    document = {"currency": "USD", "year": 2025, "scenarios": [scenario(**changes)]}
    with acting(cast.nadia, reason="begin"):
        draft = draft_from(cast.nadia, None, title="First", reason="", now=NOW, document=document)
        return use_assumptions(cast.nadia, draft, reason="The first version.", now=NOW)


@pytest.fixture
def base(cast: Cast) -> AssumptionSet:
    return based(cast)


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What would have gone to the queue."""
    found: list[int] = []
    monkeypatch.setattr(estimate_tasks.work_out_update, "defer", lambda update: found.append(update))
    return found


def report(
    cast: Cast, key: str, day: str, loss: float | None = None, *, state: str = "open", guess: bool = False,
    **facts: Any,
) -> None:  # fmt: skip
    organisation = cast.organisations[key]
    told = {"ransomware": True} | facts | ({} if loss is None else {"financial_loss_eur": loss})
    parsed = parse_date(day)
    assert parsed is not None
    with acting(system(), reason="report"):
        Incident.objects.create(
            number=case_number(NOW), organisation=organisation, state=state, door="web", facts=told,
            estimates=["financial_loss_eur"] if guess else [], lead_team=cast.teams["national"],
            opened_by_id=cast.accounts["ayesha"].pk, opened_at=NOW,
            reported_at=datetime(parsed.year, parsed.month, parsed.day, 12, tzinfo=UTC),
        )  # fmt: skip


def asked(cast: Cast, base: AssumptionSet, kind: str = "frequency", **more: Any) -> ReportUpdate:
    values: dict[str, Any] = {"since": SINCE, "until": UNTIL, "criteria": ["ransomware"]} | more
    with acting(cast.nadia, reason="count"):
        return ask_update(cast.nadia, base, kind=kind, scenario="ransomware", **values, now=NOW)


def worked_out(cast: Cast, update: ReportUpdate) -> ReportUpdate:
    perform(update, now=NOW)
    with acting(cast.nadia, reason="look"):
        return ReportUpdate.objects.select_related("assumptions").get(pk=update.pk)


def taken(cast: Cast, update: ReportUpdate) -> AssumptionSet:
    with acting(cast.nadia, reason="take"):
        return take_update(cast.nadia, update, now=NOW)


def losses(cast: Cast, amounts: Sequence[float], *, key: str = "alpha") -> None:
    for place, amount in enumerate(amounts):
        report(cast, key, f"2025-03-{place + 1:02}", amount)


def test_reports_of_all_certs_move_the_rate_in_closed_form(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    report(cast, "alpha", "2024-02-01")
    report(cast, "beta", "2025-06-01")
    report(cast, "beta", "2025-06-02", state="rejected")
    report(cast, "gamma", "2023-12-30")
    report(cast, "gamma", "2025-06-02", ransomware=False)
    update = worked_out(cast, asked(cast, base))
    result = update.result
    exposure = 4 * (366 + 365) / 365.25
    assert [(year["year"], year["events"]) for year in result["years"]] == [(2024, 1), (2025, 1)]
    assert (result["organisations"], result["method"]) == (4, "conjugate")
    # Gamma of shape 4 and rate 20 before; two events among four organisations in two years after.
    assert result["after"]["mean"] == pytest.approx((4 + 2) / (20 + exposure))
    assert deferred == [update.pk]


def test_a_scenario_counts_the_organisations_that_it_can_hit_and_their_reports_alone(
    cast: Cast, deferred: list[int]
) -> None:
    base = based(cast, applies={"sectors": ["energy", "finance"], "tiers": [1], "sizes": [], "ownership": ["private"]})
    report(cast, "alpha", "2024-02-01")
    report(cast, "gamma", "2024-02-01")
    result = worked_out(cast, asked(cast, base)).result
    assert (result["organisations"], result["events"]) == (2, 1)


def test_an_uncertain_share_of_reports_is_worked_out_on_a_grid_and_raises_the_rate(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    for day in range(1, 9):
        report(cast, "alpha", f"2025-03-{day:02}")
    sure = worked_out(cast, asked(cast, base)).result
    unsure = worked_out(cast, asked(cast, base, reported=(0.2, 0.9))).result
    assert unsure["method"] == "grid"
    assert unsure["after"]["mean"] > sure["after"]["mean"]


def test_the_posterior_goes_into_a_new_draft_and_nothing_in_use_changes(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    report(cast, "alpha", "2024-02-01")
    update = worked_out(cast, asked(cast, base))
    draft = taken(cast, update)
    frequency = draft.document["scenarios"][0]["frequency"]
    assert frequency["mean"] == pytest.approx(update.result["after"]["mean"], rel=1e-3)
    assert frequency["variation"] == pytest.approx(update.result["after"]["variation"], rel=1e-3)
    assert frequency["source"]["quality"] == "measured"
    assert frequency["source"]["doubt"] > 1.3
    assert "Survey of 2024" in frequency["source"]["text"]
    with acting(cast.nadia, reason="look"):
        assert AssumptionSet.objects.get(state="in_use").document == base.document


def test_the_same_reports_do_not_count_twice(cast: Cast, base: AssumptionSet, deferred: list[int]) -> None:
    report(cast, "alpha", "2024-02-01")
    draft = taken(cast, worked_out(cast, asked(cast, base)))
    with pytest.raises(Invalid) as raised:
        asked(cast, draft, since=date(2025, 12, 31), until=date(2026, 6, 1))
    assert raised.value.code == "estimate.counted_twice"
    assert asked(cast, draft, since=UNTIL, until=date(2026, 6, 1)).state == "waiting"
    assert asked(cast, base, since=date(2025, 12, 31), until=date(2026, 6, 1)).state == "waiting"


def test_an_answer_from_numbers_that_are_gone_is_not_taken(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    with acting(cast.nadia, reason="begin"):
        draft = draft_from(cast.nadia, base, title="Second", reason="", now=NOW)
    update = worked_out(cast, asked(cast, draft))
    with acting(cast.nadia, reason="discard"):
        discard_draft(cast.nadia, draft)
        with pytest.raises(Conflict):
            take_update(cast.nadia, ReportUpdate.objects.get(pk=update.pk), now=NOW)


def test_final_losses_move_the_cost_by_the_scale_of_who_lost(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    # Alpha is large and of tier 1: ten times the cost of an organisation of scale 1. A euro is two dollars here.
    losses(cast, [1e6] * 6)
    report(cast, "alpha", "2025-04-01", 9e9, guess=True)
    report(cast, "alpha", "2025-04-02")
    update = worked_out(cast, asked(cast, base, "loss", rate=2.0))
    result = update.result
    assert (result["losses"], result["guesses"], result["silent"]) == (6, 1, 1)
    assert result["method"] == "conjugate"
    assert 11.0 < result["document"]["mu"] < 12.21
    primary = taken(cast, update).document["scenarios"][0]["loss"]["primary"]
    assert primary["mu"] == pytest.approx(result["document"]["mu"], rel=1e-3)


def test_a_cost_of_another_form_keeps_its_form_and_grows(cast: Cast, deferred: list[int]) -> None:
    loss = {"primary": {"shape": "pert", "low": 1e4, "mode": 2e4, "high": 6e4, "limit": 1e7}, "source": SOURCE}
    base = based(cast, loss=loss, scale={})
    losses(cast, [4e4, 5e4, 6e4, 5e4, 4.5e4, 7e4])
    update = worked_out(cast, asked(cast, base, "loss"))
    assert update.result["method"] == "grid"
    primary = taken(cast, update).document["scenarios"][0]["loss"]["primary"]
    assert primary["shape"] == "pert"
    assert primary["limit"] == 1e7
    assert primary["mode"] / 2e4 == pytest.approx(update.result["after"]["median"], rel=1e-3)
    assert 1.3 < primary["mode"] / 2e4 < 2.6


def test_few_losses_are_neither_learnt_from_nor_told(cast: Cast, base: AssumptionSet, deferred: list[int]) -> None:
    losses(cast, [1e6] * 4)
    update = asked(cast, base, "loss")
    with pytest.raises(FormatProblem):
        perform(update, now=NOW)
    with acting(cast.nadia, reason="look"):
        kept = ReportUpdate.objects.get(pk=update.pk)
    assert (kept.state, kept.result) == ("failed", {})
    assert "too few" in kept.sentence


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"since": UNTIL, "until": SINCE}, "until"),
        ({"until": date(2050, 1, 1)}, "until"),
        ({"criteria": []}, "criteria"),
        ({"criteria": ["no-such-class"]}, "criteria"),
        ({"reported": (0.9, 0.2)}, "reported_low"),
        ({"reported": (30.0, 90.0)}, "reported_low"),
        ({"reported": (0.0, 0.9)}, "reported_low"),
        ({"rate": -1.0}, "rate"),
        ({"rate": float("inf")}, "rate"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_its_field(
    cast: Cast, base: AssumptionSet, deferred: list[int], changes: dict[str, Any], where: str
) -> None:
    with pytest.raises(Invalid) as raised:
        asked(cast, base, **changes)
    assert [place.where for place in raised.value.places] == [where]
    assert deferred == []


def test_only_the_national_cert_counts_the_reports_of_the_nation(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    update = worked_out(cast, asked(cast, base))
    with acting(cast.parveen, reason="try"):
        assert not ReportUpdate.objects.exists()
        with pytest.raises(Forbidden):
            take_update(cast.parveen, update, now=NOW)
    assert cast.client("parveen").get(reverse("estimate_report", args=[update.pk])).status_code == 404
    assert cast.client("parveen").get(reverse("estimate_reports")).status_code == 403


def test_days_are_told_apart_by_calendar_year() -> None:
    assert days_by_year(date(2024, 12, 30), date(2026, 1, 2)) == {2024: 2, 2025: 365, 2026: 1}


def test_the_background_job_says_how_it_ended(cast: Cast, base: AssumptionSet, deferred: list[int]) -> None:
    update = asked(cast, base, "loss")
    work_out_update(update.pk)
    with acting(cast.nadia, reason="look"):
        run = BackgroundRun.objects.get(pk=update.background or 0)
    assert run.state == "failed"
    assert "too few" in run.sentence


def test_the_pages_ask_wait_show_before_and_after_and_take(
    cast: Cast, base: AssumptionSet, deferred: list[int]
) -> None:
    report(cast, "alpha", "2025-02-01")
    client = cast.client("nadia")
    filled = {
        "scenario": "ransomware", "kind": "frequency", "criteria": ["ransomware"], "since": "2024-01-01",
        "until": "2026-01-01", "reported_low": "40", "reported_high": "90", "base": str(base.pk),
    }  # fmt: skip
    address = reverse("estimate_reports_ask")
    assert client.get(address).status_code == 200
    refused = client.post(address, filled | {"reported_low": "95"})
    assert refused.status_code == 422
    answer = client.post(address, filled)
    assert answer.status_code == 302
    assert "hx-get" in client.get(answer["Location"]).text
    with acting(cast.nadia, reason="look"):
        update = ReportUpdate.objects.get(pk=deferred[0])
    perform(update, now=NOW)
    page = client.get(answer["Location"]).text
    assert "Before and after" in page
    assert "fewer than five reports" in page
    assert client.post(f"{answer['Location']}take/").status_code == 302
    with acting(cast.nadia, reason="look"):
        assert AssumptionSet.objects.filter(state="draft").count() == 1
    assert "Ransomware stops the work" in client.get(reverse("estimate_reports")).text
