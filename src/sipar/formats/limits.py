"""How much a file may ask of this machine, and the first two doors every file passes: inflating and decoding."""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass

from sipar.formats.problems import FormatProblem

MEGABYTE = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_INFLATE_GZIP_ONLY = 16 + zlib.MAX_WBITS
_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for one file: bytes once inflated, nesting, values once aliases are expanded, text, table."""

    max_bytes: int = 32 * MEGABYTE
    max_depth: int = 64
    max_nodes: int = 1_000_000
    max_aliases: int = 1_000
    max_scalar: int = MEGABYTE
    max_rows: int = 500_000
    max_columns: int = 600
    max_cells: int = 10_000_000
    max_cell: int = 32_767
    max_workbook_bytes: int = 512 * MEGABYTE
    max_workbook_members: int = 2_000


DEFAULT_LIMITS = Limits()


def inflate(data: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes themselves, or what they hold when they are gzip (RFC 1952), never more than `limits.max_bytes`.

    Raises FormatProblem `file.size`, `file.gzip` or `file.empty`.
    """
    if len(data) > limits.max_bytes:
        raise too_large(limits)
    if data.startswith(_GZIP_MAGIC):
        data = _gunzip(data, limits)
    if not data.strip():
        raise FormatProblem("file.empty", "the file is empty")
    return data


def decode_utf8(data: bytes) -> str:
    """The text of UTF-8 bytes, a byte order mark dropped. Raises FormatProblem `file.encoding` or `file.control`."""
    for mark, encoding in _FOREIGN_MARKS:
        if data.startswith(mark):
            raise FormatProblem("file.encoding", f"the file is {encoding}; save it as UTF-8", "byte 0")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise FormatProblem(
            "file.encoding", "a byte here is not UTF-8; save the file as UTF-8 and send it again", f"line {line}"
        ) from problem
    nul = text.find("\x00")
    if nul >= 0:
        raise FormatProblem("file.control", "a NUL character stands here", f"line {text.count(chr(10), 0, nul) + 1}")
    return text


def too_large(limits: Limits) -> FormatProblem:
    """The problem of a file, or of what it inflates to, above `limits.max_bytes`."""
    return FormatProblem("file.size", f"the file is larger than {limits.max_bytes / MEGABYTE:g} MB")


def _gunzip(data: bytes, limits: Limits) -> bytes:
    pieces: list[bytes] = []
    room = limits.max_bytes
    while data:
        inflater = zlib.decompressobj(_INFLATE_GZIP_ONLY)
        try:
            piece = inflater.decompress(data, room + 1)
        except zlib.error as problem:
            raise FormatProblem("file.gzip", "the gzip data is damaged") from problem
        room -= len(piece)
        if room < 0:
            raise too_large(limits)
        if not inflater.eof:
            raise FormatProblem("file.gzip", "the gzip data ends too early")
        pieces.append(piece)
        data = inflater.unused_data.lstrip(b"\x00")
    return b"".join(pieces)
