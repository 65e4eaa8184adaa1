"""What a file of claims would change, as tables: added, changed, ended, unchanged, and kept by hand. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

# One row for each claim: an asset where `organisation` is set, else a national range of `team`.
CLAIMED: Final = {
    "kind": pl.String, "value": pl.String, "organisation": pl.Int64, "team": pl.Int64, "holder": pl.String,
    "mark": pl.String, "valid_from": pl.Date, "valid_until": pl.Date,
}  # fmt: skip
STORED: Final = CLAIMED | {"id": pl.Int64, "source": pl.String}
_KEY: Final = ["kind", "value", "organisation"]
_COMPARED: Final = ("team", "holder", "mark", "valid_from", "valid_until")


@dataclass(frozen=True)
class Difference:
    """`added` as CLAIMED; `reopened` and `changed` as CLAIMED with the `id` of the row and `what` changed; `ended` as
    STORED; counts of what stays as it is and of what a person keeps by hand."""

    added: pl.DataFrame
    reopened: pl.DataFrame
    changed: pl.DataFrame
    ended: pl.DataFrame
    unchanged: int
    kept: int


def by_holders(rows: pl.DataFrame, holders: Mapping[int, int]) -> pl.DataFrame:
    """The rows with `organisation` filled in where the file says that the holder of an AS number holds them.

    `rows` has `kind`, `value`, `key`, `origin` and `organisation`; `holders` maps AS numbers to organisations. A key
    that leads to several organisations leads to none.
    """
    numbers = rows.filter(kind="asn").select("key", number=pl.col("value").str.slice(2).cast(pl.Int64, strict=False))
    own = pl.DataFrame({"number": list(holders)}, schema={"number": pl.Int64}).with_columns(
        key=pl.format("AS{}", "number")
    )
    led = (
        pl.concat([numbers.select("key", "number"), own.select("key", "number")])
        .filter(pl.col("key") != "")
        .with_columns(pl.col("number").replace_strict(dict(holders), default=None, return_dtype=pl.Int64).alias("led"))
        .filter(pl.col("led").is_not_null())
        .group_by("key")
        .agg(pl.col("led").unique())
        .filter(pl.col("led").list.len() == 1)
        .with_columns(pl.col("led").list.first())
    )
    joined = rows.join(led, on="key", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("organisation", "led").alias("organisation")).drop("led")


def compare(incoming: pl.DataFrame, stored: pl.DataFrame, *, source: str, today: date) -> Difference:
    """What bringing the claims of `source` to `incoming` (CLAIMED) would do, given `stored` (STORED): the claims of
    this source and those that people keep by hand ("manual").

    A claim kept by hand stays as it is. A value that passes from one holder to another within the source does so today.
    """
    named = incoming.filter(pl.col("organisation").is_not_null()).select("kind", "value").unique()
    nobodys = incoming.filter(pl.col("organisation").is_null()).join(named, on=["kind", "value"], how="anti")
    wanted = pl.concat([incoming.filter(pl.col("organisation").is_not_null()), nobodys]).unique(
        _KEY, keep="first", maintain_order=True
    )
    manual = stored.filter(source="manual").select(_KEY).unique()
    kept = wanted.join(manual, on=_KEY, how="semi", nulls_equal=True).height
    wanted = wanted.join(manual, on=_KEY, how="anti", nulls_equal=True, maintain_order="left")
    own = stored.filter(source=source)
    over = (pl.col("valid_until") <= today).fill_null(value=False)
    gone = own.filter(~over).join(wanted, on=_KEY, how="anti", nulls_equal=True, maintain_order="left")
    moved = gone.select("kind", "value").unique().with_columns(moved=pl.lit(value=True))
    wanted = wanted.join(moved, on=["kind", "value"], how="left", maintain_order="left").with_columns(
        pl.when("moved").then(pl.lit(today)).otherwise("valid_from").alias("valid_from")
    ).drop("moved")  # fmt: skip
    both = wanted.join(own, on=_KEY, how="inner", nulls_equal=True, suffix="_stored", maintain_order="left")
    added = wanted.join(own, on=_KEY, how="anti", nulls_equal=True, maintain_order="left")
    ended_before = (pl.col("valid_until_stored") <= today).fill_null(value=False)
    still_over = (pl.col("valid_until") <= today).fill_null(value=False)
    reopened = both.filter(ended_before & ~still_over).with_columns(
        valid_from=pl.lit(today), what=pl.lit(["valid_from"])
    )
    same = both.filter(~(ended_before & ~still_over)).with_columns(_what().alias("what"))
    changed = same.filter(pl.col("what").list.len() > 0).with_columns(pl.coalesce("valid_from", "valid_from_stored"))
    columns = [*CLAIMED, "id", "what"]
    return Difference(
        added=added.select(list(CLAIMED)),
        reopened=reopened.select(columns),
        changed=changed.select(columns),
        ended=gone.select(list(STORED)),
        unchanged=same.height - changed.height,
        kept=kept,
    )


def _what() -> pl.Expr:
    """The names of the columns that the file says differently. A file that gives no first day keeps the stored one."""
    flags = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_stored")) & _said(name)).then(pl.lit(name))
        for name in _COMPARED
    ]
    return pl.concat_list(flags).list.drop_nulls()


def _said(name: str) -> pl.Expr:
    return pl.col(name).is_not_null() if name == "valid_from" else pl.lit(value=True)
