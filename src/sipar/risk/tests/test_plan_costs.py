from __future__ import annotations

from typing import Any

import pytest

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_costs import measures_of

MEASURES: dict[str, Any] = {
    "close_gap": {
        "component": "safeguards",
        "cost": {"fixed": 1000, "per_level": 10000, "size": {"small": 0.5}, "tier": {"1": 2}},
        "by_requirement": [{"begins": "GV", "factor": 0.5, "component": "governance"}],
        "paid": [0.75, 0.25],
        "lead_years": 1,
        "needs": [["PR.2", "PR.1"]],
        "uses": {"engineers": 0.5},
        "source": {"text": "invented", "quality": "low"},
    },
    "support": [
        {"key": "watch", "title": {"en": "Watch"}, "component": "services", "for": "sector",
         "cost": {"fixed": 2000, "each": 100, "size": {"small": 0.5}}, "reduces": 0.1, "excludes": ["drills"]},
    ],
    "training": [
        {"key": "drills", "title": {"en": "Drills"}, "for": "sector", "cost": {"fixed": 500}, "reduces": 0.02},
        {"key": "school", "title": {"en": "School"}, "for": "nation", "cost": {"fixed": 900}, "reduces": 0.01,
         "needs": []},
    ],
    "replace_provider": [
        {"provider": "cloud", "title": {"en": "A second cloud"}, "cost": {"fixed": 5000, "each": 10}, "reduces": 0.5},
    ],
}  # fmt: skip


def test_measures_are_read_with_their_components_and_capacities() -> None:
    read = measures_of(MEASURES)
    assert read.components == ("safeguards", "governance", "services", "training", "replace_provider")
    assert read.capacities == ("engineers",)
    assert read.close_gap is not None
    assert read.close_gap.terms.cost.curve == ((0.0, 0.0), (1.0, 10000.0))
    assert read.close_gap.terms.cost.tier == {1: 2.0}
    assert [offer.key for offer in read.offers] == ["watch", "drills", "school", "cloud"]


def test_no_measures_at_all_are_read_as_none() -> None:
    read = measures_of({})
    assert read.close_gap is None
    assert (read.offers, read.components, read.capacities) == ((), (), ())


def offer(**changes: object) -> dict[str, Any]:
    return {"support": [{"key": "a", "cost": {"fixed": 1}, "reduces": 0.1} | changes]}


def rule(**changes: object) -> dict[str, Any]:
    return {"close_gap": {"cost": {"per_level": 1}} | changes}


@pytest.mark.parametrize(
    ("document", "code", "where"),
    [
        ([], "wrong-type", "measures"),
        ({"magic": {}}, "unknown-measure-kind", "measures"),
        (offer(reduces=1), "share", "measures/support/0/reduces"),
        (offer(reduces=-0.1), "number-range", "measures/support/0/reduces"),
        (offer(reduces=float("nan")), "number-range", "measures/support/0/reduces"),
        (offer(reduces="0.1"), "wrong-type", "measures/support/0/reduces"),
        (offer(reduces=10**400), "number-range", "measures/support/0/reduces"),
        (offer(cost={"fixed": -1}), "number-range", "measures/support/0/cost/fixed"),
        (offer(cost={"fixed": float("inf")}), "number-range", "measures/support/0/cost/fixed"),
        (offer(cost=None), "wrong-type", "measures/support/0/cost"),
        (offer(key=""), "empty-value", "measures/support/0/key"),
        (offer(needs=["b"]), "unknown-measure", "measures/support"),
        (offer(needs=["a"]), "unknown-measure", "measures/support"),
        (offer(**{"for": "galaxy"}), "unknown-reach", "measures/support/0/for"),
        (offer(paid=[0.5, 0.4]), "paid", "measures/support/0/paid"),
        (offer(lead_years=1.5), "lead-years", "measures/support/0/lead_years"),
        (offer(uses={"engineers": -1}), "number-range", "measures/support/0/uses/engineers"),
        ({"support": [offer()["support"][0]] * 2}, "measure-twice", "measures/support"),
        (rule(cost={"curve": [[0, 0], [0, 5]]}), "cost-curve", "measures/close_gap/cost/curve"),
        (rule(cost={"curve": [[0, 5], [1, 4]]}), "cost-curve", "measures/close_gap/cost/curve"),
        (rule(cost={"curve": [[0, 5], [1.5, 6]]}), "cost-curve", "measures/close_gap/cost/curve"),
        (rule(cost={"curve": [[0, 5, 6]]}), "cost-curve", "measures/close_gap/cost/curve/0"),
        (rule(cost={"curve": [[0, 0]], "per_level": 1}), "contradictory", "measures/close_gap/cost"),
        (rule(needs=[["a"]]), "wrong-type", "measures/close_gap/needs/0"),
        (rule(cost={"per_level": 1, "tier": {"first": 1}}), "wrong-type", "measures/close_gap/cost/tier"),
    ],
)
def test_what_is_not_sound_is_refused_by_name(document: object, code: str, where: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        measures_of(document)
    assert (refused.value.code, refused.value.where) == (code, where)
