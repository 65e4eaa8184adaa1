"""A source's fields as data, and the one function that turns columns of text into observations by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from sipar.exposure.observations import READ
from sipar.feeds.kernels.casting import Casting
from sipar.feeds.kernels.casts import CASTS
from sipar.feeds.kernels.extra import Member, objects
from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.rsit import rsit_type
from sipar.feeds.reading import MAX_LISTED, BadRow, Chunk, DriftSeen, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one type of report is read.

    `kind` and `classification` (RSIT) hold where no field says otherwise; `constants` go into every row's `extra`.
    `timeless`: a source without times, whose rows are kept with none. Rows without any asset are always refused.
    """

    fields: tuple[Field, ...]
    kind: str
    classification: str = "undetermined"
    severity: int | None = None
    protocol: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    timeless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the steps before have already refused or noticed."""

    bad: Iterable[BadRow] = ()
    drifts: Iterable[DriftSeen] = ()
    more_bad: int = 0
    recoded: int = 0


NOTHING_BEFORE = Before()


def observations(
    plan: Plan,
    table: pa.Table,
    lines: npt.NDArray[np.int64],
    *,
    before: Before = NOTHING_BEFORE,
    ready: pa.Array | None = None,
) -> Chunk:
    """The observations in columns of text. Fields whose column the table has not are left out.

    `ready` holds JSON objects for `extra`, whose keys the plan does not write again.
    """
    present = [found for found in plan.fields if found.columns <= set(table.column_names)]
    casting = Casting.run(table, present, lines)
    _refuse_incomplete(casting, plan)
    frame = casting.frame
    if casting.refused.any():
        keep = pa.array(~casting.refused)
        table, frame, lines = table.filter(keep), frame.filter(pl.Series(keep)), lines[~casting.refused]
        ready = ready.filter(keep) if ready is not None else None
    targets = {name: found for name in READ.names if (found := _target(casting, name)) is not None}
    # Constants alone would be one row; among columns they are as long as those.
    values = frame.with_columns(**targets).select(list(targets))
    extra = _extra(casting, plan, table, frame, ready)
    listed = [*before.bad, *casting.bad]
    return Chunk(
        _as_read(values, extra, plan, lines),
        listed[:MAX_LISTED],
        [*before.drifts, *casting.drifts],
        before.more_bad + casting.more_bad + max(0, len(listed) - MAX_LISTED),
        before.recoded,
    )


def _refuse_incomplete(casting: Casting, plan: Plan) -> None:
    """Rows that say no time, or nothing that could be anybody's."""
    times = _target(casting, "observed_at")
    if not plan.timeless:
        casting.refuse(casting.missing([times] if times is not None else []), "", "time")
    assets = [_target(casting, name) for name in ("ip", "hostname", "url", "asn")]
    casting.refuse(casting.missing([found for found in assets if found is not None]), "", "asset")


def _target(casting: Casting, name: str) -> pl.Expr | None:
    """The column of READ out of the fields that fill it."""
    parts = [casting.value(place) for place, found in enumerate(casting.fields) if found.target == name]
    if not parts:
        return None
    if name == "product":
        joined = pl.concat_str(parts, separator=" ", ignore_nulls=True)
        return pl.when(joined != "").then(joined)
    if name == "cves" and len(parts) > 1:
        together = pl.concat_str(parts, separator=" ", ignore_nulls=True)
        joined = together.str.split(" ").list.unique().list.sort().list.join(" ")
        return pl.when(joined != "").then(joined)
    return pl.coalesce(parts) if len(parts) > 1 else parts[0]


def _extra(
    casting: Casting, plan: Plan, table: pa.Table, frame: pl.DataFrame, ready: pa.Array | None
) -> pa.StringArray:
    """The rest of what the rows say; `table` and `frame` are those of the casting without the refused rows."""
    members: list[Member] = []
    written: set[str] = set()
    for place, found in enumerate(casting.fields):
        how, kept = CASTS[found.cast], casting.kept.get(place)
        key = found.extra or (found.column if kept else "")
        if not key or key in written:
            continue
        written.add(key)
        if found.extra and not casting.empty(place):
            members.append(Member(key, found.column if found.plain else casting.value(place), how.json, how.free))
        if kept:
            # No row has both: what is kept is the text of cells that have no value.
            members.append(Member(key, pl.col(kept), free=True))
    return objects(members, table, frame, plan.constants, ready=ready)


def _as_read(values: pl.DataFrame, extra: pa.Array, plan: Plan, lines: npt.NDArray[np.int64]) -> pa.Table:
    columns: dict[str, pa.Array] = {"line": pa.array(lines), "extra": extra}
    defaults = {
        "kind": plan.kind,
        "classification": rsit_type(plan.classification),
        "severity": plan.severity,
        "protocol": plan.protocol,
    }
    for name in READ.names[1:]:
        wanted = READ.field(name).type
        default = defaults.get(name)
        if name not in values.columns:
            if default is not None:
                columns[name] = _constant(default, wanted, len(lines))
            continue
        series = values.get_column(name)
        if default is not None and series.null_count():
            series = series.fill_null(default)
        array = series.to_arrow(compat_level=pl.CompatLevel.oldest())
        if pa.types.is_dictionary(wanted):
            array = array.cast(pa.string()).dictionary_encode()
        columns[name] = array.cast(wanted)
    return table_of(columns, len(lines))


def _constant(value: object, wanted: pa.DataType, rows: int) -> pa.Array:
    if pa.types.is_dictionary(wanted):
        places = pa.array(np.zeros(rows, dtype=np.int32))
        return pa.DictionaryArray.from_arrays(places, pa.array([value], pa.string()))
    return pa.repeat(pa.scalar(value, wanted), rows)
