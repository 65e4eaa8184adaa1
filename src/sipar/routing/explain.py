"""Why one observation went where it went: every claim that matched, as codes and values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl
import pyarrow as pa

from sipar.routing.claims import RANKS
from sipar.routing.lookup import Lookup
from sipar.routing.route import route

CODES: Final = ("won", "national", "rank", "shorter", "settled", "source", "tied", "same")


@dataclass(frozen=True)
class Reason:
    """One claim that matched. `code` says how it stands to the claim that won:

    `won`; `national` (a range without an organisation gives way); `rank` (its kind comes later in the precedence);
    `shorter` (a longer prefix or domain goes first); `settled` (a person chose between them); `source` (imported gives
    way to manual); `tied` (nothing tells them apart: the smaller number won, and it stands in the conflicts); `same`
    (another claim of the same organisation on the same value).
    """

    claim: int
    organisation: int | None
    team: int | None
    kind: str
    value: str
    rank: str
    source: str
    mark: str
    valid_from: date | None
    valid_until: date | None
    code: str


def explain(
    lookup: Lookup,
    *,
    ip: str | None = None,
    hostname: str | None = None,
    asn: int | None = None,
    country: str | None = None,
    day: date | None,
) -> tuple[Reason, ...]:
    """The winner first and then the others in the order of `route`, by which they are found; empty where no claim
    matched."""
    routed = route(
        lookup,
        ip=pa.array([ip], pa.string()),
        hostname=pa.array([hostname], pa.string()),
        asn=pa.array([asn], pa.uint32()),
        country=pa.array([country], pa.string()),
        day=pa.array([day], pa.date32()),
    )
    if routed.winner[0] < 0:
        return ()
    numbers = [routed.claim[0].as_py(), *routed.others[0].as_py()]
    rows = lookup.claims.filter(pl.col("id").is_in(numbers)).rows_by_key("id", named=True, unique=True)
    won = rows[numbers[0]]
    return tuple(
        _reason(number, rows[number], won, "won" if place == 0 else "") for place, number in enumerate(numbers)
    )


def _reason(number: int, claim: dict[str, Any], won: dict[str, Any], code: str) -> Reason:
    names = ("organisation", "team", "kind", "value", "source", "mark", "valid_from", "valid_until")
    parts = {name: claim[name] for name in names}
    return Reason(claim=number, rank=RANKS[claim["rank"]], code=code or _code(claim, won), **parts)


def _code(claim: dict[str, Any], won: dict[str, Any]) -> str:
    """How `claim` lost: the first of the rules that tells the two apart."""
    if claim["organisation"] is None and won["organisation"] is not None:
        return "national"
    if claim["kind"] != won["kind"]:
        return "rank"
    if claim["value"] != won["value"]:
        return "shorter"
    if claim["organisation"] == won["organisation"]:
        return "same"
    if won["chosen"]:
        return "settled"
    return "source" if claim["source_order"] != won["source_order"] else "tied"
