from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.posture import rollup
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem, empty
from sipar.posture.rollup import Cube, coverage, cube_of, heat, marginal, means, merge, share_meeting, tally
from sipar.posture.scoring import ScoringRules, group_scores
from sipar.posture.targets import NOTHING_ASKED, shortfall
from sipar.posture.tests.strategies import levels_for, scored

N, U = NOT_APPLICABLE, UNANSWERED
TOP = 3


def counted_by_hand(levels: Levels, top_level: int) -> list[list[int]]:
    states = (*range(top_level + 1), N, U)
    columns = [Counter(column) for column in levels.T.tolist()]
    return [[column[state] for state in states] for column in columns]


@given(levels_for(3, TOP, max_rows=20, min_rows=0))
def test_a_tally_equals_counting_by_hand(levels: Levels) -> None:
    assert tally(levels.tobytes(), 3, TOP).tolist() == counted_by_hand(levels, TOP)


@pytest.mark.parametrize("assessments", [254, 255, 256, 1019, 1020, 1021, 3000])
def test_a_tally_is_exact_on_both_sides_of_every_block(assessments: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "STEP_BYTES", 255 * 4 * 5)
    states = np.array([0, 1, 2, 3, N, U], dtype=np.uint8)
    levels = np.random.default_rng(assessments).choice(states, size=(assessments, 5))
    assert tally(levels.tobytes(), 5, TOP).tolist() == counted_by_hand(levels, TOP)
    assert tally(empty(5) * assessments, 5, TOP)[:, -1].tolist() == [assessments] * 5


@pytest.mark.parametrize("place", [0, 700 * 3, 1000 * 3 - 1])
def test_a_level_off_the_scale_is_never_counted(place: int) -> None:
    blob = bytearray(3000)
    blob[place] = TOP + 1
    with pytest.raises(PostureProblem, match="level 4"):
        tally(bytes(blob), 3, TOP)


def test_a_blob_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PostureProblem, match="whole number of assessments"):
        tally(bytes(7), 3, TOP)
    with pytest.raises(PostureProblem, match="top level"):
        tally(bytes(3), 3, 10)


@given(levels_for(3, TOP, max_rows=12), st.data())
def test_the_parts_counted_apart_equal_the_whole(levels: Levels, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(levels)))
    left, right = (cube_of([part.tobytes()], 3, TOP) for part in (levels[:cut], levels[cut:]))
    whole = cube_of([levels.tobytes()], 3, TOP)
    np.testing.assert_array_equal(merge(left, right).counts, whole.counts)
    apart = cube_of([levels[:cut].tobytes(), levels[cut:].tobytes()], 3, TOP)
    np.testing.assert_array_equal(marginal(apart, np.zeros(2, dtype=np.intp), 1).counts, whole.counts)


def test_a_cube_over_sector_and_province_gives_either_margin() -> None:
    blobs = [bytes([level]) * count for level, count in [(0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (1, 6)]]
    cube = cube_of(blobs, 1, TOP)
    pair = np.arange(6)
    assert marginal(cube, pair // 3, 2).organisations.tolist() == [6, 15]
    assert marginal(cube, pair % 3, 3).organisations.tolist() == [5, 7, 9]
    assert marginal(cube, pair % 3, 3).counts[0, 0].tolist() == [1, 0, 0, 4, 0, 0]


def test_cubes_and_groups_that_do_not_fit_are_refused() -> None:
    cube = cube_of([bytes(1), bytes(1)], 1, TOP)
    with pytest.raises(PostureProblem, match="do not add up"):
        merge(cube, cube_of([bytes(1)], 1, TOP))
    for into in ([0], [0, 2], [-1, 0]):
        with pytest.raises(PostureProblem, match="do not fit"):
            marginal(cube, np.array(into), 2)


@given(levels_for(2, TOP, max_rows=8), st.sampled_from(["zero", "exclude"]))
def test_means_coverage_and_shares_are_those_of_the_answers(levels: Levels, unanswered: str) -> None:
    cube = cube_of([levels.tobytes()], 2, TOP)
    target = np.array([2, 0], dtype=np.uint8)
    mean = means(cube, unanswered="zero" if unanswered == "zero" else "exclude")
    for column in range(2):
        given_levels = levels[:, column]
        kept = given_levels[given_levels < N].tolist()
        if unanswered == "zero":
            kept += [0] * int((given_levels == U).sum())
        np.testing.assert_allclose(mean[0, column], np.mean(kept) if kept else np.nan)
        assert coverage(cube)[0, column] == (given_levels != U).sum() / len(levels)
        applies = given_levels != N
        short = shortfall(levels, target)[:, column] > 0
        meeting = (applies & ~short).sum() / applies.sum() if applies.any() else np.nan
        np.testing.assert_allclose(share_meeting(cube, target)[0, column], meeting)


def test_a_share_is_empty_where_nothing_is_asked() -> None:
    cube = cube_of([bytes([3, 3])], 2, TOP)
    share = share_meeting(cube, np.array([NOTHING_ASKED, 3], dtype=np.uint8))
    assert np.isnan(share[0, 0])
    assert share[0, 1] == 1.0


def test_an_empty_group_has_no_figures() -> None:
    cube = cube_of([b""], 2, TOP)
    assert cube.organisations.tolist() == [0]
    assert np.isnan(means(cube, unanswered="zero")).all()
    assert np.isnan(coverage(cube)).all()


@settings(max_examples=50)
@given(scored())
def test_the_heat_of_one_organisation_is_its_group_means(case: tuple[ScoringRules, Levels]) -> None:
    rules, levels = case
    cube = cube_of([row.tobytes() for row in levels], rules.requirements, rules.top_level)
    groups = len(rules.leaf_groups)
    np.testing.assert_array_equal(
        heat(cube, rules, group_of=rules.leaf_group, groups=groups),
        group_scores(levels, rules, group_of=rules.leaf_group, groups=groups).mean,
    )


def test_heat_weighs_every_answer_alike() -> None:
    rules = ScoringRules(
        np.array([1.0, 3.0]), np.zeros(2, np.intp), np.zeros(2, np.intp), ("A",), ("A",), TOP, unanswered="exclude"
    )
    cube = cube_of([bytes([1, 3, 1, U])], 2, TOP)
    assert heat(cube, rules, group_of=rules.top_group, groups=1).tolist() == [[(1 + 1 + 9) / 5]]
    with pytest.raises(PostureProblem, match="do not fit"):
        heat(Cube(cube.counts[:, :1], TOP), rules, group_of=rules.top_group, groups=1)
