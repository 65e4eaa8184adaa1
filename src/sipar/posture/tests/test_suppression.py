from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sipar.posture.disclosure import differences_reveal, revealed
from sipar.posture.levels import PostureProblem
from sipar.posture.suppression import (
    HIDDEN,
    Suppressed,
    benchmark,
    suppress,
    suppress_means,
    suppress_parts,
    with_margins,
)

type Counts = NDArray[np.int64]
count = st.one_of(st.integers(0, 6), st.integers(0, 30))


@st.composite
def tables(draw: st.DrawFn, *, rows: int = 3, columns: int = 3) -> Counts:
    shape = draw(st.integers(1, rows)), draw(st.integers(1, columns))
    size = shape[0] * shape[1]
    return np.array(draw(st.lists(count, min_size=size, max_size=size)), dtype=np.int64).reshape(shape)


def can_differ(full: Counts, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """By trial of every table that differs by at most one anywhere: where a hidden count may be another.

    Knows only what is published, and that a zero is never hidden. One is enough: cycles move by one.
    """
    rows, columns = full.shape[0] - 1, full.shape[1] - 1
    inside = [position for position in product(range(rows), range(columns)) if hidden[position]]
    moves = np.array(list(product((-1, 0, 1), repeat=len(inside))), dtype=np.int64).reshape(
        3 ** len(inside), len(inside)
    )
    change = np.zeros((len(moves), rows + 1, columns + 1), dtype=np.int64)
    for place, position in enumerate(inside):
        change[:, position[0], position[1]] = moves[:, place]
    change[:, :rows, columns] = change[:, :rows, :columns].sum(axis=2)
    change[:, rows, :] = change[:, :rows, :].sum(axis=1)
    unpublished = np.where(hidden, True, change == 0).all(axis=(1, 2))
    possible = np.where(hidden, full + change >= 1, True).all(axis=(1, 2))
    return np.asarray((change[unpublished & possible] != 0).any(axis=0))


def small(full: Counts, k: int = 5) -> NDArray[np.bool_]:
    return np.asarray((full > 0) & (full < k))


def test_a_table_without_small_counts_is_published_whole() -> None:
    table = np.array([[5, 0], [12, 7]])
    assert suppress(table).shown.tolist() == [[5, 0, 5], [12, 7, 19], [17, 7, 24]]


def test_one_small_count_takes_three_others_with_it() -> None:
    published = suppress(np.array([[3, 20, 30], [40, 8, 60], [70, 80, 9]]))
    assert published.shown[0].tolist() == [HIDDEN, HIDDEN, 30, 53]
    assert published.shown[1].tolist() == [HIDDEN, HIDDEN, 60, 108]
    assert published.shown[2].tolist() == [70, 80, 9, 159]


def test_a_small_total_is_hidden_like_any_count() -> None:
    published = suppress(np.array([[1, 1], [50, 60]]))
    assert published.hidden[0].all()
    assert published.shown[2, 2] == 112


def test_a_nation_of_three_is_not_published() -> None:
    assert suppress(np.array([[3]])).hidden.all()


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from([2, 3, 5]))
def test_every_hidden_count_could_be_another(table: Counts, k: int) -> None:
    full, published = with_margins(table), suppress(table, k=k)
    hidden = published.hidden
    assert np.all(hidden[small(full, k)])
    np.testing.assert_array_equal(published.shown[~hidden], full[~hidden])
    assert np.all(can_differ(full, hidden)[hidden])
    assert not revealed(published, k=k).any()


@settings(max_examples=100, deadline=None)
@given(tables())
def test_nothing_large_is_hidden_without_need(table: Counts) -> None:
    full = with_margins(table)
    hidden = suppress(table).hidden
    assert not hidden[full == 0].any()
    for row, column in np.argwhere(hidden & (full >= 5)):
        shown = hidden.copy()
        shown[row, column] = False
        assert np.any(small(full) & ~can_differ(full, shown))


@settings(max_examples=60, deadline=None)
@given(tables(rows=8, columns=8))
def test_a_larger_table_keeps_its_small_counts_from_bounds_and_equations(table: Counts) -> None:
    published = suppress(table)
    assert np.all(published.hidden[small(with_margins(table))])
    assert not revealed(published).any()


@settings(max_examples=60, deadline=None)
@given(tables(), st.data())
def test_a_part_beside_the_whole_reveals_nobody(table: Counts, data: st.DataObject) -> None:
    rest = np.array(data.draw(st.lists(count, min_size=table.size, max_size=table.size)), dtype=np.int64).reshape(
        table.shape
    )
    part, other, whole = suppress_parts(np.stack([table, rest]))
    np.testing.assert_array_equal(part.hidden, whole.hidden)
    np.testing.assert_array_equal(whole.shown[~whole.hidden], with_margins(table + rest)[~whole.hidden])
    assert not differences_reveal(whole, part).any()
    assert not differences_reveal(whole, other).any()
    for counts in (table, rest):
        full = with_margins(counts)
        assert np.all(whole.hidden[small(full)])


def test_a_nation_before_and_after_one_joined_gives_that_one_away() -> None:
    before = np.array([[20, 30], [40, 50]])
    after = before + np.array([[0, 1], [0, 0]])
    assert differences_reveal(suppress(after), suppress(before)).tolist() == [
        [False, True, True],
        [False, False, False],
        [False, True, True],
    ]
    joined = after - before
    together = suppress_parts(np.stack([before, joined]))
    assert not differences_reveal(together[-1], together[0]).any()


def test_the_attack_finds_a_count_that_only_its_margin_hides() -> None:
    full = with_margins(np.array([[3, 20], [40, 50]]))
    full[0, 0] = HIDDEN
    assert revealed(Suppressed(full)).tolist()[0] == [True, False, False]


def test_the_attack_finds_a_count_that_only_two_lines_together_give_away() -> None:
    full = with_margins(np.array([[20, 30, 60], [40, 50, 3], [60, 60, 70]]))
    for position in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]:
        full[position] = HIDDEN
    full[3, 2] = HIDDEN
    full[3, 3] = HIDDEN
    assert revealed(Suppressed(full))[1, 2]


def test_the_attack_finds_a_count_that_only_an_empty_column_gives_away() -> None:
    full = with_margins(np.array([[0, 4], [0, 9]]))
    full[:2, :2] = HIDDEN
    assert revealed(Suppressed(full))[:2, :2].tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize("table", [np.array([[-1]]), np.array([[1.5]]), np.array([1, 2])])
def test_what_is_not_a_table_of_counts_is_refused(table: NDArray[np.generic]) -> None:
    with pytest.raises(PostureProblem, match="table of counts"):
        suppress(table)  # type: ignore[arg-type]


def test_a_k_that_hides_nothing_and_tables_of_different_shapes_are_refused() -> None:
    with pytest.raises(PostureProblem, match="k is 1"):
        suppress(np.array([[1]]), k=1)
    with pytest.raises(PostureProblem, match="cannot be subtracted"):
        differences_reveal(suppress(np.array([[9]])), suppress(np.array([[9, 9]])))


def test_a_mean_is_hidden_with_its_count() -> None:
    shown = suppress_means(np.array([[1.5, 2.0]]), np.array([[True, False]]))
    assert np.isnan(shown[0, 0])
    assert shown[0, 1] == 2.0
    with pytest.raises(PostureProblem):
        suppress_means(np.zeros((1, 1)), np.zeros((2, 2), dtype=np.bool_))


def test_a_benchmark_needs_k_others_with_a_score() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 2.0, np.nan])
    assert benchmark(values, 0) is None
    assert benchmark(np.append(values, 1.0), 0) is not None
    assert benchmark(np.append(values, 1.0), 5) is None


def test_a_benchmark_says_where_the_organisation_stands() -> None:
    values = np.arange(12, dtype=np.float64) / 3
    stands = [benchmark(values, index) for index in (0, 4, 8, 11)]
    assert [stand.quarter for stand in stands if stand] == [1, 2, 3, 4]
    assert stands[0] is not None
    assert (stands[0].organisations, stands[0].median) == (10, 1.75)


@given(st.lists(st.floats(0, 9), min_size=6, max_size=30))
def test_every_member_of_a_sector_is_shown_the_same_rounded_figures(scores: list[float]) -> None:
    values = np.array(scores)
    seen = [benchmark(values, index) for index in range(len(values))]
    figures = {(one.organisations, one.lower_quartile, one.median, one.upper_quartile) for one in seen if one}
    assert len(figures) == 1
    assert None not in seen
    (only,) = figures
    assert only[0] % 5 == 0
    assert only[0] <= len(values)
    assert all(figure * 4 == round(figure * 4) for figure in only[1:])
    assert only[1] <= only[2] <= only[3]


def test_benchmark_arguments_without_meaning_are_refused() -> None:
    for index, k, step in ((-1, 5, 0.25), (9, 5, 0.25), (0, 2, 0.25), (0, 5, 0.0)):
        with pytest.raises(PostureProblem):
            benchmark(np.ones(9), index, k=k, step=step)
