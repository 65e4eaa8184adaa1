from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Sheet, read_table, write_xlsx
from sipar.formats.tests.builders import outcome
from sipar.formats.workbook_safety import check_workbook, column_letters, column_number

SMALL = Limits(max_rows=1_000, max_columns=100, max_cells=10_000, max_workbook_bytes=200_000, max_workbook_members=40)
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(changed: dict[str, bytes] | None = None) -> bytes:
    """A good workbook with some of its parts replaced or added."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(write_xlsx([Sheet(name="s", header=["a"], rows=[["one"]])]))) as good:
        parts = {name: good.read(name) for name in good.namelist()}
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (parts | (changed or {})).items():
            made.writestr(name, content)
    return output.getvalue()


def sheet(cells: str) -> bytes:
    return f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{cells}</sheetData></worksheet>'.encode()


def row(*cells: str) -> str:
    return f'<row r="1">{"".join(cells)}</row>'


def cell(reference: str, value: str = "0") -> str:
    return f'<c r="{reference}" t="s"><v>{value}</v></c>'


def refused(data: bytes) -> str:
    with pytest.raises(FormatProblem) as refusal:
        read_table(data, "register.xlsx", SMALL)
    return refusal.value.code


def test_an_ordinary_workbook_passes() -> None:
    assert read_table(workbook(), "register.xlsx", SMALL).rows.rows() == [("one",)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"xl/vbaProject.bin": b"macro"}, "table.active"),
        ({"xl/externalLinks/externalLink1.xml": b"<a/>"}, "table.active"),
        ({"xl/embeddings/oleObject1.bin": b"x"}, "table.active"),
        ({"xl/macrosheets/sheet1.xml": b"<a/>"}, "table.active"),
        ({"xl/filler.xml": b"<a>" + b" " * 300_000 + b"</a>"}, "file.size"),
        ({"xl/filler.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"}, "table.xlsx"),
        ({"xl/filler.xml": "<a/>".encode("utf-16")}, "table.xlsx"),
        ({SHEET: sheet(row(cell("A1"), cell("XFD1048576")))}, "table.rows"),
        ({SHEET: sheet(row(cell("A1"), cell("XFD1")))}, "table.columns"),
        ({SHEET: sheet(row(cell("A1"), cell("CA900")))}, "table.cells"),
        ({SHEET: sheet(row("<c s='1' r='XFD1048576'><v>1</v></c>"))}, "table.xlsx"),
        ({SHEET: sheet(row('<x:c r="XFD1"><v>1</v></x:c>'))}, "table.columns"),
        ({SHEET: b"<worksheet"}, "table.xlsx"),
        ({"xl/workbook.xml": b"not xml"}, "table.xlsx"),
        ({f"xl/part{number}.xml": b"<a/>" for number in range(50)}, "table.xlsx"),
    ],
)
def test_a_hostile_workbook_is_refused_by_code(changed: dict[str, bytes], code: str) -> None:
    assert refused(workbook(changed)) == code


@pytest.mark.parametrize("value", ["0", " 0 ", "+0", "000000000000", "&#48;", "&#x30;"])
def test_one_long_text_named_by_many_cells_is_refused(value: str) -> None:
    texts = f"<sst {MAIN}><si><t>{'x' * 30_000}</t></si></sst>".encode()
    cells = row(*(cell(f"{column_letters(place)}1", value) for place in range(1, 60)))
    assert refused(workbook({SHEET: sheet(cells), TEXTS: texts})) == "file.size"


def test_one_long_text_named_once_among_many_short_ones_passes() -> None:
    texts = f"<sst {MAIN}><si><t>{'x' * 30_000}</t></si><si><t>y</t></si></sst>".encode()
    cells = row(cell("A1"), *(cell(f"{column_letters(place)}1", "1") for place in range(2, 60)))
    assert outcome(lambda: check_workbook(workbook({SHEET: sheet(cells), TEXTS: texts}), SMALL)) is None


def test_a_part_longer_than_the_directory_says_is_refused() -> None:
    data = workbook({"xl/filler.xml": b"<a>" + b" " * 1_000 + b"</a>"})
    length, lie = (1_007).to_bytes(4, "little"), (7).to_bytes(4, "little")
    assert refused(data.replace(length, lie)) == "table.xlsx"


def test_a_damaged_zip_file_is_refused() -> None:
    data = workbook()
    for broken in (data[:200], data[:-30], b"PK\x03\x04" + b"\x00" * 100, data[:300] + b"\xff" * 80 + data[380:]):
        assert refused(broken) == "table.xlsx"


def test_a_zip_file_of_something_else_is_refused() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as made:
        made.writestr("letter.txt", "hello")
    assert refused(output.getvalue()) == "table.xlsx"


@given(st.integers(1, 20_000))
def test_column_letters_and_numbers_are_inverse(number: int) -> None:
    assert column_number(column_letters(number)) == number
