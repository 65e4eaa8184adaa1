"""IPv4 and IPv6 addresses and prefixes: text to integers and back, a column at a time, every one checked.

The spelling is that of `ipaddress`: no leading zeros, no zone, no spaces. An IPv4-mapped IPv6 address
(`::ffff:192.0.2.1`) counts as the IPv4 address inside it, because both name one machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sipar.routing.columns import text_buffers, whole

type Text = pa.Array | pa.ChunkedArray
type U8 = npt.NDArray[np.uint8]
type U32 = npt.NDArray[np.uint32]
type U64 = npt.NDArray[np.uint64]
type I64 = npt.NDArray[np.int64]

_LONGEST = 44


@dataclass(frozen=True)
class Addresses:
    """A column of addresses: `version` 4, 6 or 0 (none), and the halves; IPv4 is the lower 32 bits of `low`."""

    version: U8
    high: U64
    low: U64

    def __len__(self) -> int:
        return len(self.version)

    @classmethod
    def of_ipv4(cls, numbers: U32) -> Addresses:
        """IPv4 addresses that are integers already."""
        size = len(numbers)
        return cls(np.full(size, 4, np.uint8), np.zeros(size, np.uint64), numbers.astype(np.uint64))

    @classmethod
    def of_ipv6(cls, high: U64, low: U64) -> Addresses:
        """IPv6 addresses that are integers already; none of them may be IPv4-mapped."""
        return cls(np.full(len(high), 6, np.uint8), high, low)


@dataclass(frozen=True)
class Prefixes(Addresses):
    """A column of prefixes: the lowest address of each and its length in bits (of 32 or 128)."""

    length: U8


def read(text: Text) -> Addresses:
    """The addresses of a column of text; what is null or no address has version 0."""
    from sipar.routing import address_kernels

    data, offsets = buffers(text)
    size = len(offsets) - 1
    found = Addresses(np.empty(size, np.uint8), np.empty(size, np.uint64), np.empty(size, np.uint64))
    address_kernels.read_addresses(data, offsets, found.version, found.high, found.low)
    return found


def written(addresses: Addresses) -> pa.StringArray:
    """The canonical text of each address (RFC 5952 for IPv6), null where there is none."""
    return _text(addresses, np.zeros(len(addresses), np.uint8), with_length=False)


def read_prefixes(text: Text) -> tuple[Prefixes, U8]:
    """The prefixes of a column of text, a single address as /32 or /128, and a code for each: 0 good, 1 no prefix,
    2 bits set behind the length, 3 length 0, 4 IPv4-mapped. The prefix of a row with code 1 has version 0."""
    from sipar.routing import address_kernels

    data, offsets = buffers(text)
    size = len(offsets) - 1
    halves = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    found = Prefixes(np.zeros(size, np.uint8), *halves, np.zeros(size, np.uint8))
    codes = np.empty(size, np.uint8)
    address_kernels.read_prefixes(data, offsets, found.version, found.high, found.low, found.length, codes)
    return found, codes


def written_prefixes(prefixes: Prefixes) -> pa.StringArray:
    """The canonical text of each prefix with its length, null where there is none."""
    return _text(prefixes, prefixes.length, with_length=True)


def buffers(text: Text) -> tuple[U8, I64]:
    """The bytes of a column of text and the offsets of its rows (one more than rows); a null has no bytes."""
    text = whole(text)
    if pa.types.is_null(text.type) or pa.types.is_dictionary(text.type) or pa.types.is_string_view(text.type):
        text = text.cast(pa.large_string())
    if not (pa.types.is_string(text.type) or pa.types.is_large_string(text.type)):
        raise TypeError(f"a column of text is wanted, not of {text.type}")
    if text.null_count:
        text = pc.fill_null(text, "")
    return text_buffers(text)


def _text(addresses: Addresses, length: U8, *, with_length: bool) -> pa.StringArray:
    from sipar.routing import address_kernels

    size = len(addresses)
    offsets, out = np.empty(size + 1, np.int64), np.empty(size * _LONGEST, np.uint8)
    used = address_kernels.write_prefixes(
        addresses.version, addresses.high, addresses.low, length, with_length, offsets, out
    )
    whole = pa.LargeStringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(out[:used].copy()))
    return pc.if_else(pa.array(addresses.version > 0), whole, None).cast(pa.string())
