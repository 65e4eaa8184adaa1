"""Hashes of observations: the published function, and what is and is not part of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.exposure.hashing import ROW_COLUMNS, ROW_KEY, finding_keys, row_hashes, sip_hash
from sipar.exposure.observations import READ
from sipar.exposure.tests.observed import SEEN, observed

# SipHash-2-4 with 16 bytes of output, key 00 01 … 0f, message of n bytes 00 01 …: from the reference code's vectors,
# and the same from OpenSSL's implementation.
VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    2: "8177228da4a45dc7fca38bdef60affe4",
    3: "9c70b60c5267a94e5f33b6b02985ed51",
    7: "a1f1ebbed8dbc153c0b84aa61ff08239",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    9: "264499060ad9baabc47f8b02bb6d71ed",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    16: "6ee2a4ca67b054bbfd3315bf85230577",
    63: "5150d1772f50834a503e069a973fbd7c",
}


@pytest.mark.parametrize("length", VECTORS)
def test_the_hash_is_siphash_as_published(length: int) -> None:
    assert sip_hash(bytes(range(length)), bytes(range(16))).hex() == VECTORS[length]


def test_hashes_are_the_same_for_ever() -> None:
    """Rows and findings that are kept are found by these: a change here needs a migration of the lake."""
    one = observed([{"hostname": "www.alpha.example", "asn": 64496, "cves": "CVE-2014-3566", "severity": 3}])
    assert row_hashes(one)[0].as_py().hex() == "c7112068a113a9e4c97e2880f9982bc6"
    assert finding_keys(one)[0].as_py().hex() == "bb71a34f64c4974825b3954ddc3fbeb7"


def test_a_row_is_the_hash_of_the_hashes_of_its_columns() -> None:
    assert ["line", *ROW_COLUMNS] == READ.names
    values: dict[str, bytes | int] = {
        "observed_at": (SEEN - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
        "kind": b"accessible-rdp", "classification": b"potentially-unwanted-accessible", "severity": 2,
        "ip": b"192.0.2.7", "port": 3389, "protocol": b"tcp",
    }  # fmt: skip
    message = b"".join(
        sip_hash(value if isinstance(value, bytes) else value.to_bytes(8, "little"), ROW_KEY)
        if (value := values.get(name)) is not None
        else bytes(16)
        for name in ROW_COLUMNS
    )
    assert row_hashes(observed([{}]))[0].as_py() == sip_hash(message, ROW_KEY)


def keys(*rows: dict[str, object]) -> list[bytes]:
    found: list[bytes] = finding_keys(observed(rows)).to_pylist()
    return found


def test_neither_the_line_nor_the_file_makes_another_row() -> None:
    rows = row_hashes(observed([{"line": 2}, {"line": 9, "raw": "b" * 64}])).to_pylist()
    assert rows[0] == rows[1]


@pytest.mark.parametrize("column", ROW_COLUMNS)
def test_every_other_column_makes_another_row(column: str) -> None:
    different = {
        "observed_at": SEEN + timedelta(microseconds=1), "severity": 4, "port": 3390, "asn": 64497, "extra": '{"a":1}',
    }.get(column, "other")  # fmt: skip
    first, second = row_hashes(observed([{}, {column: different}])).to_pylist()
    assert first != second


def test_a_missing_value_is_not_an_empty_one() -> None:
    first, second = row_hashes(observed([{"tag": None}, {"tag": ""}])).to_pylist()
    assert first != second


def test_a_value_does_not_slip_into_the_next_column() -> None:
    first, second = row_hashes(observed([{"malware": "a", "tag": "b"}, {"malware": "ab", "tag": ""}])).to_pylist()
    assert first != second


def test_words_hash_alike_however_arrow_holds_them() -> None:
    table = observed([{"kind": "x"}, {"kind": "y"}, {"kind": None}])
    plain = pa.table({name: table[name].cast(pa.string()) if pa.types.is_dictionary(table[name].type) else table[name]
                      for name in table.column_names})  # fmt: skip
    wide = plain.set_column(plain.column_names.index("ip"), "ip", plain["ip"].cast(pa.large_string()))
    assert row_hashes(table).equals(row_hashes(plain))
    assert row_hashes(table).equals(row_hashes(wide))
    assert finding_keys(table).equals(finding_keys(plain))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=12), st.one_of(st.none(), st.integers(0, 65535))), min_size=1, max_size=30),
    st.integers(0, 30),
)
def test_a_row_hashes_alike_wherever_it_stands_in_a_table(pairs: list[tuple[str, int | None]], at: int) -> None:
    table = observed([{"tag": tag, "port": port} for tag, port in pairs])
    cut = min(at, len(pairs))
    parts = pa.concat_tables([table.slice(cut), table.slice(0, cut)])
    assert row_hashes(parts).to_pylist() == row_hashes(table).to_pylist()[cut:] + row_hashes(table).to_pylist()[:cut]
    assert finding_keys(table.slice(cut)).equals(finding_keys(table).slice(cut))


def test_an_address_is_the_asset_with_its_port_and_protocol() -> None:
    same, name, port, protocol, kind = keys(
        {}, {"hostname": "www.alpha.example"}, {"port": 3390}, {"protocol": "udp"}, {"kind": "accessible-vnc"}
    )
    assert same == name
    assert len({same, port, protocol, kind}) == 4


def test_a_name_is_the_asset_where_there_is_no_address_and_a_url_where_there_is_no_name() -> None:
    name, other, same = keys(
        {"ip": None, "hostname": "a.example", "url": "http://a.example/x"},
        {"ip": None, "hostname": "b.example"},
        {"ip": None, "hostname": "a.example", "url": "http://a.example/y"},
    )
    assert name == same != other
    first, second = keys({"ip": None, "url": "http://a.example/x"}, {"ip": None, "url": "http://a.example/y"})
    assert first != second


def test_what_a_machine_does_from_changing_ports_is_one_finding() -> None:
    first, second = keys(
        {"classification": "infected-system", "port": 40_001}, {"classification": "infected-system", "port": 50_002}
    )
    assert first == second


def test_shared_addresses_are_one_finding_of_their_claim() -> None:
    first, second, other, own = keys(
        {"ip": "192.0.2.7", "shared": "nat", "claim": 5},
        {"ip": "192.0.2.8", "shared": "nat", "claim": 5, "port": 1},
        {"ip": "192.0.2.7", "shared": "nat", "claim": -5},
        {"ip": "192.0.2.7", "shared": "", "claim": 5},
    )
    assert first == second
    assert len({first, other, own}) == 3


def test_the_owner_is_no_part_of_the_key() -> None:
    first, second = keys({"organisation": 1, "claim": 1}, {"organisation": 2, "claim": 2})
    assert first == second


def test_an_empty_table_has_no_hashes() -> None:
    empty = observed([{}]).slice(0, 0)
    assert len(row_hashes(empty)) == len(finding_keys(empty)) == 0
