"""Observations through a lookup, against plain Python, `ipaddress` and pytricia."""

from __future__ import annotations

import ipaddress
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import pytricia  # type: ignore[import-not-found]
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.routing import addresses
from sipar.routing.claims import CLAIM_SCHEMA, RANKS, Precedence
from sipar.routing.explain import explain
from sipar.routing.lookup import Lookup, compile_lookup
from sipar.routing.route import Routed, route
from sipar.routing.tests.strategies import CLAIMS, SEEN
from sipar.routing.tests.worlds import Claim, Seen, frame, matching, winner

DAY = date(2026, 6, 1)


def routed(lookup: Lookup, *seen: Seen) -> Routed:
    return route(
        lookup,
        ip=pa.array([one.ip for one in seen], pa.string()),
        hostname=pa.array([one.hostname for one in seen], pa.string()),
        asn=pa.array([one.asn for one in seen], pa.uint32()),
        country=pa.array([one.country for one in seen], pa.string()).dictionary_encode(),
        day=pa.array([one.day for one in seen], pa.date32()),
    )


def won(claims: list[Claim], seen: Seen, **options: object) -> int | None:
    found = routed(compile_lookup(frame(claims), **options), seen)  # type: ignore[arg-type]
    number: int | None = found.claim[0].as_py()
    return number


@settings(max_examples=150, deadline=None)
@given(CLAIMS, SEEN)
def test_every_observation_goes_where_plain_python_sends_it(claims: list[Claim], seen: list[Seen]) -> None:
    lookup = compile_lookup(frame(claims))
    found = routed(lookup, *seen)
    assert not lookup.problems.height
    for row, one in enumerate(seen):
        best = winner(claims, one)
        assert found.claim[row].as_py() == (best.id if best else None)
        assert found.organisation[row].as_py() == (best.organisation if best else None)
        assert found.team[row].as_py() == (best.team if best else None)
        assert found.rank[row].as_py() == (RANKS.index(best.rank) if best else None)
        assert found.shared[row].as_py() == ((best.mark or None) if best else None)
        matched = [*found.others[row].as_py(), *([best.id] if best else [])]
        assert sorted(matched) == sorted(claim.id for claim in matching(claims, one))


@settings(max_examples=60, deadline=None)
@given(CLAIMS, SEEN)
def test_the_explanation_names_the_same_winner_and_the_same_others(claims: list[Claim], seen: list[Seen]) -> None:
    lookup = compile_lookup(frame(claims))
    found = routed(lookup, *seen)
    for row, one in enumerate(seen):
        reasons = explain(lookup, ip=one.ip, hostname=one.hostname, asn=one.asn, country=one.country, day=one.day)
        numbers = [found.claim[row].as_py(), *found.others[row].as_py()]
        assert [reason.claim for reason in reasons] == (numbers if numbers != [None] else [])
        assert [reason.code for reason in reasons[:1]] == ["won"] * bool(reasons)
        assert "won" not in [reason.code for reason in reasons[1:]]


def _networks(version: int) -> st.SearchStrategy[str]:
    width, top = (32, 0xC6336400) if version == 4 else (128, 0x20010DB8 << 96)
    kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    low = st.integers(0, 2 ** (width // 4) - 1) | st.integers(0, 2**width - 1).map(lambda number: number ^ top)
    return st.builds(lambda number, length: str(kind((top ^ number, length), strict=False)), low, st.integers(1, width))


@pytest.mark.parametrize("version", [4, 6])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_longest_prefix_is_the_one_that_pytricia_finds(version: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(_networks(version), min_size=1, max_size=60, unique=True))
    claims = [Claim(place + 1, 1, "prefix", value) for place, value in enumerate(values)]
    tree = pytricia.PyTricia(32 if version == 4 else 128)
    for claim in claims:
        tree[claim.value] = claim.id
    asked = []
    for network in map(ipaddress.ip_network, values):
        first, last = int(network[0]), int(network[-1])
        edge = 2**network.max_prefixlen - 1
        asked += [first, last, (first + last) // 2, max(first - 1, 0), min(last + 1, edge)]
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    texts = [str(kind(number)) for number in [*asked, 0, edge] if version == 4 or number >> 32 != 0xFFFF]
    days = pa.array([DAY] * len(texts), pa.date32())
    found = route(compile_lookup(frame(claims)), ip=pa.array(texts), day=days)
    assert found.claim.to_pylist() == [tree.get(text) for text in texts]


def test_integers_go_the_same_way_as_text() -> None:
    lookup = compile_lookup(frame([Claim(1, 1, "prefix", "192.0.2.0/24"), Claim(2, 2, "prefix", "2001:db8::/32")]))
    days = pa.array([DAY] * 2, pa.date32())
    four = addresses.Addresses.of_ipv4(np.array([0xC0000201, 0xC0000301], np.uint32))
    six = addresses.Addresses.of_ipv6(np.array([0x20010DB8 << 32, 5], np.uint64), np.array([7, 7], np.uint64))
    assert route(lookup, ip=four, day=days).claim.to_pylist() == [1, None]
    assert route(lookup, ip=six, day=days).claim.to_pylist() == [2, None]


@pytest.mark.parametrize(
    ("host", "claim"),
    [
        ("bank.example", 1),
        ("BANK.Example.", 1),
        ("www.bank.example", 1),
        ("login.pay.bank.example", 2),
        ("pay.bank.example", 2),
        ("*.bank.example", 1),
        ("_dmarc.bank.example", 1),
        ("mybank.example", None),
        ("bank.example.attacker.test", None),
        ("bank-example", None),
        ("bank.example..", None),
        ("pay.bank.exam", None),
        (".bank.example", 1),
        ("b\u0430nk.example", None),  # a Cyrillic letter in the middle
        ("", None),
        (".", None),
        ("x" * 300 + ".bank.example", None),
        ("x." * 120 + "bank.example", 1),
        ("xn--mgbai9azgqp6j.example", 3),
        ("پاکستان.example", 3),
        ("دفتر.پاکستان.EXAMPLE.", 3),
        ("پاکستان。example", 3),
    ],
)
def test_a_name_belongs_to_the_longest_claimed_suffix_on_a_label_boundary(host: str, claim: int | None) -> None:
    claims = [
        Claim(1, 1, "domain", "bank.example"),
        Claim(2, 2, "domain", "Pay.Bank.Example."),
        Claim(3, 3, "domain", "پاکستان.example"),
    ]
    assert won(claims, Seen(hostname=host)) == claim


@settings(deadline=None)
@given(
    st.lists(st.text("ab.-", min_size=1, max_size=12), max_size=20),
    st.lists(st.text("aAbB.-", max_size=14), max_size=20),
)
def test_names_match_as_stripping_labels_one_by_one_does(values: list[str], hosts: list[str]) -> None:
    lookup = compile_lookup(frame(Claim(place + 1, 1, "domain", value) for place, value in enumerate(values)))
    claimed = dict(lookup.claims.sort("id", descending=True).select("value", "id").rows())
    found = route(lookup, hostname=pa.array(hosts, pa.string()), day=pa.array([DAY] * len(hosts), pa.date32()))
    for row, host in enumerate(hosts):
        name = host.lower().removesuffix(".")
        while name and name not in claimed:
            name = name.partition(".")[2]
        assert found.claim[row].as_py() == claimed.get(name)


def test_a_claim_counts_from_its_first_day_to_the_day_before_its_last() -> None:
    claims = [
        Claim(1, 1, "prefix", "192.0.2.0/24", valid_until=date(2026, 3, 1)),
        Claim(2, 2, "prefix", "192.0.2.0/24", valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 3)),
        Claim(3, 3, "prefix", "192.0.0.0/16"),
    ]
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    lookup = compile_lookup(frame(claims))
    found = routed(lookup, *(Seen(ip="192.0.2.9", day=day) for day in days))
    assert found.claim.to_pylist() == [1, 2, 2, 3]
    assert found.others.to_pylist() == [[3], [3], [3], []]
    assert lookup.conflicts.height == 0


def test_an_observation_without_a_day_is_routed_by_what_always_holds() -> None:
    claims = [Claim(1, 1, "asn", "AS64496", valid_from=date(2020, 1, 1)), Claim(2, None, "country", "PK", team=7)]
    found = route(
        compile_lookup(frame(claims)),
        asn=pa.array([64496], pa.uint32()),
        country=pa.array(["PK"]),
        day=pa.array([None], pa.date32()),
    )
    assert (found.claim.to_pylist(), found.team.to_pylist()) == ([2], [7])


def test_one_address_goes_before_a_prefix_a_name_a_network_and_a_country() -> None:
    claims = [
        Claim(6, 6, "prefix", "192.0.2.1/32"),
        Claim(5, 5, "prefix", "192.0.2.0/24"),
        Claim(4, 4, "domain", "bank.example"),
        Claim(3, 3, "prefix", "192.0.2.0/25", mark="shared"),
        Claim(2, 2, "asn", "AS64496"),
        Claim(1, 1, "country", "PK"),
    ]
    seen = Seen("192.0.2.1", "www.bank.example", 64496, "PK")
    assert won(claims, seen) == 6
    assert won([claims[1], *claims[2:3], *claims[4:]], seen) == 5
    assert won(claims[2:], seen) == 4
    assert won(claims[3:], seen) == 3
    assert won(claims[4:], seen) == 2
    assert won(claims[5:], seen) == 1


def test_a_name_goes_before_an_address_that_many_tenants_share_but_not_before_a_nat() -> None:
    name = Claim(2, 2, "domain", "bank.example")
    seen = Seen("192.0.2.1", "www.bank.example")
    for mark, expected in (("shared", 2), ("cloud", 2), ("nat", 1), ("dynamic", 1), ("", 1)):
        assert won([Claim(1, 1, "prefix", "192.0.2.1", mark=mark), name], seen) == expected


def test_an_organisation_goes_before_a_longer_range_of_the_nation() -> None:
    claims = [
        Claim(1, None, "prefix", "192.0.2.1/32", team=8),
        Claim(2, None, "prefix", "192.0.2.0/24", team=9),
        Claim(3, 3, "country", "PK"),
    ]
    lookup = compile_lookup(frame(claims))
    found = routed(lookup, Seen("192.0.2.1", country="PK"), Seen("192.0.2.1"), Seen("192.0.2.2"), Seen("192.0.3.1"))
    assert found.organisation.to_pylist() == [3, None, None, None]
    assert found.team.to_pylist() == [None, 8, 9, None]
    assert found.others.to_pylist() == [[1, 2], [2], [], []]


def test_what_people_entered_goes_before_what_was_imported_on_the_same_value_only() -> None:
    manual = Claim(2, 2, "prefix", "192.0.2.0/24")
    imported = Claim(1, 1, "prefix", "192.0.2.0/24", source="imported")
    longer = Claim(3, 3, "prefix", "192.0.2.0/25", source="imported")
    assert won([manual, imported], Seen("192.0.2.1")) == 2
    assert won([manual, imported, longer], Seen("192.0.2.1")) == 3
    assert won([manual, imported], Seen("192.0.2.1"), precedence=Precedence(sources=("imported", "manual"))) == 1


def test_another_precedence_is_data() -> None:
    claims = [Claim(1, 1, "prefix", "192.0.2.0/24"), Claim(2, 2, "domain", "bank.example")]
    names_first = Precedence(ranks=("domain", "address", "prefix", "hosted", "asn", "country"))
    seen = Seen("192.0.2.1", "bank.example")
    assert (won(claims, seen), won(claims, seen, precedence=names_first)) == (1, 2)


def test_nothing_claimed_routes_nothing() -> None:
    found = routed(compile_lookup(pl.DataFrame(schema=CLAIM_SCHEMA)), Seen("192.0.2.1", "a.example", 1, "PK"), Seen())
    assert found.claim.to_pylist() == [None, None]
    assert found.others.to_pylist() == [[], []]
    assert len(route(compile_lookup(frame([])), day=pa.array([], pa.date32()))) == 0


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        route(compile_lookup(frame([])), ip=pa.array(["192.0.2.1"]), day=pa.array([DAY] * 2, pa.date32()))


def test_the_columns_are_those_that_an_observation_keeps() -> None:
    from sipar.exposure.observations import ADDED

    found = routed(compile_lookup(frame([Claim(1, 1, "prefix", "192.0.2.0/24", mark="nat")])), Seen("192.0.2.1"))
    for name, column in found.columns().items():
        assert column.type == ADDED.field(name).type, name
