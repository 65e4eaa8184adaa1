"""What a plan buys, measure by measure: a page of it, and all of it as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sipar.assessments.models import Campaign
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Organisation
from sipar.risks.plan_files import kept_table
from sipar.risks.plan_models import InvestmentPlan, PlanDetail
from sipar.risks.plan_selectors import choices_of
from sipar.risks.plan_words import in_words, names

if TYPE_CHECKING:
    import polars as pl

FILTERS = ("year", "component", "kind", "sector", "province")
HEADER = (
    "measure", "year", "kind", "identifier", "organisation", "requirement", "title", "level", "target", "component",
    "province", "sector", "cost", "loss_reduced", "shortfall_reduced", "benefit", "currency",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One measure as a page shows it; `organisation` is None where it is for many, and `place` says for which."""

    year: int
    kind: str
    organisation: Organisation | None
    place: str
    requirement: str
    title: str
    reached: int
    cost: float
    loss_reduced: float


@dataclass(frozen=True)
class Titles:
    """What requirements and offers are called in the active language."""

    requirements: Mapping[str, str]
    offers: Mapping[str, str]

    def of(self, kind: str, key: str, requirement: str) -> str:
        return self.requirements.get(requirement, "") if requirement else self.offers.get(f"{kind}/{key}", key)


def titles_of(plan: InvestmentPlan) -> Titles:
    campaign = Campaign.objects.filter(pk=plan.run.campaign_id or 0).only("framework_id").first()
    requirements = loaded(campaign.framework_id).requirements if campaign is not None else ()
    offers = choices_of(plan.run).titles
    return Titles(
        {requirement.id: in_words(requirement.title) for requirement in requirements},
        {key: in_words(title) for key, title in offers.items()},
    )


def chosen(detail: PlanDetail, wanted: Mapping[str, str]) -> pl.DataFrame:
    """The measures of a plan that match, the most valuable first; what is not a filter is passed over."""
    import polars as pl

    table = kept_table(detail.chosen)
    for name in FILTERS:
        value = wanted.get(name, "")
        if value:
            table = table.filter(pl.col(name).cast(pl.String) == value)
    return table


def lines_of(plan: InvestmentPlan, rows: pl.DataFrame) -> list[Line]:
    """These measures with names; the organisations are read at once."""
    titles, places = titles_of(plan), names()
    named = Organisation.objects.in_bulk(rows["organisation"].drop_nulls().unique().to_list())
    return [
        Line(
            year=row["year"],
            kind=row["kind"],
            organisation=named.get(row["organisation"]),
            place=places.place_of(row["measure"]),
            requirement=row["requirement"],
            title=titles.of(row["kind"], row["key"], row["requirement"]),
            reached=row["reached"],
            cost=row["cost"],
            loss_reduced=row["loss_reduced"],
        )
        for row in rows.iter_rows(named=True)
    ]


def exported(plan: InvestmentPlan, detail: PlanDetail) -> pl.DataFrame:
    """All measures with the columns of `HEADER`."""
    import polars as pl

    titles = titles_of(plan)
    table = kept_table(detail.chosen)
    keys = table["organisation"].drop_nulls().unique().to_list()
    named = list(Organisation.objects.filter(pk__in=keys).values_list("pk", "identifier", "name"))
    who = pl.DataFrame(
        named, schema={"organisation": pl.Int64, "identifier": pl.String, "name": pl.String}, orient="row"
    )
    offers = pl.concat_str("kind", pl.lit("/"), "key").replace_strict(
        dict(titles.offers), default=None, return_dtype=pl.String
    )
    requirements = pl.col("requirement").replace_strict(dict(titles.requirements), default=None, return_dtype=pl.String)
    return (
        table.join(who, on="organisation", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce(requirements, offers, pl.col("key")).alias("title"),
            pl.lit(plan.question["currency"]).alias("currency"),
            pl.col("name").alias("organisation"),
        )
        .select(HEADER)
    )


def following(result: Mapping[str, Any], plan: InvestmentPlan) -> list[dict[str, Any]]:
    """What is nearest to being bought, with names."""
    titles, places = titles_of(plan), names()
    named = Organisation.objects.in_bulk([row["organisation"] for row in result["next"] if row["organisation"]])
    return [
        row
        | {
            "named": named.get(row["organisation"]),
            "place": places.place_of(row["measure"]),
            "title": titles.of(row["kind"], row["key"], row["requirement"]),
        }
        for row in result["next"]
    ]
