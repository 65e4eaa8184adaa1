"""Numbers that forms and addresses name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.core.numbers import LARGEST_INTEGER, LARGEST_KEY, whole_number


@given(st.integers(0, LARGEST_KEY))
def test_a_number_of_a_link_is_read_as_it_was_written(number: int) -> None:
    assert whole_number(str(number), most=LARGEST_KEY) == number


# Beyond some thousands of digits Python itself refuses to read a number, with an error that no page expects.
@pytest.mark.parametrize("text", [None, "", "-1", "+1", " 1", "1.0", "1_0", "x", "٣", "²", "9" * 5_000])
def test_what_is_no_number_of_a_link_is_none(text: str | None) -> None:
    assert whole_number(text) is None


def test_a_number_that_no_column_holds_is_none() -> None:
    assert whole_number(str(LARGEST_INTEGER)) == LARGEST_INTEGER
    assert whole_number(str(LARGEST_INTEGER + 1)) is None
    assert whole_number("5", most=4) is None
