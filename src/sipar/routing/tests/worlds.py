"""Claims for tests, and who is responsible as plain Python says it: the oracle that the kernels are held against."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date

import polars as pl

from sipar.routing.claims import CLAIM_SCHEMA, RANKS


@dataclass(frozen=True)
class Claim:
    id: int
    organisation: int | None
    kind: str
    value: str
    team: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    source: str = "manual"
    mark: str = ""

    def holds(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day and (self.valid_until is None or day < self.valid_until)

    @property
    def rank(self) -> str:
        if self.kind != "prefix":
            return self.kind
        network = ipaddress.ip_network(self.value)
        if self.mark in ("shared", "cloud"):
            return "hosted"
        return "address" if network.prefixlen == network.max_prefixlen else "prefix"

    @property
    def length(self) -> int:
        return ipaddress.ip_network(self.value).prefixlen if self.kind == "prefix" else len(self.value)


@dataclass(frozen=True)
class Seen:
    """One observation."""

    ip: str | None = None
    hostname: str | None = None
    asn: int | None = None
    country: str | None = None
    day: date = date(2026, 6, 1)


def frame(claims: Iterable[Claim]) -> pl.DataFrame:
    rows = [{field.name: getattr(claim, field.name) for field in fields(Claim)} for claim in claims]
    return pl.DataFrame(rows, schema=CLAIM_SCHEMA)


def matching(claims: Iterable[Claim], seen: Seen) -> list[Claim]:
    return [claim for claim in claims if claim.holds(seen.day) and _matches(claim, seen)]


def winner(claims: Sequence[Claim], seen: Seen) -> Claim | None:
    """The longest of each kind, then the kinds by precedence; an organisation before a national range, everywhere."""
    best = []
    for kind in ("prefix", "domain", "asn", "country"):
        found = [claim for claim in matching(claims, seen) if claim.kind == kind]
        if found:
            best.append(min(found, key=_within_kind))
    return min(best, key=lambda claim: (claim.organisation is None, RANKS.index(claim.rank)), default=None)


def _within_kind(claim: Claim) -> tuple[bool, int, bool, int]:
    return claim.organisation is None, -claim.length, claim.source != "manual", claim.id


def _matches(claim: Claim, seen: Seen) -> bool:
    if claim.kind == "prefix":
        if seen.ip is None:
            return False
        address, network = ipaddress.ip_address(seen.ip), ipaddress.ip_network(claim.value)
        address = getattr(address, "ipv4_mapped", None) or address
        return address in network
    if claim.kind == "domain":
        name = (seen.hostname or "").lower().removesuffix(".")
        return name == claim.value or name.endswith(f".{claim.value}")
    if claim.kind == "asn":
        return claim.value == f"AS{seen.asn}"
    return claim.value == (seen.country or "").upper()
