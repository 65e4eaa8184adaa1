from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sipar.risk.plan_prices import lowered
from sipar.risk.plan_rows import Floats


def test_prices_go_to_where_the_bound_is_least() -> None:
    """|x - 3| + 2 |y - 1| + 5 has its least value, 5, at (3, 1)."""

    def evaluate(prices: Floats) -> tuple[float, Floats]:
        x, y = prices
        return abs(x - 3) + 2 * abs(y - 1) + 5, np.array([np.sign(x - 3), 2 * np.sign(y - 1)])

    found = lowered(evaluate, np.array([9.0, 9.0]), enough=5.0)
    assert evaluate(found)[0] <= 5.3


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=6),
    st.tuples(st.floats(0, 5), st.floats(0, 5)),
)
def test_prices_are_never_worse_and_never_below_zero(
    planes: list[tuple[float, float, float]], start: tuple[float, float]
) -> None:
    slopes, heights = np.array([plane[:2] for plane in planes]), np.array([plane[2] for plane in planes])

    def evaluate(prices: Floats) -> tuple[float, Floats]:
        values = slopes @ prices + heights
        return float(values.max()), slopes[int(values.argmax())]

    begun = np.array(start)
    found = lowered(evaluate, begun, enough=-100.0, steps=15)
    assert (found >= 0).all()
    assert evaluate(found)[0] <= evaluate(begun)[0]
