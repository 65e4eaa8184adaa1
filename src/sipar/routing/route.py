"""Observations through a lookup: who is responsible for each, by which claim, and which other claims matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from sipar.routing import addresses
from sipar.routing.addresses import Addresses, Text
from sipar.routing.claims import MARKS
from sipar.routing.columns import whole
from sipar.routing.lookup import Lookup
from sipar.routing.nodes import frozen

type I32 = npt.NDArray[np.int32]
type Numbers = pa.Array | pa.ChunkedArray

_NO_DAY = -(2**31)
_MOST_OTHERS = 2**31 - 1


@dataclass(frozen=True)
class Routed:
    """One row for each observation, null where no claim matched.

    `rank` is an index into `claims.RANKS`: why the claim won. `others` are the numbers of the claims that matched and
    did not win: of addresses, names, AS numbers and countries in this order, the longest value first. `shared` is the
    mark of the winning claim. `winner` is the row of the winning claim in `lookup.claims`, -1 where there is none.
    """

    organisation: pa.Int64Array
    team: pa.Int64Array
    claim: pa.Int64Array
    rank: pa.Int8Array
    others: pa.ListArray
    shared: pa.DictionaryArray
    lookup: pa.DictionaryArray
    winner: I32

    def __len__(self) -> int:
        return len(self.winner)

    def columns(self) -> dict[str, pa.Array]:
        """The columns of an observation that routing adds, by their names."""
        names = ("organisation", "team", "claim", "rank", "others", "shared", "lookup")
        return {name: getattr(self, name) for name in names}


def route(
    lookup: Lookup,
    *,
    ip: Text | Addresses | None = None,
    hostname: Text | None = None,
    asn: Numbers | None = None,
    country: Text | None = None,
    day: Numbers,
) -> Routed:
    """Who is responsible for each observation, by the claims that held on its `day` (date32; where it is null, by the
    claims that always hold). A column that is None, a null and a text that is no address or name match nothing.

    Within each kind the longest value wins, between kinds the precedence decides; an organisation's claim goes before
    every national range. Raises ValueError where the columns differ in length, or where so many claims match that
    their numbers do not fit one array: route fewer rows at a time then.
    """
    from sipar.routing import kernels

    days = _days(day)
    found = [
        nodes
        for nodes in (
            None if ip is None else address_nodes(lookup, ip),
            None if hostname is None else lookup.names.nodes_of(hostname),
            None if asn is None else _asn_nodes(lookup, asn),
            None if country is None else _country_nodes(lookup, country),
        )
        if nodes is not None
    ]
    if any(len(nodes) != len(days) for nodes in found):
        raise ValueError("the columns to route differ in length")
    by_kind = frozen(np.stack(found)) if found else frozen(np.full((1, len(days)), -1, np.int32))
    winner, offsets = np.empty(len(days), np.int32), np.empty(len(days) + 1, np.int64)
    chains = lookup.parent, lookup.first, lookup.since, lookup.until
    total = kernels.winners(
        by_kind, days, *chains, lookup.owned, lookup.order, lookup.best, lookup.count, winner, offsets
    )
    if total > _MOST_OTHERS:
        raise ValueError("too many claims match to be listed in one array")
    numbers = np.empty(total, np.int64)
    ids = frozen(lookup.claims["id"].to_numpy())
    kernels.others(by_kind, days, *chains, frozen(winner), ids, numbers)
    return _routed(lookup, winner, pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(numbers)))


def address_nodes(lookup: Lookup, ip: Text | Addresses) -> I32:
    """The longest claimed prefix over each address, as a node of the lookup; -1 where there is none."""
    from sipar.routing import kernels

    given = ip if isinstance(ip, Addresses) else addresses.read(ip)
    found = np.empty(len(given), np.int32)
    four, six = lookup.ipv4, lookup.ipv6
    kernels.address_nodes(
        frozen(given.version), frozen(given.high), frozen(given.low),
        four.narrow, four.nodes, four.bucket,
        six.high, six.low, six.nodes, six.bucket,
        found,
    )  # fmt: skip
    return found


def _days(day: Numbers) -> I32:
    if pa.types.is_null(day.type):
        day = day.cast(pa.date32())
    if not pa.types.is_date32(day.type):
        raise TypeError(f"the day of an observation is date32, not {day.type}")
    return frozen(_numbers(pc.fill_null(day.cast(pa.int32()), _NO_DAY)))


def _asn_nodes(lookup: Lookup, asn: Numbers) -> I32:
    from sipar.routing import kernels

    # No AS has the number 0 (RFC 7607).
    numbers = _numbers(pc.fill_null(asn.cast(pa.uint32()), 0))
    found = np.empty(len(numbers), np.int32)
    kernels.number_nodes(frozen(numbers), lookup.asns, lookup.asn_base, found)
    return found


def _country_nodes(lookup: Lookup, country: Text) -> I32:
    array = whole(country)
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    nodes = [lookup.countries.get((word or "").upper(), -1) for word in coded.dictionary.to_pylist()]
    return frozen(np.array([*nodes, -1], np.int32)[_numbers(pc.fill_null(coded.indices, len(nodes)))])


def _numbers(column: Numbers) -> npt.NDArray[Any]:
    if isinstance(column, pa.ChunkedArray):
        return np.asarray(column.to_numpy())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _routed(lookup: Lookup, winner: I32, others: pa.ListArray) -> Routed:
    size = len(winner)
    codes = lookup.claims["mark"].replace_strict(
        {mark: place for place, mark in enumerate(MARKS)}, default=-1, return_dtype=pl.Int8
    )
    marks = _taken_codes(winner, codes.to_numpy())
    return Routed(
        organisation=_taken(winner, lookup.claims["organisation"]),
        team=_taken(winner, lookup.claims["team"]),
        claim=_taken(winner, lookup.claims["id"]),
        rank=_taken_codes(winner, lookup.rank),
        others=others,
        shared=pa.DictionaryArray.from_arrays(marks.cast(pa.int32()), pa.array(MARKS)),
        lookup=pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([lookup.digest])),
        winner=winner,
    )


def _taken(rows: I32, column: pl.Series) -> pa.Int64Array:
    """The numbers of the claims in `rows`. Arrow's own `take` costs three times as much."""
    from sipar.routing import kernels

    if column.null_count() == len(column):
        return pa.nulls(len(rows), pa.int64())
    values, valid = column.fill_null(0).to_numpy(), column.is_not_null().to_numpy()
    out, bits = np.empty(len(rows), np.int64), np.zeros((len(rows) + 7) // 8, np.uint8)
    kernels.take_numbers(frozen(rows), frozen(values), frozen(valid), out, bits)
    return pa.Int64Array.from_buffers(pa.int64(), len(rows), [pa.py_buffer(bits), pa.py_buffer(out)])


def _taken_codes(rows: I32, codes: npt.NDArray[np.int8]) -> pa.Int8Array:
    from sipar.routing import kernels

    out, bits = np.empty(len(rows), np.int8), np.zeros((len(rows) + 7) // 8, np.uint8)
    kernels.take_codes(frozen(rows), frozen(codes), out, bits)
    return pa.Int8Array.from_buffers(pa.int8(), len(rows), [pa.py_buffer(bits), pa.py_buffer(out)])
