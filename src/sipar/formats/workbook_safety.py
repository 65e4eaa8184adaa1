"""What an XLSX file would cost, measured by inflating every part within bounds before a spreadsheet reader sees it.

A spreadsheet reader lays cells out as one rectangle and copies a shared text into every cell that names it, so two far
cells, or one long text named a million times, are bombs that the sizes in the ZIP directory do not show.
"""

from __future__ import annotations

import html
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

ZIP_MAGIC = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_CHUNK = 8 * MEGABYTE
_ACTIVE = (
    ("vbaproject.bin", "macros"),
    ("/macrosheets/", "macros"),
    ("/externallinks/", "links to other workbooks"),
    ("/embeddings/", "embedded files"),
    ("/activex/", "active controls"),
)
_WORKSHEET = re.compile(rb"<(?:\w+:)?worksheet[\s>]")
_SHARED_TEXTS = re.compile(rb"<(?:\w+:)?sst[\s>/]")
_SHARED_TEXT = re.compile(rb"<(?:\w+:)?si[\s>/]")
# Every writer puts the reference first and plain; anything else could hide a far cell from this count.
_CELL = re.compile(rb'<(?:[^\s<>/:]+:)?c(?:\s+r="([A-Z]{1,3})([0-9]{1,7})"|([\s/>]))')
_CELL_VALUE = re.compile(rb"<(?:[^\s<>/:]+:)?v(?:\s[^>]*)?>([^<]*)<")


@dataclass(slots=True)
class _Cost:
    worksheets: list[zipfile.ZipInfo] = field(default_factory=list)
    cells: int = 0
    text_lengths: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def check_workbook(data: bytes, limits: Limits) -> None:
    """Returns when an XLSX file is safe to hand to a reader; raises FormatProblem `table.*` or `file.size` if not."""
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, struct.error) as problem:
        raise FormatProblem("table.xlsx", "this is not a whole XLSX file") from problem
    if len(members) > limits.max_workbook_members:
        raise FormatProblem("table.xlsx", f"the workbook has more than {limits.max_workbook_members} parts")
    names = {member.filename.lower() for member in members}
    if "[content_types].xml" not in names or len(names) < len(members):
        raise FormatProblem("table.xlsx", "this ZIP file is not an XLSX workbook")
    for member in members:
        _refuse_active(member)
    cost = _measure(data, members, limits)
    if cost.text_lengths.size and int(cost.text_lengths.max()) * cost.cells > limits.max_workbook_bytes:
        _refuse_copied_texts(data, cost, limits)


def _refuse_active(member: zipfile.ZipInfo) -> None:
    name = "/" + member.filename.lower()
    for mark, what in _ACTIVE:
        if mark in name:
            raise FormatProblem("table.active", f"the workbook holds {what}; save it without them", member.filename)
    if member.flag_bits & _ENCRYPTED:
        raise FormatProblem("table.xlsx", "the workbook is encrypted; save it without a password", member.filename)


def _measure(data: bytes, members: list[zipfile.ZipInfo], limits: Limits) -> _Cost:
    cost = _Cost()
    room = limits.max_workbook_bytes
    for member in members:
        content = _inflate_member(data, member, room)
        room -= len(content)
        if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            if member.filename.lower().endswith((".xml", ".rels")) and content:
                raise FormatProblem("table.xlsx", "this part is not plain UTF-8 XML", member.filename)
            continue
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00" in content:
            raise FormatProblem("table.xlsx", "this part declares entities or is not UTF-8", member.filename)
        if _WORKSHEET.search(content):
            cost.worksheets.append(member)
            cost.cells += _count_cells(content, member.filename, limits)
        if _SHARED_TEXTS.search(content):
            starts = [match.start() for match in _SHARED_TEXT.finditer(content)]
            lengths = np.diff(np.array([*starts, len(content)], dtype=np.int64))
            cost.text_lengths = np.concatenate([cost.text_lengths, lengths])
    return cost


def _inflate_member(data: bytes, member: zipfile.ZipInfo, room: int) -> bytes:
    """The bytes of one part, inflated for real: the sizes in the directory may lie."""
    header = data[member.header_offset : member.header_offset + 30]
    if len(header) < 30 or not header.startswith(ZIP_MAGIC):
        raise FormatProblem("table.xlsx", "this part is damaged", member.filename)
    _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    start = member.header_offset + 30 + name_length + extra_length
    packed = data[start : start + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        content = packed
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, room + 1)
        except zlib.error as problem:
            raise FormatProblem("table.xlsx", "this part is damaged", member.filename) from problem
    else:
        raise FormatProblem("table.xlsx", "this part is packed in a way that XLSX does not use", member.filename)
    if len(content) > room:
        raise FormatProblem("file.size", "the workbook inflates beyond what is taken", member.filename)
    if len(content) != member.file_size:
        raise FormatProblem("table.xlsx", "this part is not as long as the file says", member.filename)
    return content


def _count_cells(content: bytes, name: str, limits: Limits) -> int:
    """The cells of a worksheet; refuses the rectangle around them when it is too large."""
    cells, last_row = 0, 0
    columns: set[bytes] = set()
    for piece in _pieces(content):
        found = _CELL.findall(piece)
        if any(odd for _, _, odd in found):
            raise FormatProblem("table.xlsx", "a cell carries no plain reference such as B7", name)
        if not found:
            continue
        cells += len(found)
        columns |= {column for column, _, _ in found}
        last_row = max(last_row, max(int(row) for _, row, _ in found))
    last_column = max((column_number(column.decode()) for column in columns), default=0)
    if last_row > limits.max_rows + 1:
        raise FormatProblem("table.rows", f"a cell stands below row {limits.max_rows + 1}", name)
    if last_column > limits.max_columns:
        raise FormatProblem("table.columns", f"a cell stands right of column {limits.max_columns}", name)
    if last_row * last_column > limits.max_cells:
        raise FormatProblem("table.cells", f"the sheet spans more than {limits.max_cells} cells", name)
    return cells


def _refuse_copied_texts(data: bytes, cost: _Cost, limits: Limits) -> None:
    copied = 0
    for member in cost.worksheets:
        for piece in _pieces(_inflate_member(data, member, limits.max_workbook_bytes)):
            numbers = [_text_number(value) for value in _CELL_VALUE.findall(piece)]
            known = [number for number in numbers if 0 <= number < cost.text_lengths.size]
            copied += int(cost.text_lengths[known].sum()) if known else 0
    if copied > limits.max_workbook_bytes:
        raise FormatProblem("file.size", "the texts of the cells together are larger than what is taken")


def _text_number(value: bytes) -> int:
    """The shared text that a cell value may name, read as leniently as any reader might; -1 for none."""
    text = (html.unescape(value.decode(errors="replace")) if b"&" in value else value.decode(errors="replace")).strip()
    digits = text.lstrip("+").lstrip("0") or "0"
    return int(digits) if text and digits.isdecimal() and len(digits) < 10 else -1


def _pieces(content: bytes) -> Iterator[bytes]:
    """The content in pieces that never cut a tag's beginning."""
    start = 0
    while start < len(content):
        end = len(content)
        if end - start > _CHUNK:
            cut = content.rfind(b"<", start + 1, start + _CHUNK)
            end = cut if cut > start else end
        yield content[start:end]
        start = end


def column_number(letters: str) -> int:
    """The 1-based number of a spreadsheet column: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """The letters of a 1-based column number: the inverse of `column_number`."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
