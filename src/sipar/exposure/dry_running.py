"""What rules would have sent over past months, and how two sets of rules differ. Nothing is sent; columns only.

The history is one row for each episode of a finding (HISTORY): `episodes` folds observations into it, ten million of
them in seconds; whoever has findings already hands those in. `dry_run` then tells what each rule set would have made
of it, and `compare` what only one of the two would have sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sipar.exposure.planning import (
    MOMENT,
    Kinds,
    bundle_key,
    matched,
    next_allowed,
    quiet_of,
    window,
    with_channels,
    without_inhibited,
)
from sipar.exposure.rules import Rule, Rules, span

# One episode of a finding: from when to when it was seen. `key` is anything that tells findings apart (the 16 bytes
# of the lake, a number). `severity` is an index into SEVERITIES, `tlp` one into TLPS, `shared` the mark of the range.
HISTORY: Kinds = {
    "organisation": pl.Int64, "key": pl.UInt64, "kind": pl.String, "classification": pl.String, "severity": pl.Int8,
    "source": pl.String, "shared": pl.String, "tlp": pl.Int8, "asset": pl.String, "first_seen": MOMENT,
    "last_seen": MOMENT,
}  # fmt: skip
# Who the organisations are, for the conditions of the rules.
ORGANISATIONS: Kinds = {"organisation": pl.Int64, "sector": pl.String, "province": pl.String, "tier": pl.Int8}
# One bundle that would have been made: `day` is the nation's day on which it would have gone, `findings` how many it
# tells of, `contents` a sum of hashes by which equal bundles of two rule sets are recognised.
WOULD_SEND: Kinds = {
    "organisation": pl.Int64, "rule": pl.String, "channel": pl.String, "reminder": pl.Int16, "day": pl.Date,
    "severity": pl.Int8, "findings": pl.UInt32, "contents": pl.UInt64,
}  # fmt: skip
GAP_DAYS = 14
_DAY_BITS = np.uint64(0xFFFF)
AMBER = 2


@dataclass(frozen=True)
class DryRun:
    """What one rule set would have sent, and of how many episodes it would have told nobody, by reason."""

    bundles: pl.DataFrame
    untold: Mapping[str, int]


def episodes(
    observations: pl.DataFrame, *, tlp: Mapping[str, int] | None = None, gap_days: int = GAP_DAYS
) -> pl.DataFrame:
    """HISTORY from observations: a finding that was away for more than `gap_days` days starts a new episode.

    Needs organisation, key, kind, classification, severity, source and observed_at; shared and asset where the rules
    ask for them. `tlp` gives each source's label as index into TLPS; TLP:AMBER for others. Unclaimed rows are left out.
    """
    claimed = observations.filter(pl.col("organisation").is_not_null())
    days = claimed["observed_at"].dt.epoch("d").to_numpy().astype(np.uint64)
    packed = (_hashed(claimed) & ~_DAY_BITS) | days
    order = np.argsort(packed, kind="stable")
    packed = packed[order]
    if not claimed.height:
        return pl.DataFrame(schema=HISTORY)
    step = np.diff(packed)
    starts = np.concatenate(([0], np.flatnonzero((step > gap_days) | ((packed[1:] ^ packed[:-1]) > _DAY_BITS)) + 1))
    seen = claimed["observed_at"].cast(MOMENT).to_physical().to_numpy()[order]
    severity = claimed["severity"].fill_null(0).to_numpy()[order]
    first = claimed[order[starts]]
    has = set(claimed.columns)
    label = pl.lit(AMBER, pl.Int8)
    if tlp:
        label = pl.col("source").cast(pl.String).replace_strict(tlp, default=AMBER, return_dtype=pl.Int8)
    named = first.with_columns(
        pl.Series("key", packed[starts] & ~_DAY_BITS),
        pl.Series("severity", np.maximum.reduceat(severity, starts)),
        pl.Series("first_seen", np.minimum.reduceat(seen, starts)).cast(MOMENT),
        pl.Series("last_seen", np.maximum.reduceat(seen, starts)).cast(MOMENT),
        label.alias("tlp"),
        *(pl.lit("").alias(name) for name in ("shared", "asset") if name not in has),
    )
    return named.select([pl.col(name).cast(kind) for name, kind in HISTORY.items()])


def joined(parts: Sequence[pl.DataFrame], *, gap_days: int = GAP_DAYS) -> pl.DataFrame:
    """The episodes of following times, each from `episodes`, as those of the whole time."""
    rows = pl.concat(parts).sort("organisation", "key", "first_seen")
    before = pl.col("last_seen").dt.date().shift()
    same = (pl.col("key") == pl.col("key").shift()) & (pl.col("organisation") == pl.col("organisation").shift())
    away = pl.col("first_seen").dt.date() - before > timedelta(days=gap_days)
    return (
        rows.with_columns((~same | away).fill_null(value=True).cum_sum().alias("episode"))
        .group_by("episode", maintain_order=True)
        .agg(
            pl.exclude("episode", "severity", "last_seen").first(),
            pl.col("severity").max(),
            pl.col("last_seen").max(),
        )
        .select(*HISTORY)
    )


def dry_run(
    history: pl.DataFrame,
    rules: Rules,
    *,
    organisations: pl.DataFrame,
    channels: pl.DataFrame,
    inhibitions: pl.DataFrame,
    zone: str,
) -> DryRun:
    """What the rules would have made of the HISTORY, as WOULD_SEND sorted by day; frames as in `planning`.

    A reminder goes where the finding was still seen on its day. Inhibitions count as if they had always held.
    """
    open_to_tell = without_inhibited(history, inhibitions, day=date.min)
    placed = matched(open_to_tell.join(organisations, on="organisation", how="left"), rules)
    told = placed.filter(pl.col("rule") >= 0)
    untold = {"inhibited": history.height - open_to_tell.height, "no_rule": placed.height - told.height}
    parts = [
        _told(told.filter(pl.col("rule") == number), rule, zone=zone)
        for number, rule in enumerate(rules.rules)
        if rule.tell != "nobody"
    ]
    parts = [part for part in parts if part.height]
    if not parts:
        return DryRun(pl.DataFrame(schema=WOULD_SEND), untold)
    bundles = with_channels(pl.concat(parts), rules, channels)
    named = dict(enumerate(rule.name for rule in rules.rules))
    return DryRun(
        bundles.join(_days_of(bundles, rules, zone), on=_MOMENT_KEYS, how="left", nulls_equal=True)
        .with_columns(pl.col("rule").cast(pl.Int64).replace_strict(named, return_dtype=pl.String))
        .select([pl.col(name).cast(kind) for name, kind in WOULD_SEND.items()])
        .sort("day", "organisation", "rule", "reminder", "contents"),
        untold,
    )


@dataclass(frozen=True)
class Comparison:
    """Two dry runs side by side. `bundles` has WOULD_SEND and `side`: "new", "old" or "same"."""

    bundles: pl.DataFrame

    @property
    def sums(self) -> dict[str, dict[str, int]]:
        """Bundles and findings by side."""
        rows = self.bundles.group_by("side").agg(pl.len().alias("bundles"), pl.col("findings").sum())
        found = {row["side"]: {"bundles": row["bundles"], "findings": row["findings"]} for row in rows.to_dicts()}
        return {side: found.get(side, {"bundles": 0, "findings": 0}) for side in ("new", "old", "same")}

    def by(self, *names: str) -> list[dict[str, Any]]:
        """Bundles of each side by these columns, the greatest difference first."""
        rows = self.bundles.group_by(*names).agg(
            *((pl.col("side") == side).sum().alias(side) for side in ("new", "old", "same"))
        )
        return rows.sort(pl.col("new") + pl.col("old"), *names, descending=[True, *(False for _ in names)]).to_dicts()


def compare(new: DryRun, old: DryRun) -> Comparison:
    """Bundles are the same that would reach the same organisation on the same day with the same findings."""
    keys = ["organisation", "channel", "day", "reminder", "contents"]
    ours, theirs = new.bundles, old.bundles
    both = ours.join(theirs.select(keys).unique(), on=keys, how="semi").with_columns(pl.lit("same").alias("side"))
    only_new = ours.join(theirs, on=keys, how="anti").with_columns(pl.lit("new").alias("side"))
    only_old = theirs.join(ours, on=keys, how="anti").with_columns(pl.lit("old").alias("side"))
    return Comparison(pl.concat([both, only_new, only_old]))


_MOMENT_KEYS = ["rule", "severity", "quiet_from", "quiet_until", "told_at"]


def _told(rows: pl.DataFrame, rule: Rule, *, zone: str) -> pl.DataFrame:
    """The bundles of one rule: first the findings when their window ends, then those that are still seen later."""
    length = span(rule.interval)
    first = rows.with_columns(
        (window(pl.col("first_seen"), rule, zone).dt.offset_by(rule.interval).dt.convert_time_zone("UTC")).alias(
            "told_at"
        ),
        bundle_key(rule).alias("bundle"),
        pl.col("key").hash(seed=1).alias("contents"),
    ).select("organisation", "rule", "bundle", "severity", "tlp", "contents", "last_seen", "told_at")
    waves = [first.with_columns(pl.lit(0, pl.Int16).alias("reminder"))]
    for severity, days in rule.remind.items():
        still = first.filter(pl.col("severity") == severity)
        for number, after in enumerate(days, start=1):
            moment = pl.col("told_at") + max(timedelta(days=after), length)
            still = still.filter(pl.col("last_seen") >= moment)
            waves.append(still.with_columns(moment.alias("told_at"), pl.lit(number, pl.Int16).alias("reminder")))
    return (
        pl.concat(waves)
        .group_by("organisation", "rule", "bundle", "reminder", "told_at")
        .agg(
            pl.col("severity").max(),
            pl.col("tlp").max(),
            pl.len().alias("findings"),
            pl.col("contents").sum(),
        )
    )


def _days_of(bundles: pl.DataFrame, rules: Rules, zone: str) -> pl.DataFrame:
    """The day on which each bundle may go, worked out once for each distinct moment and quiet hours."""
    moments = bundles.select(_MOMENT_KEYS).unique()
    days = [
        next_allowed(told_at, quiet_of(rules.rules[rule], severity, since, until), zone=zone)
        .astimezone(ZoneInfo(zone))
        .date()
        for rule, severity, since, until, told_at in moments.iter_rows()
    ]
    return moments.with_columns(pl.Series("day", days, pl.Date))


def _hashed(frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A number for each finding: with the 48 bits that stay of it, two of ten million meet once in six runs."""
    key = pl.col("key").hash(seed=1) ^ pl.col("organisation").hash(seed=2)
    return frame.select(key).to_series().to_numpy()
