from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sipar.nations.constituency import (
    COLUMN_OF_CRITERION,
    Clause,
    ConstituencyRule,
    conflicts,
    explain,
    members,
    memberships,
)

SCHEMA = {
    "id": pl.Int64,
    "identifier": pl.String,
    "sector": pl.String,
    "subsector": pl.String,
    "province": pl.String,
    "ministry": pl.String,
    "tier": pl.Int64,
    "ownership": pl.String,
}
VALUES: dict[str, list[Any]] = {
    "sectors": ["energy", "telecom", "health"],
    "subsectors": ["oil", "gas"],
    "provinces": ["N", "S"],
    "ministries": ["m1", "m2"],
    "tiers": [1, 2, 3, 4],
    "ownership": ["public", "private"],
    "organisations": ["a", "b", "c"],
}

clauses = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(values), min_size=1, max_size=2) for name, values in VALUES.items()}
)
narrow_clauses = clauses.filter(bool)
rules = st.builds(
    lambda lead, include, exclude: ConstituencyRule(lead=lead, include=include, exclude=exclude),
    st.booleans(),
    st.lists(clauses.map(Clause.model_validate), min_size=1, max_size=3).map(tuple),
    st.lists(narrow_clauses.map(Clause.model_validate), max_size=2).map(tuple),
)
rows = st.fixed_dictionaries(
    {COLUMN_OF_CRITERION[name]: st.none() | st.sampled_from(values) for name, values in VALUES.items()}
)


def register(found: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{"id": number, **row} for number, row in enumerate(found)], schema=SCHEMA)


def rule(*, lead: bool = True, include: list[dict[str, Any]], exclude: list[dict[str, Any]] | None = None) -> Any:
    return ConstituencyRule.model_validate({"lead": lead, "include": include, "exclude": exclude or []})


def reference_match(clause: Clause, row: dict[str, Any]) -> bool:
    """The definition, spelled out for one row."""
    wanted = clause.model_dump(exclude_none=True)
    return all(
        row[COLUMN_OF_CRITERION[name]] is not None and row[COLUMN_OF_CRITERION[name]] in accepted
        for name, accepted in wanted.items()
    )


def reference_member(rule: ConstituencyRule, row: dict[str, Any]) -> bool:
    included = any(reference_match(clause, row) for clause in rule.include)
    return included and not any(reference_match(clause, row) for clause in rule.exclude)


@settings(max_examples=80, deadline=None)
@given(rules, st.lists(rows, max_size=12))
def test_the_whole_register_at_once_gives_what_each_row_gives_alone(
    rule: ConstituencyRule, found: list[dict[str, Any]]
) -> None:
    assert members(rule, register(found)).to_list() == [reference_member(rule, row) for row in found]


@settings(max_examples=50, deadline=None)
@given(rules, narrow_clauses, st.lists(rows, max_size=12))
def test_an_exclusion_always_wins(rule: ConstituencyRule, narrow: dict[str, Any], found: list[dict[str, Any]]) -> None:
    exclusion = Clause.model_validate(narrow)
    stricter = rule.model_copy(update={"exclude": (*rule.exclude, exclusion)})
    inside = members(stricter, register(found)).to_list()
    assert not any(member and reference_match(exclusion, row) for member, row in zip(inside, found, strict=True))


@settings(max_examples=50, deadline=None)
@given(rules, clauses, st.lists(rows, max_size=12))
def test_one_more_include_clause_never_removes_a_member(
    rule: ConstituencyRule, more: dict[str, Any], found: list[dict[str, Any]]
) -> None:
    wider = rule.model_copy(update={"include": (*rule.include, Clause.model_validate(more))})
    before, after = members(rule, register(found)), members(wider, register(found))
    assert not (before & ~after).any()


@settings(max_examples=50, deadline=None)
@given(rules, rows)
def test_the_explanation_agrees_with_the_membership(rule: ConstituencyRule, row: dict[str, Any]) -> None:
    reasons = explain(rule, row)
    says_member = not any(reason.startswith("exclude.") for reason in reasons) and reasons != ["include.none"]
    assert says_member == members(rule, register([row]))[0]


ROW = {
    "identifier": "a",
    "sector": "telecom",
    "subsector": None,
    "province": "N",
    "ministry": None,
    "tier": 1,
    "ownership": "public",
}


def test_the_explanation_names_clause_criterion_and_value() -> None:
    public = rule(include=[{"tiers": [4]}, {"ownership": ["public"], "provinces": ["N"]}])
    assert explain(public, ROW) == ["include.2.province=N", "include.2.ownership=public"]


def test_the_explanation_puts_the_exclusion_that_decides_first() -> None:
    everyone_but = rule(include=[{}], exclude=[{"sectors": ["telecom"]}])
    assert explain(everyone_but, ROW) == ["exclude.1.sector=telecom", "include.1.everyone"]


def test_the_explanation_says_that_no_clause_matched() -> None:
    assert explain(rule(include=[{"sectors": ["health"]}]), ROW) == ["include.none"]


def test_an_unknown_fact_neither_includes_nor_excludes() -> None:
    by_ministry = rule(include=[{"ministries": ["m1"]}])
    not_ministry = rule(include=[{}], exclude=[{"ministries": ["m1"]}])
    assert members(by_ministry, register([ROW])).to_list() == [False]
    assert members(not_ministry, register([ROW])).to_list() == [True]


def test_a_column_without_any_value_is_accepted_whatever_its_type() -> None:
    untyped = register([ROW]).with_columns(pl.lit(None).alias("ministry"))
    assert members(rule(include=[{"ministries": ["m1"]}, {"tiers": [1]}]), untyped).to_list() == [True]


def test_a_rule_for_everyone_covers_every_row_and_an_empty_register() -> None:
    everyone = rule(include=[{}])
    assert members(everyone, register([ROW, ROW])).to_list() == [True, True]
    assert members(everyone, register([])).to_list() == []


@pytest.mark.parametrize(
    "document",
    [
        {"lead": True, "include": []},
        {"lead": True, "include": [{"sectors": []}]},
        {"lead": True, "include": [{}], "exclude": [{}]},
        {"lead": True, "include": [{"colour": ["red"]}]},
        {"lead": True, "include": [{"ownership": ["mixed"]}]},
        {"lead": True, "include": [{"tiers": [0]}]},
    ],
)
def test_a_rule_that_could_be_read_two_ways_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ConstituencyRule.model_validate(document)


def test_the_membership_table_holds_each_team_with_its_members() -> None:
    telecom = {**ROW, "identifier": "a"}
    health = {**ROW, "identifier": "b", "sector": "health"}
    both = {
        "national": rule(lead=False, include=[{}]),
        "telecom": rule(include=[{"sectors": ["telecom"]}]),
    }
    assert memberships(both, register([telecom, health])).sort("team", "organisation").rows() == [
        (0, "national", False),
        (1, "national", False),
        (0, "telecom", True),
    ]


def test_no_rules_give_an_empty_membership_table_and_everyone_without_a_lead() -> None:
    nation = register([ROW, ROW])
    table = memberships({}, nation)
    assert table.is_empty()
    assert conflicts(table, nation["id"]).without_any.to_list() == [0, 1]


def test_the_council_is_shown_who_has_no_lead_and_who_has_two() -> None:
    table = pl.DataFrame(
        {
            "organisation": [1, 1, 2, 3, 3, 3],
            "team": ["national", "power", "national", "telecom", "power", "national"],
            "lead": [False, True, False, True, True, False],
        }
    )
    without_any, with_several_leads = conflicts(table, pl.Series([1, 2, 3, 4]))
    assert without_any.to_list() == [2, 4]
    assert with_several_leads.rows() == [(3, ["power", "telecom"])]


def test_a_team_listed_twice_is_not_a_conflict_with_itself() -> None:
    table = pl.DataFrame({"organisation": [1, 1], "team": ["power", "power"], "lead": [True, True]})
    assert conflicts(table).with_several_leads.is_empty()
