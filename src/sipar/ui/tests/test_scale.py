from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.ui import scale
from sipar.ui.heatmap import heat_map

STATIC = Path(__file__).resolve().parents[1] / "static" / "sipar"


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_style_sheet_and_the_charts_use_the_same_colours() -> None:
    tokens = (STATIC / "tokens.css").read_text("utf-8")
    assert tuple(re.findall(r"--sp-step-\d+: (#[0-9a-f]{6})", tokens)) == scale.COLOURS


def test_the_scale_grows_lighter_with_every_step() -> None:
    shades = [luminance(colour) for colour in scale.COLOURS]
    assert shades == sorted(shades)


@pytest.mark.parametrize("step", range(scale.STEPS + 1))
def test_text_on_every_step_has_enough_contrast(step: int) -> None:
    shades = sorted((luminance(scale.COLOURS[step]), luminance(scale.ink(step))))
    assert (shades[1] + 0.05) / (shades[0] + 0.05) >= 4.5


def test_an_unknown_value_has_no_step() -> None:
    assert scale.scale_step(None) is None
    assert scale.scale_step(math.nan) is None


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_higher_value_never_stands_on_a_lower_step(one: float, other: float) -> None:
    low, high = sorted((one, other))
    below, above = scale.scale_step(low, 0, 4), scale.scale_step(high, 0, 4)
    assert below is not None
    assert above is not None
    assert 0 <= below <= above <= scale.STEPS


def test_a_scale_without_extent_is_refused() -> None:
    with pytest.raises(ValueError, match="low < high"):
        scale.scale_step(1, 2, 2)


def test_a_heat_map_writes_the_number_and_marks_what_is_not_known() -> None:
    made = heat_map(
        [[0.0, None]],
        sentence="s",
        corner="Sector",
        rows=("Health",),
        columns=("Identity", "Devices"),
        lowest=0,
        highest=4,
        words=("low", "high", "not known"),
    )
    assert [(cell.text, cell.step_class) for cell in made.rows[0].cells] == [
        ("0.0", "sp-step-0"),
        ("–", "sp-step-unknown"),
    ]


def test_a_ragged_heat_map_is_refused() -> None:
    with pytest.raises(ValueError, match="rows x columns"):
        heat_map(
            [[1.0]],
            sentence="s",
            corner="c",
            rows=("a",),
            columns=("b", "c"),
            lowest=0,
            highest=4,
            words=("low", "high", "not known"),
        )
