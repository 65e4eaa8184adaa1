"""The model of exploitation learns only from what was known, and says how sure it is."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from sipar.exposure.likelihood import CVES, FEATURES, LISTED, area_under_curve, estimate, features, learn

ON = date(2026, 1, 1)


def nation(seed: int = 1, number: int = 3_000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invented vulnerabilities of which those over the network with a much exploited vendor are exploited more."""
    random = np.random.default_rng(seed)
    often = random.random(number) < 0.2
    network = random.random(number) < 0.5
    exploited = random.random(number) < np.where(often & network, 0.2, 0.01)
    days = random.integers(0, 600, number)
    cves = pl.DataFrame(
        {
            "cve": [f"CVE-2024-{place:05}" for place in range(number)],
            "published": [date(2024, 6, 1) + timedelta(days=int(day)) for day in days],
            "cvss": random.choice([5.0, 7.5, 9.8], number),
            "vector": np.where(network, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N"),
            "automatable": np.where(network, "yes", "no"),
            "technical_impact": "total",
            "exploitation": "none",
            "vendor": np.where(often, "Often, Inc.", "quiet_soft"),
            "product": "thing",
            "affected": 1,
        },
        schema=dict(CVES),
    )
    listed = (
        cves.filter(pl.Series(exploited))
        .select(
            "cve",
            (pl.col("published") + pl.duration(days=20)).alias("added"),
            pl.col("vendor").replace({"Often, Inc.": "often inc"}),
            "product",
            pl.lit(value=False).alias("ransomware"),
        )
        .cast(pl.Schema(LISTED))
    )
    return cves, listed


def test_what_is_exploited_later_scores_above_what_is_not() -> None:
    cves, listed = nation()
    model = learn(cves, listed, on=date(2025, 6, 1))
    asked = cves.filter(~pl.col("cve").is_in(listed.filter(pl.col("added") < date(2025, 6, 1))["cve"].implode()))
    later = asked["cve"].is_in(listed["cve"].implode()).to_numpy()
    found = estimate(model, asked, listed, on=date(2025, 6, 1))
    assert area_under_curve(found["probability"].to_numpy(), later) > 0.75
    assert (found["low"] <= found["probability"]).all()
    assert (found["probability"] <= found["high"]).all()
    assert set(found["because"].explode().drop_nulls()) <= set(FEATURES)


def test_what_becomes_known_after_the_day_changes_nothing() -> None:
    cves, listed = nation()
    day = date(2025, 3, 1)
    model = learn(cves, listed, on=day)
    known_then = learn(cves.filter(pl.col("published") < day), listed.filter(pl.col("added") < day), on=day)
    assert np.array_equal(model.weights, known_then.weights)
    now, then = (estimate(model, cves, each, on=day) for each in (listed, listed.filter(pl.col("added") < day)))
    assert now.equals(then)


def test_a_listing_does_not_count_in_the_features_of_its_own_vulnerability() -> None:
    cves = nation()[0].head(2).with_columns(pl.lit("acme").alias("vendor"), pl.lit("gate").alias("product"))
    listed = pl.DataFrame([(cves["cve"][0], date(2025, 1, 1), "ACME", "Gate", True)], schema=dict(LISTED), orient="row")
    values = pl.DataFrame(features(cves, listed, on=ON), schema=list(FEATURES), orient="row")
    counted = values.select("vendor_listed", "product_listed", "vendor_ransomware").rows()
    assert counted == [(0.0, 0.0, 0.0), (pytest.approx(np.log(2)),) * 3]


def test_evidence_of_exploitation_raises_the_odds_by_what_is_declared() -> None:
    cves, listed = nation()
    model = learn(cves, listed, on=ON)
    quiet, shown = (
        estimate(model, cves.with_columns(pl.lit(value).alias("exploitation")), listed, on=ON)["probability"].to_numpy()
        for value in ("none", "poc")
    )
    odds = (shown / (1 - shown)) / (quiet / (1 - quiet))
    assert odds == pytest.approx(np.full(odds.size, 3.0))


def test_nothing_is_learnt_where_nothing_was_listed() -> None:
    cves, listed = nation()
    with pytest.raises(ValueError, match="listed"):
        learn(cves, listed.clear(), on=ON)


def test_the_area_under_the_curve_counts_ties_half() -> None:
    happened = np.array([True, False, True, False])
    assert area_under_curve(np.array([3.0, 1.0, 2.0, 0.0]), happened) == 1.0
    assert area_under_curve(np.array([0.0, 1.0, 2.0, 3.0]), happened) == 0.25
    assert area_under_curve(np.ones(4), happened) == 0.5
