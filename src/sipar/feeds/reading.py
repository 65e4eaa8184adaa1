"""What a reader is given and what it hands back, with the bounds that every file is read under.

A reader is a folder of `sipar.feeds` whose `reader.py` holds `READER`. It says what a file is (`recognise`) and turns
its bytes into chunks of observations (`read`), never more than about a block in memory. Bytes come here hostile:
packed, cut, mixed in encoding, with lines of megabytes; `unpacked`, `as_utf8` and `blocks` bound all of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from sipar.exposure.observations import READ

BLOCK = 16 * 1024 * 1024
MAX_EXCERPT = 300
# Refused rows that a chunk lists; those beyond are counted only.
MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. `line` counts from 1; `code` is stable (`columns`, `address`, `time`, `nul`)."""

    line: int
    column: str
    code: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class DriftSeen:
    """A column that is not what the reader expects: `new`, `missing`, `renamed` (`detail`: to what) or `type`."""

    kind: str
    column: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that could be read (a table of `READ`), and what was wrong.

    `more_bad` counts refused rows beyond those that `bad` lists, `recoded` lines that were not UTF-8 and were read as
    Windows-1252.
    """

    table: pa.Table
    bad: Sequence[BadRow] = ()
    drifts: Sequence[DriftSeen] = ()
    more_bad: int = 0
    recoded: int = 0

    @property
    def refused(self) -> int:
        """How many rows could not be read."""
        return len(self.bad) + self.more_bad


@dataclass(frozen=True, slots=True)
class Report:
    """What a file is: its type in the source's own words (`scan_http`) and the day that it tells of, if it says so.

    `complete`: whether it holds all there was to see; None leaves that to the feed. `detail` is the reader's own.
    """

    type: str
    day: date | None = None
    complete: bool | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """One kind of source. A file that is not its own, or cannot be read at all, raises FormatProblem."""

    name: str
    label: str

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """What the file called `name`, whose unpacked bytes begin with `head` (up to 64 KiB), is."""
        ...

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """The observations of the unpacked file, in chunks of about a block, in bounded memory."""
        ...


def table_of(columns: Mapping[str, Any], rows: int) -> pa.Table:
    """A table of `READ` out of the columns that a source has; the others are null. Arrays are cast where needed."""
    arrays = []
    for wanted in READ:
        given = columns.get(wanted.name)
        if given is None:
            arrays.append(pa.nulls(rows, wanted.type))
            continue
        array = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given)
        arrays.append(array if array.type == wanted.type else array.cast(wanted.type))
    return pa.Table.from_arrays(arrays, schema=READ)


def excerpt(line: bytes | bytearray | str) -> str:
    """The beginning of a line as it may be stored and shown: no control characters, at most 300 long."""
    text = line if isinstance(line, str) else line[: MAX_EXCERPT * 4].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_EXCERPT])
