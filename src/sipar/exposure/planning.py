"""What the rules make of findings: which rule each falls under, and the bundles that are due. Columns in, columns out.

A rule collects for its interval, in the nation's days and hours, and tells at the end of it, at most once for each
organisation, rule and bundle key. A run that is repeated makes the same bundles with the same `aggregation`; whoever
keeps them holds them unique by it. What comes too late for a window goes with the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from sipar.exposure.rules import TLPS, Quiet, Rule, Rules

Kinds = dict[str, pl.DataType | type[pl.DataType]]
MOMENT = pl.Datetime("us", "UTC")
# One row for each finding that may be told of. `known_at` is when Sipar knew that it is open, `episode` how often it
# had been reopened by then. `tlp` is the source's, as index into TLPS; `shared` is empty or the mark of its range.
FINDINGS: Kinds = {
    "finding": pl.Int64, "organisation": pl.Int64, "sector": pl.String, "province": pl.String, "tier": pl.Int8,
    "kind": pl.String, "classification": pl.String, "severity": pl.Int8, "source": pl.String, "shared": pl.String,
    "tlp": pl.Int8, "asset": pl.String, "known_at": MOMENT, "episode": pl.Int16,
}  # fmt: skip
# How organisations want to be told: minutes of the nation's day, and whether their mail is encrypted.
CHANNELS: Kinds = {
    "organisation": pl.Int64, "channel": pl.String, "language": pl.String, "quiet_from": pl.Int16,
    "quiet_until": pl.Int16, "encrypted": pl.Boolean,
}  # fmt: skip
# Who is not told of what, until the end of a day; null and empty hold for everything.
INHIBITIONS: Kinds = {"organisation": pl.Int64, "kind": pl.String, "asset": pl.String, "until": pl.Date}
# What was told: the finding in its episode, when first, and how many reminders followed.
SENT: Kinds = {"finding": pl.Int64, "episode": pl.Int16, "first_told": MOMENT, "reminders": pl.Int16}
PLANNED: Kinds = {
    "organisation": pl.Int64, "rule": pl.String, "aggregation": pl.String, "reminder": pl.Int16, "channel": pl.String,
    "language": pl.String, "tlp": pl.Int8, "severity": pl.Int8, "not_before": MOMENT, "count": pl.UInt32,
    "findings": pl.List(pl.Int64),
}  # fmt: skip
AMBER_STRICT, RED = TLPS.index("amber+strict"), TLPS.index("red")
DEFAULT_CHANNEL = {"channel": "mail", "language": "en", "encrypted": False}


def plan(
    findings: pl.DataFrame,
    rules: Rules,
    channels: pl.DataFrame,
    inhibitions: pl.DataFrame,
    sent: pl.DataFrame,
    *,
    now: datetime,
    zone: str,
) -> pl.DataFrame:
    """The bundles that are due at `now`, as PLANNED; frames as FINDINGS, CHANNELS, INHIBITIONS and SENT.

    `findings` holds what is open and undecided. New ones and those whose reminder is due come out; each at most once.
    """
    placed = matched(without_inhibited(findings, inhibitions, day=now.astimezone(ZoneInfo(zone)).date()), rules)
    told = placed.filter(pl.col("rule") >= 0).join(sent, on=["finding", "episode"], how="left")
    parts = [
        _due(told.filter(pl.col("rule") == number), rule, now=now, zone=zone) for number, rule in enumerate(rules.rules)
    ]
    due = pl.concat([part for part in parts if part.height] or [parts[0]])
    return _bundled(due, rules, channels, now=now, zone=zone)


def matched(findings: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The frame with the number of the first rule that applies in `rule`, -1 where none does or the rule tells nobody.

    Needs kind, classification, source, sector, province, shared, severity, tier and tlp.
    """
    found = pl.lit(-1, pl.Int16)
    for number, rule in reversed(list(enumerate(rules.rules))):
        says = -1 if rule.tell == "nobody" else number
        found = pl.when(_applies(rule)).then(pl.lit(says, pl.Int16)).otherwise(found)
    return findings.with_columns(found.alias("rule"))


def why(finding: dict[str, object], rules: Rules) -> list[tuple[str, str]]:
    """For one finding, each rule up to the one that applies, with the first condition that does not hold.

    The last entry names the rule that applies, with an empty condition; where none does, no entry is empty.
    """
    row = pl.DataFrame([finding])
    reasons: list[tuple[str, str]] = []
    for rule in rules.rules:
        failed = next((name for name, holds in _conditions(rule) if not row.select(holds).item()), "")
        reasons.append((rule.name, failed))
        if not failed:
            break
    return reasons


def without_inhibited(findings: pl.DataFrame, inhibitions: pl.DataFrame, *, day: object) -> pl.DataFrame:
    """The findings of which somebody may still be told; an inhibition holds to the end of its day."""
    kept = findings
    held = inhibitions.filter(pl.col("until") >= pl.lit(day))
    names = ("organisation", "kind", "asset")
    if held.height == 0:
        return kept
    is_set = [
        pl.col("organisation").is_not_null(),
        pl.col("kind").fill_null("") != "",
        pl.col("asset").fill_null("") != "",
    ]
    for pattern in range(8):
        wanted = [bool(pattern >> place & 1) for place in range(3)]
        rows = held.filter(pl.all_horizontal(has if want else ~has for has, want in zip(is_set, wanted, strict=True)))
        if rows.height == 0:
            continue
        keys = [name for name, want in zip(names, wanted, strict=True) if want]
        if not keys:
            return kept.clear()
        kept = kept.join(rows.select(keys).unique(), on=keys, how="anti")
    return kept


def _conditions(rule: Rule) -> Iterable[tuple[str, pl.Expr]]:
    """Each condition of a rule by name, true where it holds and false where the value is missing."""
    for name in ("kind", "classification", "source", "sector", "province"):
        codes: tuple[str, ...] = getattr(rule.when, name)
        if codes:
            yield name, _any_code(name, codes)
    if rule.when.shared:
        yield "shared", pl.col("shared").fill_null("").replace("", "own").is_in(list(rule.when.shared))
    if rule.when.severity:
        yield "severity", pl.col("severity").is_in(list(rule.when.severity)).fill_null(value=False)
    if rule.when.tier:
        yield "tier", pl.col("tier").is_in(list(rule.when.tier)).fill_null(value=False)
    yield "tlp", (pl.col("tlp") <= rule.tlp).fill_null(value=False)


def _applies(rule: Rule) -> pl.Expr:
    return pl.all_horizontal(holds for _name, holds in _conditions(rule))


def _any_code(name: str, codes: tuple[str, ...]) -> pl.Expr:
    column = pl.col(name).cast(pl.String).fill_null("")
    holds = column.is_in([code for code in codes if not code.endswith("*")])
    for code in codes:
        if code.endswith("*"):
            holds = holds | column.str.starts_with(code[:-1])
    return holds


def window(moment: pl.Expr, rule: Rule, zone: str) -> pl.Expr:
    """The start of the rule's interval that holds this moment, in the nation's zone."""
    return moment.dt.convert_time_zone(zone).dt.truncate(rule.interval)


def _due(told: pl.DataFrame, rule: Rule, *, now: datetime, zone: str) -> pl.DataFrame:
    """Of the findings of one rule those that are due, with `reminder` and the start of the window in `window`."""
    at = pl.lit(now, MOMENT)
    current = window(at, rule, zone)
    allowed = _days(rule).list.get(pl.col("reminders").cast(pl.Int64), null_on_oob=True)
    is_new = pl.col("first_told").is_null() & (window(pl.col("known_at"), rule, zone) < current)
    is_reminded = (pl.col("first_told") + allowed * timedelta(days=1) <= at).fill_null(value=False)
    return told.filter(is_new | is_reminded).with_columns(
        pl.when(pl.col("first_told").is_null())
        .then(pl.lit(0, pl.Int16))
        .otherwise(pl.col("reminders") + 1)
        .cast(pl.Int16)
        .alias("reminder"),
        current.dt.convert_time_zone("UTC").cast(MOMENT).alias("window"),
        bundle_key(rule).alias("bundle"),
    )


def _days(rule: Rule) -> pl.Expr:
    """The reminder days of each row's severity."""
    found = pl.lit([], pl.List(pl.Int64))
    for severity, days in rule.remind.items():
        found = pl.when(pl.col("severity") == severity).then(pl.lit(list(days), pl.List(pl.Int64))).otherwise(found)
    return found


def bundle_key(rule: Rule) -> pl.Expr:
    """What is bundled together besides organisation, rule and window, as text."""
    if not rule.bundle:
        return pl.lit("")
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in rule.bundle], separator="|")


def _bundled(due: pl.DataFrame, rules: Rules, channels: pl.DataFrame, *, now: datetime, zone: str) -> pl.DataFrame:
    bundles = due.group_by("organisation", "rule", "bundle", "window", "reminder", maintain_order=True).agg(
        pl.col("tlp").max(),
        pl.col("severity").max(),
        pl.len().alias("count"),
        pl.col("finding").sort().alias("findings"),
    )
    if bundles.height == 0:
        return pl.DataFrame(schema=PLANNED)
    chosen = with_channels(bundles, rules, channels)
    moments = [
        next_allowed(now, quiet_of(rules.rules[rule], severity, since, until), zone=zone)
        for rule, severity, since, until in chosen.select("rule", "severity", "quiet_from", "quiet_until").iter_rows()
    ]
    names = dict(enumerate(rule.name for rule in rules.rules))
    parts = ["rule", "bundle", pl.col("reminder").cast(pl.String), pl.col("window").dt.strftime("%Y%m%dT%H%M")]
    named = chosen.with_columns(
        pl.col("rule").cast(pl.Int64).replace_strict(names, return_dtype=pl.String).alias("rule"),
        pl.Series("not_before", moments, MOMENT),
    ).with_columns(pl.concat_str(parts, separator="|").alias("aggregation"))
    return named.select([pl.col(name).cast(kind) for name, kind in PLANNED.items()]).sort("organisation", "aggregation")


def with_channels(bundles: pl.DataFrame, rules: Rules, channels: pl.DataFrame) -> pl.DataFrame:
    """The bundles with channel, language and quiet hours of their organisation, or what the rule says instead.

    What is TLP:AMBER+STRICT or RED goes by mail only where that is encrypted; else it is shown on the page.
    """
    override = {number: rule.tell for number, rule in enumerate(rules.rules)}
    joined = bundles.join(channels, on="organisation", how="left").with_columns(
        *(pl.col(name).fill_null(value) for name, value in DEFAULT_CHANNEL.items())
    )
    said = pl.col("rule").cast(pl.Int64).replace_strict(override, return_dtype=pl.String)
    channel = pl.when(said == "own").then(pl.col("channel")).otherwise(said)
    bare = (channel == "mail") & ~pl.col("encrypted") & (pl.col("tlp") >= AMBER_STRICT)
    return joined.with_columns(pl.when(bare).then(pl.lit("portal")).otherwise(channel).alias("channel"))


def quiet_of(rule: Rule, severity: int, since: int | None, until: int | None) -> tuple[Quiet, ...]:
    """The quiet hours that hold for a bundle: the rule's and the organisation's, none where it is urgent."""
    if rule.urgent is not None and severity >= rule.urgent:
        return ()
    own = () if since is None or until is None else (Quiet(_clock(since), _clock(until)),)
    return own if rule.quiet is None else (rule.quiet, *own)


def next_allowed(moment: datetime, quiet: tuple[Quiet, ...], *, zone: str) -> datetime:
    """The first moment from this one on that lies in no quiet hours; hours that leave none hold nothing back."""
    local = moment.astimezone(ZoneInfo(zone))
    for _step in range(2 * len(quiet) + 1):
        holding = next((hours for hours in quiet if _is_quiet(local.time(), hours)), None)
        if holding is None:
            return local.astimezone(moment.tzinfo)
        following = datetime.combine(local.date(), holding.end, ZoneInfo(zone))
        local = following if following > local else following + timedelta(days=1)
    return moment


def _is_quiet(clock: time, hours: Quiet) -> bool:
    if hours.start < hours.end:
        return hours.start <= clock < hours.end
    return clock >= hours.start or clock < hours.end


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
