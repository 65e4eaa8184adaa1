"""Members of JSON objects put together row by row, in one pass over the rows.

Import inside functions only: numba compiles at first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipar.routing.columns import text_buffers, valid_rows
from sipar.routing.compiling import inlined, kernel

type Bytes = NDArray[np.uint8]
type Numbers = NDArray[np.int64]
type Truths = NDArray[np.bool_]
# Texts are copied in steps of eight bytes, each one move: the last may reach so far beyond the end of what it reads,
# and writes where the next text is written after it.
_STEP = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of each row (string, in chunks), null where it has none, and what stands before and after it there."""

    before: bytes
    texts: pa.ChunkedArray
    after: bytes = b""


def braced(pieces: Sequence[Piece], rows: int, *, head: bytes = b"") -> pa.StringArray:
    """For each row `head`, the pieces that it has, and a closing brace.

    Without a head the opening brace stands in the place of the first byte, and a row without any piece is null.
    Raises pa.ArrowInvalid where that is more than the offsets of text reach.
    """
    edges, names = _flat([head, *(edge for piece in pieces for edge in (piece.before, piece.after))])
    valid = np.empty((len(pieces), rows), np.bool_)
    offsets = np.zeros((len(pieces), rows + 1), np.int64)
    data: list[Bytes] = []
    size = 0
    for place, piece in enumerate(pieces):
        row, offsets[place, 0] = 0, size
        for chunk in piece.texts.chunks:
            letters, own = text_buffers(chunk)
            valid[place, row : row + len(chunk)] = valid_rows(chunk)
            offsets[place, row : row + len(chunk) + 1] = own + (size - own[0])
            data.append(letters[own[0] : own[-1]])
            row, size = row + len(chunk), size + len(data[-1])
    ends = np.zeros(rows + 1, np.int64)
    _measure(offsets, valid, edges, ends)
    out = np.empty(int(ends[-1]) + _STEP, np.uint8)
    _write(np.concatenate([*data, np.zeros(_STEP, np.uint8)]), offsets, valid, names, edges, ends, out)
    found = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(out[: ends[-1]]))
    empty = ends[1:] == ends[:-1]
    if empty.any():
        found = pc.if_else(pa.array(empty), None, found)
    return found.cast(pa.string())


def _flat(texts: Sequence[bytes]) -> tuple[Numbers, Bytes]:
    """Where each text ends, from 0, and all of them."""
    return np.cumsum([0, *map(len, texts)]), np.frombuffer(b"".join(texts) + bytes(_STEP), np.uint8)


@kernel
def _measure(offsets: Numbers, valid: Truths, edges: Numbers, ends: Numbers) -> None:  # pragma: no cover - compiled
    """Where each row ends."""
    rows = valid.shape[1]
    for place in range(valid.shape[0]):
        around = edges[2 * place + 3] - edges[2 * place + 1]
        for row in range(rows):
            size = offsets[place, row + 1] - offsets[place, row] + around
            ends[row + 1] += size if valid[place, row] else 0
    head = edges[1]
    for row in range(rows):
        size = ends[row + 1] + head
        ends[row + 1] = ends[row] + (size + 1 if size else 0)


@kernel
def _write(
    letters: Bytes, offsets: Numbers, valid: Truths, names: Bytes, edges: Numbers, ends: Numbers, out: Bytes
) -> None:  # fmt: skip  # pragma: no cover - compiled
    for row in range(valid.shape[1]):
        if ends[row] == ends[row + 1]:
            continue
        to = _copied(names, edges[0], edges[1], out, np.uint64(ends[row]))
        for place in range(valid.shape[0]):
            if valid[place, row]:
                first, middle, last = edges[2 * place + 1], edges[2 * place + 2], edges[2 * place + 3]
                to = _copied(names, first, middle, out, to)
                to = _copied(letters, offsets[place, row], offsets[place, row + 1], out, to)
                to = _copied(names, middle, last, out, to)
        if edges[1] == 0:
            out[ends[row]] = 0x7B
        out[to] = 0x7D


@inlined
def _copied(
    source: Bytes, first: np.int64, last: np.int64, out: Bytes, to: np.uint64
) -> np.uint64:  # pragma: no cover - compiled
    """Write the bytes from `first` to `last` to `out` at `to`; returns where they end."""
    # Unsigned places: a signed one may count from the end, and that test keeps eight bytes from being one move.
    at, size = np.uint64(first), np.uint64(last - first)
    done = np.uint64(0)
    while done < size:
        for step in range(8):
            out[to + done + np.uint64(step)] = source[at + done + np.uint64(step)]
        done += np.uint64(8)
    return to + size
