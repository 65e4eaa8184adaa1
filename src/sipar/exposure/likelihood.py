"""How likely it is that a vulnerability turns out to be exploited: a model that can be read, and says how sure it is.

A ridge logistic regression over facts that are there before exploitation is known: CVSS and its vector, SSVC's
automatable and technical impact, how much is affected, and how often the vendor's and the product's other
vulnerabilities were exploited before. Learnt only from what was known on a day: a vulnerability counts as exploited if
it was listed by then, and its own listing never enters its own features.

SSVC's exploitation value is not learnt from. CISA raises it when it lists a vulnerability, so that a record as it
stands today tells the answer; what it adds is the declared `EVIDENCE` instead. Words of the description and weakness
classes were tried and did not help on later listings (docs/explanation/what-to-fix-first.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np
import polars as pl
from numpy.typing import NDArray

type Matrix = NDArray[np.float64]

CVES: Mapping[str, pl.DataType] = {
    "cve": pl.String(), "published": pl.Date(), "cvss": pl.Float64(), "vector": pl.String(),
    "automatable": pl.String(), "technical_impact": pl.String(), "exploitation": pl.String(),
    "vendor": pl.String(), "product": pl.String(), "affected": pl.Int64(),
}  # fmt: skip
LISTED: Mapping[str, pl.DataType] = {
    "cve": pl.String(), "added": pl.Date(), "vendor": pl.String(), "product": pl.String(), "ransomware": pl.Boolean(),
}  # fmt: skip
# Log odds that evidence of exploitation adds: our judgement, not learnt (see above).
EVIDENCE: Mapping[str, float] = {"poc": log(3), "active": log(100)}
USUAL_CVSS = 6.5
_VECTOR = (
    "AV:N", "AV:A", "AV:L", "AC:L", "PR:N", "PR:L", "UI:N", "C:H", "I:H", "A:H",
)  # fmt: skip
FEATURES = (
    "cvss", "cvss_unknown", *_VECTOR, "automatable", "total_impact", "affected",
    "vendor_listed", "product_listed", "vendor_ransomware",
)  # fmt: skip
RIDGE = 200.0
_STEPS, _ENOUGH = 50, 1e-8
# Both ends of a 90 % interval of a normal distribution, in standard deviations.
_NINETY = 1.6449


@dataclass(frozen=True)
class Model:
    """Weights over standardised `FEATURES`, the intercept last, with the covariance of the weights (Laplace)."""

    learnt_on: date
    records: int
    listed: int
    mean: Matrix
    deviation: Matrix
    weights: Matrix
    covariance: Matrix


def learn(cves: pl.DataFrame, listed: pl.DataFrame, *, on: date, ridge: float = RIDGE) -> Model:
    """The model from `cves` published before `on` and the listings before it. Raises ValueError with none of either."""
    known = cves.filter(pl.col("published") < on)
    before = listed.filter(pl.col("added") < on)
    exploited = known["cve"].is_in(before["cve"].implode()).to_numpy()
    if not exploited.any() or exploited.all():
        raise ValueError("vulnerabilities that were listed, and others that were not, are needed to learn from")
    values = features(known, before, on=on)
    mean, deviation = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    inputs = np.column_stack([(values - mean) / deviation, np.ones(len(values))])
    weights, covariance = _fit(inputs, exploited.astype(np.float64), ridge)
    return Model(on, len(values), int(exploited.sum()), mean, deviation, weights, covariance)


def estimate(model: Model, cves: pl.DataFrame, listed: pl.DataFrame, *, on: date) -> pl.DataFrame:
    """For each row: `cve`, `probability` with a 90 % interval (`low`, `high`), and `because`.

    `because` names the three features that raise the estimate most above an average vulnerability's. What the evidence
    of exploitation adds is certain only as far as `EVIDENCE` is.
    """
    values = features(cves, listed.filter(pl.col("added") < on), on=on)
    standard = (values - model.mean) / model.deviation
    inputs = np.column_stack([standard, np.ones(len(values))])
    spread = _NINETY * np.sqrt(np.einsum("ij,jk,ik->i", inputs, model.covariance, inputs))
    evidence = cves["exploitation"].replace_strict(EVIDENCE, default=0.0, return_dtype=pl.Float64).to_numpy()
    odds = inputs @ model.weights + evidence
    raised = standard * model.weights[:-1]
    first = np.argsort(-raised, axis=1)[:, :3]
    names = np.array(FEATURES, dtype=object)[first]
    names[np.take_along_axis(raised, first, axis=1) <= 0] = None
    because = pl.Series("because", names.tolist(), dtype=pl.List(pl.String)).list.drop_nulls()
    return pl.DataFrame(
        {"cve": cves["cve"], "probability": _share(odds), "low": _share(odds - spread), "high": _share(odds + spread)}
    ).with_columns(because)


def features(cves: pl.DataFrame, listed: pl.DataFrame, *, on: date) -> Matrix:
    """One row for each of `cves` over `FEATURES`; its own listing is left out of what its vendor and product count."""
    before = listed.filter(pl.col("added") < on).select(
        "cve", _plain("vendor"), _plain("product"), pl.col("ransomware").fill_null(value=False)
    )
    vendors = before.group_by("vendor").agg(pl.len().alias("by_vendor"), pl.col("ransomware").sum().alias("ransomed"))
    products = before.group_by("vendor", "product").agg(pl.len().alias("by_product"))
    own = before.unique("cve").select(
        "cve", pl.col("vendor").alias("own_vendor"), pl.col("product").alias("own_product"),
        pl.col("ransomware").alias("own_ransomware"),
    )  # fmt: skip
    vector = pl.col("vector").fill_null("")
    same_vendor = (pl.col("own_vendor") == pl.col("vendor")).fill_null(value=False)
    same_product = same_vendor & (pl.col("own_product") == pl.col("product")).fill_null(value=False)
    frame = (
        cves.with_columns(_plain("vendor"), _plain("product"))
        .join(vendors, on="vendor", how="left", maintain_order="left")
        .join(products, on=["vendor", "product"], how="left", maintain_order="left")
        .join(own, on="cve", how="left", maintain_order="left")
        .select(
            (pl.col("cvss").fill_null(USUAL_CVSS) / 10).alias("cvss"),
            pl.col("cvss").is_null().alias("cvss_unknown"),
            *((vector + "/").str.contains(f"/{part}/", literal=True).alias(part) for part in _VECTOR),
            (pl.col("automatable") == "yes").fill_null(value=False).alias("automatable"),
            (pl.col("technical_impact") == "total").fill_null(value=False).alias("total_impact"),
            pl.col("affected").fill_null(0).log1p().alias("affected"),
            (pl.col("by_vendor").fill_null(0) - same_vendor.cast(pl.Int64)).log1p().alias("vendor_listed"),
            (pl.col("by_product").fill_null(0) - same_product.cast(pl.Int64)).log1p().alias("product_listed"),
            (
                pl.col("ransomed").fill_null(0)
                - (same_vendor & pl.col("own_ransomware").fill_null(value=False)).cast(pl.Int64)
            )
            .log1p()
            .alias("vendor_ransomware"),
        )
    )
    return frame.select(pl.col(FEATURES).cast(pl.Float64)).to_numpy()


def area_under_curve(score: Matrix, happened: NDArray[np.bool_]) -> float:
    """The chance that what happened scores above what did not, ties counted half (Mann and Whitney)."""
    _values, place, times = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(times)
    rank = ((last - times + 1) + last)[place] / 2
    positive = int(happened.sum())
    negative = happened.size - positive
    return float((rank[happened].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _plain(column: str) -> pl.Expr:
    """Names as vendors and catalogues write them differently: letters and digits alone, null where there are none."""
    plain = pl.col(column).str.to_lowercase().str.replace_all("[^a-z0-9]", "")
    return pl.when(plain.is_in(["", "na"])).then(None).otherwise(plain).alias(column)


def _fit(inputs: Matrix, happened: Matrix, ridge: float) -> tuple[Matrix, Matrix]:
    """Newton's method on the penalised likelihood; the intercept is not penalised."""
    penalty = np.full(inputs.shape[1], ridge)
    penalty[-1] = 0
    weights = np.zeros(inputs.shape[1])
    weights[-1] = np.log(happened.mean() / (1 - happened.mean()))
    for _ in range(_STEPS):
        share = _share(inputs @ weights)
        gradient = inputs.T @ (share - happened) + penalty * weights
        curvature = (inputs * (share * (1 - share))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < _ENOUGH:
            break
    return weights, np.linalg.inv(curvature)


def _share(odds: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
