from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.table_writing import Cell
from sipar.formats.tables import Sheet, read_table, read_workbook, write_csv, write_xlsx

SMALL = Limits(max_bytes=20_000, max_rows=20, max_columns=10, max_cells=100, max_cell=50, max_scalar=500)
CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\t\"',;|=+-@"), max_size=8
)
XLSX_CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff", include_characters="\n\t="
    ),
    max_size=8,
)
NAMES = st.text("abcXYZ آئی", min_size=1, max_size=6).map(str.strip).filter(bool)


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> tuple[list[str], list[list[str]]]:
    header = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    row = st.lists(cells, min_size=len(header), max_size=len(header))
    return header, [row for row in draw(st.lists(row, max_size=5)) if any(row)]


def refused(data: bytes, name: str = "register.csv") -> tuple[str, str]:
    with pytest.raises(FormatProblem) as refusal:
        read_table(data, name, SMALL)
    return refusal.value.code, refusal.value.where


@given(tables(CELLS))
def test_a_csv_written_and_read_back_is_identical(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    found = read_table(write_csv(header, rows), "register.csv")
    assert found.header == header
    assert [list(row) for row in found.rows.rows()] == rows


@given(tables(XLSX_CELLS))
def test_a_workbook_written_and_read_back_is_identical(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    found = read_table(write_xlsx([Sheet(name="Answers", header=header, rows=rows)]), "answers.xlsx")
    assert found.header == header
    assert [list(row) for row in found.rows.rows()] == rows
    assert found.sheet == "Answers"


@given(st.binary(max_size=80) | st.text('a,;"\n\r\t|', max_size=60).map(str.encode))
def test_bytes_are_read_as_a_table_of_text_or_refused(data: bytes) -> None:
    try:
        table = read_table(data, "register.csv", SMALL)
    except FormatProblem:
        return
    assert table.rows.columns == table.header
    assert all(kind == pl.String for kind in table.rows.dtypes)
    assert table.rows.null_count().to_numpy().sum() == 0
    assert table.lines.len() == table.rows.height


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header_outside_quotation_marks(delimiter: str) -> None:
    text = f'"a,;|"{delimiter}b\n1{delimiter}2\n'
    assert read_table(text.encode(), "register.csv").rows.rows() == [("1", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_text_is_read_with_or_without_its_mark(encoding: str) -> None:
    table = read_table("نام,شہر\r\nالف,کراچی\r\n".encode(encoding), "register.csv")
    assert (table.header, table.rows.rows()) == (["نام", "شہر"], [("الف", "کراچی")])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_understood(newline: str) -> None:
    table = read_table(newline.join(["a,b", "1,2", "3,4"]).encode(), "register.csv")
    assert table.rows.rows() == [("1", "2"), ("3", "4")]


def test_rows_keep_their_line_numbers_past_blank_lines_and_cells_with_line_breaks() -> None:
    table = read_table(b'\na,b\n"1\n1",2\n\n,\n3,"4"\n', "register.csv")
    assert table.rows.rows() == [("1\n1", "2"), ("3", "4")]
    assert table.lines.to_list() == [3, 7]


def test_empty_trailing_columns_without_a_name_fall_away() -> None:
    table = read_table(b"a,b,,\n1,2,,\n", "register.csv")
    assert (table.header, table.rows.rows()) == (["a", "b"], [("1", "2")])


def test_a_table_with_only_a_header_has_no_rows() -> None:
    assert read_table(b"a,b\n", "register.csv").rows.shape == (0, 2)


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b"", "file.empty", ""),
        (b"\n , \n", "table.header", "line 2"),
        (b",\n,\n", "file.empty", ""),
        (b"a,b\n1,2\n3\n4,5,6\n", "table.ragged", "line 3"),
        (b"a,b\n1,Caf\xe9\n", "table.encoding", "line 2"),
        (b"a,b\n1,2\n3,\x00\n", "table.control", "line 3"),
        ("a,b\n1,2".encode("utf-16")[:-1], "table.encoding", ""),
        (b'a,b\n1,x"y\n', "table.quote", "line 2"),
        (b'a,b\n1,"x"y\n', "table.quote", "line 2"),
        (b'a,b\n1,"x\ny,2\n', "table.quote", "line 2"),
        (b"a,a\n1,2\n", "table.header", "line 1, column B"),
        (b"a,\n1,2\n", "table.header", "line 1, column B"),
        (b",".join([b"a"] * 11), "table.columns", ""),
        (b"a\n" + b"1\n" * 21, "table.rows", ""),
        (b"a,b,c,d,e,f,g\n" + b"1,1,1,1,1,1,1\n" * 15, "table.cells", ""),
        (b"a,b\n1," + b"x" * 51, "table.cell", "line 2, column B"),
        (b"a,b\n1," + b"x" * 501, "table.line", "line 2"),
        (b"a" * 20_001, "file.size", ""),
        (b"\xd0\xcf\x11\xe0 old", "table.old", "register.csv"),
    ],
)
def test_a_malformed_csv_is_refused_by_code_and_place(data: bytes, code: str, where: str) -> None:
    assert refused(data) == (code, where)


def test_a_refusal_for_ragged_rows_names_their_lines_and_cell_counts() -> None:
    with pytest.raises(
        FormatProblem, match=r"2 rows have not 2 cells as the header has; cells found: 3 \(1\), 4 \(3\)"
    ):
        read_table(b"a,b\n1,2\n3\n4,5,6\n", "register.csv")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "'=1", "''-1", "＝1"])
def test_a_text_that_a_spreadsheet_would_run_is_written_behind_an_apostrophe(text: str) -> None:
    data = write_csv(["=name", "b"], [[text, "x"]])
    assert data == f"\ufeff'=name,b\r\n'{text},x\r\n".encode()


def test_numbers_dates_and_empty_cells_are_written_to_csv_as_they_are() -> None:
    rows: list[list[Cell]] = [[-1, 0.5, dt.date(2026, 1, 31), None, "x"], [2, 1.0, dt.date(2026, 2, 1), None, None]]
    data = write_csv(["a", "b", "c", "d", "e"], rows)
    assert data.decode("utf-8-sig") == "a,b,c,d,e\r\n-1,0.5,2026-01-31,,x\r\n2,1.0,2026-02-01,,\r\n"


def test_numbers_dates_and_truth_values_of_a_workbook_become_plain_text() -> None:
    rows = [[1, -0.5, 923001234567, True, None, "=1+1", "0042"]]
    data = write_xlsx([Sheet(name="s", header=list("abcdefg"), rows=rows)])
    assert read_table(data, "x.xlsx").rows.rows() == [("1", "-0.5", "923001234567", "true", "", "=1+1", "0042")]


def test_a_sheet_is_taken_by_its_name_and_hidden_sheets_are_not() -> None:
    choices = [f"a rather long choice, number {place}" for place in range(30)]
    sheets = [
        Sheet(name="one", header=["a"], rows=[["1"]]),
        Sheet(name="two", header=["a"], rows=[["2"]], choices={"a": choices}, right_to_left=True, widths={"a": 60}),
        Sheet(name="empty", header=[], rows=[]),
    ]
    data = write_xlsx(sheets)
    assert read_table(data, "x.xlsx", sheet="two").rows.rows() == [("2",)]
    assert list(read_workbook(data, "x.xlsx")) == ["one", "two"]
    with pytest.raises(FormatProblem, match="no visible sheet named _lists"):
        read_table(data, "x.xlsx", sheet="_lists")


def test_rows_of_a_sheet_keep_their_row_numbers() -> None:
    rows = [["1", ""], ["", ""], ["", "2"]]
    table = read_table(write_xlsx([Sheet(name="s", header=["a", "b"], rows=rows)]), "x.xlsx")
    assert table.lines.to_list() == [2, 4]


def test_a_workbook_of_the_same_content_has_the_same_bytes() -> None:
    sheet = Sheet(name="s", header=["a"], rows=pl.DataFrame({"a": ["1"]}))
    assert write_xlsx([sheet]) == write_xlsx([sheet])


def test_a_text_longer_than_a_workbook_cell_is_refused_when_written() -> None:
    with pytest.raises(FormatProblem, match="row 2, column A"):
        write_xlsx([Sheet(name="s", header=["a"], rows=[["x" * 32_768]])])


def test_a_hidden_sheet_is_read_only_by_who_asks_for_it() -> None:
    book = write_xlsx(
        [
            Sheet(name="Shown", header=["a"], rows=[["1"]]),
            Sheet(name="_kept", header=["b"], rows=[["2"]], hidden=True),
        ]
    )
    assert read_table(book, "book.xlsx").sheet == "Shown"
    assert set(read_workbook(book, "book.xlsx")) == {"Shown"}
    with pytest.raises(FormatProblem):
        read_table(book, "book.xlsx", sheet="_kept")
    assert read_table(book, "book.xlsx", sheet="_kept", hidden=True).rows.rows() == [("2",)]
