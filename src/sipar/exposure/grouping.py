"""Observations gathered by what they are about, in one pass over their rows.

Import inside functions only, or where numba is needed anyway: it compiles at first use.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sipar.routing.compiling import kernel

type Numbers = NDArray[np.int64]
type Words = NDArray[np.uint64]
_FEWEST_BITS = 10


@dataclass(frozen=True)
class Groups:
    """Groups in the order of their first rows. `of_row` is the group of each row; the others have a value a group.

    `latest` is the row seen last; `first` and `last` are when, in the unit of what was given; `severity` the greatest.
    """

    of_row: Numbers
    latest: Numbers
    first: Numbers
    last: Numbers
    count: Numbers
    severity: Numbers

    def __len__(self) -> int:
        return len(self.latest)


def grouped(keys: tuple[Words, Words], owners: Numbers, *, seen: Numbers, ties: Numbers, severity: Numbers) -> Groups:
    """The rows of one key and owner in one group each; `keys` are the halves of 128-bit hashes.

    Of rows seen at the same time, that with the greatest tie is the latest, and of those the last one.
    """
    rows = len(owners)
    bits = max(_FEWEST_BITS, (2 * rows - 1).bit_length())
    slots = np.zeros(1 << bits, np.int64)
    # Keys are hashes that anybody can compute. What is not known is where in the table they meet.
    mixer = np.uint64(secrets.randbits(64) | 1)
    of_row = np.empty(rows, np.int64)
    found = np.empty((5, rows), np.int64)
    count = _gather(*keys, owners, seen, ties, severity, mixer, np.uint64(64 - bits), slots, of_row, found)
    latest, first, last, counts, worst = found[:, :count]
    return Groups(of_row, latest, first, last, counts, worst)


@kernel
def _gather(
    low: Words, high: Words, owners: Numbers, seen: Numbers, ties: Numbers, severity: Numbers, mixer: np.uint64,
    shift: np.uint64, slots: Numbers, of_row: Numbers, found: Numbers,
) -> int:  # fmt: skip  # pragma: no cover - compiled
    """Fill `of_row` and `found` (latest, first, last, count, severity), and return how many groups there are.

    `slots` are by open addressing, at most half full, and hold the first row of a group, counted from one. A row begins
    to look at the highest bits of its key times `mixer`.
    """
    mask = np.uint64(len(slots) - 1)
    groups = 0
    for row in range(len(owners)):
        # One key has several owners where an address changed hands.
        place = ((low[row] ^ np.uint64(owners[row])) * mixer) >> shift
        while True:
            first = slots[place] - 1
            if first < 0:
                slots[place] = row + 1
                group = groups
                groups += 1
                found[0, group] = row
                found[1, group] = seen[row]
                found[2, group] = seen[row]
                found[3, group] = 1
                found[4, group] = severity[row]
                break
            if low[first] == low[row] and high[first] == high[row] and owners[first] == owners[row]:
                group = of_row[first]
                latest = found[0, group]
                if seen[row] > found[2, group] or (seen[row] == found[2, group] and ties[row] >= ties[latest]):
                    found[0, group] = row
                    found[2, group] = seen[row]
                found[1, group] = min(found[1, group], seen[row])
                found[3, group] += 1
                found[4, group] = max(found[4, group], severity[row])
                break
            place = (place + np.uint64(1)) & mask
        of_row[row] = group
    return groups
