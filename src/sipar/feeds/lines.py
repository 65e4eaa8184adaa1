"""Text in blocks of whole lines: any encoding in, UTF-8 out, every line bounded, every line number kept."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from sipar.feeds.reading import BLOCK, MAX_LISTED, BadRow, excerpt

MAX_LINE = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STEP = 1024 * 1024
_PIECE = 256 * 1024
_QUOTE = 0x22
_LINE_FEED = 0x0A
_EMPTY_LINE = re.compile(rb"\n\r\n")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, UTF-8 without NUL and without empty lines, each ended by a line feed.

    `first_line` is the number of the first line that the block was cut from, `lines` how many those were, `removed`
    the offsets (from 0, ascending) of those that are not in `data` any more. `bad` and `more_bad` tell of the refused.
    """

    data: bytes | bytearray
    first_line: int
    lines: int
    removed: tuple[int, ...] = ()
    bad: tuple[BadRow, ...] = ()
    more_bad: int = 0
    recoded: int = 0


def sniff_encoding(head: bytes) -> str:
    """The encoding by its mark, by the zero bytes that UTF-16 leaves in Latin text, or UTF-8."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    pairs = len(head) // 2
    if pairs >= 8:
        for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            zeros, others = head[offset : pairs * 2 : 2].count(0), head[1 - offset : pairs * 2 : 2].count(0)
            if zeros > pairs * 0.6 and others < pairs * 0.1:
                return encoding
    return "utf-8"


def as_utf8(stream: BinaryIO, head: bytes) -> BinaryIO:
    """The stream in UTF-8 without a mark; `head` is its beginning, which has not been taken from the stream.

    What is UTF-8 by its look passes unchanged: lines in it that are not are seen to by `blocks`.
    """
    encoding = sniff_encoding(head)
    if encoding == "utf-8":
        return stream
    return cast("BinaryIO", io.BufferedReader(_Recoded(stream, encoding), buffer_size=_STEP))


class _Recoded(io.RawIOBase):
    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        while not self._rest and not self._ended:
            data = self._stream.read(_STEP)
            self._ended = not data
            self._rest = self._decoder.decode(data, final=self._ended).encode()
        given, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(given)] = given
        return len(given)


def blocks(
    stream: BinaryIO, *, size: int = BLOCK, longest: int = MAX_LINE, quoted: bool = False, first_line: int = 1
) -> Iterator[Block]:
    """The text in blocks of at most about `size` bytes of whole lines, beginning with line `first_line` of the file.

    Lines longer than `longest` or with a NUL byte are refused (`line_too_long`, `nul`); a line that is not UTF-8 is
    read as Windows-1252. `quoted`: a line feed between double quotes ends no line, so no block is cut there.
    """
    rest, line, skipping = bytearray(), first_line, False
    while data := _more(stream, rest, max(size - len(rest), min(size, _STEP))):
        if skipping:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, skipping = data[end + 1 :], False
            line += 1
        cut = _cut(data, quoted=quoted)
        if cut == 0 and len(data) <= max(longest, size):
            rest = data
            continue
        if cut == 0:
            refused = (BadRow(line, "", "line_too_long", excerpt(data)),)
            yield Block(b"", line, 0, bad=refused)
            rest, skipping = bytearray(), True
            continue
        rest = data[cut:]
        del data[cut:]
        for block in _clean(data, line, longest, quoted=quoted):
            line += block.lines
            yield block
    if rest:
        yield from _clean(rest + b"\n", line, longest, quoted=quoted)


def _more(stream: BinaryIO, rest: bytearray, wanted: int) -> bytearray:
    """`rest` and up to `wanted` bytes that come after it, empty where none come; each is written to memory once."""
    data = bytearray(len(rest) + wanted)
    data[: len(rest)] = rest
    with memoryview(data)[len(rest) :] as view:
        came = cast("io.BufferedReader", stream).readinto(view)
    del data[len(rest) + came if came else 0 :]
    return data


def row_lines(block: Block) -> npt.NDArray[np.int64]:
    """The number of each line that is in the block."""
    numbers = np.arange(block.first_line, block.first_line + block.lines, dtype=np.int64)
    return np.delete(numbers, np.array(block.removed)) if block.removed else numbers


def _cut(data: bytes | bytearray, *, quoted: bool) -> int:
    """Where the last whole line ends."""
    cut = data.rfind(b"\n") + 1
    if not quoted or _quotes(data, cut) % 2 == 0:
        return cut
    for _attempt in range(64):
        earlier = data.rfind(b"\n", 0, cut - 1) + 1
        if earlier == 0:
            break
        if data.count(b'"', earlier, cut) % 2:
            return earlier
        cut = earlier
    # A quote that nobody closes: lines are lines again, and what does not fit is refused by its reader.
    return data.rfind(b"\n") + 1


def _quotes(data: bytes | bytearray, end: int) -> int:
    """How many quotes stand before `end`; a piece at a time, so that nothing leaves the processor's cache."""
    letters = np.frombuffer(data, np.uint8, end)
    return sum(int(np.count_nonzero(letters[at : at + _PIECE] == _QUOTE)) for at in range(0, end, _PIECE))


def _lines(data: bytearray) -> tuple[int, bool]:
    """How many lines end in it, and whether one of them is empty (but for a carriage return, which is not looked at).

    Several times as fast as looking for pairs of bytes.
    """
    letters = np.frombuffer(data, np.uint8)
    count, before = 0, True
    empty = False
    for at in range(0, len(letters), _PIECE):
        ends = letters[at : at + _PIECE] == _LINE_FEED
        empty = empty or bool(before and ends[0]) or bool(np.any(ends[1:] & ends[:-1]))
        count, before = count + int(np.count_nonzero(ends)), bool(ends[-1])
    return count, empty


def _clean(data: bytearray, line: int, longest: int, *, quoted: bool) -> Iterator[Block]:
    """The whole lines as one block where nothing is wrong with them, else in pieces that are looked at line by line."""
    lines, empty = _lines(data)
    odd = empty or b"\0" in data or (b"\r" in data and (data.startswith(b"\r\n") or _EMPTY_LINE.search(data)))
    if not odd and _is_utf8(data) and not _has_longer(data, longest):
        yield Block(data, line, lines)
        return
    while data:
        # A piece ends with the line that is open where it would end: never in the middle of one.
        cut = _cut(data[: data.find(b"\n", _STEP - 1) + 1 or len(data)], quoted=quoted)
        piece = _line_by_line(bytes(data[:cut]), line, longest)
        line += piece.lines
        data = data[cut:]
        yield piece


def _line_by_line(data: bytes, line: int, longest: int) -> Block:
    kept: list[bytes] = []
    removed: list[int] = []
    bad: list[BadRow] = []
    more = recoded = 0
    for offset, text in enumerate(data[:-1].split(b"\n")):
        code = "line_too_long" if len(text) > longest else "nul" if b"\0" in text else ""
        if code and len(bad) < MAX_LISTED:
            bad.append(BadRow(line + offset, "", code, excerpt(text)))
        elif code:
            more += 1
        if code or not text.strip():
            removed.append(offset)
            continue
        if _is_utf8(text):
            kept.append(text)
            continue
        recoded += 1
        kept.append(text.decode("cp1252", "replace").encode())
    return Block(b"\n".join([*kept, b""]), line, data.count(b"\n"), tuple(removed), tuple(bad), more, recoded)


def _is_utf8(data: bytes | bytearray) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_longer(data: bytearray, longest: int) -> bool:
    """Whether a line may be longer than `longest`: no window of half of it is without a line feed otherwise."""
    half = max(longest // 2, 1)
    return any(data.find(b"\n", start, start + half) < 0 for start in range(0, len(data) - half, half))
