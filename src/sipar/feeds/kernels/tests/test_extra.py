"""`extra` is JSON: what stands in the columns comes out of it again, whatever it holds and wherever it lies."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.kernels.extra import Member, objects
from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.joining import Piece, braced
from sipar.feeds.kernels.plan import Plan, observations

CELLS = st.none() | st.text(max_size=20) | st.sampled_from(['"', "\\", "\x00", "\n", "é", "ب", "a" * 70])
ROWS = st.lists(st.tuples(CELLS, CELLS, st.none() | st.integers(-5, 2**40)), max_size=12)


@given(rows=ROWS, cut=st.integers(0, 12), constant=st.booleans())
@settings(max_examples=200, deadline=None)
def test_an_object_has_the_cells_of_its_row(
    rows: list[tuple[str | None, str | None, int | None]], cut: int, *, constant: bool
) -> None:
    table = pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate("ab")})
    table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    frame = pl.DataFrame({"n": [row[2] for row in rows]}, schema={"n": pl.Int64})
    members = [Member("a", "a", free=True), Member("b é", "b", free=True), Member("n", pl.col("n"), "number")]
    found = objects(members, table, frame, {"c": "d"} if constant else {})
    for text, (a, b, n) in zip(found.to_pylist(), rows, strict=True):
        wanted: dict[str, str | int] = {"c": "d"} if constant else {}
        wanted |= {key: cell for key, cell in (("a", a), ("b é", b), ("n", n)) if cell is not None}
        assert (json.loads(text) if text is not None else {}) == wanted
        assert (text is None) == (not wanted)


def test_objects_that_are_ready_come_first_and_empty_ones_add_nothing() -> None:
    table, ready = pa.table({"a": ["1", None, None, "4"]}), pa.array(['{"r":[1]}', '{"r":2}', None, "{}"], pa.string())
    found = objects([Member("a", "a")], table, pl.DataFrame(), {}, ready=ready)
    assert found.to_pylist() == ['{"r":[1],"a":"1"}', '{"r":2}', None, '{"a":"4"}']


def test_refused_rows_are_in_no_object() -> None:
    table = pa.table({"ip": ["192.0.2.1", "nowhere", "192.0.2.3"], "n": ["1", "2", "3"], "t": ["x", "y", "z"]})
    fields = (Field("ip", "ip", "address"), Field("n", "extra.n", "integer"), Field("t", "extra.t"))
    ready = pa.array(['{"r":1}', '{"r":2}', '{"r":3}'])
    chunk = observations(Plan(fields=fields, kind="k", timeless=True), table, np.arange(3), ready=ready)
    assert chunk.table["extra"].to_pylist() == ['{"r":1,"n":1,"t":"x"}', '{"r":3,"n":3,"t":"z"}']
    assert [(row.line, row.excerpt) for row in chunk.bad] == [(1, "nowhere")]


def test_rows_of_which_nothing_can_be_anybodys_are_refused() -> None:
    plan = Plan(fields=(Field("t", "extra.t"), Field("ip", "ip", "address")), kind="k", timeless=True)
    chunk = observations(plan, pa.table({"t": ["x", "y"]}), np.arange(2))
    assert (chunk.table.num_rows, [(row.code, row.excerpt) for row in chunk.bad]) == (
        0,
        [("asset", "x"), ("asset", "y")],
    )


def test_objects_without_rows_or_without_columns() -> None:
    assert braced([], 2).to_pylist() == [None, None]
    assert braced([], 2, head=b'{"c":1').to_pylist() == ['{"c":1}', '{"c":1}']
    assert braced([Piece(b',"a":', pa.chunked_array([], pa.string()))], 0).to_pylist() == []


@pytest.mark.parametrize("offset", [0, 3])
def test_a_slice_of_a_column_gives_its_own_cells(offset: int) -> None:
    column = pa.chunked_array([pa.array(["one", None, "three", "four", None, "six"])])
    found = braced([Piece(b',"a":"', column.slice(offset, 3), b'"')], 3)
    assert found.to_pylist() == [cell and f'{{"a":"{cell}"}}' for cell in column.to_pylist()[offset : offset + 3]]
