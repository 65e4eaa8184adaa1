"""Files of claims from strangers: every line is a claim, a problem with its number, or about somebody else."""

from __future__ import annotations

import gzip
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.address_ranges import cover_ipv4, spell_prefixes
from sipar.formats.bgp_table import read_bgp_table
from sipar.formats.claim_table import ClaimFile, read_claim_table
from sipar.formats.delegated import read_delegated
from sipar.formats.limits import Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.rpsl import read_rpsl

DELEGATED = b"""#a remark
2.3|apnic|20260101|8|19830613|20251231|+1000
apnic|*|ipv4|*|3|summary
apnic|XA|ipv4|203.0.113.0|256|20100131|allocated|H1|more
apnic|XA|ipv4|198.51.100.0|192||assigned|H2
apnic|XA|ipv6|2001:db8::|32|20100131|allocated|H1
apnic|XA|asn|64496|2|20100131|allocated|H1
apnic|XB|asn|64499|1|20100131|allocated|H9
apnic|XA|ipv4|192.0.2.0|256|20100131|reserved|
apnic|XA|ipv4|10.0.0.0|256|20100131|allocated|H1
apnic|XA|ipv4|192.0.2.x|256|20100131|allocated|H1
apnic|XA|asn|64500|4000000000|20100131|allocated|H1
apnic|XA|ipv4
"""
OBJECTS = b"""% a remark

inetnum:        203.0.113.0 - 203.0.113.127
netname:        ALPHA-NET
descr:          Alpha \xe9 Power
descr:          Islamabad
country:        xa # here
org:            ORG-A1
source:         APNIC

organisation:   ORG-A1
org-name:       Alpha Power (fictional)

route:          198.51.100.0/24
origin:         AS64500

route6:         2001:db8:1::/48
origin:         AS64499

route:          192.0.2.0/24
origin:         AS64501

aut-num:        AS64500
as-name:        ALPHA-AS
country:        XA
org:            ORG-A1

inetnum:        192.0.2.0 - 192.0.1.0
country:        XA

person:         Somebody
country:        XA
"""
DUMP = b"""TABLE_DUMP2|1|B|192.0.2.1|64496|203.0.113.0/24|64496 64500|IGP|192.0.2.1|0|0||NAG||
TABLE_DUMP2|1|B|192.0.2.2|64496|203.0.113.0/24|64497 64501|IGP|192.0.2.1|0|0||NAG||
TABLE_DUMP2|1|B|192.0.2.3|64496|203.0.113.0/24|64498 64500|IGP|192.0.2.1|0|0||NAG||
TABLE_DUMP2|1|B|192.0.2.1|64496|2001:db8::/32|64496 64500|IGP|192.0.2.1|0|0||NAG||
TABLE_DUMP2|1|B|192.0.2.1|64496|198.51.100.0/24|64496 {64500,64501}|IGP|192.0.2.1|0|0||NAG||
TABLE_DUMP2|1|B|192.0.2.1|64496|198.51.100.0/25|64496 64510|IGP|192.0.2.1|0|0||NAG||
"""
SCREEN = b"""BGP table version is 5, local router ID is 192.0.2.1
Status codes: s suppressed, d damped, h history, * valid, > best, i - internal

   Network          Next Hop            Metric LocPrf Weight Path
*> 203.0.113.0/24   192.0.2.9                0             0 64496 64500 i
*  198.51.100.0     192.0.2.9                0             0 64496 64501 i
*>                  192.0.2.10               0             0 64500 ?
*> 2001:db8:1000:2000::/64
                    2001:db8::9              0             0 64496 64500 i
*> 192.0.2.0        0.0.0.0                  0         32768 i

Total number of prefixes 4
"""


def claims(found: ClaimFile) -> list[tuple[str, str]]:
    return list(found.rows.select("kind", "value").iter_rows())


def problems(found: ClaimFile) -> list[tuple[int, str]]:
    return list(found.problems.select("line", "code").iter_rows())


def test_a_delegated_file_gives_one_nations_prefixes_and_numbers_with_their_day_and_holder() -> None:
    found = read_delegated(DELEGATED, country="XA")
    assert found.registry == "apnic"
    assert claims(found) == [
        ("prefix", "203.0.113.0/24"), ("prefix", "198.51.100.0/25"), ("prefix", "198.51.100.128/26"),
        ("prefix", "2001:db8::/32"), ("asn", "AS64496"), ("asn", "AS64497"),
    ]  # fmt: skip
    assert found.rows["valid_from"][0].isoformat() == "2010-01-31"
    assert found.rows["valid_from"][1] is None
    assert found.rows["key"].to_list() == ["H1", "H2", "H2", "H1", "H1", "H1"]


def test_wrong_lines_of_a_delegated_file_are_named_and_the_rest_goes_on() -> None:
    found = read_delegated(DELEGATED, country="XA")
    assert problems(found) == [(10, "value"), (11, "value"), (12, "asn"), (13, "line")]
    assert found.left_out == 2


def test_objects_of_a_registry_give_blocks_routes_and_numbers_of_the_nation() -> None:
    found = read_rpsl(OBJECTS, country="XA", asns={64499})
    assert claims(found) == [
        ("prefix", "203.0.113.0/25"), ("prefix", "198.51.100.0/24"), ("prefix", "2001:db8:1::/48"), ("asn", "AS64500")
    ]  # fmt: skip
    assert found.rows["holder"].to_list() == ["Alpha Power (fictional)", "", "", "Alpha Power (fictional)"]
    assert found.rows["key"].to_list() == ["ORG-A1", "AS64500", "AS64499", "ORG-A1"]
    assert problems(found) == [(28, "value")]
    assert found.left_out == 1


def test_a_dump_gives_each_prefix_to_the_origin_seen_most_often() -> None:
    found = read_bgp_table(DUMP, asns={64500, 64501})
    assert list(found.rows.select("value", "origin").iter_rows()) == [
        ("203.0.113.0/24", 64500), ("2001:db8::/32", 64500)
    ]  # fmt: skip
    assert problems(found) == [(5, "as_set")]
    assert found.left_out == 1


def test_the_screen_of_a_router_gives_best_routes_also_where_lines_wrap_or_leave_the_network_out() -> None:
    found = read_bgp_table(SCREEN, asns={64500, 32768})
    assert [value for _, value in claims(found)] == ["203.0.113.0/24", "198.51.100.0/24", "2001:db8:1000:2000::/64"]
    assert problems(found) == []


@pytest.mark.parametrize("data", [b"prefix,asn\n203.0.113.0/24,AS64500\n", b"203.0.113.0/24 64500\n",
                                  b'"prefix";"asn"\r\n"203.0.113.0/24";"64500"\r\n'])  # fmt: skip
def test_a_plain_list_of_prefixes_with_their_as_is_read(data: bytes) -> None:
    assert claims(read_bgp_table(data, asns={64500})) == [("prefix", "203.0.113.0/24")]


def test_a_table_of_claims_is_read_by_kind_or_by_columns() -> None:
    found = read_claim_table(
        b"kind,value,organisation,mark,valid_from\nprefix,203.0.113.9,PK-T-0001,NAT,2026-01-01\ndomain,gov.pk,,,\n"
        b"country,pk,,,\n", "claims.csv",
    )  # fmt: skip
    assert claims(found) == [("prefix", "203.0.113.9/32"), ("domain", "gov.pk"), ("country", "PK")]
    assert found.rows["mark"].to_list() == ["nat", "", ""]
    ranges = read_claim_table(b"range_start,range_end,asn\n203.0.113.0,203.0.113.95,64500\n", "claims.csv")
    assert [value for _, value in claims(ranges)] == ["203.0.113.0/26", "203.0.113.64/27"]
    assert ranges.rows["key"].to_list() == ["AS64500"] * 2


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("prefix,203.0.113.1/24,,,", "value"), ("prefix,0.0.0.0/0,,,", "value"), ("prefix,10.0.0.0/8,,,", "value"),
        ("prefix,203.0.113.010/32,,,", "value"), ("prefix,203.0.113.9 - 203.0.113.1,,,", "value"),
        ("prefix,2001:db8::/129,,,", "value"), ("prefix,::/0,,,", "value"), ("prefix,,,,", "value"),
        ("asn,AS4294967296,,,", "value"), ("asn,64512,,,", "value"), ("domain,bad name,,,", "value"),
        ("domain,10.1.2.3,,,", "value"), ("country,Pakistan,,,", "value"), ("planet,earth,,,", "kind"),
        ("prefix,203.0.113.0/24,mine,,", "mark"), ("prefix,203.0.113.0/24,,31.1.2026,", "day"),
        ("prefix,203.0.113.0/24,,2026-02-01,2026-01-01", "day"),
    ],
)  # fmt: skip
def test_a_wrong_claim_is_a_problem_and_no_claim(row: str, code: str) -> None:
    table = f"kind,value,mark,valid_from,valid_until\n{row}\nasn,AS64500,,,\n"
    found = read_claim_table(table.encode(), "claims.csv")
    assert problems(found) == [(2, code)]
    assert claims(found) == [("asn", "AS64500")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"), (b"hello\n", "claims.delegated"), (b"2|apnic|\x00", "file.control"),
        (b"2|apnic|1\napnic|XA|" + b"x" * 40_000, "table.line"),
        (gzip.compress(b"0" * 3_000_000, mtime=0), "file.size"),
        (gzip.compress(b"2|apnic|1", mtime=0)[:-9], "file.gzip"),
    ],
)  # fmt: skip
def test_hostile_bytes_are_refused_by_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        read_delegated(data, country="XA", limits=Limits(max_bytes=1_000_000))
    assert refused.value.code == code


@pytest.mark.parametrize("data", [b"no object here\n", b"inetnum 203.0.113.0\n"])
def test_a_file_without_objects_or_routes_is_refused(data: bytes) -> None:
    with pytest.raises(FormatProblem):
        read_rpsl(data, country="XA")
    with pytest.raises(FormatProblem):
        read_bgp_table(data, asns={64500})


def test_a_holder_carries_no_invisible_letters() -> None:
    found = read_claim_table("asn,holder\nAS64500,A\u202elpha\u200b Power\n".encode(), "claims.csv")
    assert found.rows["holder"].to_list() == ["A lpha  Power"]


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused_by_a_sentence(data: bytes) -> None:
    readers: tuple[Callable[[], ClaimFile], ...] = (
        lambda: read_delegated(b"2|apnic|1\n" + data, country="XA"),
        lambda: read_rpsl(b"inetnum: 203.0.113.0/24\n" + data, country="XA"),
        lambda: read_bgp_table(b"TABLE_DUMP2|" + data, asns={64500}),
        lambda: read_bgp_table(b"   Network  Next Hop  Path\n" + data, asns={64500}),
        lambda: read_claim_table(b"kind,value\n" + data, "claims.csv"),
    )
    for read in readers:
        try:
            found = read()
        except FormatProblem:
            continue
        assert found.rows["value"].null_count() == 0


ADDRESSES = st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(ADDRESSES, ADDRESSES).map(sorted), min_size=1, max_size=20))
@settings(deadline=None)
def test_a_range_is_covered_as_the_standard_library_covers_it(pairs: list[list[int]]) -> None:
    first, last = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    rows, starts, lengths = cover_ipv4(first, last)
    made = [(row, f"{ipaddress.IPv4Address(int(start))}/{length}")
            for row, start, length in zip(rows.tolist(), starts, lengths, strict=True)]  # fmt: skip
    expected = [
        (row, str(network))
        for row, (low, high) in enumerate(pairs)
        for network in ipaddress.summarize_address_range(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high))
    ]
    assert made == expected


@given(st.lists(st.tuples(ADDRESSES, st.integers(0, 32)), min_size=1, max_size=20))
@settings(deadline=None)
def test_a_prefix_is_taken_exactly_where_the_slow_way_takes_it(pairs: list[tuple[int, int]]) -> None:
    from sipar.formats.asset_values import normalise_prefix

    texts = [f"{ipaddress.IPv4Address(number)}/{length}" for number, length in pairs]
    found = spell_prefixes(pl.Series("written", texts))
    for text, value, _detail in found.iter_rows():
        try:
            expected: str | None = normalise_prefix(text)
        except FormatProblem:
            expected = None
        assert value == expected


@pytest.mark.skipif("SIPAR_SHARED" not in os.environ, reason="SIPAR_SHARED names no folder with real ranges")
def test_the_real_ranges_of_the_nation_are_taken_without_a_problem() -> None:
    folder = Path(os.environ["SIPAR_SHARED"]) / "data" / "ip-asn-pk"
    for name in ("pk_asn_ipv4.csv", "pk_asn_ipv6.csv"):
        found = read_claim_table((folder / name).read_bytes(), name)
        assert found.problems.is_empty()
        assert found.rows.height > 500
