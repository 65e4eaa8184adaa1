"""Stable 128-bit hashes of observations, computed column by column: of the whole row, and of what it is about.

The hash is SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and
their reference code) under published keys: an observation must hash to the same on every machine and for ever, and
whoever is scanned chooses part of what is hashed, so that a hash with cheap collisions would let them merge findings.
numba compiles on the first call of a process; only workers, commands and benches import this module.

**What a finding is about** (its asset), in this order:

1. The winning claim is marked nat, shared, cloud or dynamic: the claim itself, for no single address of it may be
   accused.
2. An address: `ip:port/protocol`. 3. A host name: `name:port/protocol`. 4. A URL. 5. An AS number.

Port and protocol belong to the asset only where something that listens is reported. What a machine did as a client
(`CLIENT`: infected, scanning, guessing passwords) comes from another port each time, and is one finding of the address.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipar.routing.columns import text_buffers, valid_rows, whole
from sipar.routing.compiling import inlined, kernel

type Digests = NDArray[np.uint64]
"""Digests as two little-endian words each: shape (2, rows), so that many rows are a vector."""

ROW_KEY = b"sipar/observe/v1"
FINDING_KEY = b"sipar/finding/v1"
# In this order for ever: a row's hash is the hash of the digests of these columns, 16 zero bytes for null.
ROW_COLUMNS = (
    "observed_at", "kind", "classification", "severity", "ip", "port", "protocol", "hostname", "url", "asn", "country",
    "product", "cves", "malware", "tag", "extra",
)  # fmt: skip
CLIENT = (
    "infected-system", "scanner", "brute-force", "exploit", "ids-alert", "ddos", "dos", "spam", "dga-domain",
)  # fmt: skip
BLOCK_ROWS = 65_536

_CLAIM, _ADDRESS, _NAME, _URL, _NETWORK, _NOTHING = range(1, 7)


def row_hashes(table: pa.Table) -> pa.Array:
    """The hash of every row over `ROW_COLUMNS`, as `binary(16)`: the same line twice in a file is the same.

    Neither the line number nor the file enters. A column that the table does not have counts as null.
    """
    key = _words(ROW_KEY)
    pieces = [_row_block(table.slice(at, BLOCK_ROWS), key) for at in range(0, table.num_rows, BLOCK_ROWS)]
    return _as_binary(np.concatenate(pieces, axis=1) if pieces else np.zeros((2, 0), np.uint64))


def finding_keys(table: pa.Table) -> pa.Array:
    """The hash of kind and asset of every row, as `binary(16)`; observations of one finding share it.

    The table has the columns of READ, and `claim` and `shared` where it was routed.
    """
    key = _words(FINDING_KEY)
    pieces = [_key_block(table.slice(at, BLOCK_ROWS), key) for at in range(0, table.num_rows, BLOCK_ROWS)]
    return _as_binary(np.concatenate(pieces, axis=1) if pieces else np.zeros((2, 0), np.uint64))


def sip_hash(message: bytes, key: bytes) -> bytes:
    """SipHash-2-4-128 of one message under a key of 16 bytes, as the reference code writes it."""
    k0, k1 = _words(key)
    data = np.frombuffer(message, np.uint8)
    out = np.zeros((2, 1), np.uint64)
    _hash_spans(data, np.array([0, len(data)], np.int64), np.ones(1, np.bool_), k0, k1, out)
    return out.T.astype("<u8").tobytes()


def asset_kinds(table: pa.Table) -> NDArray[np.int8]:
    """Which rule of the asset holds for every row: 1 claim, 2 address, 3 host name, 4 URL, 5 AS number, 6 nothing."""
    kinds = np.full(table.num_rows, _NOTHING, np.int8)
    for kind, name in ((_NETWORK, "asn"), (_URL, "url"), (_NAME, "hostname"), (_ADDRESS, "ip")):
        if name in table.column_names:
            kinds[valid_rows(table[name])] = kind
    if "shared" in table.column_names:
        kinds[_marked(table["shared"]) & valid_rows(table["claim"])] = _CLAIM
    return kinds


def listens(table: pa.Table) -> NDArray[np.bool_]:
    """Whether port and protocol belong to the asset of each row."""
    acts = pc.is_in(table["classification"].cast(pa.string()), pa.array(CLIENT))
    found: NDArray[np.bool_] = ~_numbers(acts).astype(np.bool_)
    return found


def _row_block(block: pa.Table, key: tuple[np.uint64, np.uint64]) -> Digests:
    fields = (_field(block[name], key) if name in block.column_names else None for name in ROW_COLUMNS)
    return _hash_fields(fields, len(ROW_COLUMNS), block.num_rows, key)


def _key_block(block: pa.Table, key: tuple[np.uint64, np.uint64]) -> Digests:
    rows = block.num_rows
    kinds = asset_kinds(block)
    fields = np.zeros((5, 2, rows), np.uint64)
    fields[0] = _field(block["kind"], key)
    fields[1, 0] = kinds
    for kind, name in ((_ADDRESS, "ip"), (_NAME, "hostname"), (_URL, "url"), (_NETWORK, "asn")):
        chosen = kinds == kind
        if chosen.any():
            fields[2][:, chosen] = _field(block[name], key)[:, chosen]
    claimed = kinds == _CLAIM
    if claimed.any():
        # National ranges have numbers below zero, so that no asset has the same.
        fields[2, 0, claimed] = _numbers(block["claim"]).astype(np.uint64)[claimed]
    service = listens(block) & ((kinds == _ADDRESS) | (kinds == _NAME))
    for place, name in ((3, "port"), (4, "protocol")):
        if name in block.column_names:
            fields[place][:, service] = _field(block[name], key)[:, service]
    return _hash_fields(fields, len(fields), rows, key)


def _field(column: pa.ChunkedArray | pa.Array, key: tuple[np.uint64, np.uint64]) -> Digests:
    """The digest of every value of a column; zeros for null. A word is hashed once for all rows that have it."""
    array = whole(column)
    if pa.types.is_dictionary(array.type):
        words = np.concatenate([_field(array.dictionary, key), np.zeros((2, 1), np.uint64)], axis=1)
        places = _numbers(pc.fill_null(array.indices.cast(pa.int64()), words.shape[1] - 1))
        found: Digests = words[:, places]
        return found
    out = np.zeros((2, len(array)), np.uint64)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        if array.null_count < len(array):
            data, offsets = text_buffers(array)
            _hash_spans(data, offsets, valid_rows(array), key[0], key[1], out)
        return out
    # A number is its 64 bits, so that it hashes alike whichever width a reader gave it.
    _hash_numbers(_numbers(_as_integers(array)), valid_rows(array), key[0], key[1], out)
    return out


def _as_integers(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", tz="UTC"))
    return pc.fill_null(array.cast(pa.int64()), 0)


def _hash_fields(fields: Iterable[Digests | None], count: int, rows: int, key: tuple[np.uint64, np.uint64]) -> Digests:
    """The hash of every row's digests of `count` fields, one after the other; a field that is None is zeros.

    A field is taken in when it is made, while it still is in the processor's cache.
    """
    states = np.empty((4, rows), np.uint64)
    _begin(states, key[0], key[1])
    nothing = np.zeros((2, rows), np.uint64)
    for field in fields:
        _absorb(states, nothing if field is None else field)
    out = np.empty((2, rows), np.uint64)
    _finish(states, np.uint64(count * 16), out)
    return out


def _marked(column: pa.ChunkedArray | pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = _numbers(pc.fill_null(pc.not_equal(column.cast(pa.string()), ""), fill_value=False))
    return found.astype(np.bool_)


def _numbers(column: Any) -> Any:
    array = whole(column)
    if pa.types.is_integer(array.type) and array.null_count:
        array = pc.fill_null(array, 0)
    return array.to_numpy(zero_copy_only=False)


def _words(key: bytes) -> tuple[np.uint64, np.uint64]:
    first, second = np.frombuffer(key, "<u8")
    return np.uint64(first), np.uint64(second)


def _as_binary(digests: Digests) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(digests.T, dtype="<u8"))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), digests.shape[1], [None, data])


@inlined
def _turn(value: np.uint64, bits: int) -> np.uint64:  # pragma: no cover - compiled
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@inlined
def _round(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> Any:  # pragma: no cover - compiled
    a += b
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c += d
    d = _turn(d, 16) ^ c
    a += d
    d = _turn(d, 21) ^ a
    c += b
    b = _turn(b, 17) ^ c
    c = _turn(c, 32)
    return a, b, c, d


@inlined
def _word(data: NDArray[np.uint8], at: np.uint64) -> Any:  # pragma: no cover - compiled
    return (
        np.uint64(data[at])
        | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
    )


@inlined
def _started(k0: np.uint64, k1: np.uint64) -> Any:  # pragma: no cover - compiled
    return (
        k0 ^ np.uint64(0x736F6D6570736575),
        k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE),
        k0 ^ np.uint64(0x6C7967656E657261),
        k1 ^ np.uint64(0x7465646279746573),
    )


@inlined
def _taken(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, word: np.uint64
) -> Any:  # pragma: no cover - compiled
    d ^= word
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    a ^= word
    return a, b, c, d


@inlined
def _ended(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> Any:  # pragma: no cover - compiled
    c ^= np.uint64(0xEE)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    first = a ^ b ^ c ^ d
    b ^= np.uint64(0xDD)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return first, a ^ b ^ c ^ d


@kernel
def _begin(states: NDArray[np.uint64], k0: np.uint64, k1: np.uint64) -> None:  # pragma: no cover - compiled
    for row in range(states.shape[1]):
        states[0, row], states[1, row], states[2, row], states[3, row] = _started(k0, k1)


@kernel
def _absorb(states: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:  # pragma: no cover - compiled
    """Take two more words into the hash of every row."""
    for row in range(states.shape[1]):
        a, b, c, d = _taken(states[0, row], states[1, row], states[2, row], states[3, row], words[0, row])
        a, b, c, d = _taken(a, b, c, d, words[1, row])
        states[0, row], states[1, row], states[2, row], states[3, row] = a, b, c, d


@kernel
def _finish(
    states: NDArray[np.uint64], length: np.uint64, out: NDArray[np.uint64]
) -> None:  # pragma: no cover - compiled
    """The hash of every row, whose message has so many bytes, all of them in whole words."""
    word = (length & np.uint64(0xFF)) << np.uint64(56)
    for row in range(states.shape[1]):
        a, b, c, d = _taken(states[0, row], states[1, row], states[2, row], states[3, row], word)
        out[0, row], out[1, row] = _ended(a, b, c, d)


@kernel
def _hash_numbers(
    values: NDArray[np.int64], valid: NDArray[np.bool_], k0: np.uint64, k1: np.uint64, out: NDArray[np.uint64]
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """SipHash-2-4-128 of the eight bytes of every number, zeros where it is not valid, into `out`."""
    word = np.uint64(8) << np.uint64(56)
    for row in range(len(values)):
        a, b, c, d = _started(k0, k1)
        a, b, c, d = _taken(a, b, c, d, np.uint64(values[row]))
        a, b, c, d = _taken(a, b, c, d, word)
        first, second = _ended(a, b, c, d)
        kept = np.uint64(valid[row])
        out[0, row], out[1, row] = first * kept, second * kept


@inlined
def _rest(
    data: NDArray[np.uint8], at: np.uint64, end: np.uint64, length: np.uint64,
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """The hash of a message of which the bytes before `at` are taken."""
    while at + np.uint64(8) <= end:
        a, b, c, d = _taken(a, b, c, d, _word(data, at))
        at += np.uint64(8)
    word = (length & np.uint64(0xFF)) << np.uint64(56)
    shift = np.uint64(0)
    while at < end:
        word |= np.uint64(data[at]) << shift
        shift += np.uint64(8)
        at += np.uint64(1)
    a, b, c, d = _taken(a, b, c, d, word)
    return _ended(a, b, c, d)


@kernel
def _hash_spans(
    data: NDArray[np.uint8], spans: NDArray[np.int64], valid: NDArray[np.bool_], k0: np.uint64, k1: np.uint64,
    out: NDArray[np.uint64],
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """SipHash-2-4-128 of every span of `data` whose row is valid, into `out`."""
    # Two rows side by side: each step of a hash waits for the one before it, and the processor has room for another.
    # Unsigned places: a signed one may count from the end, and that test keeps eight bytes from being one load.
    eight = np.uint64(8)
    rows = len(spans) - 1
    for row in range(0, rows, 2):
        other = min(row + 1, rows - 1)
        at, end = np.uint64(spans[row]), np.uint64(spans[row + 1])
        place, stop = np.uint64(spans[other]), np.uint64(spans[other + 1])
        a, b, c, d = _started(k0, k1)
        e, f, g, h = _started(k0, k1)
        length, extent = end - at, stop - place
        for _ in range(min(length, extent) // eight):
            a, b, c, d = _taken(a, b, c, d, _word(data, at))
            e, f, g, h = _taken(e, f, g, h, _word(data, place))
            at += eight
            place += eight
        if valid[row]:
            out[0, row], out[1, row] = _rest(data, at, end, length, a, b, c, d)
        if valid[other]:
            out[0, other], out[1, other] = _rest(data, place, stop, extent, e, f, g, h)
