"""The announced ranges and popular names of one real nation, where somebody keeps them: every one finds its own claim.

Nothing here says that anything was seen at any of them.
"""

from __future__ import annotations

import csv
import ipaddress
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from sipar.routing.lookup import Lookup, compile_lookup
from sipar.routing.route import route
from sipar.routing.tests.worlds import Claim, frame

FOLDER = Path(os.environ.get("SIPAR_SHARED", "/nonexistent")) / "data"
DAY = date(2026, 6, 1)

pytestmark = pytest.mark.skipif(
    not (FOLDER / "ip-asn-pk").is_dir(), reason="SIPAR_SHARED names no folder with data/ip-asn-pk and data/pk-domains"
)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lookup_of(claims: list[Claim]) -> Lookup:
    lookup = compile_lookup(frame(claims))
    assert lookup.problems.height == 0
    return lookup


@pytest.mark.parametrize("version", [4, 6])
def test_the_first_and_last_address_of_every_announced_range_find_its_network(version: int) -> None:
    rows = _rows(f"ip-asn-pk/pk_asn_ipv{version}.csv")
    numbers: dict[str, int] = {}
    asked, expected = [], []
    claims: list[Claim] = []
    for row in rows:
        holder = numbers.setdefault(row["asn"], len(numbers) + 1)
        first, last = ipaddress.ip_address(row["range_start"]), ipaddress.ip_address(row["range_end"])
        for network in ipaddress.summarize_address_range(first, last):
            claims.append(Claim(len(claims) + 1, holder, "prefix", str(network)))
        asked += [str(first), str(last)]
        expected += [holder, holder]
    found = route(_lookup_of(claims), ip=pa.array(asked), day=pa.array([DAY] * len(asked), pa.date32()))
    assert found.organisation.to_pylist() == expected


def test_the_nations_ranges_go_to_the_team_and_leave_the_rest_of_the_world_alone() -> None:
    claims: list[Claim] = []
    for version in (4, 6):
        for row in _rows(f"ip-asn-pk/pk_country_ranges_ipv{version}.csv"):
            first, last = ipaddress.ip_address(row["range_start"]), ipaddress.ip_address(row["range_end"])
            for network in ipaddress.summarize_address_range(first, last):
                claims.append(Claim(len(claims) + 1, None, "prefix", str(network), team=1))
    lookup = _lookup_of(claims)
    inside = [str(ipaddress.ip_network(claim.value)[0]) for claim in claims]
    outside = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"]
    found = route(lookup, ip=pa.array(inside + outside), day=pa.array([DAY] * (len(claims) + 4), pa.date32()))
    assert found.team.to_pylist() == [1] * len(claims) + [None] * 4
    assert found.organisation.null_count == len(found)


def test_every_popular_name_finds_itself_and_every_observed_host_its_registered_name() -> None:
    names = [row["domain"] for row in _rows("pk-domains/pk_domains_popular.csv")]
    hosts: dict[str, list[str]] = defaultdict(list)
    for row in _rows("pk-domains/pk_gov_registrable.csv"):
        hosts[row["registrable_domain"]] += row["observed_hosts"].split(";")
    values = sorted({*names, *hosts})
    numbers = {value: place + 1 for place, value in enumerate(values)}
    lookup = _lookup_of([Claim(number, number, "domain", value) for value, number in numbers.items()])
    asked = [*values, *(f"www.{value}" for value in values), *(f"x{value}" for value in values)]
    found = route(lookup, hostname=pa.array(asked), day=pa.array([DAY] * len(asked), pa.date32())).claim.to_pylist()
    for host, claim in zip(asked, found, strict=True):
        parts = host.split(".")
        suffixes = [".".join(parts[place:]) for place in range(len(parts))]
        assert claim == next((numbers[suffix] for suffix in suffixes if suffix in numbers), None), host
    below = [(host, value) for value, seen in hosts.items() for host in seen if host.endswith(f".{value}")]
    found_below = route(
        lookup, hostname=pa.array([host for host, _ in below]), day=pa.array([DAY] * len(below), pa.date32())
    )
    assert None not in found_below.claim.to_pylist()
