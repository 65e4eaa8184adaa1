"""Scenarios as tables and as JSON: what is written reads back, and what is wrong is named by row and column."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import ScenarioFile, key_of
from sipar.formats.scenario_table import (
    read_scenario_json,
    read_scenario_table,
    refuse_formulas,
    write_scenarios_csv,
    write_scenarios_xlsx,
)
from sipar.formats.tables import read_table


def scenario(**changes: Any) -> dict[str, Any]:
    source = {"text": "Survey of 2024, table 3", "quality": "published", "doubt": 1.5}
    return {
        "key": "ransomware",
        "title": {"en": "Ransomware", "ur": "رینسم ویئر"},
        "event": "malware",
        "asset": "servers",
        "forms": ["response", "productivity"],
        "applies": {"sectors": ["power"], "tiers": [1, 2], "sizes": [], "ownership": []},
        "frequency": {"mean": 0.2, "per": "year", "variation": 0.5, "overdispersion": 0.0, "source": source},
        "loss": {
            "primary": {
                "shape": "lognormal", "low": 10_000.0, "high": 900_000.0, "confidence": 0.9, "limit": 5e6,
                "tail": {"threshold": 1e6, "scale": 3e5, "tail_shape": 0.4},
            },
            "secondary_probability": 0.25,
            "secondary": {"shape": "empirical", "costs": [10.0, 2000.0, 2000.5]},
            "source": source,
            "plausible": {"low": 1000.0, "high": 1e7},
        },
        "scale": {"size": {"small": 0.3}, "tier": {"1": 3.0}},
    } | changes  # fmt: skip


def read(text: str) -> ScenarioFile:
    return read_scenario_table(read_table(text.encode(), "scenarios.csv"))


def refused(text: str) -> list[tuple[str, str]]:
    return [(each.where, each.code) for each in read(text).refusals]


@pytest.mark.parametrize("write", [write_scenarios_csv, write_scenarios_xlsx])
def test_scenarios_that_are_written_read_back_as_they_were(write: Any) -> None:
    pareto = {"shape": "pareto", "threshold": 1000.0, "scale": 500.0, "tail_shape": -0.2}
    other = scenario(key="fraud", loss=scenario()["loss"] | {"primary": pareto, "secondary": None})
    found = read_scenario_table(read_table(write([scenario(), other], currency="USD", year=2025), "back"))
    assert found.refusals == ()
    assert [row.scenario for row in found.rows] == [scenario(), other]
    assert {(row.currency, row.year) for row in found.rows} == {("USD", 2025)}


def test_an_empty_cell_says_nothing_and_all_empties_a_list() -> None:
    found = read("key,title,sectors,frequency\nransomware,,all,\n").rows[0].scenario
    assert found == {"key": "ransomware", "applies": {"sectors": []}}


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("frequency", "-1", "negative"),
        ("frequency", "inf", "not_finite"),
        ("frequency", "-infinity", "not_finite"),
        ("frequency", "NaN", "not_finite"),
        ("frequency", "1e999", "not_finite"),
        ("frequency", '"1,200"', "not_a_number"),
        ("frequency", "USD 5", "not_a_number"),
        ("frequency", "5%", "not_a_number"),
        ("frequency", "=1+1", "table.formula"),
        ("title", "@SUM(A1)", "table.formula"),
        ("title", "+cmd|' /C calc'!A0", "table.formula"),
        ("per", "week", "unknown_choice"),
        ("loss_low", "5", "missing"),
        ("loss_shape", "normal", "unknown_choice"),
        ("size_factors", "small", "factors"),
        ("currency", "Rupees", "currency"),
        ("year", "25", "year"),
        ("tiers", "1; x", "not_a_number"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column_and_the_other_rows_go_on(header: str, cell: str, code: str) -> None:
    text = f"key,event,{header}\nfirst,malware,\nsecond,malware,{cell}\nthird,malware,\n"
    found = read(text)
    assert [(each.where, each.code) for each in found.refusals] == [(f"row 3, column {header} (C)", code)]
    assert [row.scenario["key"] for row in found.rows] == ["first", "third"]


def test_a_key_that_is_none_or_stands_twice_is_refused() -> None:
    assert refused("key\nTwo Words\none\none\n") == [("row 2, column key (A)", "scenarios.key"), ("row 4", "twice")]


def test_a_column_that_nobody_knows_is_refused_rather_than_lost() -> None:
    with pytest.raises(FormatProblem, match="annual_loss"):
        read("key,annual_loss\na,5\n")


def test_a_workbook_that_computes_a_cell_is_refused_by_that_cell() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["key", "frequency"])
        sheet.write_row(1, 0, ["ransomware", 0.5])
        sheet.write_formula(2, 1, "=B2*12", None, 6)
    with pytest.raises(FormatProblem) as caught:
        refuse_formulas(buffer.getvalue())
    assert (caught.value.code, caught.value.where) == ("table.formula", "row 3, column B")


def test_json_gives_scenarios_and_the_other_parts_of_the_assumptions() -> None:
    document = {"currency": "PKR", "year": 2024, "scenarios": [scenario(), {"key": "No"}], "shocks": []}
    found = read_scenario_json(json.dumps(document).encode())
    assert [row.scenario for row in found.rows] == [scenario()]
    assert (found.rows[0].currency, found.rows[0].year, dict(found.sections)) == ("PKR", 2024, {"shocks": []})
    assert [(each.where, each.code) for each in found.refusals] == [("scenarios/1", "scenarios.key")]


@pytest.mark.parametrize(
    "bad", [b'{"scenarios": [' + b"[" * 100 + b"]" * 100 + b"]}", b'{"scenarios": [1e999]}', b"{}"]
)
def test_json_that_is_too_deep_not_finite_or_something_else_is_refused(bad: bytes) -> None:
    with pytest.raises(FormatProblem):
        read_scenario_json(bad)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=100))
def test_every_name_gives_a_key_and_the_same_name_the_same_key(name: str) -> None:
    from sipar.formats.scenario_file import is_key

    assert is_key(key_of(name))
    assert key_of(name) == key_of(name)
