"""Claims that no rule of precedence tells apart: several organisations, one value, the same days, equal sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from sipar.routing.claims import canonical

type Settled = Mapping[tuple[str, str], int | None]

_SCHEMA = pl.Schema({
    "kind": pl.String(),
    "value": pl.String(),
    "organisations": pl.List(pl.Int64()),
    "claims": pl.List(pl.Int64()),
    "settled": pl.Boolean(),
    "winner": pl.Int64(),
})  # fmt: skip


def decisions(settled: Settled, claims: pl.DataFrame) -> pl.DataFrame:
    """The decisions of people on what is claimed: kind, value in canonical spelling, `winner` (null where all may).

    A decision on a value that nobody claims any more is left out. Raises FormatProblem for a value that is none.
    """
    rows = [(kind, canonical(kind, value), winner) for (kind, value), winner in settled.items()]
    frame = pl.DataFrame(
        rows, schema={"kind": pl.String(), "value": pl.String(), "winner": pl.Int64()}, orient="row"
    ).unique(["kind", "value"], keep="first", maintain_order=True)
    return frame.join(claims, on=["kind", "value"], how="semi").sort("kind", "value")


def find(claims: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Every conflict, one row for each value: organisations and claims by number, whether a person has decided, and
    the claim that the person chose. `claims` has the place of its source in the precedence as `source_order`."""
    owned = claims.filter(pl.col("organisation").is_not_null())
    suspects = owned.filter(pl.col("organisation").n_unique().over("kind", "value") > 1)
    columns = ("kind", "value", "id", "organisation", "valid_from", "valid_until", "source_order")
    groups: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for kind, value, *claim in suspects.select(columns).iter_rows():
        groups.setdefault((kind, value), []).append(tuple(claim))
    found = [
        (kind, value, sorted({organisation for _, organisation in tied}), sorted(number for number, _ in tied))
        for (kind, value), group in groups.items()
        if (tied := _tied(group))
    ]
    names = ("kind", "value", "organisations", "claims")
    frame = pl.DataFrame(found, schema={name: _SCHEMA[name] for name in names}, orient="row")
    decided = decided.with_columns(settled=pl.lit(value=True)).select("kind", "value", "settled", "winner")
    joined = frame.join(decided, on=["kind", "value"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("settled").fill_null(value=False)).sort("kind", "value")


def _tied(group: list[tuple[Any, ...]]) -> list[tuple[int, int]]:
    """Number and organisation of each claim that shares a day and a source with one of another organisation, and is
    not wholly covered by a claim of a better source."""
    spans = [
        (number, organisation, since or date.min, until or date.max, source)
        for number, organisation, since, until, source in group
    ]
    tied: set[tuple[int, int]] = set()
    better: list[tuple[date, date]] = []
    for source in sorted({span[4] for span in spans}):
        level = [span[:4] for span in spans if span[4] == source]
        bare = [span for span in level if not any(since <= span[2] and span[3] <= until for since, until in better)]
        tied |= set(_overlapping(bare))
        better += [(since, until) for _, _, since, until in level]
    return sorted(tied)


def _overlapping(spans: list[tuple[int, int, date, date]]) -> Iterable[tuple[int, int]]:
    """Those that share a day with a span of another organisation: one sweep forward for those that began before, one
    backward for those that begin later, each remembering the furthest two of different organisations."""
    ordered = sorted(spans, key=lambda span: (span[2], span[0]))
    furthest: dict[int, date] = {}
    for number, organisation, since, until in ordered:
        if any(other != organisation and end > since for other, end in furthest.items()):
            yield number, organisation
        furthest = _two_furthest(furthest, organisation, until, latest=True)
    nearest: dict[int, date] = {}
    for number, organisation, since, until in reversed(ordered):
        if any(other != organisation and begin < until for other, begin in nearest.items()):
            yield number, organisation
        nearest = _two_furthest(nearest, organisation, since, latest=False)


def _two_furthest(kept: dict[int, date], organisation: int, day: date, *, latest: bool) -> dict[int, date]:
    choose = max if latest else min
    kept[organisation] = choose(kept.get(organisation, day), day)
    return dict(sorted(kept.items(), key=lambda item: item[1], reverse=latest)[:2])
