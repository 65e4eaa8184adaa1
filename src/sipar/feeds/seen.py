"""Which rows were there before: a set of 128-bit hashes that takes millions at a time.

Import inside functions only: numba compiles at first use.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sipar.routing.columns import whole
from sipar.routing.compiling import kernel

type Words = npt.NDArray[np.uint64]
_SMALLEST = 1 << 16


class SeenRows:
    """Hashes by open addressing, at most two thirds full. 16 bytes a slot."""

    def __init__(self) -> None:
        self._slots: Words = np.zeros((_SMALLEST, 2), dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, hashes: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        """Put in hashes (`fixed_size_binary[16]`, no nulls); true where one is there for the first time."""
        words = _words(hashes)
        self._make_room(len(words))
        first = np.empty(len(words), dtype=np.bool_)
        self._count += _insert(self._slots, words, first)
        return first

    def _make_room(self, more: int) -> None:
        size = len(self._slots)
        while (self._count + more) * 3 > size * 2:
            size *= 2
        if size == len(self._slots):
            return
        old, self._slots = self._slots, np.zeros((size, 2), dtype=np.uint64)
        _move(self._slots, old)


def _words(hashes: pa.Array | pa.ChunkedArray) -> Words:
    array = whole(hashes)
    words = np.frombuffer(array.buffers()[1], dtype=np.uint64).reshape(-1, 2)
    return words[array.offset : array.offset + len(array)]


@kernel
def _move(slots: Words, old: Words) -> None:  # pragma: no cover - compiled
    """Put the hashes of other slots, each once, into these."""
    mask = np.uint64(len(slots) - 1)
    for row in range(len(old)):
        if old[row, 0] == 0 and old[row, 1] == 0:
            continue
        place = old[row, 0] & mask
        while slots[place, 0] != 0 or slots[place, 1] != 0:
            place = (place + np.uint64(1)) & mask
        slots[place, 0], slots[place, 1] = old[row, 0], old[row, 1]


@kernel
def _insert(slots: Words, words: Words, first: npt.NDArray[np.bool_]) -> int:  # pragma: no cover - compiled
    mask = np.uint64(len(slots) - 1)
    added = 0
    for row in range(len(words)):
        high, low = words[row, 0], words[row, 1]
        if high == 0 and low == 0:
            # All zeros stands for an empty slot; no hash is that but by an accident of 1 in 2^128.
            low = np.uint64(1)
        place = high & mask
        while True:
            if slots[place, 0] == high and slots[place, 1] == low:
                first[row] = False
                break
            if slots[place, 0] == 0 and slots[place, 1] == 0:
                slots[place, 0] = high
                slots[place, 1] = low
                first[row] = True
                added += 1
                break
            place = (place + np.uint64(1)) & mask
    return added
