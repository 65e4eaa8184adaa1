"""Which duties an incident sets off and when each is due: for a nation's table, by the same expressions as for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.law.assessing import Assessment, ClassifierFinding, DutyFinding, RegimeFinding, Submission, assess
from sipar.law.calendars import Instants, LocalDays
from sipar.law.clocks import STATUSES
from sipar.law.compiling import CompiledRegime, submitted_column
from sipar.law.facts import shipped_facts
from sipar.law.running import NO_LOCAL_DAYS, DutyResult, RegimeResult, anchor_numbers, refuse_twins, run
from sipar.law.table import INSTANT, recalled, typed

__all__ = [
    "Assessment",
    "ClassifierFinding",
    "DutyFinding",
    "RegimeFinding",
    "Submission",
    "assess",
    "evaluate",
]

SLICE = 250_000


def evaluate(
    compiled: Sequence[CompiledRegime],
    incidents: pl.DataFrame,
    *,
    submissions: pl.DataFrame | None = None,
    local_days: LocalDays = NO_LOCAL_DAYS,
    assume_filed_when_due: bool = False,
) -> pl.DataFrame:
    """One row per incident and duty that applies or may apply.

    `incidents` has a column `incident` (any key, passed through), `organisation` where regimes look back, and facts;
    missing columns are unknown. `submissions` has incident, regime, stage and submitted_at (UTC). `local_days` adds
    days without work by country. With `assume_filed_when_due` a stage that was not submitted counts as submitted when
    it was due, so that later clocks run.

    Columns: incident, regime, version, digest, stage, kind, applies (null: undetermined), due_at (null: none running),
    anchor, anchor_at, clock (running, not_started, on_request, unknown_period). Raises FormatProblem for columns of
    the wrong type, and ValueError when two regimes share an identifier.
    """
    whole = whole_table(compiled, incidents, submissions)
    parts = [
        _long_table(results, part["incident"], compiled)
        for part, results in results_by_slice(
            compiled, incidents, whole, local_days=local_days, assume_filed_when_due=assume_filed_when_due
        )
    ]
    return pl.concat(parts) if parts else _long_table([], incidents["incident"], compiled)


def whole_table(
    compiled: Sequence[CompiledRegime], incidents: pl.DataFrame, submissions: pl.DataFrame | None
) -> pl.DataFrame:
    """What an incident recalls and what was submitted, from the whole table, so that no slice decides them."""
    earlier = recalled(incidents, compiled, shipped_facts())
    return pl.DataFrame([*earlier, *_submitted(compiled, incidents["incident"], submissions)])


def results_by_slice(
    compiled: Sequence[CompiledRegime],
    incidents: pl.DataFrame,
    whole: pl.DataFrame,
    *,
    local_days: LocalDays,
    assume_filed_when_due: bool,
) -> Iterator[tuple[pl.DataFrame, list[RegimeResult]]]:
    """What `evaluate` puts in its table, a slice of incidents at a time: the slice, and the result of each regime."""
    refuse_twins(compiled)
    for start in range(0, incidents.height, SLICE):
        part = incidents.slice(start, SLICE)
        prepared = typed(part, compiled, shipped_facts()).hstack(whole.slice(start, SLICE))
        results = run(compiled, prepared, local_days=local_days, assume_filed_when_due=assume_filed_when_due)
        yield part, results


def _submitted(
    compiled: Sequence[CompiledRegime], keys: pl.Series, submissions: pl.DataFrame | None
) -> list[pl.Series]:
    """A column for the first and the latest submission of each stage that a regime looks at and that was submitted."""
    if submissions is None or submissions.is_empty():
        return []
    incidents = keys.to_frame("incident")
    submissions = submissions.with_columns(pl.col("submitted_at").dt.cast_time_unit("us"))
    columns: list[pl.Series] = []
    for each in compiled:
        mine = submissions.filter(pl.col("regime") == each.identifier)
        anchored = {name for duty in each.duties for anchor in duty.clock.anchors() for name in anchor.names}
        asked = anchored.union(each.first_submitted, each.latest_submitted)
        for stage in (duty.duty.stage for duty in each.duties if duty.duty.stage in asked):
            first, latest = (submitted_column(each.identifier, stage, latest=which) for which in (False, True))
            found = (
                mine.filter(pl.col("stage") == stage)
                .group_by("incident")
                .agg(pl.col("submitted_at").min().alias(first), pl.col("submitted_at").max().alias(latest))
            )
            if found.height:
                joined = incidents.join(found, on="incident", how="left", maintain_order="left")
                columns += [joined[first], joined[latest]]
    return columns


def _long_table(
    regime_results: Sequence[RegimeResult], keys: pl.Series, compiled: Sequence[CompiledRegime]
) -> pl.DataFrame:
    regimes = pl.Enum([each.identifier for each in compiled])
    digests = pl.Enum(list(dict.fromkeys(each.digest for each in compiled)))
    duties = [duty.duty for each in compiled for duty in each.duties]
    stages = pl.Enum(list(dict.fromkeys(duty.stage for duty in duties)))
    kinds = pl.Enum(list(dict.fromkeys(duty.sort for duty in duties)))
    anchors = {each: [anchor.words for anchor in anchor_numbers(each)] for each in compiled}
    words = pl.Enum(list(dict.fromkeys(word for each in anchors.values() for word in each)))
    clocks = pl.Enum(STATUSES)
    parts = [
        pl.DataFrame(
            {
                "incident": keys.gather(result.rows),
                "applies": _applies(result),
                "due_at": _instants(result.due.at),
                "anchor": _words(result.due.anchor, pl.Enum(anchors[result.compiled])).cast(words),
                "anchor_at": _instants(result.due.anchor_at),
                "clock": _words(result.due.status, clocks),
            }
        ).select(
            "incident",
            pl.lit(result.compiled.identifier, dtype=regimes).alias("regime"),
            pl.lit(result.compiled.regime.version, dtype=pl.UInt32).alias("version"),
            pl.lit(result.compiled.digest, dtype=digests).alias("digest"),
            pl.lit(result.duty.duty.stage, dtype=stages).alias("stage"),
            pl.lit(result.duty.duty.sort, dtype=kinds).alias("kind"),
            "applies",
            "due_at",
            "anchor",
            "anchor_at",
            "clock",
        )
        for regime in regime_results
        for result in regime.duties
    ]
    empty = pl.DataFrame(
        schema={
            "incident": keys.dtype,
            "regime": regimes,
            "version": pl.UInt32,
            "digest": digests,
            "stage": stages,
            "kind": kinds,
            "applies": pl.Boolean,
            "due_at": INSTANT,
            "anchor": words,
            "anchor_at": INSTANT,
            "clock": clocks,
        }
    )
    return pl.concat([empty, *parts])


def _applies(result: DutyResult) -> pl.Series:
    yes = pl.Series(result.applies == 1)
    return yes.set(pl.Series(result.applies == -1), None) if (result.applies == -1).any() else yes


def _instants(values: Instants) -> pl.Series:
    return pl.Series(values).dt.replace_time_zone("UTC")


def _words(codes: NDArray[np.integer], words: pl.Enum) -> pl.Series:
    narrow = pl.UInt8 if len(words.categories) < 255 else pl.UInt16
    known = pl.Series(codes.astype(np.int32))
    return known.set(known < 0, None).cast(narrow).cat.to(words)
