from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sipar.formats.catalogue import Catalogue
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem
from sipar.posture.scoring import Scores, ScoringRules, rules_from, score
from sipar.posture.tests.strategies import scored

N, U = NOT_APPLICABLE, UNANSWERED


def simple(**changes: object) -> ScoringRules:
    """Pillar A with three requirements of weight 1, pillar B with one of weight 2, scale 0..3."""
    rules = ScoringRules(
        weights=np.array([1.0, 1.0, 1.0, 2.0]),
        top_group=np.array([0, 0, 0, 1]),
        leaf_group=np.array([0, 0, 1, 2]),
        top_groups=("A", "B"),
        leaf_groups=("A.1", "A.2", "B.1"),
        top_level=3,
    )
    return replace(rules, **changes)  # type: ignore[arg-type]


def one(*levels: int) -> Levels:
    return np.array([levels], dtype=np.uint8)


def differing(left: Scores, right: Scores, *fields: str) -> list[str]:
    """The fields in which two results are not the same, number by number."""
    pairs = {field: (getattr(left, field), getattr(right, field)) for field in fields}
    return [field for field, (one, other) in pairs.items() if not np.array_equal(one, other, equal_nan=True)]


def test_the_mean_weighs_requirements_and_the_floor_is_the_weakest_pillar() -> None:
    scores = score(one(3, 2, 1, 0), simple(method="mean"))
    assert scores.mean.tolist() == [6 / 5]
    assert scores.group_mean.tolist() == [[2.0, 0.0]]
    assert scores.floor.tolist() == [0.0]


def test_with_a_gate_of_one_the_weakest_requirement_decides() -> None:
    assert score(one(3, 3, 1, 3), simple()).group_level.tolist() == [[1.0, 3.0]]


def test_a_lower_gate_forgives_the_weakest_requirement() -> None:
    assert score(one(3, 3, 1, 3), simple(gate=0.66)).group_level.tolist() == [[3.0, 3.0]]
    assert score(one(3, 3, 1, 3), simple(gate=0.67)).group_level.tolist() == [[1.0, 3.0]]


def test_a_gate_of_one_holds_whatever_the_weights_add_up_to() -> None:
    scores = score(one(2, 2, 2, 2), simple(weights=np.array([0.1, 0.2, 0.7, 1 / 3])))
    assert scores.group_level.tolist() == [[2.0, 2.0]]


def test_rolling_up_by_groups_lets_a_small_pillar_weigh_as_much_as_a_large_one() -> None:
    scores = score(one(3, 3, 3, 0), simple(rollup="groups", method="mean"))
    assert scores.mean.tolist() == [1.5]


def test_an_unanswered_requirement_is_level_zero_or_left_out_as_the_rules_say() -> None:
    assert score(one(2, 2, U, 2), simple(unanswered="zero")).group_level.tolist() == [[0.0, 2.0]]
    assert score(one(2, 2, U, 2), simple(unanswered="exclude")).group_level.tolist() == [[2.0, 2.0]]


def test_coverage_counts_answers_and_reasoned_absences() -> None:
    scores = score(one(2, N, U, U), simple())
    assert scores.coverage.tolist() == [0.5]
    assert scores.answered.tolist() == [1]


def test_where_nothing_applies_there_is_no_score() -> None:
    scores = score(one(N, N, N, N), simple())
    assert np.isnan(scores.mean).all()
    assert np.isnan(scores.floor).all()
    assert np.isnan(scores.group_level).all()


def test_a_pillar_where_nothing_applies_does_not_set_the_floor() -> None:
    assert score(one(2, 2, 2, N), simple()).floor.tolist() == [2.0]


def test_no_assessments_have_no_scores() -> None:
    assert score(np.zeros((0, 4), dtype=np.uint8), simple()).mean.shape == (0,)


def test_more_assessments_than_one_block_are_all_scored() -> None:
    levels = np.random.default_rng(1).integers(0, 4, size=(9_000, 4)).astype(np.uint8)
    scores = score(levels, simple())
    np.testing.assert_array_equal(scores.mean, levels @ np.array([1, 1, 1, 2]) / 5)
    np.testing.assert_array_equal(scores.group_level[:, 0], levels[:, :3].min(axis=1))


def test_levels_of_another_framework_are_refused() -> None:
    with pytest.raises(PostureProblem, match="do not fit 4 requirements"):
        score(one(1, 2), simple())
    with pytest.raises(PostureProblem, match="level 4 at position"):
        score(one(1, 2, 3, 4), simple())


@pytest.mark.parametrize(
    "changes",
    [
        {"gate": 0.0},
        {"gate": 1.1},
        {"top_level": 0},
        {"top_level": 10},
        {"weights": np.zeros(4)},
        {"weights": np.array([1.0])},
        {"weights": np.array([1.0, 1.0, 1.0, np.nan])},
    ],
)
def test_rules_without_meaning_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(PostureProblem):
        simple(**changes)


def test_rules_follow_the_catalogue() -> None:
    catalogue = Catalogue.model_validate(
        {
            "identifier": "t",
            "version": "1",
            "title": {"en": "T"},
            "scale": [{"level": n, "title": {"en": "x"}, "criterion": {"en": "x"}} for n in range(4)],
            "scoring": {"method": "mean", "gate": 0.5, "unanswered": "exclude", "rollup": "groups"},
            "groups": [
                {"id": "B.1", "title": {"en": "x"}, "parent": "B"},
                {"id": "A", "title": {"en": "x"}},
                {"id": "B", "title": {"en": "x"}},
            ],
            "requirements": [
                {"id": "r1", "group": "B.1", "title": {"en": "x"}, "statement": {"en": "x"}, "weight": 2.5},
                {"id": "r2", "group": "A", "title": {"en": "x"}, "statement": {"en": "x"}},
            ],
        }
    )
    rules = rules_from(catalogue)
    assert rules.weights.tolist() == [2.5, 1.0]
    assert [rules.top_groups[index] for index in rules.top_group] == ["B", "A"]
    assert [rules.leaf_groups[index] for index in rules.leaf_group] == ["B.1", "A"]
    assert (rules.top_level, rules.method, rules.gate, rules.unanswered, rules.rollup) == (
        3,
        "mean",
        0.5,
        "exclude",
        "groups",
    )


@given(scored(), st.data())
def test_raising_an_answer_never_lowers_a_score(case: tuple[ScoringRules, Levels], data: st.DataObject) -> None:
    rules, levels = case
    answered = np.argwhere(levels < rules.top_level)
    assume(len(answered))
    row, requirement = answered[data.draw(st.integers(0, len(answered) - 1))]
    raised = levels.copy()
    raised[row, requirement] += 1
    before, after = score(levels, rules), score(raised, rules)
    for field in ("mean", "floor", "group_mean", "group_level", "coverage"):
        old, new = getattr(before, field), getattr(after, field)
        assert np.all((new >= old - 1e-12) | np.isnan(old)), field


@given(scored(), st.data())
def test_answering_never_lowers_a_score_that_took_silence_as_zero(
    case: tuple[ScoringRules, Levels], data: st.DataObject
) -> None:
    rules, levels = case
    silent = np.argwhere(levels == U)
    assume(len(silent))
    row, requirement = silent[data.draw(st.integers(0, len(silent) - 1))]
    answered = levels.copy()
    answered[row, requirement] = data.draw(st.integers(0, rules.top_level))
    zero = replace(rules, unanswered="zero")
    before, after = score(levels, zero), score(answered, zero)
    for field in ("mean", "floor", "group_mean", "group_level", "coverage"):
        old, new = getattr(before, field), getattr(after, field)
        assert np.all((new >= old - 1e-12) | np.isnan(old)), field


@given(scored(), st.data())
def test_the_order_of_requirements_changes_nothing(case: tuple[ScoringRules, Levels], data: st.DataObject) -> None:
    rules, levels = case
    order = np.array(data.draw(st.permutations(range(rules.requirements))))
    shuffled = replace(
        rules, weights=rules.weights[order], top_group=rules.top_group[order], leaf_group=rules.leaf_group[order]
    )
    changed = differing(
        score(levels, rules),
        score(levels[:, order], shuffled),
        "mean",
        "floor",
        "group_mean",
        "group_level",
        "coverage",
        "answered",
    )
    assert changed == []


@given(scored(min_requirements=2), st.data())
def test_not_applicable_is_as_if_the_requirement_did_not_exist(
    case: tuple[ScoringRules, Levels], data: st.DataObject
) -> None:
    rules, levels = case
    gone = data.draw(st.integers(0, rules.requirements - 1))
    marked = levels.copy()
    marked[:, gone] = N
    kept = np.arange(rules.requirements) != gone
    without = replace(
        rules, weights=rules.weights[kept], top_group=rules.top_group[kept], leaf_group=rules.leaf_group[kept]
    )
    changed = differing(
        score(marked, rules),
        score(levels[:, kept], without),
        "mean",
        "floor",
        "group_mean",
        "group_level",
        "answered",
    )
    assert changed == []


@given(scored())
def test_scores_stay_on_the_scale_and_the_floor_below_the_pillars(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    scores = score(levels, rules)
    for values in (scores.mean, scores.floor, scores.group_mean, scores.group_level):
        present = values[~np.isnan(values)]
        assert np.all((present >= 0) & (present <= rules.top_level))
    assert np.all((scores.coverage >= 0) & (scores.coverage <= 1))
    pillar = scores.group_level if rules.method == "gated" else scores.group_mean
    assert np.all((scores.floor[:, None] <= pillar) | np.isnan(pillar))
    np.testing.assert_array_equal(np.isnan(scores.mean), np.isnan(scores.floor))


@given(scored())
def test_a_gated_level_times_its_gate_never_exceeds_the_mean(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    scores = score(levels, rules)
    assert np.all((scores.group_level * rules.gate <= scores.group_mean + 1e-5) | np.isnan(scores.group_mean))


@given(scored())
def test_the_gated_level_is_what_its_definition_says(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    scores = score(levels, rules)
    for row in range(len(levels)):
        for group in range(len(rules.top_groups)):
            held = _held(levels[row], group, rules)
            actual = scores.group_level[row, group]
            assert (np.isnan(actual) and held is None) or actual == held


def _held(levels: Levels, group: int, rules: ScoringRules) -> int | None:
    pairs = [
        (0 if level == U else int(level), round(weight * 10_000))
        for level, weight, of in zip(levels, rules.weights, rules.top_group, strict=True)
        if of == group and level != N and not (level == U and rules.unanswered == "exclude")
    ]
    total = sum(weight for _, weight in pairs)
    if not pairs:
        return None
    held = 0
    while held < rules.top_level:
        reached = sum(weight for level, weight in pairs if level > held)
        if reached * 1_000_000 < round(rules.gate * 1_000_000) * total:
            break
        held += 1
    return held


@given(scored())
def test_scoring_is_repeatable_and_leaves_its_input_alone(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    before = levels.copy()
    assert (
        differing(score(levels, rules), score(levels, rules), "mean", "floor", "group_mean", "group_level", "coverage")
        == []
    )
    np.testing.assert_array_equal(levels, before)


@given(scored())
def test_an_assessment_scores_the_same_alone_as_among_others(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    together, alone = score(levels, rules), score(levels[:1], rules)
    np.testing.assert_array_equal(together.mean[:1], alone.mean)
    np.testing.assert_array_equal(together.group_level[:1], alone.group_level)
