"""CSV in blocks: all cells as text, in columns, and every row with the line it began at.

A block in which every line is a row of the right length is read by pyarrow as it stands. Any other block is cut into
records first, so that a row that is too short, a cell of several lines or a quote that nobody closes costs itself only.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from sipar.feeds.lines import MAX_LINE, Block, row_lines
from sipar.feeds.reading import MAX_LISTED, BadRow, excerpt
from sipar.formats.problems import FormatProblem

MAX_COLUMNS = 1_000
MAX_NAME = 80
# A cell of more lines than this is a quote that nobody closed.
_MAX_CELL_LINES = 100
_MAX_EMPTY = 100
_DELIMITERS = ",;\t|"
# A row may lie across two pieces of this size, not three: it is as long as the longest line. Its columns stay in cache.
_PIECE = MAX_LINE


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of text in columns (an empty cell is null), the line of each, and the rows that do not fit.

    `more_bad` counts those beyond the listed ones.
    """

    table: pa.Table
    lines: npt.NDArray[np.int64]
    bad: tuple[BadRow, ...] = ()
    more_bad: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The column names in the first line of a table, what divides them, and the line after it."""

    names: list[str]
    delimiter: str
    next_line: int


def take_head(stream: BinaryIO, *, delimiter: str = "") -> Head:
    """Reads the head off the stream; empty lines before it count. Without `delimiter`, the commonest candidate is it.

    Names are lower case; an empty one is `column N`, a second of the same name has its number added.
    Raises FormatProblem `csv.head`.
    """
    for number in range(1, _MAX_EMPTY + 1):
        data = stream.readline(MAX_LINE)
        line = data.decode("utf-8", "replace").strip("\ufeff\r\n \0")
        if line:
            return Head(*_names(line, number, delimiter), number + 1)
        if not data:
            break
    raise FormatProblem("csv.head", "The table has no head: it is empty.", "line 1")


def _names(line: str, number: int, delimiter: str) -> tuple[list[str], str]:
    where = f"line {number}"
    if not delimiter:
        unquoted = "".join(line.split('"')[::2])
        delimiter = max(_DELIMITERS, key=unquoted.count)
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise FormatProblem("csv.head", "The head of the table cannot be read.", where) from error
    if len(cells) > MAX_COLUMNS:
        raise FormatProblem("csv.head", f"The head names more than {MAX_COLUMNS} columns.", where)
    return unique_names(cells), delimiter


def unique_names(cells: Sequence[str]) -> list[str]:
    """The names in lower case, without blanks around them, each once and none empty."""
    names: dict[str, None] = {}
    for place, cell in enumerate(cells, start=1):
        name = cell.strip().lower()[:MAX_NAME] or f"column {place}"
        names[name if name not in names else f"{name[: MAX_NAME - 8]} ({place})"] = None
    return list(names)


def text_rows(block: Block, names: Sequence[str], *, delimiter: str = ",") -> TextRows:
    """The rows of a block, whose first line is one of them."""
    data, numbers = block.data, row_lines(block)
    if not data:
        return TextRows(no_rows(names), numbers[:0])
    if b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"):
        refused: list[arrow_csv.InvalidRow] = []
        table = _parse(data, names, delimiter, refused)
        if table is not None and table.num_rows + len(refused) == len(numbers):
            if not refused:
                return TextRows(table, numbers)
            if not any("\n" in row.text for row in refused):
                return _without(table, numbers, refused, _Refused())
    return _careful(bytes(data), numbers, names, delimiter)


def _parse(
    data: bytes | bytearray, names: Sequence[str], delimiter: str, refused: list[arrow_csv.InvalidRow]
) -> pa.Table | None:
    """The table, or None where pyarrow cannot read it; rows of another length are left out and put in `refused`.

    One thread: it numbers the rows, and takes less of the processors than several that wait for each other.
    """

    def refuse(row: arrow_csv.InvalidRow) -> str:
        refused.append(row)
        return "skip"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=list(names), use_threads=False, block_size=_PIECE),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                # Blocks are UTF-8: their lines have been looked at.
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None


def no_rows(names: Sequence[str]) -> pa.Table:
    """A table of these text columns without a row."""
    return pa.table({name: pa.array([], pa.string()) for name in names})


def _careful(data: bytes, numbers: npt.NDArray[np.int64], names: Sequence[str], delimiter: str) -> TextRows:
    bad = _Refused()
    records, lines = _records(data, numbers, len(names), delimiter, bad)
    if not records:
        return TextRows(no_rows(names), numbers[:0], tuple(bad.listed), bad.more)
    refused: list[arrow_csv.InvalidRow] = []
    table = _parse(b"\n".join([*records, b""]), names, delimiter, refused)
    if table is None or table.num_rows + len(refused) != len(records):
        for line, record in zip(lines, records, strict=True):
            bad.add(line, "columns", record)
        return TextRows(no_rows(names), numbers[:0], tuple(bad.listed), bad.more)
    return _without(table, np.array(lines, dtype=np.int64), refused, bad)


def _without(
    table: pa.Table, lines: npt.NDArray[np.int64], refused: Sequence[arrow_csv.InvalidRow], bad: _Refused
) -> TextRows:
    """The table with the lines of its rows, and the refused rows, which are not in it, with theirs."""
    wrong = [row.number - 1 for row in refused]
    for place, row in zip(wrong, refused, strict=True):
        bad.add(int(lines[place]), "columns", row.text)
    return TextRows(table, np.delete(lines, wrong), tuple(bad.listed), bad.more)


class _Refused:
    """Rows that do not fit: the first are listed, the others counted."""

    def __init__(self) -> None:
        self.listed: list[BadRow] = []
        self.more = 0

    def add(self, line: int, code: str, text: bytes | str) -> None:
        if len(self.listed) < MAX_LISTED:
            self.listed.append(BadRow(int(line), "", code, excerpt(text)))
        else:
            self.more += 1


def _records(
    data: bytes, numbers: npt.NDArray[np.int64], columns: int, delimiter: str, bad: _Refused
) -> tuple[list[bytes], list[int]]:
    """The records, one a row, with the line each began at. A quote that never closes costs its own line only."""
    # A carriage return alone would end a row for pyarrow and not for anybody who counts lines.
    texts = data.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")[:-1]
    closed = re.compile(rb'(?:(?<=^)|(?<=%s))"(?:[^"]|"")*+"' % re.escape(delimiter.encode()))
    opening = (b'"', delimiter.encode() + b'"')
    records: list[bytes] = []
    lines: list[int] = []
    place = 0
    while place < len(texts):
        record, size = texts[place], 1
        if record.count(b'"') % 2:
            rest = closed.sub(b"", record)
            if rest.startswith(opening[0]) or opening[1] in rest:
                record, size = _joined(texts, place, columns, delimiter)
        if size == 0:
            bad.add(int(numbers[place]), "quote", texts[place])
        else:
            records.append(record)
            lines.append(int(numbers[place]))
        place += size or 1
    return records, lines


def _joined(texts: list[bytes], place: int, columns: int, delimiter: str) -> tuple[bytes, int]:
    """The record that begins here and ends where its quotes close, and its number of lines; 0 where it does not."""
    quotes = length = 0
    for size, text in enumerate(texts[place : place + _MAX_CELL_LINES], start=1):
        quotes += text.count(b'"')
        length += len(text) + 1
        if length > MAX_LINE:
            break
        if quotes % 2 == 0:
            record = b"\n".join(texts[place : place + size])
            return (record, size) if _width(record, delimiter) == columns else (b"", 0)
    return b"", 0


def _width(record: bytes, delimiter: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(record.decode(), newline=""), delimiter=delimiter), []))
    except (csv.Error, UnicodeDecodeError):
        return 0
