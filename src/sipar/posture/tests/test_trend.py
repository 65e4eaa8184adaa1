from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given

from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem
from sipar.posture.scoring import Scores, ScoringRules, score
from sipar.posture.tests.strategies import scored
from sipar.posture.trend import compare

RULES = ScoringRules(np.ones(2), np.array([0, 1]), np.array([0, 1]), ("A", "B"), ("A", "B"), 3)


def scores(*rows: list[int]) -> Scores:
    return score(np.array(rows, dtype=np.uint8).reshape(-1, 2), RULES)


def test_only_organisations_that_answered_both_are_compared() -> None:
    silent = [UNANSWERED, UNANSWERED]
    trend = compare(
        np.array([7, 3, 9, 5]), scores([1, 1], [2, 2], [3, 3], silent),
        np.array([3, 5, 7, 8]), scores([2, 0], [1, 1], [3, 1], [0, 0]),
    )  # fmt: skip
    assert trend.before_index.tolist() == [1, 0]
    assert trend.after_index.tolist() == [0, 2]
    assert trend.change.tolist() == [-1.0, 1.0]
    assert (trend.left, trend.joined) == (1, 2)
    assert trend.overall.paired.tolist() == [2]
    assert trend.overall.improved.tolist() == [0.5]
    assert trend.overall.worse.tolist() == [0.5]
    assert trend.overall.mean_change.tolist() == [0.0]
    assert trend.groups.improved.tolist() == [0.5, 0.0]
    assert trend.groups.same.tolist() == [0.5, 0.5]
    assert trend.groups.mean_change.tolist() == [1.0, -1.0]


def test_a_pillar_is_compared_only_where_it_applied_both_times() -> None:
    ids = np.array([1, 2])
    trend = compare(ids, scores([1, NOT_APPLICABLE], [1, 1]), ids, scores([1, 3], [1, 2]))
    assert trend.groups.paired.tolist() == [2, 1]
    assert trend.groups.mean_change.tolist() == [0.0, 1.0]


def test_without_a_pair_there_is_no_figure() -> None:
    trend = compare(np.array([1]), scores([1, 1]), np.array([2]), scores([1, 1]))
    assert trend.overall.paired.tolist() == [0]
    assert np.isnan(trend.overall.mean_change).all()


def test_organisations_may_be_named_by_the_bytes_of_their_uuid() -> None:
    names = np.array([UUID(int=value).bytes for value in (256, 512)], dtype="S16")
    trend = compare(names, scores([0, 0], [1, 1]), names[::-1], scores([2, 2], [3, 3]))
    assert trend.change.tolist() == [3.0, 1.0]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(PostureProblem, match="named twice"):
        compare(np.array([1, 1]), scores([1, 1], [1, 1]), np.array([1]), scores([1, 1]))
    with pytest.raises(PostureProblem, match="do not fit"):
        compare(np.array([1, 2]), scores([1, 1]), np.array([1]), scores([1, 1]))
    other = ScoringRules(np.ones(1), np.zeros(1, np.intp), np.zeros(1, np.intp), ("A",), ("A",), 3)
    with pytest.raises(PostureProblem, match="same groups"):
        compare(np.array([1]), scores([1, 1]), np.array([1]), score(np.ones((1, 1), np.uint8), other))


@given(scored())
def test_nobody_moved_when_the_answers_are_the_same(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    result = score(levels, rules)
    ids = np.arange(len(levels))
    trend = compare(ids, result, ids[::-1], score(levels[::-1], rules))
    assert np.all((trend.overall.same == 1.0) | (trend.overall.paired == 0))
    assert not trend.change.any()
    assert trend.left == trend.joined == 0
