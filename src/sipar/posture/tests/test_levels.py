from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.posture.levels import (
    MAX_LEVEL,
    NOT_APPLICABLE,
    UNANSWERED,
    PostureProblem,
    empty,
    encode,
    matrix,
    refuse_unknown_levels,
)

anything_valid = st.one_of(st.integers(0, MAX_LEVEL), st.sampled_from([NOT_APPLICABLE, UNANSWERED]))


@given(st.lists(st.lists(anything_valid, min_size=3, max_size=3), max_size=5))
def test_what_is_encoded_is_read_back(rows: list[list[int]]) -> None:
    blob = b"".join(encode(row) for row in rows)
    assert matrix(blob, 3).tolist() == rows
    assert matrix(blob, 3).tobytes() == blob


def test_a_matrix_is_a_view_of_the_bytes_that_nobody_can_write_through() -> None:
    view = matrix(bytes(6), 3)
    assert view.shape == (2, 3)
    assert not view.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1


def test_a_length_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PostureProblem, match="7 bytes are not a whole number of assessments of 3 requirements"):
        matrix(bytes(7), 3)


@pytest.mark.parametrize("requirements", [0, -1])
def test_a_version_without_requirements_has_no_answers(requirements: int) -> None:
    with pytest.raises(PostureProblem, match="has no answers"):
        matrix(b"", requirements)


@pytest.mark.parametrize("level", [10, 253, 256, -1])
def test_a_level_that_does_not_exist_is_refused_with_its_place(level: int) -> None:
    with pytest.raises(PostureProblem, match=rf"level {level} at position \(1,\)"):
        encode([0, level])


def test_a_level_that_is_not_whole_is_refused() -> None:
    with pytest.raises(PostureProblem, match="whole numbers"):
        encode(np.array([1.5]))


def test_an_empty_assessment_is_unanswered_throughout() -> None:
    assert matrix(empty(4), 4).tolist() == [[UNANSWERED] * 4]
    assert encode([]) == b""


def test_a_level_above_the_scale_is_refused() -> None:
    refuse_unknown_levels(np.array([4, 254, 255]), 4)
    with pytest.raises(PostureProblem, match="scale of 0 to 4"):
        refuse_unknown_levels(np.array([5]), 4)
