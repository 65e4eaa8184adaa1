"""Claims and observations that meet often: few networks, names, numbers and days."""

from __future__ import annotations

import ipaddress
from datetime import date

from hypothesis import strategies as st

from sipar.routing.tests.worlds import Claim, Seen

DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 9))
NAMES = ("bank.example", "www.bank.example", "a.www.bank.example", "ank.example", "example", "test", "k.test")
_IPV4 = st.builds(
    lambda low, length: str(ipaddress.ip_network((0xC0000200 | low, length), strict=False)),
    st.integers(0, 255),
    st.integers(20, 32),
)
_IPV6 = st.builds(
    lambda low, length: str(ipaddress.ip_network(((0x20010DB8 << 96) | low, length), strict=False)),
    st.integers(0, 2**20) | st.integers(0, 2**96 - 1),
    st.integers(30, 128),
)
_VALUES = st.one_of(
    st.tuples(st.just("prefix"), _IPV4),
    st.tuples(st.just("prefix"), _IPV6),
    st.tuples(st.just("domain"), st.sampled_from(NAMES)),
    st.tuples(st.just("asn"), st.integers(64496, 64500).map(lambda number: f"AS{number}")),
    st.tuples(st.just("country"), st.sampled_from(["PK", "AQ"])),
)


@st.composite
def _claim(draw: st.DrawFn) -> Claim:
    kind, value = draw(_VALUES)
    organisation = draw(st.none() | st.integers(1, 4))
    since, until = draw(st.none() | DAYS), draw(st.none() | DAYS)
    if since and until and until <= since:
        since, until = None, since
    return Claim(
        id=0,
        organisation=organisation,
        kind=kind,
        value=value,
        team=None if organisation else 9,
        valid_from=since,
        valid_until=until,
        source=draw(st.sampled_from(["manual", "imported"])),
        mark=draw(st.sampled_from(["", "", "nat", "shared", "cloud", "dynamic"])),
    )


@st.composite
def _claims(draw: st.DrawFn) -> list[Claim]:
    made = draw(st.lists(_claim(), max_size=25))
    numbers = draw(st.permutations(range(1, len(made) + 1)))
    return [Claim(**{**vars(claim), "id": number}) for claim, number in zip(made, numbers, strict=True)]


@st.composite
def _seen(draw: st.DrawFn) -> Seen:
    ipv4 = st.integers(0xC0000100, 0xC00003FF).map(lambda number: str(ipaddress.IPv4Address(number)))
    ipv6 = st.integers(0, 2**20).map(lambda low: str(ipaddress.IPv6Address((0x20010DB8 << 96) | low)))
    label = st.sampled_from(["www", "mail", "WWW", "x-bank"])
    name = st.sampled_from(NAMES)
    host = name | st.builds("{}.{}".format, label, name) | st.builds("{}{}".format, label, name) | name.map(str.upper)
    return Seen(
        ip=draw(st.none() | ipv4 | ipv6 | ipv4.map(lambda text: f"::ffff:{text}")),
        hostname=draw(st.none() | host | host.map(lambda text: f"{text}.")),
        asn=draw(st.none() | st.integers(64495, 64501)),
        country=draw(st.none() | st.sampled_from(["PK", "pk", "AQ", "XX"])),
        day=draw(DAYS),
    )


CLAIMS = _claims()
SEEN = st.lists(_seen(), max_size=20)
