"""Blocks of CSV: every row with its own line, whatever stands around it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.kernels.csv_blocks import take_head, text_rows
from sipar.feeds.lines import MAX_LINE, blocks
from sipar.feeds.reading import BadRow
from sipar.formats.problems import FormatProblem

NAMES = ("a", "b", "c")


def read(data: bytes, *, size: int = 1 << 20) -> tuple[list[tuple[int, list[str | None]]], list[tuple[int, str]]]:
    """The rows with their lines, and the refused with their codes."""
    rows: list[tuple[int, list[str | None]]] = []
    bad: list[BadRow] = []
    for block in blocks(io.BytesIO(data), quoted=True, size=size):
        found = text_rows(block, NAMES)
        rows += zip(found.lines.tolist(), [list(row.values()) for row in found.table.to_pylist()], strict=True)
        bad += [*block.bad, *found.bad]
    return rows, sorted((row.line, row.code) for row in bad)


def test_empty_cells_are_null_quoted_or_not() -> None:
    assert read(b'1,,""\n') == ([(1, ["1", None, None])], [])


def test_a_cell_of_several_lines_is_one_row_and_the_next_row_has_its_own_line() -> None:
    assert read(b'1,"x\ny\r\nz",3\n4,5,6\n') == ([(1, ["1", "x\ny\nz", "3"]), (4, ["4", "5", "6"])], [])


@pytest.mark.parametrize("megabytes", [1, 4])
def test_a_cell_of_several_lines_is_whole_wherever_a_piece_of_its_block_ends(megabytes: int) -> None:
    """Pieces are read one after the other; the line feed inside the cell is the last of one."""
    line = b"1,2," + b"x" * 251 + b"\n"
    before = megabytes * 4096 - 1
    rows, bad = read(line * before + b'1,2,"' + b"x" * 100 + b"\n" + b"y" * 200 + b'"\n' + line * 5, size=1 << 24)
    assert bad == []
    assert rows[before] == (before + 1, ["1", "2", "x" * 100 + "\n" + "y" * 200])
    assert [number for number, _row in rows[before + 1 :]] == [before + 3 + place for place in range(5)]


def test_a_row_as_long_as_a_line_may_be_is_read_wherever_it_begins() -> None:
    long = b"1,2," + b"x" * (MAX_LINE - 5) + b"\n"
    for before in (0, 1, 5_000, 150_000, 174_762):
        rows, bad = read(b"1,2,3\n" * before + long + b"4,5,6\n", size=1 << 24)
        assert bad == []
        assert [number for number, _row in rows[-2:]] == [before + 1, before + 2]
        assert len(rows[-2][1][2] or "") == MAX_LINE - 5


def test_rows_of_another_length_are_refused_with_their_lines() -> None:
    rows, bad = read(b"1,2,3\n1,2\n\n4,5,6\n1,2,3,4\n7,8,9\n")
    assert [line for line, _row in rows] == [1, 4, 6]
    assert bad == [(2, "columns"), (5, "columns")]


def test_refused_rows_far_into_a_block_have_their_own_lines() -> None:
    good, short = b"1," + b"x" * 300 + b",3\n", b"1,2\n"
    data = b"".join(short if line % 9_000 == 0 else good for line in range(1, 30_001))
    rows, bad = read(data, size=1 << 24)
    assert bad == [(9_000, "columns"), (18_000, "columns"), (27_000, "columns")]
    assert [line for line, _row in rows[8_998:9_001]] == [8_999, 9_001, 9_002]


def test_a_quote_that_nobody_closes_costs_its_own_line() -> None:
    rows, bad = read(b'1,"2,3\n' + b"4,5,6\n" * 300)
    assert [line for line, _row in rows] == list(range(2, 302))
    assert bad == [(1, "quote")]


def test_a_quote_inside_a_cell_is_a_letter() -> None:
    assert read(b'1,5" disk,3\n4,5,6\n') == ([(1, ["1", '5" disk', "3"]), (2, ["4", "5", "6"])], [])


def test_a_carriage_return_alone_ends_no_row() -> None:
    assert read(b"1,a\rb,3\n4,5,6\n") == ([(1, ["1", "a b", "3"]), (2, ["4", "5", "6"])], [])


def test_nul_bytes_and_lines_of_megabytes_are_refused_and_the_rest_is_read() -> None:
    rows, bad = read(b"1,\x00,3\n4,5,6\n" + b"x" * 3_000_000 + b"\n7,8,9\n")
    assert [line for line, _row in rows] == [2, 4]
    assert bad == [(1, "nul"), (3, "line_too_long")]


def test_letters_of_an_older_encoding_are_read_beside_utf8() -> None:
    rows, bad = read("1,é,3\n".encode("cp1252") + "4,é,6\n".encode())
    assert ([row[1] for _line, row in rows], bad) == (["é", "é"], [])


_CELL = st.text(st.sampled_from('ab",\n\r;é'), max_size=6)


@given(rows=st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=30), size=st.sampled_from([256, 1 << 20]))
@settings(max_examples=150, deadline=None)
def test_what_the_csv_module_writes_is_read_back_with_the_right_lines(
    rows: list[tuple[str, str, str]], size: int
) -> None:
    text, expected = io.StringIO(newline=""), []
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        line = text.getvalue().count("\n") + 1
        writer.writerow(row)
        expected.append((line, row))
    got, bad = read(text.getvalue().encode(), size=size)
    assert bad == []
    assert [line for line, _row in got] == [line for line, _row in expected]
    for (_line, cells), (_same, row) in zip(got, expected, strict=True):
        for cell, wanted in zip(cells, row, strict=True):
            assert _plain(cell or "") == _plain(wanted)


def _plain(text: str) -> str:
    """Line ends in a cell may come back as line feeds, one alone as a blank; empty lines inside one fall away."""
    lines = text.replace("\r\n", "\n").replace("\r", " ").split("\n")
    return " ".join(" ".join(lines).split())


def test_the_head_names_its_columns_once_in_lower_case_and_tells_the_delimiter() -> None:
    head = take_head(io.BytesIO(b'\n\xef\xbb\xbf"Time";IP;;ip\n1;2;3;4\n'))
    assert (head.names, head.delimiter, head.next_line) == (["time", "ip", "column 3", "ip (4)"], ";", 3)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"x," * 5_000])
def test_a_table_without_a_head_or_with_a_boundless_one_is_refused(data: bytes) -> None:
    with pytest.raises(FormatProblem) as caught:
        take_head(io.BytesIO(data))
    assert caught.value.code == "csv.head"
