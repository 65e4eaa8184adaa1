from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, PostureProblem
from sipar.posture.sampling import claim_risk, draw, inclusion_probability

risks = st.lists(st.integers(min_value=0, max_value=1_000), max_size=60).map(
    lambda values: np.array(values, dtype=float)
)
sizes = st.integers(min_value=0, max_value=70)
seeds = st.integers(min_value=0, max_value=2**40)


@given(risk=risks, size=sizes, seed=seeds)
def test_as_many_are_drawn_as_were_asked_for_and_have_a_risk(risk: np.ndarray, size: int, seed: int) -> None:
    sample = draw(risk, size, seed)
    assert len(sample.chosen) == min(size, np.count_nonzero(risk))
    assert len(np.unique(sample.chosen)) == len(sample.chosen)
    assert np.all(risk[sample.chosen] > 0)


@given(risk=risks, size=sizes, seed=seeds)
def test_the_same_seed_draws_the_same_sample(risk: np.ndarray, size: int, seed: int) -> None:
    assert draw(risk, size, seed).chosen.tolist() == draw(risk, size, seed).chosen.tolist()


@given(risk=risks, size=sizes)
def test_probabilities_follow_the_risk_and_add_up_to_the_size(risk: np.ndarray, size: int) -> None:
    probability = inclusion_probability(risk, size)
    assert probability.sum() == pytest.approx(min(size, np.count_nonzero(risk)))
    assert np.all((probability >= 0) & (probability <= 1))
    order = np.argsort(risk)
    assert np.all(np.diff(probability[order]) >= -1e-12)
    sure = draw(risk, size, 7).chosen
    assert set(np.flatnonzero(probability == 1.0)) <= set(sure)


def test_over_many_seeds_each_unit_comes_as_often_as_its_probability_says() -> None:
    risk = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 0.0, 100.0])
    expected = inclusion_probability(risk, 3)
    drawn = np.zeros(len(risk))
    for seed in range(4_000):
        drawn[draw(risk, 3, seed).chosen] += 1
    assert drawn / 4_000 == pytest.approx(expected, abs=0.035)
    assert expected[6] == 1.0
    assert expected[4] == 1.0
    assert expected[3] == pytest.approx(0.4)


def test_a_known_seed_draws_a_known_sample_so_that_anybody_can_draw_it_again() -> None:
    assert draw(np.arange(1.0, 21.0), 5, [2026, 17]).chosen.tolist() == [2, 7, 8, 9, 19]


def test_what_is_not_claimed_is_not_verified() -> None:
    levels = np.array([[0, 1, 4, UNANSWERED, NOT_APPLICABLE]], dtype=np.uint8)
    risk = claim_risk(levels, np.array([1.0, 2.0, 1.0, 5.0, 1.0]), np.array([3.0]), top_level=4)
    assert risk.tolist() == [[0.0, 6.0, 12.0, 0.0, 12.0]]


@pytest.mark.parametrize(("risk", "size", "seed"), [([-1.0], 1, 1), ([np.nan], 1, 1), ([1.0], -1, 1), ([1.0], 1, -1)])
def test_a_draw_without_meaning_is_refused(risk: list[float], size: int, seed: int) -> None:
    with pytest.raises(PostureProblem):
        draw(np.array(risk), size, seed)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PostureProblem):
        claim_risk(np.zeros((1, 2), dtype=np.uint8), np.ones(3), np.ones(1), top_level=4)
