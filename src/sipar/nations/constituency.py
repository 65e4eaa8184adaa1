"""Who belongs to which CERT: a rule over the register, evaluated for the whole nation at once.

An organisation is a member if any include clause matches it and no exclude clause does. A clause matches if all of
its criteria do; a fact that is not known (null) matches no criterion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple, Self

import polars as pl
from pydantic import Field, StringConstraints, model_validator

from sipar.formats.catalogue import Shape

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$")]
Codes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=10_000)]
Tiers = Annotated[tuple[Annotated[int, Field(ge=1, le=9)], ...], Field(min_length=1, max_length=9)]
Ownership = Literal["public", "private"]
Ownerships = Annotated[tuple[Ownership, ...], Field(min_length=1, max_length=2)]
RegisterRow = Mapping[str, str | int | None]

COLUMN_OF_CRITERION = {
    "sectors": "sector",
    "subsectors": "subsector",
    "provinces": "province",
    "ministries": "ministry",
    "tiers": "tier",
    "ownership": "ownership",
    "organisations": "identifier",
}


class Clause(Shape):
    """All of these. A criterion left out does not restrict; an empty list is refused, since it reads both ways."""

    sectors: Codes | None = None
    subsectors: Codes | None = None
    provinces: Codes | None = None
    ministries: Codes | None = None
    tiers: Tiers | None = None
    ownership: Ownerships | None = None
    organisations: Codes | None = None

    def criteria(self) -> Iterator[tuple[str, tuple[str | int, ...]]]:
        """The criteria that restrict, as (register column, accepted values)."""
        for criterion, column in COLUMN_OF_CRITERION.items():
            accepted = getattr(self, criterion)
            if accepted is not None:
                yield column, accepted


class ConstituencyRule(Shape):
    """`lead`: the team is the first contact of its members. An include clause without criteria means everyone."""

    lead: bool
    include: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=1_000)]
    exclude: Annotated[tuple[Clause, ...], Field(max_length=1_000)] = ()

    @model_validator(mode="after")
    def _exclusions_name_something(self) -> Self:
        if any(clause == Clause() for clause in self.exclude):
            raise ValueError("an exclude clause must name at least one criterion, or it would exclude everyone")
        return self


class Conflicts(NamedTuple):
    """`without_any`: ids of organisations that no team leads. `with_several_leads`: organisation, teams (list)."""

    without_any: pl.Series
    with_several_leads: pl.DataFrame


def _clause_expression(clause: Clause) -> pl.Expr:
    matched = pl.lit(value=True)
    for column, accepted in clause.criteria():
        kind = pl.Int64 if column == "tier" else pl.String
        matched = matched & pl.col(column).cast(kind).is_in(pl.lit(pl.Series(accepted, dtype=kind)).implode())
    return matched.fill_null(value=False)


def membership_expression(rule: ConstituencyRule) -> pl.Expr:
    """A boolean expression over the register's columns, never null, for use inside a larger query."""
    included = pl.any_horizontal(_clause_expression(clause) for clause in rule.include)
    if not rule.exclude:
        return included
    return included & ~pl.any_horizontal(_clause_expression(clause) for clause in rule.exclude)


def members(rule: ConstituencyRule, register: pl.DataFrame) -> pl.Series:
    """One boolean per row of `register` (identifier, sector, subsector, province, ministry, tier, ownership)."""
    return register.with_columns(membership_expression(rule).alias("member"))["member"]


def memberships(rules: Mapping[str, ConstituencyRule], register: pl.DataFrame) -> pl.DataFrame:
    """The membership table of all teams: organisation (the register's id), team (the rules' key), lead."""
    organisation = pl.col("id").alias("organisation")
    per_team = [
        register.lazy()
        .filter(membership_expression(rule))
        .select(organisation, pl.lit(team).alias("team"), pl.lit(value=rule.lead).alias("lead"))
        for team, rule in rules.items()
    ]
    if not per_team:
        empty = {"organisation": register.schema["id"], "team": pl.String(), "lead": pl.Boolean()}
        return pl.DataFrame(schema=empty)
    return pl.concat(per_team).collect()


def conflicts(memberships: pl.DataFrame, organisations: pl.Series | None = None) -> Conflicts:
    """What the Council has to settle, sorted by organisation.

    `memberships` has the columns organisation, team, lead. `organisations` are the ids of the register: without it,
    an organisation that no rule mentions at all cannot be found. Teams that only support or coordinate (lead false)
    do not count: an organisation with the national CERT alone still has nobody to call first.
    """
    everyone = memberships["organisation"] if organisations is None else organisations
    leads = memberships.filter(pl.col("lead")).select("organisation", "team").unique()
    is_led = everyone.is_in(leads["organisation"].implode())
    several = (
        leads.group_by("organisation")
        .agg(pl.col("team").sort().alias("teams"))
        .filter(pl.col("teams").list.len() > 1)
        .sort("organisation")
    )
    return Conflicts(everyone.filter(~is_led).unique().sort().rename("organisation"), several)


def _matches(clause: Clause, row: RegisterRow) -> bool:
    return all(row.get(column) in accepted for column, accepted in clause.criteria())


def _reasons(kind: str, clauses: tuple[Clause, ...], row: RegisterRow) -> Iterator[str]:
    for number, clause in enumerate(clauses, start=1):
        if not _matches(clause, row):
            continue
        criteria = list(clause.criteria())
        if not criteria:
            yield f"{kind}.{number}.everyone"
        yield from (f"{kind}.{number}.{column}={row[column]}" for column, _ in criteria)


def explain(rule: ConstituencyRule, row: RegisterRow) -> list[str]:
    """Why `row` is a member or not: codes such as `exclude.2.sector=telecom`, clauses counted from 1.

    Exclusions come first, since one of them decides alone. `include.1.everyone` stands for a clause without
    criteria; `include.none` says that no include clause matched.
    """
    excluded = list(_reasons("exclude", rule.exclude, row))
    included = list(_reasons("include", rule.include, row))
    return excluded + (included or ["include.none"])
