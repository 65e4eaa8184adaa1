"""Experts are asked, answer alone, are scored when the truth is known, and are taken into a draft as one."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.risk.experts import Interval
from sipar.risks.actions import draft_from, use_assumptions
from sipar.risks.estimate_actions import (
    ask_question,
    give_estimate,
    settle_question,
    take_estimates,
    withdraw_question,
)
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate
from sipar.risks.estimate_selectors import pool_of, record_of, records_seen
from sipar.risks.models import AssumptionSet

pytestmark = pytest.mark.django_db
SOURCE = {"text": "Survey of 2024", "quality": "published"}
RATE = Interval(0.01, 0.05, 0.2)


def document() -> dict[str, Any]:
    return {
        "currency": "USD", "year": 2025,
        "scenarios": [{
            "key": "ransomware", "title": {"en": "Ransomware stops the work", "ur": ""}, "event": "malware",
            "frequency": {"mean": 0.2, "variation": 0.5, "source": SOURCE},
            "loss": {"primary": {"shape": "lognormal", "mu": 11.0, "sigma": 1.5, "limit": 2e7}, "source": SOURCE},
        }],
    }  # fmt: skip


@pytest.fixture
def base(cast: Cast) -> AssumptionSet:
    with acting(cast.nadia, reason="begin"):
        draft = draft_from(cast.nadia, None, title="First", reason="", now=NOW, document=document())
        return use_assumptions(cast.nadia, draft, reason="The first version.", now=NOW)


def asked(cast: Cast, base: AssumptionSet, kind: str = "frequency") -> EstimateQuestion:
    with acting(cast.nadia, reason="ask"):
        return ask_question(
            cast.nadia, kind=kind, scenario="ransomware", text="How often?", unit="", assumptions=base,
            now=NOW,
        )  # fmt: skip


def practised(cast: Cast, text: str) -> EstimateQuestion:
    with acting(cast.nadia, reason="ask"):
        return ask_question(
            cast.nadia, kind="practice", scenario="", text=text, unit="reports", assumptions=None, now=NOW
        )


def said(actor: Actor, question: EstimateQuestion, interval: Interval = RATE) -> ExpertEstimate:
    with acting(actor, reason="say"):
        return give_estimate(actor, question, interval, now=NOW)


def settled(cast: Cast, question: EstimateQuestion, truth: float) -> None:
    with acting(cast.nadia, reason="it is known"):
        settle_question(cast.nadia, question, truth=truth, source="Our count of reports", now=NOW)


def test_an_expert_answers_and_changes_the_answer_while_the_question_is_open(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    said(cast.parveen, question)
    said(cast.parveen, question, Interval(0.02, 0.06, 0.3, 0.8))
    with acting(cast.parveen, reason="look"):
        kept = ExpertEstimate.objects.get(question=question)
    assert (kept.low, kept.best, kept.high, kept.confidence) == (0.02, 0.06, 0.3, 0.8)
    settled(cast, question, 0.1)
    with pytest.raises(Conflict):
        said(cast.parveen, question)


def test_an_expert_does_not_see_what_the_others_say_and_the_national_cert_does(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    said(cast.parveen, question)
    said(cast.farah, question, Interval(0.1, 0.2, 0.4))
    with acting(cast.parveen, reason="look"):
        assert [row.expert_id for row in ExpertEstimate.objects.all()] == [cast.parveen.account]
    with acting(cast.nadia, reason="look"):
        opinions = pool_of(cast.nadia, question)
    assert opinions is not None
    assert {line.name for line in opinions.lines} == {"Parveen", "Farah"}
    assert sum(line.weight for line in opinions.lines) == pytest.approx(1)


@pytest.mark.parametrize(
    ("interval", "where"),
    [
        (Interval(-1, 0.05, 0.2), "low"),
        (Interval(0.1, 0.05, 0.2), "best"),
        (Interval(0.01, 0.5, 0.2), "high"),
        (Interval(0.01, 0.05, float("inf")), "high"),
        (Interval(1, 50, 5_000), "high"),
        (Interval(0.01, 0.05, 0.2, 90), "confidence"),
    ],
)
def test_an_interval_that_cannot_be_is_refused_beside_its_field_and_nothing_is_kept(
    cast: Cast, base: AssumptionSet, interval: Interval, where: str
) -> None:
    question = asked(cast, base)
    with acting(cast.parveen, reason="say"):
        with pytest.raises(Invalid) as raised:
            give_estimate(cast.parveen, question, interval, now=NOW)
        assert not ExpertEstimate.objects.exists()
    assert [place.where for place in raised.value.places] == [where]


def test_only_those_who_answer_for_the_model_ask_settle_and_withdraw(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    with acting(cast.parveen, reason="try"):
        for attempt in (
            lambda: ask_question(
                cast.parveen, kind="practice", scenario="", text="x", unit="y", assumptions=None, now=NOW
            ),
            lambda: settle_question(cast.parveen, question, truth=1.0, source="x", now=NOW),
            lambda: withdraw_question(cast.parveen, question, now=NOW),
            lambda: take_estimates(cast.parveen, question, base, now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt()
    with acting(cast.bilal, reason="try"), pytest.raises(Forbidden):
        give_estimate(cast.bilal, question, RATE, now=NOW)


def test_experts_are_scored_as_truths_become_known_and_who_was_right_weighs_more(
    cast: Cast, base: AssumptionSet
) -> None:
    good, bad = Interval(50, 100, 200), Interval(2_000, 2_100, 2_200)
    for place, truth in enumerate((60.0, 90.0, 110.0, 130.0, 180.0, 95.0)):
        question = practised(cast, f"How many reports in week {place}?")
        said(cast.parveen, question, good)
        said(cast.farah, question, bad)
        settled(cast, question, truth)
    question = asked(cast, base)
    said(cast.parveen, question)
    said(cast.farah, question, Interval(0.1, 0.2, 0.4))
    with acting(cast.nadia, reason="look"):
        opinions = pool_of(cast.nadia, question)
        records = records_seen(cast.nadia)
    assert opinions is not None
    assert opinions.lines[0].name == "Parveen"
    assert opinions.lines[0].weight > 0.95
    assert [(line.name, line.record.inside, line.record.verdict) for line in records] == [
        ("Parveen", 6, "calibrated"), ("Farah", 0, "too_high"),
    ]  # fmt: skip
    with acting(cast.parveen, reason="look"):
        assert record_of(cast.parveen).inside == 6
        assert [line.name for line in records_seen(cast.parveen)] == ["Parveen"]


def test_a_truth_does_not_weigh_the_answers_to_its_own_question(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    said(cast.parveen, question)
    settled(cast, question, 0.05)
    with acting(cast.nadia, reason="look"):
        opinions = pool_of(cast.nadia, question)
    assert opinions is not None
    assert opinions.lines[0].record.questions == 0


def test_a_withdrawn_question_counts_for_nobody(cast: Cast) -> None:
    question = practised(cast, "How many?")
    said(cast.parveen, question, Interval(1, 2, 3))
    with acting(cast.nadia, reason="withdraw"):
        withdraw_question(cast.nadia, question, now=NOW)
        with pytest.raises(Conflict):
            settle_question(cast.nadia, question, truth=1.0, source="x", now=NOW)
    with acting(cast.parveen, reason="look"):
        assert record_of(cast.parveen).questions == 0


@pytest.mark.parametrize("truth", [0.0, -1.0, float("nan"), 5_000.0])
def test_a_truth_that_cannot_be_is_refused(cast: Cast, base: AssumptionSet, truth: float) -> None:
    question = asked(cast, base)
    with acting(cast.nadia, reason="settle"), pytest.raises(Invalid):
        settle_question(cast.nadia, question, truth=truth, source="Our count", now=NOW)


def test_two_experts_become_the_rate_of_a_new_draft_and_nothing_in_use_changes(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    said(cast.parveen, question)
    with acting(cast.nadia, reason="take"), pytest.raises(Conflict):
        take_estimates(cast.nadia, question, base, now=NOW)
    said(cast.farah, question, Interval(0.1, 0.2, 0.4))
    with acting(cast.nadia, reason="take"):
        draft = take_estimates(cast.nadia, question, base, now=NOW)
        opinions = pool_of(cast.nadia, question)
        assert AssumptionSet.objects.get(state="in_use").document == base.document
    assert opinions is not None
    frequency = draft.document["scenarios"][0]["frequency"]
    assert frequency["mean"] == pytest.approx(opinions.pooled.mean, rel=1e-3)
    assert frequency["variation"] == pytest.approx(opinions.pooled.variation, rel=1e-3)
    assert frequency["source"]["quality"] == "expert"
    assert (draft.state, draft.based_on_id) == ("draft", base.pk)


def test_two_experts_become_the_cost_of_a_new_draft_and_its_limit_stays(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base, "loss")
    said(cast.parveen, question, Interval(1e4, 1e5, 1e6))
    said(cast.farah, question, Interval(5e3, 5e4, 1e6))
    with acting(cast.nadia, reason="take"):
        draft = take_estimates(cast.nadia, question, base, now=NOW)
    primary = draft.document["scenarios"][0]["loss"]["primary"]
    assert primary["shape"] == "lognormal"
    assert primary["limit"] == 2e7
    assert 10 < primary["mu"] < 12


def test_the_pages_ask_answer_and_show_all_answers_as_one(cast: Cast, base: AssumptionSet) -> None:
    nation, power = cast.client("nadia"), cast.client("parveen")
    asking = {"kind": "frequency", "scenario": "ransomware", "text": "", "unit": ""}
    answer = nation.post(reverse("estimate_ask"), asking)
    assert answer.status_code == 302
    address = answer["Location"]
    assert "Ransomware stops the work" in power.get(reverse("estimates")).text
    refused = power.post(address, {"low": "500", "best": "100", "high": "900", "confidence": "0.9"})
    assert refused.status_code == 422
    assert 'value="500"' in refused.text
    given = {"low": "20", "best": "100", "high": "500", "confidence": "0.9", "note": "Cases of our sector"}
    assert power.post(address, given).status_code == 302
    assert nation.post(address, given | {"note": ""}).status_code == 302
    page = nation.get(address).text
    assert "Cases of our sector" in page
    assert "Take into a new draft" in page
    assert "Take into a new draft" not in power.get(address).text
    taken = nation.post(f"{address}take/", {"base": str(base.pk)})
    with acting(cast.nadia, reason="look"):
        assert AssumptionSet.objects.get(state="draft").number == base.number + 1
    assert taken["Location"] == reverse("risk_version", args=[base.number + 1])
    settling = {"truth": "200", "source": "Our count"}
    assert nation.post(f"{address}settle/", settling).status_code == 302
    with acting(cast.nadia, reason="look"):
        assert EstimateQuestion.objects.get().truth == 0.2
    assert "your interval held it" in power.get(address).text


def test_a_program_answers_and_only_modellers_read_the_pool(cast: Cast, base: AssumptionSet) -> None:
    question = asked(cast, base)
    said(cast.nadia, question)
    address = f"/api/risks/estimates/questions/{question.pk}"
    power, nation = cast.client("parveen"), cast.client("nadia")
    body = {"low": 0.02, "best": 0.1, "high": 0.5}
    given = power.put(f"{address}/estimate", body, content_type="application/json")
    assert given.json()["own"]["best"] == 0.1
    refused = power.put(f"{address}/estimate", body | {"low": 0.3}, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "best")
    assert power.get(address).json()["pooled"] is None
    assert nation.get(address).json()["pooled"]["experts"] == 2
    assert [row["number"] for row in power.get("/api/risks/estimates/questions").json()] == [question.pk]
    assert nation.get("/api/risks/estimates/reports").json() == []
