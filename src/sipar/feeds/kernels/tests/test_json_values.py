"""Objects out of JSON of strangers."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.kernels.json_values import MAX_DEPTH, json_objects
from sipar.formats.problems import FormatProblem


def read(text: str | bytes) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, str]]]:
    """The objects and the refused, with their lines."""
    data = text.encode() if isinstance(text, str) else text
    found = list(json_objects(io.BytesIO(data)))
    values = [(item.line, item.value) for item in found if item.value is not None]
    return values, [(bad.line, bad.code) for item in found for bad in item.bad]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1, "a": 2}', "duplicate"), ('{"a": NaN}', "number"), ('{"a": -Infinity}', "number"),
        ('{"a": 1e999}', "number"), ('{"a": 123456789012345678901234567890}', "number"), ('{"a": ', "syntax"),
        ("[1]", "object"), ("7", "object"), ('{"a": "\\ud800"}', "encoding"), ('{"a": "\\u0000"}', "nul"),
        ('{"a": "\x00"}', "nul"), ('{"a": 1} x', "syntax"), ('{"a": ' + "[" * 100_000, "syntax"),
        ('{"a": ' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}", "depth"), ("x" * 2_000_000, "line_too_long"),
    ],
)  # fmt: skip
def test_a_bad_line_costs_itself_only(line: str, code: str) -> None:
    assert read(f'{{"b": 1}}\n{line}\n{{"c": 2}}\n') == ([(1, {"b": 1}), (3, {"c": 2})], [(2, code)])


def test_half_characters_that_make_a_whole_one_are_text() -> None:
    assert read('{"a": "\\ud83d\\ude00"}')[0] == [(1, {"a": "😀"})]


def test_a_bad_object_in_a_list_costs_itself_only() -> None:
    assert read('[{"a": 1},\n{"b": NaN},\n3,\n{"c": 2}]') == (
        [(1, {"a": 1}), (4, {"c": 2})],
        [(2, "number"), (3, "object")],
    )


@pytest.mark.parametrize("text", ['[{"a": 1}, {"b"', '[{"a": 1},\n', '{\n"a": 1\n', "[{]"])
def test_a_list_that_breaks_off_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        read(text)
    assert caught.value.code == "json.syntax"
    assert caught.value.where.startswith("line ")


def test_depth_without_end_in_a_list_is_refused() -> None:
    with pytest.raises(FormatProblem):
        read("[" + '{"a":' * 200_000)


_KEY = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3)


@given(
    objects=st.lists(st.dictionaries(_KEY, st.integers(0, 9), min_size=1, max_size=3), max_size=20),
    indent=st.sampled_from([None, 1]),
    form=st.sampled_from(["list", "each"]),
)
@settings(max_examples=150, deadline=None)
def test_lines_lists_and_objects_over_several_lines_hold_the_same(
    objects: list[dict[str, int]], indent: int | None, form: str
) -> None:
    text = (
        json.dumps(objects, indent=indent)
        if form == "list"
        else "".join(json.dumps(found, indent=indent) + "\n" for found in objects)
    )
    values, bad = read(text)
    assert ([value for _line, value in values], bad) == (objects, [])
