"""Conditions: what may be said, what an unknown fact does, and what a hostile text cannot do."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.law.conditions import Term, at_least, compile_condition

TERMS = {
    "loss": Term("loss", "number"),
    "severe": Term("severe", "boolean"),
    "known": Term("known", "boolean"),
    "kind": Term("kind", "text", frozenset({"bank", "shop"})),
    "aware_at": Term("aware_at", "instant"),
    "classified_at": Term("classified_at", "instant"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("severe OR known", [True, None, None]),
        ("severe AND known", [None, False, None]),
        ("NOT severe", [False, True, None]),
        ("loss > 10 OR severe", [True, None, None]),
        ("kind IN ('bank')", [True, None, False]),
        ("kind NOT IN ('bank')", [False, None, True]),
        ("kind IS NULL", [False, True, False]),
        ("loss BETWEEN 0 AND 0.5 * loss", [None, None, None]),
    ],
)
def test_an_unknown_fact_leaves_undetermined_only_what_it_could_change(text: str, expected: list[bool | None]) -> None:
    columns: dict[str, list[object]] = {
        "severe": [True, False, None],
        "known": [None, None, None],
        "loss": [None, None, None],
        "kind": ["bank", None, "shop"],
    }
    typed = pl.DataFrame(columns).cast({"known": pl.Boolean, "loss": pl.Float64})
    assert typed.select(compile_condition(text, TERMS).expression.alias("x"))["x"].to_list() == expected


def test_five_percent_of_an_unknown_turnover_leaves_only_small_losses_open() -> None:
    terms = {"loss": Term("loss", "number"), "turnover": Term("turnover", "number")}
    condition = compile_condition("loss > 500000 OR loss > 0.05 * turnover", terms)
    frame = pl.DataFrame({"loss": [600_000.0, 400_000.0], "turnover": pl.Series([None, None], dtype=pl.Float64)})
    assert frame.select(condition.expression.alias("x"))["x"].to_list() == [True, None]


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=6), st.integers(1, 6))
def test_at_least_is_settled_as_soon_as_the_unknown_ones_cannot_change_it(
    values: list[bool | None], count: int
) -> None:
    frame = pl.DataFrame({str(index): pl.Series([value], dtype=pl.Boolean) for index, value in enumerate(values)})
    found = frame.select(at_least(count, [pl.col(name) for name in frame.columns]).alias("x"))["x"].item()
    yes, open_ = values.count(True), values.count(None)
    assert found is (True if yes >= count else False if yes + open_ < count else None)


HOSTILE = [
    ("read_csv('/etc/passwd')", "condition.name"),
    ("loss IN (SELECT loss FROM read_csv('/etc/passwd'))", "condition.name"),
    ("EXISTS (SELECT 1)", "condition.name"),
    ("*", "condition.syntax"),
    ("COUNT(*) > 1", "condition.name"),
    ("COLUMNS('.*') > 1", "condition.name"),
    ("kind ~ '(x+)+y'", "condition.character"),
    ("kind LIKE '%%%%%%'", "condition.name"),
    ("REGEXP_LIKE(kind, '(x+)+')", "condition.name"),
    ("kind || kind || kind = 'x'", "condition.character"),
    ("loss(severe)", "condition.syntax"),
    ("severe; DROP TABLE facts", "condition.character"),
    ("severe -- and the rest", "condition.comment"),
    ("severe /* and */", "condition.character"),
    ('"severe"', "condition.character"),
    ("severe::int > 0", "condition.character"),
    ("CAST(severe AS int) > 0", "condition.name"),
    ("loss[0] > 1", "condition.character"),
    ("kind.x = 'bank'", "condition.character"),
    ("loss / 0 > 1", "condition.character"),
    ("loss > 99999999999999999999", "condition.number"),
    ("severe AND NULL", "condition.null"),
    ("severe IS TRUE", "condition.is"),
    ("severe severe", "condition.forbidden"),
    ("loss", "condition.type"),
    ("severe AND loss", "condition.type"),
    ("loss = 'bank'", "condition.type"),
    ("severe > known", "condition.type"),
    ("kind > 'bank'", "condition.type"),
    ("kind = 'banc'", "condition.answer"),
    ("kind IN ('bank', 'banc')", "condition.answer"),
    ("kind NOT IN (1, 2)", "condition.type"),
    ("classified_at > aware_at + INTERVAL '3 weeks'", "condition.interval"),
    ("classified_at > aware_at + INTERVAL '999999 months'", "condition.interval"),
    ("loss > INTERVAL '3 hours'", "condition.type"),
    ("", "condition.syntax"),
    ("'" + "x" * 3_000, "condition.length"),
    ("(" * 400 + "severe" + ")" * 400, "condition.depth"),
    ("NOT " * 300 + "severe", "condition.syntax"),
    ("severe" + " OR severe" * 150, "condition.depth"),
    ("loss" + "+loss" * 240 + ">1", "condition.depth"),
    ("loss" + "=1" * 450, "condition.length"),
    ("unheard_of", "condition.name"),
]


@pytest.mark.parametrize(("text", "code"), HOSTILE)
def test_what_could_read_write_or_hang_is_refused_before_it_is_evaluated(text: str, code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        compile_condition(text, TERMS)
    assert refused.value.code == code


@given(st.text(max_size=200) | st.text(alphabet="severlo '()<>=-+*,.ANDORTI\"\\", max_size=120))
def test_any_text_is_either_refused_or_gives_yes_no_or_unknown(text: str) -> None:
    try:
        condition = compile_condition(text, TERMS)
    except FormatProblem:
        return
    row = pl.DataFrame({"loss": [1.0], "severe": [True], "known": [None], "kind": ["bank"]}).with_columns(
        pl.lit(None, dtype=pl.Boolean).alias("known")
    )
    assert row.select(condition.expression.alias("x")).schema["x"] == pl.Boolean


def test_a_refusal_names_the_character_it_was_met_at() -> None:
    with pytest.raises(FormatProblem) as refused:
        compile_condition("severe OR unheard_of", TERMS)
    assert refused.value.where == "character 11"


def test_an_interval_compares_two_instants() -> None:
    text = "classified_at > aware_at + INTERVAL '24 hours'"
    moments = {
        "aware_at": ["2026-03-01T00:00"] * 4,
        "classified_at": ["2026-03-02T00:01", "2026-03-02T00:00", None, "2026-03-01T12:00"],
    }
    frame = pl.DataFrame(moments).select(pl.all().str.to_datetime("%Y-%m-%dT%H:%M", time_zone="UTC"))
    found = frame.select(compile_condition(text, TERMS).expression.alias("x"))["x"].to_list()
    assert found == [True, False, None, False]
