"""JSON objects out of a stream, one after the other, with the line each begins at: lines, an array, or one by one.

Every object is bounded in length and in depth. In JSON lines a bad line costs itself; where objects stand in an array
or run over lines, broken syntax leaves no place to go on from and the file is refused.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from sipar.feeds.lines import MAX_LINE, blocks, row_lines
from sipar.feeds.reading import BadRow, excerpt
from sipar.formats.problems import FormatProblem

MAX_DEPTH = 32
_STEP = 1024 * 1024
_HEAD = 64 * 1024
_BLANK = re.compile(r"[ \t\r\n,\ufeff]*")
_HALF = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_CLOSING = re.compile(r"[}\]]")


@dataclass(frozen=True, slots=True)
class Found:
    """An object and its line, or what is wrong with it; `recoded` counts lines that were not UTF-8."""

    line: int
    value: dict[str, Any] | None = None
    bad: tuple[BadRow, ...] = ()
    more_bad: int = 0
    recoded: int = 0


def peekable(stream: BinaryIO) -> io.BufferedReader:
    """The stream, such that one can look ahead."""
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast("io.RawIOBase", stream), buffer_size=_STEP)


def json_objects(stream: BinaryIO) -> Iterator[Found]:
    """The objects of JSON lines, of one array of objects, or of objects that follow each other.

    Raises FormatProblem `json.syntax` or `json.depth` where the text cannot be followed any more.
    """
    ahead = peekable(stream)
    head = ahead.peek(_HEAD)[:_HEAD].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if head.startswith("[") or (head.startswith("{") and _runs_on(head)):
        yield from _sequence(ahead)
    else:
        yield from _lines(ahead)


def _runs_on(head: str) -> bool:
    """Whether the first object goes on on a second line: its first line opens more than it closes."""
    line, newline, _ = head.partition("\n")
    bare = re.sub(r'"(?:[^"\\]|\\.)*+"', "", line)
    return bool(newline) and bare.count("{") + bare.count("[") > len(_CLOSING.findall(bare))


class _Strict:
    """A decoder that refuses what JSON does not have or leaves open: NaN, infinity, the same key twice."""

    def __init__(self) -> None:
        self.fault = ""
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs, parse_constant=self._constant, parse_float=self._float, parse_int=self._int
        )

    def decode(self, text: str, place: int = 0) -> tuple[Any, int]:
        """The value at this place and where it ends; `fault` says what is wrong with it apart from syntax."""
        self.fault = ""
        value, end = self._decoder.raw_decode(text, place)
        raw = text[place:end]
        if _HALF.search(raw):
            self._check_text(value)
        if raw.count("{") + raw.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            self.fault = "depth"
        return value, end

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.fault = "duplicate"
        return found

    def _constant(self, _name: str) -> None:
        self.fault = "number"

    def _float(self, digits: str) -> float | None:
        number = float(digits)
        if abs(number) < 1e300:
            return number
        self.fault = "number"
        return None

    def _int(self, digits: str) -> int | None:
        if len(digits) <= 19:
            return int(digits)
        self.fault = "number"
        return None

    def _check_text(self, value: Any) -> None:
        """Escapes can write NUL and half characters, which no text may hold."""
        text = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in text:
            self.fault = "nul"
            return
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fault = "encoding"


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        waiting += [(child, depth + 1) for child in inner]
    return deepest


def _lines(stream: BinaryIO) -> Iterator[Found]:
    strict = _Strict()
    for block in blocks(stream):
        if block.bad or block.more_bad or block.recoded:
            yield Found(block.first_line, None, block.bad, block.more_bad, block.recoded)
        for line, text in zip(row_lines(block).tolist(), block.data.decode().split("\n")[:-1], strict=True):
            try:
                value, end = strict.decode(text := text.strip())
                fault = "syntax" if end != len(text) else strict.fault
            except (ValueError, RecursionError):
                value, fault = None, "syntax"
            yield _found(line, value, fault, text)


def _found(line: int, value: Any, fault: str, text: str) -> Found:
    if not fault and not isinstance(value, dict):
        fault = "object"
    return Found(line, None, (BadRow(line, "", fault, excerpt(text)),)) if fault else Found(line, value)


def _sequence(stream: BinaryIO) -> Iterator[Found]:
    strict, decoder = _Strict(), codecs.getincrementaldecoder("utf-8-sig")("replace")
    text, place, line, ended, opened = "", 0, 1, False, False
    while True:
        while not ended and len(text) - place < MAX_LINE:
            data = stream.read(_STEP)
            ended = not data
            text, place = text[place:] + decoder.decode(data, final=ended), 0
        blank = _BLANK.match(text, place)
        end = blank.end() if blank else place
        line += text.count("\n", place, end)
        place = end
        if place == len(text) and ended:
            if opened:
                raise FormatProblem("json.syntax", "The list of objects breaks off before its end.", f"line {line}")
            return
        if text[place : place + 1] in "[]":
            opened = text[place] == "["
            place += 1
            continue
        if place == len(text):
            continue
        try:
            value, end = strict.decode(text, place)
        except RecursionError as error:
            raise FormatProblem("json.depth", f"Values are nested deeper than {MAX_DEPTH}.", f"line {line}") from error
        except ValueError as error:
            sentence = f"This is not JSON, or an object longer than {MAX_LINE} characters."
            raise FormatProblem("json.syntax", sentence, f"line {line}") from error
        yield _found(line, value, strict.fault, text[place : place + 400])
        line += text.count("\n", place, end)
        place = end
