"""The loops of a lookup: prefixes flattened to intervals, the node of an address or a name, and the claims of a row.

A node is one claimed value: one prefix, domain, AS number or country. `parent[node]` is the next shorter prefix or
suffix that is claimed (-1: none) and always a smaller number; the claims of a node are rows
`first[node]:first[node + 1]` of the claims, best first. So one node stands for the whole set of claims that match.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sipar.routing.address_kernels import Int, host_bits
from sipar.routing.compiling import kernel

type B1 = npt.NDArray[np.bool_]
type U8 = npt.NDArray[np.uint8]
type I8 = npt.NDArray[np.int8]
type I32 = npt.NDArray[np.int32]
type I64 = npt.NDArray[np.int64]
type U32 = npt.NDArray[np.uint32]
type U64 = npt.NDArray[np.uint64]

NO_DAY = -(2**31)
ALWAYS = 2**31 - 1
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_LAST_IPV4 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_SEED = np.uint64(0x9E3779B97F4A7C15)
_PRIME = np.uint64(0x100000001B3)
_DOT, _UPPER_A, _UPPER_Z, _LONGEST_NAME = 46, 65, 90, 253


@kernel
def flatten(high: U64, low: U64, length: U8, added: int, at_high: U64, at_low: U64, at_node: I32, parent: I32) -> int:
    """Disjoint intervals of distinct prefixes, ordered by address and then by length.

    `added` is 96 for IPv4. Interval i begins at (`at_high[i]`, `at_low[i]`), ends before the next, and belongs to
    prefix `at_node[i]`, the longest over it, or -1. Fills `parent` too. Two places for each prefix and one are
    enough; returns how many are used.
    """
    stack = np.empty(130, np.int32)
    depth = 0
    used = 1
    at_high[0], at_low[0], at_node[0] = _NONE, _NONE, -1
    for node in range(len(high) + 1):
        while depth:
            # Every prefix that ends before this one begins ends now; after the last one all of them do.
            top = stack[depth - 1]
            upper_host, lower_host = host_bits(length[top] + added)
            upper, lower = high[top] | upper_host, low[top] | lower_host
            if added:
                upper = _NONE
            if node < len(high) and (high[node] < upper or (high[node] == upper and low[node] <= lower)):
                break
            depth -= 1
            if lower == _FULL:
                if upper == _FULL:
                    continue
                upper, lower = upper + _ONE, _NONE
            elif added and lower == _LAST_IPV4:
                continue
            else:
                lower = lower + _ONE
            if at_high[used - 1] != upper or at_low[used - 1] != lower:
                used += 1
            at_high[used - 1], at_low[used - 1] = upper, lower
            at_node[used - 1] = stack[depth - 1] if depth else -1
        if node == len(high):
            break
        parent[node] = stack[depth - 1] if depth else -1
        stack[depth] = node
        depth += 1
        if at_high[used - 1] != high[node] or at_low[used - 1] != low[node]:
            used += 1
        at_high[used - 1], at_low[used - 1], at_node[used - 1] = high[node], low[node], node
    return used


@kernel
def address_nodes(
    version: U8, high: U64, low: U64,
    starts4: U32, nodes4: I32, bucket4: I32,
    high6: U64, low6: U64, nodes6: I32, bucket6: I32,
    out: I32,
) -> None:  # fmt: skip
    """The node of each address, -1 where nothing is claimed: the last interval that begins at it or before."""
    for row in range(len(version)):
        if version[row] == 4:
            address = np.uint32(low[row])
            part = np.int64(address >> np.uint32(16))
            below, above = np.int64(bucket4[part]), np.int64(bucket4[part + 1])
            while below < above:
                middle = (below + above + 1) >> 1
                if starts4[middle] <= address:
                    below = middle
                else:
                    above = middle - 1
            out[row] = nodes4[below]
        elif version[row] == 6:
            upper, lower = high[row], low[row]
            part = np.int64(upper >> np.uint64(48))
            below, above = np.int64(bucket6[part]), np.int64(bucket6[part + 1])
            while below < above:
                middle = (below + above + 1) >> 1
                if high6[middle] < upper or (high6[middle] == upper and low6[middle] <= lower):
                    below = middle
                else:
                    above = middle - 1
            out[row] = nodes6[below]
        else:
            out[row] = -1


@kernel
def hash_names(data: U8, offsets: I64, out: U64) -> None:
    """The hash of each whole name, from its last byte to its first."""
    for row in range(len(out)):
        value = _SEED
        for place in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            value = (value ^ np.uint64(data[place])) * _PRIME
        out[row] = value


@kernel
def fill_table(hashes: U64, table: I32) -> None:
    """Open addressing: the place of each name in `table`, whose size is a power of two; -1 is free."""
    mask = np.int64(len(table) - 1)
    for name in range(len(hashes)):
        place = np.int64(hashes[name] >> np.uint64(20)) & mask
        while table[place] >= 0:
            place = (place + 1) & mask
        table[place] = name


@kernel
def _name_at(data: U8, begin: Int, end: Int, value: np.uint64, table: I32, hashes: U64, kept: U8, at: I64) -> Int:
    mask = np.int64(len(table) - 1)
    place = np.int64(value >> np.uint64(20)) & mask
    while table[place] >= 0:
        name = table[place]
        if hashes[name] == value and at[name + 1] - at[name] == end - begin:
            same = True
            for step in range(end - begin):
                byte = data[begin + step]
                if byte >= _UPPER_A and byte <= _UPPER_Z:
                    byte |= 32
                if byte != kept[at[name] + step]:
                    same = False
                    break
            if same:
                return np.int64(name)
        place = (place + 1) & mask
    return -1


@kernel
def name_nodes(data: U8, offsets: I64, table: I32, hashes: U64, kept: U8, at: I64, out: I32, foreign: B1) -> None:
    """The longest claimed name that a host name is or ends in after a dot, -1 for none; `foreign` where a byte is not
    ASCII. Capital letters count as small ones, one final dot is left out, and a name too long for DNS has no node."""
    for row in range(len(out)):
        begin = offsets[row]
        end = offsets[row + 1]
        if end > begin and data[end - 1] == _DOT:
            end -= 1
        out[row] = -1
        foreign[row] = False
        if end - begin > _LONGEST_NAME * 4:
            continue
        value = _SEED
        found: Int = -1
        for place in range(end - 1, begin - 1, -1):
            byte = data[place]
            if byte >= 128:
                foreign[row] = True
                break
            if byte == _DOT and place < end - 1:
                longer = _name_at(data, place + 1, end, value, table, hashes, kept, at)
                if longer >= 0:
                    found = longer
            if byte >= _UPPER_A and byte <= _UPPER_Z:
                byte |= 32
            value = (value ^ np.uint64(byte)) * _PRIME
        if foreign[row] or end - begin > _LONGEST_NAME:
            continue
        if end > begin:
            whole = _name_at(data, begin, end, value, table, hashes, kept, at)
            if whole >= 0:
                found = whole
        out[row] = found


@kernel
def number_nodes(numbers: U32, known: U32, base: int, out: I32) -> None:
    """The node of each number: `base` and its place in `known`, which is ordered; -1 for none."""
    for row in range(len(numbers)):
        below, above = 0, len(known)
        while below < above:
            middle = (below + above) >> 1
            if known[middle] < numbers[row]:
                below = middle + 1
            else:
                above = middle
        out[row] = base + below if below < len(known) and known[below] == numbers[row] else -1


@kernel
def _holds(claim: Int, day: Int, since: I32, until: I32) -> bool:
    if day == NO_DAY:
        return bool(since[claim] == NO_DAY and until[claim] == ALWAYS)
    return bool(since[claim] <= day < until[claim])


@kernel
def summarise(parent: I32, first: I32, since: I32, until: I32, owned: B1, best: I32, count: I32) -> None:
    """For each node whose claims, and those above it, always hold: the claim that wins among them and how many there
    are. `count` is -1 where it depends on the day."""
    for node in range(len(parent)):
        above = parent[node]
        best[node] = -1
        count[node] = first[node + 1] - first[node]
        for claim in range(first[node], first[node + 1]):
            if since[claim] != NO_DAY or until[claim] != ALWAYS:
                count[node] = -1
            if best[node] < 0 or (owned[claim] and not owned[best[node]]):
                best[node] = claim
        if above >= 0 and count[node] >= 0:
            count[node] = count[node] + count[above] if count[above] >= 0 else -1
            if best[node] < 0 or (owned[best[above]] and not owned[best[node]]):
                best[node] = best[above]


@kernel
def winners(
    nodes: I32, days: I32, parent: I32, first: I32, since: I32, until: I32, owned: B1, order: I8,
    best: I32, count: I32, winner: I32, offsets: I64,
) -> int:  # fmt: skip
    """The claim that wins each row (-1: none), and in `offsets` where the others of each row begin. `nodes` has one
    row for each kind of claim. Returns the number of others."""
    total = 0
    offsets[0] = 0
    for row in range(len(days)):
        won = -1
        matched = 0
        for kind in range(nodes.shape[0]):
            node = nodes[kind, row]
            if node < 0:
                continue
            candidate = -1
            if count[node] >= 0:
                candidate = best[node]
                matched += count[node]
            else:
                while node >= 0:
                    for claim in range(first[node], first[node + 1]):
                        if _holds(claim, days[row], since, until):
                            matched += 1
                            if candidate < 0 or (owned[claim] and not owned[candidate]):
                                candidate = claim
                    node = parent[node]
            if candidate < 0:
                continue
            if (
                won < 0
                or (owned[candidate] and not owned[won])
                or (owned[candidate] == owned[won] and order[candidate] < order[won])
            ):
                won = candidate
        winner[row] = won
        if matched:
            total += matched - 1
        offsets[row + 1] = total
    return total


@kernel
def others(
    nodes: I32, days: I32, parent: I32, first: I32, since: I32, until: I32, winner: I32, numbers: I64, out: I64
) -> None:  # fmt: skip
    """The numbers of the claims that matched and did not win, row after row: by kind, the longest value first."""
    place = 0
    for row in range(len(days)):
        for kind in range(nodes.shape[0]):
            node = nodes[kind, row]
            while node >= 0:
                for claim in range(first[node], first[node + 1]):
                    if claim != winner[row] and _holds(claim, days[row], since, until):
                        out[place] = numbers[claim]
                        place += 1
                node = parent[node]


@kernel
def take_numbers(rows: I32, values: I64, valid: B1, out: I64, bits: U8) -> None:
    """`values[row]` of each row, and Arrow's bits of what is valid; a row of -1 is null."""
    for row in range(len(rows)):
        at = rows[row]
        if at >= 0 and valid[at]:
            out[row] = values[at]
            bits[row >> 3] |= np.uint8(1 << (row & 7))
        else:
            out[row] = 0


@kernel
def take_codes(rows: I32, values: I8, out: I8, bits: U8) -> None:
    """The same for small codes, where -1 is null too."""
    for row in range(len(rows)):
        at = rows[row]
        out[row] = values[at] if at >= 0 else -1
        if out[row] >= 0:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
