"""Addresses between text and integers, byte by byte over Arrow buffers.

Text is UTF-8 in one buffer; row i is `data[offsets[i]:offsets[i + 1]]`. An address is two unsigned 64-bit halves, an
IPv4 address the low 32 bits of the lower half. Version 0 means: no address.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sipar.routing.compiling import kernel

type U8 = npt.NDArray[np.uint8]
type U64 = npt.NDArray[np.uint64]
type I64 = npt.NDArray[np.int64]
type Int = int | np.int64

_DOT, _COLON, _SLASH, _ZERO = 46, 58, 47, 48
MAPPED = np.uint64(0xFFFF00000000)
_MASK32 = np.uint64(0xFFFFFFFF)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_GROUP = np.uint64(0xFFFF)
_NONE = np.uint64(0)


@kernel
def read_ipv4(data: U8, begin: Int, end: Int) -> Int:
    """The address in `data[begin:end]`, -1 where it is none. Leading zeros are refused, as `ipaddress` does."""
    if end - begin < 7 or end - begin > 15:
        return -1
    value: Int = 0
    octet: Int = -1
    octets = 0
    for place in range(begin, end):
        byte = np.int64(data[place])
        if byte == _DOT:
            if octet < 0:
                return -1
            value = value * 256 + octet
            octets += 1
            octet = -1
            continue
        digit = byte - _ZERO
        if digit < 0 or digit > 9 or octet == 0:
            return -1
        octet = digit if octet < 0 else octet * 10 + digit
        if octet > 255:
            return -1
    if octet < 0 or octets != 3:
        return -1
    return value * 256 + octet


@kernel
def _hex_digit(byte: Int) -> Int:
    if 48 <= byte <= 57:
        return byte - 48
    lower = byte | 32
    if 97 <= lower <= 102:
        return lower - 87
    return -1


@kernel
def read_ipv6(data: U8, begin: Int, end: Int) -> tuple[bool, np.uint64, np.uint64]:
    """Whether `data[begin:end]` is an address of RFC 4291 section 2.2 without a zone, and its halves."""
    if end - begin < 2 or end - begin > 45:
        return False, _NONE, _NONE
    groups = np.zeros(8, np.uint64)
    count = 0
    gap = -1
    place = begin
    if data[place] == _COLON:
        if data[place + 1] != _COLON:
            return False, _NONE, _NONE
        gap = 0
        place += 2
    while place < end:
        value: Int = 0
        digits = 0
        start = place
        while place < end:
            digit = _hex_digit(np.int64(data[place]))
            if digit < 0:
                break
            value = value * 16 + digit
            digits += 1
            if digits > 4:
                return False, _NONE, _NONE
            place += 1
        if place < end and data[place] == _DOT:
            tail = read_ipv4(data, start, end)
            if tail < 0 or count > 6:
                return False, _NONE, _NONE
            groups[count] = np.uint64(tail >> 16)
            groups[count + 1] = np.uint64(tail & 65535)
            count += 2
            place = end
            break
        if digits == 0 or count > 7:
            return False, _NONE, _NONE
        groups[count] = np.uint64(value)
        count += 1
        if place == end:
            break
        if data[place] != _COLON:
            return False, _NONE, _NONE
        place += 1
        if place == end:
            return False, _NONE, _NONE
        if data[place] == _COLON:
            if gap >= 0:
                return False, _NONE, _NONE
            gap = count
            place += 1
    # Two colons stand for one group at least.
    if (gap < 0 and count != 8) or (gap >= 0 and count > 7):
        return False, _NONE, _NONE
    high = _NONE
    low = _NONE
    for position in range(8):
        if gap < 0 or position < gap:
            group = groups[position]
        elif position < gap + 8 - count:
            group = _NONE
        else:
            group = groups[position - (8 - count)]
        if position < 4:
            high = (high << np.uint64(16)) | group
        else:
            low = (low << np.uint64(16)) | group
    return True, high, low


@kernel
def read_address(data: U8, begin: Int, end: Int) -> tuple[Int, np.uint64, np.uint64]:
    """Version (0 where it is no address) and halves; an IPv4-mapped IPv6 address is version 6 here."""
    value = read_ipv4(data, begin, end)
    if value >= 0:
        return 4, _NONE, np.uint64(value)
    good, high, low = read_ipv6(data, begin, end)
    if good:
        return 6, high, low
    return 0, _NONE, _NONE


@kernel
def read_addresses(data: U8, offsets: I64, version: U8, high: U64, low: U64) -> None:
    """Fill the three arrays. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) counts as its IPv4 address."""
    for row in range(len(version)):
        found, upper, lower = read_address(data, offsets[row], offsets[row + 1])
        if found == 6 and upper == _NONE and (lower & ~_MASK32) == MAPPED:
            found, lower = 4, lower & _MASK32
        version[row] = found
        high[row] = upper
        low[row] = lower


@kernel
def read_prefixes(data: U8, offsets: I64, version: U8, high: U64, low: U64, length: U8, codes: U8) -> None:
    """Fill the arrays; `codes` is 0, or 1 not a prefix, 2 bits behind the length, 3 length 0, 4 IPv4-mapped."""
    for row in range(len(version)):
        begin = offsets[row]
        end = offsets[row + 1]
        slash = end
        for place in range(begin, end):
            if data[place] == _SLASH:
                slash = place
                break
        found, upper, lower = read_address(data, begin, slash)
        widest = 32 if found == 4 else 128
        bits: Int = 0
        if slash == end:
            bits = widest
        elif end - slash < 2 or end - slash > 4 or (data[slash + 1] == _ZERO and end - slash > 2):
            bits = 255
        else:
            for place in range(slash + 1, end):
                digit = np.int64(data[place]) - _ZERO
                bits = 1000 if digit < 0 or digit > 9 else bits * 10 + digit
        if found == 0 or bits > widest:
            codes[row] = 1
            continue
        upper_host, lower_host = host_bits(bits + (128 - widest))
        if (upper & upper_host) != _NONE or (lower & lower_host) != _NONE:
            # The upper bits of an IPv4 address are never set, so its mask may reach above them.
            codes[row] = 2
        elif bits == 0:
            codes[row] = 3
        elif found == 6 and bits >= 96 and upper == _NONE and (lower & ~_MASK32) == MAPPED:
            codes[row] = 4
        else:
            codes[row] = 0
        version[row] = found
        high[row] = upper
        low[row] = lower
        length[row] = bits


@kernel
def host_bits(length: Int) -> tuple[np.uint64, np.uint64]:
    """The bits behind a prefix of `length` of 128, as halves."""
    if length >= 128:
        return _NONE, _NONE
    if length > 64:
        return _NONE, _FULL >> np.uint64(length - 64)
    if length == 64:
        return _NONE, _FULL
    if length == 0:
        return _FULL, _FULL
    return _FULL >> np.uint64(length), _FULL


@kernel
def _put_number(out: U8, place: Int, value: Int) -> Int:
    if value >= 100:
        out[place] = _ZERO + value // 100
        place += 1
    if value >= 10:
        out[place] = _ZERO + value // 10 % 10
        place += 1
    out[place] = _ZERO + value % 10
    return place + 1


@kernel
def _put_ipv6(out: U8, place: Int, high: np.uint64, low: np.uint64) -> Int:
    """RFC 5952: lower case, no leading zeros, the first longest run of two zero groups or more shortened."""
    groups = np.zeros(8, np.int64)
    for position in range(4):
        down = np.uint64(48 - 16 * position)
        groups[position] = np.int64((high >> down) & _GROUP)
        groups[position + 4] = np.int64((low >> down) & _GROUP)
    longest, longest_at, run = 1, -1, 0
    for place_of_run in range(8):
        run = run + 1 if groups[place_of_run] == 0 else 0
        if run > longest:
            longest, longest_at = run, place_of_run - run + 1
    position = 0
    while position < 8:
        if position == longest_at:
            out[place] = _COLON
            out[place + 1] = _COLON
            place += 2
            position += longest
            continue
        if position > 0 and position != longest_at + longest:
            out[place] = _COLON
            place += 1
        group = groups[position]
        started = False
        for shift in (12, 8, 4, 0):
            digit = (group >> shift) & 15
            if digit or started or shift == 0:
                out[place] = digit + 48 if digit < 10 else digit + 87
                place += 1
                started = True
        position += 1
    return place


@kernel
def write_prefixes(version: U8, high: U64, low: U64, length: U8, with_length: bool, offsets: I64, out: U8) -> Int:
    """Fill `out` (44 bytes for each row are enough) and `offsets`; returns the bytes used."""
    place: Int = 0
    for row in range(len(version)):
        offsets[row] = place
        if version[row] == 4:
            address = np.int64(low[row])
            for shift in (24, 16, 8, 0):
                place = _put_number(out, place, (address >> shift) & 255)
                if shift:
                    out[place] = _DOT
                    place += 1
        elif version[row] == 6:
            place = _put_ipv6(out, place, high[row], low[row])
        if with_length and version[row]:
            out[place] = _SLASH
            place = _put_number(out, place + 1, np.int64(length[row]))
    offsets[len(version)] = place
    return place
