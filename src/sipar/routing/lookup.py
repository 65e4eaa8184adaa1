"""Claims compiled to a lookup: immutable, named by the hash of what it was made of, kept as one file.

A file holds the claims themselves, not the compiled arrays: it is compiled anew when it is loaded, which takes a
fraction of a second, and a file that somebody changed is found by its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sipar.formats.problems import FormatProblem
from sipar.routing import conflicts, nodes
from sipar.routing.addresses import buffers
from sipar.routing.claims import CLAIM_SCHEMA, HOSTED_MARKS, PRECEDENCE, RANKS, Precedence, checked
from sipar.routing.conflicts import Settled, decisions
from sipar.routing.nodes import Intervals, Names

type I32 = npt.NDArray[np.int32]

_VERSION: Final = "1"
_NO_DAY: Final = -(2**31)
_ALWAYS: Final = 2**31 - 1
_GROUPS: Final = 5  # IPv4, IPv6, domains, AS numbers, countries


@dataclass(frozen=True)
class Lookup:
    """Who is responsible, ready to be asked. See `compile_lookup`.

    `claims` are those that count, in canonical spelling, in the order of the nodes; `problems` those left out
    (claim, where, code, value, sentence); `conflicts` what a person has to settle (kind, value, organisations, claims,
    source, settled, winner).
    """

    digest: str
    precedence: Precedence
    settled: Settled
    claims: pl.DataFrame
    problems: pl.DataFrame
    conflicts: pl.DataFrame
    ipv4: Intervals
    ipv6: Intervals
    names: Names
    asns: npt.NDArray[np.uint32]
    asn_base: int
    countries: Mapping[str, int]
    parent: I32
    first: I32
    since: I32
    until: I32
    owned: npt.NDArray[np.bool_]
    order: npt.NDArray[np.int8]
    rank: npt.NDArray[np.int8]
    best: I32
    count: I32

    def save(self, path: Path) -> None:
        """Write the lookup as one Parquet file that appears whole or not at all."""
        header = {
            "sipar.lookup": _VERSION,
            "digest": self.digest,
            "ranks": json.dumps(self.precedence.ranks),
            "sources": json.dumps(self.precedence.sources),
            "settled": json.dumps([[*key, winner] for key, winner in sorted(self.settled.items())]),
        }
        table = self.claims.select(CLAIM_SCHEMA.names()).sort("id").to_arrow().replace_schema_metadata(header)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".lookup-", delete=False) as file:
            try:
                pq.write_table(table, file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    @classmethod
    def load(cls, path: Path) -> Lookup:
        """Read a lookup that `save` wrote. Raises FormatProblem where the file is another or was changed."""
        try:
            table = pq.read_table(path)
            header = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
            if header.get("sipar.lookup") != _VERSION:
                raise FormatProblem("lookup.version", "the file is no lookup of this version", path.name)
            precedence = Precedence(tuple(json.loads(header["ranks"])), tuple(json.loads(header["sources"])))
            settled = {(kind, value): winner for kind, value, winner in json.loads(header["settled"])}
            claims = pl.from_arrow(table.replace_schema_metadata(None))
        except (pa.ArrowException, KeyError, TypeError, ValueError) as problem:
            raise FormatProblem("lookup.file", "the file is no lookup", path.name) from problem
        assert isinstance(claims, pl.DataFrame)
        made = compile_lookup(claims, precedence=precedence, settled=settled)
        if made.digest != header["digest"]:
            raise FormatProblem("lookup.digest", "the file does not hold what its digest says", path.name)
        return made


def compile_lookup(
    claims: pl.DataFrame, *, precedence: Precedence = PRECEDENCE, settled: Settled | None = None
) -> Lookup:
    """The lookup of `claims` (CLAIM_SCHEMA, in any order). `settled` are the decisions of people on conflicts: the
    claim that goes before every other on the same kind and value, or None where they may all stand.

    A claim that is wrong is left out and stands in `problems`. Raises FormatProblem where columns are missing, two
    claims have one number, or a decision is on a value that is none.
    """
    from sipar.routing import kernels

    good, problems = checked(claims)
    good = good.with_columns(_source_order(precedence))
    decided = decisions(settled or {}, good)
    ordered = _in_order(good, decided)
    parent = np.full(int(ordered["node"][-1]) + 1 if ordered.height else 0, -1, np.int32)
    values = ordered.filter(pl.col("node") != pl.col("node").shift(1, fill_value=-1))
    groups = [values.filter(pl.col("group") == group) for group in range(_GROUPS)]
    bases = np.cumsum([0] + [group.height for group in groups]).tolist()
    ipv4 = nodes.intervals(groups[0], base=bases[0], ipv4=True, parent=parent)
    ipv6 = nodes.intervals(groups[1], base=bases[1], ipv4=False, parent=parent)
    names = nodes.names(groups[2]["value"], base=bases[2], parent=parent)
    first = np.searchsorted(ordered["node"].to_numpy(), np.arange(len(parent) + 1)).astype(np.int32)
    since = ordered["valid_from"].to_physical().fill_null(_NO_DAY).to_numpy().astype(np.int32)
    until = ordered["valid_until"].to_physical().fill_null(_ALWAYS).to_numpy().astype(np.int32)
    owned = ordered["organisation"].is_not_null().to_numpy()
    best, count = np.empty(len(parent), np.int32), np.empty(len(parent), np.int32)
    kernels.summarise(parent, first, since, until, owned, best, count)
    places = np.array([precedence.ranks.index(name) for name in RANKS], np.int8)
    rank = ordered["rank"].to_numpy().astype(np.int8)
    return Lookup(
        digest=_digest(good, precedence, decided),
        precedence=precedence,
        settled={(kind, value): winner for kind, value, winner in decided.iter_rows()},
        claims=ordered.drop("group", "node", "high", "low", "length", "version", "number"),
        problems=problems,
        conflicts=conflicts.find(good, decided),
        ipv4=ipv4,
        ipv6=ipv6,
        names=names,
        asns=nodes.frozen(groups[3]["number"].to_numpy().astype(np.uint32)),
        asn_base=bases[3],
        countries={value: bases[4] + place for place, value in enumerate(groups[4]["value"])},
        parent=nodes.frozen(parent),
        first=nodes.frozen(first),
        since=nodes.frozen(since),
        until=nodes.frozen(until),
        owned=nodes.frozen(owned),
        order=nodes.frozen(places[rank]),
        rank=nodes.frozen(rank),
        best=nodes.frozen(best),
        count=nodes.frozen(count),
    )


def _source_order(precedence: Precedence) -> pl.Expr:
    places = {source: place for place, source in enumerate(precedence.sources)}
    unnamed = len(places)
    return pl.col("source").replace_strict(places, default=unnamed, return_dtype=pl.Int32).alias("source_order")


def _in_order(claims: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The claims in the order of their nodes, shorter values before longer ones, and within a node the best first;
    with `group`, `node`, `rank` (index into RANKS) and whether a person chose the claim."""
    kind, ipv4 = pl.col("kind"), pl.col("version") == 4
    group = (
        pl.when(kind == "prefix")
        .then(pl.when(ipv4).then(0).otherwise(1))
        .otherwise(kind.replace_strict({"domain": 2, "asn": 3, "country": 4}, default=0, return_dtype=pl.Int32))
    )
    single = pl.col("length") == pl.when(ipv4).then(32).otherwise(128)
    rank = (
        pl.when(kind != "prefix")
        .then(kind)
        .when(pl.col("mark").is_in(HOSTED_MARKS))
        .then(pl.lit("hosted"))
        .when(single)
        .then(pl.lit("address"))
        .otherwise(pl.lit("prefix"))
    )
    size = pl.when(kind == "domain").then(pl.col("value").str.len_bytes()).otherwise(pl.col("number"))
    chosen = decided.select("kind", "value", id="winner", chosen=pl.lit(value=True)).drop_nulls("id")
    ranked = claims.join(chosen, on=["kind", "value", "id"], how="left").with_columns(
        pl.col("chosen").fill_null(value=False),
        group=group.cast(pl.UInt8),
        rank=rank.replace_strict({name: place for place, name in enumerate(RANKS)}, return_dtype=pl.Int8),
        size=size.cast(pl.Int64),
    )
    return (
        ranked.sort(
            "group", "size", "high", "low", "length", "value",
            pl.col("organisation").is_null(), ~pl.col("chosen"), "source_order", "id",
        )
        .with_columns(
            node=((pl.col("group") != pl.col("group").shift(1)) | (pl.col("value") != pl.col("value").shift(1)))
            .fill_null(value=True).cum_sum().cast(pl.Int32) - 1
        )
        .drop("size")
    )  # fmt: skip


def _digest(claims: pl.DataFrame, precedence: Precedence, decided: pl.DataFrame) -> str:
    """SHA-256 over the claims by number, column by column, the precedence and the decisions that apply."""
    rules = [_VERSION, precedence.ranks, precedence.sources, decided.rows()]
    found = hashlib.sha256(json.dumps(rules).encode())
    for name, kind in CLAIM_SCHEMA.items():
        column = claims[name]
        if kind == pl.String:
            data, offsets = buffers(column.to_arrow())
            parts = [np.diff(offsets), data[offsets[0] : offsets[-1]]]
        else:
            parts = [column.to_physical().cast(pl.Int64).fill_null(0).to_numpy(), column.is_null().to_numpy()]
        for part in parts:
            found.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()
