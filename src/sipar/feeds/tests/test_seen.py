"""Which rows came before: as a set of Python says it, however many come and in whatever portions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.seen import SeenRows

# Few different ones, so that they come again; all zeros is a hash like another.
HASHES = st.lists(st.integers(0, 40).map(lambda number: number.to_bytes(8, "big") + bytes(8)), max_size=60)


@given(portions=st.lists(HASHES, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_row_is_there_for_the_first_time_once(portions: list[list[bytes]]) -> None:
    seen, known = SeenRows(), set[bytes]()
    for portion in portions:
        expected = []
        for word in portion:
            expected.append(word not in known)
            known.add(word)
        assert seen.add(pa.array(portion, pa.binary(16))).tolist() == expected
    assert len(seen) == len(known)


def test_a_million_rows_are_remembered_through_every_growth() -> None:
    words = np.random.default_rng(7).bytes(16 * 1_000_000)
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), 1_000_000, [None, pa.py_buffer(words)])
    seen = SeenRows()
    for start in range(0, 1_000_000, 100_000):
        assert seen.add(column.slice(start, 100_000)).all()
    assert not seen.add(column).any()
    assert len(seen) == 1_000_000
