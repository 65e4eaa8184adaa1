from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.posture import gaps
from sipar.posture.gaps import Ask, next_stage, rank_gaps, rank_requirements
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem
from sipar.posture.scoring import ScoringRules, score
from sipar.posture.targets import NOTHING_ASKED, shortfall
from sipar.posture.tests.strategies import levels_for, scored

N, U = NOT_APPLICABLE, UNANSWERED


def array(*rows: list[int]) -> Levels:
    return np.array(rows, dtype=np.uint8)


def test_a_gap_keeps_the_parts_its_reason_is_made_of() -> None:
    ranked = rank_gaps(
        array([1, 3, U, N]), np.array([3, 3, 3, 3], dtype=np.uint8), np.array([2.0, 9, 1, 9]), np.array([5.0])
    )
    assert ranked.requirement.tolist() == [0, 2]
    assert ranked.level.tolist() == [1, 0]
    assert ranked.target.tolist() == [3, 3]
    assert ranked.distance.tolist() == [2, 3]
    assert ranked.unanswered.tolist() == [False, True]
    assert ranked.weight.tolist() == [2.0, 1.0]
    assert ranked.criticality.tolist() == [5.0, 5.0]
    assert ranked.priority.tolist() == [20.0, 15.0]


def test_the_gaps_of_a_critical_organisation_come_first() -> None:
    target = np.array([2, 2], dtype=np.uint8)
    ranked = rank_gaps(array([1, 1], [1, 0]), target, np.ones(2), np.array([1.0, 4.0]))
    assert list(zip(ranked.organisation, ranked.requirement, strict=True)) == [(1, 1), (1, 0), (0, 0), (0, 1)]


def test_nobody_falls_short_of_nothing() -> None:
    assert len(rank_gaps(array([0, U]), array([NOTHING_ASKED] * 2)[0], np.ones(2), np.ones(1))) == 0
    assert len(rank_gaps(np.zeros((0, 2), dtype=np.uint8), array([1, 1])[0], np.ones(2), np.ones(0))) == 0


def test_the_requirements_of_a_nation_are_ranked_by_all_its_gaps() -> None:
    target = np.array([2, 2, 2], dtype=np.uint8)
    nation = rank_requirements(array([1, U, 2], [1, 0, 2], [N, 2, 2]), target, np.array([1.0, 1.0, 1.0]), np.ones(3))
    assert nation.short.tolist() == [2, 2, 0]
    assert nation.unanswered.tolist() == [0, 1, 0]
    assert nation.distance[:2].tolist() == [1.0, 2.0]
    assert nation.priority.tolist() == [2.0, 4.0, 0.0]
    assert nation.order.tolist() == [1, 0]


@pytest.mark.parametrize("top", [0, -1])
def test_the_top_of_nothing_is_refused(top: int) -> None:
    with pytest.raises(PostureProblem):
        rank_gaps(array([0]), array([1])[0], np.ones(1), np.ones(1), top=top)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PostureProblem, match="target"):
        rank_gaps(array([0, 1]), array([1])[0], np.ones(2), np.ones(1))
    with pytest.raises(PostureProblem, match="one per requirement"):
        rank_gaps(array([0, 1]), array([1, 1])[0], np.ones(1), np.ones(1))
    with pytest.raises(PostureProblem, match="above 0"):
        rank_gaps(array([0, 1]), array([1, 1])[0], np.ones(2), np.zeros(1))


@given(st.data())
def test_ranking_is_what_sorting_every_gap_by_hand_gives(data: st.DataObject) -> None:
    levels = data.draw(levels_for(4, 3, max_rows=6))
    target = data.draw(levels_for(4, 3, min_rows=len(levels), max_rows=len(levels)))
    target[target == N] = NOTHING_ASKED
    weights = np.array(data.draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=4, max_size=4)))
    criticality = np.array(
        data.draw(st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=len(levels), max_size=len(levels)))
    )
    top = data.draw(st.one_of(st.none(), st.integers(1, 10)))
    missing = shortfall(levels, target)
    everything = sorted(
        (-float(missing[row, column] * weights[column] * criticality[row]), row, column)
        for row in range(len(levels))
        for column in range(4)
        if missing[row, column]
    )[:top]
    ranked = rank_gaps(levels, target, weights, criticality, top=top)
    assert list(zip(-ranked.priority, ranked.organisation, ranked.requirement, strict=True)) == everything


def test_ranking_in_blocks_equals_ranking_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    levels = random.choice(array([0, 1, 2, 3, N, U])[0], size=(50, 6))
    target, weights, criticality = array([2] * 6)[0], random.uniform(1, 3, 6), random.choice(np.array([1.0, 2.0]), 50)
    whole = rank_gaps(levels, target, weights, criticality, top=20)
    nation = rank_requirements(levels, target, weights, criticality)
    monkeypatch.setattr(gaps, "ROWS_AT_ONCE", 7)
    parts = rank_gaps(levels, target, weights, criticality, top=20)
    nation_parts = rank_requirements(levels, target, weights, criticality)
    assert whole.requirement.tolist() == parts.requirement.tolist()
    assert whole.organisation.tolist() == parts.organisation.tolist()
    assert nation.order.tolist() == nation_parts.order.tolist()
    assert nation.short.tolist() == nation_parts.short.tolist()


def test_the_next_stage_names_what_holds_a_pillar_back() -> None:
    rules = ScoringRules(
        weights=np.array([1.0, 1.0, 2.0, 1.0]),
        top_group=np.array([0, 0, 0, 1]),
        leaf_group=np.array([0, 0, 0, 1]),
        top_groups=("Identity", "Devices"),
        leaf_groups=("Identity", "Devices"),
        top_level=3,
    )
    (stage,) = next_stage(array([2, 1, U, 3])[0], rules)
    assert (stage.group, stage.level, stage.next_level, stage.missing_weight) == (0, 0, 1, 2.0)
    assert stage.asks == (Ask(requirement=2, level=0, needed=1, unanswered=True),)


@given(scored())
def test_doing_what_the_next_stage_asks_reaches_it_and_anything_less_does_not(
    case: tuple[ScoringRules, Levels],
) -> None:
    rules, levels = case
    own = levels[0].copy()
    for stage in next_stage(own, rules):
        assert stage.asks
        assert score(own[None, :], rules).group_level[0, stage.group] == stage.level
        done, risen = own.copy(), 0.0
        for ask in stage.asks:
            reached = score(done[None, :], rules).group_level[0, stage.group] >= stage.next_level
            assert reached == (risen >= round(stage.missing_weight * 10_000))
            done[ask.requirement] = ask.needed
            risen += rules.weight_units[ask.requirement]
        assert score(done[None, :], rules).group_level[0, stage.group] >= stage.next_level


@given(scored())
def test_a_pillar_without_a_next_stage_is_at_the_top_or_does_not_apply(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    held = score(levels[:1], rules).group_level[0]
    named = {stage.group for stage in next_stage(levels[0], rules)}
    for group in range(len(rules.top_groups)):
        assert (group in named) == bool(held[group] < rules.top_level)


def test_the_next_stage_of_another_framework_is_refused() -> None:
    rules = ScoringRules(np.ones(1), np.zeros(1, np.intp), np.zeros(1, np.intp), ("A",), ("A",), 3)
    with pytest.raises(PostureProblem, match="do not fit"):
        next_stage(array([1, 2])[0], rules)
