"""Addresses and prefixes as text and as integers."""

from __future__ import annotations

import ipaddress

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sipar.routing import addresses

WIDE = st.integers(0, 2**128 - 1) | st.integers(0, 2**16).map(lambda low: 0x20010DB8 << 96 | low)
ALMOST = st.text("0123456789abcdefF:.%/ ", max_size=46)
SEPARATED = st.lists(st.sampled_from(["0", "1", "255", "256", "01", "ffff", "", "1.2.3.4"]), max_size=9).flatmap(
    lambda parts: st.sampled_from([".".join(parts), ":".join(parts), "::".join(parts)])
)


def _number(found: addresses.Addresses, row: int) -> int:
    return int(found.high[row]) << 64 | int(found.low[row])


@settings(deadline=None)
@given(st.lists(ALMOST | SEPARATED | WIDE.map(lambda number: str(ipaddress.IPv6Address(number))), max_size=30))
@example(["::", "::1", "1::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1::2::3", ":1", "1:", ":::"])
@example(["::1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3", "1.2.3.4.5", "1..2.3", "0.0.0.1", "00.0.0.0", "1.2.3.4 "])
@example(["1:2:3:4:5:6:1.2.3.4", "::1.2.3.4:5", "fe80::1%eth0", "12345::", "٣.1.1.1", "1.2.3.4\x00", "::ffff:1.2.3.4"])
def test_text_is_an_address_exactly_where_ipaddress_says_so(texts: list[str]) -> None:
    found = addresses.read(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        try:
            expected = ipaddress.ip_address(text)
        except ValueError:
            assert found.version[row] == 0, text
            continue
        if expected.version == 6 and expected.scope_id:
            assert found.version[row] == 0, text
            continue
        mapped = getattr(expected, "ipv4_mapped", None) or expected
        assert (found.version[row], _number(found, row)) == (mapped.version, int(mapped)), text


@settings(deadline=None)
@given(st.lists(st.tuples(st.just(4), st.integers(0, 2**32 - 1)) | st.tuples(st.just(6), WIDE), max_size=30))
def test_addresses_are_written_as_ipaddress_writes_them(given_numbers: list[tuple[int, int]]) -> None:
    kinds = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
    expected = [kinds[version](number) for version, number in given_numbers if version == 4 or number >> 32 != 0xFFFF]
    texts = [str(address) for address in expected]
    assert addresses.written(addresses.read(pa.array(texts, pa.string()))).to_pylist() == texts


@settings(deadline=None)
@given(st.lists(WIDE, max_size=20), st.lists(st.integers(0, 2**32 - 1), max_size=20), st.integers(0, 140))
def test_a_prefix_is_read_exactly_where_ipaddress_reads_it_strictly(
    wide: list[int], narrow: list[int], length: int
) -> None:
    networks = [ipaddress.ip_network((number, min(length, 128)), strict=False) for number in wide]
    networks4 = [ipaddress.ip_network((number, min(length, 32)), strict=False) for number in narrow]
    texts = [str(network) for network in [*networks, *networks4]]
    texts += [f"{ipaddress.ip_address(number)}/{length}" for number in [*wide, *narrow]]
    found, codes = addresses.read_prefixes(pa.array(texts, pa.string()))
    written = addresses.written_prefixes(found).to_pylist()
    for row, text in enumerate(texts):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            assert codes[row] == 1, text
            continue
        if network.network_address != ipaddress.ip_interface(text).ip:
            assert codes[row] == 2, text
            continue
        mapped = network.version == 6 and network.prefixlen >= 96 and int(network[0]) >> 32 == 0xFFFF
        assert codes[row] == (3 if network.prefixlen == 0 else 4 if mapped else 0), text
        if not mapped:
            assert written[row] == str(network)


@pytest.mark.parametrize(
    "text",
    ["", "/", "/24", "192.0.2.0/", "192.0.2.0/+24", "192.0.2.0/024", "192.0.2.0/33", "192.0.2/24", "2001:db8::/129"],
)
def test_what_is_no_prefix_is_refused(text: str) -> None:
    _, codes = addresses.read_prefixes(pa.array([text]))
    assert codes.tolist() == [1]


def test_every_shape_of_a_text_column_reads_the_same() -> None:
    texts = ["192.0.2.1", None, "2001:db8::1", "no address"]
    plain = pa.array(texts, pa.string())
    shapes = [
        plain,
        pa.array(["x", *texts, "y"], pa.string()).slice(1, 4),
        plain.cast(pa.large_string()),
        plain.dictionary_encode(),
        plain.cast(pa.string_view()),
        pa.chunked_array([plain[:1], plain[1:]]),
        pa.chunked_array([plain[:1].dictionary_encode(), plain[1:].dictionary_encode()]),
    ]
    assert [addresses.read(shape).version.tolist() for shape in shapes] == [[4, 0, 6, 0]] * len(shapes)
    assert addresses.read(pa.nulls(2)).version.tolist() == [0, 0]
    assert len(addresses.read(pa.chunked_array([], pa.string()))) == 0


def test_a_column_of_numbers_is_no_column_of_text() -> None:
    with pytest.raises(TypeError, match="int64"):
        addresses.read(pa.array([1, 2]))
