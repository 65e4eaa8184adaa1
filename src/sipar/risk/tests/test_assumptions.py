"""The document of assumptions: what it says is read, what cannot be is named with its path, and versions compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions import Difference, difference, digest, parse
from sipar.risk.controls import Function
from sipar.risk.scenario import Quality, Shock
from sipar.risk.tests.nation import SOURCE, document

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every value of the document."""
    names: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(leaf for name in names for leaf in leaves(value[name], (*path, name)))]  # type: ignore[index]


def put(made: Any, path: tuple[Any, ...], value: object) -> Any:
    for name in path[:-1]:
        made = made[name]
    made[path[-1]] = value
    return made


def test_the_document_is_read_with_its_defaults() -> None:
    found = parse(document())
    assert [kind.key for kind in found.kinds] == ["ransomware", "fraud", "outage"]
    assert found.kinds[0].frequency.spread == pytest.approx(0.25)
    assert found.kinds[0].tier == {1: 3.0}
    assert found.kinds[1].applies.sectors == ("finance", "health")
    assert found.nation_shock == Shock(0.1, 3.0)
    assert found.sector_shocks == {"finance": Shock(0.2, 2.0)}
    assert found.effects[3].function == Function.VARIANCE_MANAGEMENT
    assert found.effects[0].source.quality == Quality.ASSUMED
    assert found.providers[1].rests_on == ("power",)


def test_a_rate_per_month_is_brought_to_a_year() -> None:
    assert parse(document()).kinds[1].frequency.mean == pytest.approx(0.6)


def test_a_source_is_as_doubtful_as_its_quality_or_as_it_says() -> None:
    made = document()
    made["doubts"] = {"published": 1.25}
    made["scenarios"][0]["loss"]["source"] = {"text": "A report", "quality": "published"}
    made["scenarios"][1]["loss"]["source"] = {"text": "A report", "quality": "published", "doubt": 7}
    found = parse(made)
    assert [kind.loss_source.doubt for kind in found.kinds] == [1.25, 7.0, 3.0]


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (lambda made: made.update(currency="rupees"), "text_range", "currency"),
        (lambda made: made.update(currency="pkr"), "currency", "currency"),
        (lambda made: made.update(year=20.5), "range", "year"),
        (lambda made: made.update(scenarios=[]), "empty", "scenarios"),
        (lambda made: made.update(scenarois=[]), "unknown_name", ""),
        (lambda made: made["scenarios"].append(made["scenarios"][0]), "twice", "scenarios/ransomware"),
        (
            lambda made: put(made, ("scenarios", 0, "frequency", "mean"), -1),
            "negative",
            "scenarios/ransomware/frequency/mean",
        ),
        (
            lambda made: put(made, ("scenarios", 0, "frequency", "mean"), float("inf")),
            "not_finite",
            "scenarios/ransomware/frequency/mean",
        ),
        (
            lambda made: put(made, ("scenarios", 0, "frequency", "per"), "week"),
            "unknown_unit",
            "scenarios/ransomware/frequency",
        ),
        (lambda made: put(made, ("scenarios", 0, "frequency", "mean"), 1200), "unit_mistake", "scenarios/ransomware"),
        (
            lambda made: put(made, ("scenarios", 0, "loss", "primary", "low"), 9e5),
            "impossible_quantiles",
            "scenarios/ransomware/loss/primary",
        ),
        (
            lambda made: put(made, ("scenarios", 0, "loss", "secondary", "mode"), 4e5),
            "impossible_quantiles",
            "scenarios/ransomware/loss/secondary",
        ),
        (
            lambda made: put(
                made, ("scenarios", 0, "loss", "primary"), {"shape": "lognormal", "low": 1e6, "high": 2e8}
            ),
            "unit_mistake",
            "scenarios/ransomware/loss",
        ),
        (
            lambda made: put(made, ("scenarios", 0, "loss", "primary", "shape"), "normal"),
            "unknown_choice",
            "scenarios/ransomware/loss/primary/shape",
        ),
        (
            lambda made: put(made, ("scenarios", 0, "scale", "tier"), {"one": 2}),
            "tier",
            "scenarios/ransomware/scale/tier",
        ),
        (lambda made: put(made, ("shocks", 0, "factor"), 11), "contradictory", "shocks/nation"),
        (lambda made: made["shocks"].append(made["shocks"][1]), "twice", "shocks"),
        (lambda made: put(made, ("providers", 0, "rests_on"), ["cloud"]), "cycle", "providers/cloud/rests_on"),
        (lambda made: put(made, ("providers", 1, "rests_on"), ["sea"]), "unknown_provider", "providers/cloud/rests_on"),
        (
            lambda made: put(made, ("providers", 1, "sets_off"), {"flood": 1}),
            "unknown_scenario",
            "providers/cloud/sets_off",
        ),
        (
            lambda made: put(made, ("providers", 1, "sets_off", "outage"), 1.5),
            "range",
            "providers/cloud/sets_off/outage",
        ),
        (lambda made: put(made, ("effects", 0, "high"), 1.0), "effect_range", "effects/PR.1"),
        (lambda made: put(made, ("effects", 0, "low"), 0.7), "contradictory", "effects/PR.1"),
        (lambda made: put(made, ("effects", 0, "event"), "malwear"), "unknown_event", "effects/PR.1"),
        (lambda made: made["effects"].append(made["effects"][0]), "twice", "effects"),
        (lambda made: put(made, ("exposure", "critical"), 0.5), "range", "exposure/critical"),
        (
            lambda made: put(made, ("measures", "close_gap", "cost", "per_level"), -4),
            "negative",
            "measures/close_gap/cost/per_level",
        ),
        (lambda made: made["recorded_years"].append(made["recorded_years"][0]), "twice", "recorded_years"),
        (
            lambda made: put(made, ("scenarios", 2, "loss", "source"), {"text": "x", "quality": "rumour"}),
            "unknown_choice",
            "scenarios/outage/loss/source/quality",
        ),
        (lambda made: put(made, ("scenarios", 2, "title"), {"ur": "خرابی"}), "missing", "scenarios/outage/title"),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(change: Callable[[Any], object], code: str, where: str) -> None:
    made = json.loads(json.dumps(document()))
    change(made)
    with pytest.raises(FormatProblem) as caught:
        parse(made)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_document_without_end_is_refused() -> None:
    made = document()
    deep: dict[str, Any] = {}
    made["measures"] = deep
    for _ in range(50):
        deep["more"] = {}
        deep = deep["more"]
    with pytest.raises(FormatProblem, match="levels"):
        parse(made)
    with pytest.raises(FormatProblem, match="entries"):
        parse({**document(), "recorded_years": [{}] * 10_000})


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=JSON)
def test_whatever_stands_anywhere_is_read_or_refused(data: st.DataObject, value: object) -> None:
    made = json.loads(json.dumps(document()))
    path = data.draw(st.sampled_from(leaves(made)[1:]))
    put(made, path, value)
    try:
        assert parse(made).kinds
    except FormatProblem as problem:
        assert problem.sentence  # noqa: PT017


def test_a_digest_does_not_hang_on_the_order_of_names_or_the_writing_of_numbers() -> None:
    made = document()
    assert digest(dict(reversed(made.items()))) == digest(made)
    assert digest({"year": 2026.0, "deep": [{"a": 1.0}]}) == digest({"deep": [{"a": 1}], "year": 2026})
    assert digest({"year": 2026.5}) != digest({"year": 2026})


def test_a_difference_names_entries_by_their_keys() -> None:
    before, after = document(), document()
    after["scenarios"][1]["frequency"]["mean"] = 0.07
    after["scenarios"].reverse()
    after["shocks"][0]["factor"] = 4.0
    after["effects"].append({"requirement": "PR.9", "target": "frequency", "reduction": 0.1, "source": SOURCE})
    del after["providers"][1]
    found = difference(before, after)
    assert found[:3] == (
        Difference("scenarios/fraud/frequency/mean", 0.05, 0.07),
        Difference("shocks/nation/factor", 3.0, 4.0),
        Difference("providers/cloud", before["providers"][1], None),
    )
    assert (found[3].path, found[3].before) == ("effects/PR.9, frequency", None)
    assert difference(before, document()) == ()
