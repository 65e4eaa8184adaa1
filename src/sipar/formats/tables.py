"""Tables from strangers, CSV (RFC 4180) and XLSX: all cells are text, and every row knows its line in the file."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from sipar.formats.limits import DEFAULT_LIMITS, Limits, too_large
from sipar.formats.problems import FormatProblem
from sipar.formats.table_writing import Sheet, restore_formulas, write_csv, write_xlsx
from sipar.formats.workbook_safety import ZIP_MAGIC, check_workbook, column_letters

__all__ = ["Sheet", "Table", "read_table", "read_workbook", "write_csv", "write_xlsx"]

_OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0"
_DELIMITERS = b",;\t|"
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_NAMED_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: `rows` has a text column for each name in `header` and no nulls; an empty cell is an empty text.

    `lines` (UInt32) holds the 1-based line (CSV) or row (XLSX) of each row in the file. Blank rows are left out.
    """

    header: list[str]
    rows: pl.DataFrame
    lines: pl.Series
    sheet: str = ""


def read_table(
    data: bytes, name: str, limits: Limits = DEFAULT_LIMITS, *, sheet: str | None = None, hidden: bool = False
) -> Table:
    """The table in CSV or XLSX bytes, told apart by content; `name` (the file's) is only for messages.

    CSV: UTF-8, with or without byte order mark, or UTF-16 with one; comma, semicolon, tab or bar, found in the
    header line. XLSX: `sheet`, which may be a hidden one if `hidden` says so, else the first visible one; formulas
    give the value last computed, as text. Raises FormatProblem `table.*` or `file.*` with a line, cell or part of
    the workbook.
    """
    if len(data) > limits.max_bytes:
        raise too_large(limits)
    if data.startswith(_OLD_OFFICE_MAGIC):
        raise FormatProblem("table.old", "this is an old or encrypted Office file; save it as XLSX or CSV UTF-8", name)
    if not data.startswith(ZIP_MAGIC):
        return _read_csv(_as_utf8(data), limits)
    tables = _read_sheets(data, name, limits, wanted=sheet, only_first=sheet is None, hidden=hidden)
    if not tables:
        raise FormatProblem("table.empty", "no sheet here has a header row", sheet or name)
    return next(iter(tables.values()))


def read_workbook(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Table]:
    """Every visible, not empty sheet of an XLSX file by its name. Raises FormatProblem as `read_table` does."""
    if len(data) > limits.max_bytes:
        raise too_large(limits)
    if not data.startswith(ZIP_MAGIC):
        raise FormatProblem("table.xlsx", "this is not an XLSX file", name)
    return _read_sheets(data, name, limits, wanted=None, only_first=False)


def _as_utf8(data: bytes) -> bytes:
    """UTF-8 bytes without byte order mark, every line end a newline."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError as problem:
            raise FormatProblem("table.encoding", "the UTF-16 text is damaged; save it as CSV UTF-8") from problem
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        sentence = "a letter here is not UTF-8 (an older Windows code page?); save the file as CSV UTF-8"
        raise FormatProblem("table.encoding", sentence, f"line {data.count(b'\n', 0, problem.start) + 1}") from problem
    nul = data.find(b"\x00")
    if nul >= 0:
        raise FormatProblem("table.control", "a NUL character stands here", f"line {data.count(b'\n', 0, nul) + 1}")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@dataclass(frozen=True, slots=True)
class _Records:
    """Where each record of a CSV file begins and ends (offsets), its line, and its number of fields."""

    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    fields: np.ndarray

    def take(self, chosen: np.ndarray) -> _Records:
        return _Records(self.starts[chosen], self.ends[chosen], self.lines[chosen], self.fields[chosen])


def _read_csv(data: bytes, limits: Limits) -> Table:
    if not data.strip():
        raise FormatProblem("file.empty", "the file is empty")
    letters = np.frombuffer(data, dtype=np.uint8)
    delimiter = _delimiter(data)
    every = _records(letters, delimiter)
    if int((every.ends - every.starts).max()) > limits.max_scalar:
        longest = int((every.ends - every.starts).argmax())
        sentence = f"a row is longer than {limits.max_scalar} bytes; is a quotation mark not closed?"
        raise FormatProblem("table.line", sentence, f"line {every.lines[longest]}")
    blank = every.ends - every.starts == every.fields - 1
    records = every.take(~blank)
    if not records.starts.size:
        raise FormatProblem("file.empty", "the file has no header line")
    columns = int(records.fields[0])
    _refuse_large(columns, records.starts.size - 1, limits)
    ragged = np.flatnonzero(records.fields != columns)
    if ragged.size:
        raise _ragged(records, ragged, columns)
    header_text = data[records.starts[0] : records.ends[0]].decode()
    try:
        header = next(csv.reader(io.StringIO(header_text, newline=""), delimiter=chr(delimiter), strict=True))
    except csv.Error as problem:
        raise FormatProblem("table.header", "the header could not be read", f"line {records.lines[0]}") from problem
    body = _without(letters, np.concatenate([every.starts[blank], records.starts[:1]]), every, blank, records)
    frame = _parse_body(body, columns, chr(delimiter))
    if frame.height != records.starts.size - 1:
        raise FormatProblem(
            "table.csv", f"{records.starts.size - 1} rows were counted but {frame.height} could be read"
        )
    lines = pl.Series("line", records.lines[1:].astype(np.uint32))
    return _finish(header, restore_formulas(frame), lines, limits, header_place=f"line {records.lines[0]}")


def _delimiter(data: bytes) -> int:
    """The candidate that stands most often in the first line that is not blank, outside quotation marks."""
    line = data.lstrip(b"\n").partition(b"\n")[0]
    unquoted = b"".join(line.split(b'"')[::2])
    return max(_DELIMITERS, key=lambda candidate: unquoted.count(candidate))


def _records(letters: np.ndarray, delimiter: int) -> _Records:
    is_newline, is_delimiter = letters == _NEWLINE, letters == delimiter
    newlines = np.flatnonzero(is_newline)
    quotes = np.flatnonzero(letters == _QUOTE)
    if quotes.size:
        _refuse_stray_quotes(letters, quotes, delimiter, newlines)
        outside = np.bitwise_xor.accumulate((letters == _QUOTE).view(np.uint8)) == 0
        is_newline, is_delimiter = is_newline & outside, is_delimiter & outside
    ends = np.flatnonzero(is_newline)
    if not ends.size or ends[-1] != letters.size - 1:
        ends = np.append(ends, letters.size)
    starts = np.concatenate([[0], ends[:-1] + 1])
    delimiters = np.flatnonzero(is_delimiter)
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    return _Records(starts, ends, np.searchsorted(newlines, starts) + 1, fields)


def _refuse_stray_quotes(letters: np.ndarray, quotes: np.ndarray, delimiter: int, newlines: np.ndarray) -> None:
    """A mark may open only at the beginning of a cell and close only at its end; inside, it stands doubled."""
    before = np.where(quotes > 0, letters[quotes - 1], _NEWLINE)
    after = np.where(quotes < letters.size - 1, letters[np.minimum(quotes + 1, letters.size - 1)], _NEWLINE)
    edge = [delimiter, _NEWLINE, _QUOTE]
    wrong = np.where(np.arange(quotes.size) % 2 == 0, ~np.isin(before, edge), ~np.isin(after, edge))
    if wrong.any() or quotes.size % 2:
        place = int(quotes[np.argmax(wrong)] if wrong.any() else quotes[-1])
        line = int(np.searchsorted(newlines, place)) + 1
        raise FormatProblem("table.quote", "a quotation mark stands inside a cell or is not closed", f"line {line}")


def _ragged(records: _Records, ragged: np.ndarray, columns: int) -> FormatProblem:
    named = [f"{records.lines[row]} ({records.fields[row]})" for row in ragged[:_NAMED_LINES]]
    more = f" and {ragged.size - _NAMED_LINES} more" if ragged.size > _NAMED_LINES else ""
    sentence = f"{ragged.size} rows have not {columns} cells as the header has; cells found: {', '.join(named)}{more}"
    return FormatProblem("table.ragged", sentence, f"line {records.lines[ragged[0]]}")


def _without(letters: np.ndarray, starts: np.ndarray, every: _Records, blank: np.ndarray, records: _Records) -> bytes:
    """The file less the header and the blank lines."""
    steps = np.zeros(letters.size + 2, dtype=np.int8)
    steps[starts] = 1
    steps[np.concatenate([every.ends[blank], records.ends[:1]]) + 1] -= 1
    body: bytes = letters[np.cumsum(steps[: letters.size], dtype=np.int8) == 0].tobytes()
    return body


def _parse_body(body: bytes, columns: int, delimiter: str) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {f"column_{place}": pl.String() for place in range(columns)}
    if not body:
        return pl.DataFrame(schema=schema)
    try:
        return pl.read_csv(
            body,
            has_header=False,
            schema=schema,
            separator=delimiter,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError as problem:
        raise FormatProblem("table.csv", "the rows could not be read as CSV") from problem


def _read_sheets(
    data: bytes, name: str, limits: Limits, *, wanted: str | None, only_first: bool, hidden: bool = False
) -> dict[str, Table]:
    check_workbook(data, limits)
    tables: dict[str, Table] = {}
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and (hidden or sheet.visible == SheetVisibleEnum.Visible)
        ]
        if wanted is not None and wanted not in visible:
            raise FormatProblem("table.sheet", f"the workbook has no visible sheet named {wanted}", name)
        for sheet in visible if wanted is None else [wanted]:
            cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            table = _sheet_table(sheet, cells, limits)
            if table is not None:
                tables[sheet] = table
                if only_first:
                    break
    except CalamineError as problem:
        raise FormatProblem("table.xlsx", f"this is not a whole XLSX file: {problem}", name) from problem
    except BaseException as problem:
        # A panic inside the Rust reader is no Exception; it means a malformed file, not a broken process.
        if type(problem).__name__ != "PanicException":
            raise
        raise FormatProblem("table.xlsx", "this is not a whole XLSX file", name) from problem
    return tables


def _sheet_table(sheet: str, cells: Sequence[Sequence[object]], limits: Limits) -> Table | None:
    lines = [line for line, row in enumerate(cells, start=1) if any(cell not in {"", None} for cell in row)]
    if not lines:
        return None
    header = [_cell_text(cell) for cell in cells[lines[0] - 1]]
    _refuse_large(len(header), len(lines) - 1, limits)
    columns = zip(*(cells[line - 1] for line in lines[1:]), strict=True) if len(lines) > 1 else ([] for _ in header)
    frame = pl.DataFrame(
        [
            pl.Series(f"column_{place}", [_cell_text(cell) for cell in column], dtype=pl.String)
            for place, column in enumerate(columns)
        ]
    )
    place = f"sheet {sheet}, row {lines[0]}"
    return _finish(
        header, frame, pl.Series("line", lines[1:], dtype=pl.UInt32), limits, header_place=place, sheet=sheet
    )


def _cell_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _refuse_large(columns: int, rows: int, limits: Limits) -> None:
    if columns > limits.max_columns:
        raise FormatProblem("table.columns", f"the table has more than {limits.max_columns} columns")
    if rows > limits.max_rows:
        raise FormatProblem("table.rows", f"the table has more than {limits.max_rows} rows")
    if rows * columns > limits.max_cells:
        raise FormatProblem("table.cells", f"the table has more than {limits.max_cells} cells")


def _finish(
    header: Sequence[str], frame: pl.DataFrame, lines: pl.Series, limits: Limits, *, header_place: str, sheet: str = ""
) -> Table:
    """The table with its columns named; unnamed columns without a value fall away, others are refused."""
    longest = frame.select(pl.all().str.len_chars().max().fill_null(0)).row(0) if frame.height else ()
    for place, length in enumerate(longest):
        if length > limits.max_cell:
            row = int(frame.to_series(place).str.len_chars().arg_max() or 0)
            where = f"line {lines[row]}, column {column_letters(place + 1)}"
            raise FormatProblem("table.cell", f"a cell is longer than {limits.max_cell} characters", where)
    names: dict[str, pl.Series] = {}
    for place, cell in enumerate(header):
        column, name = frame.to_series(place), cell.strip()
        where = f"{header_place}, column {column_letters(place + 1)}"
        if not name:
            if (column != "").any():
                raise FormatProblem("table.header", "a column has values but no name", where)
            continue
        if name in names:
            raise FormatProblem("table.header", f'two columns are named "{name[:80]}"', where)
        names[name] = column.alias(name)
    if not names:
        raise FormatProblem("table.header", "no column here has a name", header_place)
    return Table(header=list(names), rows=pl.DataFrame(list(names.values())), lines=lines, sheet=sheet)
