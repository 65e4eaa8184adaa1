"""Whatever stands in a file of scenarios, the answer is scenarios or a refusal with a place, never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.ciso_assistant_risk import read_ciso
from sipar.formats.monarc_risk import read_monarc
from sipar.formats.problems import FormatProblem
from sipar.formats.pyfair import read_pyfair
from sipar.formats.scenario_file import LevelScale, ScenarioFile, check_scale, is_key, priced
from sipar.formats.scenario_table import HEADER, read_scenario_table
from sipar.formats.tables import read_table

FIXTURES = Path(__file__).parent / "fixtures"
READERS: dict[str, Callable[[bytes], ScenarioFile]] = {
    "monarc-2.13.json": read_monarc,
    "monarc-2.12.json": read_monarc,
    "pyfair-meta.json": read_pyfair,
    "ciso-hypotheses.json": read_ciso,
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in pairs for found in places(each, (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    made = copy.deepcopy(document)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return made


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_file_with_anything_anywhere_is_read_or_refused(name: str, data: st.DataObject) -> None:
    document = json.loads((FIXTURES / name).read_text())
    path = data.draw(st.sampled_from(places(document)))
    content = json.dumps(replaced(document, path, data.draw(ANYTHING))).encode()
    try:
        found = READERS[name](content)
    except FormatProblem:
        return
    assert all(refusal.where and refusal.sentence for refusal in (*found.refusals, *found.left_out))
    assert all(is_key(row.scenario["key"]) for row in found.rows)
    assert all(is_key(risk.scenario["key"]) for risk in found.rated)
    for risk in found.rated:
        with pytest.raises(FormatProblem):
            priced(risk, LevelScale(), source=name)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(HEADER[1:]), st.text(max_size=12)), max_size=6, unique_by=lambda cell: cell[0])
)
def test_a_row_with_anything_in_its_cells_is_taken_or_refused_by_its_place(cells: list[tuple[str, str]]) -> None:
    header = ["key", *(column for column, _ in cells)]
    row = ["a-key", *(text for _, text in cells)]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in (header, row)]
    try:
        found = read_scenario_table(read_table("\n".join(quoted).encode("utf-8", "surrogatepass"), "x.csv"))
    except FormatProblem:
        return
    assert len(found.rows) + len(found.refusals) == 1
    assert all(each.where.startswith("row 2") and each.code for each in found.refusals)


@pytest.mark.parametrize(
    ("scale", "place"),
    [
        (LevelScale(rates={"1": -1.0}), "likelihood 1"),
        (LevelScale(rates={"1": float("inf")}), "likelihood 1"),
        (LevelScale(chances={"1": 1.01}), "vulnerability 1"),
        (LevelScale(impacts={"1": (0.0, 1.0)}), "impact 1"),
        (LevelScale(impacts={"1": (2.0, 1.0)}), "impact 1"),
    ],
)
def test_a_scale_that_cannot_be_is_refused_by_its_level(scale: LevelScale, place: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        check_scale(scale)
    assert caught.value.where == place
