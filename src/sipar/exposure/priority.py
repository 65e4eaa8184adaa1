"""What to fix first: points that add up to at most 100, each with its reason.

The points are ours, declared here and explained in docs/explanation/what-to-fix-first.md. Known exploitation weighs
most; without it, how likely exploitation is (`exposure.likelihood`, EPSS where there is one), then how severe the kind
of exposure is, whose it is, and what the vulnerability gives away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from sipar.exposure.decisions import Table, outcomes_of

FINDINGS: Mapping[str, pl.DataType] = {
    "id": pl.Int64(), "severity": pl.Int64(), "tier": pl.Int64(), "reopened": pl.Int64(),
    "first_seen": pl.Date(), "cves": pl.List(pl.String()),
}  # fmt: skip
KNOWN: Mapping[str, pl.DataType] = {
    "cve": pl.String(), "kev_added": pl.Date(), "ransomware": pl.Boolean(), "exploitation": pl.String(),
    "automatable": pl.String(), "technical_impact": pl.String(), "epss": pl.Float64(), "likelihood": pl.Float64(),
}  # fmt: skip
SEVERITY_POINTS = (0, 5, 15, 25, 35)
TIER_POINTS = {1: 10, 2: 5}
KEV, RANSOMWARE, PROOF_OF_CONCEPT, TAKES_OVER, REOPENED = 40, 5, 10, 5, 5
# From which estimate on how many points: the base rate of being listed is about one in two hundred.
LIKELIHOOD_POINTS = ((0.05, 20), (0.01, 10))
EPSS_POINTS = ((0.5, 25), (0.1, 15))
REASONS = ("kev", "ransomware", "poc", "epss", "likelihood", "severity", "tier", "takes_over", "reopened")


def rank(findings: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """`id`, `priority` (0 to 100) and `reasons` (codes of `REASONS`, the weightiest first) of each of `FINDINGS`.

    Of several vulnerabilities of one finding each kind of evidence counts once, from the worst of them. What `known`
    does not hold adds nothing.
    """
    worst = _worst(findings, known)
    points = findings.join(worst, on="id", how="left", maintain_order="left").select("id", **_points())
    codes = pl.DataFrame({"place": range(len(REASONS)), "code": REASONS}, schema_overrides={"place": pl.UInt32})
    reasons = (
        points.unpivot(index="id", variable_name="code", value_name="points")
        .filter(pl.col("points") > 0)
        .join(codes, on="code")
        .sort("id", "points", "place", descending=[False, True, False])
        .group_by("id")
        .agg(pl.col("code").alias("reasons"))
    )
    total = points.select("id", pl.sum_horizontal(REASONS).clip(0, 100).cast(pl.Float64).alias("priority"))
    return total.join(reasons, on="id", how="left", maintain_order="left").with_columns(
        pl.col("reasons").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )


def due_days(findings: pl.DataFrame, known: pl.DataFrame, directive: Table) -> pl.DataFrame:
    """`id` and `due_on`: the earliest day that a directive's timelines give a finding, null where they give none.

    What was observed from outside is exposed. The days run from when it was first seen, or from when it was listed as
    exploited where that came later.
    """
    cases = _pairs(findings, known).with_columns(
        pl.when(pl.col("kev_added").is_null()).then(pl.lit("no")).otherwise(pl.lit("yes")).alias("in_kev"),
        pl.lit("yes").alias("asset_exposure"),
    )
    days = outcomes_of(directive, cases).replace_strict(dict(directive.days), default=None, return_dtype=pl.Int64)
    since = pl.max_horizontal("first_seen", "kev_added")
    return (
        cases.with_columns(days.alias("days"))
        .with_columns((since + pl.duration(days="days")).alias("due_on"))
        .group_by("id")
        .agg(pl.col("due_on").min())
    )


def overdue(due_on: date | None, *, today: date) -> bool:
    """Whether the last day has passed."""
    return due_on is not None and today > due_on


def _pairs(findings: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    named = findings.select("id", "first_seen", cve="cves").explode("cve", empty_as_null=False, keep_nulls=False)
    return named.join(known, on="cve")


def _worst(findings: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    taken_over = (pl.col("automatable") == "yes") & (pl.col("technical_impact") == "total")
    return (
        _pairs(findings, known)
        .group_by("id")
        .agg(
            pl.col("kev_added").is_not_null().any().alias("listed"),
            pl.col("ransomware").fill_null(value=False).any().alias("ransomed"),
            (pl.col("exploitation") == "poc").any().alias("shown"),
            (pl.col("exploitation") == "active").any().alias("active"),
            taken_over.any().alias("total"),
            pl.col("epss").max().alias("highest_epss"),
            pl.col("likelihood").max().alias("highest_likelihood"),
        )
    )


def _points() -> dict[str, pl.Expr]:
    exploited = pl.col("listed").fill_null(value=False) | pl.col("active").fill_null(value=False)
    open_question = ~exploited
    epss = _steps("highest_epss", EPSS_POINTS)
    likelihood = _steps("highest_likelihood", LIKELIHOOD_POINTS)
    # Two forecasts of the same: the higher one counts.
    epss_counts = open_question & (epss >= likelihood)
    likelihood_counts = open_question & (likelihood > epss)
    return {
        "kev": pl.when(exploited).then(KEV).otherwise(0),
        "ransomware": pl.when(pl.col("ransomed").fill_null(value=False)).then(RANSOMWARE).otherwise(0),
        "poc": pl.when(open_question & pl.col("shown").fill_null(value=False)).then(PROOF_OF_CONCEPT).otherwise(0),
        "epss": pl.when(epss_counts).then(epss).otherwise(0),
        "likelihood": pl.when(likelihood_counts).then(likelihood).otherwise(0),
        "severity": pl.col("severity").replace_strict(dict(enumerate(SEVERITY_POINTS)), default=0),
        "tier": pl.col("tier").replace_strict(TIER_POINTS, default=0),
        "takes_over": pl.when(pl.col("total").fill_null(value=False)).then(TAKES_OVER).otherwise(0),
        "reopened": pl.when(pl.col("reopened") > 0).then(REOPENED).otherwise(0),
    }


def _steps(column: str, steps: tuple[tuple[float, int], ...]) -> pl.Expr:
    points = pl.lit(0)
    for least, worth in reversed(steps):
        points = pl.when(pl.col(column) >= least).then(worth).otherwise(points)
    return points
