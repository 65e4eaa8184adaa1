"""A column in one array: without a copy where it is one, and however much text it holds."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest

from sipar.routing import columns
from sipar.routing.columns import text_buffers, valid_rows, whole


def test_a_column_that_is_one_array_is_not_copied() -> None:
    array = pa.array(["one", None, "three"])
    assert whole(array) is array
    assert whole(pa.chunked_array([array])).buffers()[2].address == array.buffers()[2].address


def test_chunks_are_put_together_and_much_text_gets_wide_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    column = pa.chunked_array([["one", None], [], ["three"]], pa.string())
    assert whole(column).equals(pa.array(["one", None, "three"]))
    assert whole(pa.chunked_array([], pa.string())).equals(pa.array([], pa.string()))
    monkeypatch.setattr(columns, "MOST_BYTES", 8)
    assert whole(column).equals(pa.array(["one", None, "three"], pa.large_string()))


@pytest.mark.parametrize("cells", [[], ["one"], [None, None], ["one", None, "three"] * 7])
def test_rows_are_valid_that_are_not_null(cells: list[str | None]) -> None:
    array = pa.array([None, *cells, None], pa.string()).slice(1, len(cells))
    assert valid_rows(array).tolist() == [cell is not None for cell in cells]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("cells", [[], ["one"], [None, "", "three"]])
def test_the_bytes_of_text_are_those_of_its_rows(cells: list[str | None], kind: pa.DataType) -> None:
    letters, offsets = text_buffers(pa.array(["before", *cells, "after"], kind).slice(1, len(cells)))
    spans = pairwise(offsets)
    assert [letters[first:last].tobytes().decode() for first, last in spans] == [cell or "" for cell in cells]
