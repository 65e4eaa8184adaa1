"""The tables that a lookup is made of, from claims in the order of their nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from sipar.routing import domains
from sipar.routing.addresses import Text, buffers

type I32 = npt.NDArray[np.int32]
type U8 = npt.NDArray[np.uint8]
type U64 = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Intervals:
    """Disjoint intervals of addresses: where each begins (`narrow` is `low` in 32 bits, for IPv4), its node (-1:
    nobody's), and in `bucket` the last interval that begins at or before each value of the upper 16 bits."""

    high: U64
    low: U64
    narrow: npt.NDArray[np.uint32]
    nodes: I32
    bucket: I32


@dataclass(frozen=True)
class Names:
    """Claimed domains in one buffer with a hash table of them; name i is node `base + i`."""

    data: U8
    offsets: npt.NDArray[np.int64]
    hashes: U64
    table: I32
    base: int

    def nodes_of(self, text: Text) -> I32:
        """The node of the longest claimed domain that each host name is or lies below, -1 for none."""
        from sipar.routing import kernels

        data, offsets = buffers(text)
        found = np.empty(len(offsets) - 1, np.int32)
        foreign = np.zeros(len(found), np.bool_)
        table, hashes, kept, at = self.table, self.hashes, self.data, self.offsets
        kernels.name_nodes(data, offsets, table, hashes, kept, at, found, foreign)
        if foreign.any():
            # Names with letters beyond ASCII are few: only the different ones among them are spelled anew.
            rows = np.flatnonzero(foreign)
            written = pl.Series(text.take(pa.array(rows))).cast(pl.String)
            spelled = domains.ascii_names(written).to_arrow()
            data, offsets = buffers(spelled)
            again, still = np.empty(len(rows), np.int32), np.zeros(len(rows), np.bool_)
            kernels.name_nodes(data, offsets, table, hashes, kept, at, again, still)
            found[rows] = again
        return np.where(found >= 0, found + self.base, -1).astype(np.int32)


def frozen[T: np.generic](array: npt.NDArray[T]) -> npt.NDArray[T]:
    """The same numbers, not to be written through this view."""
    view = array.view()
    view.flags.writeable = False
    return view


def intervals(prefixes: pl.DataFrame, *, base: int, ipv4: bool, parent: I32) -> Intervals:
    """The intervals of distinct prefixes (high, low, length) in their order; fills their part of `parent`."""
    from sipar.routing import kernels

    count = prefixes.height
    high, low = (prefixes[name].to_numpy().astype(np.uint64) for name in ("high", "low"))
    length = prefixes["length"].to_numpy().astype(np.uint8)
    at_high, at_low = np.zeros(2 * count + 1, np.uint64), np.zeros(2 * count + 1, np.uint64)
    at_node, above = np.empty(2 * count + 1, np.int32), np.empty(count, np.int32)
    used = kernels.flatten(high, low, length, 96 if ipv4 else 0, at_high, at_low, at_node, above)
    parent[base : base + count] = np.where(above >= 0, above + base, -1)
    nodes = np.where(at_node[:used] >= 0, at_node[:used] + base, -1).astype(np.int32)
    # An edge is (part, 0): the last interval at or before it begins there exactly, or is the one before.
    keys, rest, shift = (at_low, at_high, 16) if ipv4 else (at_high, at_low, 48)
    keys, rest = keys[:used], rest[:used]
    edges = np.arange(65_536, dtype=np.uint64) << np.uint64(shift)
    after = np.searchsorted(keys, edges, side="left")
    at = np.minimum(after, used - 1)
    last = np.where((keys[at] == edges) & (rest[at] == 0), at, after - 1)
    bucket = np.append(last, used - 1).astype(np.int32)
    starts = at_low[:used]
    narrow = starts.astype(np.uint32)
    return Intervals(frozen(at_high[:used]), frozen(starts), frozen(narrow), frozen(nodes), frozen(bucket))


def names(values: pl.Series, *, base: int, parent: I32) -> Names:
    """The hash table of distinct domains, ordered by length; fills their part of `parent`."""
    from sipar.routing import kernels

    data, offsets = buffers(values.to_arrow())
    data, offsets = frozen(data[: offsets[-1]].copy()), frozen(offsets)
    hashes = np.empty(len(values), np.uint64)
    kernels.hash_names(data, offsets, hashes)
    size = 1 << max(4, (2 * len(values)).bit_length())
    table = np.full(size, -1, np.int32)
    kernels.fill_table(hashes, table)
    made = Names(data, offsets, frozen(hashes), frozen(table), base)
    above = values.str.extract(r"^[^.]*\.(.*)$")
    parent[base : base + len(values)] = made.nodes_of(above.to_arrow())
    return made
